//! The rows of a rule file: each statement, each comment on lines of its own and each closing
//! brace, with the comments that belong to their tokens.

use std::borrow::Cow;

use crate::parse::json;
use crate::parse::lexical::{self, Token};
use crate::parse::shape::{Role, Shape, Statement, shape};

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A comment on lines of its own.
    Comment,
    /// A closing brace.
    Closing,
    /// A statement.
    Statement(Statement),
}

impl Kind {
    /// Lists, tables and constants, which may stand together without blank lines.
    pub(super) fn is_plain(self) -> bool {
        matches!(
            self,
            Kind::Statement(Statement::List | Statement::Table | Statement::Let)
        )
    }

    /// Whether rows of this kind line up with those beside them.
    pub(super) fn is_aligned(self) -> bool {
        matches!(
            self,
            Kind::Statement(
                Statement::List
                    | Statement::Table
                    | Statement::Field
                    | Statement::Entry
                    | Statement::Clause
                    | Statement::Event
            )
        )
    }
}

/// A comment that belongs to the token before it.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) text: String,
    /// It stands on a line of its own.
    pub(super) own_line: bool,
}

impl Comment {
    /// Nothing may follow it on its line.
    pub(super) fn ends_line(&self) -> bool {
        self.own_line || self.text.starts_with("//") || self.text.contains('\n')
    }
}

/// A token with the comments after it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) role: Option<Role>,
    /// How many spaces stand between it and the token before it on the line.
    pub(super) space: usize,
    pub(super) comments: Vec<Comment>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// How many blocks hold it.
    pub(super) depth: usize,
    /// A blank line stood before it.
    pub(super) blank_before: bool,
    pub(super) pieces: Vec<Piece>,
    /// How many pieces each aligned cell has; empty where nothing is aligned.
    pub(super) cells: Vec<usize>,
}

impl Row {
    /// It ends with the brace that opens a block.
    pub(super) fn opens(&self) -> bool {
        self.kind != Kind::Comment && self.pieces.last().is_some_and(|piece| piece.text == "{")
    }

    /// It is the brace that closes a block.
    pub(super) fn closes(&self) -> bool {
        self.kind == Kind::Closing
    }

    /// The width of each aligned cell.
    pub(super) fn cell_widths(&self) -> Vec<usize> {
        let mut pieces = self.pieces.iter();
        self.cells
            .iter()
            .map(|count| flat_width(pieces.by_ref().take(*count)))
            .collect()
    }

    /// Which pieces are aligned: those before `=`, those before `:`, a clause's word, an event's schema
    /// and time. Comments among them keep a row out of line.
    fn find_cells(&mut self) {
        let Kind::Statement(statement) = self.kind else {
            return;
        };
        let position = |mark: &str| self.pieces.iter().position(|piece| piece.text == mark);
        let ends = match statement {
            Statement::Entry | Statement::Table => vec![position("=")],
            Statement::Field | Statement::List => vec![position(":"), position("=")],
            Statement::Clause => vec![Some(1)],
            // The schema, and `at` with the time.
            Statement::Event => vec![Some(1), Some(3)],
            _ => return,
        };
        let Some(ends) = ends.into_iter().collect::<Option<Vec<usize>>>() else {
            return;
        };
        let last = ends.last().copied().unwrap_or(0);
        if self
            .pieces
            .iter()
            .take(last)
            .any(|piece| !piece.comments.is_empty())
        {
            return;
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        self.cells = ends
            .iter()
            .zip(starts)
            .map(|(end, start)| end - start)
            .collect();
    }
}

/// The columns that pieces take on one line, the space before the first not counted.
pub(super) fn flat_width<'p>(pieces: impl IntoIterator<Item = &'p Piece>) -> usize {
    let mut width = 0;
    for (index, piece) in pieces.into_iter().enumerate() {
        width += if index > 0 { piece.space } else { 0 } + piece.text.chars().count();
        width += piece
            .comments
            .iter()
            .map(|comment| 1 + comment.text.chars().count())
            .sum::<usize>();
    }
    width
}

/// The rows of a text without errors.
pub(super) fn rows(text: &str) -> Vec<Row> {
    let shape = shape(text);
    let begins_regex = |at: usize| shape.roles.get(&at) == Some(&Role::Regex);
    let tokens = lexical::tokens_with(text, Some(&begins_regex));
    let mut builder = Builder {
        text,
        shape: &shape,
        rows: Vec::new(),
        depth: 0,
        ended: true,
        before: None,
        json_until: 0,
    };
    for (index, token) in tokens.iter().enumerate() {
        if token.is_comment() {
            let next = tokens
                .iter()
                .skip(index + 1)
                .find(|token| !token.is_comment());
            builder.comment(*token, next);
        } else {
            builder.code(*token);
        }
    }
    let mut rows = builder.rows;
    for row in &mut rows {
        settle_commas(&mut row.pieces);
        row.find_cells();
    }
    rows
}

struct Builder<'t> {
    text: &'t str,
    shape: &'t Shape,
    rows: Vec<Row>,
    depth: usize,
    /// The last row takes no more tokens.
    ended: bool,
    before: Option<Token>,
    /// Where the JSON value ends that was written as one piece.
    json_until: usize,
}

impl Builder<'_> {
    /// The text between the token before and this one.
    fn gap(&self, token: Token) -> &str {
        self.text
            .get(self.before.map_or(0, |before| before.end)..token.start)
            .unwrap_or_default()
    }

    fn start_row(&mut self, kind: Kind, token: Token) {
        let blank_before = self.gap(token).matches('\n').count() > 1;
        self.rows.push(Row {
            kind,
            depth: self.depth,
            blank_before,
            pieces: Vec::new(),
            cells: Vec::new(),
        });
        self.ended = false;
    }

    fn code(&mut self, token: Token) {
        if token.start < self.json_until {
            return;
        }
        let mut token = token;
        let mut written = Cow::Borrowed(token.text(self.text));
        let json = self.shape.json.get(&token.start).copied();
        if let Some(end) = json {
            token.end = end;
            written = Cow::Owned(json::spaced(token.text(self.text)));
            self.json_until = end;
        }
        let statement = self.shape.statements.get(&token.start).copied();
        let role = self.shape.roles.get(&token.start).copied();
        let block = json.is_none() && !matches!(role, Some(Role::OpenGiven | Role::CloseGiven));
        if written == "}" && block {
            self.depth = self.depth.saturating_sub(1);
            let empty = self.rows.last().is_some_and(|row| {
                row.opens() && row.pieces.iter().all(|piece| piece.comments.is_empty())
            });
            if !empty {
                self.start_row(Kind::Closing, token);
            }
        } else if self.ended || statement.is_some() {
            self.start_row(
                Kind::Statement(statement.unwrap_or(Statement::Other)),
                token,
            );
        }
        let opens = written == "{" && block;
        self.ended = block && matches!(&*written, "{" | "}");
        if let Some(row) = self.rows.last_mut() {
            let space = row
                .pieces
                .last()
                .map_or(0, |before| spaces(before, &written, role));
            row.pieces.push(Piece {
                text: written.into_owned(),
                role,
                space,
                comments: Vec::new(),
            });
        }
        self.depth += usize::from(opens);
        self.before = Some(token);
    }

    fn comment(&mut self, token: Token, next: Option<&Token>) {
        let written = token.text(self.text).replace('\r', "");
        let text = written.trim_end().to_owned();
        let own_line = self.before.is_none() || self.gap(token).contains('\n');
        let between = self.ended
            || next.is_none_or(|next| {
                self.shape.statements.contains_key(&next.start)
                    || next.text(self.text) == "}"
                        && self.shape.roles.get(&next.start) != Some(&Role::CloseGiven)
            });
        if own_line && between {
            self.start_row(Kind::Comment, token);
            if let Some(row) = self.rows.last_mut() {
                row.pieces.push(Piece {
                    text,
                    role: None,
                    space: 0,
                    comments: Vec::new(),
                });
            }
            self.ended = true;
        } else if let Some(piece) = self.rows.last_mut().and_then(|row| row.pieces.last_mut()) {
            piece.comments.push(Comment { text, own_line });
        }
        self.before = Some(token);
    }
}

/// How many spaces stand between two tokens of a line: two before each thing but the first that braces
/// hold.
fn spaces(before: &Piece, written: &str, role: Option<Role>) -> usize {
    match role {
        Some(Role::Given) if before.text != "{" => 2,
        _ => usize::from(spaced(before, written, role)),
    }
}

/// Whether a space stands between two tokens of a line.
fn spaced(before: &Piece, written: &str, role: Option<Role>) -> bool {
    if matches!(before.text.as_str(), "(" | "[" | ".") || before.role == Some(Role::Minus) {
        return false;
    }
    match written {
        ")" | "]" | "," | ".." => false,
        "." => role == Some(Role::Path),
        "[" => role != Some(Role::Index),
        "(" => before.role != Some(Role::CallName),
        "}" => before.text != "{",
        _ => true,
    }
}

/// Brings commas to where they stand in every form: right after an entry, its comments behind
/// them, and none after the last (`layout` puts one where a list has a line for each entry).
fn settle_commas(pieces: &mut Vec<Piece>) {
    let mut kept: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut rest = std::mem::take(pieces).into_iter().peekable();
    while let Some(mut piece) = rest.next() {
        if piece.text == ","
            && let Some(before) = kept.last_mut()
        {
            before.comments.append(&mut piece.comments);
            part_line_comments(&mut before.comments);
            if rest
                .peek()
                .is_some_and(|next| matches!(next.text.as_str(), ")" | "]"))
            {
                continue;
            }
            piece.comments = std::mem::take(&mut before.comments);
        }
        kept.push(piece);
    }
    *pieces = kept;
}

/// What follows a `//` comment stands on a line of its own.
fn part_line_comments(comments: &mut [Comment]) {
    let mut line_is_over = false;
    for comment in comments {
        comment.own_line |= line_is_over;
        line_is_over = comment.text.starts_with("//");
    }
}

//! Rows as lines: on one line where it fits, else broken before the operators that bind loosest,
//! then at commas, then inside the widest brackets.
//!
//! INVARIANT: recursion goes one level for each bracket and kind of operator, which `parse` limits.

use super::rows::{Comment, Kind, Piece, Row, flat_width};
use super::{INDENT, LINE_LIMIT};
use crate::parse::shape::Role;

/// How much deeper the lines of a broken statement stand than its first.
const CONTINUED: usize = 2 * INDENT;

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Writer {
    out: String,
    column: usize,
    /// A comment ended the line: whatever comes next begins another.
    line_is_over: bool,
}

impl Writer {
    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Writes one row, with a blank line before it or not, its cells as wide as `widths`.
    pub(super) fn row(&mut self, row: &Row, blank: bool, widths: &[usize]) {
        if blank {
            self.out.push('\n');
        }
        let indent = row.depth * INDENT;
        self.pad(indent);
        let mut rest = row.pieces.as_slice();
        for (index, (count, width)) in row.cells.iter().zip(widths).enumerate() {
            let Some((cell, others)) = rest.split_at_checked(*count) else {
                break;
            };
            if index > 0 {
                self.pad(1);
            }
            self.flat(cell, indent, indent);
            self.pad(width.saturating_sub(flat_width(cell)));
            rest = others;
        }
        if !row.cells.is_empty() {
            self.pad(1);
        }
        match row.kind {
            Kind::Comment => self.flat(rest, indent, indent),
            _ => self.lay(rest, indent, indent + CONTINUED),
        }
        self.out.push('\n');
        self.column = 0;
        self.line_is_over = false;
    }

    /// Lays pieces out from the current column on, the first without its space. Lines that they
    /// are broken over stand deeper than `indent`; comments after the last piece that have lines
    /// of their own stand at `after`.
    fn lay(&mut self, pieces: &[Piece], indent: usize, after: usize) {
        if is_flat(pieces) && self.column + code_width(pieces) <= LINE_LIMIT {
            self.flat(pieces, indent + CONTINUED, after);
        } else if let Some(breaks) = loosest(pieces).filter(|_| given_braces(pieces).is_none()) {
            let mut start = 0;
            for end in breaks.into_iter().chain([pieces.len()]) {
                if start > 0 {
                    self.new_line(indent + CONTINUED);
                }
                // What an operator joins breaks deeper than the operator stands.
                let deeper = indent + if start > 0 { CONTINUED } else { INDENT };
                let after = if end == pieces.len() {
                    after
                } else {
                    indent + CONTINUED
                };
                self.lay(pieces.get(start..end).unwrap_or_default(), deeper, after);
                start = end;
            }
        } else if let Some((open, close)) = given_braces(pieces).or_else(|| widest_brackets(pieces))
        {
            let (before, rest) = pieces.split_at_checked(open + 1).unwrap_or((pieces, &[]));
            let (content, rest) = rest
                .split_at_checked(close - open - 1)
                .unwrap_or((rest, &[]));
            let (closing, rest) = rest.split_at_checked(1).unwrap_or((rest, &[]));
            self.flat(before, indent + CONTINUED, indent + INDENT);
            self.inside(before.last(), content, indent + INDENT);
            self.new_line(indent);
            self.flat(
                closing,
                indent + CONTINUED,
                if rest.is_empty() {
                    after
                } else {
                    indent + CONTINUED
                },
            );
            if let Some(next) = rest.first() {
                if self.line_is_over {
                    self.new_line(indent + CONTINUED);
                } else {
                    self.pad(next.space);
                }
                self.lay(rest, indent, after);
            }
        } else {
            self.flat(pieces, indent + CONTINUED, after);
        }
    }

    /// The content of brackets on lines of its own, one for each entry.
    fn inside(&mut self, opening: Option<&Piece>, content: &[Piece], indent: usize) {
        if opening.is_some_and(|piece| piece.role == Some(Role::OpenGiven)) {
            return self.given(content, indent);
        }
        let is_list = opening.is_some_and(|piece| piece.role == Some(Role::List));
        let mut start = 0;
        for end in at_depth_zero(content, |piece| piece.text == ",")
            .map(|at| at + 1)
            .chain([content.len()])
        {
            let mut entry = content.get(start..end).unwrap_or_default().to_vec();
            if end == content.len() && is_list {
                let comments = entry
                    .last_mut()
                    .map(|piece| std::mem::take(&mut piece.comments))
                    .unwrap_or_default();
                entry.push(Piece {
                    text: ",".to_owned(),
                    role: None,
                    space: 0,
                    comments,
                });
            }
            self.new_line(indent);
            self.lay(&entry, indent, indent);
            start = end;
        }
    }

    /// What braces of a test hold, each on a line of its own, aligned at the `=`.
    fn given(&mut self, content: &[Piece], indent: usize) {
        let starts: Vec<usize> = (0..content.len())
            .filter(|at| {
                let piece = content.get(*at);
                piece.is_some_and(|piece| piece.role == Some(Role::Given))
            })
            .collect();
        let ends = starts.iter().skip(1).copied().chain([content.len()]);
        let entries: Vec<(&[Piece], &[Piece])> = starts
            .iter()
            .zip(ends)
            .filter_map(|(start, end)| {
                let entry = content.get(*start..end)?;
                let equals = entry.iter().position(|piece| piece.text == "=")?;
                entry.split_at_checked(equals)
            })
            .collect();
        let widest = entries.iter().map(|(name, _)| flat_width(*name)).max();
        for (name, value) in &entries {
            self.new_line(indent);
            self.flat(name, indent, indent);
            self.pad(1 + widest.unwrap_or(0).saturating_sub(flat_width(*name)));
            self.lay(value, indent, indent);
        }
    }

    /// Writes pieces in a row, with new lines only where comments end them: those stand at
    /// `continued`, and comments after the last piece at `after`.
    fn flat(&mut self, pieces: &[Piece], continued: usize, after: usize) {
        for (index, piece) in pieces.iter().enumerate() {
            if self.line_is_over {
                self.new_line(continued);
            } else if index > 0 {
                self.pad(piece.space);
            }
            self.write(&piece.text);
            let is_last = index + 1 == pieces.len();
            for comment in &piece.comments {
                self.comment(comment, if is_last { after } else { continued });
            }
        }
    }

    fn comment(&mut self, comment: &Comment, indent: usize) {
        if comment.own_line {
            self.new_line(indent);
        } else {
            self.pad(if comment.text.starts_with("//") { 2 } else { 1 });
        }
        self.write(&comment.text);
        self.line_is_over |= comment.ends_line();
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rsplit_once('\n') {
            Some((_, last)) => self.column = last.chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    fn pad(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
        self.column += columns;
    }

    fn new_line(&mut self, indent: usize) {
        self.out.push('\n');
        self.column = 0;
        self.line_is_over = false;
        self.pad(indent);
    }
}

/// Whether pieces can stand on one line: no comment among them ends it.
fn is_flat(pieces: &[Piece]) -> bool {
    let others = pieces.split_last().map_or(pieces, |(_, others)| others);
    !others
        .iter()
        .any(|piece| piece.comments.iter().any(Comment::ends_line))
}

/// The columns of pieces on one line without the comments after them, which may pass the limit.
fn code_width(pieces: &[Piece]) -> usize {
    let comments = pieces
        .last()
        .map_or(0, |last| flat_width([last]) - last.text.chars().count());
    flat_width(pieces) - comments
}

/// The indexes of the pieces outside of all brackets that `is` holds for.
fn at_depth_zero<'p>(
    pieces: &'p [Piece],
    is: impl Fn(&Piece) -> bool + 'p,
) -> impl Iterator<Item = usize> + 'p {
    let mut depth = 0i32;
    pieces.iter().enumerate().filter_map(move |(index, piece)| {
        let outside = depth == 0;
        match piece.text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => match piece.role {
                Some(Role::OpenGiven) => depth += 1,
                Some(Role::CloseGiven) => depth -= 1,
                _ => {}
            },
        }
        (outside && is(piece)).then_some(index)
    })
}

/// Where pieces break first: after commas, before `or`, before `and`, before `??`.
fn loosest(pieces: &[Piece]) -> Option<Vec<usize>> {
    let last = pieces.len().saturating_sub(1);
    let commas: Vec<usize> = at_depth_zero(pieces, |piece| piece.text == ",")
        .map(|at| at + 1)
        .filter(|at| *at <= last)
        .collect();
    if !commas.is_empty() {
        return Some(commas);
    }
    [Role::Or, Role::And, Role::Coalesce]
        .into_iter()
        .find_map(|role| {
            let breaks: Vec<usize> = at_depth_zero(pieces, |piece| piece.role == Some(role))
                .filter(|at| *at > 0)
                .collect();
            (!breaks.is_empty()).then_some(breaks)
        })
}

/// The braces of a test that hold something.
fn given_braces(pieces: &[Piece]) -> Option<(usize, usize)> {
    let place = |role: Role| pieces.iter().position(|piece| piece.role == Some(role));
    let (open, close) = (place(Role::OpenGiven)?, place(Role::CloseGiven)?);
    (close > open + 1).then_some((open, close))
}

/// The brackets outside of all others that hold the most; those of an index stay closed.
fn widest_brackets(pieces: &[Piece]) -> Option<(usize, usize)> {
    let mut depth = 0i32;
    let mut open = 0;
    let mut widest: Option<(usize, (usize, usize))> = None;
    for (index, piece) in pieces.iter().enumerate() {
        match piece.text.as_str() {
            "(" | "[" => {
                if depth == 0 {
                    open = index;
                }
                depth += 1;
            }
            ")" | "]" => {
                depth -= 1;
                let content = pieces.get(open + 1..index).unwrap_or_default();
                let is_index = pieces
                    .get(open)
                    .is_none_or(|opening| opening.role == Some(Role::Index));
                let width = flat_width(content);
                if depth == 0
                    && !is_index
                    && !content.is_empty()
                    && widest.is_none_or(|(most, _)| width > most)
                {
                    widest = Some((width, (open, index)));
                }
            }
            _ => {}
        }
    }
    widest.map(|(_, pair)| pair)
}

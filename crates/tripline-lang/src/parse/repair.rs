//! What to do about a syntax error: every plausible change near it is tried, and the one after
//! which the piece reads (or reads on) is named in the error's help and made, so that the rest of
//! the piece is still read. Where no change helps, the entry in error is left out.
//!
//! INVARIANT: a fix that a help line names was tried and helps.

use super::draft::{Budget, Draft, Edit, Trial};
use super::errors::{self, Unclosed};
use super::expected::Expected;
use super::lexical::{Brackets, Kind, Token};
use super::piece::Failure;
use super::{delimiters, foreign, remedies};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// A change that may mend an error, and the error as it would be told.
pub(super) struct Remedy {
    /// Lower is tried first.
    pub(super) cost: usize,
    pub(super) edit: Edit,
    pub(super) problem: Diagnostic,
}

impl Remedy {
    /// How sure a remedy is that does not mend everything: 0 is sure, 1 likely, 2 a guess.
    fn likelihood(&self) -> usize {
        match self.cost {
            0..=2 => 0,
            3..=12 => 1,
            _ => 2,
        }
    }
}

/// The place of an error and what is around it.
pub(super) struct Scene<'s> {
    pub(super) draft: &'s Draft,
    pub(super) failure: &'s Failure,
    /// The tokens that are no comments.
    pub(super) code: Vec<Token>,
    /// The token that the grammar stopped at, as an index of `code`; past the end at the end.
    pub(super) stop: usize,
}

impl<'s> Scene<'s> {
    fn new(draft: &'s Draft, tokens: &[Token], failure: &'s Failure) -> Scene<'s> {
        let code: Vec<Token> = tokens
            .iter()
            .filter(|token| !token.is_comment() || token.kind == Kind::OpenComment)
            .copied()
            .collect();
        let stop = code.partition_point(|token| token.end <= failure.at);
        Scene {
            draft,
            failure,
            code,
            stop,
        }
    }

    pub(super) fn text(&self) -> &'s str {
        self.draft.text()
    }

    /// The token `back` before the one where the grammar stopped.
    pub(super) fn token(&self, back: usize) -> Option<Token> {
        self.code.get(self.stop.checked_sub(back)?).copied()
    }

    pub(super) fn word(&self, back: usize) -> Option<&'s str> {
        self.token(back).map(|token| token.text(self.text()))
    }

    pub(super) fn span(&self, token: Token) -> Span {
        self.draft.place().span(token.start, token.end)
    }

    /// Where the grammar stopped, as a place to point at.
    pub(super) fn here(&self) -> Span {
        match self.token(0) {
            Some(token) => self.span(token),
            None => {
                let end = self.end();
                self.draft.place().span(end.saturating_sub(1), end)
            }
        }
    }

    /// Where the last token ends.
    pub(super) fn end(&self) -> usize {
        self.code.last().map_or(0, |token| token.end)
    }

    /// The error told plainly, with one line of help.
    pub(super) fn with_help(&self, help: String) -> Diagnostic {
        errors::with_help(self.failure, self.word(0), self.here(), help)
    }
}

/// The error, and the change to make before reading on; `None` when the piece is to be given up.
pub(super) fn mend(
    draft: &Draft,
    tokens: &[Token],
    brackets: &Brackets,
    failure: &Failure,
    budget: &mut Budget,
) -> (Diagnostic, Option<Edit>) {
    let scene = Scene::new(draft, tokens, failure);
    let opening = brackets
        .unclosed
        .last()
        .and_then(|index| tokens.get(*index))
        .copied();
    let mut remedies = delimiters::remedies(&scene);
    foreign::foreign_spellings(&scene, &mut remedies);
    remedies::sequence_clauses(&scene, &mut remedies);
    remedies::table_key(&scene, &mut remedies);
    remedies::misspellings(&scene, &mut remedies);
    remedies::missing_marks(&scene, opening, brackets, tokens, &mut remedies);
    remedies.sort_by_key(|remedy| remedy.cost);
    if let Some(remedy) = best(&scene, remedies, budget) {
        return (remedy.problem, Some(remedy.edit));
    }
    let problem = delimiters::plain(&scene).unwrap_or_else(|| match (scene.token(0), opening) {
        (None, Some(opening)) => errors::unclosed_bracket(
            opening.text(draft.text()),
            scene.span(opening),
            scene.here(),
            None,
        ),
        (Some(token), _) if unopened(tokens, brackets, token) => {
            errors::unopened_bracket(token.text(draft.text()), scene.span(token))
        }
        (Some(token), _)
            if Expected(&failure.expected).name()
                && super::lexical::RESERVED.contains(&token.text(draft.text())) =>
        {
            errors::reserved(token.text(draft.text()), scene.span(token))
        }
        _ => errors::unexpected(failure, scene.word(0), scene.here()),
    });
    let cut = cut(&scene).filter(|edit| match draft.try_out(edit, budget) {
        Some(Trial::Reads | Trial::Doubtful) => true,
        Some(Trial::StopsAt(at)) => at > edit.end,
        None => false,
    });
    (problem, cut)
}

fn unopened(tokens: &[Token], brackets: &Brackets, token: Token) -> bool {
    brackets
        .unopened
        .iter()
        .any(|index| tokens.get(*index) == Some(&token))
}

/// The first remedy after which the piece reads; else, among the most likely that get the reader
/// past where it stopped, the one after which it reads furthest.
fn best(scene: &Scene<'_>, remedies: Vec<Remedy>, budget: &mut Budget) -> Option<Remedy> {
    let stop = scene.token(0);
    let mut furthest: Option<(usize, usize, Remedy)> = None;
    let mut doubtful = None;
    for remedy in remedies {
        let likely = remedy.likelihood();
        match scene.draft.try_out(&remedy.edit, budget)? {
            Trial::Reads => return Some(remedy),
            Trial::Doubtful => doubtful = doubtful.or(Some(remedy)),
            Trial::StopsAt(at) => {
                // What is certain need only get past the token; all else a token further.
                let bar = stop.map_or(usize::MAX, |token| {
                    if likely == 0 {
                        token.start
                    } else {
                        token.end.max(remedy.edit.end)
                    }
                });
                let better = furthest
                    .as_ref()
                    .is_none_or(|(best, likelihood, _)| likely == *likelihood && at > *best);
                if at > bar && better {
                    furthest = Some((at, likely, remedy));
                }
            }
        }
    }
    doubtful.or(furthest.map(|(.., remedy)| remedy))
}

/// The innermost bracket that is open at an offset.
pub(super) fn open_at(scene: &Scene<'_>, at: usize) -> Option<Token> {
    let mut open: Vec<Token> = Vec::new();
    for token in scene
        .code
        .iter()
        .take_while(|token| token.start < at)
        .filter(|token| token.kind == Kind::Mark)
    {
        match token.text(scene.text()) {
            "{" | "(" | "[" => open.push(*token),
            "}" | ")" | "]" => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

/// The change that leaves out the line in error and those that go on with it, if brackets stay
/// in balance without them.
fn cut(scene: &Scene<'_>) -> Option<Edit> {
    let text = scene.text();
    let stop = scene.token(0)?;
    let start = text.get(..stop.start)?.rfind('\n').map_or(0, |at| at + 1);
    let mut end = line_end(text, stop.end);
    while let Some(next) = scene.code.iter().find(|token| token.start >= end) {
        if !matches!(
            next.text(text),
            "and" | "or" | "??" | "+" | "-" | "*" | "/" | "in" | "not" | "."
        ) {
            break;
        }
        end = line_end(text, next.end);
    }
    let inside = scene
        .code
        .iter()
        .filter(|token| token.start >= start && token.start < end && token.kind == Kind::Mark);
    let mut depth = 0i32;
    for token in inside {
        match token.text(text) {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    (depth == 0).then(|| Edit::replace(start, end, ""))
}

/// The offset after the line that holds `at`.
fn line_end(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |end| at + end + 1)
}

/// What a delimiter token never closed is, if it is one.
pub(super) fn unclosed(kind: Kind) -> Option<Unclosed> {
    match kind {
        Kind::OpenText => Some(Unclosed::Text),
        Kind::OpenRegex => Some(Unclosed::Regex),
        Kind::OpenComment => Some(Unclosed::Comment),
        _ => None,
    }
}

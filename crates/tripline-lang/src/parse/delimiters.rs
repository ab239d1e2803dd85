//! Quotes, slashes and comment marks that are missing: a text, regex or comment that never ends,
//! or that begins at what should have been its end.

use super::draft::Edit;
use super::errors::{self, Unclosed};
use super::lexical::{Kind, Token};
use super::repair::{Remedy, Scene, open_at, unclosed};
use crate::diagnostic::Diagnostic;

/// How many places of a line are tried for a missing delimiter.
const MAX_PLACES: usize = 48;

/// The bracket that closes another.
pub(super) fn closing(opening: &str) -> &'static str {
    match opening {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// The unclosed text, regex or comment that the error is about: the one where the grammar stopped,
/// or a later one on the same line (its true beginning may have lost its quote).
fn culprit(scene: &Scene<'_>) -> Option<(Token, Unclosed)> {
    let stop = scene.token(0)?;
    let line_end = scene
        .text()
        .get(stop.start..)?
        .find('\n')
        .map_or(scene.text().len(), |at| stop.start + at);
    let on_line = scene
        .code
        .iter()
        .skip(scene.stop)
        .take_while(|token| token.start <= line_end);
    let (token, what) = on_line
        .filter_map(|token| Some((*token, unclosed(token.kind)?)))
        .next()?;
    if what == Unclosed::Regex {
        // The line's last quote is the odd one out: what looks like a regex is part of a text.
        let line_start = scene
            .text()
            .get(..token.start)?
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let line = scene.text().get(line_start..line_end)?;
        if let Some(last) = line
            .rfind('"')
            .filter(|_| line.matches('"').count() % 2 == 1)
        {
            let quote = Token {
                kind: Kind::OpenText,
                start: line_start + last,
                end: line_end,
            };
            return Some((quote, Unclosed::Text));
        }
    }
    Some((token, what))
}

/// Changes that would close it, or open it where it really begins.
pub(super) fn remedies(scene: &Scene<'_>) -> Vec<Remedy> {
    let mut remedies = unquoted(scene);
    let Some((token, what)) = culprit(scene) else {
        return remedies;
    };
    let text = scene.text();
    let line_start = text
        .get(..token.start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let line_end = text
        .get(token.start..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |at| token.start + at);
    let line = text.get(line_start..line_end).unwrap_or_default();
    let trimmed = line_start + line.trim_end().len();
    let mut places = vec![trimmed];
    places.extend(
        boundaries(line)
            .rev()
            .map(|at| line_start + at)
            .take(MAX_PLACES),
    );
    for (rank, at) in places.into_iter().enumerate() {
        let (before, after) = (
            text.get(line_start..at).unwrap_or_default(),
            text.get(at..line_end).unwrap_or_default(),
        );
        let place = match (
            after.split_whitespace().next(),
            before.split_whitespace().next_back(),
        ) {
            (Some(next), _) if at != trimmed => format!("before {}", errors::found(Some(next))),
            _ => "at the end of the line".to_owned(),
        };
        let help = format!("add `{}` {place}", what.end());
        let problem = tell(scene, token, what, Some(help));
        remedies.push(Remedy {
            cost: 3 + rank,
            edit: Edit::replace(at, at, what.end()),
            problem,
        });
    }
    if what == Unclosed::Text {
        for (at, _) in line.match_indices('"').take(MAX_PLACES) {
            let problem = tell(scene, token, what, Some("remove one `\"`".to_owned()));
            remedies.push(Remedy {
                cost: 60,
                edit: Edit::replace(line_start + at, line_start + at + 1, ""),
                problem,
            });
        }
    }
    remedies
}

/// The error without a fix.
pub(super) fn plain(scene: &Scene<'_>) -> Option<Diagnostic> {
    let (token, what) = culprit(scene)?;
    Some(tell(scene, token, what, None))
}

fn tell(scene: &Scene<'_>, token: Token, what: Unclosed, help: Option<String>) -> Diagnostic {
    let place = scene.draft.place();
    let opening_end = token.start + if what == Unclosed::Comment { 2 } else { 1 };
    errors::unclosed(
        what,
        place.span(token.start, opening_end),
        place.span(token.end, token.end),
        help,
    )
}

/// Offsets of a line where a word begins or ends.
fn boundaries(line: &str) -> impl DoubleEndedIterator<Item = usize> {
    let inside = |char: char| {
        !char.is_whitespace() && !matches!(char, ',' | '[' | ']' | '(' | ')' | '{' | '}')
    };
    let chars: Vec<(usize, char)> = line.char_indices().collect();
    let edges: Vec<usize> = chars
        .iter()
        .zip(chars.iter().skip(1))
        .filter(|((_, left), (_, right))| inside(*left) != inside(*right))
        .map(|(_, (at, _))| *at)
        .collect();
    edges.into_iter()
}

/// Values that must stand in quotes: `version = 1.0.0`, `title = Sign-in from afar`.
fn unquoted(scene: &Scene<'_>) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let text = scene.text();
    let Some((value, stop)) = texts_value(scene).zip(scene.token(0)) else {
        return remedies;
    };
    let line_end = text
        .get(stop.start..)
        .and_then(|rest| rest.find('\n'))
        .map_or(text.len(), |at| stop.start + at);
    let line = text.get(value..line_end).unwrap_or_default();
    let run = line
        .find(|char: char| char.is_whitespace() || ",]})".contains(char))
        .unwrap_or(line.len());
    let closed = line
        .trim_end_matches(|char: char| char.is_whitespace() || char == '}')
        .len();
    for (rank, length) in [run, closed, line.trim_end().len()].into_iter().enumerate() {
        let Some(inner) = line
            .get(..length)
            .filter(|inner| !inner.is_empty() && !inner.contains(['"', '\\']))
        else {
            continue;
        };
        let quoted = format!("\"{inner}\"");
        let problem = scene.with_help(format!("a text stands in quotes: `{quoted}`"));
        remedies.push(Remedy {
            cost: 6 + rank,
            edit: Edit::replace(value, value + length, quoted),
            problem,
        });
    }
    remedies
}

/// Where the value before the stop begins, if it is one of `meta` or the text of a clause.
fn texts_value(scene: &Scene<'_>) -> Option<usize> {
    let text = scene.text();
    let before = scene.code.get(..scene.stop)?;
    let opening = open_at(scene, scene.token(0)?.start)?;
    let owner = before
        .iter()
        .rev()
        .find(|token| token.end <= opening.start)?;
    let in_meta = owner.text(text) == "meta";
    let starts = |token: &&Token| match token.text(text) {
        "=" => in_meta,
        "reason" | "owner" => !in_meta && token.start > opening.start,
        _ => false,
    };
    let lead = before.iter().rev().take(24).find(starts)?;
    let gap = text.get(lead.end..)?;
    let blank = gap.len() - gap.trim_start_matches([' ', '\t']).len();
    Some(lead.end + blank)
}

//! What to do about a syntax error: every plausible change near it is tried, and the one after
//! which the piece reads (or reads on) is named in the error's help and made, so that the rest of
//! the piece is still read. Where no change helps, the entry in error is left out.
//!
//! INVARIANT: a fix that a help line names was tried and helps.

use super::draft::{Budget, Draft, Edit, Trial};
use super::errors::{self, Unclosed};
use super::expected::{self, Expected};
use super::grammar::Rule;
use super::lexical::{Brackets, Kind, Token};
use super::piece::Failure;
use super::{delimiters, spelling};
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
    if let Some((problem, edit)) = later_form(&scene) {
        return (problem, edit);
    }
    let opening = brackets
        .unclosed
        .last()
        .and_then(|index| tokens.get(*index))
        .copied();
    let mut remedies = delimiters::remedies(&scene);
    foreign_spellings(&scene, &mut remedies);
    misspellings(&scene, &mut remedies);
    missing_marks(&scene, opening, brackets, tokens, &mut remedies);
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

/// Forms of later versions, and the change that leaves them out.
fn later_form(scene: &Scene<'_>) -> Option<(Diagnostic, Option<Edit>)> {
    let expected = Expected(&scene.failure.expected);
    let word = scene.word(0).unwrap_or_default();
    if expected.declaration() && spelling::LATER_DECLARATIONS.contains(&word) {
        return Some((errors::later_form(word, scene.span(scene.token(0)?)), None));
    }
    if expected.section() && spelling::LATER_SECTIONS.contains(&word) {
        let token = scene.token(0)?;
        let end = block_end(scene);
        let edit = end.map(|end| Edit::replace(token.start, end, ""));
        return Some((errors::later_form(word, scene.span(token)), edit));
    }
    if spelling::LATER_ENTRIES.contains(&word) {
        return Some((
            errors::later_form(word, scene.span(scene.token(0)?)),
            cut(scene),
        ));
    }
    let number = scene.token(0).filter(|token| token.kind == Kind::Number)?;
    let dots = scene.text().get(number.end..)?.starts_with("..");
    dots.then(|| {
        let span = scene.draft.place().span(number.start, number.end + 2);
        (errors::later_form(&format!("{word}.."), span), cut(scene))
    })
}

/// Where the block that follows the stop ends.
fn block_end(scene: &Scene<'_>) -> Option<usize> {
    let mut depth = 0usize;
    for token in scene
        .code
        .iter()
        .skip(scene.stop)
        .filter(|token| token.kind == Kind::Mark)
    {
        match token.text(scene.text()) {
            "{" => depth += 1,
            "}" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(token.end);
                }
            }
            _ => {}
        }
    }
    None
}

/// `&&`, `!`, `AND`, `;`, `'…'`, `=` for `==`: each has its one spelling here.
fn foreign_spellings(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
    let expected = Expected(&scene.failure.expected);
    for back in 0..=2 {
        let Some(token) = scene.token(back) else {
            continue;
        };
        let written = token.text(scene.text());
        let mut offer = |end: usize, right: &str, message: &str, help: &str| {
            let at = scene.draft.place().span(token.start, end);
            let problem = errors::foreign(message.to_owned(), at, help.to_owned());
            remedies.push(Remedy {
                cost: back,
                edit: Edit::replace(token.start, end, right),
                problem,
            });
        };
        let mut operator = |end: usize, right: &str| {
            let written = scene.text().get(token.start..end).unwrap_or_default();
            offer(
                end,
                right,
                &format!("`{written}` is not an operator of the language"),
                &format!("write `{}`", right.trim()),
            );
        };
        let next = scene
            .code
            .get((scene.stop + 1).saturating_sub(back))
            .filter(|next| next.start == token.end);
        match (written, next.map_or("", |next| next.text(scene.text()))) {
            ("&&", _) => operator(token.end, "and"),
            ("||", _) => operator(token.end, "or"),
            ("=", "~") => operator(token.end + 1, "== nocase"),
            ("!", "~") => operator(token.end + 1, "!= nocase"),
            ("<", ">") => operator(token.end + 1, "!="),
            ("!", _) => operator(token.end, "not "),
            (";", _) => offer(
                token.end,
                " ",
                "`;` has no place in the language",
                "remove `;`: nothing stands between statements",
            ),
            ("=", _) if back == 0 && expected.operator() => {
                offer(
                    token.end,
                    "==",
                    "`=` does not compare",
                    "did you mean `==`?",
                );
            }
            ("==", _) if back == 0 && expected.takes(Rule::equals) => {
                offer(token.end, "=", "`==` does not declare", "did you mean `=`?");
            }
            _ if written.starts_with('\'') && written.len() > 1 => {
                let right = format!("\"{}\"", written.trim_matches('\'').replace('"', "\\\""));
                offer(
                    token.end,
                    &right,
                    "a text stands in double quotes",
                    &format!("write `{right}`"),
                );
            }
            _ if token.kind == Kind::Word => {
                let right = spelling::KEYWORDS
                    .iter()
                    .find(|right| **right != written && right.eq_ignore_ascii_case(written));
                if let Some(right) = right {
                    let message = format!(
                        "`{written}` is not known here: the words of the language are in small letters"
                    );
                    offer(
                        token.end,
                        right,
                        &message,
                        &format!("did you mean `{right}`?"),
                    );
                }
            }
            _ => {}
        }
    }
}

/// Words of the language with letters mixed up: where the grammar stopped, and up to two before.
fn misspellings(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
    for back in 0..=2 {
        let Some(token) = scene.token(back).filter(|token| token.kind == Kind::Word) else {
            continue;
        };
        let written = token.text(scene.text());
        for (distance, right) in spelling::nearest(written, spelling::KEYWORDS.iter().copied()) {
            // A word that is right elsewhere is the less likely culprit.
            let doubt = if spelling::KEYWORDS.contains(&written) {
                15
            } else {
                0
            };
            remedies.push(Remedy {
                cost: distance * 10 + back + doubt,
                edit: Edit::replace(token.start, token.end, right),
                problem: errors::misspelled(
                    scene.failure,
                    written,
                    scene.span(token),
                    right,
                    back == 0,
                ),
            });
        }
    }
}

/// Marks and words that are missing before one of the last tokens, or one too many.
fn missing_marks(
    scene: &Scene<'_>,
    opening: Option<Token>,
    brackets: &Brackets,
    tokens: &[Token],
    remedies: &mut Vec<Remedy>,
) {
    let text = scene.text();
    let expected = Expected(&scene.failure.expected);
    let unopened = |mark: &str| {
        brackets.unopened.iter().any(|index| {
            tokens
                .get(*index)
                .is_some_and(|token| token.text(text) == mark)
        })
    };
    if let (None, Some(opening)) = (scene.token(0), opening) {
        let closing = delimiters::closing(opening.text(text));
        let help = format!("add `{closing}`");
        let problem = errors::unclosed_bracket(
            opening.text(text),
            scene.span(opening),
            scene.here(),
            Some(help),
        );
        remedies.push(Remedy {
            cost: 2,
            edit: Edit::replace(scene.end(), scene.end(), closing),
            problem,
        });
    }
    for back in 0..=2 {
        let before = scene.token(back);
        let at = before.map_or(text.len(), |token| token.start);
        if before.is_none() && back > 0 {
            continue;
        }
        let place = before.map_or_else(
            || "at the end".to_owned(),
            |token| format!("before {}", errors::found(Some(token.text(text)))),
        );
        let mut offer = |cost: usize, mark: &str, problem: Diagnostic| {
            remedies.push(Remedy {
                cost: cost + back,
                edit: Edit::replace(at, at, format!("{mark} ")),
                problem,
            });
        };
        let inside = open_at(scene, at);
        if let Some(opening) = inside {
            let closing = delimiters::closing(opening.text(text));
            let help = format!("add `{closing}` {place}");
            offer(
                13,
                closing,
                errors::unclosed_bracket(
                    opening.text(text),
                    scene.span(opening),
                    scene.here(),
                    Some(help),
                ),
            );
        }
        let listed = inside.is_some_and(|opening| opening.text(text) != "{");
        let marks = [
            ("=", expected.takes(Rule::equals)),
            (",", listed || expected.takes(Rule::comma)),
            ("{", expected.takes(Rule::open)),
            ("(", unopened(")")),
            ("[", unopened("]")),
            (":", expected.takes(Rule::colon)),
        ];
        for (mark, _) in marks.into_iter().filter(|(_, plausible)| *plausible) {
            offer(15, mark, scene.with_help(format!("add `{mark}` {place}")));
        }
        let keywords = expected::keywords(&scene.failure.expected)
            .filter(|word| spelling::INSERTED.contains(word));
        for keyword in keywords {
            offer(
                14,
                keyword,
                scene.with_help(format!("add `{keyword}` {place}")),
            );
        }
        if back > 0 {
            offer(
                14,
                "and",
                scene.with_help(format!(
                    "join two conditions by `and` or `or`: one is missing {place}"
                )),
            );
        }
    }
    for back in 0..=1 {
        let Some(token) = scene.token(back) else {
            continue;
        };
        let written = token.text(text);
        let doubled = scene.word(back + 1) == Some(written);
        if token.kind == Kind::Mark || token.kind == Kind::Stray || doubled {
            let problem = match written {
                "}" | ")" | "]" if back == 0 => {
                    errors::unopened_bracket(written, scene.span(token))
                }
                _ => scene.with_help(format!("remove `{written}`")),
            };
            let closes_nothing =
                back == 0 && matches!(written, "}" | ")" | "]") && unopened(written);
            let cost = if closes_nothing {
                2
            } else if doubled {
                9
            } else {
                16
            } + back;
            remedies.push(Remedy {
                cost,
                edit: Edit::replace(token.start, token.end, " "),
                problem,
            });
        }
    }
    // `10 m` for `10m`.
    if let (Some(unit), Some(number)) = (scene.token(0), scene.token(1))
        && number.kind == Kind::Number
        && unit.kind == Kind::Word
    {
        let whole = format!("{}{}", number.text(text), unit.text(text));
        let problem = scene.with_help(format!(
            "write the number and its unit as one word: `{whole}`"
        ));
        remedies.push(Remedy {
            cost: 12,
            edit: Edit::replace(number.start, unit.end, whole),
            problem,
        });
    }
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

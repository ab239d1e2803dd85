//! The changes that may mend a syntax error: a word with letters mixed up, a mark or word that is
//! missing or one too many. `repair` tries them.
//!
//! INVARIANT: no remedy takes an operator, or what may be part of one, away: what is left would
//! read and mean something else.

use super::draft::Edit;
use super::expected::{self, Expected};
use super::grammar::Rule;
use super::lexical::{Brackets, Kind, Token};
use super::repair::{Remedy, Scene, open_at};
use super::{delimiters, errors, spelling};
use crate::diagnostic::Diagnostic;

/// What operators are made of, here and in other languages.
const OPERATOR_CHARACTERS: [char; 14] = [
    '!', '~', '.', '-', '<', '>', '=', '+', '*', '/', '&', '|', '^', '%',
];

/// Words of the language with letters mixed up: where the grammar stopped, and up to two before.
pub(super) fn misspellings(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
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

/// `table` without the column that its rows are found by.
pub(super) fn table_key(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
    if !Expected(&scene.failure.expected).takes(Rule::kw_key) {
        return;
    }
    let end = scene.token(1).map_or(scene.end(), |before| before.end);
    remedies.push(Remedy {
        cost: 0,
        edit: Edit::replace(end, end, " key upn "),
        problem: scene.with_help(
            "add `key` and the column that rows are found by, such as `key upn`".to_owned(),
        ),
    });
}

/// `sequence` without its key, its window or both, or with the two the other way round.
pub(super) fn sequence_clauses(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
    let text = scene.text();
    let expected = Expected(&scene.failure.expected);
    let (by, within) = (expected.takes(Rule::kw_by), expected.takes(Rule::kw_within));
    let Some(stop) = scene.token(0).filter(|_| by || within) else {
        return;
    };
    let mut offer = |start: usize, end: usize, right: String, help: String| {
        remedies.push(Remedy {
            cost: 0,
            edit: Edit::replace(start, end, right),
            problem: scene.with_help(help),
        });
    };
    const WINDOW: &str = "add `within` and how long it may take, such as `within 10m`";
    match stop.text(text) {
        "{" if within => offer(
            stop.start,
            stop.start,
            "within 10m ".to_owned(),
            format!("{WINDOW}, before `{{`"),
        ),
        "{" => offer(
            stop.start,
            stop.start,
            "by user within 10m ".to_owned(),
            "add the key and how long it may take, such as `by user within 10m`, before `{`"
                .to_owned(),
        ),
        "within" if by => {
            let rest = scene.code.iter().skip(scene.stop);
            let head: Vec<&Token> = rest
                .take_while(|token| token.text(text) != "{")
                .take(32)
                .collect();
            let key = head.iter().position(|token| token.text(text) == "by");
            let key = key.and_then(|at| head.get(at)).zip(head.last());
            let swapped = key.and_then(|(key, last)| {
                let window = text.get(stop.start..key.start)?.trim_end();
                Some((
                    last.end,
                    format!("{} {window}", text.get(key.start..last.end)?),
                ))
            });
            match swapped {
                Some((end, right)) => {
                    let help = format!("the key stands before the window: `{right}`");
                    offer(stop.start, end, right, help);
                }
                None => offer(
                    stop.start,
                    stop.start,
                    "by user ".to_owned(),
                    "add `by` and the key, such as `by user`, before `within`".to_owned(),
                ),
            }
        }
        _ => {}
    }
}

/// Marks and words that are missing before one of the last tokens, or one too many.
pub(super) fn missing_marks(
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
        let superfluous = match token.kind {
            Kind::Mark | Kind::Stray => !written.contains(OPERATOR_CHARACTERS),
            _ => doubled,
        };
        if superfluous {
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

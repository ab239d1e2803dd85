//! Operators of other languages that are words: `!contains`, `has_cs`, `like`, `between`,
//! `has_any`, and lists in round brackets. `foreign` offers them with its own.
//!
//! INVARIANT: what a help line says keeps the meaning that the writer had in mind.

use super::draft::Edit;
use super::errors;
use super::lexical::{Kind, RESERVED, Token};
use super::repair::{Remedy, Scene, open_at};

/// Operators of other languages that are words, and what they are here.
const OPERATORS: &[(&str, &str)] = &[
    ("contains_cs", "contains"),
    ("startswith", "starts_with"),
    ("startswith_cs", "starts_with"),
    ("endswith", "ends_with"),
    ("endswith_cs", "ends_with"),
    ("has_cs", "has"),
    ("in_cs", "in"),
];

/// The operators of the language that are words, and stand between two operands.
const WORDS: &[&str] = &[
    "in",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "has",
];

/// What a word, or a list after one, is here.
pub(super) fn remedies(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
    for back in 0..=2 {
        remedies.extend(negated(scene, back));
        remedies.extend(operator_word(scene, back));
        remedies.extend(between(scene, back));
        remedies.extend(has_each(scene, back));
    }
    remedies.extend(list_in_round_brackets(scene));
}

/// `a !contains "x"`, `a not contains "x"`: `not` stands before the whole condition.
fn negated(scene: &Scene<'_>, back: usize) -> Option<Remedy> {
    let text = scene.text();
    let at = scene.stop.checked_sub(back)?;
    let (mark, word) = (*scene.code.get(at)?, *scene.code.get(at + 1)?);
    let written = word.text(text);
    let operator = WORDS
        .iter()
        .find(|right| **right == written)
        .or_else(|| meant(written))?;
    let negates = matches!(mark.text(text), "!" | "not");
    if !negates || !ends_operand(scene, mark) {
        return None;
    }
    let folds = scene
        .code
        .get(at + 2)
        .is_some_and(|next| next.start == word.end && next.text(text) == "~");
    let end = word.end + usize::from(folds);
    let message = format!(
        "`{}` is not an operator of the language",
        text.get(mark.start..end)?
    );
    let span = scene.draft.place().span(mark.start, end);
    let (edit, help) = if *operator == "in" {
        let right = if folds { "not in nocase" } else { "not in" };
        (
            Edit::replace(mark.start, end, right),
            format!("write `{right}`"),
        )
    } else if let Some((left, right)) = operands(scene, at, at + 2) {
        let condition = format!(
            "not ({} {operator} {})",
            text.get(left.0..left.1)?,
            text.get(right.0..right.1)?
        );
        (
            Edit::replace(left.0, right.1, condition.clone()),
            format!("put `not` before the condition: `{condition}`"),
        )
    } else {
        (
            Edit::replace(mark.start, end, *operator),
            format!("put `not` before the condition: `not (… {operator} …)`"),
        )
    };
    Some(Remedy {
        cost: 0,
        edit,
        problem: errors::foreign(message, span, help),
    })
}

/// Whether a word is an operator here or elsewhere.
pub(super) fn is_operator(word: &str) -> bool {
    WORDS.contains(&word) || meant(word).is_some() || word.eq_ignore_ascii_case("between")
}

/// The operator here that a word of another language means.
fn meant(written: &str) -> Option<&'static &'static str> {
    let (_, right) = OPERATORS
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(written))?;
    Some(right)
}

/// `a startswith_cs "x"`, `a like "x"`.
fn operator_word(scene: &Scene<'_>, back: usize) -> Option<Remedy> {
    let token = scene.token(back).filter(|token| token.kind == Kind::Word)?;
    let written = token.text(scene.text());
    if !ends_operand(scene, token) {
        return None;
    }
    let (right, help) = match meant(written) {
        Some(right) => (*right, format!("write `{right}`")),
        None if written.eq_ignore_ascii_case("like") => (
            "contains",
            "write `contains`, `starts_with` or `ends_with`; a pattern is a regex: `matches /…/`"
                .to_owned(),
        ),
        None => return None,
    };
    let message = format!("`{written}` is not an operator of the language");
    Some(Remedy {
        cost: 0,
        edit: Edit::replace(token.start, token.end, right),
        problem: errors::foreign(message, scene.span(token), help),
    })
}

/// `a between (1 .. 5)`, `a between 1 and 5`: two comparisons.
fn between(scene: &Scene<'_>, back: usize) -> Option<Remedy> {
    let text = scene.text();
    let at = scene.stop.checked_sub(back)?;
    // The grammar stops at a `!` before the word.
    let at = at + usize::from(scene.code.get(at)?.text(text) == "!");
    let word = *scene.code.get(at)?;
    if !word.text(text).eq_ignore_ascii_case("between") {
        return None;
    }
    let is = |at: usize, mark: &str| {
        scene
            .code
            .get(at)
            .is_some_and(|token| token.text(text) == mark)
    };
    let grouped = is(at + 1, "(");
    let low = at + 1 + usize::from(grouped);
    if !is(low + 1, "and") && !is(low + 1, "..") {
        return None;
    }
    let high = low + 2;
    let last = high + usize::from(grouped);
    if grouped && !is(last, ")") {
        return None;
    }
    let before = at.checked_sub(1)?;
    let negated = is(before, "!") || is(before, "not");
    let at = if negated { before } else { at };
    let left = operand_before(scene, at)?;
    let value = text.get(left..scene.code.get(at.checked_sub(1)?)?.end)?;
    let bound = |at: usize| scene.code.get(at).map(|token| token.text(text));
    let mut right = format!("{value} >= {} and {value} <= {}", bound(low)?, bound(high)?);
    if negated {
        right = format!("not ({right})");
    }
    Some(Remedy {
        cost: 0,
        edit: Edit::replace(left, scene.code.get(last)?.end, right.clone()),
        problem: errors::foreign(
            "`between` is not an operator of the language".to_owned(),
            scene.span(word),
            format!("write `{right}`"),
        ),
    })
}

/// `a has_any ("x", "y")`: a question about each text of a list.
fn has_each(scene: &Scene<'_>, back: usize) -> Option<Remedy> {
    let text = scene.text();
    let at = scene.stop.checked_sub(back)?;
    let word = *scene.code.get(at)?;
    let function = match word.text(text) {
        "has_any" => "any",
        "has_all" => "all",
        _ => return None,
    };
    let opening = scene.code.get(at + 1)?;
    let closing = closing_of(scene, at + 1)?;
    let left = operand_before(scene, at)?;
    let value = text.get(left..scene.code.get(at.checked_sub(1)?)?.end)?;
    let list = text.get(opening.end..closing.start)?;
    let right = format!("{function}([{list}], x => {value} has x)");
    Some(Remedy {
        cost: 0,
        edit: Edit::replace(left, closing.end, right.clone()),
        problem: errors::foreign(
            format!("`{}` is not an operator of the language", word.text(text)),
            scene.span(word),
            format!("write `{right}`"),
        ),
    })
}

/// The bracket that closes the round one at an index.
fn closing_of(scene: &Scene<'_>, at: usize) -> Option<Token> {
    let mut depth = 0usize;
    let closing = scene.code.iter().skip(at).find(|token| {
        match token.text(scene.text()) {
            "(" if token.kind == Kind::Mark => depth += 1,
            ")" if token.kind == Kind::Mark => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    })?;
    (closing.text(scene.text()) == ")").then_some(*closing)
}

/// `a in ("x", "y")`
fn list_in_round_brackets(scene: &Scene<'_>) -> Option<Remedy> {
    let text = scene.text();
    let stop = scene.token(0)?;
    let opening = open_at(scene, stop.start).filter(|opening| opening.text(text) == "(")?;
    let at = scene
        .code
        .partition_point(|token| token.start < opening.start);
    let before = scene.code.get(at.checked_sub(1)?)?.text(text);
    if !matches!(before, "in" | "nocase" | "=") {
        return None;
    }
    let closing = closing_of(scene, at)?;
    let inner = text.get(opening.end..closing.start)?;
    Some(Remedy {
        cost: 0,
        edit: Edit::replace(opening.start, closing.end, format!("[{inner}]")),
        problem: errors::foreign(
            "a list stands in square brackets".to_owned(),
            scene.span(opening),
            if inner.len() <= 60 && !inner.contains('\n') {
                format!("write `[{inner}]`")
            } else {
                "write `[…]`".to_owned()
            },
        ),
    })
}

/// Whether what stands before a token can be an operand, so that an operator may follow.
pub(super) fn ends_operand(scene: &Scene<'_>, token: Token) -> bool {
    let at = scene
        .code
        .partition_point(|other| other.start < token.start);
    let Some(before) = at.checked_sub(1).and_then(|at| scene.code.get(at)) else {
        return false;
    };
    let written = before.text(scene.text());
    match before.kind {
        Kind::Word => !RESERVED.contains(&written) || written == "missing",
        Kind::Text | Kind::Number => true,
        _ => matches!(written, ")" | "]"),
    }
}

/// Where the operand begins that ends before a token: names with their members and calls.
fn operand_before(scene: &Scene<'_>, at: usize) -> Option<usize> {
    let text = scene.text();
    let mut start = None;
    let mut index = at.checked_sub(1)?;
    loop {
        let token = scene.code.get(index)?;
        // A call or a group: back to where its bracket opens.
        if matches!(token.text(text), ")" | "]") && token.kind == Kind::Mark {
            let opening = open_at(scene, token.start)?;
            index = scene
                .code
                .partition_point(|other| other.start < opening.start);
            start = Some(opening.start);
            let name = index.checked_sub(1).and_then(|at| scene.code.get(at));
            let joined = name.is_some_and(|name| {
                name.end == opening.start
                    && name.kind == Kind::Word
                    && !RESERVED.contains(&name.text(text))
            });
            if !joined {
                return start;
            }
            index -= 1;
            continue;
        }
        if !matches!(token.kind, Kind::Word | Kind::Text | Kind::Number) {
            return start;
        }
        start = Some(token.start);
        let dotted = index
            .checked_sub(1)
            .and_then(|at| scene.code.get(at))
            .is_some_and(|dot| dot.text(text) == "." && dot.end == token.start);
        if !dotted {
            return start;
        }
        index = index.checked_sub(2)?;
    }
}

/// The places of the operand that ends before one token and of the one that begins at another,
/// which must be a single literal or name.
fn operands(
    scene: &Scene<'_>,
    operator: usize,
    right: usize,
) -> Option<((usize, usize), (usize, usize))> {
    let left = operand_before(scene, operator)?;
    let left_end = scene.code.get(operator.checked_sub(1)?)?.end;
    let first = scene.code.get(right)?;
    let simple = matches!(
        first.kind,
        Kind::Text | Kind::Number | Kind::Regex | Kind::Word
    );
    let continued = scene
        .code
        .get(right + 1)
        .is_some_and(|next| matches!(next.text(scene.text()), "." | "(" | "[" | "+"));
    (simple && !continued && first.text(scene.text()) != "nocase")
        .then_some(((left, left_end), (first.start, first.end)))
}

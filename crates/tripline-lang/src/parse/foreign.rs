//! Spellings of other languages, each with its one spelling here: `&&`, `AND`, `;`, `'…'`, `=` for
//! `==`, `in~`, `.5`, and the operators of `word_operators`. `repair` tries what is offered here
//! before anything else.
//!
//! INVARIANT: what a help line says keeps the meaning that the writer had in mind.

use super::draft::Edit;
use super::expected::Expected;
use super::grammar::Rule;
use super::lexical::Kind;
use super::repair::{Remedy, Scene};
use super::{errors, spelling, word_operators};

/// Everything that another language would have written here.
pub(super) fn foreign_spellings(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
    spellings(scene, remedies);
    word_operators::remedies(scene, remedies);
}

/// `&&`, `!`, `AND`, `;`, `'…'`, `=` for `==`: each has its one spelling here.
fn spellings(scene: &Scene<'_>, remedies: &mut Vec<Remedy>) {
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
        let word = scene.code.get((scene.stop + 1).saturating_sub(back));
        let negates = word.is_some_and(|word| word_operators::is_operator(word.text(scene.text())));
        if written == "!" && negates && word_operators::ends_operand(scene, token) {
            // `negated` offers what `!` with an operator is here.
            continue;
        }
        match (written, next.map_or("", |next| next.text(scene.text()))) {
            ("in", "~") => operator(token.end + 1, "in nocase"),
            ("==", "=") => operator(token.end + 1, "=="),
            ("!=", "=") => operator(token.end + 1, "!="),
            ("=", "<") => operator(token.end + 1, "<="),
            ("=>", _) if expected.operator() => operator(token.end, ">="),
            (".", digits)
                if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                let right = format!("0.{digits}");
                offer(
                    token.end + digits.len(),
                    &right,
                    "a number begins with a digit",
                    &format!("write `{right}`"),
                );
            }
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
            _ if written.len() > 1 && written.starts_with('\'') && written.ends_with('\'') => {
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

//! Functions over text. What they cut out of a borrowed text is borrowed.

use std::borrow::Cow;

use super::{Accepts, Eval, Function, Param, Returns, param};
use crate::types::Type;
use crate::value::{Value, case};

const TEXT: Accepts = Accepts::Type(Type::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "lower",
        params: &[param("text", TEXT)],
        returns: Returns::Type(Type::String),
        summary: "The text in lower case.",
        examples: &[(r#"lower("Anna@Example.COM")"#, r#""anna@example.com""#)],
        eval: Eval::Values(|args| {
            recase(
                args,
                |text| match case::is_plain_lower(text.as_bytes()) {
                    true => true,
                    false => text
                        .chars()
                        .all(|letter| letter.to_lowercase().eq([letter])),
                },
                str::to_lowercase,
            )
        }),
    },
    Function {
        name: "upper",
        params: &[param("text", TEXT)],
        returns: Returns::Type(Type::String),
        summary: "The text in upper case.",
        examples: &[(r#"upper("de")"#, r#""DE""#)],
        eval: Eval::Values(|args| {
            recase(
                args,
                |text| {
                    text.chars()
                        .all(|letter| letter.to_uppercase().eq([letter]))
                },
                str::to_uppercase,
            )
        }),
    },
    Function {
        name: "trim",
        params: &[param("text", TEXT)],
        returns: Returns::Type(Type::String),
        summary: "The text without white space at its ends.",
        examples: &[
            (r#"trim("  anna ")"#, r#""anna""#),
            (r#"trim("  ")"#, "missing"),
        ],
        eval: Eval::Values(|args| part(args, |text| Some(text.trim()))),
    },
    Function {
        name: "local_part",
        params: &[param("address", TEXT)],
        returns: Returns::Type(Type::String),
        summary: "What stands before the first `@`; the whole text where there is none.",
        examples: &[
            (r#"local_part("anna@example.com")"#, r#""anna""#),
            (r#"local_part("anna")"#, r#""anna""#),
        ],
        eval: Eval::Values(|args| part(args, |text| text.split('@').next())),
    },
    Function {
        name: "domain",
        params: &[param("address", TEXT)],
        returns: Returns::Type(Type::String),
        summary: "What stands after the first `@`, up to the next one; missing where there is none.",
        examples: &[
            (r#"domain("anna@example.com")"#, r#""example.com""#),
            (r#"domain("anna")"#, "missing"),
        ],
        eval: Eval::Values(|args| part(args, |text| text.split('@').nth(1))),
    },
    Function {
        name: "split",
        params: &[param("text", TEXT), param("separator", TEXT)],
        returns: Returns::ListOf(Type::String),
        summary: "The pieces of the text between the separators. An empty piece is missing.",
        examples: &[
            (r#"split("a/b/c", "/")"#, r#"["a", "b", "c"]"#),
            (r#"split("a/b/c", "/")[1]"#, r#""b""#),
        ],
        eval: Eval::Values(|args| match args {
            [Value::Text(text), Value::Text(separator)] if !separator.is_empty() => {
                Value::List(split(text, separator))
            }
            _ => Value::Missing,
        }),
    },
    Function {
        name: "replace",
        params: &[
            param("text", TEXT),
            param("from", TEXT),
            Param {
                name: "to",
                accepts: TEXT,
                optional: false,
                repeats: false,
                takes_empty: true,
            },
        ],
        returns: Returns::Type(Type::String),
        summary: "The text with every occurrence of one text replaced by another; `\"\"` written as `to` takes them out.",
        examples: &[
            (r#"replace("a-b-c", "-", "_")"#, r#""a_b_c""#),
            (r#"replace("a-b-c", "-", "")"#, r#""abc""#),
        ],
        eval: Eval::Values(|args| match args {
            [Value::Text(text), Value::Text(from), Value::Text(to)] if !from.is_empty() => {
                filled(Cow::Owned(text.replace(from.as_ref(), to)))
            }
            _ => Value::Missing,
        }),
    },
    Function {
        name: "capture",
        params: &[
            param("text", TEXT),
            param("pattern", Accepts::Type(Type::Regex)),
            param("group", Accepts::IntOrText),
        ],
        returns: Returns::Type(Type::String),
        summary: "What a group of the pattern matched, by number (0 is the whole match) or by name; missing where the pattern does not match.",
        examples: &[
            (r#"capture("azure-cli/2.61.0", /cli\/(\d+)/, 1)"#, r#""2""#),
            (
                r#"capture("azure-cli/2.61.0", /cli\/(?<major>\d+)/, "major")"#,
                r#""2""#,
            ),
            (r#"capture("curl/8", /cli\/(\d+)/, 1)"#, "missing"),
        ],
        eval: Eval::Values(|args| match args {
            [text @ Value::Text(content), Value::Regex(regex), group] => {
                let found = regex.captures(content).and_then(|captures| match group {
                    Value::Int(number) => captures.get(usize::try_from(*number).ok()?),
                    Value::Text(name) => captures.name(name),
                    _ => None,
                });
                found.map_or(Value::Missing, |found| {
                    part(std::slice::from_ref(text), |text| text.get(found.range()))
                })
            }
            _ => Value::Missing,
        }),
    },
];

/// A text, unless it is empty: empty text is missing.
fn filled(text: Cow<'_, str>) -> Value<'_> {
    if text.is_empty() {
        Value::Missing
    } else {
        Value::Text(text)
    }
}

fn part<'a>(args: &[Value<'a>], cut: impl Fn(&str) -> Option<&str>) -> Value<'a> {
    match args {
        [Value::Text(Cow::Borrowed(text))] => {
            cut(text).map_or(Value::Missing, |part| filled(Cow::Borrowed(part)))
        }
        [Value::Text(Cow::Owned(text))] => {
            cut(text).map_or(Value::Missing, |part| filled(Cow::Owned(part.to_owned())))
        }
        _ => Value::Missing,
    }
}

fn recase<'a>(
    args: &[Value<'a>],
    already: impl Fn(&str) -> bool,
    change: impl Fn(&str) -> String,
) -> Value<'a> {
    match args {
        [text @ Value::Text(content)] if already(content) => text.clone(),
        [Value::Text(content)] => Value::Text(Cow::Owned(change(content))),
        _ => Value::Missing,
    }
}

fn split<'a>(text: &Cow<'a, str>, separator: &str) -> Vec<Value<'a>> {
    match text {
        Cow::Borrowed(text) => text
            .split(separator)
            .map(|piece| filled(Cow::Borrowed(piece)))
            .collect(),
        Cow::Owned(text) => text
            .split(separator)
            .map(|piece| filled(Cow::Owned(piece.to_owned())))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_out_of_a_borrowed_text_is_borrowed() {
        let record = String::from("anna@example.com");
        let args = [Value::Text(Cow::Borrowed(record.as_str()))];
        for name in ["lower", "trim", "local_part", "domain"] {
            let Eval::Values(eval) = super::super::find(name).unwrap().eval else {
                panic!("{name} takes values")
            };
            assert!(
                matches!(eval(&args), Value::Text(Cow::Borrowed(_))),
                "{name}"
            );
        }
    }
}

//! Texts, numbers, patterns and paths as they are written in VRL, inside of a YAML block and safe from
//! Vector, which replaces `$NAME`, `${NAME}` and `$$` in its configuration files before it reads them.
//!
//! INVARIANT: what is written here says the same whether Vector replaces variables or not, and whatever
//! it was made of holds no character that a YAML block cannot hold.

use std::fmt::Write as _;

use tripline_lang::ast::PathStep;

/// A text. A `$` that Vector could take for a variable ends one literal, and what follows begins another.
pub(crate) fn text(value: &str) -> String {
    let mut parts = vec![String::new()];
    let mut after_dollar = false;
    for letter in value.chars() {
        if after_dollar && begins_variable(letter) {
            parts.push(String::new());
        }
        after_dollar = letter == '$';
        if let Some(part) = parts.last_mut() {
            escape(letter, part);
        }
    }
    let parts: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
    match parts.as_slice() {
        [one] => one.clone(),
        parts => format!("({})", parts.join(" + ")),
    }
}

fn escape(letter: char, out: &mut String) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0' => out.push_str("\\0"),
        // Two of them would begin a template.
        '{' => out.push_str("\\{"),
        letter if !in_yaml(letter) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(letter));
        }
        letter => out.push(letter),
    }
}

/// Whether Vector takes `$` and this for the beginning of a variable, or for an escaped `$`.
fn begins_variable(letter: char) -> bool {
    letter == '$' || letter == '{' || letter == '.' || letter == '_' || letter.is_alphanumeric()
}

/// Whether a block of YAML holds the character as it stands.
fn in_yaml(letter: char) -> bool {
    !letter.is_control()
        && !matches!(
            letter,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// A pattern; none where it is in verbose mode, which gives white space another meaning, and has to be
/// written differently.
pub(crate) fn regex(pattern: &str) -> Option<String> {
    let mut out = String::from("r'");
    let mut changed = false;
    let mut classes = 0usize;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('$') => {
                    changed = true;
                    out.push_str("\\x24");
                }
                Some(next) if in_yaml(next) => {
                    out.push('\\');
                    out.push(next);
                }
                // Behind a backslash only verbose mode has such a character.
                _ => return None,
            },
            '\'' => {
                changed = true;
                out.push_str("\\x27");
            }
            '$' if letters.peek().copied().is_some_and(begins_variable) => {
                changed = true;
                out.push_str(if classes > 0 { "\\x24" } else { "(?:$)" });
            }
            letter if !in_yaml(letter) => {
                changed = true;
                let _ = write!(out, "\\x{{{:x}}}", u32::from(letter));
            }
            '[' => {
                classes += 1;
                out.push('[');
                // A `]` that comes first is one of the characters.
                out.extend(letters.next_if_eq(&'^'));
                out.extend(letters.next_if_eq(&']'));
            }
            letter => {
                if letter == ']' {
                    classes = classes.saturating_sub(1);
                }
                out.push(letter);
            }
        }
    }
    out.push('\'');
    // In verbose mode a comment may hold brackets and quotes that mean nothing.
    (!changed || !is_verbose(pattern)).then_some(out)
}

fn is_verbose(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        let flags = rest
            .chars()
            .take_while(|letter| letter.is_ascii_alphabetic());
        flags.into_iter().any(|flag| flag == 'x')
    })
}

/// A floating-point number, all its digits written out.
pub(crate) fn float(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}

/// What is at a path in a variable; the path has no `[*]`.
pub(crate) fn path(variable: &str, steps: &[PathStep]) -> String {
    let odd = |step: &PathStep| matches!(step, PathStep::Key(key) if text(key).starts_with('('));
    if steps.iter().any(odd) {
        // A key that cannot stand in one literal cannot stand in a path.
        let steps: Vec<String> = steps
            .iter()
            .map(|step| match step {
                PathStep::Key(key) => text(key),
                PathStep::Index(at) => at.to_string(),
                PathStep::Each => String::new(),
            })
            .collect();
        return format!("(get({variable}, [{}]) ?? null)", steps.join(", "));
    }
    let mut out = variable.to_owned();
    for step in steps {
        match step {
            PathStep::Key(key) if is_plain(key) => {
                out.push('.');
                out.push_str(key);
            }
            PathStep::Key(key) => {
                out.push('.');
                out.push_str(&text(key));
            }
            PathStep::Index(at) => {
                let _ = write!(out, "[{at}]");
            }
            PathStep::Each => {}
        }
    }
    out
}

/// Whether it is a name in VRL as well; one that begins with `_` is not always.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter == '_' || letter.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vector_would_replace_stands_in_no_literal() {
        assert_eq!(text("a$b"), r#"("a$" + "b")"#);
        assert_eq!(text("$$"), r#"("$" + "$")"#);
        assert_eq!(text("5 $"), r#""5 $""#);
        assert_eq!(text("a\"{{b}}\u{1}"), r#""a\"\{\{b}}\u{1}""#);
        assert_eq!(regex(r"^a$").unwrap(), "r'^a$'");
        assert_eq!(
            regex(r"\$HOME[$a]$b'").unwrap(),
            r"r'\x24HOME[\x24a](?:$)b\x27'"
        );
        assert_eq!(
            regex("[]$a][^]$b]$c").unwrap(),
            r"r'[]\x24a][^]\x24b](?:$)c'"
        );
        assert_eq!(regex("(?x) a' # [").as_deref(), None);
        assert_eq!(regex("(?x) a # [").as_deref(), Some("r'(?x) a # ['"));
    }

    #[test]
    fn paths_are_quoted_where_a_key_is_no_name() {
        let key = |key: &str| PathStep::Key(key.to_owned());
        assert_eq!(
            path("e", &[key("a"), PathStep::Index(0), key("b c")]),
            r#"e.a[0]."b c""#
        );
        assert_eq!(
            path("e", &[key("$schema")]),
            r#"(get(e, [("$" + "schema")]) ?? null)"#
        );
    }
}

//! Literals as they are meant: texts without their escapes, regexes without their slashes,
//! quantities as number and unit.

/// An escape that means nothing: where it starts in the literal, its length, and what to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadEscape {
    pub(super) at: usize,
    pub(super) length: usize,
    pub(super) note: &'static str,
}

/// The text of a quoted literal (quotes included in `written`), its bad escapes left as written.
pub(super) fn unescape(written: &str) -> (String, Vec<BadEscape>) {
    let inner = written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(written);
    let mut text = String::with_capacity(inner.len());
    let mut bad = Vec::new();
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        text.push_str(plain);
        let start = 1 + inner.len() - escape.len();
        let (taken, meaning) = one_escape(escape);
        match meaning {
            Ok(char) => text.push(char),
            Err(note) => {
                text.push_str(escape.get(..taken).unwrap_or_default());
                bad.push(BadEscape {
                    at: start,
                    length: taken,
                    note,
                });
            }
        }
        rest = escape.get(taken..).unwrap_or_default();
    }
    text.push_str(rest);
    (text, bad)
}

const KNOWN: &str = r#"the escapes are \" \\ \n \t \r and \u{…}; a backslash itself is \\"#;

/// How many bytes the escape at the start takes, and what it means.
fn one_escape(escape: &str) -> (usize, Result<char, &'static str>) {
    let Some(kind) = escape.chars().nth(1) else {
        return (escape.len(), Err(KNOWN));
    };
    let simple = match kind {
        '"' | '\\' => Some(kind),
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        _ => None,
    };
    if let Some(char) = simple {
        return (2, Ok(char));
    }
    if kind != 'u' {
        return (1 + kind.len_utf8(), Err(KNOWN));
    }
    let Some((digits, _)) = escape
        .strip_prefix("\\u{")
        .and_then(|rest| rest.split_once('}'))
    else {
        return (
            2,
            Err("a character is written as its hexadecimal number in braces: \\u{e9}"),
        );
    };
    let length = "\\u{}".len() + digits.len();
    let valid =
        (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let char = u32::from_str_radix(digits, 16)
        .ok()
        .filter(|_| valid)
        .and_then(char::from_u32);
    (length, char.ok_or("this is no character's number: one to six hexadecimal digits, at most 10ffff, no surrogates"))
}

/// The pattern between the slashes, with `\/` turned into `/`, and the letters after them.
pub(super) fn regex(written: &str) -> (String, &str) {
    let end = written.rfind('/').unwrap_or(written.len());
    let flags = written.get(end + 1..).unwrap_or_default();
    let inner = written.get(1..end).unwrap_or_default();
    let mut pattern = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        if char == '\\' {
            match chars.next() {
                Some('/') => pattern.push('/'),
                Some(other) => pattern.extend(['\\', other]),
                None => pattern.push('\\'),
            }
        } else {
            pattern.push(char);
        }
    }
    (pattern, flags)
}

/// A quantity's digits and letters.
pub(super) fn quantity(written: &str) -> (&str, &str) {
    let digits = written
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
        .count();
    written.split_at_checked(digits).unwrap_or((written, ""))
}

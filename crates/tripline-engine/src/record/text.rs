//! What a JSON text with escapes says. Called for names and wanted texts with a backslash in
//! them; everything else is borrowed as it stands.

use std::borrow::Cow;

/// The text between the quotes with its escapes resolved. A bad escape, half a surrogate pair and
/// bytes that are not UTF-8 become U+FFFD.
pub(super) fn unescape(inner: &[u8]) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', inner) else {
        // Checking first is several times as fast as the lossy conversion.
        return std::str::from_utf8(inner)
            .map_or_else(|_| String::from_utf8_lossy(inner), Cow::Borrowed);
    };
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    let mut plain = first;
    loop {
        let (before, from) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        text.push_str(&String::from_utf8_lossy(before));
        let Some(behind) = from.get(1..) else {
            return Cow::Owned(text);
        };
        let (character, length) = escape(behind);
        text.push(character);
        rest = behind.get(length..).unwrap_or(&[]);
        plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
    }
}

/// The character that the escape means whose backslash is in front of `behind`, and how many
/// bytes of `behind` are part of it.
fn escape(behind: &[u8]) -> (char, usize) {
    let character = match behind.first() {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(&plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
        Some(b'u') => return unicode(behind),
        // Only an ASCII byte is part of the bad escape: the first byte of a longer character
        // belongs to what follows.
        Some(byte) if byte.is_ascii() => char::REPLACEMENT_CHARACTER,
        _ => return (char::REPLACEMENT_CHARACTER, 0),
    };
    (character, 1)
}

/// `uXXXX`, or `uXXXX\uXXXX` for a character beyond 16 bits.
fn unicode(behind: &[u8]) -> (char, usize) {
    let Some(first) = hex(behind, 1) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    if let Some(character) = char::from_u32(first) {
        return (character, 5);
    }
    let second = if behind.get(5..7) == Some(b"\\u") {
        hex(behind, 7)
    } else {
        None
    };
    if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (first, second)
        && let Some(character) = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00))
    {
        return (character, 11);
    }
    (char::REPLACEMENT_CHARACTER, 5)
}

fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum << 4 | char::from(*digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_serde_json_says_they_mean() {
        for inner in [
            r"plain",
            r"a\nb\t\r\b\f\\\/\u0041\u00e9z",
            r"\ud83d\ude00 \u4e2d",
            r#"\"q\""#,
            r"\\u0041",
        ] {
            let theirs: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            assert_eq!(unescape(inner.as_bytes()), theirs, "of {inner}");
        }
    }

    #[test]
    fn what_is_no_escape_becomes_a_replacement_character() {
        for (inner, text) in [
            (&br"\ud83dx"[..], "\u{fffd}x"),
            (br"\ud83d\u0041", "\u{fffd}A"),
            (br"\ude00", "\u{fffd}"),
            (br"\q1", "\u{fffd}1"),
            (br"\u12", "\u{fffd}12"),
            (br"a\", "a\u{fffd}"),
            (b"\\\xc3\xa9", "\u{fffd}\u{e9}"),
            (b"\xff\\n", "\u{fffd}\n"),
        ] {
            assert_eq!(
                unescape(inner),
                text,
                "of {}",
                String::from_utf8_lossy(inner)
            );
        }
    }
}

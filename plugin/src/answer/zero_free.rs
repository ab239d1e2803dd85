//! MessagePack without a zero byte: what a host that takes everything up to the first zero for the
//! answer can be given.
//!
//! How each value is written: texts and truth values as they are; numbers as texts, always, so that a
//! field keeps its type whether or not its bytes would have had a zero; null as nil; what has more than
//! fifteen members or elements in groups, the last of which holds the rest (`more` in a map), because
//! larger counts have a zero byte; a zero in a text as U+FFFD. A text whose length cannot be told
//! without a zero byte is cut to the next one that can, with an ellipsis at its end.

use serde_json::{Map, Value};

/// The most members or elements that a header of one byte can count.
const GROUP: usize = 15;

/// The member that holds the rest of a large map.
const MORE: &str = "more";

/// The longest text: the next length needs four bytes, of which one is zero.
const LONGEST: usize = 0xffff;

const ELLIPSIS: &str = "…";

/// Appends a value.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(false) => out.push(0xc2),
        Value::Bool(true) => out.push(0xc3),
        Value::Number(number) => write_text(&number.to_string(), out),
        Value::String(text) => write_text(text, out),
        Value::Array(elements) => write_array(elements, out),
        Value::Object(members) => write_map(members, out),
    }
}

fn write_array(elements: &[Value], out: &mut Vec<u8>) {
    let mut rest = elements;
    // Each group but the last is full: fourteen elements and the array that holds the rest.
    while rest.len() > GROUP
        && let Some((group, behind)) = rest.split_at_checked(GROUP - 1)
    {
        out.push(0x90 | GROUP as u8);
        group.iter().for_each(|element| write(element, out));
        rest = behind;
    }
    out.push(0x90 | rest.len() as u8);
    rest.iter().for_each(|element| write(element, out));
}

fn write_map(members: &Map<String, Value>, out: &mut Vec<u8>) {
    let mut rest = members.iter();
    while rest.len() > GROUP {
        out.push(0x80 | GROUP as u8);
        for (name, value) in rest.by_ref().take(GROUP - 1) {
            write_text(name, out);
            write(value, out);
        }
        write_text(MORE, out);
    }
    out.push(0x80 | rest.len() as u8);
    for (name, value) in rest {
        write_text(name, out);
        write(value, out);
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let replaced;
    let mut text = text;
    if text.contains('\0') {
        replaced = text.replace('\0', "\u{fffd}");
        text = &replaced;
    }
    let cut;
    let length = tellable(text.len());
    if length < text.len() {
        cut = shortened(text, length);
        text = &cut;
    }
    match text.len() {
        length @ 0..32 => out.push(0xa0 | length as u8),
        length @ 32..256 => out.extend_from_slice(&[0xd9, length as u8]),
        length => {
            out.push(0xda);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// The greatest length up to this one that can be told without a zero byte: those whose 16-bit form
/// ends in a zero byte cannot.
fn tellable(length: usize) -> usize {
    let length = length.min(LONGEST);
    if length >= 256 && length.is_multiple_of(256) {
        length - 1
    } else {
        length
    }
}

/// A text of at most `length` bytes that begins as this one does and ends with an ellipsis.
fn shortened(text: &str, length: usize) -> String {
    let mut end = length.saturating_sub(ELLIPSIS.len());
    loop {
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // Going back to where a character begins may have led to a length that cannot be told.
        let total = end + ELLIPSIS.len();
        if tellable(total) == total || end == 0 {
            return format!("{}{ELLIPSIS}", text.get(..end).unwrap_or_default());
        }
        end -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        write(value, &mut out);
        assert!(!out.contains(&0), "a zero byte in what {value} became");
        out
    }

    #[test]
    fn small_values_are_written_as_messagepack_has_them() {
        for (value, bytes) in [
            (json!(null), &b"\xc0"[..]),
            (json!(true), b"\xc3"),
            (json!(""), b"\xa0"),
            (json!("a"), b"\xa1a"),
            (json!(0), b"\xa10"),
            (json!(55836), b"\xa555836"),
            (json!([1, "b"]), b"\x92\xa11\xa1b"),
            (json!({"a": {}}), b"\x81\xa1a\x80"),
        ] {
            assert_eq!(written(&value), bytes, "{value}");
        }
    }

    #[test]
    fn texts_of_every_length_have_no_zero_byte_and_keep_what_can_be_told() {
        for length in (0..1200).chain(65_000..66_100) {
            let text = "x".repeat(length);
            let bytes = written(&json!(text));
            let header = match bytes[0] {
                0xd9 => 2,
                0xda => 3,
                _ => 1,
            };
            let kept = std::str::from_utf8(&bytes[header..]).unwrap();
            if length <= LONGEST && (length < 256 || length % 256 != 0) {
                assert_eq!(kept.len(), length);
            } else {
                assert!(kept.ends_with(ELLIPSIS) && kept.len() < length, "{length}");
                assert!(kept.len() > length.min(LONGEST) - 4, "{length}");
            }
        }
    }

    #[test]
    fn a_cut_text_ends_between_characters() {
        for length in 60..100 {
            let text = format!("{}{}", "x".repeat(length % 7), "語".repeat(length));
            written(&json!(text));
        }
        let long = "語".repeat(40_000);
        let bytes = written(&json!(long));
        assert!(std::str::from_utf8(&bytes[3..]).unwrap().ends_with("語…"));
    }

    #[test]
    fn large_lists_and_maps_are_nested() {
        for count in [15, 16, 29, 30, 31, 500] {
            written(&json!(vec![1; count]));
            let members = (0..count).map(|at| (format!("m{at}"), json!(at)));
            written(&Value::Object(members.collect()));
        }
        let sixteen: Map<String, Value> =
            (0..16).map(|at| (format!("{at:02}"), json!(1))).collect();
        let bytes = written(&Value::Object(sixteen));
        assert_eq!(bytes[0], 0x8f);
        assert!(bytes.ends_with(b"\xa4more\x82\xa214\xa11\xa215\xa11"));
    }

    #[test]
    fn a_zero_in_a_text_is_replaced() {
        assert_eq!(written(&json!("a\u{0}b")), b"\xa5a\xef\xbf\xbdb");
    }
}

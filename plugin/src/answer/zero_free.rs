//! MessagePack without a zero byte: what a host that takes everything up to the first zero for the
//! answer can be given.
//!
//! How each value is written: texts and truth values as they are; numbers as texts, always, so that a
//! field keeps its type whether or not its bytes would have had a zero; null as nil; what has more
//! members or elements than a count without a zero byte can tell in groups, the last of which holds the
//! rest (`more` in a map); what is nested deeper than a host reads as its JSON text; a zero in a text as
//! U+FFFD. A text whose length cannot be told without a zero byte is cut to the next one that can,
//! with an ellipsis at its end.

use serde_json::{Map, Value};

/// The most members or elements that a header of one byte can count.
const GROUP: usize = 15;

/// How many containers may lie in one another: Fluent Bit reads 64, and puts the record into some itself.
const DEPTH: usize = 40;

/// The member that holds the rest of a large map.
const MORE: &str = "more";

/// The longest text: the next length needs four bytes, of which one is zero.
const LONGEST: usize = 0xffff;

const ELLIPSIS: &str = "…";

/// Appends a value.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    write_at(value, 0, out);
}

/// Appends a value that lies in `depth` containers.
fn write_at(value: &Value, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= DEPTH => {
            write_text(&value.to_string(), out);
        }
        Value::Null => out.push(0xc0),
        Value::Bool(false) => out.push(0xc2),
        Value::Bool(true) => out.push(0xc3),
        Value::Number(number) => write_text(&number.to_string(), out),
        Value::String(text) => write_text(text, out),
        Value::Array(elements) => write_array(elements, depth, out),
        Value::Object(members) => write_map(members, depth, out),
    }
}

/// Appends the header of a group of the `left` members or elements, with the first byte of a short and
/// of a long one; gives how many of them are in it, before another group with the rest if that is fewer.
fn write_group(left: usize, short: u8, long: u8, out: &mut Vec<u8>) -> usize {
    if left <= 256 {
        let count = left.min(GROUP);
        out.push(short | count as u8);
        return if count < left { count - 1 } else { count };
    }
    // Sixteen bits without a zero byte: more than 256, and no multiple of it.
    let count = tellable(left);
    out.push(long);
    out.extend_from_slice(&(count as u16).to_be_bytes());
    if count < left { count - 1 } else { count }
}

fn write_array(elements: &[Value], depth: usize, out: &mut Vec<u8>) {
    let count = write_group(elements.len(), 0x90, 0xdc, out);
    let (group, rest) = elements.split_at_checked(count).unwrap_or((elements, &[]));
    for element in group {
        write_at(element, depth + 1, out);
    }
    if rest.is_empty() {
        return;
    }
    if depth + 1 < DEPTH {
        write_array(rest, depth + 1, out);
    } else {
        write_text(&Value::Array(rest.to_vec()).to_string(), out);
    }
}

fn write_map(members: &Map<String, Value>, depth: usize, out: &mut Vec<u8>) {
    let members: Vec<(&String, &Value)> = members.iter().collect();
    write_members(&members, depth, out);
}

fn write_members(members: &[(&String, &Value)], depth: usize, out: &mut Vec<u8>) {
    let count = write_group(members.len(), 0x80, 0xde, out);
    let (group, rest) = members.split_at_checked(count).unwrap_or((members, &[]));
    for (name, value) in group {
        write_text(name, out);
        write_at(value, depth + 1, out);
    }
    if rest.is_empty() {
        return;
    }
    write_text(MORE, out);
    if depth + 1 < DEPTH {
        write_members(rest, depth + 1, out);
    } else {
        let rest = rest
            .iter()
            .map(|(name, value)| ((*name).clone(), (*value).clone()));
        write_text(&Value::Object(rest.collect()).to_string(), out);
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

    /// How many elements there are in what a list became, groups put together, and how deep they lie.
    fn elements(bytes: &[u8]) -> (usize, usize) {
        let (mut at, mut count, mut depth) = (0, 0, 0);
        loop {
            depth += 1;
            let (declared, header) = match bytes[at] {
                0xdc => (
                    usize::from(u16::from_be_bytes([bytes[at + 1], bytes[at + 2]])),
                    3,
                ),
                short => (usize::from(short & 15), 1),
            };
            at += header;
            for last in (0..declared).rev() {
                if last == 0 && matches!(bytes[at], 0x90..0xa0 | 0xdc) {
                    break;
                }
                assert_eq!(bytes[at], 0xa1, "a text of one byte");
                at += 2;
                count += 1;
            }
            if at == bytes.len() {
                return (count, depth);
            }
        }
    }

    #[test]
    fn large_lists_and_maps_are_whole_and_never_nested_deep() {
        for count in (0..600).chain([767, 768, 4096, 65_535, 65_536, 70_000]) {
            let (found, depth) = elements(&written(&json!(vec!["x"; count])));
            assert_eq!(found, count);
            assert!(depth <= 20, "{count} elements lie {depth} deep");
            let members = (0..count).map(|at| (format!("m{at}"), json!(at)));
            written(&Value::Object(members.collect()));
        }
    }

    #[test]
    fn what_is_nested_deeper_than_a_host_reads_is_its_json_text() {
        let mut value = json!("end");
        for at in 0..100 {
            value = if at % 2 == 0 {
                json!([value])
            } else {
                json!({ "a": value })
            };
        }
        let bytes = written(&value);
        let containers = bytes
            .iter()
            .take_while(|byte| matches!(byte, 0x91 | 0x81 | 0xa1 | b'a'));
        assert!(containers.count() < 150);
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            text.contains(r#"[{"a":["#) && text.contains("end"),
            "{text}"
        );
    }

    #[test]
    fn sixteen_members_are_fourteen_and_the_rest() {
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

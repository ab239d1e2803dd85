//! Fields of protobuf messages (<https://protobuf.dev/programming-guides/encoding/>), as far as they are
//! passed on: where each lies, and how a new one is written. What is in a record the engine reads.

use std::ops::Range;

/// A field of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its number.
    pub(super) number: u64,
    /// All of it, with its tag.
    pub(super) whole: Range<usize>,
    /// What it holds, if that is a text, a byte string or a message.
    pub(super) content: Option<Range<usize>>,
}

/// The fields of the message at `place`; an error where it ends within one, at that byte.
pub(super) fn fields(
    bytes: &[u8],
    place: Range<usize>,
) -> impl Iterator<Item = Result<Field, usize>> {
    let mut at = place.start;
    let end = place.end.min(bytes.len());
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let begin = at;
        let field = field(bytes, &mut at, end, begin).ok_or(begin);
        if field.is_err() {
            at = end;
        }
        Some(field)
    })
}

fn field(bytes: &[u8], at: &mut usize, end: usize, begin: usize) -> Option<Field> {
    let tag = varint(bytes, at, end)?;
    let mut content = None;
    match tag & 7 {
        0 => {
            varint(bytes, at, end)?;
        }
        1 => *at = at.checked_add(8)?,
        2 => {
            let length = usize::try_from(varint(bytes, at, end)?).ok()?;
            let start = *at;
            *at = at.checked_add(length)?;
            content = Some(start..*at);
        }
        5 => *at = at.checked_add(4)?,
        _ => return None,
    }
    (*at <= end && tag >> 3 != 0).then_some(Field {
        number: tag >> 3,
        whole: begin..*at,
        content,
    })
}

fn varint(bytes: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    let mut number = 0u64;
    for (index, byte) in bytes.get(*at..end)?.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            *at += index + 1;
            return Some(number);
        }
    }
    None
}

/// Appends a number.
pub(super) fn put_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends the tag and length of a field that holds so many bytes.
pub(super) fn put_head(number: u64, length: usize, out: &mut Vec<u8>) {
    put_varint(number << 3 | 2, out);
    put_varint(length as u64, out);
}

/// Appends a field that holds these bytes.
pub(super) fn put_bytes(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    put_head(number, bytes.len(), out);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut message = Vec::new();
        put_bytes(1, b"abc", &mut message);
        put_varint(4 << 3, &mut message);
        put_varint(u64::MAX, &mut message);
        put_bytes(300, &[7; 200], &mut message);
        let found: Vec<Field> = fields(&message, 0..message.len())
            .collect::<Result<_, _>>()
            .unwrap();
        let numbers: Vec<u64> = found.iter().map(|field| field.number).collect();
        assert_eq!(numbers, [1, 4, 300]);
        assert_eq!(found[0].content, Some(2..5));
        assert_eq!(found[1].content, None);
        assert_eq!(found[2].content.clone().unwrap().len(), 200);
    }

    #[test]
    fn a_message_that_is_cut_off_says_where() {
        let mut message = Vec::new();
        put_bytes(1, b"abc", &mut message);
        let whole = message.len();
        put_bytes(2, b"defg", &mut message);
        for end in whole + 1..message.len() {
            let last = fields(&message[..end], 0..end).last().unwrap();
            assert_eq!(last, Err(whole), "{end} bytes");
        }
    }
}

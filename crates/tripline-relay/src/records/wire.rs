//! Fields of protobuf messages (<https://protobuf.dev/programming-guides/encoding/>), as far as they are
//! passed on: where each lies, and how a new one is written. What is in a record the engine reads.

use std::ops::Range;

pub(super) use tripline_engine::record::protobuf::wire::put_varint;
use tripline_engine::record::protobuf::wire::{Content, Fields};

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
    let mut fields = Some(Fields::of(bytes, place));
    std::iter::from_fn(move || {
        let inside = fields.as_mut()?;
        let begin = inside.at();
        match inside.next() {
            Ok(None) => None,
            Ok(Some((number, content))) => Some(Ok(Field {
                number,
                whole: begin..inside.at(),
                content: match content {
                    Content::Bytes(content) => Some(content),
                    _ => None,
                },
            })),
            Err(_) => {
                fields = None;
                Some(Err(begin))
            }
        }
    })
}

/// Appends a field that holds these bytes.
pub(super) fn put_bytes(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(number << 3 | 2, out);
    put_varint(bytes.len() as u64, out);
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

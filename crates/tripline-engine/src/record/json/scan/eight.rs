//! The scans eight bytes at a time, in ordinary integers.
//!
//! A byte of `word ^ QUOTES` is zero where the word has a quote. Subtracting one from every byte
//! sets the top bit of the zero ones, of those above 0x80 (bytes that are not ASCII), and by the
//! borrow perhaps of ones above a zero: so no top bit set means no quote, and the exact test is
//! left to the few words where one is set.

use super::{Unclosed, bytewise};

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = LOW * b'"' as u64;
const ESCAPES: u64 = LOW * b'\\' as u64;

/// The index of the first quote or backslash at or after `at`; the length if there is none.
#[inline]
pub(in super::super) fn name_end(bytes: &[u8], at: usize) -> usize {
    let mut from = at;
    while let Some(word) = word(bytes, from) {
        let (quote, escape) = (word ^ QUOTES, word ^ ESCAPES);
        // In each half the lowest bit set is exact, so the lowest of both is.
        let marks = (quote.wrapping_sub(LOW) & !quote | escape.wrapping_sub(LOW) & !escape) & HIGH;
        if marks != 0 {
            return from + first(marks);
        }
        from += 8;
    }
    bytewise::name_end(bytes, from)
}

/// The index of the quote that closes the text whose first byte is at `at`.
#[inline]
pub(in super::super) fn text_close(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at;
    loop {
        let close = quote(bytes, from)?;
        if bytes.get(close.wrapping_sub(1)) != Some(&b'\\') || !is_escaped(bytes, at, close) {
            return Some(close);
        }
        from = close + 1;
    }
}

/// Whether the quote at `close` follows an odd number of backslashes. The run cannot reach back
/// over the quote before, so all runs of a text together are no longer than the text.
#[cold]
fn is_escaped(bytes: &[u8], start: usize, close: usize) -> bool {
    let before = bytes.get(start..close).unwrap_or(&[]);
    before
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count()
        % 2
        == 1
}

/// The index of the first quote at or after `at`.
#[inline(always)]
fn quote(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at;
    while let Some(word) = word(bytes, from) {
        let zero = word ^ QUOTES;
        let marks = zero.wrapping_sub(LOW) & HIGH;
        if marks != 0 {
            let marks = marks & !zero;
            if marks != 0 {
                return Some(from + first(marks));
            }
        }
        from += 8;
    }
    let rest = bytes.get(from..)?;
    rest.iter()
        .position(|byte| *byte == b'"')
        .map(|length| from + length)
}

/// The index behind the bracket that closes a container, from `at` directly inside it. No more
/// than `room` brackets, the container's own among them, may be open inside one another.
pub(in super::super) fn container_close(
    bytes: &[u8],
    at: usize,
    room: usize,
) -> Result<usize, Unclosed> {
    let mut from = at;
    let mut open = 1_usize;
    loop {
        match bytes.get(from) {
            Some(b'"') => {
                let Some(close) = text_close(bytes, from + 1) else {
                    return Err(Unclosed::Text(from));
                };
                from = close + 1;
                // Behind a name there is nearly always the colon and the next text's quote,
                // behind a text the comma and the next name's.
                while let Some([b':' | b',', b'"']) =
                    bytes.get(from..).and_then(<[u8]>::first_chunk)
                {
                    let Some(close) = text_close(bytes, from + 2) else {
                        return Err(Unclosed::Text(from + 1));
                    };
                    from = close + 1;
                }
                continue;
            }
            Some(b'{' | b'[') if open >= room => return Err(Unclosed::TooDeep(from)),
            Some(b'{' | b'[') => open += 1,
            Some(b'}' | b']') => {
                open -= 1;
                if open == 0 {
                    return Ok(from + 1);
                }
            }
            Some(b'\\') => from += 1,
            Some(_) => {}
            None => return Err(Unclosed::Container),
        }
        from += 1;
    }
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u64::from_le_bytes(*chunk))
}

/// Which byte of a word the lowest mark is in.
#[inline(always)]
fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

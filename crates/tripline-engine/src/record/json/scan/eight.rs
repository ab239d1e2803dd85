//! The scans eight bytes at a time, in ordinary integers.
//!
//! A byte of `word ^ QUOTES` is zero where the word has a quote. Subtracting one from every byte
//! sets the top bit of the zero ones, of those above 0x80 (bytes that are not ASCII), and by the
//! borrow perhaps of ones above a zero: so no top bit set means no quote, and the exact test is
//! left to the words where one is set. What counts is the number of instructions an interpreter
//! executes: bounds are checked once for 32 bytes, and a loop over four words is unrolled.

use super::{Unclosed, joint};

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = LOW * b'"' as u64;
const ESCAPES: u64 = LOW * b'\\' as u64;

/// The index of the first quote or backslash at or after `at`; the length if there is none.
#[inline(always)]
pub(in super::super) fn name_end(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, quote_or_escape)
}

/// The same, and whether all bytes up to there are ASCII; that may be denied because of bytes
/// behind.
#[inline(always)]
pub(in super::super) fn name_end_ascii(bytes: &[u8], at: usize) -> (usize, bool) {
    let mut seen = 0;
    let end = find(bytes, at, |word| {
        seen |= word;
        quote_or_escape(word)
    });
    (end, seen & HIGH == 0)
}

#[inline(always)]
fn quote_or_escape(word: u64) -> u64 {
    let (quote, escape) = (word ^ QUOTES, word ^ ESCAPES);
    let marks = quote.wrapping_sub(LOW) | escape.wrapping_sub(LOW);
    if marks & HIGH == 0 {
        return 0;
    }
    // In each half the lowest bit set is exact, so the lowest of both is.
    (quote.wrapping_sub(LOW) & !quote | escape.wrapping_sub(LOW) & !escape) & HIGH
}

/// The index of the quote that closes the text whose first byte is at `at`; the length if there
/// is none.
#[inline(always)]
pub(in super::super) fn text_close(bytes: &[u8], at: usize) -> usize {
    let close = quote(bytes, at);
    if byte_before(bytes, close) == b'\\' {
        text_close_behind(bytes, at, close)
    } else {
        close
    }
}

/// As [`text_close`], if the first quote, at `close`, follows a backslash.
#[inline(never)]
fn text_close_behind(bytes: &[u8], at: usize, mut close: usize) -> usize {
    // A run of backslashes cannot reach back over the quote before, so all runs of a text
    // together are no longer than the text.
    let mut from = at;
    loop {
        let before = bytes.get(from..close).unwrap_or(&[]);
        let run = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if run % 2 == 0 || close >= bytes.len() {
            return close;
        }
        from = close + 1;
        close = quote(bytes, from);
    }
}

#[inline(always)]
fn byte_before(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at.wrapping_sub(1)).copied().unwrap_or(0)
}

/// The index of the first quote at or after `at`; the length if there is none.
#[inline(always)]
fn quote(bytes: &[u8], at: usize) -> usize {
    find(bytes, at, |word| {
        let zero = word ^ QUOTES;
        let marks = zero.wrapping_sub(LOW) & HIGH;
        if marks == 0 { 0 } else { marks & !zero }
    })
}

/// The index of the first byte at or after `at` that `marks` marks by its top bit; the length if
/// there is none. Marks above the lowest one of a word may be wrong.
#[inline(always)]
fn find(bytes: &[u8], at: usize, mut marks: impl FnMut(u64) -> u64) -> usize {
    let Some(mut rest) = bytes.get(at..) else {
        return bytes.len();
    };
    while let Some((block, behind)) = rest.split_first_chunk::<32>() {
        let (a, b) = halves(block);
        let words = [a as u64, (a >> 64) as u64, b as u64, (b >> 64) as u64];
        for (place, word) in words.into_iter().enumerate() {
            let marks = marks(word);
            if marks != 0 {
                return bytes.len() - rest.len() + 8 * place + first(marks);
            }
        }
        rest = behind;
    }
    find_in_tail(bytes, rest, marks)
}

/// The same in the last few bytes.
#[inline(never)]
fn find_in_tail(bytes: &[u8], mut rest: &[u8], mut marks: impl FnMut(u64) -> u64) -> usize {
    while let Some((word, behind)) = rest.split_first_chunk() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return bytes.len() - rest.len() + first(marks);
        }
        rest = behind;
    }
    // Zeros, which nothing looks for, fill the last word up.
    let mut word = [0; 8];
    word.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
    let marks = marks(u64::from_le_bytes(word));
    if marks == 0 {
        bytes.len()
    } else {
        bytes.len() - rest.len() + first(marks)
    }
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
                // Behind a name there is nearly always the colon and the next text's quote,
                // behind a text the comma and the next name's.
                loop {
                    let close = text_close(bytes, from + 1);
                    if close >= bytes.len() {
                        return Err(Unclosed::Text(from));
                    }
                    from = close + 2;
                    if !matches!(joint(bytes, close), joint::NAME_TEXT | joint::TEXT_NAME) {
                        break;
                    }
                }
                from -= 1;
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

/// The index of the first byte at or after `at` that is no decimal digit; the length if there is none.
#[inline]
pub(in super::super) fn digits_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    if let Some(word) = rest.first_chunk() {
        let values = u64::from_le_bytes(*word) ^ (LOW * u64::from(b'0'));
        // The top bit of what is above nine; by the carry perhaps of ones behind it.
        let others = (values | values.wrapping_add(LOW * (0x80 - 10))) & HIGH;
        if others != 0 {
            return at + first(others);
        }
    }
    at + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// How many bytes two runs of bytes have in common from the first on.
#[inline]
pub(in crate::record) fn common(left: &[u8], right: &[u8]) -> usize {
    // Of one length, so that one count serves for both.
    let length = left.len().min(right.len());
    let (mut left, mut right) = (
        left.get(..length).unwrap_or(&[]),
        right.get(..length).unwrap_or(&[]),
    );
    while let Some((one, behind)) = left.split_first_chunk()
        && let Some((other, other_behind)) = right.split_first_chunk()
    {
        if differ(one, other) {
            return length - left.len() + difference(one, other);
        }
        (left, right) = (behind, other_behind);
    }
    let alike = left
        .iter()
        .zip(right)
        .take_while(|(one, other)| one == other);
    length - left.len() + alike.count()
}

/// Whether two blocks differ, with one branch for all their words.
#[inline(always)]
fn differ(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let ((a, b), (c, d)) = (halves(one), halves(other));
    let (a, b) = (a ^ c, b ^ d);
    // In words, because numbers of 128 bits are compared in more steps.
    (a as u64 | (a >> 64) as u64 | b as u64 | (b >> 64) as u64) != 0
}

/// The first place at which two blocks differ. On its own, so that the loop above need not keep what it
/// has loaded.
#[inline(never)]
fn difference(one: &[u8; 32], other: &[u8; 32]) -> usize {
    let (words, others) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    let mut place = 0;
    for (one, other) in words.iter().zip(others) {
        let marks = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if marks != 0 {
            return place + first(marks);
        }
        place += 8;
    }
    place
}

/// A block as two numbers. The two words of such a number are loaded with their offset as part of
/// the instruction, those of an array are not.
#[inline(always)]
fn halves(block: &[u8; 32]) -> (u128, u128) {
    match (block.first_chunk(), block.last_chunk()) {
        (Some(a), Some(b)) => (u128::from_le_bytes(*a), u128::from_le_bytes(*b)),
        _ => (0, 0),
    }
}

/// Whether all bytes are ASCII.
#[inline]
pub(in crate::record) fn is_ascii(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some((block, behind)) = rest.split_first_chunk() {
        let block = u128::from_le_bytes(*block);
        if (block as u64 | (block >> 64) as u64) & HIGH != 0 {
            return false;
        }
        rest = behind;
    }
    // The last words again, if there are any, cover the rest.
    let last = match (bytes.last_chunk(), bytes.first_chunk(), bytes.last_chunk()) {
        (Some(last), ..) => {
            let last = u128::from_le_bytes(*last);
            last as u64 | (last >> 64) as u64
        }
        (None, Some(first), Some(last)) => u64::from_le_bytes(*first) | u64::from_le_bytes(*last),
        _ => rest.iter().fold(0, |all, byte| all | u64::from(*byte)),
    };
    last & HIGH == 0
}

/// Which byte of a word the lowest mark is in.
#[inline(always)]
fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

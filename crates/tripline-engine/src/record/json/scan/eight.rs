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

/// How many bytes two runs of bytes have in common from the first on.
#[inline]
pub(in crate::record) fn common(left: &[u8], right: &[u8]) -> usize {
    let blocks = left
        .as_chunks::<32>()
        .0
        .iter()
        .zip(right.as_chunks::<32>().0);
    let mut equal = 0;
    for (one, other) in blocks {
        let ((a, b), (c, d)) = (halves(one), halves(other));
        let (a, b) = (a ^ c, b ^ d);
        let [a, b, c, d] = [a as u64, (a >> 64) as u64, b as u64, (b >> 64) as u64];
        // In words, so that there is one branch for all of them.
        if a | b | c | d != 0 {
            return equal
                + match (a, b, c, d) {
                    (0, 0, 0, last) => 24 + first(last),
                    (0, 0, word, _) => 16 + first(word),
                    (0, word, ..) => 8 + first(word),
                    (word, ..) => first(word),
                };
        }
        equal += 32;
    }
    let left = left.get(equal..).unwrap_or(&[]);
    let right = right.get(equal..).unwrap_or(&[]);
    let alike = left
        .iter()
        .zip(right)
        .take_while(|(one, other)| one == other);
    equal + alike.count()
}

/// A block as two numbers. The two words of such a number are loaded with their offset as part of
/// the instruction, those of an array are not.
#[inline(always)]
fn halves(block: &[u8; 32]) -> (u128, u128) {
    let (halves, _) = block.as_chunks::<16>();
    match halves {
        [a, b] => (u128::from_le_bytes(*a), u128::from_le_bytes(*b)),
        _ => (0, 0),
    }
}

/// Whether all bytes are ASCII.
#[inline]
pub(in crate::record) fn is_ascii(bytes: &[u8]) -> bool {
    const ALL: u128 = HIGH as u128 | (HIGH as u128) << 64;
    let (words, rest) = bytes.as_chunks::<16>();
    let all = words
        .iter()
        .fold(0, |all, word| all | u128::from_le_bytes(*word));
    // The last word again, if there is one, covers the rest.
    let last = match bytes.last_chunk() {
        Some(last) => u128::from_le_bytes(*last),
        None => rest.iter().fold(0, |all, byte| all | u128::from(*byte)),
    };
    (all | last) & ALL == 0
}

/// Which byte of a word the lowest mark is in.
#[inline(always)]
fn first(marks: u64) -> usize {
    marks.trailing_zeros() as usize / 8
}

//! The scans sixteen bytes at a time inside texts and 64 inside containers, with SSE2, which
//! every x86-64 processor has.
//!
//! The four functions at the end are all the `unsafe` there is: they make values of values and
//! would be safe if the compiler let what every target has count as detected.
#![allow(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
};

use super::{Unclosed, bytewise, eight};

/// See [`eight::name_end`].
#[inline(always)]
pub(in super::super) fn name_end(bytes: &[u8], at: usize) -> usize {
    let mut from = at;
    while let Some(chunk) = chunk(bytes, from) {
        let marks = equal(chunk, b'"') | equal(chunk, b'\\');
        if marks != 0 {
            return from + marks.trailing_zeros() as usize;
        }
        from += 16;
    }
    eight::name_end(bytes, from)
}

/// See [`eight::text_close`].
#[inline(always)]
pub(in super::super) fn text_close(bytes: &[u8], at: usize) -> usize {
    let mut from = at;
    while let Some(chunk) = chunk(bytes, from) {
        let (quotes, escapes) = (equal(chunk, b'"'), equal(chunk, b'\\'));
        if escapes == 0 {
            if quotes != 0 {
                return from + quotes.trailing_zeros() as usize;
            }
            from += 16;
            continue;
        }
        let mut marks = quotes | escapes;
        let mut next = 16;
        while marks != 0 {
            let place = marks.trailing_zeros();
            if quotes >> place & 1 == 1 {
                return from + place as usize;
            }
            // The escape and the byte behind it are done; that byte may be in the next chunk.
            next = (place as usize + 2).max(16);
            marks &= u32::MAX << (place + 2);
        }
        from += next;
    }
    eight::text_close(bytes, from)
}

/// See [`eight::container_close`].
pub(in super::super) fn container_close(
    bytes: &[u8],
    at: usize,
    room: usize,
) -> Result<usize, Unclosed> {
    let mut from = at;
    let mut depth = 1_usize;
    let mut state = Carry::default();
    loop {
        let brackets = match bytes.get(from..).and_then(<[u8]>::first_chunk) {
            Some(block) => brackets(block, &mut state),
            None => {
                let rest = bytes.get(from..).unwrap_or(&[]);
                if rest.is_empty() {
                    // There is no end: say exactly why.
                    return bytewise::container_close(bytes, at, room);
                }
                let mut block = [b' '; 64];
                block
                    .iter_mut()
                    .zip(rest)
                    .for_each(|(to, byte)| *to = *byte);
                brackets(&block, &mut state)
            }
        };
        let (opens, closes) = (
            brackets.open.count_ones() as usize,
            brackets.close.count_ones() as usize,
        );
        if closes < depth && depth + opens <= room {
            depth = depth + opens - closes;
        } else {
            let mut marks = brackets.open | brackets.close;
            while marks != 0 {
                let place = from + marks.trailing_zeros() as usize;
                if marks & marks.wrapping_neg() & brackets.open != 0 {
                    if depth >= room {
                        return Err(Unclosed::TooDeep(place));
                    }
                    depth += 1;
                } else if depth == 1 {
                    return Ok(place + 1);
                } else {
                    depth -= 1;
                }
                marks &= marks - 1;
            }
        }
        from += 64;
    }
}

/// What one block hands on to the next.
#[derive(Default)]
struct Carry {
    /// All ones if the block ended inside a text.
    in_text: u64,
    /// One if the block ended with a backslash that escapes the next byte.
    escaped: u64,
}

/// The brackets of a block that are not in texts, a bit for each byte.
struct Brackets {
    open: u64,
    close: u64,
}

#[inline(always)]
fn brackets(block: &[u8; 64], carry: &mut Carry) -> Brackets {
    let (mut quotes, mut escapes, mut open, mut close) = (0_u64, 0_u64, 0_u64, 0_u64);
    let (parts, _) = block.as_chunks::<16>();
    for (part, bytes) in parts.iter().enumerate() {
        let chunk = vector(bytes);
        // The brackets of arrays differ from those of objects in this bit alone.
        let folded = either(chunk, 0x20);
        let shift = 16 * part;
        quotes |= u64::from(equal(chunk, b'"')) << shift;
        escapes |= u64::from(equal(chunk, b'\\')) << shift;
        open |= u64::from(equal(folded, b'{')) << shift;
        close |= u64::from(equal(folded, b'}')) << shift;
    }
    if escapes | carry.escaped != 0 {
        let escaped = escaped(escapes, &mut carry.escaped);
        quotes &= !escaped;
        open &= !escaped;
        close &= !escaped;
    }
    let in_text = parity(quotes) ^ carry.in_text;
    carry.in_text = (in_text >> 63).wrapping_neg();
    Brackets {
        open: open & !in_text,
        close: close & !in_text,
    }
}

/// Which bytes are escaped by a backslash in front of them, given where backslashes are. In a run
/// of backslashes every other one escapes; adding and subtracting at the runs' beginnings finds
/// the parity of all of them at once (the method is simdjson's).
#[inline(always)]
fn escaped(escapes: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    let escaping = escapes & !*carry;
    let behind = (escaping << 1 | ODD).wrapping_sub(escaping) ^ ODD;
    let escaped = behind ^ (escapes | *carry);
    *carry = (behind & escapes) >> 63;
    escaped
}

/// For each bit, whether the number of bits set up to and including it is odd: the bytes from
/// each opening quote up to before its closing one.
#[inline(always)]
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[inline(always)]
fn chunk(bytes: &[u8], at: usize) -> Option<__m128i> {
    bytes.get(at..)?.first_chunk().map(vector)
}

/// Sixteen bytes as a vector.
#[inline(always)]
fn vector(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the pointer is to sixteen readable bytes, and this load asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// The same byte sixteen times.
#[inline(always)]
fn all(byte: u8) -> __m128i {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { _mm_set1_epi8(byte.cast_signed()) }
}

/// A bit for each byte that equals `byte`.
#[inline(always)]
fn equal(chunk: __m128i, byte: u8) -> u32 {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, all(byte))).cast_unsigned() }
}

/// `bits` set in each byte.
#[inline(always)]
fn either(chunk: __m128i, bits: u8) -> __m128i {
    // SAFETY: every x86-64 processor has SSE2.
    unsafe { _mm_or_si128(chunk, all(bits)) }
}

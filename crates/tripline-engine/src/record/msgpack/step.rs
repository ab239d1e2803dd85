//! Stepping over MessagePack values by their lengths, without reading them: where most of a record
//! goes by. Called by the walk and by whoever looks into a value found before.
//!
//! What counts is the number of instructions an interpreter executes: a table says how long nearly
//! every value is by its first byte alone, containers add to a number of values still to come, and
//! that nothing leads past the end is checked once, behind the last value.

use crate::record::{ReadError, ReadErrorKind};

/// What the first byte of a value says about its length: below [`LENGTH_8`], the length of the whole
/// value.
type Step = u8;

/// A length of one, two or four bytes follows, then so many bytes.
const LENGTH_8: Step = 64;
const LENGTH_16: Step = 65;
const LENGTH_32: Step = 66;
/// The same with the type of an extension between them.
const EXTENSION_8: Step = 67;
const EXTENSION_16: Step = 68;
const EXTENSION_32: Step = 69;
/// A count of two or four bytes follows, then so many elements or members.
const ARRAY_16: Step = 70;
const ARRAY_32: Step = 71;
const MAP_16: Step = 72;
const MAP_32: Step = 73;
/// No value begins so; also what stands past the end.
const NONE: Step = 127;
/// From here on: as many values follow as the step is above this.
const ITEMS: Step = 128;

static STEPS: [Step; 256] = steps();

const fn steps() -> [Step; 256] {
    let mut steps = [1; 256];
    let mut first = 0;
    while first < 256 {
        #[allow(
            clippy::indexing_slicing,
            clippy::cast_possible_truncation,
            reason = "computed when compiled, and there are 256 bytes"
        )]
        {
            let low = (first & 0x1f) as u8;
            steps[first] = match first {
                0x80..=0x8f => ITEMS + 2 * low,
                0x90..=0x9f => ITEMS + (low & 0x0f),
                0xa0..=0xbf => 1 + low,
                0xc1 => NONE,
                0xc4 | 0xd9 => LENGTH_8,
                0xc5 | 0xda => LENGTH_16,
                0xc6 | 0xdb => LENGTH_32,
                0xc7 => EXTENSION_8,
                0xc8 => EXTENSION_16,
                0xc9 => EXTENSION_32,
                0xcc | 0xd0 => 2,
                0xcd | 0xd1 | 0xd4 => 3,
                0xca | 0xce | 0xd2 => 5,
                0xcb | 0xcf | 0xd3 => 9,
                0xd5 => 4,
                0xd6 => 6,
                0xd7 => 10,
                0xd8 => 18,
                0xdc => ARRAY_16,
                0xdd => ARRAY_32,
                0xde => MAP_16,
                0xdf => MAP_32,
                _ => 1,
            };
        }
        first += 1;
    }
    steps
}

/// The byte at `at`; zero past the end.
#[inline(always)]
fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// What the byte at `at` says.
#[inline(always)]
fn step_at(bytes: &[u8], at: usize) -> Step {
    match bytes.get(at) {
        Some(first) => STEPS.get(usize::from(*first)).copied().unwrap_or(NONE),
        None => NONE,
    }
}

/// Where the value behind the one at `at` begins, or nothing if that takes more than a look at its
/// first two bytes. It may be past the end: that is noticed when something is read there, and must
/// be checked by whoever reads nothing there.
#[inline(always)]
pub(super) fn behind(bytes: &[u8], at: usize) -> Option<usize> {
    let step = step_at(bytes, at);
    if step < LENGTH_8 {
        Some(at + usize::from(step))
    } else if step == LENGTH_8 {
        Some(at + 2 + usize::from(byte(bytes, at + 1)))
    } else {
        None
    }
}

/// The end of the last of the `items` values that begin at `at`, which is within the bytes. What
/// ends too early is told as an incomplete value at `start`.
#[inline(never)]
pub(super) fn step_over(
    bytes: &[u8],
    start: usize,
    mut at: usize,
    mut items: u64,
) -> Result<usize, ReadError> {
    while items > 0 {
        items -= 1;
        let step = step_at(bytes, at);
        if step < LENGTH_8 {
            at += usize::from(step);
        } else if step == LENGTH_8 {
            at += 2 + usize::from(byte(bytes, at + 1));
        } else if step >= ITEMS {
            at += 1;
            items += u64::from(step - ITEMS);
        } else {
            let (end, inside) = far(bytes, at, step).ok_or_else(|| refused(bytes, start, at))?;
            at = end;
            // Every sum of counts that 4 GiB can hold is below 2^64, but not every one claimed.
            items = items.saturating_add(inside);
        }
    }
    if at <= bytes.len() {
        Ok(at)
    } else {
        Err(refused(bytes, start, at))
    }
}

/// The end of what a value with a length or count of several bytes holds itself, and how many values
/// it holds besides.
fn far(bytes: &[u8], at: usize, step: Step) -> Option<(usize, u64)> {
    let behind = bytes.get(at + 1..)?;
    let two = || behind.first_chunk().copied().map(u16::from_be_bytes);
    let four = || behind.first_chunk().copied().map(u32::from_be_bytes);
    let content =
        |fixed: usize, length: usize| Some((at.checked_add(fixed)?.checked_add(length)?, 0));
    let length = |length: u32| usize::try_from(length).ok();
    match step {
        LENGTH_16 => content(3, two()?.into()),
        LENGTH_32 => content(5, length(four()?)?),
        EXTENSION_8 => content(3, (*behind.first()?).into()),
        EXTENSION_16 => content(4, two()?.into()),
        EXTENSION_32 => content(6, length(four()?)?),
        ARRAY_16 => Some((at + 3, two()?.into())),
        ARRAY_32 => Some((at + 5, four()?.into())),
        MAP_16 => Some((at + 3, 2 * u64::from(two()?))),
        MAP_32 => Some((at + 5, 2 * u64::from(four()?))),
        _ => None,
    }
}

#[cold]
fn refused(bytes: &[u8], start: usize, at: usize) -> ReadError {
    if bytes.get(at) == Some(&0xc1) {
        ReadError::new(ReadErrorKind::ReservedByte, at)
    } else {
        ReadError::new(ReadErrorKind::Incomplete, start.min(bytes.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::{Head, What};
    use super::*;

    /// A value with the first byte, filled up with ones.
    fn value(first: u8) -> Vec<u8> {
        let mut bytes = vec![1; 0x0101_0200];
        bytes[0] = first;
        bytes
    }

    #[test]
    fn every_first_byte_is_stepped_over_as_it_is_read() {
        for first in (0..=0xff).filter(|first| *first != 0xc1) {
            let bytes = value(first);
            let head = Head::read(&bytes, 0).unwrap();
            // The items are all the number one.
            let inside = match head.what {
                What::Array(count) => count as usize,
                What::Map(count) => 2 * count as usize,
                _ => 0,
            };
            if head.end + inside > bytes.len() {
                assert!(step_over(&bytes, 0, 0, 1).is_err(), "{first:#x}");
                continue;
            }
            assert_eq!(
                step_over(&bytes, 0, 0, 1),
                Ok(head.end + inside),
                "{first:#x}"
            );
            if let Some(end) = behind(&bytes, 0) {
                assert_eq!(end, head.end + inside, "{first:#x}");
            }
            for cut in 0..(head.end + inside).min(40) {
                let error = step_over(&bytes[..cut], 0, 0, 1).unwrap_err();
                assert!(error.kind.is_incomplete(), "{first:#x} cut to {cut}");
            }
        }
    }

    #[test]
    fn the_reserved_byte_is_refused_where_it_stands() {
        let error = step_over(&[0x92, 0x01, 0xc1], 0, 0, 1).unwrap_err();
        assert_eq!(error, ReadError::new(ReadErrorKind::ReservedByte, 2));
    }

    #[test]
    fn counts_that_no_bytes_follow_end_at_once() {
        let nested = [0xdd, 0xff, 0xff, 0xff, 0xff].repeat(100_000);
        let error = step_over(&nested, 0, 0, u64::MAX).unwrap_err();
        assert_eq!(error, ReadError::new(ReadErrorKind::Incomplete, 0));
    }
}

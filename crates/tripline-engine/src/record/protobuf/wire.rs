//! The fields of a protobuf message, one after the other
//! (<https://protobuf.dev/programming-guides/encoding/>). Used by all that looks into one, and by faces
//! that pass messages on.
//!
//! INVARIANT: what is given lies within the message, whatever its bytes say.

use std::ops::Range;

pub use crate::varint::put as put_varint;

use crate::record::{ReadError, ReadErrorKind};
use crate::varint;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A number of any length.
    Varint(u64),
    /// Eight bytes as a number.
    Eight(u64),
    /// Four bytes, which nothing that is read here has.
    Four,
    /// A text, a byte string or a message: where it is.
    Bytes(Range<usize>),
}

/// The fields of a message.
#[derive(Debug)]
pub struct Fields<'b> {
    bytes: &'b [u8],
    at: usize,
    end: usize,
}

impl<'b> Fields<'b> {
    /// The fields of the message at this place.
    #[inline]
    pub fn of(bytes: &'b [u8], place: Range<usize>) -> Fields<'b> {
        Fields {
            bytes,
            at: place.start,
            end: place.end.min(bytes.len()),
        }
    }

    /// Where the next field begins.
    #[inline]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The number and content of the next field; none at the end.
    ///
    /// # Errors
    /// Where the message ends within a field, or what begins here is none.
    #[inline]
    #[allow(
        clippy::should_implement_trait,
        reason = "an iterator would go on after an error"
    )]
    pub fn next(&mut self) -> Result<Option<(u64, Content)>, ReadError> {
        if self.at >= self.end {
            return Ok(None);
        }
        let begin = self.at;
        let cut = || ReadError::new(ReadErrorKind::Incomplete, begin);
        let tag = self.varint().ok_or_else(cut)?;
        let content = match tag & 7 {
            0 => Content::Varint(self.varint().ok_or_else(cut)?),
            1 => {
                let eight = self.bytes.get(self.at..self.end);
                let eight = eight.and_then(|rest| rest.first_chunk()).ok_or_else(cut)?;
                self.at += 8;
                Content::Eight(u64::from_le_bytes(*eight))
            }
            2 => {
                let length = self
                    .varint()
                    .and_then(|length| usize::try_from(length).ok());
                let length = length.filter(|length| *length <= self.end - self.at);
                let start = self.at;
                self.at += length.ok_or_else(cut)?;
                Content::Bytes(start..self.at)
            }
            5 if self.end - self.at >= 4 => {
                self.at += 4;
                Content::Four
            }
            5 => return Err(cut()),
            // Groups are of a version before the one that is read here, the rest is no kind of field.
            _ => return Err(ReadError::new(ReadErrorKind::BadField, begin)),
        };
        if tag >> 3 == 0 {
            return Err(ReadError::new(ReadErrorKind::BadField, begin));
        }
        Ok(Some((tag >> 3, content)))
    }

    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let rest = self.bytes.get(self.at..self.end)?;
        // Nearly every tag and length is of one byte.
        if let Some(small @ 0..=0x7f) = rest.first() {
            self.at += 1;
            return Some(u64::from(*small));
        }
        // Bits beyond the 64th are cut off, as every reader of protobuf does.
        let mut behind = rest;
        let number = varint::take(&mut behind)?;
        self.at += rest.len() - behind.len();
        Some(number)
    }
}

/// The places of the name and of the value in an entry of a map; of an entry without one, an empty
/// place.
#[inline]
pub(super) fn entry(
    bytes: &[u8],
    place: Range<usize>,
) -> Result<(Range<usize>, Range<usize>), ReadError> {
    let (mut name, mut value) = (place.end..place.end, place.end..place.end);
    let mut fields = Fields::of(bytes, place);
    while let Some((number, content)) = fields.next()? {
        match (number, content) {
            (1, Content::Bytes(place)) => name = place,
            (2, Content::Bytes(place)) => value = place,
            _ => {}
        }
    }
    Ok((name, value))
}

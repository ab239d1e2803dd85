//! One value as its message tells it: `event.Value` of Vector, `AnyValue` of OpenTelemetry. Read for
//! wanted values only; what is not wanted goes by as a field of known length.

use std::ops::Range;

use tripline_lang::value::Encoding;

use super::wire::{Content, Fields};
use crate::record::{ReadError, ReadErrorKind};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A text, which has to be UTF-8: where it is.
    Text(Range<usize>),
    /// A byte string, which may be.
    Bytes(Range<usize>),
    /// Nanoseconds since 1970.
    Instant(i64),
    /// Entries: the place of their message.
    Map(Range<usize>),
    /// Elements likewise.
    Array(Range<usize>),
}

/// The value whose message is at `place`. Of several, which no writer writes, the last counts.
#[inline]
pub(super) fn what(
    bytes: &[u8],
    place: Range<usize>,
    encoding: Encoding,
) -> Result<What, ReadError> {
    let mut fields = Fields::of(bytes, place);
    let mut what = What::Null;
    while let Some((number, content)) = fields.next()? {
        let found = match encoding {
            Encoding::OpenTelemetry => any_value(number, content),
            _ => vector_value(bytes, number, content)?,
        };
        what = found.unwrap_or(what);
    }
    Ok(what)
}

/// A field of `vector.event.Value`; none of one that is not known.
#[inline]
fn vector_value(bytes: &[u8], number: u64, content: Content) -> Result<Option<What>, ReadError> {
    Ok(Some(match (number, content) {
        (1, Content::Bytes(place)) => What::Bytes(place),
        (2, Content::Bytes(place)) => instant(bytes, place)?.map_or(What::Null, What::Instant),
        (4, Content::Varint(number)) => What::Int(number.cast_signed()),
        (5, Content::Eight(bits)) => What::Float(f64::from_bits(bits)),
        (6, Content::Varint(value)) => What::Bool(value != 0),
        (7, Content::Bytes(place)) => What::Map(place),
        (8, Content::Bytes(place)) => What::Array(place),
        (9, Content::Varint(_)) => What::Null,
        _ => return Ok(None),
    }))
}

/// A field of `opentelemetry.proto.common.v1.AnyValue`; none of one that is not known.
#[inline]
fn any_value(number: u64, content: Content) -> Option<What> {
    Some(match (number, content) {
        (1, Content::Bytes(place)) => What::Text(place),
        (2, Content::Varint(value)) => What::Bool(value != 0),
        (3, Content::Varint(number)) => What::Int(number.cast_signed()),
        (4, Content::Eight(bits)) => What::Float(f64::from_bits(bits)),
        (5, Content::Bytes(place)) => What::Array(place),
        (6, Content::Bytes(place)) => What::Map(place),
        (7, Content::Bytes(place)) => What::Bytes(place),
        _ => return None,
    })
}

/// The instant of a `google.protobuf.Timestamp`, if 64 bits can say it.
fn instant(bytes: &[u8], place: Range<usize>) -> Result<Option<i64>, ReadError> {
    let (mut seconds, mut nanoseconds) = (0i64, 0i64);
    let mut fields = Fields::of(bytes, place);
    while let Some((number, content)) = fields.next()? {
        match (number, content) {
            (1, Content::Varint(value)) => seconds = value.cast_signed(),
            (2, Content::Varint(value)) => nanoseconds = value.cast_signed(),
            _ => {}
        }
    }
    if !(0..1_000_000_000).contains(&nanoseconds) {
        return Ok(None);
    }
    let whole = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
    Ok(i64::try_from(whole).ok())
}

/// The text at `place`; none where a byte string is no text.
#[inline]
pub(super) fn text(bytes: &[u8], place: Range<usize>) -> Option<&str> {
    std::str::from_utf8(bytes.get(place)?).ok()
}

/// That a text that has to be UTF-8 is.
pub(super) fn check_text(bytes: &[u8], place: Range<usize>) -> Result<(), ReadError> {
    let content = bytes.get(place.clone()).unwrap_or(&[]);
    std::str::from_utf8(content).map(|_| ()).map_err(|error| {
        ReadError::new(
            ReadErrorKind::InvalidUtf8,
            place.start + error.valid_up_to(),
        )
    })
}

//! Raw records: read in one pass, pulling only the wanted paths.
//!
//! [`Paths`] says what is wanted, a reader ([`json::read`] or [`msgpack::read`]) fills [`Slots`] with
//! where it is, and [`value_of`], [`member`], [`elements`] and [`convert`] make values of it. No
//! tree is built, nothing recurses, and any bytes at all give a result or a [`ReadError`]. Records
//! that say the same give the same values in every encoding.

mod error;
pub mod json;
mod memory;
pub mod msgpack;
mod open;
mod paths;
pub mod protobuf;
mod raw;
mod slots;
#[cfg(test)]
mod tests;
mod text;
mod written;

pub use error::{ReadError, ReadErrorKind};
pub use paths::{Paths, Slot};
pub use raw::{convert, elements, json_text, member, value_of};
pub use slots::{Found, Kind, Slots};

use std::borrow::Cow;

use tripline_lang::value::Encoding;

/// How many objects and arrays may be open inside one another.
pub const MAX_DEPTH: usize = 512;

/// Reads one record of this encoding: fills `slots`, which must have been made for the same `paths`,
/// with where their values are.
#[inline]
pub fn read(
    record: &[u8],
    encoding: Encoding,
    paths: &Paths,
    slots: &mut Slots,
) -> Result<(), ReadError> {
    match encoding {
        Encoding::Json => json::read(record, paths, slots),
        Encoding::MessagePack => msgpack::read(record, paths, slots),
        Encoding::Vector | Encoding::OpenTelemetry => {
            protobuf::read(record, encoding, paths, slots)
        }
    }
}

/// The whole number that was found, where its encoding has such a kind of value.
pub(crate) fn whole(record: &[u8], found: Found) -> Option<i64> {
    let bytes = found.bytes(record);
    match found.encoding {
        Encoding::Json => None,
        Encoding::MessagePack => msgpack::whole(bytes),
        Encoding::Vector | Encoding::OpenTelemetry => protobuf::whole(bytes, found.encoding),
    }
}

/// A whole record as JSON text: as written, or what says the same. `None` for bytes that are no record,
/// or one nested deeper than [`MAX_DEPTH`].
pub fn record_text(record: &[u8], encoding: Encoding) -> Option<Cow<'_, str>> {
    match encoding {
        Encoding::Json => std::str::from_utf8(record).ok().map(Cow::Borrowed),
        Encoding::MessagePack => msgpack::json_text(record).map(Cow::Owned),
        Encoding::Vector | Encoding::OpenTelemetry => {
            protobuf::record_text(record, encoding).map(Cow::Owned)
        }
    }
}

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
mod raw;
mod slots;
#[cfg(test)]
mod tests;
mod text;

pub use error::{ReadError, ReadErrorKind};
pub use paths::{Paths, Slot};
pub use raw::{convert, elements, json_text, member, value_of};
pub use slots::{Found, Kind, Slots};

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
    }
}

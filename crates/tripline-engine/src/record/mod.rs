//! Raw records: read in one pass, pulling only the wanted paths.
//!
//! [`Paths`] says what is wanted, a reader ([`json::read`]) fills [`Slots`] with where it is, and
//! [`value_of`], [`member`], [`elements`] and [`convert`] make values of it. No tree is built,
//! nothing recurses, and any bytes at all give a result or a [`ReadError`].

mod error;
pub mod json;
mod paths;
mod raw;
mod slots;
#[cfg(test)]
mod tests;
mod text;

pub use error::{ReadError, ReadErrorKind};
pub use paths::{Paths, Slot};
pub use raw::{convert, elements, member, value_of};
pub use slots::{Found, Kind, Slots};

/// How many brackets may be open inside one another.
pub const MAX_DEPTH: usize = 512;

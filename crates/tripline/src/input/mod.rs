//! Where records come from: files, folders and standard input, plain or compressed.
//!
//! The way of the bytes: `paths` says which inputs there are, `open` maps or streams each one,
//! [`framing`] cuts it into [`Block`]s at record borders, [`Feed`] hands the blocks of all inputs out, in
//! the order of their event times where that is asked for (`clock`), and says with each how far its input
//! has been read (`place`). INVARIANT: the blocks of an input, put together, are its bytes (after
//! decompression); nothing is left out, so that what is only annotated or filtered passes unharmed.

mod block;
mod clock;
mod current;
mod feed;
pub(crate) mod framing;
mod live;
mod open;
mod paths;
mod place;

pub(crate) use block::{Block, Kind, Origin, Source};
pub(crate) use clock::Clock;
pub(crate) use feed::{Entry, Feed, Piece, Reading};
pub(crate) use open::{Look, STANDARD, lasting, will_be_mapped};
pub(crate) use paths::{Input, inputs};
pub(crate) use place::{About, FileId, Mark};

/// About how many bytes a block has. Large enough that handing it over costs nothing, small enough
/// that a few of them fit in a processor's cache.
pub(crate) const BLOCK: usize = 1 << 20;

/// How much of a record that is longer than allowed is kept for the dead letter.
pub(crate) const KEPT_OF_TOO_LONG: usize = 64 << 10;

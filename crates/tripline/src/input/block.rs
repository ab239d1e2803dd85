//! A run of whole records of one input: what is handed to a scanner in one go, and what its
//! findings refer back to by index.

use std::ops::Range;
use std::sync::Arc;

use memmap2::Mmap;

use super::framing::{self, lines};
use super::place::{About, Mark};

/// One input, as it is named to people.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path as given or found, or `<stdin>`.
    pub(crate) name: String,
    /// Its number among the inputs, for as long as a state is kept.
    pub(crate) index: usize,
    /// Which file it is; none where it could not be opened.
    pub(crate) about: Option<About>,
}

/// A run of bytes that begins and ends at record borders.
pub(crate) struct Block {
    source: Arc<Source>,
    bytes: Bytes,
    kind: Kind,
    stored: u64,
    /// Where the inputs stand: see [`Block::from`].
    from: Option<i64>,
    /// How far its input has been read with it: see [`Block::mark`].
    mark: Option<Mark>,
}

/// Where a block's bytes are.
enum Bytes {
    /// Read or decompressed into memory.
    Owned(Vec<u8>),
    /// In a mapped file.
    Mapped(Arc<Mmap>, Range<usize>),
}

/// How records lie in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One a line, or several where a line is an array or an envelope.
    Lines,
    /// At these places, told by the document around them.
    Values(Vec<Range<usize>>),
    /// (A part of) one record that is longer than the limit.
    TooLong {
        /// The part with which the record begins.
        first: bool,
    },
}

/// The place of a record in the mapped inputs, in one number that the engine hands through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) u64);

impl Origin {
    /// How many bits are for the place in the input; the rest are for the input's index.
    const PLACE: u32 = 40;

    /// None for what one number cannot hold: a place beyond 1 TiB, an index beyond 2^22.
    fn new(input: usize, place: usize) -> Option<Origin> {
        let (input, place) = (u64::try_from(input).ok()?, u64::try_from(place).ok()?);
        (input >> 22 == 0 && place >> Origin::PLACE == 0)
            .then_some(Origin(input << Origin::PLACE | place))
    }

    /// The index of the input, and the place in it.
    pub(crate) fn parts(self) -> (usize, usize) {
        let place = self.0 & ((1 << Origin::PLACE) - 1);
        let input = usize::try_from(self.0 >> Origin::PLACE).unwrap_or(usize::MAX);
        (input, usize::try_from(place).unwrap_or(usize::MAX))
    }
}

impl Block {
    /// A block of bytes in memory; `stored` is how many bytes of the input as stored (compressed) were
    /// read for it.
    pub(crate) fn owned(source: Arc<Source>, bytes: Vec<u8>, kind: Kind, stored: u64) -> Block {
        Block {
            source,
            bytes: Bytes::Owned(bytes),
            kind,
            stored,
            from: None,
            mark: None,
        }
    }

    /// A block of a mapped file.
    pub(crate) fn mapped(
        source: Arc<Source>,
        map: Arc<Mmap>,
        at: Range<usize>,
        kind: Kind,
    ) -> Block {
        let stored = at.len() as u64;
        Block {
            source,
            bytes: Bytes::Mapped(map, at),
            kind,
            stored,
            from: None,
            mark: None,
        }
    }

    /// The input it comes from.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The event time from which on this block and what is not read yet may bring events, nanoseconds
    /// since 1970; none where there is but one input. The same for every run over the same inputs.
    pub(crate) fn from(&self) -> Option<i64> {
        self.from
    }

    /// Says where the inputs stand.
    pub(super) fn set_from(&mut self, from: Option<i64>) {
        self.from = from;
    }

    /// How far its input has been read when this block has been taken in.
    pub(crate) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// Says how far its input has been read.
    pub(super) fn set_mark(&mut self, mark: Mark) {
        self.mark = Some(mark);
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Owned(bytes) => bytes,
            Bytes::Mapped(map, at) => map.get(at.clone()).unwrap_or_default(),
        }
    }

    /// Where the record at `at` can be found again while the run lasts: in a mapped file.
    pub(crate) fn origin(&self, at: usize) -> Option<Origin> {
        match &self.bytes {
            Bytes::Owned(_) => None,
            Bytes::Mapped(_, all) => Origin::new(self.source.index, all.start.saturating_add(at)),
        }
    }

    /// The mapped file it lies in.
    pub(crate) fn map(&self) -> Option<&Arc<Mmap>> {
        match &self.bytes {
            Bytes::Owned(_) => None,
            Bytes::Mapped(map, _) => Some(map),
        }
    }

    /// How many bytes of the input as stored were read for it.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// How records lie in it.
    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether a record longer than the limit begins here.
    pub(crate) fn begins_too_long(&self) -> bool {
        self.kind == Kind::TooLong { first: true }
    }

    /// Puts the places of its records into `records` and says how many line ends it has.
    pub(crate) fn records(&self, records: &mut Vec<Range<usize>>) -> u64 {
        records.clear();
        match &self.kind {
            Kind::Lines => lines::records(self.bytes(), records),
            Kind::Values(places) => {
                records.extend_from_slice(places);
                framing::line_ends(self.bytes())
            }
            Kind::TooLong { .. } => framing::line_ends(self.bytes()),
        }
    }
}

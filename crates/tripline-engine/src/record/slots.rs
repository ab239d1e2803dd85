//! What was found in one record: for each wanted path the range of the record's bytes that holds
//! its value. Filled by a reader, read by the expressions; reused from record to record, so that
//! nothing is allocated.

use tripline_lang::value::Encoding;

use super::memory::Memory;
use super::open::Bits;
use super::paths::{Node, Paths, Slot};
use super::{json, msgpack, protobuf};

/// The values found in one record.
#[derive(Debug, Clone)]
pub struct Slots {
    /// Meaningful only for slots that are `filled`, so that it need not be cleared.
    found: Vec<Found>,
    /// The slots that were found.
    filled: Bits,
    /// The slots that can still be found: those that were not, are not known to be absent and are not
    /// settled by another.
    open: Bits,
    /// Containers that are being read; lives here so that it is allocated once.
    pub(super) frames: Vec<Frame>,
    /// The same of a protobuf record.
    pub(super) messages: Vec<protobuf::Open>,
    /// JSON records read before, along which the next ones are read.
    pub(super) memory: Memory<json::Template>,
    /// The same of MessagePack records.
    pub(super) packed_memory: Memory<msgpack::Template>,
}

/// A value found in a record. It may stand for nothing but the record it was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What kind of value it is.
    pub kind: Kind,
    /// How it and its record are encoded.
    pub encoding: Encoding,
    /// Its first byte: of a JSON text the quote, of any other text what stands behind its length.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

/// The kinds of value in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`, and of encodings but JSON all that counts as missing: empty text, NaN, unknown extensions.
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number, of any size.
    Number,
    /// A text without escapes: what is between the quotes, if it has any, is the text.
    Text,
    /// A text with escapes.
    EscapedText,
    /// An object.
    Object,
    /// An array.
    Array,
    /// A timestamp that is one by its encoding.
    Instant,
}

/// A container that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Its node in the paths.
    pub(super) node: usize,
    /// Its opening bracket.
    pub(super) start: usize,
    /// Of an array, the index of the element that is read next.
    pub(super) element: u32,
    /// Of a MessagePack container, how many members or elements are still to come.
    pub(super) left: u32,
    /// It is an array.
    pub(super) array: bool,
}

const NOTHING: Found = Found {
    kind: Kind::Null,
    encoding: Encoding::Json,
    start: 0,
    end: 0,
};

impl Found {
    /// Offsets are below 4 GiB: longer records are refused before they are read.
    #[inline(always)]
    pub(super) fn new(encoding: Encoding, kind: Kind, start: usize, end: usize) -> Found {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Found {
            kind,
            encoding,
            start: offset(start),
            end: offset(end),
        }
    }

    /// The bytes of a text without escapes, of JSON without its quotes.
    #[inline]
    pub(crate) fn text(self, record: &[u8]) -> Option<&[u8]> {
        let bytes = self.bytes(record);
        match self.encoding {
            Encoding::Json => bytes.get(1..bytes.len().checked_sub(1)?),
            _ => Some(bytes),
        }
    }

    /// Null and empty text (of JSON, two quotes) are missing: an alternative may still have a value.
    #[inline(always)]
    pub(super) fn is_missing(self) -> bool {
        match self.kind {
            Kind::Null => true,
            Kind::Text => self.encoding == Encoding::Json && self.end - self.start <= 2,
            _ => false,
        }
    }

    /// The value's bytes in the record it was found in.
    pub fn bytes(self, record: &[u8]) -> &[u8] {
        record
            .get(self.start as usize..self.end as usize)
            .unwrap_or(&[])
    }
}

impl Slots {
    /// Room for what `paths` can find.
    pub fn new(paths: &Paths) -> Self {
        let mut slots = Slots {
            found: Vec::new(),
            filled: Bits::default(),
            open: Bits::default(),
            frames: Vec::with_capacity(paths.depth()),
            messages: Vec::new(),
            memory: Memory::default(),
            packed_memory: Memory::default(),
        };
        slots.clear(paths);
        slots
    }

    /// What was found at the slot's path in the record that was read last.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<Found> {
        if !self.filled.has(slot) {
            return None;
        }
        self.found.get(slot).copied()
    }

    /// Makes ready for the next record.
    pub(super) fn clear(&mut self, paths: &Paths) {
        self.frames.clear();
        self.found.resize(paths.len(), NOTHING);
        self.filled.fill(paths.len(), false);
        self.open.fill(paths.len(), true);
    }

    /// Whether something at the node or below it can still be found.
    #[inline(always)]
    pub(super) fn wants(&self, paths: &Paths, number: usize) -> bool {
        paths
            .node(number)
            .is_some_and(|node| self.open.any(&node.below))
    }

    /// Notes a whole value, which was read at the node, for the path that ends there, if one does and it
    /// was not found before. What was not found at the node or below it is not there.
    #[inline(always)]
    pub(super) fn note(&mut self, node: &Node, found: Found) {
        if let Some(slot) = node.slot
            && self.open.has(slot)
        {
            self.put(slot, found);
            if !found.is_missing() {
                self.open.remove(&node.done);
                return;
            }
        }
        self.open.remove(&node.below);
    }

    /// Notes likewise the container that begins at the node; something in it may be wanted.
    #[inline]
    pub(super) fn note_begun(&mut self, node: &Node, found: Found) {
        if let Some(slot) = node.slot
            && self.open.has(slot)
        {
            self.put(slot, found);
            self.open.remove(&node.settled);
        }
    }

    /// Notes a value for a slot without counting what is still wanted: for a reader that knows.
    #[inline]
    pub(super) fn put(&mut self, slot: Slot, found: Found) {
        if let Some(place) = self.found.get_mut(slot) {
            *place = found;
            self.filled.set(slot);
        }
    }

    /// Completes the container that was noted for `slot` when it began at `start`.
    pub(super) fn complete(&mut self, slot: Slot, start: usize, end: usize) {
        if let Some(place) = self.found.get_mut(slot)
            && self.filled.has(slot)
            && place.start as usize == start
        {
            place.end = u32::try_from(end).unwrap_or(u32::MAX);
        }
    }

    /// The container at the node has been read: what was not found at it or below it is not there.
    #[inline(always)]
    pub(super) fn close(&mut self, node: &Node) {
        self.open.remove(&node.below);
    }
}

//! What was found in one record: for each wanted path the range of the record's bytes that holds
//! its value. Filled by a reader, read by the expressions; reused from record to record, so that
//! nothing is allocated.

use tripline_lang::value::Encoding;

use super::json::Memory;
use super::paths::{Branch, Node, Paths, ROOT, Slot};

/// The values found in one record.
#[derive(Debug, Clone)]
pub struct Slots {
    /// Meaningful only where the state says so, so that it need not be cleared.
    found: Vec<Found>,
    states: Vec<State>,
    /// What is still wanted, for each node of the paths.
    branches: Vec<Branch>,
    /// Containers that are being read; lives here so that it is allocated once.
    pub(super) frames: Vec<Frame>,
    /// A record read before, along which the next ones are read.
    pub(super) memory: Memory,
}

/// A value found in a record. It may stand for nothing but the record it was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What kind of value it is.
    pub kind: Kind,
    /// How it and its record are encoded.
    pub encoding: Encoding,
    /// Its first byte: of a JSON text the quote, of a MessagePack text what stands behind its length.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

/// The kinds of value in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`, and of MessagePack all that counts as missing: empty text, NaN, unknown extensions.
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
    /// A timestamp of MessagePack.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Can still be found.
    Open,
    /// Is not there, or is not needed any more.
    Absent,
    Found,
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
            Encoding::MessagePack => Some(bytes),
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
        Slots {
            found: vec![NOTHING; paths.len()],
            states: vec![State::Open; paths.len()],
            branches: paths.branches().to_vec(),
            frames: Vec::with_capacity(paths.depth()),
            memory: Memory::default(),
        }
    }

    /// What was found at the slot's path in the record that was read last.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<Found> {
        let found = self.states.get(slot) == Some(&State::Found);
        self.found.get(slot).copied().filter(|_| found)
    }

    /// Makes ready for the next record.
    pub(super) fn clear(&mut self, paths: &Paths) {
        self.frames.clear();
        self.states.clear();
        self.states.resize(paths.len(), State::Open);
        self.found.resize(paths.len(), NOTHING);
        self.branches.clear();
        self.branches.extend_from_slice(paths.branches());
    }

    /// How many slots at the node or below it can still be found.
    #[inline(always)]
    pub(super) fn pending(&self, node: usize) -> u32 {
        self.branches.get(node).map_or(0, |branch| branch.pending)
    }

    /// Notes the value of the path that ends at the node `number`, if one does and it was not
    /// found before.
    #[inline(always)]
    pub(super) fn note(&mut self, paths: &Paths, number: usize, node: &Node, found: Found) {
        let Some(slot) = node.slot else { return };
        let (Some(state), Some(place)) = (self.states.get_mut(slot), self.found.get_mut(slot))
        else {
            return;
        };
        if *state != State::Open {
            return;
        }
        *state = State::Found;
        *place = found;
        self.lower(number, 1);
        if node.settles && !found.is_missing() {
            self.settle(paths, slot);
        }
    }

    /// Notes a value for a slot without counting what is still wanted: for a reader that knows.
    #[inline]
    pub(super) fn put(&mut self, slot: Slot, found: Found) {
        if let (Some(state), Some(place)) = (self.states.get_mut(slot), self.found.get_mut(slot)) {
            *state = State::Found;
            *place = found;
        }
    }

    fn settle(&mut self, paths: &Paths, slot: Slot) {
        for &other in paths.settled_by(slot) {
            if let Some(state) = self
                .states
                .get_mut(other)
                .filter(|state| **state == State::Open)
            {
                *state = State::Absent;
                self.lower(paths.node_of(other), 1);
            }
        }
    }

    /// Completes the container that was noted for `slot` when it began at `start`.
    pub(super) fn complete(&mut self, slot: Slot, start: usize, end: usize) {
        let found = self.states.get(slot) == Some(&State::Found);
        if let Some(place) = self.found.get_mut(slot)
            && found
            && place.start as usize == start
        {
            place.end = u32::try_from(end).unwrap_or(u32::MAX);
        }
    }

    /// The node's value has been read: what was not found at it or below it is not there. The
    /// root needs none of that: behind it comes nothing.
    #[inline(always)]
    pub(super) fn close(&mut self, paths: &Paths, number: usize) {
        if self.pending(number) > 0 && number != ROOT {
            self.abandon(paths, number);
        }
    }

    #[inline(never)]
    fn abandon(&mut self, paths: &Paths, number: usize) {
        self.lower(number, self.pending(number));
        let end = paths.node(number).map_or(number, |node| node.end);
        for below in number..end {
            // A node with nothing pending has nothing open either.
            if let Some(branch) = self
                .branches
                .get_mut(below)
                .filter(|branch| branch.pending > 0 || below == number)
            {
                branch.pending = 0;
                let slot = paths.node(below).and_then(|node| node.slot);
                if let Some(state) = slot.and_then(|slot| self.states.get_mut(slot))
                    && *state == State::Open
                {
                    *state = State::Absent;
                }
            }
        }
    }

    /// Takes `by` from the node and every node above it.
    #[inline(always)]
    fn lower(&mut self, number: usize, by: u32) {
        let mut at = number;
        while let Some(branch) = self.branches.get_mut(at) {
            branch.pending = branch.pending.wrapping_sub(by);
            if at == ROOT {
                return;
            }
            at = branch.parent as usize;
        }
    }
}

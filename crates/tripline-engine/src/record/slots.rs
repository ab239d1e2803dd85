//! What was found in one record: for each wanted path the range of the record's bytes that holds
//! its value. Filled by a reader, read by the expressions; reused from record to record, so that
//! nothing is allocated.

use super::paths::{Paths, ROOT, Slot};

/// The values found in one record.
#[derive(Debug, Clone)]
pub struct Slots {
    found: Vec<Entry>,
    /// For each node of the paths, how many slots at it or below it can still be found.
    pending: Vec<u32>,
    /// Containers that are being read; lives here so that it is allocated once.
    pub(super) frames: Vec<Frame>,
}

/// A value found in a record. It may stand for nothing but the record it was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// What kind of value it is.
    pub kind: Kind,
    /// Its first byte; of a text, the quote.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

/// The kinds of value in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number, of any size.
    Number,
    /// A text without escapes: what is between the quotes is the text.
    Text,
    /// A text with escapes.
    EscapedText,
    /// An object.
    Object,
    /// An array.
    Array,
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
    /// It is an array.
    pub(super) array: bool,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    found: Found,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Can still be found.
    Open,
    /// Is not there, or is not needed any more.
    Absent,
    Found,
}

const OPEN: Entry = Entry {
    found: Found {
        kind: Kind::Null,
        start: 0,
        end: 0,
    },
    state: State::Open,
};

impl Found {
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
            found: vec![OPEN; paths.len()],
            pending: paths.pending().to_vec(),
            frames: Vec::with_capacity(paths.depth()),
        }
    }

    /// What was found at the slot's path in the record that was read last.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<Found> {
        let entry = self.found.get(slot)?;
        (entry.state == State::Found).then_some(entry.found)
    }

    /// Makes ready for the next record.
    pub(super) fn clear(&mut self, paths: &Paths) {
        self.frames.clear();
        self.found.clear();
        self.found.resize(paths.len(), OPEN);
        self.pending.clear();
        self.pending.extend_from_slice(paths.pending());
    }

    /// How many slots at the node or below it can still be found.
    #[inline(always)]
    pub(super) fn pending(&self, node: usize) -> u32 {
        self.pending.get(node).copied().unwrap_or(0)
    }

    /// Notes the value of the path that ends at `node`, if one does and it was not found before.
    #[inline]
    pub(super) fn note(&mut self, paths: &Paths, node: usize, found: Found) {
        let Some(slot) = paths.node(node).and_then(|node| node.slot) else {
            return;
        };
        let Some(entry) = self.found.get_mut(slot) else {
            return;
        };
        if entry.state != State::Open {
            return;
        }
        *entry = Entry {
            found,
            state: State::Found,
        };
        self.lower(paths, node, 1);
        // Null and empty text (two quotes) are missing: an alternative may still have a value.
        let usable = match found.kind {
            Kind::Null => false,
            Kind::Text => found.end - found.start > 2,
            _ => true,
        };
        if usable {
            for &other in paths.settled_by(slot) {
                if let Some(entry) = self
                    .found
                    .get_mut(other)
                    .filter(|entry| entry.state == State::Open)
                {
                    entry.state = State::Absent;
                    self.lower(paths, paths.node_of(other), 1);
                }
            }
        }
    }

    /// Completes the container that was noted for `node` when it began at `start`.
    #[inline]
    pub(super) fn complete(&mut self, paths: &Paths, node: usize, start: usize, end: usize) {
        let Some(slot) = paths.node(node).and_then(|node| node.slot) else {
            return;
        };
        if let Some(entry) = self.found.get_mut(slot)
            && entry.state == State::Found
            && entry.found.start as usize == start
        {
            entry.found.end = u32::try_from(end).unwrap_or(u32::MAX);
        }
    }

    /// The node's value has been read: what was not found at it or below it is not there.
    #[inline(always)]
    pub(super) fn close(&mut self, paths: &Paths, node: usize) {
        if self.pending(node) > 0 {
            self.abandon(paths, node);
        }
    }

    #[cold]
    fn abandon(&mut self, paths: &Paths, node: usize) {
        let left = self.pending(node);
        self.lower(paths, node, left);
        let Some(end) = paths.node(node).map(|node| node.end) else {
            return;
        };
        for below in node..end {
            if let Some(count) = self.pending.get_mut(below) {
                *count = 0;
            }
            let slot = paths.node(below).and_then(|node| node.slot);
            if let Some(entry) = slot.and_then(|slot| self.found.get_mut(slot))
                && entry.state == State::Open
            {
                entry.state = State::Absent;
            }
        }
    }

    /// Takes `by` from the node and every node above it.
    #[inline]
    fn lower(&mut self, paths: &Paths, node: usize, by: u32) {
        let mut at = node;
        loop {
            if let Some(count) = self.pending.get_mut(at) {
                *count = count.saturating_sub(by);
            }
            match paths.node(at) {
                Some(node) if at != ROOT => at = node.parent,
                _ => return,
            }
        }
    }
}

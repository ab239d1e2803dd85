//! What a reader remembers of the records it has read: for each of the shapes in which they come one
//! that it took apart, to read the next ones along it. Used by the readers of both encodings; what
//! they find does not depend on it.

use super::paths::{Paths, ROOT, Slot};
use super::{Found, Slots};
use crate::pack::same;

/// A record taken apart.
pub(super) trait Example: Sized {
    /// The bytes of its beginning: a record that begins otherwise has another shape.
    fn head(&self) -> &[u8];

    /// Takes a record apart; nothing if it is not fit to be an example.
    fn learn(bytes: &[u8], paths: &Paths) -> Option<Self>;
}

/// The examples of a reader: one for each of the shapes in which records come.
#[derive(Debug, Clone)]
pub(super) struct Memory<E> {
    known: Vec<Known<E>>,
    /// How many records without an example are read before one of them is taken apart.
    wait: u32,
}

#[derive(Debug, Clone)]
struct Known<E> {
    example: E,
    /// How many more of the last records left it than kept to it.
    left: u32,
}

impl<E> Default for Memory<E> {
    fn default() -> Self {
        Memory {
            known: Vec::new(),
            wait: 0,
        }
    }
}

impl<E: Example> Memory<E> {
    /// So many records must leave an example, or be read without one, before another is made,
    /// because that costs as much as reading a few.
    const PATIENCE: u32 = 32;
    /// The oldest of more goes.
    const MOST: usize = 4;

    /// The example for a record, by its beginning: one that begins with the same member, because
    /// where another one comes first the rest is different too.
    #[inline]
    pub(super) fn like(&self, bytes: &[u8]) -> Option<usize> {
        self.known.iter().position(|known| {
            let head = known.example.head();
            let other = bytes.get(..head.len());
            other.is_some_and(|other| same(head, other))
        })
    }

    /// The example at an index.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&E> {
        self.known.get(at).map(|known| &known.example)
    }

    /// How many more records left their example, or had none, than kept to it.
    #[cfg(test)]
    pub(super) fn strayed(&self) -> (usize, u32, u32) {
        let left = self.known.iter().map(|known| known.left).sum();
        (self.known.len(), self.wait, left)
    }

    /// A record kept to the example from its first byte to the last wanted one.
    #[inline]
    pub(super) fn kept(&mut self, at: usize) {
        if let Some(known) = self.known.get_mut(at) {
            known.left = known.left.saturating_sub(1);
        }
    }

    /// A record, which could be read, left its example, or had none.
    pub(super) fn left(&mut self, at: Option<usize>, bytes: &[u8], paths: &Paths) {
        match at.and_then(|at| self.known.get_mut(at)) {
            Some(known) => {
                known.left += 1;
                if known.left < Self::PATIENCE {
                    return;
                }
            }
            None if self.wait > 0 => {
                self.wait -= 1;
                return;
            }
            None => {}
        }
        let oldest = (self.known.len() >= Self::MOST).then_some(0);
        if let Some(gone) = at.or(oldest) {
            self.known.remove(gone);
        }
        let example = E::learn(bytes, paths);
        self.known
            .extend(example.map(|example| Known { example, left: 0 }));
        self.wait = Self::PATIENCE;
    }
}

/// How many of the values that a record has for slots, in their order, must be found before nothing
/// more is wanted; more than there are, if something stays wanted.
pub(super) fn enough(paths: &Paths, values: impl Iterator<Item = (Slot, Found)>) -> usize {
    let mut slots = Slots::new(paths);
    for (at, (slot, found)) in values.enumerate() {
        if let Some(node) = paths.node(paths.node_of(slot)) {
            slots.note(node, found);
        }
        if !slots.wants(paths, ROOT) {
            return at + 1;
        }
    }
    usize::MAX
}

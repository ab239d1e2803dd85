//! The one block of memory of a key that has few events: how it is laid out, read and cut.

use super::event::{Packed, remove};
use super::run::Run;

/// What stands in front of the key of a block.
pub(super) const FRONT: usize = 3;

/// A block of a key.
pub(super) struct Block<'s> {
    pub(super) key: &'s [u8],
    /// For each step how many events it has.
    pub(super) counts: &'s [u8],
    pub(super) events: Packed<'s>,
}

/// The key of a block, and what follows it.
#[inline]
pub(super) fn key_of(block: &[u8]) -> (u8, &[u8], &[u8]) {
    let ([steps, low, high], rest) = block.split_first_chunk().unwrap_or((&[0; FRONT], &[]));
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let (key, rest) = rest.split_at_checked(length).unwrap_or_default();
    (*steps, key, rest)
}

impl<'s> Block<'s> {
    #[inline]
    pub(super) fn of(block: &'s [u8]) -> Block<'s> {
        let (steps, key, rest) = key_of(block);
        let (counts, rest) = rest
            .split_at_checked(usize::from(steps))
            .unwrap_or_default();
        let count = counts.iter().map(|count| usize::from(*count)).sum();
        Block {
            key,
            counts,
            events: Packed::new(rest, count),
        }
    }

    /// Where the events of a step begin among all, and where they end.
    #[inline]
    pub(super) fn range(&self, step: usize) -> std::ops::Range<usize> {
        let mut from = 0;
        for (at, count) in self.counts.iter().enumerate() {
            let upto = from + usize::from(*count);
            if at == step {
                return from..upto;
            }
            from = upto;
        }
        from..from
    }

    #[inline]
    pub(super) fn run(&self, step: usize) -> Run<'s> {
        Run::of(self.events, self.range(step))
    }

    /// How long what stands before the events is.
    pub(super) fn front(&self) -> usize {
        FRONT + self.key.len() + self.counts.len()
    }
}

/// Drops the first events of a step of a block.
pub(super) fn drop_first(block: &mut Vec<u8>, step: usize, count: usize) {
    let of = Block::of(block);
    let from = of.range(step).start;
    let (front, counted, events) = (of.front(), FRONT + of.key.len() + step, of.events.len());
    remove(block, front, events, from..from + count);
    if let Some(left) = block.get_mut(counted) {
        *left -= count as u8;
    }
}

/// Gives memory back that a block has more of than one that grows is given.
pub(super) fn shrink(block: &mut Vec<u8>) {
    if block.len() + block.len() / 4 + 32 <= block.capacity() {
        block.shrink_to_fit();
    }
}

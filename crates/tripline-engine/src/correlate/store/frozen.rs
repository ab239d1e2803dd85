//! What a store held at one instant, written piece by piece into a snapshot while events come and
//! go. Before anything of a key changes, what it held is written aside, unless it is written already.
//!
//! INVARIANT: every change of a key's events is preceded by [`Store::save`]; a key that was there
//! when the store was frozen is written exactly once, one that came later never.

use super::{KeySlot, KeyState, Store};
use crate::correlate::snapshot::{Position, put_events};

/// About how many bytes of one key are written at once.
const PART: usize = 4096;

/// What of a frozen store is still to be written.
pub(super) struct Frozen {
    /// The rule, as the snapshot numbers it, and the snapshot's base of times.
    rule: u32,
    base: i64,
    /// Slots from here on were added later.
    slots: usize,
    /// A bit for each slot: nothing of it is to be written any more.
    done: Vec<u64>,
    /// The slot that is written next, and from where.
    at: usize,
    from: Position,
    /// What was written aside and is not part of the snapshot's bytes yet.
    saved: Vec<u8>,
}

impl Frozen {
    fn is_done(&self, slot: usize) -> bool {
        let word = self.done.get(slot / 64).copied().unwrap_or(u64::MAX);
        word >> (slot % 64) & 1 == 1
    }

    fn set_done(&mut self, slot: usize) {
        if let Some(word) = self.done.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    /// Writes aside what is left of a key that is about to change.
    fn save(&mut self, slot: usize, state: &KeyState) {
        if slot >= self.slots || self.is_done(slot) {
            return;
        }
        self.set_done(slot);
        if state.is_empty() {
            return;
        }
        let mut from = if slot == self.at {
            Some(self.from)
        } else {
            Some(Position::default())
        };
        while let Some(position) = from {
            let (rule, base) = (self.rule, self.base);
            from = put_events(rule, base, state, position, usize::MAX, &mut self.saved);
        }
    }
}

impl Store {
    /// Holds on to what is retained now, for a snapshot.
    pub(in crate::correlate) fn freeze(&mut self, rule: u32, base: i64) {
        self.frozen = Some(Box::new(Frozen {
            rule,
            base,
            slots: self.keys.len(),
            done: vec![0; self.keys.len().div_ceil(64)],
            at: 0,
            from: Position::default(),
            saved: Vec::new(),
        }));
    }

    /// Lets go of what was frozen.
    pub(in crate::correlate) fn thaw(&mut self) {
        self.frozen = None;
    }

    /// Called before anything of a key changes; without a snapshot in progress only a check.
    #[inline]
    pub(super) fn save(&mut self, slot: KeySlot) {
        if let Some(frozen) = &mut self.frozen
            && let Some(state) = self.keys.get(slot as usize)
        {
            frozen.save(slot as usize, state);
        }
    }

    /// Whole chunks that were written aside; empty if nothing was.
    pub(in crate::correlate) fn take_saved(&mut self) -> Vec<u8> {
        let frozen = self.frozen.as_mut();
        frozen.map_or_else(Vec::new, |frozen| std::mem::take(&mut frozen.saved))
    }

    /// Appends about `budget` bytes of what was frozen; false when nothing is left.
    pub(in crate::correlate) fn write_frozen(&mut self, budget: usize, out: &mut Vec<u8>) -> bool {
        let Some(frozen) = &mut self.frozen else {
            return false;
        };
        let upto = out.len().saturating_add(budget);
        // Going past what needs no writing costs something too.
        let mut passed = 0;
        while frozen.at < frozen.slots {
            if out.len().saturating_add(passed) >= upto {
                return true;
            }
            let state = self.keys.get(frozen.at);
            let next = match state.filter(|state| !state.is_empty() && !frozen.is_done(frozen.at)) {
                Some(state) => put_events(frozen.rule, frozen.base, state, frozen.from, PART, out),
                None => {
                    passed += 1;
                    None
                }
            };
            match next {
                Some(position) => frozen.from = position,
                None => {
                    frozen.set_done(frozen.at);
                    frozen.at += 1;
                    frozen.from = Position::default();
                }
            }
        }
        false
    }
}

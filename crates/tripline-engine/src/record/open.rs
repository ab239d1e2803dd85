//! Which slots can still be found while a record is read, a bit each, and sets of slots to ask about and
//! to close at once: those at a node or below it, those that another one settles. Used by
//! [`super::slots`] and made by [`super::paths`].
//!
//! What counts is the number of instructions an interpreter executes: a set that lies within 64 slots,
//! as nearly all do, is asked about in one step.

use std::collections::BTreeMap;

use super::paths::Slot;

/// One bit for each slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    /// Of the first 64 slots.
    first: u64,
    /// Of the next ones.
    more: Vec<u64>,
}

/// Some slots of all.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Those among the first 64 slots.
    first: u64,
    /// The words of [`Bits::more`] in which there are others, and their bits there.
    more: Box<[(usize, u64)]>,
}

impl Bits {
    /// Bits for so many slots, all set or none.
    #[inline]
    pub(super) fn fill(&mut self, slots: usize, set: bool) {
        let word = if set { u64::MAX } else { 0 };
        self.first = word;
        if slots > 64 {
            self.more.clear();
            self.more.resize((slots - 64).div_ceil(64), word);
        }
    }

    /// The word and the bit of a slot that is not among the first 64.
    fn far(&mut self, slot: Slot) -> Option<(&mut u64, u64)> {
        let word = self.more.get_mut((slot - 64) / 64)?;
        Some((word, 1 << (slot % 64)))
    }

    /// Whether the slot's bit is set.
    #[inline(always)]
    pub(super) fn has(&self, slot: Slot) -> bool {
        if slot < 64 {
            return self.first >> slot & 1 != 0;
        }
        self.has_far(slot)
    }

    #[inline(never)]
    fn has_far(&self, slot: Slot) -> bool {
        let word = self.more.get((slot - 64) / 64);
        word.is_some_and(|word| word >> (slot % 64) & 1 != 0)
    }

    /// Sets a slot's bit.
    #[inline(always)]
    pub(super) fn set(&mut self, slot: Slot) {
        if slot < 64 {
            self.first |= 1 << slot;
        } else if let Some((word, bit)) = self.far(slot) {
            *word |= bit;
        }
    }

    /// Whether any of the group is set.
    #[inline(always)]
    pub(super) fn any(&self, of: &Group) -> bool {
        self.first & of.first != 0 || (!of.more.is_empty() && self.any_more(of))
    }

    #[inline(never)]
    fn any_more(&self, of: &Group) -> bool {
        let mut more = of.more.iter();
        more.any(|(at, group)| self.more.get(*at).is_some_and(|word| word & group != 0))
    }

    /// Takes the bits of the group away.
    #[inline(always)]
    pub(super) fn remove(&mut self, of: &Group) {
        self.first &= !of.first;
        if !of.more.is_empty() {
            self.remove_more(of);
        }
    }

    #[inline(never)]
    fn remove_more(&mut self, of: &Group) {
        for (at, group) in &of.more {
            if let Some(word) = self.more.get_mut(*at) {
                *word &= !group;
            }
        }
    }
}

impl Group {
    /// The slots, in any order.
    pub(super) fn new(slots: impl IntoIterator<Item = Slot>) -> Group {
        let mut first = 0;
        let mut words = BTreeMap::new();
        for slot in slots {
            let bit = 1 << (slot % 64);
            match slot.checked_sub(64) {
                None => first |= bit,
                Some(far) => *words.entry(far / 64).or_insert(0) |= bit,
            }
        }
        let more = words.into_iter().collect();
        Group { first, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_asked_about_and_taken_away_wherever_their_slots_are() {
        for slots in [vec![], vec![0], vec![63, 64], vec![3, 70, 190], vec![130]] {
            let group = Group::new(slots.iter().copied());
            let mut bits = Bits::default();
            bits.fill(200, true);
            assert_eq!(bits.any(&group), !slots.is_empty());
            bits.remove(&group);
            assert!(!bits.any(&group));
            for slot in 0..200 {
                assert_eq!(
                    bits.has(slot),
                    !slots.contains(&slot),
                    "{slot} of {slots:?}"
                );
            }
            for slot in slots {
                bits.set(slot);
                assert!(bits.any(&group) && bits.has(slot));
                bits.remove(&Group::new([slot]));
                assert!(!bits.any(&group));
            }
        }
    }
}

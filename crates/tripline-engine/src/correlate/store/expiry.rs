//! What goes from a store: what the watermark has left behind, and the oldest where a limit is reached.
//! Called when the watermark moves and when the state is over its limit.
//!
//! INVARIANT: a key that is there has one entry in the queue, at the time at which the first of its events
//! goes or somewhat after it; a key is removed with its last event.

use std::hint::black_box;

use super::{KeySlot, KeyState, Store};
use crate::program::RuleProgram;

/// How many events of a full step are dropped at once, so that a full step costs no more an event.
pub(super) const EVICTED_AT_ONCE: usize = 64;

/// How many keys are read together when they expire.
const LOOKED_AT_ONCE: usize = 32;

/// A store of fewer keys lies in the cache, so that nothing waits for memory.
const IN_CACHE: usize = 4096;

impl Store {
    /// Drops what the watermark has left behind, with some slack.
    pub(crate) fn expire(&mut self, rule: &RuleProgram, watermark: i64) {
        if self.keys.len() < IN_CACHE {
            while let Some((_, slot)) = self.expiry.pop_before(watermark) {
                self.expire_key(rule, watermark, slot, None);
            }
            return;
        }
        let mut due = Vec::with_capacity(LOOKED_AT_ONCE);
        loop {
            let next = std::iter::from_fn(|| self.expiry.pop_before(watermark));
            due.extend(next.take(LOOKED_AT_ONCE).map(|(_, slot)| (slot, 0)));
            if due.is_empty() {
                return;
            }
            self.touch(&mut due);
            for (slot, hash) in due.drain(..) {
                self.expire_key(rule, watermark, slot, Some(hash));
            }
        }
    }

    /// Reads what is needed of some keys and fills in their hashes: one after the other each would wait for
    /// memory, together they wait as long as one.
    fn touch(&self, keys: &mut [(KeySlot, u64)]) {
        let mut touched = 0;
        for (slot, _) in &*keys {
            touched ^= self.get(*slot).map_or(0, KeyState::touch);
        }
        black_box(touched);
        let mut touched = 0;
        for (slot, hash) in keys {
            *hash = self.get(*slot).map_or(0, |state| self.hash(state.key()));
            touched ^= self.index.touch(*hash);
        }
        black_box(touched);
    }

    /// Drops what the watermark has left behind of a key, whose hash this is if it is known.
    fn expire_key(&mut self, rule: &RuleProgram, watermark: i64, slot: KeySlot, hash: Option<u64>) {
        let Some(state) = self.get(slot) else { return };
        let due = state.due(&self.reach, watermark);
        if due.all {
            let hash = hash.unwrap_or_else(|| self.hash(state.key()));
            self.events -= due.gone as u64;
            self.remove_key(slot, hash);
            return;
        }
        self.count(slot, |counting, key, runs| {
            let before = watermark.saturating_sub(rule.within);
            counting.expire(rule, key, runs, watermark, before);
        });
        if due.gone > 0 {
            self.save(slot);
            if let Some(state) = self.keys.get_mut(slot as usize) {
                self.bytes -= state.bytes();
                state.drop_due(&self.reach, watermark);
                self.bytes += state.bytes();
                self.events -= due.gone as u64;
            }
        }
        // Not at every small step of the watermark, so that a busy key is seldom gone through.
        let soonest = watermark.saturating_add(self.expiry.width().saturating_mul(2));
        self.expiry.push(due.next.max(soonest), slot);
    }

    /// When the event that will go first goes; none where nothing is retained.
    pub(crate) fn first_expiry(&self) -> Option<i64> {
        self.expiry.first_time()
    }

    /// What is to go first where something must: the oldest events (one where there are few) of a
    /// step of the key that would expire first. [`Store::evict`] must follow.
    pub(crate) fn oldest(&mut self) -> Option<(KeySlot, usize, usize)> {
        loop {
            let (_, slot) = self.expiry.pop_before(i64::MAX)?;
            let Some((first, step)) = self.first_of(slot) else {
                let hash = self.get(slot).map_or(0, |state| self.hash(state.key()));
                self.remove_key(slot, hash);
                continue;
            };
            let run = self.get(slot)?.run(step);
            let count = (run.len() / 8 + 1).min(EVICTED_AT_ONCE);
            // Back in the queue, because what is left will expire.
            self.expiry.push(first, slot);
            return Some((slot, step, count));
        }
    }

    /// Drops the first events of a step of a key before their time; gives how many.
    pub(crate) fn evict(
        &mut self,
        rule: &RuleProgram,
        slot: KeySlot,
        step: usize,
        count: usize,
    ) -> u64 {
        let dropped = self.drop_oldest(slot, step, count);
        self.count(slot, |counting, key, runs| {
            counting.add_up(rule, key, runs);
        });
        dropped
    }

    fn drop_oldest(&mut self, slot: KeySlot, step: usize, count: usize) -> u64 {
        self.save(slot);
        let Some(state) = self.keys.get_mut(slot as usize) else {
            return 0;
        };
        let count = count.min(state.run(step).len());
        self.bytes -= state.bytes();
        state.drop_first(step, count);
        self.bytes += state.bytes();
        self.events -= count as u64;
        count as u64
    }

    /// When the first event of a key expires, and of which step it is.
    fn first_of(&self, slot: KeySlot) -> Option<(i64, usize)> {
        let steps = self.get(slot)?.runs().enumerate();
        let firsts = steps.filter_map(|(step, run)| {
            run.first()
                .map(|event| (self.expires(step, event.time), step))
        });
        firsts.min()
    }

    pub(super) fn expires(&self, step: usize, time: i64) -> i64 {
        time.saturating_add(self.reach.get(step).copied().unwrap_or(0))
    }
}

//! The account of the state, and what goes when it is over its limit.

use super::queue::TimeQueue;
use super::recent::Recent;
use super::store::{KeySlot, Store};
use super::{State, Waiting};
use crate::detection::Sink;
use crate::program::Program;

impl State {
    /// Adds up what the stores retain.
    pub(super) fn sum_up_stores(&mut self) {
        self.stored_bytes = self.stores.iter().map(Store::bytes).sum();
        self.stored_events = self.stores.iter().map(Store::events).sum();
    }

    /// Brings the accounted state up to date.
    pub(super) fn account(&mut self) {
        let identities = (self.known_events.len() + self.given.len()) * Recent::BYTES;
        let waiting = self.waiting.len() + self.ripening.len();
        let waiting = waiting * TimeQueue::<Waiting>::BYTES + self.waiting_bytes;
        self.stats.state_bytes = self.stored_bytes + identities + waiting;
        self.stats.retained_events = self.stored_events;
    }

    /// Drops the oldest while the state is over its limit: retained events first, and if that is not
    /// enough, what else is remembered, by moving the watermark on.
    pub(super) fn keep_limit(&mut self, program: &Program, sink: &mut dyn Sink) {
        self.account();
        while self.stats.state_bytes > self.options.max_state {
            let stores = self.stores.iter().enumerate();
            let expiries =
                stores.filter_map(|(at, store)| store.first_expiry().map(|time| (time, at)));
            let first = expiries.min().map(|(_, at)| at);
            if let Some(at) = first {
                // Where all keys of the store turn out to be empty, they are gone now.
                if let Some((slot, step, count)) = self.oldest_of(at) {
                    self.evict(program, at, slot, step, count, sink);
                }
            } else if let Some(time) = self.known_events.passes_earliest() {
                // What comes later than this is too late from now on, and is counted as that. The newest
                // events are the last to go.
                let before = self.known_events.remembered();
                let newest = self.newest.unwrap_or(time);
                self.pass(
                    program,
                    time.min(newest).max(self.watermark.saturating_add(1)),
                    sink,
                );
                self.stats.evicted += before.saturating_sub(self.known_events.remembered()) as u64;
                if self.known_events.remembered() == before && self.watermark > newest {
                    break;
                }
            } else if !self.settle_earliest(program, sink) {
                break;
            }
            self.account();
        }
        self.stats.peak_state_bytes = self.stats.peak_state_bytes.max(self.stats.state_bytes);
    }

    /// What is to go first of a rule's store: how many events of which step of a key.
    fn oldest_of(&mut self, rule_index: usize) -> Option<(KeySlot, usize, usize)> {
        let store = self.stores.get_mut(rule_index)?;
        self.stored_bytes -= store.bytes();
        let oldest = store.oldest();
        self.stored_bytes += store.bytes();
        oldest
    }

    /// Settles what waits for the earliest time, though what could change it may still come: the last that
    /// can be dropped. False if nothing waits.
    fn settle_earliest(&mut self, program: &Program, sink: &mut dyn Sink) -> bool {
        let before = self.waiting.len() + self.ripening.len() + self.given.len();
        if let Some(time) = self.waiting.first_time() {
            let upto = time.saturating_add(self.waiting.width());
            self.settle(program, upto, sink);
        } else if let Some(time) = self.ripening.first_time() {
            let upto = time.saturating_add(self.ripening.width());
            while self.ripening.pop_before(upto).is_some() {}
        } else if let Some(time) = self.given.passes_earliest() {
            self.given.forget_before(time);
        }
        self.waiting.len() + self.ripening.len() + self.given.len() < before
    }

    /// Drops the oldest events of a step of a key. Final events that wait are settled first: with
    /// what is known, which is the best that can be done for them.
    pub(super) fn evict(
        &mut self,
        program: &Program,
        rule_index: usize,
        slot: KeySlot,
        step: usize,
        count: usize,
        sink: &mut dyn Sink,
    ) {
        let Some(rule) = program.rules.get(rule_index) else {
            return;
        };
        if rule.steps.get(step).is_some_and(|step| step.is_final) {
            self.settle_first(program, (rule_index, slot, step), count, sink);
        }
        if let Some(store) = self.stores.get_mut(rule_index) {
            self.stored_bytes -= store.bytes();
            let evicted = store.evict(rule, slot, step, count);
            self.stored_bytes += store.bytes();
            self.stored_events -= evicted;
            self.count_evicted(rule_index, evicted);
        }
    }

    pub(super) fn count_evicted(&mut self, rule_index: usize, evicted: u64) {
        self.stats.evicted += evicted;
        if let Some(stats) = self.stats.rules.get_mut(rule_index) {
            stats.evicted += evicted;
        }
    }
}

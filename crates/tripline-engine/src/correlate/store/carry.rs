//! What restoring and reloading need of a store: where a run ends, which runs are too long, and
//! every event packed anew.

use super::{KeySlot, Order, Place, Store};
use crate::correlate::carry::Repack;
use crate::program::{Program, RuleProgram};

impl Store {
    /// An empty store for each rule of a set.
    pub(in crate::correlate) fn for_rules(program: &Program, lateness: i64) -> Vec<Store> {
        let rules = program.rules.iter();
        rules.map(|rule| Store::new(rule, lateness)).collect()
    }

    /// The order of the last event of a step of a key.
    pub(in crate::correlate) fn last(&self, place: Place, step: usize) -> Option<Order> {
        let last = self.get(place.slot?)?.run(step).last();
        last.map(|event| event.order())
    }

    /// Where more than `limit` events of a step are retained for a key, and how many more.
    pub(in crate::correlate) fn over(&self, limit: usize) -> Vec<(KeySlot, usize, usize)> {
        let mut over = Vec::new();
        for (slot, state) in (0..).zip(&self.keys) {
            for (step, run) in state.runs().enumerate() {
                if run.len() > limit {
                    over.push((slot, step, run.len() - limit));
                }
            }
        }
        over
    }

    /// Adds up anew what is counted for each key, because the events are packed in another way, or
    /// were put in without being counted.
    pub(in crate::correlate) fn add_up(&mut self, rule: &RuleProgram) {
        for slot in 0..self.keys.len() {
            let slot = KeySlot::try_from(slot).unwrap_or(KeySlot::MAX);
            self.count(slot, |counting, key, runs| {
                counting.add_up(rule, key, runs);
            });
        }
    }

    /// The slot of each key that is there.
    pub(in crate::correlate) fn slots(&self) -> Vec<KeySlot> {
        let slots = (0..).zip(&self.keys);
        slots
            .filter(|(_, state)| !state.is_empty())
            .map(|(slot, _)| slot)
            .collect()
    }

    /// Packs every event anew, for each step in its way. No snapshot may be in progress.
    pub(in crate::correlate) fn repack(&mut self, steps: &[Repack]) {
        if steps.iter().all(Repack::is_nothing) {
            return;
        }
        for state in &mut self.keys {
            if state.is_empty() {
                continue;
            }
            self.bytes -= state.bytes();
            state.repack(|step, fields| match steps.get(step) {
                Some(repack) => repack.fields(fields),
                None => fields.into(),
            });
            self.bytes += state.bytes();
        }
    }
}

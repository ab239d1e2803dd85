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
        let run = self.get(place.slot?)?.steps.get(step)?;
        run.last().map(super::Event::order)
    }

    /// Where more than `limit` events of a step are retained for a key, and how many more.
    pub(in crate::correlate) fn over(&self, limit: usize) -> Vec<(KeySlot, usize, usize)> {
        let mut over = Vec::new();
        for (slot, state) in (0..).zip(&self.keys) {
            for (step, run) in state.steps.iter().enumerate() {
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
            self.count(slot, |counting, key, steps| {
                counting.add_up(rule, key, steps);
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
        for state in &mut self.keys {
            for (run, repack) in state.steps.iter_mut().zip(steps) {
                if repack.is_nothing() {
                    continue;
                }
                for event in run {
                    self.bytes -= event.bytes();
                    event.fields = repack.fields(&event.fields);
                    self.bytes += event.bytes();
                }
            }
        }
    }
}

//! What restoring and reloading need of a store: where a run ends, which runs are too long, and
//! every event packed anew.

use super::{KeySlot, Place, Store};
use crate::correlate::carry::Repack;
use crate::program::Program;
use crate::scan::Identity;

impl Store {
    /// An empty store for each rule of a set.
    pub(in crate::correlate) fn for_rules(program: &Program, lateness: i64) -> Vec<Store> {
        let rules = program.rules.iter();
        rules
            .map(|rule| Store::new(rule.steps.len(), rule.within, lateness))
            .collect()
    }

    /// The order of the last event of a step of a key.
    pub(in crate::correlate) fn last(&self, place: Place, step: usize) -> Option<(i64, Identity)> {
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

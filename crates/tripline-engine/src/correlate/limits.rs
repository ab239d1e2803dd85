//! The account of the state, and what goes when it is over its limit.

use super::recent::Recent;
use super::{State, Waiting};
use crate::detection::Sink;
use crate::program::Program;

impl State {
    /// Brings the accounted state up to date.
    pub(super) fn account(&mut self) {
        let identities = (self.known_events.len() + self.given.len()) * Recent::BYTES;
        let waiting = self.waiting.len() * size_of::<(i64, Waiting)>() + self.waiting_bytes;
        self.stats.state_bytes = self.stored_bytes + identities + waiting;
        self.stats.retained_events = self.stored_events;
    }

    /// Drops the oldest while the state is over its limit: retained events first, and if that is not
    /// enough, what else is remembered, by moving the watermark on.
    pub(super) fn keep_limit(&mut self, program: &Program, sink: &mut dyn Sink) {
        self.account();
        while self.stats.state_bytes > self.options.max_state {
            let oldest = self.stores.iter().enumerate();
            let oldest =
                oldest.filter_map(|(at, store)| store.first_expiry().map(|time| (time, at)));
            let evicted = oldest.min().and_then(|(_, at)| {
                let store = self.stores.get_mut(at)?;
                self.stored_bytes -= store.bytes();
                let evicted = store.evict_oldest();
                self.stored_bytes += store.bytes();
                self.stored_events -= evicted?;
                Some((at, evicted?))
            });
            if let Some((at, evicted)) = evicted {
                self.count_evicted(at, evicted);
                self.account();
            } else if let Some(time) = self.known_events.passes_earliest() {
                // What comes later than this is too late from now on, and is counted as that.
                self.pass(program, time.max(self.watermark).saturating_add(1), sink);
            } else {
                break;
            }
        }
        self.stats.peak_state_bytes = self.stats.peak_state_bytes.max(self.stats.state_bytes);
    }

    pub(super) fn count_evicted(&mut self, rule_index: usize, evicted: u64) {
        self.stats.evicted += evicted;
        if let Some(stats) = self.stats.rules.get_mut(rule_index) {
            stats.evicted += evicted;
        }
    }
}

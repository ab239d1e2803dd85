//! Another rule set takes over between two records. What a rule of the new set can go on with it
//! goes on with ([`super::carry`]); what none can is settled with what is known, and dropped.
//!
//! INVARIANT: watermark, known identities, given detections and the fates stay as they are, so that
//! nothing is taken or given twice because of a reload.

use std::collections::HashSet;
use std::sync::Arc;

use super::carry::{Kept, Plan, RuleOutcome};
use super::queue::TimeQueue;
use super::store::Store;
use super::{SingleEvent, State, Waiting};
use crate::detection::Sink;
use crate::program::RuleSet;
use crate::stats::Stats;

/// What a reload changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// What became of the state of each rule: the new rules in their order, then those that are gone.
    pub rules: Vec<RuleOutcome>,
    /// A snapshot was in progress, and was given up: it is to be begun again.
    pub snapshot_cancelled: bool,
}

impl State {
    /// Goes on with the rules `new` where `old` were in force.
    pub(super) fn reload(&mut self, old: &RuleSet, new: &RuleSet, sink: &mut dyn Sink) -> Reloaded {
        let plan = Plan::new(Kept::of(old.program()), new.program());
        let snapshot_cancelled = self.cancel_snapshot();
        let kept = self.settle_dropped(old, &plan, sink);
        let events: Vec<u64> = self.stores.iter().map(Store::events).collect();
        let mut went_on = HashSet::new();
        let mut stores = Store::for_rules(new.program(), self.lateness);
        for (at, mut store) in self.stores.drain(..).enumerate() {
            if let Some((rule, repack)) = plan.kept(at)
                && let (Some(place), Some(program)) =
                    (stores.get_mut(rule), new.program().rules.get(rule))
            {
                store.repack(repack);
                store.add_up(program);
                *place = store;
                went_on.insert(rule);
            }
        }
        // What a rule that begins now would have kept of the events before is not known.
        let begun = self.newest.unwrap_or(i64::MIN);
        for (rule, store) in stores.iter_mut().enumerate() {
            if !went_on.contains(&rule) {
                store.begun = begun;
            }
        }
        self.stores = stores;
        for (time, waiting) in kept {
            self.waiting.push(time, waiting);
        }
        self.ripening = TimeQueue::new(self.lateness);
        self.let_ripen(new.program());
        let before = std::mem::replace(&mut self.stats, Stats::new(new));
        self.stats.go_on(before, &plan.successors);
        self.fit_to(new.program());
        self.sum_up_stores();
        self.keep_limit(new.program(), sink);
        Reloaded {
            rules: plan.outcomes(&events),
            snapshot_cancelled,
        }
    }

    /// Empties the queue of what waits: what no rule goes on with is settled now, the rest is given
    /// back as the new rules number and keep it.
    fn settle_dropped(
        &mut self,
        old: &RuleSet,
        plan: &Plan,
        sink: &mut dyn Sink,
    ) -> Vec<(i64, Waiting)> {
        let mut kept = Vec::new();
        let mut dropped = TimeQueue::new(self.lateness);
        let mut kept_bytes = 0;
        for (time, mut waiting) in self.waiting.drain() {
            let Some((to, repack)) = plan.kept(waiting.rule()) else {
                dropped.push(time, waiting);
                continue;
            };
            match &mut waiting {
                Waiting::Stored(stored) => {
                    waiting = Waiting::stored(to, stored.slot, stored.identity.whole());
                }
                Waiting::Single { rule, event } => {
                    *rule = u32::try_from(to).unwrap_or(u32::MAX);
                    if let Some(repack) = repack.first()
                        && !repack.is_nothing()
                    {
                        *event = Arc::new(SingleEvent {
                            time: event.time,
                            identity: event.identity,
                            fields: repack.fields(&event.fields),
                        });
                    }
                    kept_bytes += event.bytes();
                }
            }
            kept.push((time, waiting));
        }
        self.waiting = dropped;
        self.settle(old.program(), i64::MAX, sink);
        self.waiting = TimeQueue::new(self.lateness);
        self.waiting_bytes = kept_bytes;
        kept
    }
}

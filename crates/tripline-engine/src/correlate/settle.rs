//! The watermark moves: what it has passed is final, is reported in the order of time and id, and
//! is dropped.

use super::bindings::{Match, single};
use super::store::{Event, Store};
use super::{State, Waiting};
use crate::detection::{self, Sink};
use crate::program::Program;
use crate::stats::Stats;

impl State {
    /// Moves the watermark, if that is forward: settles what it has passed, in the order of time
    /// and id, and drops what has expired.
    pub(super) fn pass(&mut self, program: &Program, watermark: i64, sink: &mut dyn Sink) {
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        self.settle(program, sink);
        if watermark >= self.expire_at {
            self.expire_at = watermark.saturating_add(self.expire_step);
            for store in &mut self.stores {
                store.expire(watermark);
            }
            self.stored_bytes = self.stores.iter().map(Store::bytes).sum();
            self.stored_events = self.stores.iter().map(Store::events).sum();
        }
        self.known_events.forget_before(watermark);
        self.given.forget_before(watermark);
        self.account();
        self.stats.watermark = Some(self.watermark).filter(|at| *at != i64::MAX);
    }

    fn settle(&mut self, program: &Program, sink: &mut dyn Sink) {
        let mut next = self.waiting.pop_before(self.watermark);
        while let Some((time, first)) = next {
            // All that has the same time is settled together, so that ids can order it.
            let mut due = vec![first];
            loop {
                next = self.waiting.pop_before(self.watermark);
                match next {
                    Some((other, waiting)) if other == time => due.push(waiting),
                    _ => break,
                }
            }
            let mut found: Vec<(usize, Match<'_>)> = Vec::new();
            for waiting in &due {
                match waiting {
                    Waiting::Single { rule, event } => {
                        let rule_index = &(*rule as usize);
                        self.waiting_bytes -= event.bytes();
                        let Some(rule) = program.rules.get(*rule_index) else {
                            continue;
                        };
                        found.push((*rule_index, single(rule, event, self.options.today)));
                    }
                    Waiting::Stored {
                        rule,
                        slot,
                        identity,
                    } => {
                        let rule_index = &(*rule as usize);
                        let (Some(rule), Some(store)) =
                            (program.rules.get(*rule_index), self.stores.get(*rule_index))
                        else {
                            continue;
                        };
                        let Some(state) = store.get(*slot) else {
                            continue;
                        };
                        let finals = state.steps.last().map_or(&[][..], Vec::as_slice);
                        let at = finals.binary_search_by_key(&(time, *identity), Event::order);
                        // It is not there if a limit has evicted it since; that was counted.
                        let Some(last) = at.ok().and_then(|at| finals.get(at)) else {
                            continue;
                        };
                        let mut search = self.options.search(rule, state, last, None);
                        let matches = search.run();
                        if search.budget == 0
                            && let Some(stats) = self.stats.rules.get_mut(*rule_index)
                        {
                            stats.search_limited += 1;
                        }
                        let new = matches
                            .into_iter()
                            .filter(|one| !self.given.contains(one.id));
                        found.extend(new.map(|one| (*rule_index, one)));
                    }
                }
            }
            found.sort_by_key(|(_, one)| one.id);
            for (rule_index, one) in &found {
                report(program, &mut self.stats, *rule_index, one, None, sink);
            }
        }
    }
}

/// Counts a match and gives it to the sink.
pub(super) fn report(
    program: &Program,
    stats: &mut Stats,
    rule_index: usize,
    found: &Match<'_>,
    record: Option<usize>,
    sink: &mut dyn Sink,
) {
    if let Some(stats) = stats.rules.get_mut(rule_index) {
        if found.excluded.is_empty() {
            stats.detections += 1;
        } else {
            stats.excluded += 1;
        }
        for exclusion in &found.excluded {
            if let Some((_, count)) = stats.exclusions.get_mut(*exclusion) {
                *count += 1;
            }
        }
    }
    if (found.excluded.is_empty() || sink.wants_suppressed())
        && let Some(view) = detection::view(program, rule_index, found, record)
    {
        sink.detection(view);
    }
}

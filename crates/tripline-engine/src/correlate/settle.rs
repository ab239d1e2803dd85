//! The watermark moves: what it has passed is final, is reported in the order of time and id, and
//! is dropped.

use std::collections::HashMap;

use super::bindings::{Match, Search};
use super::recent::Recent;
use super::store::{Event, KeySlot, Store};
use super::{State, Waiting};
use crate::detection::{self, Sink};
use crate::options::Options;
use crate::program::Program;
use crate::scan::Identity;
use crate::stats::Stats;

impl State {
    /// Moves the watermark to where the newest event, or what holds it, lets it be.
    pub(super) fn move_on(&mut self, program: &Program, sink: &mut dyn Sink) {
        if let Some(newest) = self.newest {
            let stands = newest.min(self.held_at);
            self.pass(program, stands.saturating_sub(self.lateness), sink);
        }
    }

    /// Moves the watermark, if that is forward: settles what it has passed, in the order of time
    /// and id, and drops what has expired.
    pub(super) fn pass(&mut self, program: &Program, watermark: i64, sink: &mut dyn Sink) {
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        self.settle(program, watermark, sink);
        if watermark >= self.expire_at {
            self.expire_at = watermark.saturating_add(self.expire_step);
            for store in &mut self.stores {
                store.expire(watermark);
            }
            self.sum_up_stores();
        }
        self.known_events.forget_before(watermark);
        self.given.forget_before(watermark);
        self.account();
        self.stats.watermark = Some(self.watermark).filter(|at| *at != i64::MAX);
    }

    /// Settles what waits for a watermark up to this, all that has the same time together, so that
    /// ids can order it.
    pub(super) fn settle(&mut self, program: &Program, upto: i64, sink: &mut dyn Sink) {
        let mut next = self.waiting.pop_before(upto);
        while let Some((time, first)) = next {
            let mut due = vec![first];
            loop {
                next = self.waiting.pop_before(upto);
                match next {
                    Some((other, waiting)) if other == time => due.push(waiting),
                    _ => break,
                }
            }
            for waiting in &due {
                if let Waiting::Single { event, .. } = waiting {
                    self.waiting_bytes -= event.bytes();
                }
            }
            let (known, stats) = self.known(program);
            let mut found: Vec<(usize, Match<'_>)> = Vec::new();
            // One budget for all final events of a key at this instant.
            let mut budgets: HashMap<(u32, KeySlot), usize> = HashMap::new();
            for waiting in &due {
                match waiting {
                    Waiting::Single { rule, event } => {
                        let rule_index = *rule as usize;
                        if let Some(rule) = program.rules.get(rule_index) {
                            let one = Match::of_one(rule, event, known.options.today);
                            found.push((rule_index, one));
                        }
                    }
                    Waiting::Stored {
                        rule,
                        slot,
                        identity,
                    } => {
                        let budget = budgets
                            .entry((*rule, *slot))
                            .or_insert(known.options.max_bindings);
                        let place = (*rule as usize, *slot, (time, *identity));
                        let limited = known.matches(place, budget, &mut found);
                        if limited && let Some(stats) = stats.rules.get_mut(*rule as usize) {
                            stats.search_limited += 1;
                        }
                    }
                }
                // More than anybody reads, but it must fit in memory.
                if found.len() > known.options.max_bindings {
                    give(program, stats, &mut found, sink);
                }
            }
            give(program, stats, &mut found, sink);
        }
    }

    /// Settles those of the first `count` final events of a key that still wait, before they are
    /// dropped: what the watermark has passed is settled, even where it is not gone yet.
    pub(super) fn settle_first(
        &mut self,
        program: &Program,
        rule_index: usize,
        slot: KeySlot,
        count: usize,
        sink: &mut dyn Sink,
    ) {
        let watermark = self.watermark;
        let (known, stats) = self.known(program);
        let store = known.stores.get(rule_index);
        let state = store.and_then(|store| store.get(slot));
        let finals = state.and_then(|state| state.steps.last());
        let mut found = Vec::new();
        let mut budget = known.options.max_bindings;
        for event in finals.into_iter().flatten().take(count) {
            if event.waiting && event.time >= watermark {
                known.matches((rule_index, slot, event.order()), &mut budget, &mut found);
            }
        }
        give(program, stats, &mut found, sink);
    }

    /// What is looked at to settle final events, apart from what is counted meanwhile.
    fn known<'s>(&'s mut self, program: &'s Program) -> (Known<'s>, &'s mut Stats) {
        let known = Known {
            program,
            stores: &self.stores,
            options: &self.options,
            given: &self.given,
        };
        (known, &mut self.stats)
    }
}

/// What final events are settled with.
struct Known<'s> {
    program: &'s Program,
    stores: &'s [Store],
    options: &'s Options,
    given: &'s Recent,
}

impl<'s> Known<'s> {
    /// Adds the matches of a final event, which is not there if a limit has dropped it since; tells
    /// whether not all could be tried.
    fn matches(
        &self,
        (rule_index, slot, event): (usize, KeySlot, (i64, Identity)),
        budget: &mut usize,
        found: &mut Vec<(usize, Match<'s>)>,
    ) -> bool {
        let rule = self.program.rules.get(rule_index);
        let (Some(rule), Some(store)) = (rule, self.stores.get(rule_index)) else {
            return false;
        };
        let Some(state) = store.get(slot) else {
            return false;
        };
        let finals = state.steps.last().map_or(&[][..], Vec::as_slice);
        let at = finals.binary_search_by_key(&event, Event::order);
        let Some(last) = at.ok().and_then(|at| finals.get(at)) else {
            return false;
        };
        let mut search = Search {
            rule,
            state,
            last,
            only: None,
            today: self.options.today,
            budget: *budget,
        };
        let matches = search.run();
        *budget = search.budget;
        for one in matches {
            if !self.given.contains(one.id) {
                found.push((rule_index, one));
            }
        }
        *budget == 0
    }
}

/// Reports matches in the order of their ids.
fn give(
    program: &Program,
    stats: &mut Stats,
    found: &mut Vec<(usize, Match<'_>)>,
    sink: &mut dyn Sink,
) {
    found.sort_by_key(|(_, one)| one.id);
    for (rule_index, one) in found.drain(..) {
        report(program, stats, rule_index, &one, None, sink);
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

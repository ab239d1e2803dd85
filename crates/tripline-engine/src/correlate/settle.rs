//! The watermark moves: what it has passed is final, is reported in the order of time and id, and
//! is dropped.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::binding::Match;
use super::recent::Recent;
use super::search::Search;
use super::store::{KeySlot, Order, Run, Store};
use super::{SingleEvent, State, Waiting};
use crate::detection::{self, Sink};
use crate::options::{Emission, Options};
use crate::program::{Program, ShapeProgram};
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
        self.ripen(program, None, sink);
        self.settle(program, watermark, sink);
        if watermark >= self.expire_at {
            self.expire_at = watermark.saturating_add(self.expire_step);
            for (store, rule) in self.stores.iter_mut().zip(&program.rules) {
                store.expire(rule, watermark);
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
        while let Some((time, due)) = self.waiting.pop_together(upto) {
            for waiting in &due {
                if let Waiting::Single { event, .. } = waiting {
                    self.waiting_bytes -= event.bytes();
                }
            }
            let due = self.counted_due(program, time, due);
            let (known, stats) = self.known(program);
            let mut found: Vec<(usize, Match<'_>)> = Vec::new();
            // One budget for all final events of a key at this instant.
            let mut budgets: HashMap<(usize, KeySlot), usize> = HashMap::new();
            for waiting in &due {
                match waiting {
                    Due::Single { rule, event } => {
                        let rule_index = *rule as usize;
                        if let Some(rule) = program.rules.get(rule_index) {
                            let one = Match::of_one(rule, event.event(), known.options.today);
                            found.push((rule_index, one));
                        }
                    }
                    Due::Stored { rule, slot, event } => {
                        let budget = budgets
                            .entry((*rule, *slot))
                            .or_insert(known.options.max_bindings);
                        let seen = known.matches((*rule, *slot, *event), budget, &mut found);
                        seen.count(stats, *rule);
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

    /// What is due at a time as events to look at. Of a rule that counts those are the events at which a
    /// detection is given, which is found out here.
    fn counted_due(&mut self, program: &Program, time: i64, due: Vec<Waiting>) -> Vec<Due> {
        let mut out = Vec::with_capacity(due.len());
        // An event that is final for two steps of a rule waits twice.
        let mut seen = HashSet::new();
        for waiting in due {
            let (rule_index, slot, identity) = match waiting {
                Waiting::Single { rule, event } => {
                    out.push(Due::Single { rule, event });
                    continue;
                }
                Waiting::Stored(stored) => (stored.rule(), stored.slot, stored.identity.whole()),
            };
            let Some(rule) = program.rules.get(rule_index) else {
                continue;
            };
            let event = (time.saturating_sub(rule.hold), identity);
            let stored = |event| Due::Stored {
                rule: rule_index,
                slot,
                event,
            };
            if !rule.shape.is_sequence() && !seen.insert((rule_index, slot, event)) {
                continue;
            }
            if matches!(rule.shape, ShapeProgram::Count(_)) {
                let given = self.settle_counted(program, rule_index, slot, event);
                out.extend(given.into_iter().map(stored));
            } else {
                out.push(stored(event));
            }
        }
        out
    }

    /// Lets what is counted for a key take in the events up to one; gives those at which a detection is
    /// given.
    fn settle_counted(
        &mut self,
        program: &Program,
        rule_index: usize,
        slot: KeySlot,
        upto: Order,
    ) -> Vec<Order> {
        let (Some(rule), Some(store)) = (
            program.rules.get(rule_index),
            self.stores.get_mut(rule_index),
        ) else {
            return Vec::new();
        };
        self.stored_bytes -= store.bytes();
        let given = store.count(slot, |counting, key, runs| {
            counting.settle(rule, key, runs, upto)
        });
        self.stored_bytes += store.bytes();
        given.unwrap_or_default()
    }

    /// Settles those of the first `count` events of a step of a key that still wait, before they are
    /// dropped: what the watermark has passed is settled, even where it is not gone yet.
    pub(super) fn settle_first(
        &mut self,
        program: &Program,
        (rule_index, slot, step): (usize, KeySlot, usize),
        count: usize,
        sink: &mut dyn Sink,
    ) {
        let watermark = self.watermark;
        let Some(rule) = program.rules.get(rule_index) else {
            return;
        };
        let store = self.stores.get(rule_index);
        let state = store.and_then(|store| store.get(slot));
        let run = state.map_or_else(Run::default, |state| state.run(step));
        let dropped = run.iter().take(count);
        let open = dropped
            .filter(|event| event.waiting && event.time.saturating_add(rule.hold) >= watermark);
        let mut events: Vec<Order> = open.map(|event| event.order()).collect();
        if matches!(rule.shape, ShapeProgram::Count(_)) {
            let dropped = run.part(0, count).last();
            let Some(last) = dropped.map(|event| event.order()) else {
                return;
            };
            let early = self.options.emission == Emission::Early;
            let given = self.settle_counted(program, rule_index, slot, last);
            // Under early emission what was not suppressed was given when it came.
            events = given
                .into_iter()
                .filter(|event| !early || events.contains(event))
                .collect();
        }
        let (known, stats) = self.known(program);
        let mut found = Vec::new();
        let mut budget = known.options.max_bindings;
        for event in &events {
            let seen = known.matches((rule_index, slot, *event), &mut budget, &mut found);
            seen.count(stats, rule_index);
        }
        give(program, stats, &mut found, sink);
        if let Some(store) = self.stores.get_mut(rule_index) {
            for event in events {
                store.settled(slot, event);
            }
        }
    }

    /// What is looked at to settle final events, apart from what is counted meanwhile.
    fn known<'s>(&'s mut self, program: &'s Program) -> (Known<'s>, &'s mut Stats) {
        let known = Known {
            program,
            stores: &self.stores,
            oldest: self.oldest,
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
    oldest: Option<i64>,
    options: &'s Options,
    given: &'s Recent,
}

/// Something that is due.
enum Due {
    /// A final event in a rule's store.
    Stored {
        rule: usize,
        slot: KeySlot,
        event: Order,
    },
    /// A match of a single event.
    Single { rule: u32, event: Arc<SingleEvent> },
}

/// What stood in the way of a match.
#[derive(Default)]
struct Seen {
    /// Not every binding could be tried.
    limited: bool,
    /// The time before it is not known for as long as the rule asks.
    unknown_before: bool,
}

impl Seen {
    /// Counts it for a rule.
    fn count(self, stats: &mut Stats, rule_index: usize) {
        if let Some(stats) = stats.rules.get_mut(rule_index) {
            stats.search_limited += u64::from(self.limited);
            stats.unknown_before += u64::from(self.unknown_before);
        }
    }
}

impl<'s> Known<'s> {
    /// Adds the matches of a final event that waits; it is not there if a limit has dropped it since.
    fn matches(
        &self,
        (rule_index, slot, event): (usize, KeySlot, Order),
        budget: &mut usize,
        found: &mut Vec<(usize, Match<'s>)>,
    ) -> Seen {
        let rule = self.program.rules.get(rule_index);
        let (Some(rule), Some(store)) = (rule, self.stores.get(rule_index)) else {
            return Seen::default();
        };
        let Some(state) = store.get(slot) else {
            return Seen::default();
        };
        // What does not wait was given when it came (under early emission), or when a limit dropped it from one
        // step, though another step may have it still.
        let last = state.final_event(rule, event);
        let Some(last) = last.filter(|last| last.waiting) else {
            return Seen::default();
        };
        let mut search = Search {
            rule,
            state,
            last,
            only: None,
            today: self.options.today,
            budget: *budget,
            since: store.since(self.oldest),
            floor: i64::MIN,
            unknown_before: false,
        };
        let matches = search.run();
        // An event at which a `count` gives is looked at once here, however many it adds up.
        if !matches!(rule.shape, ShapeProgram::Count(_)) {
            *budget = search.budget;
        }
        let seen = Seen {
            limited: *budget == 0,
            unknown_before: search.unknown_before && matches.is_empty(),
        };
        for one in matches {
            if !self.given.contains(one.id) {
                found.push((rule_index, one));
            }
        }
        seen
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

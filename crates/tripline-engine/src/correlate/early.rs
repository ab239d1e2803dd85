//! Early emission: what has come is joined at once, and a match is given as soon as what has been seen
//! satisfies the rule. What was given is remembered, so that it is not given again.
//!
//! A final event whose match depends on what comes after it is looked at once the newest event is that
//! far ([`State::ripen`]). What suppresses a match, or what is not known of the time before it, is
//! told only when the watermark has passed and nothing can change any more.

use super::arrival::Arrival;
use super::binding::{Binding, Match};
use super::search::Search;
use super::settle::report;
use super::store::{KeySlot, Order, Run};
use super::{State, Waiting};
use crate::detection::Sink;
use crate::options::Emission;
use crate::program::{Program, RuleProgram, ShapeProgram};
use crate::scan::Candidate;

/// The matches of some final events, and which of those events must be looked at again when the watermark
/// passes them.
struct Looked<'s> {
    found: Vec<Match<'s>>,
    again: Vec<Order>,
    /// Not every binding could be tried.
    limited: bool,
}

impl State {
    /// Looks for the matches that the arrival of an event makes, and gives them at once.
    pub(super) fn join_early(
        &mut self,
        program: &Program,
        candidate: &Candidate,
        slot: KeySlot,
        arrival: Arrival,
        sink: &mut dyn Sink,
    ) {
        let (rule_index, step) = (candidate.rule as usize, usize::from(candidate.step));
        let Some(rule) = program.rules.get(rule_index) else {
            return;
        };
        let event = (arrival.time, arrival.identity);
        let is_final = rule.steps.get(step).is_some_and(|step| step.is_final);
        // Otherwise every binding of the final events is looked for.
        let only = (rule.plain && !is_final).then_some((step, event));
        let found;
        let finals = match &rule.shape {
            _ if rule.plain && is_final => &[event][..],
            ShapeProgram::Count(_) => {
                found = self.counted(rule, rule_index, slot, event);
                &found
            }
            _ => {
                found = self.concerned(rule, rule_index, slot, step, event);
                &found
            }
        };
        let record = Some(arrival.record);
        self.look(program, rule_index, slot, finals, only, record, sink);
    }

    /// The events at which a detection is to be given, of a rule that counts.
    fn counted(
        &mut self,
        rule: &RuleProgram,
        rule_index: usize,
        slot: KeySlot,
        event: Order,
    ) -> Vec<Order> {
        let watermark = self.watermark;
        let Some(store) = self.stores.get_mut(rule_index) else {
            return Vec::new();
        };
        self.stored_bytes -= store.bytes();
        let given = store.count(slot, |counting, key, runs| {
            counting.arrive(rule, key, runs, event)
        });
        self.stored_bytes += store.bytes();
        let mut given = given.unwrap_or_default();
        // What the watermark has passed has been given.
        given.retain(|(time, _)| *time >= watermark);
        given
    }

    /// The final events that the arrival of an event can give or take a match, in order. Those that what
    /// comes after them decides are left out while that may still come, and are looked at later.
    fn concerned(
        &mut self,
        rule: &RuleProgram,
        rule_index: usize,
        slot: KeySlot,
        step: usize,
        event: Order,
    ) -> Vec<Order> {
        let is_final = rule.steps.get(step).is_some_and(|step| step.is_final);
        let state = self
            .stores
            .get(rule_index)
            .and_then(|store| store.get(slot));
        let Some(state) = state else {
            return Vec::new();
        };
        let reach = rule.steps.get(step).map_or(0, |step| step.reach);
        let latest = match (rule.afresh, is_final) {
            (false, true) => event.0,
            (false, false) if step < rule.bound => event.0.saturating_add(rule.within),
            // It can only take a match away.
            (false, false) => return Vec::new(),
            (true, _) => event.0.saturating_add(reach),
        };
        // What must not come after a step may have taken the match of a final event before it.
        let earliest = if step < rule.bound {
            event.0
        } else {
            event.0.saturating_sub(rule.hold)
        };
        let mut finals: Vec<Order> = Vec::new();
        for (program, run) in rule.steps.iter().zip(state.runs()) {
            if program.is_final {
                let from = run.partition_point(|of| of.time < earliest);
                let rest = run.part(from, run.len()).iter();
                let concerned = rest.take_while(|of| of.time <= latest);
                finals.extend(concerned.map(|of| of.order()));
            }
        }
        if is_final && !rule.afresh {
            finals.retain(|of| *of == event);
        }
        finals.sort_unstable();
        finals.dedup();
        if rule.hold > 0 {
            let newest = self.newest.unwrap_or(i64::MIN).max(self.watermark);
            let ripe = |of: &Order| of.0.saturating_add(rule.hold) < newest;
            if is_final && !ripe(&event) {
                self.ripening.push(
                    event.0.saturating_add(rule.hold),
                    Waiting::stored(rule_index, slot, event.1),
                );
            }
            finals.retain(ripe);
        }
        finals
    }

    /// Looks at the final events after which enough has been seen.
    pub(super) fn ripen(&mut self, program: &Program, record: Option<usize>, sink: &mut dyn Sink) {
        let upto = self.newest.unwrap_or(i64::MIN).max(self.watermark);
        while let Some((time, mut ripe)) = self.ripening.pop_together(upto) {
            // In an order that a reload or a restart does not change.
            ripe.sort_by_key(|waiting| match waiting {
                Waiting::Stored(stored) => (waiting.rule(), stored.identity.whole()),
                Waiting::Single { event, .. } => (waiting.rule(), event.identity.whole()),
            });
            for waiting in ripe {
                let Waiting::Stored(stored) = waiting else {
                    continue;
                };
                let (rule_index, slot) = (stored.rule(), stored.slot);
                let Some(rule) = program.rules.get(rule_index) else {
                    continue;
                };
                let event = (time.saturating_sub(rule.hold), stored.identity.whole());
                self.look(program, rule_index, slot, &[event], None, record, sink);
            }
        }
    }

    /// Puts the final events that what comes after them decides back to where they ripen.
    pub(super) fn let_ripen(&mut self, program: &Program) {
        if self.options.emission != Emission::Early {
            return;
        }
        let newest = self.newest.unwrap_or(i64::MIN).max(self.watermark);
        for (rule_index, (rule, store)) in program.rules.iter().zip(&self.stores).enumerate() {
            let held = rule.hold > 0 && rule.shape.is_sequence();
            for slot in if held { store.slots() } else { Vec::new() } {
                let state = store.get(slot);
                let run = state.map(|state| state.run(rule.bound.saturating_sub(1)));
                for event in run.into_iter().flat_map(Run::iter) {
                    let time = event.time.saturating_add(rule.hold);
                    if time >= newest {
                        let waiting = Waiting::stored(rule_index, slot, event.identity.whole());
                        self.ripening.push(time, waiting);
                    }
                }
            }
        }
    }

    /// Looks for the matches of final events and gives those that were not given before.
    #[allow(
        clippy::too_many_arguments,
        reason = "where the events are, and what is looked for"
    )]
    fn look(
        &mut self,
        program: &Program,
        rule_index: usize,
        slot: KeySlot,
        finals: &[Order],
        only: Option<(usize, Order)>,
        record: Option<usize>,
        sink: &mut dyn Sink,
    ) {
        let Some(rule) = program.rules.get(rule_index) else {
            return;
        };
        if finals.is_empty() {
            return;
        }
        let since = self.since(rule_index);
        let Some(store) = self.stores.get_mut(rule_index) else {
            return;
        };
        let Some(state) = store.get(slot) else { return };
        let mut looked = Looked {
            found: Vec::new(),
            again: Vec::new(),
            limited: false,
        };
        let mut budget = self.options.max_bindings;
        for order in finals {
            if budget > 0 && Search::is_vain(rule, state, order.0) {
                continue;
            }
            let Some(last) = state.final_event(rule, *order) else {
                continue;
            };
            if matches!(rule.shape, ShapeProgram::Count(_)) {
                // An arrival out of order brings up all that was given before: that is not added up again.
                if self
                    .given
                    .contains(Binding::of(rule, state.key(), last).id())
                {
                    continue;
                }
                if budget == 0 {
                    looked.limited = true;
                    looked.again.push(*order);
                    continue;
                }
            }
            let mut search = Search {
                rule,
                state,
                last,
                only,
                today: self.options.today,
                budget,
                since,
                floor: i64::MIN,
                unknown_before: false,
            };
            let mut again = false;
            for one in search.run() {
                if self.given.contains(one.id) {
                    continue;
                }
                if one.excluded.is_empty() {
                    // Until it is settled, which can be later than its time.
                    self.given
                        .insert(one.id, last.time.saturating_add(rule.hold));
                    looked.found.push(one);
                } else {
                    again = true;
                }
            }
            budget = search.budget;
            // What is left untried is looked for when the watermark passes.
            looked.limited |= budget == 0;
            if again || budget == 0 || search.unknown_before {
                looked.again.push(*order);
            }
        }
        looked.found.sort_by_key(|one| (one.time(), one.id));
        for one in &looked.found {
            report(program, &mut self.stats, rule_index, one, record, sink);
        }
        let Looked { again, limited, .. } = looked;
        if let Some(stats) = self.stats.rules.get_mut(rule_index) {
            stats.search_limited += u64::from(limited);
        }
        // Only when nothing can change any more is a suppressed match told (and its exclusions counted).
        for event in again {
            if store.wait(slot, event) {
                let waiting = Waiting::stored(rule_index, slot, event.1);
                let time = event.0.saturating_add(rule.hold);
                self.waiting.push(time, waiting);
            }
        }
    }

    /// Since when it is known what events there were for a rule.
    pub(super) fn since(&self, rule_index: usize) -> i64 {
        let store = self.stores.get(rule_index);
        store.map_or(i64::MAX, |store| store.since(self.oldest))
    }
}

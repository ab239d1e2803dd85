//! The matches of one final event: which events of its key stand for the other steps so that every
//! condition holds. Found by searching backwards from the final event, most recent first, so that
//! the first match found is the one to report.
//!
//! INVARIANT: which matches are found, and in what order, depends on the events' times and
//! identities alone, never on the order in which they arrived.

mod sequence;
mod together;

use std::collections::HashMap;
use std::ops::ControlFlow;

use chrono::NaiveDate;

use super::binding::{Binding, Match};
use super::counting;
use super::store::{Event, KeyState, Order, Run};
use crate::program::{RuleProgram, ShapeProgram, StepProgram};
use crate::scan::Identity;

/// What a search has found, in the order found.
#[derive(Default)]
struct Matches<'s> {
    found: Vec<Match<'s>>,
    by_id: HashMap<Identity, usize>,
}

/// What a search is asked for.
pub(crate) struct Search<'s> {
    pub(crate) rule: &'s RuleProgram,
    pub(crate) state: &'s KeyState,
    pub(crate) last: Event<'s>,
    /// Only bindings in which this event stands for this step; for rules that are plain.
    pub(crate) only: Option<(usize, Order)>,
    pub(crate) today: NaiveDate,
    /// How many events may still be tried.
    pub(crate) budget: usize,
    /// Since when it is known what events there were.
    pub(crate) since: i64,
    /// No event before this time is bound.
    pub(crate) floor: i64,
    /// All that kept some binding from being a match is that the time before it is not known.
    pub(crate) unknown_before: bool,
}

impl<'s> Search<'s> {
    /// The matches of the final event: at most one, unless a step is `every`. A match that
    /// exclusions suppress is given only if no binding of the same identity is free of them.
    pub(crate) fn run(&mut self) -> Vec<Match<'s>> {
        let mut found = self.matches();
        if self.rule.afresh && !found.is_empty() {
            self.keep_afresh(&mut found);
        }
        found
    }

    /// Whether no event is retained that could stand for the step before a final event of this time: then
    /// nothing is found, and nothing tried.
    pub(crate) fn is_vain(rule: &RuleProgram, state: &KeyState, time: i64) -> bool {
        let before = rule.bound.checked_sub(2);
        let (true, Some(at)) = (rule.shape.is_sequence(), before) else {
            return false;
        };
        if rule.steps.get(at).is_none_or(StepProgram::is_many) {
            return false;
        }
        let last = state.run(at).last();
        last.is_none_or(|last| last.time < time.saturating_sub(rule.within))
    }

    /// The matches of the final event, whatever the events before it gave.
    fn matches(&mut self) -> Vec<Match<'s>> {
        let mut matches = Matches::default();
        match &self.rule.shape {
            ShapeProgram::Match => {}
            // A search that is broken off has found what was wanted, or has used its budget.
            ShapeProgram::Sequence => {
                let _ = self.sequence(&mut matches);
            }
            ShapeProgram::Together(together) => {
                let _ = self.together(together, &mut matches);
            }
            ShapeProgram::Count(_) => {
                let binding = counting::binding_at(self.rule, self.state, self.last);
                let events: usize = binding.groups.iter().map(Vec::len).sum();
                self.budget = self.budget.saturating_sub(events);
                matches.found.push(Match::new(binding, self.today));
            }
        }
        matches.found
    }

    /// Leaves out what the events before the final one, as far as they are in its window, gave already: with
    /// the same events for the `every` steps, and free of exclusions where the match is.
    fn keep_afresh(&mut self, found: &mut Vec<Match<'s>>) {
        let order = self.last.order();
        let floor = self.earliest();
        let finals = self.rule.steps.iter().zip(self.state.runs());
        let finals = finals.filter(|(step, _)| step.is_final);
        let mut before: Vec<Run<'s>> = finals
            .map(|(_, run)| {
                let from = run.partition_point(|event| event.time < floor);
                let upto = run.partition_point(|event| event.order() < order);
                run.part(from, upto)
            })
            .collect();
        // One by one: mostly the first of them tells.
        while !found.is_empty()
            && let Some(last) = take_latest(&mut before)
        {
            if self.spend().is_break() {
                return;
            }
            let mut earlier = Search {
                last,
                only: None,
                floor,
                ..*self
            };
            let gave = earlier.matches();
            self.budget = earlier.budget;
            found.retain(|one| {
                let mut same = gave
                    .iter()
                    .filter(|before| before.binding.combination().eq(one.binding.combination()));
                !same.any(|before| before.excluded.is_empty() || !one.excluded.is_empty())
            });
        }
    }

    /// The earliest time of an event that can be bound.
    fn earliest(&self) -> i64 {
        let earliest = self.last.time.saturating_sub(self.rule.within);
        earliest.max(self.floor)
    }

    /// One more event is tried.
    fn spend(&mut self) -> ControlFlow<()> {
        match self.budget.checked_sub(1) {
            Some(budget) => {
                self.budget = budget;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    }

    /// Notes a complete binding.
    fn note(&self, binding: &Binding<'s>, matches: &mut Matches<'s>) -> ControlFlow<()> {
        let id = binding.id();
        let known = matches.by_id.get(&id).copied();
        if known
            .and_then(|at| matches.found.get(at))
            .is_some_and(|known| known.excluded.is_empty())
        {
            return ControlFlow::Continue(());
        }
        let excluded = binding.exclusions(self.today);
        let free = excluded.is_empty();
        match known.and_then(|at| matches.found.get_mut(at)) {
            // The most recent suppressed binding stands for the match until a free one is found.
            Some(known) if free => {
                *known = Match {
                    binding: binding.clone(),
                    id,
                    excluded,
                }
            }
            Some(_) => {}
            None => {
                matches.by_id.insert(id, matches.found.len());
                matches.found.push(Match {
                    binding: binding.clone(),
                    id,
                    excluded,
                });
            }
        }
        if free && !self.rule.any_every {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Takes the latest event off the runs, out of each that has it.
fn take_latest<'s>(runs: &mut [Run<'s>]) -> Option<Event<'s>> {
    let latest = runs.iter().filter_map(|run| run.last());
    let latest = latest.max_by_key(Event::order)?;
    for run in runs {
        if let Some(last) = run.last()
            && last.order() == latest.order()
        {
            *run = run.part(0, run.len() - 1);
        }
    }
    Some(latest)
}

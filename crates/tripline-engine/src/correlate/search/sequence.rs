//! Steps in the order of time. Steps of one event are bound from the last to the first; then those of
//! several events take all that lie between their neighbours, and what must be absent is looked for.

use std::ops::ControlFlow;

use tripline_lang::checked::{Extent, Pick};

use super::{Matches, Search};
use crate::correlate::binding::Binding;
use crate::correlate::store::Event;
use crate::program::{RoleProgram, holds};

impl<'s> Search<'s> {
    /// Looks for bindings of the final event to the final step.
    pub(super) fn sequence(&mut self, matches: &mut Matches<'s>) -> ControlFlow<()> {
        let Some(final_step) = self.rule.bound.checked_sub(1) else {
            return ControlFlow::Continue(());
        };
        // The usual case costs nothing: no event of the step before.
        let empty = |at: usize| self.state.run(at).is_empty();
        if final_step.checked_sub(1).is_some_and(empty) {
            return ControlFlow::Continue(());
        }
        let mut binding = Binding::of(self.rule, self.state.key(), self.last);
        binding.bind(final_step, Some(self.last));
        // Conditions of a final step of one event that name no other are tested already.
        self.descend(final_step, self.last.time, &mut binding, matches)
    }

    /// Binds the steps of one event before `step`, to events up to the time `next`, all from `step` on
    /// being bound.
    fn descend(
        &mut self,
        step: usize,
        next: i64,
        binding: &mut Binding<'s>,
        matches: &mut Matches<'s>,
    ) -> ControlFlow<()> {
        let Some(at) = step.checked_sub(1) else {
            return self.complete(binding, matches);
        };
        let Some(program) = self.rule.steps.get(at) else {
            return ControlFlow::Continue(());
        };
        if program.is_many() {
            return self.descend(at, next, binding, matches);
        }
        let run = self.state.run(at);
        let earliest = self.earliest();
        let end = run.partition_point(|event| event.time <= next);
        let mut candidates = run.part(0, end);
        if let Some((step, wanted)) = self.only
            && step == at
        {
            let Ok(place) = candidates.search(wanted) else {
                return ControlFlow::Continue(());
            };
            // With `last` what comes after it is looked at too, because then it is not the last.
            let upto = if program.pick() == Pick::Last {
                end
            } else {
                place + 1
            };
            candidates = candidates.part(place, upto);
        }
        for event in candidates.iter().rev() {
            if event.time < earliest {
                break;
            }
            if binding.has(&event) {
                continue;
            }
            self.spend()?;
            let wanted = self
                .only
                .is_none_or(|(of, wanted)| of != at || wanted == event.order());
            if wanted {
                binding.bind(at, Some(event));
                if program
                    .joins
                    .iter()
                    .all(|join| holds(join, &&*binding, None))
                {
                    self.descend(at, event.time, binding, matches)?;
                }
                binding.bind(at, None);
            }
            if program.pick() == Pick::Last {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    /// All steps of one event are bound.
    fn complete(
        &mut self,
        binding: &mut Binding<'s>,
        matches: &mut Matches<'s>,
    ) -> ControlFlow<()> {
        if self.rule.plain {
            return self.note(binding, matches);
        }
        let found = self.gather(binding)? && self.nothing_absent(binding)?;
        let outcome = if found {
            self.note(binding, matches)
        } else {
            ControlFlow::Continue(())
        };
        self.let_go(binding);
        outcome
    }

    /// Binds the steps of several events to all there are; false if those are too few, or add up to
    /// something else.
    fn gather(&mut self, binding: &mut Binding<'s>) -> ControlFlow<(), bool> {
        let rule = self.rule;
        let mut groups: Vec<Vec<Event<'s>>> = Vec::new();
        for (at, step) in rule.steps.iter().enumerate().take(rule.bound) {
            let mut group = Vec::new();
            if let RoleProgram::Many(least, _) = step.role {
                group = match self.group(at, &groups, binding) {
                    ControlFlow::Continue(group) => group,
                    ControlFlow::Break(()) => {
                        self.let_go(binding);
                        return ControlFlow::Break(());
                    }
                };
                if group.len() < least {
                    return ControlFlow::Continue(false);
                }
            }
            groups.push(group);
        }
        if groups.iter().all(Vec::is_empty) {
            return ControlFlow::Continue(true);
        }
        for (at, group) in groups.iter().enumerate() {
            if let Some(most_recent) = group.last() {
                binding.bind(at, Some(*most_recent));
            }
        }
        binding.groups = groups;
        if !rule.aggregates.is_empty() {
            binding.add_up();
        }
        let adds_up = rule.steps.iter().all(|step| match &step.role {
            RoleProgram::Many(_, Some(having)) => holds(having, &&*binding, None),
            _ => true,
        });
        ControlFlow::Continue(adds_up)
    }

    /// The events that stand for a step of several: all between its neighbours that its conditions take.
    /// One that could stand for two such steps, at the time of the step between them, stands for the
    /// earlier.
    fn group(
        &mut self,
        at: usize,
        earlier: &[Vec<Event<'s>>],
        binding: &mut Binding<'s>,
    ) -> ControlFlow<(), Vec<Event<'s>>> {
        let Some(program) = self.rule.steps.get(at) else {
            return ControlFlow::Continue(Vec::new());
        };
        let run = self.state.run(at);
        let final_step = self.rule.bound.saturating_sub(1);
        let time = |step: Option<usize>| {
            let event = step.and_then(|step| binding.events.get(step).copied().flatten());
            event.map(|event| event.time)
        };
        let before = time(at.checked_sub(1)).unwrap_or(i64::MIN);
        let first = before.max(self.earliest());
        let from = run.partition_point(|event| event.time < first);
        let upto = if at == final_step {
            run.partition_point(|event| event.order() <= self.last.order())
        } else {
            let after = time(Some(at + 1)).unwrap_or(self.last.time);
            run.partition_point(|event| event.time <= after)
        };
        let own = binding.events.get(at).copied().flatten();
        binding.bind(at, None);
        let mut group = Vec::new();
        let mut out = ControlFlow::Continue(());
        for event in run.part(from, upto).iter() {
            // Also for those that are passed over: there may be as many for each binding.
            out = self.spend();
            if out.is_break() {
                break;
            }
            if binding.has(&event) || is_grouped(earlier, &event) {
                continue;
            }
            binding.bind(at, Some(event));
            if program
                .joins
                .iter()
                .all(|join| holds(join, &&*binding, None))
            {
                group.push(event);
            }
            binding.bind(at, None);
        }
        binding.bind(at, own);
        out?;
        // A final event that is none of them completes nothing.
        let completes = at != final_step
            || group
                .last()
                .is_some_and(|event| event.identity == self.last.identity);
        ControlFlow::Continue(if completes { group } else { Vec::new() })
    }

    /// Unbinds what [`Search::gather`] bound.
    fn let_go(&self, binding: &mut Binding<'s>) {
        let final_step = self.rule.bound.saturating_sub(1);
        for (at, step) in self.rule.steps.iter().enumerate() {
            if step.is_many() {
                binding.bind(at, (at == final_step).then_some(self.last));
            }
        }
        binding.groups.clear();
        binding.sums.clear();
    }

    /// Whether nothing is there that must be absent, as far as that is known.
    fn nothing_absent(&mut self, binding: &mut Binding<'s>) -> ControlFlow<(), bool> {
        let rule = self.rule;
        let mut known = true;
        for (at, step) in rule.steps.iter().enumerate().skip(rule.bound) {
            let RoleProgram::Absent(extent) = step.role else {
                continue;
            };
            let first = |step: usize| {
                let group = binding.groups.get(step).and_then(|group| group.first());
                let event = group
                    .copied()
                    .or(binding.events.get(step).copied().flatten());
                event.map_or(0, |event| event.time)
            };
            let last = |step: usize| {
                let event = binding.events.get(step).copied().flatten();
                event.map_or(0, |event| event.time)
            };
            let (from, upto) = match extent {
                Extent::Between(one, other) => (last(one), first(other)),
                Extent::After(step, span) => (last(step), last(step).saturating_add(span)),
                Extent::Before(step, span) => {
                    let from = first(step).saturating_sub(span);
                    known &= from >= self.since;
                    (from, first(step))
                }
            };
            if self.is_there(at, (from, upto), binding)? {
                return ControlFlow::Continue(false);
            }
        }
        self.unknown_before |= !known;
        ControlFlow::Continue(known)
    }

    /// Whether an event of the step, none of those bound, lies between two times.
    fn is_there(
        &mut self,
        at: usize,
        (from, upto): (i64, i64),
        binding: &mut Binding<'s>,
    ) -> ControlFlow<(), bool> {
        let Some(program) = self.rule.steps.get(at) else {
            return ControlFlow::Continue(false);
        };
        let run = self.state.run(at);
        let first = run.partition_point(|event| event.time < from);
        let rest = run.part(first, run.len());
        for event in rest.iter().take_while(|event| event.time <= upto) {
            self.spend()?;
            if binding.has(&event) || is_grouped(&binding.groups, &event) {
                continue;
            }
            binding.bind(at, Some(event));
            let there = program
                .joins
                .iter()
                .all(|join| holds(join, &&*binding, None));
            binding.bind(at, None);
            if there {
                return ControlFlow::Continue(true);
            }
        }
        ControlFlow::Continue(false)
    }
}

/// Whether an event is one of those that stand for a step of several, each of which are in order.
fn is_grouped(groups: &[Vec<Event<'_>>], event: &Event<'_>) -> bool {
    let order = event.order();
    let mut groups = groups.iter();
    groups.any(|group| group.binary_search_by_key(&order, |of| of.order()).is_ok())
}

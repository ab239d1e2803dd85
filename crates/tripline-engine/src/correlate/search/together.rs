//! Steps in any order: the final event stands for one of them, from the last written to the first, and
//! events before it for the others.

use std::ops::ControlFlow;

use super::{Matches, Search};
use crate::correlate::binding::Binding;
use crate::program::form::Together;
use crate::program::holds;

impl<'s> Search<'s> {
    /// Looks for bindings in which the final event is the latest.
    pub(super) fn together(
        &mut self,
        together: &'s Together,
        matches: &mut Matches<'s>,
    ) -> ControlFlow<()> {
        let order = self.last.order();
        for stands_for in (0..self.rule.bound).rev() {
            let run = self.state.run(stands_for);
            // The event as this step keeps it: each step keeps other fields.
            let place = run.search(order);
            let Some(event) = place.ok().and_then(|place| run.get(place)) else {
                continue;
            };
            let mut binding = Binding::of(self.rule, self.state.key(), self.last);
            binding.bind(stands_for, Some(event));
            if fits(together, stands_for, &binding) {
                self.others(together, self.rule.bound, stands_for, &mut binding, matches)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Binds the steps before `step` but for the one that the final event stands for.
    fn others(
        &mut self,
        together: &'s Together,
        step: usize,
        stands_for: usize,
        binding: &mut Binding<'s>,
        matches: &mut Matches<'s>,
    ) -> ControlFlow<()> {
        let Some(at) = step.checked_sub(1) else {
            return if chosen(together, binding) {
                self.note(binding, matches)
            } else {
                ControlFlow::Continue(())
            };
        };
        if at == stands_for {
            return self.others(together, at, stands_for, binding, matches);
        }
        let earliest = self.earliest();
        let order = self.last.order();
        let run = self.state.run(at);
        let end = run.partition_point(|event| event.order() < order);
        for event in run.part(0, end).iter().rev() {
            if event.time < earliest {
                break;
            }
            if binding.has(&event) {
                continue;
            }
            self.spend()?;
            binding.bind(at, Some(event));
            if fits(together, at, binding) {
                self.others(together, at, stands_for, binding, matches)?;
            }
            binding.bind(at, None);
        }
        let optional = together
            .choices
            .iter()
            .any(|choice| choice.steps.contains(&at));
        if optional {
            self.spend()?;
            self.others(together, at, stands_for, binding, matches)?;
        }
        ControlFlow::Continue(())
    }
}

/// Whether the conditions that a step is the last to complete hold.
fn fits(together: &Together, step: usize, binding: &Binding<'_>) -> bool {
    let bound = |step: &usize| binding.events.get(*step).is_some_and(Option::is_some);
    together
        .joins
        .iter()
        .filter(|(steps, _)| steps.contains(&step) && steps.iter().all(bound))
        .all(|(_, join)| holds(join, &binding, None))
}

/// Whether enough steps of every choice are bound.
fn chosen(together: &Together, binding: &Binding<'_>) -> bool {
    together.choices.iter().all(|choice| {
        let steps = binding.events.get(choice.steps.clone());
        let bound = steps.unwrap_or_default().iter().flatten().count();
        bound >= choice.least
    })
}

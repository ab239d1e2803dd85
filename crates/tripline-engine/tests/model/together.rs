//! The definition of a `together`, by trying every choice of events for the steps.

use super::event::Event;
use super::matches::{Candidate, Known};
use super::rule::{Form, Rule};
use super::values::Bound;

/// Every binding that satisfies the rule in which `last` is the latest event and none is before `floor`.
pub(crate) fn candidates<'e>(
    rule: &Rule,
    known: &Known<'e>,
    last: &'e Event,
    floor: i64,
) -> Vec<Candidate<'e>> {
    let mut found = Vec::new();
    let start = floor.max(last.time - rule.within);
    choose(
        rule,
        known,
        (start, last),
        0,
        &mut Bound::nothing(rule.steps.len()),
        &mut found,
    );
    found
}

fn choose<'e>(
    rule: &Rule,
    known: &Known<'e>,
    window: (i64, &'e Event),
    step: usize,
    bound: &mut Bound<'e>,
    found: &mut Vec<Candidate<'e>>,
) {
    let (start, last) = window;
    if step == rule.steps.len() {
        found.extend(complete(rule, last, bound));
        return;
    }
    for event in known.of_step(step).iter().copied() {
        let fits = event.time >= start && event.order() <= last.order();
        if fits && !bound.has(event) {
            bound.events[step] = Some(event);
            choose(rule, known, window, step + 1, bound, found);
            bound.events[step] = None;
        }
    }
    if rule.is_optional(step) {
        choose(rule, known, window, step + 1, bound, found);
    }
}

fn complete<'e>(rule: &Rule, last: &'e Event, bound: &Bound<'e>) -> Option<Candidate<'e>> {
    let Form::Together(choices) = &rule.form else {
        return None;
    };
    let is_last = |event: &Option<&Event>| event.is_some_and(|of| of.order() == last.order());
    let stands_for = bound.events.iter().position(is_last)?;
    let enough = choices
        .iter()
        .all(|choice| bound.events[choice.steps.clone()].iter().flatten().count() >= choice.least);
    let steps = rule.steps.iter().zip(&bound.events);
    let mut asked = steps
        .filter(|(_, event)| event.is_some())
        .flat_map(|(step, _)| &step.conditions);
    if !enough || !asked.all(|condition| bound.holds(condition)) {
        return None;
    }
    // The last written step that the final event can stand for, then for each other step from the last
    // written the most recent event, and no event only where there is none.
    let mut rank = vec![Some((i64::try_from(stands_for).ok()?, 0))];
    for (step, event) in bound.events.iter().enumerate().rev() {
        if step != stands_for {
            rank.push(event.map(Event::order));
        }
    }
    Some(Candidate {
        bound: bound.clone(),
        combination: Vec::new(),
        rank,
    })
}

//! The definition of a `count`: every instant at which something changes is gone through.

use std::collections::BTreeSet;

use super::event::Event;
use super::matches::Known;
use super::rule::{Form, Rule};
use super::values::Bound;

/// The windows at which a detection is given, each with its final event.
pub(crate) fn given<'e>(rule: &Rule, known: &Known<'e>) -> Vec<(Bound<'e>, &'e Event)> {
    let Form::Count(having) = &rule.form else {
        return Vec::new();
    };
    let steps = 0..rule.steps.len();
    let is_of = |step: usize, event: &Event| known.of_step(step).contains(&event);
    let counts = |event: &Event| steps.clone().any(|step| is_of(step, event));
    let events: Vec<&Event> = known
        .events
        .iter()
        .copied()
        .filter(|of| counts(of))
        .collect();
    // What is in the window once `came` have come and those before `from` have left.
    let window = |came: &[&'e Event], from: i64| {
        let mut bound = Bound::nothing(rule.steps.len());
        for step in steps.clone() {
            let of_step = |of: &&&'e Event| of.time >= from && is_of(step, of);
            bound.bind_group(step, came.iter().filter(of_step).copied().collect());
        }
        bound
    };
    let holds = |bound: &Bound<'_>| {
        let nothing = bound.groups.iter().all(Vec::is_empty);
        !nothing && bound.holds(having)
    };
    let mut found = Vec::new();
    let mut did_not_hold = true;
    for (at, event) in events.iter().enumerate() {
        let before = &events[..at];
        // Just after an event's window is over it has left, with all others of its time.
        let leaving: BTreeSet<i64> = before.iter().map(|of| of.time + rule.within).collect();
        let since = before.last().map_or(i64::MIN, |of| of.time);
        for over in leaving
            .into_iter()
            .filter(|over| since <= *over && *over < event.time)
        {
            did_not_hold |= !holds(&window(before, over - rule.within + 1));
        }
        let now = window(&events[..=at], event.time - rule.within);
        if !holds(&now) {
            did_not_hold = true;
        } else if std::mem::take(&mut did_not_hold) {
            found.push((now, *event));
        }
    }
    found
}

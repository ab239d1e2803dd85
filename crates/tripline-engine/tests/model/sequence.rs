//! The definition of a `sequence`, by trying every choice of events for the steps of one event.

use super::event::Event;
use super::matches::{Candidate, Known};
use super::rule::{Extent, Pick, Role, Rule};
use super::values::Bound;

/// Every binding that satisfies the rule with `last` as its final event and no bound event before
/// `floor`.
pub(crate) fn candidates<'e>(
    rule: &Rule,
    known: &Known<'e>,
    last: &'e Event,
    floor: i64,
) -> Vec<Candidate<'e>> {
    let mut found = Vec::new();
    choose(
        rule,
        known,
        last,
        floor,
        0,
        &mut Bound::nothing(rule.steps.len()),
        &mut found,
    );
    found
}

/// Binds the steps of one event from `step` on, each to every event there is.
fn choose<'e>(
    rule: &Rule,
    known: &Known<'e>,
    last: &'e Event,
    floor: i64,
    step: usize,
    bound: &mut Bound<'e>,
    found: &mut Vec<Candidate<'e>>,
) {
    let final_step = rule.bound() - 1;
    if step > final_step {
        found.extend(complete(rule, known, last, floor, bound.clone()));
        return;
    }
    if rule.steps[step].is_many() {
        return choose(rule, known, last, floor, step + 1, bound, found);
    }
    let before = bound.events[..step].iter().flatten().last();
    let before = before.map_or(floor, |before| before.time);
    for event in known.of_step(step).iter().copied() {
        let fits = event.time >= before
            && event.time <= last.time
            && (event.order() == last.order()) == (step == final_step);
        // That it stands for no two steps, and comes in order of time, saves most of the choices.
        if fits && !bound.has(event) {
            bound.events[step] = Some(event);
            choose(rule, known, last, floor, step + 1, bound, found);
            bound.events[step] = None;
        }
    }
}

/// What the steps of one event are bound to, tested against everything else that the rule says.
fn complete<'e>(
    rule: &Rule,
    known: &Known<'e>,
    last: &'e Event,
    floor: i64,
    mut bound: Bound<'e>,
) -> Option<Candidate<'e>> {
    let final_step = rule.bound() - 1;
    let ones: Vec<usize> = (0..rule.bound())
        .filter(|at| !rule.steps[*at].is_many())
        .collect();
    let many: Vec<usize> = (0..rule.bound())
        .filter(|at| rule.steps[*at].is_many())
        .collect();
    let start = floor.max(last.time - rule.within);
    let event = |at: usize| bound.events[at].unwrap();
    if ones.iter().any(|at| event(*at).time < start) {
        return None;
    }
    for (place, at) in ones.iter().enumerate() {
        if rule.steps[*at].is(Pick::Last) {
            let later = ones[place + 1..].iter().map(|at| event(*at));
            let later: Vec<&Event> = later.chain([last]).collect();
            let newest = known.of_step(*at).iter().copied().rev().find(|of| {
                of.time <= later[0].time && !later.iter().any(|later| later.order() == of.order())
            });
            if newest.map(Event::order) != Some(event(*at).order()) {
                return None;
            }
        }
    }
    // A condition that names a step of several is about each of its events; others are about the binding.
    for at in &ones {
        for condition in &rule.steps[*at].conditions {
            if !many.iter().any(|many| condition.names(*many)) && !bound.holds(condition) {
                return None;
            }
        }
    }
    let combination = ones.iter().filter(|at| rule.steps[**at].is(Pick::Every));
    let combination = combination.map(|at| event(*at).order()).collect();
    let rank = ones
        .iter()
        .rev()
        .map(|at| Some(event(*at).order()))
        .collect();
    let single = bound.clone();
    for at in many {
        let group = group(rule, known, last, start, at, &single, &bound);
        let Role::Many { least, having } = &rule.steps[at].role else {
            return None;
        };
        let is_one_of_them = group.last().is_some_and(|of| of.order() == last.order());
        if group.len() < *least || (at == final_step && !is_one_of_them) {
            return None;
        }
        bound.bind_group(at, group);
        if having.as_ref().is_some_and(|having| !bound.holds(having)) {
            return None;
        }
    }
    nothing_absent(rule, known, &bound).then_some(Candidate {
        bound,
        combination,
        rank,
    })
}

/// The events that stand for a step of several. One that could stand for two such steps (which share its
/// instant with the step between them) stands for the earlier.
fn group<'e>(
    rule: &Rule,
    known: &Known<'e>,
    last: &'e Event,
    start: i64,
    step: usize,
    single: &Bound<'e>,
    bound: &Bound<'e>,
) -> Vec<&'e Event> {
    let is_final = step + 1 == rule.bound();
    let from = match step {
        0 => start,
        _ => single.events[step - 1].unwrap().time,
    };
    let upto = if is_final {
        last.time
    } else {
        single.events[step + 1].unwrap().time
    };
    let conditions: Vec<_> = rule.steps[..rule.bound()]
        .iter()
        .flat_map(|of| &of.conditions)
        .collect();
    let of_step = known.of_step(step).iter().copied().filter(|event| {
        let lies_there = from <= event.time
            && event.time <= upto
            && (!is_final || event.order() <= last.order());
        let bound_already = bound.has(event) || (event.order() == last.order() && !is_final);
        let with = single.with(step, event);
        let hold = conditions
            .iter()
            .all(|of| !of.names(step) || with.holds(of));
        lies_there && !bound_already && hold
    });
    of_step.collect()
}

/// Whether no event is there that must not be, and the time that is asked about is known.
fn nothing_absent(rule: &Rule, known: &Known<'_>, bound: &Bound<'_>) -> bool {
    let latest = |step: usize| bound.events[step].unwrap().time;
    let first = |step: usize| {
        let group = bound.groups[step].first();
        group.copied().or(bound.events[step]).unwrap().time
    };
    (rule.bound()..rule.steps.len()).all(|at| {
        let Role::Absent(extent) = rule.steps[at].role else {
            return false;
        };
        let (from, upto) = match extent {
            Extent::Between(one, other) => (latest(one), first(other)),
            Extent::After(step, span) => (latest(step), latest(step) + span),
            Extent::Before(step, span) => (first(step) - span, first(step)),
        };
        if matches!(extent, Extent::Before(..)) && from < known.since {
            return false;
        }
        !known.of_step(at).iter().copied().any(|event| {
            let with = bound.with(at, event);
            let mut conditions = rule.steps[at].conditions.iter();
            from <= event.time
                && event.time <= upto
                && !bound.has(event)
                && conditions.all(|condition| with.holds(condition))
        })
    })
}

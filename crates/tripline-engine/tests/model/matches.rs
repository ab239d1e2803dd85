//! The model: all matches of a rule over all events, by the definitions and by brute force. What is common
//! to the forms stands here: keys, which of several bindings is reported, exclusions, and what `afresh`
//! means; each form has a file of its own.

use std::collections::BTreeMap;

use super::event::{Event, Field};
use super::rule::{Form, Role, Rule};
use super::values::Bound;
use super::{count, sequence, together};

/// A detection, or a suppressed match, as a reader of the engine's output sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) rule: String,
    /// Seconds after the start.
    pub(crate) time: i64,
    pub(crate) key: Vec<(String, serde_json::Value)>,
    /// The bound events by step, and how many they are where that can be several.
    pub(crate) events: Vec<(String, usize, Option<usize>)>,
    pub(crate) fields: Vec<(String, serde_json::Value)>,
    pub(crate) excluded_by: Vec<String>,
}

/// The events of one key.
pub(crate) struct Known<'e> {
    /// In order.
    pub(crate) events: Vec<&'e Event>,
    /// Those of each step.
    steps: Vec<Vec<&'e Event>>,
    /// The time of the oldest event of all.
    pub(crate) since: i64,
}

impl<'e> Known<'e> {
    fn new(rule: &Rule, events: Vec<&'e Event>, since: i64) -> Known<'e> {
        let of_step = |step: usize| {
            let events = events.iter().copied();
            events.filter(|event| is_of(rule, step, event)).collect()
        };
        Known {
            steps: (0..rule.steps.len()).map(of_step).collect(),
            events,
            since,
        }
    }

    /// The events of a step, in order.
    pub(crate) fn of_step(&self, step: usize) -> &[&'e Event] {
        &self.steps[step]
    }
}

/// Whether an event is one of a step: of its schema, and what the step says of it alone holds.
fn is_of(rule: &Rule, step: usize, event: &Event) -> bool {
    let alone = Bound::nothing(rule.steps.len()).with(step, event);
    let mut own = rule.steps[step].conditions.iter().filter(|condition| {
        (0..rule.steps.len()).all(|other| other == step || !condition.names(other))
    });
    event.kind == rule.steps[step].kind && own.all(|condition| alone.holds(condition))
}

/// A binding that satisfies the rule.
pub(crate) struct Candidate<'e> {
    pub(crate) bound: Bound<'e>,
    /// The events of the `every` steps: bindings with others are other detections.
    pub(crate) combination: Vec<(i64, u128)>,
    /// The greatest is the one to report.
    pub(crate) rank: Vec<Option<(i64, u128)>>,
}

/// The detections and suppressed matches of a rule over records that came in any order.
pub(crate) fn expected(rule: &Rule, records: &[Event]) -> Vec<Found> {
    let all: Vec<Event> = records.iter().flat_map(Event::events).collect();
    let since = all.iter().map(|event| event.time).min().unwrap_or(0);
    let mut found = Vec::new();
    for events in keyed(rule, &all).into_values() {
        let known = Known::new(rule, events, since);
        for (bound, last) in of_key(rule, &known) {
            found.push(found_at(rule, &bound, last));
        }
    }
    found
}

/// As many of the records, from the first on, as the model can go through in a moment: it tries every
/// choice of events for the steps, of every final event, and looks back from each.
pub(crate) fn affordable(rules: &[Rule], records: &[Event]) -> Vec<Event> {
    let mut records = records.to_vec();
    let cost = |records: &[Event]| -> usize {
        let all: Vec<Event> = records.iter().flat_map(Event::events).collect();
        let of_rule =
            |rule: &Rule| -> usize { keyed(rule, &all).values().map(|of| cost(rule, of)).sum() };
        rules.iter().map(of_rule).sum()
    };
    while cost(&records) > 30_000 {
        records.pop();
    }
    records
}

/// About how many choices there are for the events of one key.
fn cost(rule: &Rule, events: &[&Event]) -> usize {
    let of_step = |step: usize| {
        events
            .iter()
            .filter(|event| is_of(rule, step, event))
            .count()
    };
    let one = (0..rule.bound()).filter(|step| !rule.steps[*step].is_many());
    let choices: usize = one.map(|step| 1 + of_step(step)).product();
    let looks_back = match rule.form {
        Form::Together(_) => events.len(),
        _ => 1 + of_step(rule.bound() - 1) * usize::from(rule.steps[rule.bound() - 1].is_many()),
    };
    choices.saturating_mul(looks_back)
}

/// The events by key, in order.
fn keyed<'e>(rule: &Rule, all: &'e [Event]) -> BTreeMap<Vec<i64>, Vec<&'e Event>> {
    let mut keys: BTreeMap<Vec<i64>, Vec<&Event>> = BTreeMap::new();
    for event in all {
        let key: Option<Vec<i64>> = rule.key.iter().map(|field| event.value(*field)).collect();
        if let Some(key) = key {
            keys.entry(key).or_default().push(event);
        }
    }
    for events in keys.values_mut() {
        events.sort_by_key(|event| event.order());
    }
    keys
}

/// The matches of one key with their final events.
fn of_key<'e>(rule: &Rule, known: &Known<'e>) -> Vec<(Bound<'e>, &'e Event)> {
    let steps = rule.steps.len();
    let mut found = Vec::new();
    match &rule.form {
        Form::Match => {
            for event in known.of_step(0).iter().copied() {
                found.push((Bound::nothing(steps).with(0, event), event));
            }
        }
        Form::Count(_) => found = count::given(rule, known),
        Form::Sequence | Form::Together(_) => {
            for last in finals(rule, known) {
                let reported = afresh(rule, known, last);
                found.extend(reported.into_iter().map(|bound| (bound, last)));
            }
        }
    }
    found
}

/// The events that can be final ones, in order.
fn finals<'e>(rule: &Rule, known: &Known<'e>) -> Vec<&'e Event> {
    let final_steps = match rule.form {
        Form::Together(_) => 0..rule.bound(),
        _ => rule.bound() - 1..rule.bound(),
    };
    let mut finals: Vec<&Event> = final_steps
        .flat_map(|step| known.of_step(step))
        .copied()
        .collect();
    finals.sort_by_key(|event| event.order());
    finals.dedup();
    finals
}

/// The bindings to report of a final event, without those that an earlier event of its window completed
/// already.
fn afresh<'e>(rule: &Rule, known: &Known<'e>, last: &'e Event) -> Vec<Bound<'e>> {
    let chosen = chosen(rule, known, last, i64::MIN);
    let asked = match rule.form {
        Form::Together(_) => true,
        _ => matches!(rule.steps[rule.bound() - 1].role, Role::Many { .. }),
    };
    if !asked || chosen.is_empty() {
        return chosen.into_values().map(|of| of.bound).collect();
    }
    let floor = last.time - rule.within;
    let earlier = finals(rule, known).into_iter();
    let earlier = earlier.filter(|of| of.order() < last.order() && of.time >= floor);
    let earlier: Vec<_> = earlier
        .map(|of| self::chosen(rule, known, of, floor))
        .collect();
    let is_free = |of: &Candidate<'_>| of.bound.excluded_by(rule).is_empty();
    let reported = chosen.into_iter().filter(|(combination, candidate)| {
        let mut before = earlier.iter().filter_map(|of| of.get(combination));
        !before.any(|before| is_free(before) || !is_free(candidate))
    });
    reported.map(|(_, of)| of.bound).collect()
}

type Chosen<'e> = BTreeMap<Vec<(i64, u128)>, Candidate<'e>>;

/// For each combination of events for the `every` steps the binding to report: the most recent that no
/// exclusion suppresses, or the most recent.
fn chosen<'e>(rule: &Rule, known: &Known<'e>, last: &'e Event, floor: i64) -> Chosen<'e> {
    let candidates = match rule.form {
        Form::Together(_) => together::candidates(rule, known, last, floor),
        _ => sequence::candidates(rule, known, last, floor),
    };
    let mut chosen: Chosen<'e> = BTreeMap::new();
    for candidate in candidates {
        let worth = |of: &Candidate<'_>| (of.bound.excluded_by(rule).is_empty(), of.rank.clone());
        let known = chosen.get(&candidate.combination);
        if known.is_none_or(|known| worth(&candidate) > worth(known)) {
            chosen.insert(candidate.combination.clone(), candidate);
        }
    }
    chosen
}

fn found_at(rule: &Rule, bound: &Bound<'_>, last: &Event) -> Found {
    let key = rule.key.iter().filter_map(|field: &Field| {
        let text = field.text(last.value(*field)?);
        Some((field.name().to_owned(), serde_json::from_str(&text).ok()?))
    });
    let steps = bound.events.iter().enumerate();
    let events = steps.filter_map(|(step, event)| {
        let count = rule.steps[step]
            .is_many()
            .then_some(bound.groups[step].len());
        Some((Rule::step_name(step), event.as_ref()?.id, count))
    });
    Found {
        rule: rule.name.clone(),
        time: last.time,
        key: key.collect(),
        events: events.collect(),
        fields: bound.emitted(rule),
        excluded_by: bound.excluded_by(rule),
    }
}

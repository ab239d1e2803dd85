//! The limits under an adversary: every form of a rule, sent events by somebody who wants the engine to
//! take more memory or time than it may, or to lose what others' events give. One table: forms by
//! adversaries by emission, with the same promises asserted at every record.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    reason = "a test may state what it knows"
)]

#[path = "../model/mod.rs"]
mod model;

mod forms;

use std::time::{Duration, Instant};

use tripline_engine::{Emission, Engine, Fate, Options, RuleSet};

use forms::{Event, FORMS, Form, OWNED, normal};
use model::{Collected, SECOND, START, today};

/// Somebody who sends events.
struct Adversary {
    name: &'static str,
    /// All that is sent has one key.
    one_key: bool,
    /// The event of this number.
    event: fn(usize) -> Event,
}

const YEAR: i64 = 365 * 86_400 * SECOND;

/// The event of this number of one key at this time.
fn at(id: usize, time: i64) -> Event {
    Event {
        id,
        time,
        key: 1,
        part: (id % 4) as u8,
        value: format!("v{}", id % 3),
    }
}

const fn adversary(name: &'static str, one_key: bool, event: fn(usize) -> Event) -> Adversary {
    Adversary {
        name,
        one_key,
        event,
    }
}

const ADVERSARIES: &[Adversary] = &[
    adversary("one key as time goes on", true, |id| {
        at(id, id as i64 * SECOND / 5)
    }),
    adversary("one key at one instant", true, |id| at(id, 0)),
    adversary("one step at one instant", true, |id| Event {
        part: 0,
        ..at(id, 0)
    }),
    adversary("a new key for ever", false, |id| Event {
        key: id % OWNED,
        ..at(id, id as i64 * SECOND / 10)
    }),
    adversary("each new key for every step", false, |id| Event {
        key: id / 4 % OWNED,
        ..at(id, id as i64 * SECOND / 10)
    }),
    adversary("every other event far in the future", true, |id| {
        let ahead = if id % 2 == 1 { 10 * YEAR } else { 0 };
        at(id, id as i64 * SECOND + ahead)
    }),
    adversary("further and further in the future", true, |id| {
        at(id, (id as i64).pow(2) * 3_600 * SECOND)
    }),
    adversary("back in time", true, |id| at(id, id as i64 * -SECOND / 5)),
    adversary("back in time within one window", true, |id| {
        at(id, id as i64 * -SECOND / 500)
    }),
    adversary("back in time from year to year", true, |id| {
        let (year, day) = (id / 100, id % 100);
        at(id, year as i64 * YEAR - day as i64 * SECOND / 5)
    }),
    adversary("the same event again and again", true, |_| at(0, 0)),
    adversary("a few events again and again", true, |id| {
        at(id % 7, (id % 7) as i64 * SECOND)
    }),
    adversary("distinct values for ever", true, |id| Event {
        value: format!("{id:0200}"),
        ..at(id, id as i64 * SECOND / 50)
    }),
    adversary("distinct values of one step", true, |id| Event {
        value: format!("{id:0200}"),
        part: 0,
        ..at(id, id as i64 * SECOND / 50)
    }),
    adversary("values that hardly fit", true, |id| Event {
        value: "v".repeat(if id % 10 == 3 { 30_000 } else { id }),
        ..at(id, id as i64 * SECOND / 50)
    }),
    adversary("to and fro", true, |id| {
        let part = if id % 2 == 0 {
            id / 2
        } else {
            usize::MAX / 4 - id / 2
        };
        Event {
            part: (part % 2) as u8,
            ..at(id, (id as i64 * 7_919) % 60 * SECOND)
        }
    }),
];

/// Runs one cell of the table.
fn hold(form: &Form, rules: &RuleSet, adversary: &Adversary, options: &Options, records: usize) {
    let what = format!(
        "{} / {} / {:?} / {} bytes",
        form.name, adversary.name, options.emission, options.max_state
    );
    let mut engine = Engine::new(rules.clone(), options.clone());
    let mut sink = Collected::default();
    let steps = form.steps as u64;
    let of_one_key = options.max_events_per_key as u64 * steps;
    let (mut waited, mut limited_before) = (0, 0);
    for number in 0..records {
        let record = (adversary.event)(number).record();
        let fate = engine.push(record.as_bytes(), &mut sink);
        let stats = engine.stats();
        let what = || format!("{what}, record {number}: {stats:?}");
        assert!(stats.state_bytes <= options.max_state, "{}", what());
        if adversary.one_key {
            assert!(stats.retained_events <= of_one_key, "{}", what());
        }
        // Each has one fate, told once and counted once.
        assert_eq!(sink.fates.len(), number + 1, "{}", what());
        assert_eq!(sink.fates.last(), Some(&fate), "{}", what());
        assert_eq!(stats.records.total(), number as u64 + 1, "{}", what());
        // What is dropped has come before: an event for each step, and its identity.
        let came = number as u64 + 1;
        assert!(stats.evicted <= came * (steps + 1), "{}", what());
        // A search for each step that an event comes to, one for each final event that ripens, and one
        // for each that is settled.
        waited += steps;
        let limited = stats.rules[0].search_limited;
        assert!(limited - limited_before <= 2 * waited + steps, "{}", what());
        assert!(limited <= came * 3 * steps, "{}", what());
        limited_before = limited;
    }
    engine.finish(&mut sink);
    let stats = engine.stats();
    assert_eq!(stats.records.total(), records as u64, "{what}");
    assert_eq!(stats.retained_events, 0, "{what}");
    assert_eq!(stats.state_bytes, 0, "{what}");
    let counted = stats.rules[0].detections + stats.rules[0].excluded;
    assert_eq!(sink.given.len() as u64, counted, "{what}");
}

fn limited(emission: Emission, max_state: usize) -> Options {
    Options {
        emission,
        max_state,
        lateness: Duration::from_secs(20),
        max_events_per_key: 16,
        max_bindings: 200,
        ..Options::new(today())
    }
}

#[test]
fn whatever_an_adversary_sends_to_whichever_form_the_limits_hold_at_every_record() {
    for form in FORMS {
        let rules = form.rules();
        for adversary in ADVERSARIES {
            for emission in [Emission::Early, Emission::Final] {
                for max_state in [20_000, usize::MAX] {
                    hold(form, &rules, adversary, &limited(emission, max_state), 150);
                }
            }
        }
    }
}

/// The detections of normal events, with others sent before each of them.
fn found(form: &Form, options: &Options, before: impl Fn(usize) -> Option<Event>) -> Collected {
    let mut engine = Engine::new(form.rules(), options.clone());
    let mut sink = Collected::default();
    for (number, event) in normal(form).iter().enumerate() {
        if let Some(other) = before(number) {
            let fate = engine.push(other.record().as_bytes(), &mut sink);
            assert_eq!(fate, Fate::OutOfRange, "{}", form.name);
        }
        let fate = engine.push(event.record().as_bytes(), &mut sink);
        assert_eq!(fate, Fate::Processed, "{}", form.name);
    }
    assert_eq!(engine.stats().evicted, 0);
    engine.finish(&mut sink);
    sink
}

#[test]
fn events_dated_beyond_the_skew_take_nothing_from_those_that_come_after_them() {
    for form in FORMS {
        for emission in [Emission::Early, Emission::Final] {
            // As a face with a clock sets it: nothing that is dated more than a day ahead.
            let options = Options {
                range: i64::MIN..START + 86_400 * SECOND,
                emission,
                ..Options::new(today())
            };
            let alone = found(form, &options, |_| None);
            assert_ne!(alone.given, [], "{}, {emission:?}", form.name);
            for ahead in [86_400 * SECOND, YEAR, 200 * YEAR] {
                let beside = found(form, &options, |id| {
                    let part = form.parts[id];
                    let future = at(id + 100, ahead);
                    Some(Event { part, ..future })
                });
                assert_eq!(beside.given, alone.given, "{}, {emission:?}", form.name);
            }
        }
    }
}

/// Prints what a record costs in each cell under the default limits, the dearest first: to be looked at,
/// because time is no promise of a test. `TRIPLINE_CELL` names cells by a part of their name, and
/// `TRIPLINE_CELL_SECONDS` says how long each may take.
#[test]
#[ignore = "takes minutes and asserts nothing"]
fn what_a_record_of_an_adversary_costs() {
    let named = std::env::var("TRIPLINE_CELL").unwrap_or_default();
    let seconds = std::env::var("TRIPLINE_CELL_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(0.7);
    let mut costs = Vec::new();
    for (form, adversary, emission) in cells() {
        let cell = format!("{} / {} / {emission:?}", form.name, adversary.name);
        if !cell.contains(&named) {
            continue;
        }
        let options = Options {
            emission,
            ..Options::new(today())
        };
        let mut engine = Engine::new(form.rules(), options);
        let mut sink = Count::default();
        let mut took = Vec::new();
        let begun = Instant::now();
        while took.len() < 20_000 && begun.elapsed().as_secs_f64() < seconds {
            let record = (adversary.event)(took.len()).record();
            let before = Instant::now();
            engine.push(record.as_bytes(), &mut sink);
            took.push(before.elapsed());
        }
        // The last of them, when the state is as large as it came to be.
        let last = &took[took.len() - took.len().min(100)..];
        let last = last.iter().sum::<Duration>() / u32::try_from(last.len()).unwrap();
        let limited = engine.stats().rules[0].search_limited;
        let (records, given) = (took.len(), sink.0);
        let most = took.into_iter().max().unwrap();
        let counted = format!("{records} records, {given} detections, {limited} limited");
        costs.push((last, most, format!("{cell}: {counted}")));
    }
    costs.sort_by_key(|(last, ..)| std::cmp::Reverse(*last));
    for (last, most, cell) in costs.iter().take(60) {
        println!("{last:>10.1?} a record at the end, at most {most:>10.1?}: {cell}");
    }
}

/// The cells of the table.
fn cells() -> impl Iterator<Item = (&'static Form, &'static Adversary, Emission)> {
    let pairs = FORMS
        .iter()
        .flat_map(|form| ADVERSARIES.iter().map(move |other| (form, other)));
    pairs.flat_map(|(form, other)| {
        [Emission::Early, Emission::Final].map(|emission| (form, other, emission))
    })
}

/// Counts detections.
#[derive(Default)]
struct Count(usize);

impl tripline_engine::Sink for Count {
    fn detection(&mut self, _: tripline_engine::Detection<'_>) {
        self.0 += 1;
    }
}

//! The promises about order: whatever the order in which events arrive (within the lateness), and
//! however often, the detections are those of an evaluator that sorts all events and applies the
//! definitions by brute force.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod model;

use std::collections::BTreeMap;

use proptest::prelude::*;
use tripline_engine::{Emission, Fate, RuleSet};

use model::{
    Collected, Event, Found, Rule, Sort, affordable, arrival, cases, compiled, each, engine,
    events, expected, rules, sort_of,
};

fn run(rules: &RuleSet, emission: Emission, lateness: i64, records: &[String]) -> Collected {
    let mut engine = engine(rules, emission, lateness.unsigned_abs());
    let mut sink = Collected::default();
    for record in records {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    let stats = engine.stats();
    assert_eq!(
        stats.records.total(),
        records.len() as u64,
        "every record has one fate"
    );
    assert_eq!(
        stats.retained_events, 0,
        "nothing is retained after the end"
    );
    assert_eq!(
        stats.state_bytes, 0,
        "nothing is accounted for after the end"
    );
    for rule in &stats.rules {
        let given = sink.given.iter().filter(|one| one.found.rule == rule.name);
        let (free, excluded): (Vec<_>, Vec<_>) =
            given.partition(|one| one.found.excluded_by.is_empty());
        let given = (free.len() as u64, excluded.len() as u64);
        assert_eq!(
            (rule.detections, rule.excluded),
            given,
            "what is given is counted"
        );
    }
    sink
}

/// What the model finds for each rule, in an order of its own.
fn wanted(rules: &[Rule], events: &[Event]) -> Vec<Found> {
    let mut wanted: Vec<Found> = rules
        .iter()
        .flat_map(|rule| expected(rule, events))
        .collect();
    wanted.sort_by_key(sorting);
    wanted
}

fn sorting(found: &Found) -> String {
    format!("{found:?}")
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn final_detections_are_the_models_in_every_order_and_however_often(
        events in events(),
        rules in rules(),
        delays in each(any::<u8>()),
        again in each(any::<bool>()),
        lateness in 0i64..30,
    ) {
        let events = affordable(&rules, &events);
        let set = compiled(&rules);
        let wanted = wanted(&rules, &events);
        let mut records = vec![];
        for at in arrival(&events, &delays, lateness) {
            records.push(events[at].record());
            if again.0[at] {
                records.push(events[at].record());
            }
        }
        let run_late = run(&set, Emission::Final, lateness, &records);
        prop_assert!(!run_late.fates.contains(&Fate::TooLate));
        let mut got: Vec<Found> = run_late.given.iter().map(|one| one.found.clone()).collect();
        got.sort_by_key(sorting);
        prop_assert_eq!(&got, &wanted);

        // In the order of time, with what a rule holds its detections for, and then id.
        let hold: BTreeMap<&str, i64> = rules.iter().map(|rule| (rule.name.as_str(), rule.hold())).collect();
        let order: Vec<_> = run_late.given.iter().map(|one| {
            (one.found.time + hold[one.found.rule.as_str()], one.id.clone())
        }).collect();
        prop_assert!(order.is_sorted(), "detections come by time and id: {:?}", order);

        // In the order of time, all at once and each once: the same to the last bit.
        let mut in_time: Vec<&Event> = events.iter().collect();
        in_time.sort_by_key(|event| event.time);
        let in_time: Vec<String> = in_time.into_iter().map(Event::record).collect();
        let sorted = run(&set, Emission::Final, 0, &in_time);
        prop_assert_eq!(&sorted.given, &run_late.given);
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn early_gives_everything_that_final_gives_no_later_and_nothing_twice(
        events in events(),
        rules in rules(),
        delays in each(any::<u8>()),
        lateness in 0i64..30,
    ) {
        let events = affordable(&rules, &events);
        let set = compiled(&rules);
        let order = arrival(&events, &delays, lateness);
        let mut early = engine(&set, Emission::Early, lateness.unsigned_abs());
        let mut late = engine(&set, Emission::Final, lateness.unsigned_abs());
        let (mut early_sink, mut late_sink) = (Collected::default(), Collected::default());
        for at in 0..=order.len() {
            if let Some(event) = order.get(at) {
                let record = events[*event].record();
                early.push(record.as_bytes(), &mut early_sink);
                late.push(record.as_bytes(), &mut late_sink);
            } else {
                early.finish(&mut early_sink);
                late.finish(&mut late_sink);
            }
            let reported = early_sink.reported();
            for id in late_sink.reported() {
                prop_assert!(reported.contains(&id), "after {} records final gives {}, early does not", at, id);
            }
        }
        let mut once = early_sink.reported();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), early_sink.reported().len(), "no detection is given twice");
        prop_assert_eq!(early.stats().retained_events, 0);
        prop_assert_eq!(early.stats().state_bytes, 0);
    }
}

/// Run alone, with `--nocapture`, to see the figures.
#[test]
fn more_than_a_third_of_the_cases_of_every_form_have_a_detection() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    // For each sort of rule how many there were, and how many of them had a detection.
    let mut seen: BTreeMap<Sort, (u32, u32)> = BTreeMap::new();
    for _ in 0..1_500 {
        let (rules, events) = (rules(), events()).new_tree(&mut runner).unwrap().current();
        let events = affordable(&rules, &events);
        for rule in &rules {
            let of = seen.entry(sort_of(rule)).or_default();
            let found = expected(rule, &events);
            of.0 += 1;
            of.1 += u32::from(found.iter().any(|found| found.excluded_by.is_empty()));
        }
    }
    let share = |(cases, with): (u32, u32)| f64::from(with) / f64::from(cases);
    for (sort, of) in &seen {
        println!(
            "{sort:?}: {} of {} rules have a detection, {:.2}",
            of.1,
            of.0,
            share(*of)
        );
    }
    assert!(seen.values().all(|of| share(*of) > 0.33), "{seen:?}");
}

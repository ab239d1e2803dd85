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

use std::time::Duration;

use proptest::prelude::*;
use tripline_engine::{Emission, Engine, Fate, Options};

use model::{CASES, Case, Collected, Event, START, arrival, cases, events, model, rules};

fn run(case: &Case, emission: Emission, lateness: u64, records: &[String]) -> Collected {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let options = Options {
        lateness: Duration::from_secs(lateness),
        emission,
        ..Options::new(today)
    };
    let mut engine = Engine::new(rules(case.text), options);
    let mut sink = Collected::default();
    for record in records {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    assert_eq!(
        engine.stats().records.total(),
        records.len() as u64,
        "every record has one fate"
    );
    assert_eq!(
        engine.stats().retained_events,
        0,
        "nothing is retained after the end"
    );
    sink
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn final_detections_are_the_models_in_every_order_and_however_often(
        case in 0..CASES.len(),
        events in events(),
        delays in proptest::collection::vec(any::<u8>(), 24),
        again in proptest::collection::vec(any::<bool>(), 24),
        lateness in 0i64..30,
    ) {
        let case = &CASES[case];
        let expected = model(case, &events);
        let mut records = vec![];
        for at in arrival(&events, &delays, lateness) {
            records.push(events[at].record());
            if again[at] {
                records.push(events[at].record());
            }
        }
        let run = run(case, Emission::Final, lateness as u64, &records);
        prop_assert!(!run.fates.contains(&Fate::TooLate));
        let by_time: Vec<_> = run.found.iter().map(|(id, time, ..)| (*time, id.clone())).collect();
        prop_assert!(by_time.is_sorted(), "detections come by time and id");
        let mut got: Vec<(Vec<usize>, bool)> = run.found.into_iter().map(|(_, _, ids, out)| (ids, out)).collect();
        let mut wanted: Vec<(Vec<usize>, bool)> = expected.into_iter().map(|(_, ids, out)| (ids, out)).collect();
        got.sort();
        wanted.sort();
        prop_assert_eq!(got, wanted);
    }

    #[test]
    fn early_gives_everything_that_final_gives_with_the_same_ids_and_nothing_twice(
        case in 0..CASES.len(),
        events in events(),
        delays in proptest::collection::vec(any::<u8>(), 24),
        lateness in 0i64..30,
    ) {
        let case = &CASES[case];
        let order = arrival(&events, &delays, lateness);
        let records: Vec<String> = order.iter().map(|at| events[*at].record()).collect();
        let reported = |collected: Collected| -> Vec<String> {
            collected.found.into_iter().filter(|found| !found.3).map(|found| found.0).collect()
        };
        let late = reported(run(case, Emission::Final, lateness as u64, &records));
        let early = reported(run(case, Emission::Early, lateness as u64, &records));
        let mut once = early.clone();
        once.sort();
        once.dedup();
        prop_assert_eq!(once.len(), early.len(), "no detection is given twice");
        for id in late {
            prop_assert!(early.contains(&id), "final gives {}, early does not", id);
        }
    }
}

#[test]
fn an_event_older_than_the_watermark_is_counted_as_too_late() {
    let event = |id, time| Event {
        id,
        time,
        user: Some(1),
        interactive: true,
        ip: Some(1),
    };
    let records: Vec<String> = [event(0, 0), event(1, 40), event(2, 10), event(3, 9)]
        .iter()
        .map(Event::record)
        .collect();
    let run = run(&CASES[0], Emission::Final, 30, &records);
    assert_eq!(
        run.fates,
        [
            Fate::Processed,
            Fate::Processed,
            Fate::Processed,
            Fate::TooLate
        ]
    );
}

#[test]
fn the_state_stays_within_its_limit_whatever_comes() {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    for users in [1, 100_000] {
        let limit = 1 << 20;
        let options = Options {
            max_state: limit,
            ..Options::new(today)
        };
        let mut engine = Engine::new(rules(CASES[0].text), options);
        let mut sink = Collected::default();
        for id in 0..30_000 {
            // All within the lateness, so that nothing expires by itself.
            let mut record: serde_json::Value = serde_json::from_str(
                &Event {
                    id,
                    time: id as i64 / 100,
                    user: Some(0),
                    interactive: id % 2 == 0,
                    ip: Some(1),
                }
                .record(),
            )
            .unwrap();
            record["user"] = format!("u{}", id % users).into();
            engine.push(record.to_string().as_bytes(), &mut sink);
            assert!(
                engine.stats().state_bytes <= limit,
                "{users} users, event {id}"
            );
        }
        let stats = engine.stats();
        assert!(stats.evicted > 0);
        assert_eq!(stats.records.total(), 30_000);
    }
}

#[test]
fn a_final_event_that_a_limit_drops_is_settled_first() {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let event = |id: usize, time, interactive, ip| {
        let user = Some(1);
        Event {
            id,
            time,
            user,
            interactive,
            ip: Some(ip),
        }
        .record()
    };
    let mut records = vec![event(0, 0, true, 1), event(1, 1, false, 2)];
    // The same user's tokens from the same address, more than are retained for one key.
    records.extend((2..200).map(|id| event(id, 1 + id as i64 / 100, false, 1)));
    let options = Options {
        max_events_per_key: 16,
        ..Options::new(today)
    };
    let mut engine = Engine::new(rules(CASES[0].text), options);
    let mut sink = Collected::default();
    for record in &records {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    assert!(engine.stats().evicted > 0);
    let found: Vec<_> = sink.found.iter().map(|found| found.2.clone()).collect();
    assert_eq!(found, [vec![0, 1]]);
}

#[test]
fn a_final_event_that_is_settled_already_is_not_settled_again_when_a_limit_drops_it() {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let event = |id: usize, time, interactive, ip| {
        let user = Some(1);
        Event {
            id,
            time,
            user,
            interactive,
            ip: Some(ip),
        }
        .record()
    };
    // The watermark passes the first token; what expired stays a little longer than that.
    let mut records = vec![event(0, 0, true, 1), event(1, 1, false, 2)];
    records.extend((2..8).map(|id| event(id, 603, false, 2)));
    let options = Options {
        max_events_per_key: 2,
        lateness: Duration::from_secs(600),
        ..Options::new(today)
    };
    let mut engine = Engine::new(rules(CASES[0].text), options);
    let mut sink = Collected::default();
    for record in &records {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    assert!(engine.stats().evicted > 0);
    let found: Vec<_> = sink.found.iter().map(|found| found.2.clone()).collect();
    assert_eq!(found, [vec![0, 1]]);
}

#[test]
fn what_holds_the_watermark_keeps_events_from_being_too_late() {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let event = |id: usize, time, interactive, ip| {
        let user = Some(1);
        Event {
            id,
            time,
            user,
            interactive,
            ip: Some(ip),
        }
        .record()
    };
    let lateness = Duration::ZERO;
    let options = Options {
        lateness,
        ..Options::new(today)
    };
    let mut engine = Engine::new(rules(CASES[0].text), options);
    let mut sink = Collected::default();
    engine.hold(Some(START), &mut sink);
    engine.push(event(0, 9, false, 2).as_bytes(), &mut sink);
    engine.push(event(1, 50, false, 2).as_bytes(), &mut sink);
    engine.push(event(2, 0, true, 1).as_bytes(), &mut sink);
    assert!(sink.found.is_empty());
    engine.hold(None, &mut sink);
    let found: Vec<_> = sink.found.iter().map(|found| found.2.clone()).collect();
    assert_eq!(found, [vec![2, 0]]);
    assert_eq!(sink.fates, [Fate::Processed; 3]);
}

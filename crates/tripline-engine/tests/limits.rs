//! The limits: what the engine retains stays within them whatever comes, what they drop is counted, and
//! what can be said of it is said first.

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

use model::{
    Collected, Event, LAST, LONE, START, arrival, cases, compiled, each, engine, events, rules,
    sampled, today,
};

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn with_limits_that_everything_reaches_nothing_panics_and_the_limits_hold(
        events in events(),
        rules in rules(),
        delays in each(any::<u8>()),
        early in any::<bool>(),
        restart in any::<bool>(),
        lateness in 0i64..30,
        max_events_per_key in 1usize..6,
        max_state in prop_oneof![Just(0usize), 500usize..20_000, Just(usize::MAX)],
        max_bindings in prop_oneof![0usize..20, Just(65_536usize)],
    ) {
        let set = compiled(&rules);
        let mut engine = Engine::new(set.clone(), Options {
            lateness: Duration::from_secs(lateness.unsigned_abs()),
            emission: if early { Emission::Early } else { Emission::Final },
            max_events_per_key,
            max_state,
            max_bindings,
            ..Options::new(today())
        });
        let mut sink = Collected::default();
        let steps: usize = rules.iter().map(|rule| rule.steps.len()).sum();
        let keys = 16;
        for (at, event) in arrival(&events, &delays, lateness).into_iter().enumerate() {
            engine.push(events[event].record().as_bytes(), &mut sink);
            let stats = engine.stats();
            prop_assert!(stats.state_bytes <= max_state, "{} bytes", stats.state_bytes);
            prop_assert!(stats.retained_events <= (max_events_per_key * steps * keys) as u64);
            if at == 7 {
                if restart {
                    let bytes = engine.snapshot();
                    prop_assert!(engine.restore(&bytes, &mut sink).is_ok());
                }
                engine.reload(set.clone(), &mut sink);
                prop_assert!(engine.stats().state_bytes <= max_state);
            }
        }
        engine.finish(&mut sink);
        prop_assert_eq!(engine.stats().records.total(), events.len() as u64);
        prop_assert_eq!(engine.stats().retained_events, 0);
        prop_assert_eq!(engine.stats().state_bytes, 0);
        // A match that is told before its time can turn out to be another one under early emission, and
        // after a restart it is not known that it was.
        let mut given: Vec<String> = sink.given.into_iter().map(|one| one.id).collect();
        given.sort();
        let all = given.len();
        given.dedup();
        prop_assert!(early || restart || given.len() == all, "a detection is given twice");
    }
}

#[test]
fn an_event_older_than_the_watermark_is_counted_as_too_late() {
    let event = |id, time| Event::signin(id, time, 1, true, 1);
    let records: Vec<String> = [event(0, 0), event(1, 40), event(2, 10), event(3, 9)]
        .iter()
        .map(Event::record)
        .collect();
    let mut engine = engine(&sampled(LAST), Emission::Final, 30);
    let mut sink = Collected::default();
    for record in &records {
        engine.push(record.as_bytes(), &mut sink);
    }
    assert_eq!(
        sink.fates,
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
    for users in [1, 100_000] {
        let limit = 1 << 20;
        let options = Options {
            max_state: limit,
            ..Options::new(today())
        };
        let mut engine = Engine::new(sampled(LAST), options);
        let mut sink = Collected::default();
        for id in 0..30_000 {
            // All within the lateness, so that nothing expires by itself.
            let mut record: serde_json::Value = serde_json::from_str(
                &Event::signin(id, id as i64 / 100, 0, id % 2 == 0, 1).record(),
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
    let event =
        |id: usize, time, interactive, ip| Event::signin(id, time, 1, interactive, ip).record();
    let mut records = vec![event(0, 0, true, 1), event(1, 1, false, 2)];
    // The same user's tokens from the same address, more than are retained for one key.
    records.extend((2..200).map(|id| event(id, 1 + id as i64 / 100, false, 1)));
    let options = Options {
        max_events_per_key: 16,
        ..Options::new(today())
    };
    let mut engine = Engine::new(sampled(LAST), options);
    let mut sink = Collected::default();
    for record in &records {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    assert!(engine.stats().evicted > 0);
    assert_eq!(sink.bound(), [(vec![0, 1], false)]);
}

#[test]
fn a_final_event_that_is_settled_already_is_not_settled_again_when_a_limit_drops_it() {
    let event =
        |id: usize, time, interactive, ip| Event::signin(id, time, 1, interactive, ip).record();
    // The watermark passes the first token; what expired stays a little longer than that.
    let mut records = vec![event(0, 0, true, 1), event(1, 1, false, 2)];
    records.extend((2..8).map(|id| event(id, 603, false, 2)));
    let options = Options {
        max_events_per_key: 2,
        lateness: Duration::from_secs(600),
        ..Options::new(today())
    };
    let mut engine = Engine::new(sampled(LAST), options);
    let mut sink = Collected::default();
    for record in &records {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    assert!(engine.stats().evicted > 0);
    assert_eq!(sink.bound(), [(vec![0, 1], false)]);
}

#[test]
fn what_holds_the_watermark_keeps_events_from_being_too_late() {
    let event =
        |id: usize, time, interactive, ip| Event::signin(id, time, 1, interactive, ip).record();
    let lateness = Duration::ZERO;
    let options = Options {
        lateness,
        ..Options::new(today())
    };
    let mut engine = Engine::new(sampled(LAST), options);
    let mut sink = Collected::default();
    engine.hold(Some(START), &mut sink);
    engine.push(event(0, 9, false, 2).as_bytes(), &mut sink);
    engine.push(event(1, 50, false, 2).as_bytes(), &mut sink);
    engine.push(event(2, 0, true, 1).as_bytes(), &mut sink);
    assert!(sink.given.is_empty());
    engine.hold(None, &mut sink);
    assert_eq!(sink.bound(), [(vec![2, 0], false)]);
    assert_eq!(sink.fates, [Fate::Processed; 3]);
}

#[test]
fn the_state_stays_within_its_limit_though_all_events_have_one_time() {
    let limit = 20_000;
    let options = Options {
        max_state: limit,
        ..Options::new(today())
    };
    for text in [LAST, LONE] {
        let mut engine = Engine::new(sampled(text), options.clone());
        let mut sink = Collected::default();
        for id in 0..2_000 {
            engine.push(
                Event::signin(id, 0, 1, false, 1).record().as_bytes(),
                &mut sink,
            );
            assert!(engine.stats().state_bytes <= limit, "event {id}");
        }
        assert_eq!(engine.stats().records.total(), 2_000);
        assert!(engine.stats().records.too_late > 0);
    }
}

#[test]
fn an_event_of_two_steps_that_a_limit_drops_from_both_is_settled_once() {
    let rule = r#"rule r { together by user within 5s {
        1 of { a = signin where interactive  b = signin where present(ip) }
    } }"#;
    let options = Options {
        max_events_per_key: 1,
        ..Options::new(today())
    };
    let mut engine = Engine::new(sampled(rule), options);
    let mut sink = Collected::default();
    for id in 0..3 {
        let event = Event::signin(id, 60 * id as i64, 1, true, 1);
        engine.push(event.record().as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    let given: Vec<Vec<usize>> = sink.bound().into_iter().map(|(ids, _)| ids).collect();
    assert_eq!(given, [[0], [1], [2]]);
}

/// An engine that has taken these records, with its sink.
fn taken(text: &str, options: Options, records: &[String]) -> (Engine, Collected) {
    let mut engine = Engine::new(sampled(text), options);
    let mut sink = Collected::default();
    for record in records {
        engine.push(record.as_bytes(), &mut sink);
    }
    (engine, sink)
}

#[test]
fn a_final_event_that_is_settled_because_a_limit_drops_it_counts_as_limited_where_its_search_is() {
    let event =
        |id: usize, time, interactive, ip| Event::signin(id, time, 1, interactive, ip).record();
    let mut records = vec![event(0, 0, true, 1)];
    records.extend((1..=5).map(|id| event(id, id as i64, false, 2)));
    let options = Options {
        max_events_per_key: 2,
        max_bindings: 0,
        ..Options::new(today())
    };
    let (mut engine, mut sink) = taken(LAST, options, &records);
    assert_eq!(engine.stats().evicted, 3);
    assert_eq!(engine.stats().rules[0].search_limited, 3);
    engine.finish(&mut sink);
    assert_eq!(engine.stats().rules[0].search_limited, 5);
}

#[test]
fn what_a_count_adds_up_for_one_arrival_is_limited_and_the_rest_is_given_when_the_watermark_passes()
{
    let rule = r#"rule r { count by user within 60s {
        f = signin where interactive
        g = signin where not interactive
        having count(f) > count(g)
    } }"#;
    // The last to come is before all others, and makes every `f` one too many.
    let mut events: Vec<Event> = (0..40)
        .map(|id| Event::signin(id, id as i64 + 1, 1, id % 2 == 1, 1))
        .collect();
    events.push(Event::signin(40, 0, 1, true, 1));
    let records: Vec<String> = events.iter().map(Event::record).collect();
    let given = |emission, max_bindings| {
        let options = Options {
            emission,
            max_bindings,
            ..Options::new(today())
        };
        let (mut engine, mut sink) = taken(rule, options, &records);
        let early = sink.given.len();
        engine.finish(&mut sink);
        let mut ids = sink.reported();
        ids.sort();
        (early, ids, engine.stats().rules[0].search_limited)
    };
    let (_, wanted, limited) = given(Emission::Final, 5);
    assert_eq!((wanted.len(), limited), (21, 0));
    let (early, ids, limited) = given(Emission::Early, 100_000);
    assert_eq!((early, &ids, limited), (21, &wanted, 0));
    let (early, ids, limited) = given(Emission::Early, 5);
    assert_eq!((early, &ids, limited), (3, &wanted, 1));
}

#[test]
fn looking_whether_a_match_is_afresh_is_part_of_what_is_tried() {
    let rule = r#"rule r { sequence by user within 60s {
        a = signin where interactive
        b = 2.. signin where not interactive
    } }"#;
    // Many that could be final and have no `a` before them, then one that is.
    let mut records: Vec<String> = (0..100)
        .map(|id| Event::signin(id, 0, 1, false, 1).record())
        .collect();
    records.push(Event::signin(100, 1, 1, true, 1).record());
    records.extend([101, 102].map(|id| Event::signin(id, id as i64 - 99, 1, false, 1).record()));
    for (max_bindings, limited) in [(50, 1), (1_000, 0)] {
        let options = Options {
            max_bindings,
            ..Options::new(today())
        };
        let (mut engine, mut sink) = taken(rule, options, &records);
        engine.finish(&mut sink);
        assert_eq!(sink.bound(), [(vec![100, 102], false)]);
        assert_eq!(engine.stats().rules[0].search_limited, limited);
    }
}

#[test]
fn events_that_stand_for_another_step_are_part_of_what_is_tried() {
    let rule = r#"rule r { sequence by user within 60s {
        a = 1.. signin where not interactive
        b = signin where interactive
        c = 1.. signin where not interactive
    } }"#;
    // At the instant of `b`, so that what could stand for `c` stands for `a`.
    let mut records: Vec<String> = (0..30)
        .map(|id| Event::signin(id, 0, 1, false, 1).record())
        .collect();
    records.push(Event::signin(30, 0, 1, true, 1).record());
    records.push(Event::signin(31, 1, 1, false, 1).record());
    for (max_bindings, limited) in [(90, 1), (1_000, 0)] {
        let options = Options {
            max_bindings,
            lateness: Duration::ZERO,
            ..Options::new(today())
        };
        let (mut engine, mut sink) = taken(rule, options, &records);
        let before = engine.stats().rules[0].search_limited;
        engine.finish(&mut sink);
        let after = engine.stats().rules[0].search_limited;
        assert_eq!(after - before, limited);
    }
}

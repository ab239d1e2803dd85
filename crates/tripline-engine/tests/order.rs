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

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::time::Duration;

use proptest::prelude::*;
use siphasher::sip128::{Hasher128, SipHasher13};
use tripline_engine::lang;
use tripline_engine::{Detection, Emission, Engine, EventFields, Fate, Options, RuleSet, Sink};

const SECOND: i64 = 1_000_000_000;
const START: i64 = 1_800_000_000 * SECOND;

/// An event as the model sees it.
#[derive(Debug, Clone)]
struct Event {
    id: usize,
    /// Seconds after the start.
    time: i64,
    user: Option<u8>,
    interactive: bool,
    ip: Option<u8>,
}

impl Event {
    fn record(&self) -> String {
        let time = chrono::DateTime::from_timestamp_nanos(START + self.time * SECOND);
        let mut record = serde_json::json!({
            "id": format!("e{}", self.id),
            "time": time.to_rfc3339(),
            "interactive": self.interactive,
        });
        if let Some(user) = self.user {
            record["user"] = format!("u{user}").into();
        }
        if let Some(ip) = self.ip {
            record["ip"] = format!("192.0.2.{ip}").into();
        }
        record.to_string()
    }

    /// The documented identity: the hash of the schema's name and the event's id.
    fn identity(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        hasher.write(b"signin");
        hasher.write(&[1]);
        hasher.write(format!("e{}", self.id).as_bytes());
        hasher.finish128().as_u128()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Pick {
    Any,
    Last,
    Every,
}

type Own = fn(&Event) -> bool;
type Join = fn(&[&Event]) -> bool;

/// A rule twice: as text for the engine, as functions for the model.
struct Case {
    text: &'static str,
    /// Zero for a rule without a key.
    within: i64,
    steps: &'static [(Pick, Own)],
    /// Over the events of all steps.
    join: Join,
    exclude: Join,
}

const SCHEMA: &str = r#"
schema signin {
  accept present(.interactive)
  time : timestamp = .time
  id : string = .id
  user : string = .user
  ip : ip = .ip
  interactive : bool = .interactive
}
"#;

const CASES: &[Case] = &[
    Case {
        text: r#"rule r { sequence by user within 10s {
              login = last signin where interactive
              token = signin where not interactive and token.ip != login.ip
            } }
            exclude "nine" from r { when token.ip == "192.0.2.3" }"#,
        within: 10,
        steps: &[
            (Pick::Last, |e| e.interactive),
            (Pick::Any, |e| !e.interactive),
        ],
        join: |e| e[1].ip != e[0].ip,
        exclude: |e| e[1].ip == Some(3),
    },
    Case {
        text: r#"rule r { sequence by user within 10s {
              login = signin where interactive
              token = signin where not interactive and token.ip != login.ip
            } }
            exclude "login" from r { when login.ip == "192.0.2.1" }"#,
        within: 10,
        steps: &[
            (Pick::Any, |e| e.interactive),
            (Pick::Any, |e| !e.interactive),
        ],
        join: |e| e[1].ip != e[0].ip,
        exclude: |e| e[0].ip == Some(1),
    },
    Case {
        text: r#"rule r { sequence by user within 7s {
              a = every signin where interactive
              b = last signin
              c = signin where not interactive and c.ip != a.ip
            } }
            exclude "b" from r { when b.ip == a.ip }"#,
        within: 7,
        steps: &[
            (Pick::Every, |e| e.interactive),
            (Pick::Last, |_| true),
            (Pick::Any, |e| !e.interactive),
        ],
        join: |e| e[2].ip != e[0].ip,
        exclude: |e| e[1].ip == e[0].ip,
    },
    Case {
        text: r#"rule r { sequence by user within 12s {
              a = last signin where interactive
              b = signin where b.ip != a.ip
              c = signin where interactive and c.ip == a.ip
            } }
            exclude "b" from r { when b.interactive and a.ip == "192.0.2.2" }"#,
        within: 12,
        steps: &[
            (Pick::Last, |e| e.interactive),
            (Pick::Any, |_| true),
            (Pick::Any, |e| e.interactive),
        ],
        join: |e| e[1].ip != e[0].ip && e[2].ip == e[0].ip,
        exclude: |e| e[1].interactive && e[0].ip == Some(2),
    },
    Case {
        text: r#"rule r { match { e = signin where not interactive and present(ip) } }
            exclude "three" from r { when e.ip == "192.0.2.3" }"#,
        within: 0,
        steps: &[(Pick::Any, |e| !e.interactive && e.ip.is_some())],
        join: |_| true,
        exclude: |e| e[0].ip == Some(3),
    },
];

/// A detection: the events of the `every` steps and the final one, and the reported binding.
type Found = (Vec<usize>, Vec<usize>, bool);

/// How recent a binding is: times and identities, from the final event backwards.
type Rank = Vec<(i64, u128)>;

/// All matches by the definitions, sorted.
fn model(case: &Case, events: &[Event]) -> Vec<Found> {
    let keyed = case.within > 0;
    let mut sorted: Vec<&Event> = events
        .iter()
        .filter(|e| e.user.is_some() || !keyed)
        .collect();
    sorted.sort_by_key(|e| (e.time, e.identity()));
    let mut best: BTreeMap<Vec<usize>, (Rank, Vec<usize>, bool)> = BTreeMap::new();
    let count = case.steps.len();
    let mut binding: Vec<&Event> = Vec::new();
    bind(case, &sorted, &mut binding, &mut |binding| {
        let last = binding[count - 1];
        if last.time - binding[0].time > case.within || !(case.join)(binding) {
            return;
        }
        for at in 0..count - 1 {
            if case.steps[at].0 == Pick::Last {
                let next = binding[at + 1];
                let newest = sorted.iter().rev().find(|e| {
                    e.user == last.user
                        && (case.steps[at].1)(e)
                        && e.time <= next.time
                        && !binding[at + 1..].iter().any(|bound| bound.id == e.id)
                });
                if newest.map(|e| e.id) != Some(binding[at].id) {
                    return;
                }
            }
        }
        let excluded = (case.exclude)(binding);
        let group: Vec<usize> = (0..count)
            .filter(|at| *at == count - 1 || case.steps[*at].0 == Pick::Every)
            .map(|at| binding[at].id)
            .collect();
        // Most recent: by the step nearest the final one first.
        let rank: Rank = binding
            .iter()
            .rev()
            .map(|e| (e.time, e.identity()))
            .collect();
        let ids: Vec<usize> = binding.iter().map(|e| e.id).collect();
        let entry = best
            .entry(group)
            .or_insert_with(|| (rank.clone(), ids.clone(), excluded));
        if (!excluded, &rank) > (!entry.2, &entry.0) {
            *entry = (rank, ids, excluded);
        }
    });
    best.into_iter()
        .map(|(group, (_, ids, excluded))| (group, ids, excluded))
        .collect()
}

/// Calls `found` for every choice of distinct events of one user, in time order, that satisfy the
/// steps' own conditions.
fn bind<'e>(
    case: &Case,
    events: &[&'e Event],
    binding: &mut Vec<&'e Event>,
    found: &mut dyn FnMut(&[&'e Event]),
) {
    let Some((_, own)) = case.steps.get(binding.len()) else {
        return found(binding);
    };
    for event in events {
        let fits = binding
            .last()
            .is_none_or(|before| before.user == event.user && before.time <= event.time);
        if fits && own(event) && !binding.iter().any(|bound| bound.id == event.id) {
            binding.push(event);
            bind(case, events, binding, found);
            binding.pop();
        }
    }
}

#[derive(Default)]
struct Collected {
    found: Vec<(String, i64, Vec<usize>, bool)>,
    fates: Vec<Fate>,
}

impl Sink for Collected {
    fn detection(&mut self, detection: Detection<'_>) {
        let json = serde_json::to_value(&detection).unwrap();
        let ids = detection.events.iter().map(|event| {
            let id = json["events"][event.step]["id"].as_str().unwrap();
            id[1..].parse().unwrap()
        });
        let suppressed = !detection.excluded_by.is_empty();
        self.found.push((
            detection.id.to_string(),
            detection.time,
            ids.collect(),
            suppressed,
        ));
    }

    fn fate(&mut self, _: usize, fate: Fate) {
        self.fates.push(fate);
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

fn rules(text: &str) -> RuleSet {
    let mut sources = lang::source::SourceSet::from_texts([("r.trip", format!("{SCHEMA}{text}"))]);
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let checking = lang::check(&mut sources, today);
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    RuleSet::compile(&checked, EventFields::Used)
}

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

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (
        0i64..60,
        proptest::option::weighted(0.95, 0u8..2),
        any::<bool>(),
        proptest::option::weighted(0.9, 1u8..4),
    );
    proptest::collection::vec(event, 0..24).prop_map(|events| {
        let events = events.into_iter().enumerate();
        events
            .map(|(id, (time, user, interactive, ip))| Event {
                id,
                time,
                user,
                interactive,
                ip,
            })
            .collect()
    })
}

/// An order of arrival in which no event is more than `late` seconds behind the newest before it.
fn arrival(events: &[Event], delays: &[u8], late: i64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|at| {
        let delay = i64::from(delays.get(*at).copied().unwrap_or(0)) % (late + 1);
        (events[*at].time + delay, *at)
    });
    order
}

/// 600 cases, or as many as `PROPTEST_CASES` says.
fn cases() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(600),
    }
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

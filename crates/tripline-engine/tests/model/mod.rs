//! What the property tests of the engine share: sign-ins at random, rules written twice (as text for
//! the engine, as functions for an evaluator that applies the definitions by brute force), that
//! evaluator, and a sink that collects what an engine gives.

#![allow(
    dead_code,
    reason = "each file of tests is a program of its own and uses its part"
)]

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use siphasher::sip128::{Hasher128, SipHasher13};
use tripline_engine::lang;
use tripline_engine::{Detection, Emission, Engine, EventFields, Fate, Options, RuleSet, Sink};

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const START: i64 = 1_800_000_000 * SECOND;

/// An event as the model sees it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: usize,
    /// Seconds after the start.
    pub(crate) time: i64,
    pub(crate) user: Option<u8>,
    pub(crate) interactive: bool,
    pub(crate) ip: Option<u8>,
}

impl Event {
    pub(crate) fn record(&self) -> String {
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
    pub(crate) fn identity(&self) -> u128 {
        let mut hasher = SipHasher13::new();
        hasher.write(b"signin");
        hasher.write(&[1]);
        hasher.write(format!("e{}", self.id).as_bytes());
        hasher.finish128().as_u128()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pick {
    Any,
    Last,
    Every,
}

pub(crate) type Own = fn(&Event) -> bool;
pub(crate) type Join = fn(&[&Event]) -> bool;

/// A rule twice: as text for the engine, as functions for the model.
pub(crate) struct Case {
    pub(crate) text: &'static str,
    /// Zero for a rule without a key.
    within: i64,
    steps: &'static [(Pick, Own)],
    /// Over the events of all steps.
    pub(crate) join: Join,
    pub(crate) exclude: Join,
}

pub(crate) const SCHEMA: &str = r#"
schema signin {
  accept present(.interactive)
  time : timestamp = .time
  id : string = .id
  user : string = .user
  ip : ip = .ip
  interactive : bool = .interactive
}
"#;

pub(crate) const CASES: &[Case] = &[
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

/// All cases as one set of rules, `r0` and on, with their exclusions.
pub(crate) fn all_cases() -> String {
    let texts = CASES.iter().enumerate().map(|(at, case)| {
        case.text
            .replacen("rule r ", &format!("rule r{at} "), 1)
            .replacen("from r ", &format!("from r{at} "), 1)
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// A detection: the events of the `every` steps and the final one, and the reported binding.
pub(crate) type Found = (Vec<usize>, Vec<usize>, bool);

/// How recent a binding is: times and identities, from the final event backwards.
pub(crate) type Rank = Vec<(i64, u128)>;

/// All matches by the definitions, sorted.
pub(crate) fn model(case: &Case, events: &[Event]) -> Vec<Found> {
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

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Collected {
    pub(crate) found: Vec<(String, i64, Vec<usize>, bool)>,
    pub(crate) fates: Vec<Fate>,
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

pub(crate) fn rules(text: &str) -> RuleSet {
    rules_with(text, EventFields::Used)
}

pub(crate) fn rules_with(text: &str, fields: EventFields) -> RuleSet {
    let mut sources = lang::source::SourceSet::from_texts([("r.trip", format!("{SCHEMA}{text}"))]);
    let checking = lang::check(&mut sources, today());
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    RuleSet::compile(&checked, fields)
}

pub(crate) fn today() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
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
pub(crate) fn arrival(events: &[Event], delays: &[u8], late: i64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|at| {
        let delay = i64::from(delays.get(*at).copied().unwrap_or(0)) % (late + 1);
        (events[*at].time + delay, *at)
    });
    order
}

/// 600 cases, or as many as `PROPTEST_CASES` says.
pub(crate) fn cases() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(600),
    }
}

/// An engine for the rules.
pub(crate) fn engine(rules: &RuleSet, emission: Emission, lateness: u64) -> Engine {
    let options = Options {
        lateness: Duration::from_secs(lateness),
        emission,
        max_events_per_key: 300,
        ..Options::new(today())
    };
    Engine::new(rules.clone(), options)
}

/// All rules.
pub(crate) static RULES: LazyLock<RuleSet> = LazyLock::new(|| rules(&all_cases()));

/// Rules and records that leave something of every kind in the state.
pub(crate) fn sample() -> (RuleSet, Vec<String>) {
    let records = (0..40).map(|id| Event {
        id,
        time: id as i64 / 2,
        user: Some((id % 3) as u8),
        interactive: id % 4 == 0,
        ip: Some((id % 5) as u8),
    });
    (RULES.clone(), records.map(|event| event.record()).collect())
}

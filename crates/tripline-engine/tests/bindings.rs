//! What stands for the steps of a rule, one promise at a time: cases that were once answered wrongly,
//! each as short as it could be made.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

use std::time::Duration;

use serde_json::{Value, json};
use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Detection, Emission, Engine, EventFields, Options, RuleSet, Sink};

/// The detections as JSON.
#[derive(Default)]
struct Given(Vec<Value>);

impl Sink for Given {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0.push(serde_json::to_value(&detection).unwrap());
    }
}

/// What a rule gives for events (`id`, second, and other fields) once nothing can change it.
fn given(rule: &str, events: &[(&str, i64, Value)]) -> Vec<Value> {
    given_with(rule, Options::new(today()), events)
}

fn given_with(rule: &str, options: Options, events: &[(&str, i64, Value)]) -> Vec<Value> {
    let mut engine = Engine::new(compiled(rule), options);
    let mut sink = Given::default();
    for (id, second, fields) in events {
        push(&mut engine, &mut sink, id, *second, fields);
    }
    engine.finish(&mut sink);
    sink.0
}

fn push(engine: &mut Engine, sink: &mut Given, id: &str, second: i64, fields: &Value) {
    let mut record = fields.clone();
    record["id"] = json!(id);
    record["user"] = json!("u");
    record["time"] = json!(1_800_000_000 + second);
    engine.push(record.to_string().as_bytes(), sink);
}

fn compiled(rule: &str) -> RuleSet {
    let schema = "schema s { accept true  time : timestamp = .time  id : string = .id
        user : string = .user  ip : ip = .ip  n : int = .n }";
    let text = format!("{schema}\n{rule}");
    let checking = lang::check(&mut SourceSet::from_texts([("r.trip", text)]), today());
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    RuleSet::compile(&checked, EventFields::Used)
}

fn today() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

#[test]
fn an_event_of_several_steps_of_a_together_has_the_fields_of_the_step_it_stands_for() {
    let rule = "rule r {
        together by user within 10s {
          1 of { a = s where a.n >= 0  b = s where b.n >= 1 }
        }
        emit { n = b.n  ip = b.ip }
    }";
    let found = given(rule, &[("e0", 0, json!({"n": 1, "ip": "192.0.2.1"}))]);
    assert_eq!(found.len(), 1);
    let one = &found[0];
    assert_eq!(one["events"]["b"]["id"], "e0");
    assert_eq!(one["fields"], json!({"n": 1, "ip": "192.0.2.1"}));
}

#[test]
fn what_a_count_gave_early_is_not_given_again_when_a_suppressed_one_after_it_is_settled() {
    let rule = "rule r {
        count by user within 1s { a = s  having count(a) >= 1 }
        exclude \"two\" { when a.n == 2 }
    }";
    let options = Options {
        emission: Emission::Early,
        lateness: Duration::from_secs(9),
        ..Options::new(today())
    };
    let events = [("e0", 0, json!({"n": 1})), ("e1", 10, json!({"n": 2}))];
    let found = given_with(rule, options, &events);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn values_that_left_the_window_of_a_count_are_no_longer_among_them() {
    let rule = "rule r {
        count by user within 1s { a = s  having len(values(a.n)) >= 2 }
        emit { which = values(a.n) }
    }";
    let events = [
        ("e0", 0, json!({"n": 1})),
        ("e1", 1, json!({"n": 2})),
        ("e2", 2, json!({"n": 1})),
        ("e3", 5, json!({"n": 3})),
        ("e4", 6, json!({"n": 3})),
        ("e5", 7, json!({"n": 1})),
    ];
    let found = given(rule, &events);
    let which: Vec<&Value> = found.iter().map(|one| &one["fields"]["which"]).collect();
    assert_eq!(which, [&json!([1, 2]), &json!([2, 1]), &json!([3, 1])]);
}

#[test]
fn what_was_given_early_after_a_wait_is_not_given_again_when_another_of_its_final_event_is_settled()
{
    let rule = "rule r {
        sequence by user within 1s { a = every s  b = s  without c = s where c.n == 9 after b for 5s }
        exclude \"two\" { when a.n == 2 }
    }";
    let options = Options {
        emission: Emission::Early,
        lateness: Duration::from_secs(2),
        ..Options::new(today())
    };
    let events = [
        ("e0", 0, json!({"n": 1})),
        ("e1", 0, json!({"n": 2})),
        ("e2", 1, json!({"n": 3})),
        ("e3", 8, json!({"n": 9})),
        ("e4", 30, json!({"n": 9})),
    ];
    let found = given_with(rule, options, &events);
    let mut ids: Vec<&Value> = found.iter().map(|one| &one["id"]).collect();
    let given = ids.len();
    ids.sort_by_key(|id| id.to_string());
    ids.dedup();
    assert_eq!(ids.len(), given, "{found:?}");
    assert!(given > 0);
}

#[test]
fn a_final_step_of_several_completes_afresh_for_each_event_of_an_every_step() {
    let rule = "rule r {
        sequence by user within 9s { a = every s where a.n == 1  b = 2.. s where b.n == 2 }
    }";
    let events = [
        ("a0", 0, json!({"n": 1})),
        ("b0", 1, json!({"n": 2})),
        ("b1", 2, json!({"n": 2})),
        ("a1", 3, json!({"n": 1})),
        ("b2", 4, json!({"n": 2})),
        ("b3", 5, json!({"n": 2})),
    ];
    let found = given(rule, &events);
    let bound: Vec<_> = found
        .iter()
        .map(|one| (&one["events"]["a"]["id"], &one["events"]["b"]["id"]))
        .collect();
    assert_eq!(
        bound,
        [(&json!("a0"), &json!("b1")), (&json!("a1"), &json!("b3"))]
    );
}

#[test]
fn an_event_stands_for_one_of_two_steps_of_several_that_share_its_instant() {
    let rule = "rule r {
        sequence by user within 9s { a = 1.. s where a.n >= 1  b = s where b.n == 0  c = 2.. s where c.n >= 1 }
    }";
    let events = [
        ("e0", 5, json!({"n": 1})),
        ("b", 5, json!({"n": 0})),
        ("e1", 6, json!({"n": 1})),
    ];
    assert_eq!(given(rule, &events), [] as [Value; 0]);
    let more = [&events[..], &[("e2", 7, json!({"n": 1}))]].concat();
    let found = given(rule, &more);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["counts"], json!({"a": 1, "c": 2}));
}

#[test]
fn an_event_without_a_value_takes_no_value_with_it_when_it_leaves_a_count() {
    let rule = "rule r {
        count by user within 10s { a = s  having count(a) >= 2 and min(a.n) != 5 }
    }";
    let events = [
        ("e0", 0, json!({})),
        ("e1", 4, json!({"n": 5})),
        ("e2", 12, json!({})),
    ];
    assert_eq!(given(rule, &events), [] as [Value; 0]);
}

#[test]
fn what_can_be_told_at_the_same_instant_is_told_in_the_same_order_after_a_reload() {
    let rules = compiled(
        "rule r { sequence by user { a = s where a.n == 1  without b = s where b.n == 2 after a for 5s } }",
    );
    let run = |reload: bool| {
        let options = Options {
            emission: Emission::Early,
            ..Options::new(today())
        };
        let mut engine = Engine::new(rules.clone(), options);
        let mut sink = Given::default();
        for id in ["e0", "e1", "e2", "e3", "e4", "e5"] {
            push(&mut engine, &mut sink, id, 0, &json!({"n": 1}));
        }
        if reload {
            engine.reload(rules.clone(), &mut sink);
        }
        push(&mut engine, &mut sink, "e6", 9, &json!({}));
        sink.0
    };
    assert_eq!(run(false).len(), 6);
    assert_eq!(run(true), run(false));
}

#[test]
fn an_event_that_takes_a_match_away_lets_a_later_one_be_given_early() {
    let rule = "rule r {
        sequence by user within 9s {
          a = s where a.n == 1
          b = 1.. s where b.n == 2 and b.ip == a.ip
          without c = s where c.n == 3 and c.ip == a.ip after a for 5s
        }
    }";
    let (one, other) = ("192.0.2.1", "192.0.2.2");
    let events = [
        ("a0", 0, json!({"n": 1, "ip": one})),
        ("a1", 0, json!({"n": 1, "ip": other})),
        ("b0", 1, json!({"n": 2, "ip": one})),
        ("b1", 2, json!({"n": 2, "ip": other})),
        // Everything before is far enough back; then what must not come after `a0` does come, late.
        ("t", 20, json!({})),
        ("c", 4, json!({"n": 3, "ip": one})),
    ];
    let given = |emission| {
        let options = Options {
            emission,
            ..Options::new(today())
        };
        let found = given_with(rule, options, &events);
        let last = found
            .into_iter()
            .map(|one| one["events"]["b"]["id"].clone());
        last.collect::<Vec<_>>()
    };
    assert_eq!(given(Emission::Final), ["b1"]);
    assert_eq!(given(Emission::Early), ["b0", "b1"]);
}

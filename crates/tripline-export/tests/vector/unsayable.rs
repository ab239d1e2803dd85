//! Values that an event of Vector can have and JSON cannot say: numbers that are not finite, and instants
//! that 64 bits of nanoseconds cannot hold or that are leap seconds. They are missing, wherever they stand.

use proptest::prelude::*;
use vrl::value::{ObjectMap, Value};

use super::conversions;
use super::harness::{Both, cases, event};

/// Seconds and nanoseconds of the first and of the last instant that there is.
const FIRST: (i64, u32) = (-9_223_372_037, 145_224_192);
const LAST: (i64, u32) = (9_223_372_036, 854_775_807);

fn instant((seconds, nanoseconds): (i64, u32)) -> Value {
    Value::Timestamp(chrono::DateTime::from_timestamp(seconds, nanoseconds).unwrap())
}

fn float(number: f64) -> Value {
    Value::from_f64_or_zero(number)
}

/// What there is none of.
fn none() -> Vec<Value> {
    let mut none = vec![float(f64::INFINITY), float(f64::NEG_INFINITY)];
    let far = [
        chrono::DateTime::<chrono::Utc>::MIN_UTC,
        chrono::DateTime::<chrono::Utc>::MAX_UTC,
    ];
    none.extend(far.map(Value::Timestamp));
    none.extend(
        [
            (FIRST.0, FIRST.1 - 1),
            (LAST.0, LAST.1 + 1),
            (FIRST.0 - 1, 999_999_999),
            (LAST.0 + 1, 0),
            // The leap second at the end of 2016.
            (1_483_228_799, 1_000_000_000),
            (1_483_228_799, 1_999_999_999),
        ]
        .map(instant),
    );
    none
}

/// What there is, next to that.
fn some() -> Vec<Value> {
    let mut some = vec![instant(FIRST), instant(LAST), instant((1_483_228_799, 0))];
    let numbers = [
        f64::MAX,
        f64::MIN,
        f64::MAX / 2.0,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        0.0,
        -0.0,
        1.0,
    ];
    some.extend(numbers.map(float));
    some
}

/// An event of the conversions with this value.
fn with(value: Value) -> Value {
    let mut event = event(r#"{"accept": 1, "time": "2026-03-02T10:00:00Z"}"#);
    event.as_object_mut().unwrap().insert("v".into(), value);
    event
}

#[test]
fn what_json_cannot_say_is_missing_for_every_type() {
    let mut both = conversions::both();
    for value in none() {
        let outcome = both.agree(&with(value.clone()));
        let fields = outcome.detections["r"]["fields"].as_object().unwrap();
        assert!(
            fields.values().all(serde_json::Value::is_null),
            "{value}: {fields:?}"
        );
    }
    for value in some() {
        let outcome = both.agree(&with(value.clone()));
        assert!(
            outcome.detections["r"]["fields"]["text"].is_string(),
            "{value}"
        );
    }
}

#[test]
fn what_json_cannot_say_is_null_in_what_holds_it() {
    let mut both = conversions::both();
    for value in none().into_iter().chain(some()) {
        let of = |name: &str, value: Value| ObjectMap::from([(name.into(), value)]);
        for holder in [
            Value::Array(vec![value.clone(), Value::from(1)]),
            Value::Object(of("a", value.clone())),
            Value::Array(vec![Value::Object(of(
                "a",
                Value::Array(vec![value.clone()]),
            ))]),
        ] {
            let outcome = both.agree(&with(holder.clone()));
            assert!(
                outcome.detections["r"]["fields"]["text"].is_string(),
                "{holder}"
            );
        }
    }
}

const RULES: &str = r#"
schema s {
  accept present(.n) or missing(.accept)
  time  : timestamp = .at ?? .time
  seen  : timestamp = .seen
  n     : float     = .n ?? .other
  first : string    = .list[0]
  raw   : json      = .n
  list  : json      = .list
  deep  : string    = raw ?? list[1]
}
filter f {
  on s
  tag "great"   when n > 1000000.0
  tag "less"    when n < 0
  tag "is"      when present(n)
  tag "raw"     when present(raw)
  tag "first"   when present(first)
  tag "deep"    when missing(deep)
  tag "any"     when any(list, x => present(x))
  tag "all"     when all(list, x => x == 1)
  tag "found"   when find(list, x => x != 2) == 1
  tag "late"    when seen > 2200-01-01
  tag "other"   when differ(n, list[0])
  tag "keyed"   when n in [1, 2]
}
rule r { match { e = s } emit { n first raw deep time seen } }
"#;

#[test]
fn what_json_cannot_say_is_missing_in_conditions_and_lets_the_next_be_found() {
    let mut both = Both::new(RULES);
    let value = prop_oneof![
        4 => prop::sample::select(none()),
        2 => prop::sample::select(some()),
        1 => Just(Value::from(1)),
        1 => Just(Value::from("1")),
        1 => Just(Value::Null),
    ];
    let list = prop::collection::vec(value.clone(), 0..3).prop_map(Value::Array);
    // The engine takes no event within a window of the last instant that there is.
    let time = prop_oneof![
        2 => prop::sample::select(none()),
        1 => Just(instant((1_483_228_799, 0))),
    ];
    let any = prop_oneof![3 => value, 2 => list.clone()].boxed();
    let member = |name: &'static str, of: BoxedStrategy<Value>| {
        prop::option::of(of.prop_map(move |of| (name.into(), of)))
    };
    let event = vec![
        member("n", any.clone()),
        member("other", any.clone()),
        member("seen", any.clone()),
        member("accept", any),
        member("list", list.boxed()),
        member("at", time.clone().boxed()),
        member("time", time.boxed()),
    ];
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: cases(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let both = std::cell::RefCell::new(&mut both);
    runner
        .run(&event, |members| {
            let members = members.into_iter().flatten().collect();
            both.borrow_mut().agree(&Value::Object(members));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

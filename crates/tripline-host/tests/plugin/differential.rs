//! The module gives what the engine gives: the same detections for every record, and every other
//! record as it came, byte for byte.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tripline_engine::Encoding;
use tripline_host::{Instance, Outcome};
use tripline_samples::{Noise, Options, Order, Shape, Wrap};

use crate::harness::{Reference, call, detections, instance, message_pack, pack, records};

/// Holds the module to the engine over a stream; gives how many detections there were.
fn compare(stream: &[Vec<u8>], function: &str) -> usize {
    let mut module = instance(&pack());
    let mut engine = Reference::new(&pack());
    let mut found = 0;
    for record in stream {
        let expected = if function.ends_with("msgpack") {
            let Some(packed) = message_pack(record) else {
                continue;
            };
            let expected = engine.push(&packed, Encoding::MessagePack);
            let got = call(&mut module, function, &packed);
            same_message_pack(&expected, got);
            expected
        } else {
            let expected = engine.push(record, Encoding::Json);
            same_json(&mut module, function, record, &expected);
            expected
        };
        found += expected.len();
    }
    found
}

fn same_json(module: &mut Instance, function: &str, record: &[u8], expected: &[Value]) {
    let got = call(module, function, record);
    match (function, expected, got) {
        ("tripline_annotate", [], Outcome::Passed) | ("tripline_detect", [], Outcome::Dropped) => {}
        ("tripline_annotate", expected, Outcome::Given(bytes)) => {
            let inside = record.strip_suffix(b"}").unwrap();
            let gained = bytes.strip_prefix(inside).expect("the record's own bytes");
            // The record itself may be damaged where no rule looks; what it gains is not.
            let gained = String::from_utf8_lossy(gained).replacen(',', "{", 1);
            let value: Value = serde_json::from_str(&gained).unwrap();
            let mut got = value["tripline"]["detections"].as_array().unwrap().clone();
            got.sort_by_key(|one| one["id"].as_str().map(str::to_owned));
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(expected) {
                for (name, value) in got.as_object().unwrap() {
                    assert_eq!(value, &expected[name], "{name}");
                }
            }
        }
        ("tripline_detect", expected, Outcome::Given(bytes)) => {
            let got = detections(serde_json::from_slice(&bytes).unwrap());
            assert_eq!(got, expected);
        }
        (_, expected, got) => panic!("expected {expected:?}, got {got:?}"),
    }
}

fn same_message_pack(expected: &[Value], got: Outcome) {
    match (expected, got) {
        ([], Outcome::Emptied) => {}
        (expected, Outcome::Given(bytes)) => {
            let got = detections(rmp_serde::from_slice(&bytes).unwrap());
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(expected) {
                assert_eq!(got, &as_text(expected));
            }
        }
        (expected, got) => panic!("expected {expected:?}, got {got:?}"),
    }
}

/// What MessagePack without zero bytes can say: numbers are texts, large maps go on in `more`.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(of) => Value::Array(of.iter().map(as_text).collect()),
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(k, v)| (k.clone(), as_text(v)))
                .collect();
            nested(&members)
        }
        other => other.clone(),
    }
}

fn nested(members: &[(String, Value)]) -> Value {
    if members.len() <= 15 {
        return Value::Object(members.iter().cloned().collect());
    }
    let (first, rest) = members.split_at(14);
    let more = ("more".to_owned(), nested(rest));
    Value::Object(first.iter().cloned().chain([more]).collect())
}

#[test]
fn every_function_gives_what_the_engine_gives_over_a_realistic_day() {
    for (seed, shape, wrap) in [
        (1, Shape::Diagnostic, Wrap::None),
        (2, Shape::Mixed, Wrap::None),
        (3, Shape::Diagnostic, Wrap::Log),
    ] {
        let stream = records(&Options {
            records: 1_500,
            users: 60,
            seed,
            shape,
            wrap,
            attacks: 25,
            benign: 4,
            duplicates: 0.05,
            noise: Noise::REALISTIC,
            order: Order::Shuffled(Duration::from_secs(25 * 60)),
            ..Options::default()
        });
        for function in [
            "tripline_annotate",
            "tripline_detect",
            "tripline_detect_msgpack",
        ] {
            let found = compare(&stream, function);
            assert!(found > 10, "{function} over stream {seed} found {found}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(12),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn streams_in_any_order_with_damaged_records_give_the_same(
        seed in 0u64..1_000_000,
        late in 0u64..60,
        damage in prop::collection::vec((0usize..200, 0usize..4000, any::<u8>()), 0..40),
    ) {
        let mut stream = records(&Options {
            records: 200,
            users: 8,
            seed,
            attacks: 12,
            span: Duration::from_secs(6 * 3600),
            shape: Shape::Mixed,
            noise: Noise::REALISTIC,
            order: Order::Shuffled(Duration::from_secs(late * 60)),
            ..Options::default()
        });
        for (record, at, byte) in damage {
            let count = stream.len();
            let record = &mut stream[record % count];
            let at = at % record.len();
            // A host gives JSON up to its first zero byte, which is never in it.
            record[at] = byte.max(1);
        }
        for function in ["tripline_annotate", "tripline_detect", "tripline_detect_msgpack"] {
            compare(&stream, function);
        }
    }
}

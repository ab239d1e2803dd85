//! Both sides: a rule set exported and compiled by VRL, and the same compiled by the engine. An event is
//! given to both, to the engine as Vector would send it (in its protobuf) and, where JSON says the same,
//! as JSON; what comes of it must be equal.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use tripline_engine::lang::{self, checked::Checked, source::SourceSet};
use tripline_engine::{
    Detection, Emission, Encoding, Engine, EventFields, Options, RuleSet, Scanner, Sink,
};
use vrl::compiler::runtime::{Runtime, Terminate};
use vrl::compiler::{Program, TargetValue, TimeZone};
use vrl::value::{Secrets, Value};

pub(crate) fn today() -> NaiveDate {
    chrono::Utc::now().date_naive()
}

pub(crate) fn checked(rules: &str) -> Checked {
    let mut sources = SourceSet::from_texts([("r.trip", rules)]);
    let checking = lang::check(&mut sources, today());
    checking
        .checked
        .unwrap_or_else(|| panic!("{rules}\n{:#?}", checking.diagnostics))
}

/// A program that VRL compiled without a warning.
pub(crate) fn compiled(source: &str) -> Program {
    let functions = vrl::stdlib::all();
    match vrl::compiler::compile(source, &functions) {
        Ok(result) => {
            let warnings: Vec<String> = result.warnings.iter().map(|w| format!("{w:?}")).collect();
            assert!(warnings.is_empty(), "{source}\n{warnings:#?}");
            assert!(!result.program.info().fallible, "{source}");
            result.program
        }
        Err(errors) => {
            let text = vrl::diagnostic::Formatter::new(source, errors).to_string();
            panic!("{source}\n{text}")
        }
    }
}

/// What comes of an event.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Outcome {
    pub(crate) dropped: bool,
    pub(crate) tags: Vec<String>,
    /// By rule, what it says of the detection.
    pub(crate) detections: BTreeMap<String, serde_json::Value>,
}

/// A rule set on both sides.
pub(crate) struct Both {
    pub(crate) text: String,
    pub(crate) vrl: Program,
    rules: RuleSet,
    scanner: Scanner,
}

impl Both {
    pub(crate) fn new(rules: &str) -> Both {
        let checked = checked(rules);
        let exported = tripline_export::vector(&checked, &tripline_export::Options::default())
            .unwrap_or_else(|refused| panic!("{rules}\n{refused:#?}"));
        let rules = RuleSet::compile(&checked, EventFields::Used);
        Both {
            vrl: compiled(&exported.program),
            text: exported.program,
            scanner: Scanner::new(&rules),
            rules,
        }
    }

    /// What the program makes of the event.
    pub(crate) fn by_vrl(&self, event: &Value) -> (Outcome, Option<Value>) {
        let mut target = TargetValue {
            value: event.clone(),
            metadata: Value::Object(BTreeMap::new()),
            secrets: Secrets::new(),
        };
        match Runtime::default().resolve(&mut target, &self.vrl, &TimeZone::default()) {
            Ok(_) => {}
            Err(Terminate::Abort(_)) => {
                let outcome = Outcome {
                    dropped: true,
                    ..Outcome::default()
                };
                return (outcome, None);
            }
            Err(other) => panic!("{}\n{event}\n{other:?}", self.text),
        }
        let after = target.value;
        let json = serde_json::to_value(&after).unwrap();
        let mut outcome = Outcome::default();
        if let Some(gained) = json.get("tripline") {
            for tag in gained["tags"].as_array().unwrap() {
                outcome.tags.push(tag.as_str().unwrap().to_owned());
            }
            for detection in gained["detections"].as_array().into_iter().flatten() {
                let rule = detection["rule"].as_str().unwrap().to_owned();
                outcome.detections.insert(rule, detection.clone());
            }
        }
        (outcome, Some(after))
    }

    /// What the engine makes of the same record, as a relay with `--filters` asks it: what carries a
    /// detection is not dropped.
    pub(crate) fn by_engine(&mut self, record: &[u8], encoding: Encoding) -> Outcome {
        let verdict = self.scanner.filter_encoded(record, encoding);
        assert_eq!(verdict.unreadable, None);
        let mut options = Options::new(today());
        options.emission = Emission::Early;
        let mut engine = Engine::new(self.rules.clone(), options);
        let mut found = Found::default();
        engine.push_encoded(record, encoding, &mut found);
        if verdict.drop.is_some() && found.0.is_empty() {
            return Outcome {
                dropped: true,
                ..Outcome::default()
            };
        }
        Outcome {
            dropped: false,
            tags: verdict.tags,
            detections: found.0,
        }
    }

    /// Asserts that both make the same of the event, and gives it.
    pub(crate) fn agree(&mut self, event: &Value) -> Outcome {
        let (by_vrl, after) = self.by_vrl(event);
        let expected = self.by_engine(&protobuf::record(event), Encoding::Vector);
        same(&by_vrl, &expected, event);
        if !has_instant(event) {
            let json = serde_json::to_vec(event).unwrap();
            let expected = self.by_engine(&json, Encoding::Json);
            same(&by_vrl, &expected, event);
        }
        if let Some(mut after) = after {
            after.as_object_mut().unwrap().remove("tripline");
            assert_eq!(after, *event, "nothing else is changed");
        }
        by_vrl
    }
}

/// Asserts that both are the same, but for the last bit of a number in a raw value: `JsonValue` reads
/// raw values with serde_json, which rounds some of them by that much.
fn same(by_vrl: &Outcome, expected: &Outcome, event: &Value) {
    fn near(one: &serde_json::Value, other: &serde_json::Value) -> bool {
        use serde_json::Value::{Array, Number, Object};
        match (one, other) {
            (Number(one), Number(other)) if one.is_f64() && other.is_f64() => {
                let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
                (one - other).abs() <= 4.0 * one.abs() * f64::EPSILON
            }
            (Array(one), Array(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| near(one, other))
            }
            (Object(one), Object(other)) => {
                one.keys().eq(other.keys()) && one.iter().all(|(name, one)| near(one, &other[name]))
            }
            _ => one == other,
        }
    }
    let (mut one, mut other) = (by_vrl.clone(), expected.clone());
    for (rule, by_vrl) in &mut one.detections {
        let raw = &mut by_vrl["fields"]["raw"];
        if let Some(expected) = other.detections.get_mut(rule)
            && near(raw, &expected["fields"]["raw"])
        {
            *raw = serde_json::Value::Null;
            expected["fields"]["raw"] = serde_json::Value::Null;
        }
    }
    assert_eq!(one, other, "{event}");
}

pub(crate) fn has_instant(value: &Value) -> bool {
    match value {
        Value::Timestamp(_) => true,
        Value::Object(of) => of.values().any(has_instant),
        Value::Array(of) => of.iter().any(has_instant),
        _ => false,
    }
}

#[derive(Default)]
struct Found(BTreeMap<String, serde_json::Value>);

impl Sink for Found {
    fn detection(&mut self, detection: Detection<'_>) {
        let whole = serde_json::to_value(&detection).unwrap();
        let members = [
            "rule",
            "rule_id",
            "title",
            "severity",
            "tactics",
            "techniques",
            "fields",
        ];
        let brief: serde_json::Map<String, serde_json::Value> = members
            .iter()
            .map(|name| ((*name).to_owned(), whole[*name].clone()))
            .collect();
        self.0.insert(detection.rule.name.clone(), brief.into());
    }
}

/// An event as the `vector` sink sends it: `vector.event.Log`.
pub(crate) mod protobuf {
    use super::Value;

    fn varint(mut number: u64, out: &mut Vec<u8>) {
        while number >= 0x80 {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
    }

    fn bytes(number: u64, content: &[u8], out: &mut Vec<u8>) {
        varint(number << 3 | 2, out);
        varint(content.len() as u64, out);
        out.extend_from_slice(content);
    }

    fn value(of: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        match of {
            Value::Null => out.extend([9 << 3, 0]),
            Value::Boolean(value) => out.extend([6 << 3, u8::from(*value)]),
            Value::Integer(number) => {
                out.push(4 << 3);
                varint(number.cast_unsigned(), &mut out);
            }
            Value::Float(number) => {
                out.push(5 << 3 | 1);
                out.extend(number.into_inner().to_le_bytes());
            }
            Value::Timestamp(at) => {
                let mut inside = vec![1 << 3];
                varint(at.timestamp().cast_unsigned(), &mut inside);
                inside.push(2 << 3);
                varint(u64::from(at.timestamp_subsec_nanos()), &mut inside);
                bytes(2, &inside, &mut out);
            }
            Value::Object(_) => bytes(7, &record(of), &mut out),
            Value::Array(of) => {
                let mut inside = Vec::new();
                for element in of {
                    bytes(1, &value(element), &mut inside);
                }
                bytes(8, &inside, &mut out);
            }
            text => bytes(1, text.to_str_lossy().unwrap().as_bytes(), &mut out),
        }
        out
    }

    pub(crate) fn record(of: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, of) in of.as_object().unwrap() {
            let mut entry = Vec::new();
            bytes(1, name.as_str().as_bytes(), &mut entry);
            bytes(2, &value(of), &mut entry);
            bytes(1, &entry, &mut out);
        }
        out
    }
}

/// An event written as JSON; a text `@@…` is an instant.
pub(crate) fn event(json: &str) -> Value {
    fn instants(value: Value) -> Value {
        match value {
            Value::Object(of) => {
                Value::Object(of.into_iter().map(|(k, v)| (k, instants(v))).collect())
            }
            Value::Array(of) => Value::Array(of.into_iter().map(instants).collect()),
            value => {
                let text = value.to_str_lossy().map(|text| text.into_owned());
                let at = text.as_deref().and_then(|text| text.strip_prefix("@@"));
                match at.and_then(|at| at.parse().ok()) {
                    Some(at) => Value::Timestamp(at),
                    None => value,
                }
            }
        }
    }
    instants(serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}")))
}

/// How many cases a property is tried with, unless `PROPTEST_CASES` says so.
pub(crate) fn cases(usual: u32) -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

/// Whether a rule set has no error.
pub(crate) fn is_sound(rules: &str) -> bool {
    let mut sources = SourceSet::from_texts([("r.trip", rules)]);
    lang::check(&mut sources, today()).checked.is_some()
}

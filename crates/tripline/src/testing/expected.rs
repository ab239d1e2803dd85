//! What a test expects against what was found: which detections are counted, and what to say where the
//! number is another.

use std::fmt::Write as _;

use tripline_engine::lang::checked::test::{Counted, Expectation, Place, Test, Wanted};
use tripline_engine::lang::source::SourceSet;
use tripline_engine::lang::types::Type;
use tripline_engine::lang::value::{Raw, Value, compare};
use tripline_engine::record;
use tripline_engine::{Detection, JsonValue, RuleSet};

/// A detection or suppressed match that a test gave.
pub(crate) struct Found {
    /// Index of its rule.
    pub(crate) rule: usize,
    /// Its rule's name.
    pub(crate) rule_name: String,
    /// The detection as it is written for programs.
    pub(crate) json: serde_json::Value,
    /// For each step by name the number of its event in the order of arrival, from 0.
    pub(crate) events: Vec<(String, Option<u64>)>,
    /// The exclusions that suppress it; none for a detection.
    pub(crate) excluded_by: Vec<String>,
    /// For each expectation of the test: the values that are others than wanted, as `name = value`;
    /// `None` where it is not about this rule, or about what other exclusions suppress.
    differs: Vec<Option<Vec<String>>>,
}

/// An expectation that is not met.
#[derive(Debug)]
pub(crate) struct Unmet {
    /// Where it is written: file and line.
    pub(crate) place: String,
    /// What is expected, as it is written, on one line.
    pub(crate) expected: String,
    /// What came instead.
    pub(crate) got: String,
    /// What is near: what detections have that were not counted.
    pub(crate) near: Vec<String>,
}

impl Found {
    /// Looks at a detection with every expectation of the test.
    pub(super) fn of(detection: &Detection<'_>, test: &Test, rules: &RuleSet) -> Found {
        let excluded_by: Vec<String> = detection
            .excluded_by
            .iter()
            .map(|exclusion| exclusion.name.clone())
            .collect();
        let differs = test.expectations.iter().map(|expected| {
            if expected.excluded == excluded_by.is_empty() {
                return None;
            }
            let mut of = expected.of.iter();
            let counted = of.find(|counted| counted.rule == detection.rule_index)?;
            differences(detection, counted, &excluded_by, rules)
        });
        let events = detection.events.iter();
        Found {
            rule: detection.rule_index,
            rule_name: detection.rule.name.clone(),
            json: serde_json::to_value(detection).unwrap_or_default(),
            differs: differs.collect(),
            events: events
                .map(|event| (event.step.to_owned(), event.origin))
                .collect(),
            excluded_by,
        }
    }
}

/// What is other than wanted in a detection of the rule; `None` where other exclusions suppress it.
fn differences(
    detection: &Detection<'_>,
    counted: &Counted,
    excluded_by: &[String],
    rules: &RuleSet,
) -> Option<Vec<String>> {
    if !counted.by.iter().all(|name| excluded_by.contains(name)) {
        return None;
    }
    let mut differs = Vec::new();
    for wanted in &counted.values {
        let value = value_at(detection, wanted.place, rules);
        if !same(&value, wanted) {
            let shown = serde_json::to_string(&JsonValue(&value)).unwrap_or_default();
            let shown = match value {
                Value::Missing => "missing".to_owned(),
                _ => shown,
            };
            differs.push(format!("{} = {shown}", wanted.name));
        }
    }
    Some(differs)
}

/// The value at a place of a detection.
fn value_at<'d>(detection: &Detection<'d>, place: Place, rules: &RuleSet) -> Value<'d> {
    let rule = detection.rule;
    let named = |values: &[(&'d str, Value<'d>)], name: &str| {
        let mut values = values.iter();
        values
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    };
    let value = match place {
        Place::Emitted(at) => rule
            .emit
            .get(at)
            .and_then(|name| named(&detection.fields, name)),
        Place::Key(at) => detection.key.get(at).map(|(_, value)| value.clone()),
        Place::Field { step, field } => rule.steps.get(step).and_then(|name| {
            let field = rules.field_name(detection.rule_index, step, field)?;
            let mut events = detection.events.iter();
            let event = events.find(|event| event.step == name)?;
            named(&event.fields, field)
        }),
    };
    value.unwrap_or(Value::Missing)
}

/// Whether a value is the one wanted. Raw values are compared as what they are wanted as; as raw values
/// they are compared by what they say, not by how they are written.
fn same(value: &Value<'_>, wanted: &Wanted) -> bool {
    match (&wanted.ty, &wanted.value) {
        (Type::Json, Value::Json(want)) => match value {
            Value::Json(raw) => same_json(raw, want),
            _ => false,
        },
        (Type::List(of), Value::List(want)) if **of == Type::Json => match value {
            Value::List(values) => {
                values.len() == want.len()
                    && values.iter().zip(want).all(|pair| match pair {
                        (Value::Json(raw), Value::Json(want)) => same_json(raw, want),
                        _ => false,
                    })
            }
            _ => false,
        },
        (ty, want) => {
            let converted = match (ty, value) {
                (Type::Json, _) | (_, Value::Missing) => value.clone(),
                _ => record::convert(value.clone(), ty),
            };
            compare::equal(&converted, want, false)
        }
    }
}

fn same_json(left: &Raw<'_>, right: &Raw<'_>) -> bool {
    let read = |raw: &Raw<'_>| {
        let text = record::json_text(raw)?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    };
    match (read(left), read(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// The expectations that are not met.
pub(super) fn unmet(test: &Test, found: &[Found], sources: &SourceSet) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    for (index, expected) in test.expectations.iter().enumerate() {
        let differs = |found: &Found| found.differs.get(index).cloned().flatten();
        let count = found
            .iter()
            .filter(|found| differs(found).is_some_and(|differs| differs.is_empty()))
            .count();
        let met = match expected.at_least {
            true => count >= expected.count,
            false => count == expected.count,
        };
        if met {
            continue;
        }
        let text = sources
            .get(expected.span.file)
            .map_or("", |file| file.slice(expected.span));
        unmet.push(Unmet {
            place: super::run::place(sources, expected.span),
            expected: text.split_whitespace().collect::<Vec<_>>().join(" "),
            got: got(expected, count, found),
            near: found
                .iter()
                .filter_map(|found| {
                    let differs = differs(found).filter(|differs| !differs.is_empty())?;
                    Some(format!("{} has {}", found.rule_name, differs.join(", ")))
                })
                .collect(),
        });
    }
    unmet
}

/// What came in the place of what was expected.
fn got(expected: &Expectation, count: usize, found: &[Found]) -> String {
    let of_rules = |found: &&Found| expected.of.iter().any(|of| of.rule == found.rule);
    let (excluded, detections): (Vec<&Found>, Vec<&Found>) = found
        .iter()
        .filter(of_rules)
        .partition(|found| !found.excluded_by.is_empty());
    let what = match expected.excluded {
        true => "excluded",
        false if count == 1 => "detection",
        false => "detections",
    };
    let mut got = format!("{count} {what}");
    let (all, others) = match expected.excluded {
        true => (excluded.len(), detections.len()),
        false => (detections.len(), excluded.len()),
    };
    if all > count {
        let _ = write!(got, " (of {all} in all)");
    }
    if others > 0 {
        let others_are = match expected.excluded {
            true if others == 1 => "1 detection".to_owned(),
            true => format!("{others} detections"),
            false => {
                let mut names: Vec<&str> = Vec::new();
                for name in excluded.iter().flat_map(|found| &found.excluded_by) {
                    if !names.contains(&name.as_str()) {
                        names.push(name);
                    }
                }
                format!("{others} excluded by \"{}\"", names.join("\", \""))
            }
        };
        let _ = write!(got, ", and {others_are}");
    }
    got
}

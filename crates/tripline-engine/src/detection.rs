//! What an engine gives: detections as views of the state, and the [`Sink`] that takes them. A
//! view serialises to the documented JSON object; how it looks otherwise is the face's affair.

use std::fmt;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use tripline_lang::value::Value;
use tripline_lang::value::convert::{Rfc3339, text_of};

use crate::correlate::Match;
use crate::fate::Fate;
use crate::program::{ExclusionInfo, Program, RuleInfo, eval};
use crate::record::json_text;

/// Takes what an engine gives.
pub trait Sink {
    /// A detection; a suppressed match only if [`Sink::wants_suppressed`] (its `excluded_by` is not empty).
    fn detection(&mut self, detection: Detection<'_>);

    /// What became of a record of the batch (0 for a single record).
    fn fate(&mut self, record: usize, fate: Fate) {
        let _ = (record, fate);
    }

    /// Whether matches that exclusions suppress are to be given as well.
    fn wants_suppressed(&self) -> bool {
        false
    }
}

/// A rule's match, reported or suppressed.
#[derive(Debug, Clone)]
pub struct Detection<'a> {
    /// The same for every run over the same events.
    pub id: DetectionId,
    /// The rule.
    pub rule: &'a RuleInfo,
    /// The rule's index in the rule set.
    pub rule_index: usize,
    /// Time of the final event, nanoseconds since 1970.
    pub time: i64,
    /// Index in the batch of the record whose arrival completed the match; `None` where the
    /// watermark did.
    pub record: Option<usize>,
    /// The parts of the key by name.
    pub key: Vec<(&'a str, Value<'a>)>,
    /// The events bound to the steps, in the order of the steps.
    pub events: Vec<StepEvent<'a>>,
    /// What the rule emits and is present, by name.
    pub fields: Vec<(&'a str, Value<'a>)>,
    /// The exclusions that hold; empty for a reported detection.
    pub excluded_by: Vec<&'a ExclusionInfo>,
}

/// One event of a detection.
#[derive(Debug, Clone)]
pub struct StepEvent<'a> {
    /// The step it stands for.
    pub step: &'a str,
    /// Its time, nanoseconds since 1970.
    pub time: i64,
    /// How many events stand for the step, where that can be several; this is the most recent.
    pub count: Option<usize>,
    /// Where its record can be found again, if the caller of the scanner said so.
    pub origin: Option<u64>,
    /// Its kept fields that are present, in the order of the schema.
    pub fields: Vec<(&'a str, Value<'a>)>,
}

/// Identity of a detection; shown as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DetectionId(pub u128);

impl fmt::Display for DetectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Makes the view of a match.
pub(crate) fn view<'a>(
    program: &'a Program,
    rule_index: usize,
    found: &'a Match<'a>,
    record: Option<usize>,
) -> Option<Detection<'a>> {
    let info = program.infos.get(rule_index)?;
    let binding = &found.binding;
    let name = |step: usize, field: usize| {
        let schema = binding
            .rule
            .steps
            .get(step)
            .and_then(|step| program.schemas.get(step.schema));
        schema
            .and_then(|schema| schema.fields.get(field))
            .map(|field| field.name.as_str())
    };
    let events = info
        .steps
        .iter()
        .zip(&binding.events)
        .enumerate()
        .filter_map(|(at, (step, event))| {
            let fields = binding.fields(at).into_iter();
            let origin = binding.origin(at);
            Some(StepEvent {
                step,
                time: event.as_ref()?.time,
                count: binding.count(at),
                origin,
                fields: fields
                    .filter_map(|(field, value)| Some((name(at, field)?, value)))
                    .collect(),
            })
        });
    let scope = binding;
    let key = info.keys.iter().enumerate();
    let emit = info.emit.iter().zip(&binding.rule.emit);
    let emitted = emit.map(|(name, node)| (name.as_str(), eval::eval(node, &scope, None)));
    Some(Detection {
        id: DetectionId(found.id),
        rule: info,
        rule_index,
        time: found.time(),
        record,
        key: key
            .map(|(at, name)| (name.as_str(), eval::Scope::key(&scope, at)))
            .collect(),
        events: events.collect(),
        fields: emitted
            .filter(|(_, value)| !matches!(value, Value::Missing))
            .collect(),
        excluded_by: found
            .excluded
            .iter()
            .filter_map(|at| info.exclusions.get(*at))
            .collect(),
    })
}

/// A value as JSON: instants are RFC 3339 in UTC, durations seconds, addresses text, parts of raw
/// records what they were, missing `null`.
pub struct JsonValue<'a>(pub &'a Value<'a>);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Missing => serializer.serialize_none(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => serializer.serialize_i64(*value),
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::Timestamp(value) => serializer.collect_str(&Rfc3339(*value)),
            Value::Duration(value) => {
                let second = 1_000_000_000;
                if value % second == 0 {
                    serializer.serialize_i64(value / second)
                } else {
                    #[allow(
                        clippy::cast_precision_loss,
                        reason = "a fraction of a second for a reader"
                    )]
                    serializer.serialize_f64(*value as f64 / second as f64)
                }
            }
            Value::List(of) => {
                let mut list = serializer.serialize_seq(Some(of.len()))?;
                for value in of {
                    list.serialize_element(&JsonValue(value))?;
                }
                list.end()
            }
            Value::Json(raw) => match json_text(raw) {
                Some(text) => match serde_json::from_str::<serde_json::Value>(&text) {
                    Ok(value) => value.serialize(serializer),
                    // Nested deeper than that library reads, or not well formed inside: as its text.
                    Err(_) => serializer.serialize_str(&text),
                },
                None => serializer.serialize_none(),
            },
            Value::Ip(_) | Value::Cidr(_) | Value::Regex(_) => match text_of(self.0) {
                Some(text) => serializer.serialize_str(&text),
                None => serializer.serialize_none(),
            },
        }
    }
}

/// Named values as a JSON object.
struct Named<'a>(&'a [(&'a str, Value<'a>)]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, JsonValue(value))))
    }
}

/// Numbers by name as a JSON object.
struct Counts<'a>(&'a [(&'a str, usize)]);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Serialize for Detection<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Events<'a>(&'a [StepEvent<'a>]);
        impl Serialize for Events<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(
                    self.0
                        .iter()
                        .map(|event| (event.step, Named(&event.fields))),
                )
            }
        }
        let meta = &self.rule.meta;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id.to_string())?;
        map.serialize_entry("rule", &self.rule.name)?;
        map.serialize_entry("rule_id", &meta.id)?;
        map.serialize_entry("title", &meta.title)?;
        map.serialize_entry("severity", &meta.severity)?;
        map.serialize_entry("tactics", &meta.tactics)?;
        map.serialize_entry("techniques", &meta.techniques)?;
        map.serialize_entry("time", &Rfc3339(self.time).to_string())?;
        map.serialize_entry("key", &Named(&self.key))?;
        map.serialize_entry("events", &Events(&self.events))?;
        let counts: Vec<(&str, usize)> = self
            .events
            .iter()
            .filter_map(|event| Some((event.step, event.count?)))
            .collect();
        if !counts.is_empty() {
            map.serialize_entry("counts", &Counts(&counts))?;
        }
        map.serialize_entry("fields", &Named(&self.fields))?;
        let names: Vec<&str> = self.excluded_by.iter().map(|e| e.name.as_str()).collect();
        map.serialize_entry("excluded_by", &names)?;
        map.end()
    }
}

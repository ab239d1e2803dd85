//! Raw JSON in constant expressions, `json("…").member`: read whole, which is fine for what stands
//! in a rule. Records are read by the engine, in place.

use std::borrow::Cow;

use crate::ast::PathStep;
use crate::types::Type;
use crate::value::{Encoding, Raw, Value, convert};

/// Converts, reading raw JSON as the engine does.
pub(super) fn converted<'e>(value: Value<'e>, ty: &Type) -> Value<'e> {
    match (value, ty) {
        (Value::Json(raw), Type::Json) => Value::Json(raw),
        (Value::Json(raw), _) => match (parsed(&raw), ty) {
            (Some(serde_json::Value::Array(elements)), Type::List(of)) => Value::List(
                elements
                    .iter()
                    .map(|element| converted(raw_of(element), of))
                    .filter(is_present)
                    .collect(),
            ),
            (_, Type::List(_)) => Value::Missing,
            (Some(serde_json::Value::String(text)), _) => convert::from_text(Cow::Owned(text), ty),
            (Some(serde_json::Value::Bool(truth)), _) => convert::to_type(Value::Bool(truth), ty),
            (Some(serde_json::Value::Number(number)), _) => {
                convert::from_text(Cow::Owned(number.to_string()), ty)
            }
            (Some(other), Type::String) => Value::Text(Cow::Owned(other.to_string())),
            _ => Value::Missing,
        },
        (Value::List(values), Type::List(of)) => Value::List(
            values
                .into_iter()
                .map(|value| converted(value, of))
                .filter(is_present)
                .collect(),
        ),
        (value, _) => convert::to_type(value, ty),
    }
}

/// Lists made of raw values hold no missing ones.
fn is_present(value: &Value<'_>) -> bool {
    !matches!(value, Value::Missing)
}

fn parsed(raw: &Raw<'_>) -> Option<serde_json::Value> {
    (raw.encoding == Encoding::Json)
        .then(|| serde_json::from_slice(&raw.bytes).ok())
        .flatten()
}

fn raw_of<'e>(value: &serde_json::Value) -> Value<'e> {
    match value {
        serde_json::Value::Null => Value::Missing,
        serde_json::Value::String(text) if text.is_empty() => Value::Missing,
        _ => Value::Json(Raw {
            bytes: Cow::Owned(value.to_string().into_bytes()),
            encoding: Encoding::Json,
        }),
    }
}

/// Goes into a raw value or a list.
pub(super) fn member<'e>(value: Value<'e>, path: &[PathStep]) -> Value<'e> {
    let Some((step, rest)) = path.split_first() else {
        return value;
    };
    match (value, step) {
        (Value::List(elements), PathStep::Index(place)) => {
            let element = usize::try_from(*place)
                .ok()
                .and_then(|place| elements.into_iter().nth(place));
            member(element.unwrap_or(Value::Missing), rest)
        }
        (Value::List(elements), PathStep::Each) => each(elements.into_iter(), rest),
        (Value::Json(raw), _) => match (parsed(&raw), step) {
            (Some(serde_json::Value::Object(members)), PathStep::Key(key)) => {
                member(members.get(key).map_or(Value::Missing, raw_of), rest)
            }
            (Some(serde_json::Value::Array(elements)), PathStep::Index(place)) => {
                let element = usize::try_from(*place)
                    .ok()
                    .and_then(|place| elements.get(place));
                member(element.map_or(Value::Missing, raw_of), rest)
            }
            (Some(serde_json::Value::Array(elements)), PathStep::Each) => {
                each(elements.iter().map(raw_of), rest)
            }
            _ => Value::Missing,
        },
        _ => Value::Missing,
    }
}

/// What is at a path in each element: one flat list, however often the path has `[*]`.
fn each<'e>(elements: impl Iterator<Item = Value<'e>>, path: &[PathStep]) -> Value<'e> {
    let again = path.contains(&PathStep::Each);
    let mut members = Vec::new();
    for element in elements {
        match member(element, path) {
            Value::Missing => {}
            Value::List(inner) if again => members.extend(inner),
            value => members.push(value),
        }
    }
    Value::List(members)
}

//! Values of the language made of what a reader found: a part of a raw record as a `json` value,
//! what is inside such a value, and its conversion to a type. Called by the evaluation of schemas
//! and expressions. Values borrow from the record's bytes wherever they can.
//!
//! Lists never hold missing values: what is null, absent or not convertible is left out.

use std::borrow::Cow;
use std::ops::Range;

use tripline_lang::ast::PathStep;
use tripline_lang::types::Type;
use tripline_lang::value::convert::{from_text, text_of, to_type};
use tripline_lang::value::{Encoding, Raw, Value};

use super::json::{Members, kind_of};
use super::{Found, Kind, text};

/// What was found, as a `json` value; missing if it is null. The value of a slot in which nothing
/// was found is [`Value::Missing`] too.
#[inline]
pub fn value_of(record: &[u8], found: Found) -> Value<'_> {
    match found.kind {
        Kind::Null => Value::Missing,
        _ => Value::Json(Raw {
            bytes: Cow::Borrowed(found.bytes(record)),
            encoding: Encoding::Json,
        }),
    }
}

/// What is at `path` in the value; missing where there is nothing, or null. A path with
/// [`PathStep::Each`] gives a list of everything that is there; each further one goes into every
/// element of that, and the result is still one flat list. Text that holds JSON is text: nothing
/// is in it.
pub fn member<'a>(raw: &Raw<'a>, path: &[PathStep]) -> Value<'a> {
    let whole = 0..raw.bytes.len();
    if !path.contains(&PathStep::Each) {
        return path
            .iter()
            .try_fold(whole, |range, step| single(&raw.bytes, range, step))
            .map_or(Value::Missing, |range| part(raw, range));
    }
    let mut reached = vec![whole];
    for step in path {
        reached = match step {
            PathStep::Each => reached
                .into_iter()
                .flat_map(|range| inside(&raw.bytes, range))
                .collect(),
            step => reached
                .into_iter()
                .filter_map(|range| single(&raw.bytes, range, step))
                .collect(),
        };
    }
    Value::List(
        reached
            .into_iter()
            .map(|range| part(raw, range))
            .filter(is_present)
            .collect(),
    )
}

/// The elements of an array; of anything else, none.
pub fn elements<'a>(raw: &Raw<'a>) -> Vec<Value<'a>> {
    let ranges = inside(&raw.bytes, 0..raw.bytes.len());
    ranges
        .into_iter()
        .map(|range| part(raw, range))
        .filter(is_present)
        .collect()
}

/// A value as one of type `to`; missing where it cannot be, and empty text is missing.
///
/// Of a `json` value, text counts for what it says and a number for its digits as written; an
/// object or array converted to `string` is its JSON text as written (so that `json()` reads it
/// back). A list converts element by element, an array to a list likewise. To `json`, a typed
/// value becomes the JSON that says the same.
pub fn convert<'a>(value: Value<'a>, to: &Type) -> Value<'a> {
    match (value, to) {
        (Value::Json(raw), Type::Json) => Value::Json(raw),
        (Value::Json(raw), Type::List(of)) => list(elements(&raw), of),
        (Value::Json(raw), to) => scalar(raw, to),
        (Value::List(values), Type::List(of)) => list(values, of),
        (value, Type::Json) => json(&value).map_or(Value::Missing, |text| {
            Value::Json(Raw {
                bytes: Cow::Owned(text.into_bytes()),
                encoding: Encoding::Json,
            })
        }),
        (value, to) => to_type(value, to),
    }
}

fn is_present(value: &Value<'_>) -> bool {
    !matches!(value, Value::Missing)
}

/// The elements, converted; an array that has none left is still a list.
fn list<'a>(values: Vec<Value<'a>>, of: &Type) -> Value<'a> {
    Value::List(
        values
            .into_iter()
            .map(|value| convert(value, of))
            .filter(is_present)
            .collect(),
    )
}

fn scalar<'a>(raw: Raw<'a>, to: &Type) -> Value<'a> {
    let Some(kind) = kind_of(&raw.bytes) else {
        return Value::Missing;
    };
    match (kind, to) {
        (Kind::Null, _) => Value::Missing,
        (Kind::Text | Kind::EscapedText, _) => {
            says(raw.bytes).map_or(Value::Missing, |text| from_text(text, to))
        }
        (Kind::Object | Kind::Array, Type::String)
        | (Kind::Number | Kind::True | Kind::False, _) => {
            written(raw.bytes).map_or(Value::Missing, |text| from_text(text, to))
        }
        (Kind::Object | Kind::Array, _) => Value::Missing,
    }
}

/// The bytes as text; nothing if they are not UTF-8, which a reader has already made sure of.
fn written(bytes: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// What a JSON text says.
fn says(bytes: Cow<'_, [u8]>) -> Option<Cow<'_, str>> {
    let inner = 1..bytes.len().checked_sub(1)?;
    Some(match bytes {
        Cow::Borrowed(bytes) => text::unescape(bytes.get(inner)?),
        Cow::Owned(bytes) => Cow::Owned(text::unescape(bytes.get(inner)?).into_owned()),
    })
}

/// The value as JSON.
fn json(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Json(raw) => written(Cow::Borrowed(&*raw.bytes)).map(Cow::into_owned),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Duration(_) => {
            text_of(value).map(Cow::into_owned)
        }
        Value::List(values) => {
            let parts: Vec<String> = values.iter().filter_map(json).collect();
            Some(format!("[{}]", parts.join(",")))
        }
        value => text_of(value).and_then(|text| serde_json::to_string(&text).ok()),
    }
}

/// A part of a value, borrowed if the value is; null is missing.
fn part<'a>(raw: &Raw<'a>, range: Range<usize>) -> Value<'a> {
    let bytes = match &raw.bytes {
        Cow::Borrowed(bytes) => bytes.get(range).map(Cow::Borrowed),
        Cow::Owned(bytes) => bytes.get(range).map(|bytes| Cow::Owned(bytes.to_vec())),
    };
    match bytes {
        Some(bytes) if kind_of(&bytes).is_some_and(|kind| kind != Kind::Null) => Value::Json(Raw {
            bytes,
            encoding: raw.encoding,
        }),
        _ => Value::Missing,
    }
}

/// One step into the value at `range`. Of members of one name the first counts.
fn single(bytes: &[u8], range: Range<usize>, step: &PathStep) -> Option<Range<usize>> {
    let value = bytes.get(range.clone())?;
    let mut members = Members::of(value);
    let found = match (step, value.first()?) {
        (PathStep::Key(key), b'{') => members.find(|member| {
            let name = member
                .name
                .clone()
                .and_then(|name| value.get(name.start + 1..name.end - 1));
            name.is_some_and(|name| named(name, key))
        }),
        (PathStep::Index(index), b'[') => members.nth(usize::try_from(*index).ok()?),
        _ => None,
    }?;
    Some(range.start + found.value.start..range.start + found.value.end)
}

/// Whether a member's name, as written between its quotes, is `key`.
fn named(name: &[u8], key: &str) -> bool {
    name == key.as_bytes() || (name.contains(&b'\\') && text::unescape(name) == key)
}

/// The elements of the array at `range`.
fn inside(bytes: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let value = bytes
        .get(range.clone())
        .filter(|value| value.first() == Some(&b'['));
    value.map_or_else(Vec::new, |value| {
        let start = range.start;
        Members::of(value)
            .map(|member| start + member.value.start..start + member.value.end)
            .collect()
    })
}

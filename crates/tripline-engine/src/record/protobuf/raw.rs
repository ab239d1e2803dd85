//! Protobuf values that were found in a record: what they say, what is inside them, what they convert
//! to. Called by `record::raw` for values of these encodings.
//!
//! INVARIANT: what a value converts to is what the JSON value that says the same converts to.

use std::borrow::Cow;
use std::ops::Range;

use tripline_lang::ast::PathStep;
use tripline_lang::types::Type;
use tripline_lang::value::{Encoding, Raw, Value};

use super::json_text::json_text;
use super::value::{What, text, what};
use super::wire::{Content, Fields, entry};
use crate::record::raw::{digits, truth};
use crate::record::written::float_text;
use crate::record::{Found, Kind};

/// See [`crate::record::value_of`].
#[inline]
pub(in crate::record) fn value_of(record: &[u8], found: Found) -> Value<'_> {
    match found.kind {
        Kind::Null => Value::Missing,
        Kind::Text => text(record, found.start as usize..found.end as usize)
            .map_or(Value::Missing, |text| Value::Text(Cow::Borrowed(text))),
        _ => value(found.bytes(record), found.encoding),
    }
}

/// A value as its message says it: texts, whole numbers and instants as such, truth values as JSON, what
/// has no type of its own (containers, and numbers that convert by their digits) as it is.
pub(in crate::record) fn value(bytes: &[u8], encoding: Encoding) -> Value<'_> {
    match what(bytes, 0..bytes.len(), encoding) {
        Err(_) | Ok(What::Null) => Value::Missing,
        Ok(What::Int(number)) => Value::Int(number),
        Ok(What::Instant(at)) => Value::Timestamp(at),
        Ok(What::Bool(value)) => truth(value),
        Ok(What::Text(place) | What::Bytes(place)) => match text(bytes, place) {
            Some(text) if !text.is_empty() => Value::Text(Cow::Borrowed(text)),
            _ => Value::Missing,
        },
        Ok(What::Float(number)) if !number.is_finite() => Value::Missing,
        Ok(What::Float(_) | What::Map(_) | What::Array(_)) => Value::Json(Raw {
            bytes: Cow::Borrowed(bytes),
            encoding,
        }),
    }
}

/// The whole number that the message is, if it is one.
pub(crate) fn whole(bytes: &[u8], encoding: Encoding) -> Option<i64> {
    match what(bytes, 0..bytes.len(), encoding) {
        Ok(What::Int(number)) => Some(number),
        _ => None,
    }
}

/// See [`crate::record::convert`]; not an array to a list.
pub(in crate::record) fn convert<'a>(raw: Raw<'a>, to: &Type) -> Value<'a> {
    let Ok(what) = what(&raw.bytes, 0..raw.bytes.len(), raw.encoding) else {
        return Value::Missing;
    };
    match (what, to) {
        (What::Map(_) | What::Array(_), Type::Json) => Value::Json(raw),
        (What::Map(_) | What::Array(_), Type::String) => json_text(&raw.bytes, raw.encoding)
            .map_or(Value::Missing, |text| Value::Text(Cow::Owned(text))),
        (What::Map(_) | What::Array(_), _) => Value::Missing,
        (What::Float(number), _) if !number.is_finite() => Value::Missing,
        (What::Float(number), Type::Float) => Value::Float(number),
        (What::Float(number), _) => digits(float_text(number), to),
        // That is a typed value, JSON or missing by now.
        _ => crate::record::convert(crate::record::raw::part(&raw, 0..raw.bytes.len()), to),
    }
}

/// Whether the bytes are an array.
pub(in crate::record) fn is_array(bytes: &[u8], encoding: Encoding) -> bool {
    matches!(what(bytes, 0..bytes.len(), encoding), Ok(What::Array(_)))
}

/// One step into the value at `range`. Of members of one name the first counts.
pub(in crate::record) fn single(
    bytes: &[u8],
    range: Range<usize>,
    step: &PathStep,
    encoding: Encoding,
) -> Option<Range<usize>> {
    match (step, what(bytes, range, encoding).ok()?) {
        (PathStep::Key(key), What::Map(inside)) => items(bytes, inside).find_map(|place| {
            let (name, value) = entry(bytes, place).ok()?;
            (bytes.get(name)? == key.as_bytes()).then_some(value)
        }),
        (PathStep::Index(index), What::Array(inside)) => {
            items(bytes, inside).nth(usize::try_from(*index).ok()?)
        }
        _ => None,
    }
}

/// The elements of the array at `range`.
pub(in crate::record) fn inside(
    bytes: &[u8],
    range: Range<usize>,
    encoding: Encoding,
) -> Vec<Range<usize>> {
    match what(bytes, range, encoding) {
        Ok(What::Array(inside)) => items(bytes, inside).collect(),
        _ => Vec::new(),
    }
}

/// The entries or elements of a container; up to where its bytes are malformed.
fn items(bytes: &[u8], inside: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut fields = Fields::of(bytes, inside);
    std::iter::from_fn(move || {
        while let Ok(Some((number, content))) = fields.next() {
            if let (1, Content::Bytes(place)) = (number, content) {
                return Some(place);
            }
        }
        None
    })
}

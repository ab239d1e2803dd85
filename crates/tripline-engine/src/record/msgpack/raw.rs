//! MessagePack values that were found in a record: what they say, what is inside them, what they
//! convert to. Called by `record::raw` for values of this encoding.
//!
//! INVARIANT: what a value converts to is what the JSON value that says the same converts to.

use std::borrow::Cow;
use std::ops::Range;

use tripline_lang::ast::PathStep;
use tripline_lang::types::Type;
use tripline_lang::value::{Encoding, Raw, Value};

use super::head::{Head, What};
use super::json_text::json_text;
use super::step::step_over;
use crate::record::raw::{detached, digits, truth};
use crate::record::written::float_text;
use crate::record::{Found, Kind};

/// See [`crate::record::value_of`].
#[inline]
pub(in crate::record) fn value_of(record: &[u8], found: Found) -> Value<'_> {
    match found.kind {
        Kind::Null => Value::Missing,
        Kind::Text => text(found.bytes(record)),
        _ => value(found.bytes(record)),
    }
}

/// A value as its bytes say it: texts, whole numbers and instants as such, truth values as JSON,
/// what has no type of its own (containers, and numbers that convert by their digits) as it is.
fn value(bytes: &[u8]) -> Value<'_> {
    let Ok(head) = Head::read(bytes, 0) else {
        return Value::Missing;
    };
    match head.what {
        What::Nil => Value::Missing,
        What::Int(number) => Value::Int(number),
        What::Text | What::Bytes => text(bytes.get(head.start..head.end).unwrap_or(&[])),
        What::Bool(is) => truth(is),
        What::Extension(_) => head.instant(bytes).map_or(Value::Missing, Value::Timestamp),
        What::Float(number) if !number.is_finite() => Value::Missing,
        What::Float(_) | What::Large(_) | What::Array(_) | What::Map(_) => Value::Json(Raw {
            bytes: Cow::Borrowed(bytes),
            encoding: Encoding::MessagePack,
        }),
    }
}

/// The whole number of 64 bits that the bytes are, if they are one.
pub(crate) fn whole(bytes: &[u8]) -> Option<i64> {
    match bytes {
        [small @ 0..=0x7f] => Some(i64::from(*small)),
        _ => match Head::read(bytes, 0).ok()?.what {
            What::Int(number) => Some(number),
            _ => None,
        },
    }
}

/// Empty text and what is no text are missing.
fn text(bytes: &[u8]) -> Value<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() => Value::Text(Cow::Borrowed(text)),
        _ => Value::Missing,
    }
}

/// See [`crate::record::convert`]; not an array to a list.
pub(in crate::record) fn convert<'a>(raw: Raw<'a>, to: &Type) -> Value<'a> {
    let Ok(head) = Head::read(&raw.bytes, 0) else {
        return Value::Missing;
    };
    match (head.what, to) {
        (What::Array(_) | What::Map(_), Type::Json) => Value::Json(raw),
        (What::Array(_) | What::Map(_), Type::String) => {
            json_text(&raw.bytes).map_or(Value::Missing, |text| Value::Text(Cow::Owned(text)))
        }
        (What::Array(_) | What::Map(_), _) => Value::Missing,
        (What::Float(number), Type::Float) if number.is_finite() => Value::Float(number),
        (What::Float(number), _) if !number.is_finite() => Value::Missing,
        (What::Float(number), _) => digits(float_text(number), to),
        (What::Large(number), _) => digits(number.to_string(), to),
        // That is a typed value, JSON or missing by now.
        _ => crate::record::convert(part(&raw.bytes, 0..raw.bytes.len()), to),
    }
}

/// Whether the bytes are an array.
pub(in crate::record) fn is_array(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x90..=0x9f | 0xdc | 0xdd))
}

/// A part of a value, borrowed if the value is; what counts as null and empty text are missing.
pub(in crate::record) fn part<'a>(bytes: &Cow<'a, [u8]>, range: Range<usize>) -> Value<'a> {
    match bytes {
        Cow::Borrowed(bytes) => bytes.get(range).map_or(Value::Missing, value),
        Cow::Owned(bytes) => detached(bytes.get(range).map_or(Value::Missing, value)),
    }
}

/// One step into the value at `range`. Of members of one name the first counts.
pub(in crate::record) fn single(
    bytes: &[u8],
    range: Range<usize>,
    step: &PathStep,
) -> Option<Range<usize>> {
    let value = bytes.get(range.clone())?;
    let mut items = Items::of(value)?;
    let found = match (step, items.is_map) {
        (PathStep::Key(key), true) => loop {
            let name = items.next()?;
            let head = Head::read(value, name.start).ok()?;
            let item = items.next()?;
            if head.is_text() && value.get(head.start..head.end) == Some(key.as_bytes()) {
                break item;
            }
        },
        (PathStep::Index(index), false) => items.nth(usize::try_from(*index).ok()?)?,
        _ => return None,
    };
    Some(range.start + found.start..range.start + found.end)
}

/// The elements of the array at `range`.
pub(in crate::record) fn inside(bytes: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
    let items = bytes.get(range.clone()).and_then(Items::of);
    let elements = items.filter(|items| !items.is_map).into_iter().flatten();
    elements
        .map(|item| range.start + item.start..range.start + item.end)
        .collect()
}

/// The elements of an array, or the keys and values of a map in turn, as ranges of its bytes. Ends
/// early where the bytes are malformed.
struct Items<'v> {
    bytes: &'v [u8],
    at: usize,
    left: u64,
    is_map: bool,
}

impl<'v> Items<'v> {
    /// Of `bytes`, which are exactly one value; none of what is no container.
    fn of(bytes: &'v [u8]) -> Option<Items<'v>> {
        let head = Head::read(bytes, 0).ok()?;
        let (left, is_map) = match head.what {
            What::Array(count) => (u64::from(count), false),
            What::Map(count) => (2 * u64::from(count), true),
            _ => return None,
        };
        Some(Items {
            bytes,
            at: head.start,
            left,
            is_map,
        })
    }
}

impl Iterator for Items<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        self.left = self.left.checked_sub(1)?;
        let start = self.at;
        self.at = step_over(self.bytes, start, start, 1).ok()?;
        Some(start..self.at)
    }
}

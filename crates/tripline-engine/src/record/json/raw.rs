//! JSON values that were found in a record: what they say, what is inside them, what they convert
//! to. Called by `record::raw` for values of this encoding.

use std::borrow::Cow;
use std::ops::Range;

use tripline_lang::ast::PathStep;
use tripline_lang::types::Type;
use tripline_lang::value::convert::from_text;
use tripline_lang::value::{Encoding, Raw, Value};

use super::value::{Members, kind_of};
use crate::record::{Found, Kind, text};

/// See [`crate::record::value_of`].
#[inline]
pub(in crate::record) fn value_of(record: &[u8], found: Found) -> Value<'_> {
    match found.kind {
        Kind::Null => Value::Missing,
        Kind::Text => {
            let inner =
                record.get(found.start as usize + 1..(found.end as usize).saturating_sub(1));
            match inner.map(std::str::from_utf8) {
                Some(Ok("")) => Value::Missing,
                Some(Ok(text)) => Value::Text(Cow::Borrowed(text)),
                // The reader refuses a wanted text that is not UTF-8, so this is not met.
                Some(Err(_)) | None => Value::Missing,
            }
        }
        _ => json(Cow::Borrowed(found.bytes(record))),
    }
}

/// See [`crate::record::convert`]; not an array to a list.
pub(in crate::record) fn convert<'a>(raw: Raw<'a>, to: &Type) -> Value<'a> {
    if *to == Type::Json {
        return Value::Json(raw);
    }
    let Some(kind) = kind_of(&raw.bytes) else {
        return Value::Missing;
    };
    match (kind, to) {
        (Kind::Text | Kind::EscapedText, _) => {
            says(raw.bytes).map_or(Value::Missing, |text| from_text(text, to))
        }
        (Kind::Object | Kind::Array, Type::String)
        | (Kind::Number | Kind::True | Kind::False, _) => {
            written(raw.bytes).map_or(Value::Missing, |text| from_text(text, to))
        }
        // An instant is nothing that JSON has.
        (Kind::Object | Kind::Array | Kind::Null | Kind::Instant, _) => Value::Missing,
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

/// A part of a value, borrowed if the value is; null and empty text are missing.
pub(in crate::record) fn part<'a>(value: &Cow<'a, [u8]>, range: Range<usize>) -> Value<'a> {
    let bytes = match value {
        Cow::Borrowed(bytes) => bytes.get(range).map(Cow::Borrowed),
        Cow::Owned(bytes) => bytes.get(range).map(|bytes| Cow::Owned(bytes.to_vec())),
    };
    match bytes {
        Some(bytes) if !matches!(&*bytes, b"" | b"null" | b"\"\"") => json(bytes),
        _ => Value::Missing,
    }
}

/// One step into the value at `range`. Of members of one name the first counts.
pub(in crate::record) fn single(
    bytes: &[u8],
    range: Range<usize>,
    step: &PathStep,
) -> Option<Range<usize>> {
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
pub(in crate::record) fn inside(bytes: &[u8], range: Range<usize>) -> Vec<Range<usize>> {
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

fn json(bytes: Cow<'_, [u8]>) -> Value<'_> {
    Value::Json(Raw {
        bytes,
        encoding: Encoding::Json,
    })
}

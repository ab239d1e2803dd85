//! Conversions between values: text to typed values, numbers to instants, anything to text.
//!
//! The checker reads literals and list entries through here, the engine the values of records,
//! so that both agree. `None` (and [`Value::Missing`]) means "not convertible". Nothing on the
//! way from text to a typed value allocates.

mod address;
mod number;
mod show;
mod timestamp;

pub use address::{cidr, ip, spelling};
pub use number::{UNITS, bool, duration, float, int, quantity, unit_nanoseconds};
pub use show::{Rfc3339, text_of};
pub use timestamp::{date, timestamp, timestamp_from_float, timestamp_from_int};

use std::borrow::Cow;

use super::Value;
use crate::types::Type;

/// Reads text as a value of `ty`. Empty text is missing. A pattern cannot be read here (it is
/// compiled by the checker) and neither can a list.
#[inline]
pub fn from_text<'a>(text: Cow<'a, str>, ty: &Type) -> Value<'a> {
    if text.is_empty() {
        return Value::Missing;
    }
    match ty {
        Type::String => Some(Value::Text(text)),
        Type::Int => int(&text).map(Value::Int),
        Type::Float => float(&text).map(Value::Float),
        Type::Bool => bool(&text).map(Value::Bool),
        Type::Timestamp => timestamp(&text).map(Value::Timestamp),
        Type::Duration => duration(&text).map(Value::Duration),
        Type::Ip => ip(&text).map(Value::Ip),
        Type::Cidr => cidr(&text).map(Value::Cidr),
        Type::Regex | Type::Json | Type::List(_) | Type::Row(_) | Type::Missing => None,
    }
    .unwrap_or(Value::Missing)
}

/// Reads the plain spellings of a number, an address and an instant as [`from_text`] does, straight from
/// bytes that need not be known to be UTF-8. `None` says nothing: ask that.
#[inline]
pub fn plain(bytes: &[u8], ty: &Type) -> Option<Value<'static>> {
    match ty {
        Type::Int => number::plain_int(bytes).map(Value::Int),
        Type::Timestamp => timestamp::common(bytes).map(Value::Timestamp),
        Type::Ip => address::v4(bytes).map(|address| Value::Ip(address.into())),
        _ => None,
    }
}

/// Reads a whole number as a value of `ty`.
#[inline]
pub fn from_int<'a>(number: i64, ty: &Type) -> Value<'a> {
    match ty {
        Type::Int => Some(Value::Int(number)),
        Type::Float => Some(Value::Float(number as f64)),
        Type::Bool => match number {
            0 => Some(Value::Bool(false)),
            1 => Some(Value::Bool(true)),
            _ => None,
        },
        Type::Timestamp => timestamp_from_int(number).map(Value::Timestamp),
        Type::Duration => number.checked_mul(1_000_000_000).map(Value::Duration),
        Type::String => Some(Value::Text(Cow::Owned(number.to_string()))),
        _ => None,
    }
    .unwrap_or(Value::Missing)
}

/// Reads a floating-point number as a value of `ty`. It is an `int` only without a fraction.
pub fn from_float<'a>(number: f64, ty: &Type) -> Value<'a> {
    match ty {
        Type::Float => number.is_finite().then_some(Value::Float(number)),
        Type::Int => number::whole(number).map(Value::Int),
        Type::Bool => number::whole(number).map(|whole| from_int(whole, &Type::Bool)),
        Type::Timestamp => timestamp_from_float(number).map(Value::Timestamp),
        Type::Duration => number::whole((number * 1e9).round()).map(Value::Duration),
        Type::String => number
            .is_finite()
            .then(|| Value::Text(Cow::Owned(number.to_string()))),
        _ => None,
    }
    .unwrap_or(Value::Missing)
}

/// Converts a value to `ty`; missing where it cannot be. Of a list what cannot be converted is left out. A part of a raw record
/// ([`Value::Json`]) converts only to `json`: who holds the record reads it.
pub fn to_type<'a>(value: Value<'a>, ty: &Type) -> Value<'a> {
    match (value, ty) {
        (Value::Missing, _) => Value::Missing,
        (Value::Text(text), _) => from_text(text, ty),
        (Value::Int(number), _) => from_int(number, ty),
        (Value::Float(number), _) => from_float(number, ty),
        (Value::Bool(truth), Type::Bool) => Value::Bool(truth),
        (Value::Bool(truth), Type::Int) => Value::Int(i64::from(truth)),
        (Value::Timestamp(at), Type::Timestamp) => Value::Timestamp(at),
        (Value::Duration(span), Type::Duration) => Value::Duration(span),
        (Value::Ip(address), Type::Ip) => Value::Ip(address),
        (Value::Ip(address), Type::Cidr) => Value::Cidr(address.into()),
        (Value::Cidr(range), Type::Cidr) => Value::Cidr(range),
        (Value::Regex(regex), Type::Regex) => Value::Regex(regex),
        (Value::Json(raw), Type::Json) => Value::Json(raw),
        (Value::List(values), Type::List(of)) => Value::List(
            values
                .into_iter()
                .map(|value| to_type(value, of))
                .filter(|value| !matches!(value, Value::Missing))
                .collect(),
        ),
        (
            value @ (Value::Bool(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Ip(_)
            | Value::Cidr(_)),
            Type::String,
        ) => text_of(&value).map_or(Value::Missing, |text| {
            Value::Text(Cow::Owned(text.into_owned()))
        }),
        _ => Value::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_convert_both_ways() {
        assert!(matches!(
            to_type(Value::Text("55836".into()), &Type::Int),
            Value::Int(55836)
        ));
        assert!(matches!(to_type(Value::Int(0), &Type::String), Value::Text(text) if text == "0"));
        assert!(matches!(
            to_type(Value::Float(2.0), &Type::Int),
            Value::Int(2)
        ));
        assert!(matches!(
            to_type(Value::Float(2.5), &Type::Int),
            Value::Missing
        ));
        assert!(matches!(
            to_type(Value::Float(1.5), &Type::Duration),
            Value::Duration(1_500_000_000)
        ));
    }

    #[test]
    fn what_is_read_from_bytes_is_what_is_read_from_text() {
        let mut read = 0;
        for text in [
            "",
            "0",
            "007",
            "55836",
            "-5",
            "+5",
            " 5",
            "5.0",
            "1e3",
            "999999999999999999",
            "9999999999999999999",
            "192.0.2.1",
            "192.0.2.1:443",
            " 192.0.2.1",
            "192.0.2.01",
            "::1",
            "2026-03-01T09:00:00.25Z",
            "2026-03-01",
            "2026-03-01T09:00:00+01:00",
            "1772355600",
            "é",
        ] {
            for ty in [Type::Int, Type::Timestamp, Type::Ip, Type::String] {
                if let Some(value) = plain(text.as_bytes(), &ty) {
                    let from_text = from_text(text.into(), &ty);
                    assert_eq!(
                        format!("{value:?}"),
                        format!("{from_text:?}"),
                        "{text} as {ty}"
                    );
                    read += 1;
                }
            }
        }
        assert!(read > 8, "{read}");
    }

    #[test]
    fn empty_text_is_missing_in_every_type() {
        for (_, ty) in Type::NAMES {
            assert!(matches!(from_text("".into(), ty), Value::Missing), "{ty}");
        }
    }
}

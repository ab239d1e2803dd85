//! Values of the language made of what a reader found: a part of a raw record as a `json` value,
//! what is inside such a value, and its conversion to a type. Called by the evaluation of schemas
//! and expressions. Values borrow from the record's bytes wherever they can.
//!
//! What depends on the encoding is in `json::raw`, `msgpack::raw` and `protobuf::raw`; equal
//! values give equal results in all. Lists never hold missing values: what is null, absent or not convertible is
//! left out.

use std::borrow::Cow;
use std::ops::Range;

use tripline_lang::ast::PathStep;
use tripline_lang::types::Type;
use tripline_lang::value::convert::{from_text, text_of, to_type};
use tripline_lang::value::{Encoding, Raw, Value};

use super::{Found, json, msgpack, protobuf};

/// What was found, as a value; missing if it is null or empty text. A text is given as the text
/// that it says, and a whole number of a record that is not JSON as that number, which spares every
/// later step from reading it again; the rest as a `json` value. The value of a slot in which
/// nothing was found is [`Value::Missing`] too.
#[inline]
pub fn value_of(record: &[u8], found: Found) -> Value<'_> {
    match found.encoding {
        Encoding::Json => json::raw::value_of(record, found),
        Encoding::MessagePack => msgpack::raw::value_of(record, found),
        Encoding::Vector | Encoding::OpenTelemetry => protobuf::raw::value_of(record, found),
    }
}

/// What is at `path` in the value; missing where there is nothing, null or empty text. A path with
/// [`PathStep::Each`] gives a list of everything that is there; each further one goes into every
/// element of that, and the result is still one flat list. Text that holds JSON is text: nothing
/// is in it.
pub fn member<'a>(raw: &Raw<'a>, path: &[PathStep]) -> Value<'a> {
    let whole = 0..raw.bytes.len();
    if !path.contains(&PathStep::Each) {
        return path
            .iter()
            .try_fold(whole, |range, step| single(raw, range, step))
            .map_or(Value::Missing, |range| part(raw, range));
    }
    let mut reached = vec![whole];
    for step in path {
        reached = match step {
            PathStep::Each => reached
                .into_iter()
                .flat_map(|range| inside(raw, range))
                .collect(),
            step => reached
                .into_iter()
                .filter_map(|range| single(raw, range, step))
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
    let ranges = inside(raw, 0..raw.bytes.len());
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
/// back). What is encoded otherwise counts as the JSON that says the same, written without
/// white space. A list converts element by element, an array to a list likewise. To `json`, a
/// typed value becomes the JSON that says the same.
pub fn convert<'a>(value: Value<'a>, to: &Type) -> Value<'a> {
    match (value, to) {
        (Value::Json(raw), Type::List(of)) if is_array(&raw) => list(elements(&raw), of),
        (Value::Json(raw), to) => match raw.encoding {
            Encoding::Json => json::raw::convert(raw, to),
            Encoding::MessagePack => msgpack::raw::convert(raw, to),
            Encoding::Vector | Encoding::OpenTelemetry => protobuf::raw::convert(raw, to),
        },
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

/// A part of a raw record as JSON text: as written, or what says the same. `None` for bytes that
/// are no value, or one nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
pub fn json_text<'r>(raw: &'r Raw<'_>) -> Option<Cow<'r, str>> {
    match raw.encoding {
        Encoding::Json => std::str::from_utf8(&raw.bytes).ok().map(Cow::Borrowed),
        Encoding::MessagePack => msgpack::json_text(&raw.bytes).map(Cow::Owned),
        Encoding::Vector | Encoding::OpenTelemetry => {
            protobuf::json_text(&raw.bytes, raw.encoding).map(Cow::Owned)
        }
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

/// The value as JSON.
fn json(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Json(raw) => json_text(raw).map(Cow::into_owned),
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

/// A truth value as JSON, which is what one is until it is converted.
pub(super) fn truth(value: bool) -> Value<'static> {
    let json: &[u8] = if value { b"true" } else { b"false" };
    Value::Json(Raw {
        bytes: Cow::Borrowed(json),
        encoding: Encoding::Json,
    })
}

/// A number that is no whole number of 64 bits converts by the digits that JSON has for it.
pub(super) fn digits<'a>(digits: String, to: &Type) -> Value<'a> {
    if *to == Type::Json {
        return Value::Json(Raw {
            bytes: Cow::Owned(digits.into_bytes()),
            encoding: Encoding::Json,
        });
    }
    from_text(Cow::Owned(digits), to)
}

/// A value that was made of a part of a record, without the record.
pub(super) fn detached<'a>(value: Value<'_>) -> Value<'a> {
    match value {
        Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        Value::Json(raw) => Value::Json(Raw {
            bytes: Cow::Owned(raw.bytes.into_owned()),
            encoding: raw.encoding,
        }),
        Value::Int(number) => Value::Int(number),
        Value::Timestamp(at) => Value::Timestamp(at),
        // No other value is made of a record's part.
        _ => Value::Missing,
    }
}

fn is_array(raw: &Raw<'_>) -> bool {
    match raw.encoding {
        Encoding::Json => raw.bytes.first() == Some(&b'['),
        Encoding::MessagePack => msgpack::raw::is_array(&raw.bytes),
        Encoding::Vector | Encoding::OpenTelemetry => {
            protobuf::raw::is_array(&raw.bytes, raw.encoding)
        }
    }
}

/// A part of a value, borrowed if the value is; null and empty text are missing.
pub(super) fn part<'a>(raw: &Raw<'a>, range: Range<usize>) -> Value<'a> {
    match raw.encoding {
        Encoding::Json => json::raw::part(&raw.bytes, range),
        Encoding::MessagePack => msgpack::raw::part(&raw.bytes, range),
        Encoding::Vector | Encoding::OpenTelemetry => match &raw.bytes {
            Cow::Borrowed(bytes) => bytes.get(range).map_or(Value::Missing, |bytes| {
                protobuf::raw::value(bytes, raw.encoding)
            }),
            Cow::Owned(bytes) => detached(bytes.get(range).map_or(Value::Missing, |bytes| {
                protobuf::raw::value(bytes, raw.encoding)
            })),
        },
    }
}

/// One step into the value at `range`. Of members of one name the first counts.
fn single(raw: &Raw<'_>, range: Range<usize>, step: &PathStep) -> Option<Range<usize>> {
    match raw.encoding {
        Encoding::Json => json::raw::single(&raw.bytes, range, step),
        Encoding::MessagePack => msgpack::raw::single(&raw.bytes, range, step),
        Encoding::Vector | Encoding::OpenTelemetry => {
            protobuf::raw::single(&raw.bytes, range, step, raw.encoding)
        }
    }
}

/// The elements of the array at `range`.
fn inside(raw: &Raw<'_>, range: Range<usize>) -> Vec<Range<usize>> {
    match raw.encoding {
        Encoding::Json => json::raw::inside(&raw.bytes, range),
        Encoding::MessagePack => msgpack::raw::inside(&raw.bytes, range),
        Encoding::Vector | Encoding::OpenTelemetry => {
            protobuf::raw::inside(&raw.bytes, range, raw.encoding)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Raw<'_> {
        Raw {
            bytes: Cow::Borrowed(json.as_bytes()),
            encoding: Encoding::Json,
        }
    }

    fn converted<'a>(json: &'a str, to: &Type) -> Value<'a> {
        convert(Value::Json(raw(json)), to)
    }

    fn key(name: &str) -> PathStep {
        PathStep::Key(name.to_owned())
    }

    /// A value as text that shows its type, for comparison.
    fn shown(value: &Value<'_>) -> String {
        match value {
            Value::Json(raw) => String::from_utf8_lossy(&raw.bytes).into_owned(),
            Value::List(values) => format!("{:?}", values.iter().map(shown).collect::<Vec<_>>()),
            value => format!("{value:?}"),
        }
    }

    #[test]
    fn json_converts_to_every_type_that_it_can_be_read_as() {
        for (json, to, expected) in [
            (r#""55836""#, Type::Int, "Int(55836)"),
            ("55836", Type::Int, "Int(55836)"),
            ("55836", Type::String, r#"Text("55836")"#),
            ("1.50", Type::String, r#"Text("1.50")"#),
            ("1.5", Type::Float, "Float(1.5)"),
            ("1.5", Type::Int, "Missing"),
            ("18446744073709551616", Type::Int, "Missing"),
            (
                "18446744073709551616",
                Type::String,
                r#"Text("18446744073709551616")"#,
            ),
            ("true", Type::Bool, "Bool(true)"),
            (r#""false""#, Type::Bool, "Bool(false)"),
            ("true", Type::String, r#"Text("true")"#),
            ("null", Type::String, "Missing"),
            (r#""""#, Type::String, "Missing"),
            (r#""a\u0020\"b\"""#, Type::String, r#"Text("a \"b\"")"#),
            (r#""\ud800""#, Type::String, "Text(\"\u{fffd}\")"),
            (r#""10.0.0.1""#, Type::Ip, "Ip(10.0.0.1)"),
            (r#""::ffff:10.0.0.1""#, Type::Ip, "Ip(10.0.0.1)"),
            (
                r#""1970-01-01T00:00:01Z""#,
                Type::Timestamp,
                "Timestamp(1000000000)",
            ),
            (
                r#""1970\u002d01-01T00:00:01Z""#,
                Type::Timestamp,
                "Timestamp(1000000000)",
            ),
            (
                "1772409600",
                Type::Timestamp,
                "Timestamp(1772409600000000000)",
            ),
            (r#""10m""#, Type::Duration, "Duration(600000000000)"),
            (r#"{"a":1}"#, Type::String, r#"Text("{\"a\":1}")"#),
            (r#"{"a":1}"#, Type::Int, "Missing"),
            (r#"[1]"#, Type::Ip, "Missing"),
            (r#""nonsense""#, Type::Ip, "Missing"),
        ] {
            assert_eq!(shown(&converted(json, &to)), expected, "{json} to {to}");
        }
    }

    #[test]
    fn text_without_escapes_is_borrowed_from_the_record() {
        let Value::Text(text) = converted(r#""Alma""#, &Type::String) else {
            panic!("a text")
        };
        assert!(matches!(text, Cow::Borrowed("Alma")));
    }

    #[test]
    fn an_array_converts_to_a_list_of_what_is_convertible() {
        let ints = Type::List(Box::new(Type::Int));
        let list = converted(r#"[1, "2", null, "x", [3], 4]"#, &ints);
        assert_eq!(shown(&list), r#"["Int(1)", "Int(2)", "Int(4)"]"#);
        assert_eq!(shown(&converted("[]", &ints)), "[]");
        assert_eq!(shown(&converted("1", &ints)), "Missing");
        let texts = convert(list, &Type::List(Box::new(Type::String)));
        assert!(matches!(texts, Value::List(values) if values.len() == 3));
    }

    #[test]
    fn members_are_reached_by_name_by_index_and_by_all_elements() {
        let json = r#" {"a":{"b":[{"c":1},{"c":null},{"d":9},{"c":"x"}]},"\u00e9":[[1,2],[3]],"t":"{\"a\":1}"}"#;
        let at = |path: &[PathStep]| shown(&member(&raw(json.trim()), path));
        let index = PathStep::Index;
        assert_eq!(at(&[key("a"), key("b"), index(3), key("c")]), "\"x\"");
        assert_eq!(at(&[key("a"), key("b"), index(4)]), "Missing");
        assert_eq!(at(&[key("a"), key("b"), index(1), key("c")]), "Missing");
        assert_eq!(at(&[key("a"), index(0)]), "Missing");
        assert_eq!(at(&[key("é"), index(1), index(0)]), "3");
        let each = [key("a"), key("b"), PathStep::Each, key("c")];
        assert_eq!(at(&each), r#"["1", "\"x\""]"#);
        let nested = [key("é"), PathStep::Each, PathStep::Each];
        assert_eq!(at(&nested), r#"["1", "2", "3"]"#);
        assert_eq!(at(&[key("nope"), PathStep::Each]), "[]");
        assert_eq!(
            at(&[key("t"), key("a")]),
            "Missing",
            "text is not looked into"
        );
    }

    #[test]
    fn members_of_a_value_that_owns_its_bytes_own_theirs() {
        let owned = Raw {
            bytes: Cow::Owned(br#"{"a":["x"]}"#.to_vec()),
            encoding: Encoding::Json,
        };
        assert_eq!(
            shown(&member(&owned, &[key("a"), PathStep::Index(0)])),
            "\"x\""
        );
        let Value::Json(array) = member(&owned, &[key("a")]) else {
            panic!("an array")
        };
        let texts: Vec<_> = elements(&array)
            .into_iter()
            .map(|value| shown(&convert(value, &Type::String)))
            .collect();
        assert_eq!(texts, [r#"Text("x")"#]);
    }

    #[test]
    fn typed_values_become_the_json_that_says_the_same() {
        let list = Value::List(vec![
            Value::Int(1),
            Value::Text("a\"b".into()),
            Value::Bool(true),
            Value::Missing,
        ]);
        assert_eq!(shown(&convert(list, &Type::Json)), r#"[1,"a\"b",true]"#);
        assert_eq!(
            shown(&convert(Value::Timestamp(0), &Type::Json)),
            "\"1970-01-01T00:00:00Z\""
        );
        assert_eq!(shown(&convert(Value::Missing, &Type::Json)), "Missing");
    }

    #[test]
    fn bytes_that_are_no_value_are_missing_everywhere() {
        for json in ["", "\"", "{", "[1", "{\"a\"", "{\"a\":", "\"\\"] {
            for (_, ty) in Type::NAMES {
                converted(json, ty);
            }
            assert!(elements(&raw(json)).len() <= 1, "of {json}");
            member(&raw(json), &[key("a"), PathStep::Each]);
        }
    }
}

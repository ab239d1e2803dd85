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

/// What was found, as a `json` value; missing if it is null or empty text. A text without escapes is
/// given as the text that it says, which spares every later step from reading it again. The value
/// of a slot in which nothing was found is [`Value::Missing`] too.
#[inline]
pub fn value_of(record: &[u8], found: Found) -> Value<'_> {
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
        (Value::Json(raw), Type::List(of)) if raw.bytes.first() == Some(&b'[') => {
            list(elements(&raw), of)
        }
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

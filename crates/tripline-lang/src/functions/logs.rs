//! Functions over what records hold.

use std::borrow::Cow;

use super::{Accepts, Eval, Function, Returns, param};
use crate::types::Type;
use crate::value::{Encoding, Raw, Value};

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "json",
    params: &[param("text", Accepts::Type(Type::String))],
    returns: Returns::Type(Type::Json),
    summary: "The JSON value that a text holds, for records that carry JSON as text; missing where the text is no JSON.",
    examples: &[
        (
            r#"json("{\"deviceId\": \"d-1\"}").deviceId == "d-1""#,
            "true",
        ),
        (r#"present(json("{"))"#, "false"),
    ],
    eval: Eval::Values(|args| match args {
        [Value::Text(Cow::Borrowed(text))] if valid(text) => {
            raw(Cow::Borrowed(text.trim_ascii().as_bytes()))
        }
        [Value::Text(Cow::Owned(text))] if valid(text) => {
            raw(Cow::Owned(text.trim_ascii().as_bytes().to_vec()))
        }
        _ => Value::Missing,
    }),
}];

/// One complete JSON value. The reader refuses nesting beyond 128.
fn valid(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

fn raw(bytes: Cow<'_, [u8]>) -> Value<'_> {
    // `null` is missing, in a text as in a record.
    if bytes.as_ref() == b"null" {
        return Value::Missing;
    }
    Value::Json(Raw {
        bytes,
        encoding: Encoding::Json,
    })
}

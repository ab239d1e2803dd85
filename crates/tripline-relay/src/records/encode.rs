//! JSON as a value of Vector (`event.Value`): what a record gains, and records that came as JSON.

use serde_json::Value;

use super::wire::{put_bytes, put_head, put_varint};

/// How many objects and arrays may be inside one another. Readers of protobuf give up at a hundred
/// messages (`prost`, which Vector uses), and each of these is three; a batch with one record that is
/// nested deeper would be refused whole. What is deeper is written as JSON text.
const MAX_DEPTH: usize = 24;

/// Appends an entry of a map: field 1 with the name in field 1 and the value in field 2.
pub(super) fn put_entry(name: &str, value: &Value, depth: usize, out: &mut Vec<u8>) {
    let mut entry = Vec::new();
    put_bytes(1, name.as_bytes(), &mut entry);
    let mut inner = Vec::new();
    put_value(value, depth, &mut inner);
    put_bytes(2, &inner, &mut entry);
    put_bytes(1, &entry, out);
}

/// Appends the fields of the message that is the value.
fn put_value(value: &Value, depth: usize, out: &mut Vec<u8>) {
    match value {
        Value::Null => {
            put_varint(9 << 3, out);
            out.push(0);
        }
        Value::Bool(value) => {
            put_varint(6 << 3, out);
            out.push(u8::from(*value));
        }
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                put_varint(4 << 3, out);
                put_varint(number.cast_unsigned(), out);
            } else {
                put_varint(5 << 3 | 1, out);
                let number = number.as_f64().unwrap_or_default();
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        Value::String(text) => put_bytes(1, text.as_bytes(), out),
        Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
            put_bytes(1, value.to_string().as_bytes(), out);
        }
        Value::Array(elements) => {
            let mut inner = Vec::new();
            for element in elements {
                let mut one = Vec::new();
                put_value(element, depth + 1, &mut one);
                put_bytes(1, &one, &mut inner);
            }
            put_bytes(8, &inner, out);
        }
        Value::Object(members) => {
            let mut inner = Vec::new();
            for (name, value) in members {
                put_entry(name, value, depth + 1, &mut inner);
            }
            put_bytes(7, &inner, out);
        }
    }
}

/// Appends the field of a `PushEventsRequest` that is this record as a log event.
pub(super) fn put_event(record: &Value, out: &mut Vec<u8>) {
    let mut log = Vec::new();
    match record {
        Value::Object(members) => {
            for (name, value) in members {
                put_entry(name, value, 1, &mut log);
            }
        }
        other => put_entry("message", other, 1, &mut log),
    }
    let mut event = Vec::new();
    put_bytes(1, &log, &mut event);
    put_head(1, event.len(), out);
    out.extend_from_slice(&event);
}

#[cfg(test)]
mod tests {
    use tripline_engine::Encoding;
    use tripline_engine::record::record_text;

    use super::super::vector;
    use super::*;

    fn said(record: &Value) -> Value {
        let mut request = Vec::new();
        put_event(record, &mut request);
        let batch = vector::batch(request.into()).unwrap();
        let content = batch.content(&batch.records[0]);
        serde_json::from_str(&record_text(content, Encoding::Vector).unwrap()).unwrap()
    }

    #[test]
    fn a_record_says_the_same_as_a_log_event() {
        let record = serde_json::json!({
            "a": [1, -1, 1.5, null, true, "x", {"b": {}}], "é": "ü", "": [], "n": i64::MIN, "big": u64::MAX,
        });
        let mut expected = record.clone();
        // Vector has whole numbers of 64 bits with a sign alone.
        expected["big"] = (u64::MAX as f64).into();
        assert_eq!(said(&record), expected);
    }

    #[test]
    fn what_is_nested_too_deep_for_readers_of_protobuf_is_text() {
        let mut value = serde_json::json!(1);
        for _ in 0..40 {
            value = serde_json::json!([value]);
        }
        let mut found = &said(&serde_json::json!({ "a": value }))["a"];
        let mut depth = 0;
        while let Some(inner) = found.get(0) {
            found = inner;
            depth += 1;
        }
        assert_eq!(depth, MAX_DEPTH - 1);
        assert_eq!(found, "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]");
    }
}

//! JSON as protobuf: as values of Vector (`event.Value`) and of OpenTelemetry (`AnyValue`), which differ in
//! how they are numbered alone. What a record gains, and records that came in another form.

use serde_json::Value;

use super::wire::{put_bytes, put_varint};

/// How many objects and arrays may be inside one another. Readers of protobuf give up at a hundred
/// messages (`prost`, which Vector uses), and each of these is three; a batch with one record that is
/// nested deeper would be refused whole. What is deeper is written as JSON text.
const MAX_DEPTH: usize = 24;

/// How the kinds of value are numbered.
pub(super) struct Dialect {
    text: u64,
    boolean: u64,
    integer: u64,
    float: u64,
    map: u64,
    array: u64,
    /// Null; where there is none, a value without a kind.
    null: Option<u64>,
}

/// `event.Value` of `lib/vector-core/proto/event.proto`.
pub(super) const VECTOR: Dialect = Dialect {
    text: 1,
    boolean: 6,
    integer: 4,
    float: 5,
    map: 7,
    array: 8,
    null: Some(9),
};

/// `AnyValue` of `opentelemetry/proto/common/v1/common.proto`.
pub(super) const OPEN_TELEMETRY: Dialect = Dialect {
    text: 1,
    boolean: 2,
    integer: 3,
    float: 4,
    map: 6,
    array: 5,
    null: None,
};

impl Dialect {
    /// Appends a field with this number that is an entry of a map: the name in its field 1 and the value
    /// in its field 2.
    pub(super) fn put_entry(
        &self,
        number: u64,
        name: &str,
        value: &Value,
        depth: usize,
        out: &mut Vec<u8>,
    ) {
        let mut entry = Vec::new();
        put_bytes(1, name.as_bytes(), &mut entry);
        let mut inner = Vec::new();
        self.put_value(value, depth, &mut inner);
        put_bytes(2, &inner, &mut entry);
        put_bytes(number, &entry, out);
    }

    /// Appends the fields of the message that is the value.
    pub(super) fn put_value(&self, value: &Value, depth: usize, out: &mut Vec<u8>) {
        match value {
            Value::Null => {
                if let Some(null) = self.null {
                    put_varint(null << 3, out);
                    out.push(0);
                }
            }
            Value::Bool(value) => {
                put_varint(self.boolean << 3, out);
                out.push(u8::from(*value));
            }
            Value::Number(number) => {
                if let Some(number) = number.as_i64() {
                    put_varint(self.integer << 3, out);
                    put_varint(number.cast_unsigned(), out);
                } else {
                    put_varint(self.float << 3 | 1, out);
                    let number = number.as_f64().unwrap_or_default();
                    out.extend_from_slice(&number.to_le_bytes());
                }
            }
            Value::String(text) => put_bytes(self.text, text.as_bytes(), out),
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => {
                put_bytes(self.text, value.to_string().as_bytes(), out);
            }
            Value::Array(elements) => {
                let mut inner = Vec::new();
                for element in elements {
                    let mut one = Vec::new();
                    self.put_value(element, depth + 1, &mut one);
                    put_bytes(1, &one, &mut inner);
                }
                put_bytes(self.array, &inner, out);
            }
            Value::Object(members) => {
                let mut inner = Vec::new();
                for (name, value) in members {
                    self.put_entry(1, name, value, depth + 1, &mut inner);
                }
                put_bytes(self.map, &inner, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tripline_engine::Encoding;
    use tripline_engine::record::record_text;

    use super::*;

    fn said(record: &Value) -> Value {
        let said = |dialect: Dialect, encoding| {
            let mut entries = Vec::new();
            for (name, value) in record.as_object().unwrap() {
                dialect.put_entry(1, name, value, 1, &mut entries);
            }
            serde_json::from_str::<Value>(&record_text(&entries, encoding).unwrap()).unwrap()
        };
        let [one, other] = [
            said(VECTOR, Encoding::Vector),
            said(OPEN_TELEMETRY, Encoding::OpenTelemetry),
        ];
        assert_eq!(one, other);
        one
    }

    #[test]
    fn a_record_says_the_same_in_both_dialects() {
        let record = serde_json::json!({
            "a": [1, -1, 1.5, null, true, "x", {"b": {}}], "é": "ü", "": [], "n": i64::MIN, "big": u64::MAX,
        });
        let mut expected = record.clone();
        // There are whole numbers of 64 bits with a sign alone.
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

//! The bytes that stand for a value in a hash key: equal values have equal bytes, different
//! values different ones, also when several are written one after the other.

use std::net::IpAddr;

use super::Value;

/// Appends the bytes of a value. Gives `false`, with `out` unchanged, for what cannot be part of
/// a key: missing (an event whose key is missing correlates with nothing), patterns, parts of
/// raw records and lists.
pub fn encode(value: &Value<'_>, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Text(text) => {
            out.push(1);
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        Value::Int(number) => tagged(out, 2, &number.to_le_bytes()),
        Value::Float(number) => {
            match super::convert::to_type(Value::Float(*number), &crate::types::Type::Int) {
                // Ints and floats that are equal have one key.
                Value::Int(whole) => tagged(out, 2, &whole.to_le_bytes()),
                _ => tagged(out, 3, &number.to_bits().to_le_bytes()),
            }
        }
        Value::Bool(truth) => tagged(out, 4, &[u8::from(*truth)]),
        Value::Timestamp(at) => tagged(out, 5, &at.to_le_bytes()),
        Value::Duration(span) => tagged(out, 6, &span.to_le_bytes()),
        Value::Ip(IpAddr::V4(address)) => tagged(out, 7, &address.octets()),
        Value::Ip(IpAddr::V6(address)) => tagged(out, 8, &address.octets()),
        Value::Cidr(range) => {
            match range.ip() {
                IpAddr::V4(address) => tagged(out, 9, &address.octets()),
                IpAddr::V6(address) => tagged(out, 10, &address.octets()),
            }
            out.push(range.prefix());
        }
        Value::Missing | Value::Regex(_) | Value::Json(_) | Value::List(_) => return false,
    }
    true
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[Value<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(values.iter().all(|value| encode(value, &mut out)));
        out
    }

    #[test]
    fn values_written_one_after_the_other_do_not_run_together() {
        let (ab, c, a, bc) = (
            Value::Text("ab".into()),
            Value::Text("c".into()),
            Value::Text("a".into()),
            Value::Text("bc".into()),
        );
        assert_ne!(key(&[ab, c]), key(&[a, bc]));
    }

    #[test]
    fn equal_numbers_have_one_key_and_missing_has_none() {
        assert_eq!(key(&[Value::Int(2)]), key(&[Value::Float(2.0)]));
        assert_ne!(key(&[Value::Int(2)]), key(&[Value::Float(2.5)]));
        let mut out = Vec::new();
        assert!(!encode(&Value::Missing, &mut out));
        assert!(out.is_empty());
    }
}

//! Equality and order of values, as `==`, `<` and `in` mean them.

use std::cmp::Ordering;

use super::{Value, case};

/// Whether two values are equal. Missing equals missing only; ints and floats compare as
/// numbers; `nocase` holds for texts. Lists are equal element by element.
#[inline]
pub fn equal(left: &Value<'_>, right: &Value<'_>, nocase: bool) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) if nocase => case::equal(left, right),
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Missing, Value::Missing) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Cidr(left), Value::Cidr(right)) => left == right,
        (Value::Regex(left), Value::Regex(right)) => left.as_str() == right.as_str(),
        (Value::Json(left), Value::Json(right)) => {
            left.bytes == right.bytes && left.encoding == right.encoding
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(left, right, nocase))
        }
        _ => order(left, right, false) == Some(Ordering::Equal),
    }
}

/// The order of two values; `None` where a side is missing or the values have no order.
/// Addresses order as numbers, v4 before v6; texts by their bytes, with `nocase` by their
/// case-folded characters.
#[inline]
pub fn order(left: &Value<'_>, right: &Value<'_>, nocase: bool) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Int(left), Value::Float(right)) => int_with_float(*left, *right),
        (Value::Float(left), Value::Int(right)) => {
            int_with_float(*right, *left).map(Ordering::reverse)
        }
        (Value::Timestamp(left), Value::Timestamp(right))
        | (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Ip(left), Value::Ip(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) if nocase => Some(case::order(left, right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Exact: a float is never rounded to compare it.
fn int_with_float(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2^63 is the first float above every i64; -2^63 is an i64 itself.
    if float >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if float < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let whole = int.cmp(&(float.trunc() as i64));
    Some(whole.then_with(|| {
        0.0f64
            .partial_cmp(&float.fract())
            .unwrap_or(Ordering::Equal)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_equals_only_itself_and_has_no_order() {
        assert!(equal(&Value::Missing, &Value::Missing, false));
        assert!(!equal(&Value::Missing, &Value::Int(0), false));
        assert_eq!(order(&Value::Missing, &Value::Missing, false), None);
        assert_eq!(order(&Value::Missing, &Value::Int(0), false), None);
    }

    #[test]
    fn ints_and_floats_compare_exactly() {
        let big = (1i64 << 53) + 1;
        assert!(!equal(
            &Value::Int(big),
            &Value::Float((1i64 << 53) as f64),
            false
        ));
        assert!(equal(&Value::Int(2), &Value::Float(2.0), false));
        assert_eq!(
            order(&Value::Int(2), &Value::Float(2.5), false),
            Some(Ordering::Less)
        );
        assert_eq!(
            order(&Value::Int(-2), &Value::Float(-2.5), false),
            Some(Ordering::Greater)
        );
        assert_eq!(
            order(&Value::Int(i64::MAX), &Value::Float(9.3e18), false),
            Some(Ordering::Less)
        );
    }

    #[test]
    fn texts_compare_without_case_when_asked() {
        let (left, right) = (
            Value::Text("Azure-CLI".into()),
            Value::Text("azure-cli".into()),
        );
        assert!(equal(&left, &right, true));
        assert!(!equal(&left, &right, false));
        assert_eq!(order(&left, &right, true), Some(Ordering::Equal));
    }
}

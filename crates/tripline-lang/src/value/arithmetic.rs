//! `+ - * /` on numbers, durations and instants.

use super::Value;
use crate::checked::ArithmeticOp;

/// Computes. Missing where a side is missing, where the result does not fit, and for a division
/// by zero. Whole numbers divide to whole numbers, toward zero; an int beside a float is a float.
pub fn compute(op: ArithmeticOp, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    use ArithmeticOp::{Add, Divide, Multiply, Subtract};
    use Value::{Duration, Float, Int, Timestamp};
    let whole = |left: i64, right: i64| match op {
        Add => left.checked_add(right),
        Subtract => left.checked_sub(right),
        Multiply => left.checked_mul(right),
        Divide => left.checked_div(right),
    };
    let result = match (left, op, right) {
        (Int(left), _, Int(right)) => whole(*left, *right).map(Int),
        (Float(left), _, Float(right)) => float(op, *left, *right),
        (Int(left), _, Float(right)) => float(op, *left as f64, *right),
        (Float(left), _, Int(right)) => float(op, *left, *right as f64),
        (Duration(left), Add | Subtract, Duration(right)) => whole(*left, *right).map(Duration),
        (Duration(left), Divide, Duration(right)) => float(op, *left as f64, *right as f64),
        (Duration(left), Multiply | Divide, Int(right)) => whole(*left, *right).map(Duration),
        (Int(left), Multiply, Duration(right)) => whole(*left, *right).map(Duration),
        (Timestamp(left), Add | Subtract, Duration(right)) => whole(*left, *right).map(Timestamp),
        (Duration(left), Add, Timestamp(right)) => whole(*left, *right).map(Timestamp),
        (Timestamp(left), Subtract, Timestamp(right)) => whole(*left, *right).map(Duration),
        _ => None,
    };
    result.unwrap_or(Value::Missing)
}

fn float(op: ArithmeticOp, left: f64, right: f64) -> Option<Value<'static>> {
    let result = match op {
        ArithmeticOp::Add => left + right,
        ArithmeticOp::Subtract => left - right,
        ArithmeticOp::Multiply => left * right,
        ArithmeticOp::Divide => left / right,
    };
    result.is_finite().then_some(Value::Float(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_computed_is_missing() {
        for (op, left, right) in [
            (ArithmeticOp::Add, Value::Int(i64::MAX), Value::Int(1)),
            (ArithmeticOp::Divide, Value::Int(1), Value::Int(0)),
            (ArithmeticOp::Divide, Value::Int(i64::MIN), Value::Int(-1)),
            (ArithmeticOp::Divide, Value::Float(1.0), Value::Float(0.0)),
            (ArithmeticOp::Add, Value::Missing, Value::Int(1)),
            (ArithmeticOp::Add, Value::Timestamp(1), Value::Timestamp(1)),
            (ArithmeticOp::Divide, Value::Duration(1), Value::Duration(0)),
        ] {
            assert!(
                matches!(compute(op, &left, &right), Value::Missing),
                "{left:?} {op:?} {right:?}"
            );
        }
    }

    #[test]
    fn durations_are_added_to_instants_and_scaled_by_whole_numbers() {
        let computed = |op, left, right| compute(op, &left, &right);
        let (at, span) = (Value::Timestamp(100), Value::Duration(30));
        assert!(matches!(
            computed(ArithmeticOp::Add, at.clone(), span.clone()),
            Value::Timestamp(130)
        ));
        assert!(matches!(
            computed(ArithmeticOp::Subtract, at.clone(), Value::Timestamp(60)),
            Value::Duration(40)
        ));
        assert!(matches!(
            computed(ArithmeticOp::Multiply, Value::Int(2), span.clone()),
            Value::Duration(60)
        ));
        assert!(matches!(
            computed(ArithmeticOp::Divide, span.clone(), Value::Int(2)),
            Value::Duration(15)
        ));
        assert!(
            matches!(computed(ArithmeticOp::Divide, span, Value::Duration(20)), Value::Float(ratio) if ratio == 1.5)
        );
    }
}

//! Evaluation of lowered expressions over whatever gives them their fields (a [`Scope`]): the
//! event being read, or the events bound to a rule's steps. Recursion is as deep as the
//! expression was written, which the parser limits.

use std::borrow::Cow;
use std::cmp::Ordering;

use tripline_lang::checked::{ArithmeticOp, CompareOp};
use tripline_lang::functions::Eval;
use tripline_lang::value::{Raw, Value, compare as values, text};

use super::node::Node;
use crate::record::{self, Slot};

/// Where an expression finds what it names. `'a` is how long the values stay.
pub(crate) trait Scope<'a> {
    /// A slot of the record reader.
    fn slot(&self, slot: Slot) -> Value<'a> {
        let _ = slot;
        Value::Missing
    }
    /// A field of the event at hand.
    fn own(&self, field: usize) -> Value<'a> {
        let _ = field;
        Value::Missing
    }
    /// A field of the event bound to a step.
    fn field(&self, step: usize, field: usize) -> Value<'a> {
        let _ = (step, field);
        Value::Missing
    }
    /// A part of the key.
    fn key(&self, part: usize) -> Value<'a> {
        let _ = part;
        Value::Missing
    }
}

/// The parameters of the lambdas around an expression, innermost first.
pub(crate) struct Locals<'l, 'a> {
    value: &'l Value<'a>,
    outer: Option<&'l Locals<'l, 'a>>,
}

/// The same value, borrowed.
pub(crate) fn borrowed<'a>(value: &'a Value<'_>) -> Value<'a> {
    match value {
        Value::Missing => Value::Missing,
        Value::Bool(v) => Value::Bool(*v),
        Value::Int(v) => Value::Int(*v),
        Value::Float(v) => Value::Float(*v),
        Value::Text(v) => Value::Text(Cow::Borrowed(v)),
        Value::Timestamp(v) => Value::Timestamp(*v),
        Value::Duration(v) => Value::Duration(*v),
        Value::Ip(v) => Value::Ip(*v),
        Value::Cidr(v) => Value::Cidr(*v),
        Value::Regex(v) => Value::Regex(v),
        Value::Json(raw) => Value::Json(Raw {
            bytes: Cow::Borrowed(&raw.bytes),
            encoding: raw.encoding,
        }),
        Value::List(of) => Value::List(of.iter().map(borrowed).collect()),
    }
}

/// Whether a condition holds.
pub(crate) fn holds<'a, S: Scope<'a>>(
    node: &'a Node,
    scope: &S,
    locals: Option<&Locals<'_, 'a>>,
) -> bool {
    match node {
        Node::And(all) => all.iter().all(|node| holds(node, scope, locals)),
        Node::Or(any) => any.iter().any(|node| holds(node, scope, locals)),
        Node::Not(of) => !holds(of, scope, locals),
        Node::Compare(op, nocase, sides) => {
            let left = eval(&sides.0, scope, locals);
            let right = eval(&sides.1, scope, locals);
            compare(*op, *nocase, &left, &right)
        }
        Node::InSet(value, set) => set.contains(&eval(value, scope, locals)),
        Node::InComputed(sides, nocase) => {
            let value = eval(&sides.0, scope, locals);
            if matches!(value, Value::Missing) {
                return false;
            }
            list_of(eval(&sides.1, scope, locals))
                .iter()
                .any(|other| values::equal(&value, other, *nocase))
        }
        Node::InRange(sides) => {
            match (eval(&sides.0, scope, locals), eval(&sides.1, scope, locals)) {
                (Value::Ip(ip), Value::Cidr(range)) => range.contains(ip),
                _ => false,
            }
        }
        Node::Matches(value, regex) => match eval(value, scope, locals) {
            Value::Text(text) => regex.is_match(&text),
            _ => false,
        },
        Node::TextTest(op, nocase, sides) => {
            match (eval(&sides.0, scope, locals), eval(&sides.1, scope, locals)) {
                (Value::Text(text), Value::Text(part)) => text::test(*op, &text, &part, *nocase),
                _ => false,
            }
        }
        other => matches!(eval(other, scope, locals), Value::Bool(true)),
    }
}

/// The value of an expression.
pub(crate) fn eval<'a, S: Scope<'a>>(
    node: &'a Node,
    scope: &S,
    locals: Option<&Locals<'_, 'a>>,
) -> Value<'a> {
    match node {
        Node::Constant(value) => borrowed(value),
        Node::Pattern(regex) => Value::Regex(regex),
        Node::Slot(slot, rest) if rest.is_empty() => scope.slot(*slot),
        Node::Slot(slot, rest) => member(scope.slot(*slot), rest),
        Node::Own(field) => scope.own(*field),
        Node::Field(step, field) => scope.field(*step, *field),
        Node::Key(part) => scope.key(*part),
        Node::Local(depth) => {
            let mut at = locals;
            for _ in 0..*depth {
                at = at.and_then(|locals| locals.outer);
            }
            at.map_or(Value::Missing, |locals| locals.value.clone())
        }
        Node::Member(of, path) => member(eval(of, scope, locals), path),
        Node::Convert(of, to) => record::convert(eval(of, scope, locals), to),
        Node::Coalesce(of) => of
            .iter()
            .map(|node| eval(node, scope, locals))
            .find(|value| !matches!(value, Value::Missing))
            .unwrap_or(Value::Missing),
        Node::Arithmetic(op, sides) => arithmetic(
            *op,
            &eval(&sides.0, scope, locals),
            &eval(&sides.1, scope, locals),
        ),
        Node::Call(function, args) => match (&function.eval, args.as_slice()) {
            (Eval::Elements(compute), [list, body]) => {
                let elements = list_of(eval(list, scope, locals));
                compute(elements, &mut |element| {
                    let inner = Locals {
                        value: element,
                        outer: locals,
                    };
                    eval(body, scope, Some(&inner))
                })
            }
            (Eval::Values(compute), args) => {
                let args: Vec<Value<'a>> =
                    args.iter().map(|arg| eval(arg, scope, locals)).collect();
                compute(&args)
            }
            (Eval::Elements(_), _) => Value::Missing,
        },
        Node::List(of) => Value::List(of.iter().map(|node| eval(node, scope, locals)).collect()),
        Node::And(_)
        | Node::Or(_)
        | Node::Not(_)
        | Node::Compare(..)
        | Node::InSet(..)
        | Node::InComputed(..)
        | Node::InRange(_)
        | Node::Matches(..)
        | Node::TextTest(..) => Value::Bool(holds(node, scope, locals)),
    }
}

/// Part of a raw value; over a list, of each of its elements.
fn member<'a>(value: Value<'a>, path: &[tripline_lang::ast::PathStep]) -> Value<'a> {
    match value {
        Value::Json(raw) => record::member(&raw, path),
        Value::List(of) => Value::List(of.into_iter().map(|value| member(value, path)).collect()),
        _ => Value::Missing,
    }
}

fn list_of(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::List(of) => of,
        Value::Json(raw) => record::elements(&raw),
        _ => Vec::new(),
    }
}

fn compare(op: CompareOp, nocase: bool, left: &Value<'_>, right: &Value<'_>) -> bool {
    let ordered =
        |wanted: fn(Ordering) -> bool| values::order(left, right, nocase).is_some_and(wanted);
    match op {
        CompareOp::Equal => values::equal(left, right, nocase),
        CompareOp::NotEqual => !values::equal(left, right, nocase),
        CompareOp::Less => ordered(Ordering::is_lt),
        CompareOp::LessOrEqual => ordered(Ordering::is_le),
        CompareOp::Greater => ordered(Ordering::is_gt),
        CompareOp::GreaterOrEqual => ordered(Ordering::is_ge),
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "mixing int and float is defined as float arithmetic"
)]
fn arithmetic(op: ArithmeticOp, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    use ArithmeticOp::{Add, Divide, Multiply, Subtract};
    use Value::{Duration, Float, Int, Timestamp};
    let whole =
        |value: Option<i64>, make: fn(i64) -> Value<'static>| value.map_or(Value::Missing, make);
    match (op, left, right) {
        (Add, Int(a), Int(b)) => whole(a.checked_add(*b), Int),
        (Subtract, Int(a), Int(b)) => whole(a.checked_sub(*b), Int),
        (Multiply, Int(a), Int(b)) => whole(a.checked_mul(*b), Int),
        (Divide, Int(a), Int(b)) => whole(a.checked_div(*b), Int),
        (_, Float(a), Float(b)) => float(op, *a, *b),
        (_, Int(a), Float(b)) => float(op, *a as f64, *b),
        (_, Float(a), Int(b)) => float(op, *a, *b as f64),
        (Add, Timestamp(a), Duration(b)) | (Add, Duration(a), Timestamp(b)) => {
            whole(a.checked_add(*b), Timestamp)
        }
        (Subtract, Timestamp(a), Duration(b)) => whole(a.checked_sub(*b), Timestamp),
        (Subtract, Timestamp(a), Timestamp(b)) => whole(a.checked_sub(*b), Duration),
        (Add, Duration(a), Duration(b)) => whole(a.checked_add(*b), Duration),
        (Subtract, Duration(a), Duration(b)) => whole(a.checked_sub(*b), Duration),
        (Multiply, Duration(a), Int(b)) | (Multiply, Int(b), Duration(a)) => {
            whole(a.checked_mul(*b), Duration)
        }
        (Divide, Duration(a), Int(b)) => whole(a.checked_div(*b), Duration),
        (Divide, Duration(a), Duration(b)) if *b != 0 => Float(*a as f64 / *b as f64),
        _ => Value::Missing,
    }
}

fn float(op: ArithmeticOp, a: f64, b: f64) -> Value<'static> {
    let value = match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
    };
    if value.is_finite() {
        Value::Float(value)
    } else {
        Value::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_that_cannot_be_done_is_missing() {
        let missing = |value| matches!(value, Value::Missing);
        assert!(missing(arithmetic(
            ArithmeticOp::Divide,
            &Value::Int(1),
            &Value::Int(0)
        )));
        assert!(missing(arithmetic(
            ArithmeticOp::Add,
            &Value::Int(i64::MAX),
            &Value::Int(1)
        )));
        assert!(missing(arithmetic(
            ArithmeticOp::Divide,
            &Value::Float(1.0),
            &Value::Float(0.0)
        )));
        assert!(missing(arithmetic(
            ArithmeticOp::Add,
            &Value::Missing,
            &Value::Int(1)
        )));
        assert!(matches!(
            arithmetic(
                ArithmeticOp::Subtract,
                &Value::Timestamp(5),
                &Value::Timestamp(3)
            ),
            Value::Duration(2)
        ));
    }
}

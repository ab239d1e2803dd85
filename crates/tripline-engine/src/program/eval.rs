//! Evaluation of lowered expressions over whatever gives them their fields (a [`Scope`]): the
//! event being read, or the events bound to a rule's steps. Recursion is as deep as the
//! expression was written, which the parser limits.

use std::borrow::Cow;
use std::cmp::Ordering;

use tripline_lang::ast::PathStep;
use tripline_lang::checked::CompareOp;
use tripline_lang::functions::Eval;
use tripline_lang::value::{Raw, Value, arithmetic, compare as values, text};

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
    /// What the events of a step add up to, by the index of the rule's aggregate.
    fn aggregate(&self, index: usize) -> Value<'a> {
        let _ = index;
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

/// The same value, owning what it holds; a pattern, which no field can hold, is missing.
pub(crate) fn owned(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Missing | Value::Regex(_) => Value::Missing,
        Value::Bool(v) => Value::Bool(*v),
        Value::Int(v) => Value::Int(*v),
        Value::Float(v) => Value::Float(*v),
        Value::Text(v) => Value::Text(Cow::Owned(v.to_string())),
        Value::Timestamp(v) => Value::Timestamp(*v),
        Value::Duration(v) => Value::Duration(*v),
        Value::Ip(v) => Value::Ip(*v),
        Value::Cidr(v) => Value::Cidr(*v),
        Value::Json(raw) => Value::Json(Raw {
            bytes: Cow::Owned(raw.bytes.to_vec()),
            encoding: raw.encoding,
        }),
        Value::List(of) => Value::List(of.iter().map(owned).collect()),
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
        Node::Aggregate(index) => scope.aggregate(*index),
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
        Node::Arithmetic(op, sides) => arithmetic::compute(
            *op,
            &eval(&sides.0, scope, locals),
            &eval(&sides.1, scope, locals),
        ),
        Node::Call(function, args) => match (&function.eval, args.as_slice()) {
            (Eval::Elements(compute), [list, body]) => match eval(list, scope, locals) {
                Value::Missing => Value::Missing,
                list => compute(list_of(list), &mut |element| {
                    let inner = Locals {
                        value: element,
                        outer: locals,
                    };
                    eval(body, scope, Some(&inner))
                }),
            },
            // The usual numbers of arguments need no allocation.
            (Eval::Values(compute), [one]) => compute(&[eval(one, scope, locals)]),
            (Eval::Values(compute), [one, two]) => {
                compute(&[eval(one, scope, locals), eval(two, scope, locals)])
            }
            (Eval::Values(compute), args) => {
                let args: Vec<Value<'a>> =
                    args.iter().map(|arg| eval(arg, scope, locals)).collect();
                compute(&args)
            }
            (Eval::Elements(_), _) => Value::Missing,
        },
        Node::Lookup(key, table, column) => match eval(key, scope, locals) {
            Value::Text(key) => table.row(&key).map_or(Value::Missing, |row| match column {
                Some(column) => table.value(row, *column),
                None => table.whole(row),
            }),
            _ => Value::Missing,
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

/// What is at a path in a value. Of a list, `[0]` is an element, `[*]` every one, and a name the
/// members of that name. However often `[*]` stands in a path, it gives one flat list.
fn member<'a>(value: Value<'a>, path: &[PathStep]) -> Value<'a> {
    let of_each = |of: Vec<Value<'a>>, path: &[PathStep]| {
        let again = path.contains(&PathStep::Each);
        let mut members = Vec::with_capacity(of.len());
        for element in of {
            match member(element, path) {
                Value::Missing => {}
                Value::List(inner) if again => members.extend(inner),
                value => members.push(value),
            }
        }
        Value::List(members)
    };
    match (value, path) {
        (value, []) => value,
        (Value::Json(raw), path) => record::member(&raw, path),
        (Value::List(of), [PathStep::Index(at), rest @ ..]) => {
            let element = usize::try_from(*at)
                .ok()
                .and_then(|at| of.into_iter().nth(at));
            member(element.unwrap_or(Value::Missing), rest)
        }
        (Value::List(of), [PathStep::Each, rest @ ..]) => of_each(of, rest),
        (Value::List(of), path) => of_each(of, path),
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

//! Constant folding: a checked expression over constants alone is computed once, here.
//!
//! INVARIANT: folding gives exactly what evaluating at run time would give.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use crate::checked::{CompareOp, Constant, Entries, Expr, ExprKind, List};
use crate::functions::Eval;
use crate::types::Type;
use crate::value::{Value, arithmetic, case, compare, text};

use super::raw::{converted, member};

/// The expression, or the constant that it is. Its operands are already folded.
pub(super) fn fold(mut expr: Expr, lists: &[Arc<List>]) -> Expr {
    match &mut expr.kind {
        ExprKind::Constant(_) | ExprKind::Lambda(_) | ExprKind::List(_) => return expr,
        ExprKind::And(parts) => {
            if let Some(known) = junction(parts, false) {
                expr.kind = ExprKind::Constant(Constant::Bool(known));
            } else if let [_] = parts.as_slice()
                && let Some(only) = parts.pop()
            {
                return only;
            }
            return expr;
        }
        ExprKind::Or(parts) => {
            if let Some(known) = junction(parts, true) {
                expr.kind = ExprKind::Constant(Constant::Bool(known));
            } else if let [_] = parts.as_slice()
                && let Some(only) = parts.pop()
            {
                return only;
            }
            return expr;
        }
        _ => {}
    }
    let folded =
        evaluate(&expr, lists, &mut Vec::new()).and_then(|value| constant(value, &expr.ty));
    if let Some(kind) = folded {
        expr.kind = kind;
    }
    expr
}

/// Drops the operands that decide nothing; gives the value where one operand decides (`deciding`
/// is `true` for `or`) or none is left.
fn junction(parts: &mut Vec<Expr>, deciding: bool) -> Option<bool> {
    let value = |part: &Expr| match part.kind {
        ExprKind::Constant(Constant::Bool(truth)) => Some(truth),
        ExprKind::Constant(Constant::Missing) => Some(false),
        _ => None,
    };
    if parts.iter().any(|part| value(part) == Some(deciding)) {
        return Some(deciding);
    }
    parts.retain(|part| value(part).is_none());
    parts.is_empty().then_some(!deciding)
}

/// Computes an expression; `None` where it depends on an event.
pub(super) fn evaluate<'e>(
    expr: &'e Expr,
    lists: &'e [Arc<List>],
    locals: &mut Vec<Value<'e>>,
) -> Option<Value<'e>> {
    Some(match &expr.kind {
        ExprKind::Constant(constant) => value(constant),
        ExprKind::Path(_)
        | ExprKind::OwnField(_)
        | ExprKind::Field { .. }
        | ExprKind::Key(_)
        | ExprKind::Aggregate(_)
        | ExprKind::Lambda(_) => {
            return None;
        }
        // What is in a table may change while the rule stays the same.
        ExprKind::Lookup { .. } => return None,
        ExprKind::Local(outward) => {
            let place = locals.len().checked_sub(outward + 1)?;
            locals.get(place)?.clone()
        }
        ExprKind::Member { of, path } => member(evaluate(of, lists, locals)?, path),
        ExprKind::Convert(of) => converted(evaluate(of, lists, locals)?, &expr.ty),
        ExprKind::And(parts) => {
            let mut holds = true;
            for part in parts {
                holds &= is_true(&evaluate(part, lists, locals)?);
            }
            Value::Bool(holds)
        }
        ExprKind::Or(parts) => {
            let mut holds = false;
            for part in parts {
                holds |= is_true(&evaluate(part, lists, locals)?);
            }
            Value::Bool(holds)
        }
        ExprKind::Not(of) => Value::Bool(!is_true(&evaluate(of, lists, locals)?)),
        ExprKind::Coalesce(parts) => {
            let mut found = Value::Missing;
            for part in parts {
                let part = evaluate(part, lists, locals)?;
                if matches!(found, Value::Missing) {
                    found = part;
                }
            }
            found
        }
        ExprKind::Compare {
            op,
            nocase,
            left,
            right,
        } => {
            let (left, right) = (
                evaluate(left, lists, locals)?,
                evaluate(right, lists, locals)?,
            );
            Value::Bool(compares(*op, &left, &right, *nocase))
        }
        ExprKind::Arithmetic { op, left, right } => arithmetic::compute(
            *op,
            &evaluate(left, lists, locals)?,
            &evaluate(right, lists, locals)?,
        ),
        ExprKind::InList { value, list } => Value::Bool(in_entries(
            &evaluate(value, lists, locals)?,
            &lists.get(*list)?.entries,
        )),
        ExprKind::InComputed {
            value,
            list,
            nocase,
        } => {
            let value = evaluate(value, lists, locals)?;
            let found = match evaluate(list, lists, locals)? {
                Value::List(elements) if !matches!(value, Value::Missing) => elements
                    .iter()
                    .any(|element| compare::equal(&value, element, *nocase)),
                _ => false,
            };
            Value::Bool(found)
        }
        ExprKind::InRange { value, range } => match (
            evaluate(value, lists, locals)?,
            evaluate(range, lists, locals)?,
        ) {
            (Value::Ip(address), Value::Cidr(range)) => Value::Bool(range.contains(address)),
            _ => Value::Bool(false),
        },
        ExprKind::Matches { value, regex } => match evaluate(value, lists, locals)? {
            Value::Text(text) => Value::Bool(regex.is_match(&text)),
            _ => Value::Bool(false),
        },
        ExprKind::TextTest {
            op,
            nocase,
            value,
            part,
        } => {
            match (
                evaluate(value, lists, locals)?,
                evaluate(part, lists, locals)?,
            ) {
                (Value::Text(value), Value::Text(part)) => {
                    Value::Bool(text::test(*op, &value, &part, *nocase))
                }
                _ => Value::Bool(false),
            }
        }
        ExprKind::Call { function, args } => match function.eval {
            Eval::Values(eval) => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(evaluate(arg, lists, locals)?);
                }
                eval(&values)
            }
            Eval::Elements(eval) => {
                let [list, lambda] = args.as_slice() else {
                    return None;
                };
                let ExprKind::Lambda(body) = &lambda.kind else {
                    return None;
                };
                let Value::List(elements) = evaluate(list, lists, locals)? else {
                    return Some(Value::Missing);
                };
                let mut known = true;
                let result = eval(elements, &mut |element| {
                    locals.push(element.clone());
                    let result = evaluate(body, lists, locals);
                    locals.pop();
                    known &= result.is_some();
                    result.unwrap_or(Value::Missing)
                });
                return known.then_some(result);
            }
        },
        ExprKind::List(elements) => {
            let mut values = Vec::with_capacity(elements.len());
            for element in elements {
                values.push(evaluate(element, lists, locals)?);
            }
            Value::List(values)
        }
    })
}

fn is_true(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(true))
}

fn compares(op: CompareOp, left: &Value<'_>, right: &Value<'_>, nocase: bool) -> bool {
    let order = || compare::order(left, right, nocase);
    match op {
        CompareOp::Equal => compare::equal(left, right, nocase),
        CompareOp::NotEqual => !compare::equal(left, right, nocase),
        CompareOp::Less => order() == Some(Ordering::Less),
        CompareOp::LessOrEqual => order().is_some_and(Ordering::is_le),
        CompareOp::Greater => order() == Some(Ordering::Greater),
        CompareOp::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
    }
}

fn in_entries(value: &Value<'_>, entries: &Entries) -> bool {
    match (value, entries) {
        (
            Value::Text(text),
            Entries::Text {
                values,
                nocase: true,
            },
        ) => {
            let text = case::fold(text);
            values.iter().any(|entry| **entry == *text)
        }
        (
            Value::Text(text),
            Entries::Text {
                values,
                nocase: false,
            },
        ) => values.iter().any(|entry| **entry == **text),
        (Value::Text(text), Entries::Regex(patterns)) => {
            patterns.iter().any(|pattern| pattern.is_match(text))
        }
        (Value::Int(number), Entries::Int(values)) => values.contains(number),
        (Value::Float(number), Entries::Float(values)) => values.contains(number),
        (Value::Ip(address), Entries::Ip(values)) => values.contains(address),
        (Value::Ip(address), Entries::Cidr(values)) => {
            values.iter().any(|range| range.contains(*address))
        }
        _ => false,
    }
}

/// The value of a constant.
pub(super) fn value(constant: &Constant) -> Value<'_> {
    match constant {
        Constant::Missing => Value::Missing,
        Constant::Bool(truth) => Value::Bool(*truth),
        Constant::Int(number) => Value::Int(*number),
        Constant::Float(number) => Value::Float(*number),
        Constant::Text(text) => Value::Text(Cow::Borrowed(text)),
        Constant::Timestamp(at) => Value::Timestamp(*at),
        Constant::Duration(span) => Value::Duration(*span),
        Constant::Ip(address) => Value::Ip(*address),
        Constant::Cidr(range) => Value::Cidr(*range),
        Constant::Regex(regex) => Value::Regex(regex),
    }
}

/// The constant that holds a value, or the list of constants; `None` for patterns and raw values.
pub(super) fn constant(value: Value<'_>, ty: &Type) -> Option<ExprKind> {
    Some(ExprKind::Constant(match value {
        Value::Missing => Constant::Missing,
        Value::Bool(truth) => Constant::Bool(truth),
        Value::Int(number) => Constant::Int(number),
        Value::Float(number) => Constant::Float(number),
        Value::Text(text) => Constant::Text(Arc::from(text.as_ref())),
        Value::Timestamp(at) => Constant::Timestamp(at),
        Value::Duration(span) => Constant::Duration(span),
        Value::Ip(address) => Constant::Ip(address),
        Value::Cidr(range) => Constant::Cidr(range),
        Value::List(values) => {
            let Type::List(of) = ty else { return None };
            // A list of constants has no places of its own; `fold` gives it that of the whole.
            let nowhere = crate::source::Span {
                file: crate::source::FileId(0),
                start: 0,
                end: 0,
            };
            let mut elements = Vec::with_capacity(values.len());
            for value in values {
                elements.push(Expr {
                    kind: constant(value, of)?,
                    ty: (**of).clone(),
                    span: nowhere,
                });
            }
            return Some(ExprKind::List(elements));
        }
        Value::Regex(_) | Value::Json(_) => return None,
    }))
}

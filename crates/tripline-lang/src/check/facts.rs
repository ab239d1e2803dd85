//! What conditions say about their operands: which operand is which ([`same_as`]), and which is
//! known to be a constant once a condition holds. Contradictions and the warnings about missing
//! values are found with it.

use std::fmt::Write;

use crate::checked::{CompareOp, Constant, Expr, ExprKind};
use crate::types::Type;

/// An operand that has one value wherever a condition holds.
pub(super) struct Fact {
    /// The operand, as [`same_as`] writes it.
    operand: String,
    /// Its value.
    value: Constant,
}

/// A text that two expressions share exactly when they compute the same from the same event.
/// Places do not count.
pub(super) fn same_as(expr: &Expr) -> String {
    let mut out = String::new();
    write_same(expr, &mut out);
    out
}

fn write_same(expr: &Expr, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match &expr.kind {
        ExprKind::Constant(Constant::Regex(regex)) => write!(out, "/{}/", regex.as_str()),
        ExprKind::Constant(constant) => write!(out, "{constant:?}"),
        ExprKind::Path(path) => write!(out, "path{path:?}"),
        ExprKind::OwnField(field) => write!(out, "own{field}"),
        ExprKind::Field { step, field } => write!(out, "field{step}.{field}"),
        ExprKind::Key(part) => write!(out, "key{part}"),
        ExprKind::Aggregate(index) => write!(out, "aggregate{index}"),
        ExprKind::Local(outward) => write!(out, "local{outward}"),
        ExprKind::Member { path, .. } => write!(out, "member{path:?}"),
        ExprKind::Convert(_) => write!(out, "to {}", expr.ty),
        ExprKind::And(_) => write!(out, "and"),
        ExprKind::Or(_) => write!(out, "or"),
        ExprKind::Not(_) => write!(out, "not"),
        ExprKind::Coalesce(_) => write!(out, "??"),
        ExprKind::Compare { op, nocase, .. } => write!(out, "{op:?}{nocase}"),
        ExprKind::Arithmetic { op, .. } => write!(out, "{op:?}"),
        ExprKind::InList { list, .. } => write!(out, "in{list}"),
        ExprKind::Lookup { table, column, .. } => {
            write!(out, "lookup {} {column:?}", table.name())
        }
        ExprKind::InComputed { nocase, .. } => write!(out, "in computed {nocase}"),
        ExprKind::InRange { .. } => write!(out, "in range"),
        ExprKind::Matches { regex, .. } => write!(out, "matches/{}/", regex.as_str()),
        ExprKind::TextTest { op, nocase, .. } => write!(out, "{op:?}{nocase}"),
        ExprKind::Call { function, .. } => write!(out, "{}", function.name),
        ExprKind::Lambda(_) => write!(out, "=>"),
        ExprKind::List(_) => write!(out, "list"),
    };
    let operands = expr.operands();
    if !operands.is_empty() {
        out.push('(');
        for operand in operands {
            write_same(operand, out);
            out.push(',');
        }
        out.push(')');
    }
}

/// Whether the expression depends on an event at all.
pub(super) fn varies(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Constant(_) | ExprKind::Local(_) => false,
        ExprKind::Path(_)
        | ExprKind::OwnField(_)
        | ExprKind::Field { .. }
        | ExprKind::Key(_)
        | ExprKind::Aggregate(_) => true,
        _ => expr.operands().into_iter().any(varies),
    }
}

/// Whether the expression has a value whatever the event is, as far as its form tells.
pub(super) fn never_missing(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Constant(constant) => !matches!(constant, Constant::Missing),
        ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Not(_)
        | ExprKind::Compare { .. }
        | ExprKind::InList { .. }
        | ExprKind::InComputed { .. }
        | ExprKind::InRange { .. }
        | ExprKind::Matches { .. }
        | ExprKind::TextTest { .. }
        | ExprKind::Lambda(_)
        | ExprKind::List(_) => true,
        ExprKind::Coalesce(parts) => parts.iter().any(never_missing),
        ExprKind::Call { function, .. } => matches!(function.name, "present" | "missing"),
        ExprKind::Convert(of) => {
            expr.ty == Type::String && of.ty != Type::Json && never_missing(of)
        }
        ExprKind::Path(_)
        | ExprKind::OwnField(_)
        | ExprKind::Field { .. }
        | ExprKind::Key(_)
        | ExprKind::Aggregate(_)
        | ExprKind::Local(_)
        | ExprKind::Member { .. }
        | ExprKind::Lookup { .. }
        | ExprKind::Arithmetic { .. } => false,
    }
}

/// What holds wherever the condition holds.
pub(super) fn facts(condition: &Expr) -> Vec<Fact> {
    let truth = |expr: &Expr, value: bool| Fact {
        operand: same_as(expr),
        value: Constant::Bool(value),
    };
    let mut facts = Vec::new();
    match &condition.kind {
        ExprKind::And(parts) => facts.extend(parts.iter().flat_map(self::facts)),
        ExprKind::Compare {
            op: CompareOp::Equal,
            nocase: false,
            left,
            right,
        } => {
            facts.push(truth(condition, true));
            for (operand, other) in [(left, right), (right, left)] {
                if let ExprKind::Constant(value) = &other.kind
                    && varies(operand)
                {
                    facts.push(Fact {
                        operand: same_as(operand),
                        value: value.clone(),
                    });
                }
            }
        }
        ExprKind::Not(of) => {
            // A field that is not true may be false or missing: no one value is known.
            if never_missing(of) {
                facts.push(truth(of, false));
            }
            facts.push(truth(condition, true));
        }
        ExprKind::Call { function, args } if function.name == "missing" => {
            facts.push(truth(condition, true));
            if let [operand] = args.as_slice()
                && varies(operand)
            {
                facts.push(Fact {
                    operand: same_as(operand),
                    value: Constant::Missing,
                });
            }
        }
        ExprKind::Constant(_) => {}
        _ => facts.push(truth(condition, true)),
    }
    facts
}

/// The value of an operand that a fact is about.
pub(super) fn known(expr: &Expr, facts: &[Fact]) -> Option<Constant> {
    if matches!(expr.kind, ExprKind::Constant(_)) || facts.is_empty() {
        return None;
    }
    let operand = same_as(expr);
    facts
        .iter()
        .find(|fact| fact.operand == operand)
        .map(|fact| fact.value.clone())
}

/// The operands that cannot be missing where the condition holds.
pub(super) fn guarded(condition: &Expr, into: &mut Vec<String>) {
    let mut guard = |operand: &Expr| {
        // What is computed from an operand guards the operand too: `lower(x) == "a"` needs an x.
        let mut open = vec![operand];
        while let Some(expr) = open.pop() {
            if varies(expr) {
                into.push(same_as(expr));
            }
            if let ExprKind::Convert(of)
            | ExprKind::Member { of, .. }
            | ExprKind::Lookup { key: of, .. } = &expr.kind
            {
                open.push(of);
            }
        }
    };
    let missing = |expr: &Expr| matches!(expr.kind, ExprKind::Constant(Constant::Missing));
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().for_each(|part| guarded(part, into)),
        ExprKind::Compare {
            op: CompareOp::Equal,
            left,
            right,
            ..
        } => {
            if matches!(right.kind, ExprKind::Constant(_)) && !missing(right) {
                guard(left);
            }
            if matches!(left.kind, ExprKind::Constant(_)) && !missing(left) {
                guard(right);
            }
        }
        ExprKind::Compare {
            op: CompareOp::NotEqual,
            left,
            right,
            ..
        } => {
            if missing(right) {
                guard(left);
            } else if missing(left) {
                guard(right);
            }
        }
        ExprKind::Compare { left, right, .. } => {
            guard(left);
            guard(right);
        }
        ExprKind::InList { value, .. }
        | ExprKind::InComputed { value, .. }
        | ExprKind::InRange { value, .. }
        | ExprKind::Matches { value, .. } => guard(value),
        ExprKind::TextTest { value, part, .. } => {
            guard(value);
            guard(part);
        }
        ExprKind::Call { function, args } if function.name == "present" => {
            args.iter().for_each(guard)
        }
        ExprKind::Not(of) => match &of.kind {
            ExprKind::Call { function, args } if function.name == "missing" => {
                args.iter().for_each(guard)
            }
            ExprKind::Or(parts) => {
                for part in parts {
                    let negated = Expr {
                        kind: ExprKind::Not(Box::new(part.clone())),
                        ty: Type::Bool,
                        span: part.span,
                    };
                    guarded(&negated, into);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

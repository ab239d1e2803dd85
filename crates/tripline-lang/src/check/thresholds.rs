//! Thresholds that can never be met: the engine retains a limited number of events of one step and key
//! ([`MOST_EVENTS`]), so no more than that are ever counted. Called for the least number of a step and for
//! every `having`.
//!
//! INVARIANT: a warning is given only where the condition as a whole cannot hold with the engine's own
//! limit; what adds up values (`sum`, `min`, `max`) has no limit.

use crate::checked::{Aggregate, CompareOp, Constant, Expr, ExprKind, MOST_EVENTS};
use crate::diagnostic::Diagnostic;
use crate::functions::aggregates::AggregateKind;
use crate::source::Span;

use super::Checker;

impl Checker<'_> {
    /// Warns where a step asks for more events than are retained.
    pub(super) fn warn_of_least(&mut self, least: usize, at: Span) {
        if least > MOST_EVENTS {
            self.warn_of_threshold(at);
        }
    }

    /// Warns where `having` needs more events than are retained.
    pub(super) fn warn_of_having(&mut self, having: &Expr) {
        for at in unmet(having, &self.aggregates, true) {
            self.warn_of_threshold(at);
        }
    }

    fn warn_of_threshold(&mut self, at: Span) {
        let most = grouped(MOST_EVENTS);
        let problem = Diagnostic::new(
            "W0205",
            at,
            format!(
                "this can never be met: at most {most} events of one step are retained for one key"
            ),
        )
        .help(format!(
            "ask for at most {MOST_EVENTS}, within a window that is shorter in proportion"
        ));
        self.report(problem);
    }
}

/// The numbers for which a condition can never hold (or, negated, never not hold); none where it can.
fn unmet(condition: &Expr, aggregates: &[Aggregate], wanted: bool) -> Vec<Span> {
    let each = |parts: &[Expr]| -> Vec<Vec<Span>> {
        let each = parts.iter().map(|part| unmet(part, aggregates, wanted));
        each.collect()
    };
    match &condition.kind {
        ExprKind::Not(of) => unmet(of, aggregates, !wanted),
        // One of several that are all needed is enough.
        ExprKind::And(parts) if wanted => each(parts).concat(),
        ExprKind::Or(parts) if !wanted => each(parts).concat(),
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            let each = each(parts);
            if each.iter().any(Vec::is_empty) {
                return Vec::new();
            }
            each.concat()
        }
        ExprKind::Compare {
            op, left, right, ..
        } => {
            let found = match (number(right), number(left)) {
                (Some(number), None) if counts(left, aggregates) => Some((*op, number, right.span)),
                (None, Some(number)) if counts(right, aggregates) => {
                    Some((mirrored(*op), number, left.span))
                }
                _ => None,
            };
            let never = found.filter(|(op, number, _)| {
                let op = if wanted { *op } else { negated(*op) };
                !can_hold(op, *number)
            });
            never.map(|(_, _, at)| at).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a number of events can be in such a relation to this number, as far as the limit goes.
#[allow(clippy::cast_precision_loss, reason = "the limit is small")]
fn can_hold(op: CompareOp, number: f64) -> bool {
    let most = MOST_EVENTS as f64;
    match op {
        CompareOp::Greater => number < most,
        CompareOp::GreaterOrEqual | CompareOp::Equal => number <= most,
        CompareOp::Less | CompareOp::LessOrEqual | CompareOp::NotEqual => true,
    }
}

/// Whether the value is a number of events of one step, or of different values that they have.
fn counts(expr: &Expr, aggregates: &[Aggregate]) -> bool {
    match &expr.kind {
        ExprKind::Convert(of) => counts(of, aggregates),
        ExprKind::Aggregate(index) => aggregates.get(*index).is_some_and(|of| {
            matches!(
                of.function.kind,
                AggregateKind::Count | AggregateKind::Distinct
            )
        }),
        _ => false,
    }
}

/// The number that an expression is.
#[allow(
    clippy::cast_precision_loss,
    reason = "what is near the limit is exact"
)]
fn number(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Convert(of) => number(of),
        ExprKind::Constant(Constant::Int(number)) => Some(*number as f64),
        ExprKind::Constant(Constant::Float(number)) => Some(*number),
        _ => None,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessOrEqual => CompareOp::GreaterOrEqual,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterOrEqual => CompareOp::LessOrEqual,
        CompareOp::Equal | CompareOp::NotEqual => op,
    }
}

/// The comparison that holds where this one does not.
fn negated(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterOrEqual,
        CompareOp::LessOrEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessOrEqual,
        CompareOp::GreaterOrEqual => CompareOp::Less,
    }
}

/// A number with a comma before each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups = groups.map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

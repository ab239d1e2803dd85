//! Conditions that cannot hold together: what one says of an operand makes the other false.

use crate::checked::{CompareOp, Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::value::compare;

use super::facts::{Fact, facts, same_as};
use super::{Checker, fold, substitute};

/// Beyond this many conditions side by side the search, which looks at every pair, is left out.
const MOST_CONDITIONS: usize = 100;

impl Checker<'_> {
    /// Warns where two conditions of one `and` exclude each other.
    pub(super) fn warn_of_conflicts(&mut self, conditions: &[Expr]) {
        if let Some((first, second)) = self.conflict_within(conditions) {
            let problem = contradiction(first, second);
            self.report(problem);
        }
    }

    /// Warns where a condition excludes an earlier one of another step.
    pub(super) fn warn_of_conflicts_between(&mut self, earlier: &[Expr], later: &[Expr]) {
        if let Some((first, second)) = self.conflict_between(earlier, later) {
            let problem = contradiction(first, second);
            self.report(problem);
        }
    }

    fn conflict_within<'e>(&self, conditions: &'e [Expr]) -> Option<(&'e Expr, &'e Expr)> {
        conditions
            .iter()
            .enumerate()
            .find_map(|(place, condition)| {
                let earlier = conditions.get(..place)?;
                self.conflict_between(earlier, std::slice::from_ref(condition))
            })
    }

    /// A condition of each side that cannot hold together.
    pub(super) fn conflict_between<'e>(
        &self,
        left: &'e [Expr],
        right: &'e [Expr],
    ) -> Option<(&'e Expr, &'e Expr)> {
        if left.len().max(right.len()) > MOST_CONDITIONS {
            return None;
        }
        let known =
            |conditions: &[Expr]| -> Vec<Vec<Fact>> { conditions.iter().map(facts).collect() };
        let (left_facts, right_facts) = (known(left), known(right));
        for (first, first_facts) in left.iter().zip(&left_facts) {
            for (second, second_facts) in right.iter().zip(&right_facts) {
                if self.becomes_false(second, first_facts)
                    || self.becomes_false(first, second_facts)
                    || apart(first, second)
                {
                    return Some((first, second));
                }
            }
        }
        None
    }

    fn becomes_false(&self, condition: &Expr, facts: &[Fact]) -> bool {
        // A condition that is false by itself has its own warning.
        !facts.is_empty()
            && !matches!(condition.kind, ExprKind::Constant(_))
            && matches!(
                substitute::substitute(condition, facts, &self.used_lists).kind,
                ExprKind::Constant(Constant::Bool(false) | Constant::Missing)
            )
    }
}

fn contradiction(first: &Expr, second: &Expr) -> Diagnostic {
    Diagnostic::new(
        "W0202",
        second.span,
        "this condition can never hold together with an earlier one",
    )
    .also(first.span, "when this holds")
    .label("this does not")
    .help("remove one of them, or join them with `or`")
}

/// Whether two bounds of one operand leave nothing between them.
fn apart(left: &Expr, right: &Expr) -> bool {
    let (Some(left), Some(right)) = (bound(left), bound(right)) else {
        return false;
    };
    if left.operand != right.operand || left.lower == right.lower {
        return false;
    }
    let (lower, upper) = if left.lower {
        (left, right)
    } else {
        (right, left)
    };
    match compare::order(&fold::value(lower.value), &fold::value(upper.value), false) {
        Some(std::cmp::Ordering::Greater) => true,
        Some(std::cmp::Ordering::Equal) => lower.strict || upper.strict,
        _ => false,
    }
}

struct Bound<'e> {
    operand: String,
    lower: bool,
    strict: bool,
    value: &'e Constant,
}

/// `operand < constant` and the like, whichever side the constant stands on.
fn bound(condition: &Expr) -> Option<Bound<'_>> {
    let ExprKind::Compare {
        op,
        nocase: false,
        left,
        right,
    } = &condition.kind
    else {
        return None;
    };
    let (lower, strict) = match op {
        CompareOp::Less => (false, true),
        CompareOp::LessOrEqual => (false, false),
        CompareOp::Greater => (true, true),
        CompareOp::GreaterOrEqual => (true, false),
        CompareOp::Equal | CompareOp::NotEqual => return None,
    };
    match (&left.kind, &right.kind) {
        (ExprKind::Constant(_), ExprKind::Constant(_)) => None,
        (_, ExprKind::Constant(value)) => Some(Bound {
            operand: same_as(left),
            lower,
            strict,
            value,
        }),
        (ExprKind::Constant(value), _) => Some(Bound {
            operand: same_as(right),
            lower: !lower,
            strict,
            value,
        }),
        _ => None,
    }
}

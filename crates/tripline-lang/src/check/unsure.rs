//! The warning about `!=` between two values that can both be missing: missing is equal to
//! missing, so such a condition is false for two absent values and true for one.
//!
//! Nothing is said where a side cannot be missing there, or where the author has shown to have
//! thought of it: by `present`, `missing` or `coalesce` about a side, or by writing `differ`.

use std::collections::HashSet;

use crate::checked::{CompareOp, Expr, ExprKind};
use crate::diagnostic::Diagnostic;

use super::Checker;
use super::facts::{guarded, never_missing, same_as, varies};

impl Checker<'_> {
    /// Looks through conditions that hold together. `given` holds besides and is not looked
    /// through; `sure` are operands that are never missing here (a key's); `schemas` are those of
    /// the steps.
    pub(super) fn warn_of_unsure(
        &mut self,
        given: &[&Expr],
        conditions: &[&Expr],
        sure: &[&Expr],
        schemas: &[Option<usize>],
    ) {
        let mut guards: Vec<String> = sure.iter().map(|expr| same_as(expr)).collect();
        let mut acknowledged = HashSet::new();
        for condition in given.iter().chain(conditions) {
            guarded(condition, &mut guards);
            acknowledge(condition, &mut acknowledged);
        }
        for condition in conditions {
            self.look(condition, &guards, &acknowledged, schemas);
        }
    }

    fn look(
        &mut self,
        expr: &Expr,
        guards: &[String],
        acknowledged: &HashSet<String>,
        schemas: &[Option<usize>],
    ) {
        let unequal = match &expr.kind {
            ExprKind::Compare {
                op: CompareOp::NotEqual,
                left,
                right,
                ..
            } => Some((left, right)),
            ExprKind::Not(of) => match &of.kind {
                ExprKind::Compare {
                    op: CompareOp::Equal,
                    left,
                    right,
                    ..
                } => Some((left, right)),
                _ => None,
            },
            _ => None,
        };
        if let Some((left, right)) = unequal
            && !self.acknowledged.contains(&expr.span)
        {
            let unsure = |side: &Expr| {
                let name = same_as(side);
                varies(side)
                    && !self.is_sure(side, schemas)
                    && !guards.contains(&name)
                    && !acknowledged.contains(&name)
            };
            if unsure(left) && unsure(right) {
                let problem = self.both_can_be_missing(expr, left, right);
                self.report(problem);
            }
        }
        if let ExprKind::And(parts) = &expr.kind {
            let mut inner = guards.to_vec();
            guarded(expr, &mut inner);
            for part in parts {
                self.look(part, &inner, acknowledged, schemas);
            }
            return;
        }
        for operand in expr.operands() {
            self.look(operand, guards, acknowledged, schemas);
        }
    }

    fn both_can_be_missing(&self, expr: &Expr, left: &Expr, right: &Expr) -> Diagnostic {
        let (left_text, right_text) = (self.source_text(left.span), self.source_text(right.span));
        Diagnostic::new(
            "W0203",
            expr.span,
            format!("`{left_text}` and `{right_text}` can both be missing, and missing is equal to missing"),
        )
        .label("true when one of them is missing, false when both are")
        .help(format!(
            "where that is not meant, write `present({left_text}) and present({right_text}) and {left_text} != {right_text}`"
        ))
        .help(format!("where it is meant, write `differ({left_text}, {right_text})`, which is the same as `!=` and says so"))
    }

    /// Whether an operand has a value in every event.
    fn is_sure(&self, expr: &Expr, schemas: &[Option<usize>]) -> bool {
        if let ExprKind::Field { step, field } = expr.kind {
            let schema = schemas
                .get(step)
                .copied()
                .flatten()
                .and_then(|schema| self.schemas.get(schema));
            return schema
                .and_then(|schema| schema.fields.get(field))
                .is_some_and(|field| field.never_missing);
        }
        // An event whose key is missing correlates with nothing.
        matches!(expr.kind, ExprKind::Key(_)) || never_missing(expr)
    }
}

/// The operands that `present`, `missing` or `coalesce` is asked about somewhere.
fn acknowledge(expr: &Expr, into: &mut HashSet<String>) {
    match &expr.kind {
        ExprKind::Call { function, args } if matches!(function.name, "present" | "missing") => {
            into.extend(args.iter().map(same_as));
        }
        ExprKind::Coalesce(parts) => into.extend(parts.iter().map(same_as)),
        _ => {}
    }
    for operand in expr.operands() {
        acknowledge(operand, into);
    }
}

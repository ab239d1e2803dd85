//! The operands of checked expressions, and what becomes of an expression once some of them are
//! known, which is how contradictions are found.

use std::sync::Arc;

use crate::checked::{Expr, ExprKind, List};

use super::facts::{Fact, known};
use super::fold::fold;

/// The expression with every operand of `facts` replaced by its known constant, folded. Lambdas
/// are left alone: what they read differs from element to element.
pub(super) fn substitute(expr: &Expr, facts: &[Fact], lists: &[Arc<List>]) -> Expr {
    if let Some(known) = known(expr, facts) {
        return Expr {
            kind: ExprKind::Constant(known),
            ty: expr.ty.clone(),
            span: expr.span,
        };
    }
    let mut copy = expr.clone();
    for operand in operands_mut(&mut copy) {
        if !matches!(operand.kind, ExprKind::Lambda(_)) {
            *operand = substitute(operand, facts, lists);
        }
    }
    fold(copy, lists)
}

pub(super) fn operands_mut(expr: &mut Expr) -> Vec<&mut Expr> {
    match &mut expr.kind {
        ExprKind::Constant(_)
        | ExprKind::Path(_)
        | ExprKind::OwnField(_)
        | ExprKind::Field { .. }
        | ExprKind::Key(_)
        | ExprKind::Local(_) => Vec::new(),
        ExprKind::Member { of, .. }
        | ExprKind::Convert(of)
        | ExprKind::Not(of)
        | ExprKind::Lambda(of) => vec![of],
        ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Coalesce(parts)
        | ExprKind::List(parts) => parts.iter_mut().collect(),
        ExprKind::Call { args, .. } => args.iter_mut().collect(),
        ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
            vec![left, right]
        }
        ExprKind::InList { value, .. } | ExprKind::Matches { value, .. } => vec![value],
        ExprKind::InComputed { value, list, .. } => vec![value, list],
        ExprKind::InRange { value, range } => vec![value, range],
        ExprKind::TextTest { value, part, .. } => vec![value, part],
    }
}

/// The operands of an expression, in the order written.
pub(super) fn operands(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Constant(_)
        | ExprKind::Path(_)
        | ExprKind::OwnField(_)
        | ExprKind::Field { .. }
        | ExprKind::Key(_)
        | ExprKind::Local(_) => Vec::new(),
        ExprKind::Member { of, .. }
        | ExprKind::Convert(of)
        | ExprKind::Not(of)
        | ExprKind::Lambda(of) => vec![of],
        ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Coalesce(parts)
        | ExprKind::List(parts) => parts.iter().collect(),
        ExprKind::Call { args, .. } => args.iter().collect(),
        ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
            vec![left, right]
        }
        ExprKind::InList { value, .. } | ExprKind::Matches { value, .. } => vec![value],
        ExprKind::InComputed { value, list, .. } => vec![value, list],
        ExprKind::InRange { value, range } => vec![value, range],
        ExprKind::TextTest { value, part, .. } => vec![value, part],
    }
}

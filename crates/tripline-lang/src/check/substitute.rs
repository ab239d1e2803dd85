//! What becomes of an expression once some of its operands are known, which is how contradictions
//! are found.

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
    for operand in copy.operands_mut() {
        if !matches!(operand.kind, ExprKind::Lambda(_)) {
            *operand = substitute(operand, facts, lists);
        }
    }
    fold(copy, lists)
}

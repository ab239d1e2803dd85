//! `+ - * /` and the sign, on numbers, timestamps and durations.

use crate::ast;
use crate::checked::{ArithmeticOp, Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;

use super::super::scope::Scope;
use super::super::{Checker, words};
use super::made;
use super::operators::Operator;

impl Checker<'_> {
    /// `left + right` and the like.
    pub(super) fn arithmetic(
        &mut self,
        op: Operator,
        with: ArithmeticOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let (mut left, mut right) = self.both(left, right, scope)?;
        if left.ty == Type::Json {
            left = self.converted(left, &beside(with, &right.ty));
        }
        if right.ty == Type::Json {
            right = self.converted(right, &beside(with, &left.ty));
        }
        if left.ty != right.ty
            && matches!(
                (&left.ty, &right.ty),
                (Type::Int | Type::Missing, Type::Float)
                    | (Type::Missing, Type::Int | Type::Duration)
            )
        {
            left = self.fit(left, &right.ty).ok()?;
        } else if left.ty != right.ty
            && matches!(
                (&left.ty, &right.ty),
                (Type::Float, Type::Int | Type::Missing)
                    | (Type::Int | Type::Duration | Type::Timestamp, Type::Missing)
            )
        {
            right = self.fit(right, &left.ty).ok()?;
        }
        let sum = matches!(with, ArithmeticOp::Add | ArithmeticOp::Subtract);
        let ty = match (&left.ty, &right.ty) {
            (Type::Int, Type::Int) => Some(Type::Int),
            (Type::Float, Type::Float) => Some(Type::Float),
            (Type::Duration, Type::Int) if !sum => Some(Type::Duration),
            (Type::Int, Type::Duration) if with == ArithmeticOp::Multiply => Some(Type::Duration),
            (Type::Duration, Type::Duration) if with == ArithmeticOp::Divide => Some(Type::Float),
            (Type::Duration, Type::Duration) if sum => Some(Type::Duration),
            (Type::Timestamp, Type::Duration) if sum => Some(Type::Timestamp),
            (Type::Duration, Type::Timestamp) if with == ArithmeticOp::Add => Some(Type::Timestamp),
            (Type::Timestamp, Type::Timestamp) if with == ArithmeticOp::Subtract => {
                Some(Type::Duration)
            }
            _ => None,
        };
        let Some(ty) = ty else {
            let problem = Diagnostic::new(
                "E0305",
                op.span,
                format!(
                    "`{}` cannot join {} and {}",
                    op.written(),
                    words(&left.ty),
                    words(&right.ty)
                ),
            )
            .also(left.span, format!("this is {}", words(&left.ty)))
            .also(right.span, format!("this is {}", words(&right.ty)));
            let problem = match (&left.ty, &right.ty) {
                (Type::Timestamp | Type::Duration, Type::Int | Type::Float) if sum => {
                    problem.help("a duration needs a unit: `10s`, `10m`, `10h`")
                }
                (Type::String, Type::String) => {
                    problem.help("texts are not joined: compare their parts one by one")
                }
                _ => problem.help(
                    "`+` and `-` join numbers, timestamps and durations; `*` and `/` numbers, and a duration and a whole number",
                ),
            };
            self.report(problem);
            return None;
        };
        let constants = matches!((&left.kind, &right.kind), (ExprKind::Constant(a), ExprKind::Constant(b)) if !matches!(a, Constant::Missing) && !matches!(b, Constant::Missing));
        let result = self.folded(
            ExprKind::Arithmetic {
                op: with,
                left: Box::new(left),
                right: Box::new(right),
            },
            ty,
            span,
        );
        if constants && matches!(result.kind, ExprKind::Constant(Constant::Missing)) {
            let problem = Diagnostic::new(
                "E0310",
                span,
                "this has no value: it is too large, or divides by zero",
            );
            self.report(problem);
            return None;
        }
        Some(result)
    }

    /// `-x`
    pub(super) fn negate(&mut self, of: &ast::Expr, span: Span, scope: &Scope<'_>) -> Option<Expr> {
        // The least whole number has no positive counterpart, so it is read with its sign.
        if let ast::ExprKind::Number(digits) = &of.kind {
            let signed = ast::Expr {
                kind: ast::ExprKind::Number(format!("-{digits}")),
                span,
            };
            return self.expr(&signed, scope);
        }
        let of = self.expr(of, scope)?;
        let of = if of.ty == Type::Json {
            self.converted(of, &Type::Float)
        } else {
            of
        };
        let zero = match of.ty {
            Type::Int => Constant::Int(0),
            Type::Float => Constant::Float(0.0),
            Type::Duration => Constant::Duration(0),
            ref ty => {
                let problem = Diagnostic::new(
                    "E0305",
                    span,
                    format!("`-` cannot turn round {}", words(ty)),
                )
                .help("it stands before numbers and durations");
                self.report(problem);
                return None;
            }
        };
        let ty = of.ty.clone();
        let zero = made(ExprKind::Constant(zero), ty.clone(), span);
        let kind = ExprKind::Arithmetic {
            op: ArithmeticOp::Subtract,
            left: Box::new(zero),
            right: Box::new(of),
        };
        Some(self.folded(kind, ty, span))
    }
}

/// What a raw value is beside a value of a type; two raw values are numbers.
fn beside(op: ArithmeticOp, other: &Type) -> Type {
    match (op, other) {
        (ArithmeticOp::Multiply, Type::Duration) => Type::Int,
        (ArithmeticOp::Add, Type::Timestamp) => Type::Duration,
        (_, Type::Int | Type::Float | Type::Timestamp | Type::Duration) => other.clone(),
        _ => Type::Float,
    }
}

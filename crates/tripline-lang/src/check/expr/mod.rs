//! Expressions: names resolved, types fitted, constants folded. `None` means that the expression
//! is in error and the error is reported; what contains it then says nothing more.

mod arithmetic;
mod calls;
mod fit;
mod literals;
mod lookup;
mod member_access;
mod membership;
mod operators;
mod resolve;
mod signature;

use crate::ast;
use crate::checked::{Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;

pub(super) use fit::{Misfit, example_of, unreadable};

use super::scope::Scope;
use super::{Checker, fold, words};

/// The deepest that an expression may nest.
const DEEPEST: usize = 128;

/// A checked expression of a kind, a type and a place.
pub(super) fn made(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, span }
}

impl Checker<'_> {
    /// Checks an expression where it stands.
    pub(super) fn expr(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Option<Expr> {
        if self.depth >= DEEPEST {
            let problem = Diagnostic::new("E0320", expr.span, format!("this expression nests deeper than {DEEPEST} levels"))
                .help("give parts of it a name with `let`, or write lists of conditions with `and` and `or` side by side");
            self.report(problem);
            return None;
        }
        self.depth += 1;
        let checked = self.expr_of_kind(expr, scope);
        self.depth -= 1;
        checked
    }

    fn expr_of_kind(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Option<Expr> {
        use ast::ExprKind as Kind;
        let span = expr.span;
        match &expr.kind {
            Kind::Text(_)
            | Kind::Number(_)
            | Kind::Quantity { .. }
            | Kind::Bool(_)
            | Kind::Missing
            | Kind::Date(_)
            | Kind::Address(_)
            | Kind::Regex(_) => self.literal(expr),
            Kind::List(elements) => self.list_literal(elements, span, scope),
            Kind::Path(path) => self.path(path, span, scope),
            Kind::Name(name) => self.name(name, span, scope),
            Kind::Member { .. } => self.member(expr, scope),
            Kind::Call {
                name,
                args,
                condition,
            } => self.call(name, args, condition.as_deref(), span, scope),
            Kind::Lambda { .. } => {
                let problem = Diagnostic::new(
                    "E0314",
                    span,
                    "`x => …` stands only as an argument of a function over a list",
                )
                .help("such as `any(list, x => …)`, `all`, `find` or `map`");
                self.report(problem);
                None
            }
            Kind::Not(of) => {
                let of = self.condition(of, scope)?;
                Some(self.folded(ExprKind::Not(Box::new(of)), Type::Bool, span))
            }
            Kind::Negate(of) => self.negate(of, span, scope),
            Kind::And(parts) => self.junction(parts, span, scope, true),
            Kind::Or(parts) => self.junction(parts, span, scope, false),
            Kind::Coalesce(parts) => self.coalesce(parts, span, scope),
            Kind::Binary {
                op,
                op_span,
                nocase,
                left,
                right,
            } => self.binary(
                operators::Operator {
                    op: *op,
                    span: *op_span,
                    nocase: *nocase,
                },
                left,
                right,
                span,
                scope,
            ),
        }
    }

    /// Builds an expression and folds it.
    pub(super) fn folded(&self, kind: ExprKind, ty: Type, span: Span) -> Expr {
        fold::fold(made(kind, ty, span), &self.used_lists)
    }

    /// Checks an expression that must be a `bool`.
    pub(super) fn condition(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Option<Expr> {
        let checked = self.expr(expr, scope)?;
        match checked.ty {
            Type::Bool => Some(checked),
            Type::Json => Some(self.converted(checked, &Type::Bool)),
            Type::Missing => Some(made(
                ExprKind::Constant(Constant::Missing),
                Type::Bool,
                checked.span,
            )),
            ref ty => {
                let help = match ty {
                    Type::Int | Type::Float => "compare it, for example with `!= 0`",
                    Type::String => "compare it with a text, or ask `present(…)`",
                    Type::List(_) => "ask `any(list, x => …)`, or `len(list) > 0`",
                    _ => "compare it with a value, or ask `present(…)`",
                };
                let problem = Diagnostic::new(
                    "E0302",
                    checked.span,
                    format!("a condition is `bool`, but this is {}", words(ty)),
                )
                .help(help);
                self.report(problem);
                None
            }
        }
    }

    /// Checks a condition that stands by itself: one that is always true or false is worth a warning.
    pub(super) fn root_condition(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Option<Expr> {
        let checked = self.condition(expr, scope)?;
        self.warn_if_constant(expr, &checked);
        Some(checked)
    }

    /// Warns where a condition decides nothing. Junctions warn for their operands themselves.
    fn warn_if_constant(&mut self, expr: &ast::Expr, checked: &Expr) {
        if matches!(expr.kind, ast::ExprKind::And(_) | ast::ExprKind::Or(_)) {
            return;
        }
        let always = match checked.kind {
            ExprKind::Constant(Constant::Bool(true)) => "true",
            ExprKind::Constant(Constant::Bool(false) | Constant::Missing) => "false",
            _ => return,
        };
        let problem = Diagnostic::new(
            "W0201",
            expr.span,
            format!("this condition is always {always}"),
        )
        .help("compare with a field of an event, or remove it");
        self.report(problem);
    }

    fn junction(
        &mut self,
        parts: &[ast::Expr],
        span: Span,
        scope: &Scope<'_>,
        and: bool,
    ) -> Option<Expr> {
        let mut checked = Vec::with_capacity(parts.len());
        let mut failed = false;
        for part in parts {
            match self.condition(part, scope) {
                Some(condition) => {
                    self.warn_if_constant(part, &condition);
                    checked.push(condition);
                }
                None => failed = true,
            }
        }
        if and {
            self.warn_of_conflicts(&checked);
        }
        if failed {
            return None;
        }
        let kind = if and {
            ExprKind::And(flat(checked, true))
        } else {
            ExprKind::Or(flat(checked, false))
        };
        Some(self.folded(kind, Type::Bool, span))
    }

    fn coalesce(&mut self, parts: &[ast::Expr], span: Span, scope: &Scope<'_>) -> Option<Expr> {
        let checked: Vec<Option<Expr>> = parts.iter().map(|part| self.expr(part, scope)).collect();
        let checked: Option<Vec<Expr>> = checked.into_iter().collect();
        self.coalesced(checked?, span)
    }

    /// `a ?? b ?? c` of checked operands.
    pub(super) fn coalesced(&mut self, parts: Vec<Expr>, span: Span) -> Option<Expr> {
        let parts = self.of_one_type(
            parts,
            "`??` gives the first value that is there, so all must have one type",
        )?;
        let ty = parts.first().map_or(Type::Missing, |part| part.ty.clone());
        Some(self.folded(ExprKind::Coalesce(parts), ty, span))
    }

    /// The expression, if it is a constant (or a list of them).
    pub(super) fn require_constant(&mut self, expr: Expr, what: &str) -> Option<Expr> {
        let constant = match &expr.kind {
            ExprKind::Constant(_) => true,
            ExprKind::List(elements) => elements
                .iter()
                .all(|element| matches!(element.kind, ExprKind::Constant(_))),
            _ => false,
        };
        if !constant {
            let problem = Diagnostic::new(
                "E0319",
                expr.span,
                format!("{what} must be known before the first event"),
            );
            self.report(problem);
            return None;
        }
        Some(expr)
    }
}

/// Puts the operands of an `and` within an `and` beside the others.
fn flat(parts: Vec<Expr>, and: bool) -> Vec<Expr> {
    let mut out = Vec::with_capacity(parts.len());
    for part in parts {
        match part.kind {
            ExprKind::And(inner) if and => out.extend(inner),
            ExprKind::Or(inner) if !and => out.extend(inner),
            _ => out.push(part),
        }
    }
    out
}

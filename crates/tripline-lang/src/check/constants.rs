//! Constants, `let NAME = EXPR`: computed once, when first used, and put in where they are named.

use crate::ast;
use crate::checked::Expr;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::{Checker, scope::Scope};

/// A `let` and what is known of its value.
pub(super) struct Constant<'a> {
    pub(super) ast: &'a ast::Let,
    state: State,
    pub(super) used: bool,
}

enum State {
    Unknown,
    InProgress,
    Known(Option<Expr>),
}

impl<'a> Constant<'a> {
    pub(super) fn new(ast: &'a ast::Let) -> Constant<'a> {
        Constant {
            ast,
            state: State::Unknown,
            used: false,
        }
    }
}

impl Checker<'_> {
    /// Computes every constant, used or not, so that all are checked.
    pub(super) fn all_constants(&mut self) {
        for index in 0..self.lets.len() {
            self.compute(index);
        }
    }

    /// The value of a constant for a use at `span`.
    pub(super) fn constant_value(&mut self, index: usize, span: Span) -> Option<Expr> {
        let constant = self.lets.get_mut(index)?;
        constant.used = true;
        if let State::InProgress = constant.state {
            let name = &constant.ast.name;
            let problem = Diagnostic::new(
                "E0223",
                span,
                format!("the value of `{}` needs its own value", name.text),
            )
            .also(name.span, "the constant is declared here");
            self.report(problem);
            return None;
        }
        self.compute(index);
        match &self.lets.get(index)?.state {
            State::Known(Some(value)) => Some(Expr {
                span,
                ..value.clone()
            }),
            _ => None,
        }
    }

    fn compute(&mut self, index: usize) {
        let Some(constant) = self.lets.get_mut(index) else {
            return;
        };
        if !matches!(constant.state, State::Unknown) {
            return;
        }
        constant.state = State::InProgress;
        let value = &constant.ast.value;
        // A constant is outside of every lambda. Depth goes on counting: a chain of constants is
        // as deep as the expression it stands for.
        let locals = std::mem::take(&mut self.locals);
        let checked = self.expr(value, &Scope::Constant("a constant"));
        self.locals = locals;
        let checked =
            checked.and_then(|checked| self.require_constant(checked, "the value of a constant"));
        if let Some(constant) = self.lets.get_mut(index) {
            constant.state = State::Known(checked);
        }
    }
}

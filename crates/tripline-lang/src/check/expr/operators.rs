//! Operators with two sides, and the sign: comparisons, arithmetic, patterns, the tests on texts.

use crate::ast::{self, BinaryOp};
use crate::checked::{ArithmeticOp, CompareOp, Constant, Expr, ExprKind, TextOp};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;

use super::super::scope::Scope;
use super::super::{Checker, regexes, words};
use super::fit::{Misfit, Unlike, unreadable};

/// An operator as written.
#[derive(Clone, Copy)]
pub(super) struct Operator {
    pub(super) op: BinaryOp,
    pub(super) span: Span,
    pub(super) nocase: bool,
}

impl Operator {
    /// How it is written.
    pub(super) fn written(self) -> &'static str {
        match self.op {
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessOrEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterOrEqual => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
            BinaryOp::Matches => "matches",
            BinaryOp::Contains => "contains",
            BinaryOp::StartsWith => "starts_with",
            BinaryOp::EndsWith => "ends_with",
            BinaryOp::Has => "has",
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
        }
    }
}

impl Checker<'_> {
    /// `left OP right`
    pub(super) fn binary(
        &mut self,
        op: Operator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let compare = |with| Some(with);
        let comparison = match op.op {
            BinaryOp::Equal => compare(CompareOp::Equal),
            BinaryOp::NotEqual => compare(CompareOp::NotEqual),
            BinaryOp::Less => compare(CompareOp::Less),
            BinaryOp::LessOrEqual => compare(CompareOp::LessOrEqual),
            BinaryOp::Greater => compare(CompareOp::Greater),
            BinaryOp::GreaterOrEqual => compare(CompareOp::GreaterOrEqual),
            _ => None,
        };
        if let Some(with) = comparison {
            return self.comparison(op, with, left, right, span, scope);
        }
        match op.op {
            BinaryOp::In => self.membership(op, left, right, span, scope),
            BinaryOp::NotIn => {
                let inside = self.membership(op, left, right, span, scope)?;
                Some(self.folded(ExprKind::Not(Box::new(inside)), Type::Bool, span))
            }
            BinaryOp::Matches => self.matches(op, left, right, span, scope),
            BinaryOp::Contains => self.text_test(op, TextOp::Contains, left, right, span, scope),
            BinaryOp::StartsWith => {
                self.text_test(op, TextOp::StartsWith, left, right, span, scope)
            }
            BinaryOp::EndsWith => self.text_test(op, TextOp::EndsWith, left, right, span, scope),
            BinaryOp::Has => self.text_test(op, TextOp::Has, left, right, span, scope),
            BinaryOp::Add => self.arithmetic(op, ArithmeticOp::Add, left, right, span, scope),
            BinaryOp::Subtract => {
                self.arithmetic(op, ArithmeticOp::Subtract, left, right, span, scope)
            }
            BinaryOp::Multiply => {
                self.arithmetic(op, ArithmeticOp::Multiply, left, right, span, scope)
            }
            _ => self.arithmetic(op, ArithmeticOp::Divide, left, right, span, scope),
        }
    }

    pub(super) fn both(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        scope: &Scope<'_>,
    ) -> Option<(Expr, Expr)> {
        let left = self.expr(left, scope);
        let right = self.expr(right, scope);
        Some((left?, right?))
    }

    fn comparison(
        &mut self,
        op: Operator,
        with: CompareOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        if let ast::ExprKind::Name(name) = &right.kind
            && super::resolve::means_no_value(name)
            && self.names_only_lists(name, scope)
        {
            let asked = match with {
                CompareOp::NotEqual => "present",
                _ => "missing",
            };
            let value = self.source_text(left.span);
            let problem = Diagnostic::new(
                "E0202",
                right.span,
                format!("nothing has the name `{name}`"),
            )
            .help(format!(
                "whether a value is there is asked with a function: `{asked}({value})`"
            ));
            self.report(problem);
            self.expr(left, scope);
            return None;
        }
        let (left, right) = self.both(left, right, scope)?;
        let (left, right) = match self.unified(left, right) {
            Ok(sides) => sides,
            Err(unlike) => {
                let Unlike { left, right, why } = *unlike;
                self.report_unlike(op, &left, &right, why, scope);
                return None;
            }
        };
        // Two raw values are compared as texts.
        let (left, right) = if left.ty == Type::Json && right.ty == Type::Json {
            (
                self.converted(left, &Type::String),
                self.converted(right, &Type::String),
            )
        } else {
            (left, right)
        };
        let ordered = !matches!(with, CompareOp::Equal | CompareOp::NotEqual);
        let has_order = matches!(
            left.ty,
            Type::Int
                | Type::Float
                | Type::String
                | Type::Timestamp
                | Type::Duration
                | Type::Ip
                | Type::Missing
                | Type::Json
        );
        if ordered && !has_order {
            let problem = Diagnostic::new(
                "E0303",
                op.span,
                format!(
                    "`{}` needs an order, but {} has none",
                    op.written(),
                    words(&left.ty)
                ),
            )
            .also(left.span, format!("this is {}", words(&left.ty)))
            .help("values of this type are only equal (`==`) or not (`!=`)");
            self.report(problem);
            return None;
        }
        self.check_nocase(op, &left)?;
        let kind = ExprKind::Compare {
            op: with,
            nocase: op.nocase,
            left: Box::new(left),
            right: Box::new(right),
        };
        Some(self.folded(kind, Type::Bool, span))
    }

    /// `nocase` means something for texts only.
    pub(super) fn check_nocase(&mut self, op: Operator, left: &Expr) -> Option<()> {
        let text = match &left.ty {
            Type::List(of) => **of == Type::String,
            ty => matches!(ty, Type::String | Type::Missing),
        };
        if op.nocase && !text {
            let problem = Diagnostic::new(
                "E0316",
                op.span,
                format!("`nocase` compares texts, but this is {}", words(&left.ty)),
            )
            .also(left.span, format!("this is {}", words(&left.ty)))
            .help("leave `nocase` out");
            self.report(problem);
            return None;
        }
        Some(())
    }

    /// Says why two sides cannot be compared.
    fn report_unlike(
        &mut self,
        op: Operator,
        left: &Expr,
        right: &Expr,
        why: Misfit,
        scope: &Scope<'_>,
    ) {
        if let Misfit::Text(text) = why {
            let literal_right = matches!(&right.kind, ExprKind::Constant(Constant::Text(_)));
            let (literal, other) = if literal_right {
                (right, left)
            } else {
                (left, right)
            };
            let problem = unreadable(&text, &other.ty, literal.span).also(
                other.span,
                format!("it is compared with this, which is {}", words(&other.ty)),
            );
            let problem = if other.ty == Type::Ip && text.contains('/') {
                problem.help(format!(
                    "to ask whether the address lies in the range, write `in \"{text}\"`"
                ))
            } else {
                problem
            };
            self.report(problem);
            return;
        }
        let mut problem = Diagnostic::new(
            "E0301",
            op.span,
            format!(
                "`{}` compares values of one type, but these are {} and {}",
                op.written(),
                words(&left.ty),
                words(&right.ty)
            ),
        )
        .also(left.span, format!("this is {}", words(&left.ty)))
        .also(right.span, format!("this is {}", words(&right.ty)));
        problem = match (&left.ty, &right.ty) {
            (Type::Row(_), _) | (_, Type::Row(_)) => {
                problem.help("name one of its columns, such as `lookup(table, key).name`")
            }
            (Type::Ip, Type::Cidr) | (Type::Cidr, Type::Ip) => problem.help("ask whether an address lies in a range with `in`"),
            (Type::Duration, Type::Int | Type::Float) | (Type::Int | Type::Float, Type::Duration) => {
                problem.help("a duration needs a unit: `10s`, `10m`, `10h`")
            }
            (Type::Timestamp, Type::Duration) | (Type::Duration, Type::Timestamp) => {
                problem.help("the span between two instants is a duration: `b.time - a.time > 10m`")
            }
            (Type::Timestamp, Type::Int | Type::Float) | (Type::Int | Type::Float, Type::Timestamp) => {
                problem.help("an instant is written as `2027-06-30` or `2027-06-30T10:00:00Z`")
            }
            (Type::Bool, Type::Int) | (Type::Int, Type::Bool) => problem.help("a `bool` is compared with `true` or `false`, or stands alone: `x`, `not x`"),
            (Type::String, Type::Regex) => problem.help("ask whether a text matches a pattern with `matches`"),
            (Type::List(_), _) => problem.help("ask whether a value is in a list with `value in list`, or about each with `any(list, x => …)`"),
            _ => problem
                .maybe_help(self.redeclare(left, &right.ty, scope))
                .maybe_help(self.redeclare(right, &left.ty, scope)),
        };
        self.report(problem);
    }

    fn matches(
        &mut self,
        op: Operator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let (left, right) = self.both(left, right, scope)?;
        let value = self.text_side(op, left, scope)?;
        let ExprKind::Constant(Constant::Regex(regex)) = right.kind else {
            let mut problem = Diagnostic::new(
                "E0308",
                right.span,
                "the right side of `matches` is a pattern",
            );
            problem = match &right.kind {
                ExprKind::Constant(Constant::Text(text)) => problem.help(format!("write it between slashes: `/{}/`", text.replace('/', "\\/"))),
                _ => problem.help("write it between slashes, such as `/azure-?cli/`; it must be known before the first event"),
            };
            self.report(problem);
            return None;
        };
        let regex = if op.nocase {
            match regexes::compile(regex.as_str(), true, right.span) {
                Ok(regex) => regex,
                Err(problem) => {
                    self.report(*problem);
                    return None;
                }
            }
        } else {
            regex
        };
        Some(self.folded(
            ExprKind::Matches {
                value: Box::new(value),
                regex,
            },
            Type::Bool,
            span,
        ))
    }

    fn text_test(
        &mut self,
        op: Operator,
        with: TextOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let (left, right) = self.both(left, right, scope)?;
        let value = self.text_side(op, left, scope);
        let part = self.text_side(op, right, scope);
        let (value, part) = (value?, part?);
        let kind = ExprKind::TextTest {
            op: with,
            nocase: op.nocase,
            value: Box::new(value),
            part: Box::new(part),
        };
        Some(self.folded(kind, Type::Bool, span))
    }

    /// A side of an operator that works on texts.
    fn text_side(&mut self, op: Operator, side: Expr, scope: &Scope<'_>) -> Option<Expr> {
        match side.ty {
            Type::String => Some(side),
            Type::Json | Type::Missing => self.fit(side, &Type::String).ok(),
            ref ty => {
                let problem = Diagnostic::new(
                    "E0306",
                    side.span,
                    format!(
                        "`{}` works on texts, but this is {}",
                        op.written(),
                        words(ty)
                    ),
                );
                let problem = match ty {
                    Type::List(_) => problem.help("ask whether a value is in the list with `value in list`, or about each with `any(list, x => …)`"),
                    Type::Regex => problem.help("ask whether a text matches a pattern with `matches`"),
                    Type::Ip => problem.help("ask whether an address lies in a range with `in`, such as `in \"203.0.113.0/24\"`"),
                    _ => problem.maybe_help(self.redeclare(&side, &Type::String, scope)),
                };
                self.report(problem);
                None
            }
        }
    }
}

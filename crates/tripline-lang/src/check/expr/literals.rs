//! Literals: numbers, quantities with their units, dates, addresses, patterns, lists.

use std::sync::Arc;

use crate::ast::{self, ExprKind as Written};
use crate::checked::{Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::nearest;
use crate::source::Span;
use crate::types::Type;
use crate::value::convert;

use super::super::scope::Scope;
use super::super::{Checker, listed, regexes};
use super::made;

/// Units as they are written elsewhere, and how they are written here.
const OTHER_UNITS: &[(&str, &[&str])] = &[
    ("ns", &["nanos", "nanosecond", "nanoseconds"]),
    ("us", &["µs", "micros", "microsecond", "microseconds"]),
    (
        "ms",
        &["millis", "msec", "msecs", "millisecond", "milliseconds"],
    ),
    ("s", &["sec", "secs", "second", "seconds"]),
    ("m", &["min", "mins", "minute", "minutes"]),
    ("h", &["hr", "hrs", "hour", "hours"]),
    ("d", &["day", "days"]),
    ("w", &["wk", "wks", "week", "weeks"]),
];

impl Checker<'_> {
    /// Checks a literal that is no list.
    pub(super) fn literal(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let span = expr.span;
        let (constant, ty) = match &expr.kind {
            // Empty text is missing, in a rule as in a record.
            Written::Text(text) if text.is_empty() => (Constant::Missing, Type::String),
            Written::Text(text) => (Constant::Text(Arc::from(text.as_str())), Type::String),
            Written::Bool(truth) => (Constant::Bool(*truth), Type::Bool),
            Written::Missing => (Constant::Missing, Type::Missing),
            Written::Number(digits) => return self.number(digits, span),
            Written::Quantity { number, unit } => return self.quantity(number, unit, span),
            Written::Date(text) => match convert::timestamp(text) {
                Some(at) => (Constant::Timestamp(at), Type::Timestamp),
                None => {
                    let problem = Diagnostic::new(
                        "E0304",
                        span,
                        format!("`{text}` is no date of the calendar"),
                    )
                    .help("write `2027-06-30` or `2027-06-30T10:00:00Z`");
                    self.report(problem);
                    return None;
                }
            },
            Written::Address(text) if text.contains('/') => match convert::cidr(text) {
                Some(range) => (Constant::Cidr(range), Type::Cidr),
                None => return self.bad_address(text, span),
            },
            Written::Address(text) => match convert::ip(text) {
                Some(address) => (Constant::Ip(address), Type::Ip),
                None => return self.bad_address(text, span),
            },
            Written::Regex(pattern) => match regexes::compile(pattern, false, span) {
                Ok(regex) => (Constant::Regex(regex), Type::Regex),
                Err(problem) => {
                    self.report(*problem);
                    return None;
                }
            },
            _ => return None,
        };
        Some(made(ExprKind::Constant(constant), ty, span))
    }

    fn bad_address(&mut self, text: &str, span: Span) -> Option<Expr> {
        let problem = Diagnostic::new(
            "E0304",
            span,
            format!("`{text}` is neither an address nor an address range"),
        )
        .help("write `203.0.113.7`, `203.0.113.0/24` or `2001:db8::/32`");
        self.report(problem);
        None
    }

    fn number(&mut self, digits: &str, span: Span) -> Option<Expr> {
        if digits.contains(['.', 'e', 'E'])
            && let Some(number) = convert::float(digits)
        {
            return Some(made(
                ExprKind::Constant(Constant::Float(number)),
                Type::Float,
                span,
            ));
        }
        match convert::int(digits) {
            Some(number) => Some(made(
                ExprKind::Constant(Constant::Int(number)),
                Type::Int,
                span,
            )),
            None => {
                let problem = Diagnostic::new(
                    "E0310",
                    span,
                    format!("the number {digits} does not fit 64 bits"),
                )
                .help("whole numbers reach from -9223372036854775808 to 9223372036854775807");
                self.report(problem);
                None
            }
        }
    }

    fn quantity(&mut self, number: &str, unit: &str, span: Span) -> Option<Expr> {
        if unit.bytes().any(|byte| byte.is_ascii_digit()) {
            return self.several_units(&format!("{number}{unit}"), span);
        }
        let Some(length) = convert::unit_nanoseconds(unit) else {
            let lower = unit.to_lowercase();
            let units = || convert::UNITS.iter().map(|(name, _)| *name);
            let meant = OTHER_UNITS
                .iter()
                .find(|(name, others)| *name == lower || others.contains(&lower.as_str()))
                .map(|(name, _)| format!("did you mean `{number}{name}`?"))
                .or_else(|| {
                    let near = nearest::nearest(unit, units()).into_iter();
                    let meant: Vec<String> = near.map(|name| format!("{number}{name}")).collect();
                    nearest::question(&meant)
                })
                .unwrap_or_default();
            let mut problem = Diagnostic::new("E0217", span, format!("there is no unit `{unit}`"));
            if !meant.is_empty() {
                problem = problem.help(meant);
            }
            self.report(problem.help(format!("the units of time are {}", listed(units()))));
            return None;
        };
        match convert::quantity(number, length) {
            Some(nanoseconds) => Some(made(
                ExprKind::Constant(Constant::Duration(nanoseconds)),
                Type::Duration,
                span,
            )),
            None => {
                let problem = Diagnostic::new(
                    "E0310",
                    span,
                    format!("the duration {number}{unit} is too long"),
                )
                .help("a duration is at most 292 years");
                self.report(problem);
                None
            }
        }
    }

    /// `1h30m`
    fn several_units(&mut self, written: &str, span: Span) -> Option<Expr> {
        let Some(nanoseconds) = convert::duration(written) else {
            let problem = Diagnostic::new(
                "E0217",
                span,
                format!("`{written}` cannot be read as a duration"),
            )
            .help("each number has a unit smaller than the one before: `1h30m`")
            .help(format!(
                "the units of time are {}",
                listed(convert::UNITS.iter().map(|(name, _)| *name))
            ));
            self.report(problem);
            return None;
        };
        Some(made(
            ExprKind::Constant(Constant::Duration(nanoseconds)),
            Type::Duration,
            span,
        ))
    }

    /// `[a, b]`: elements of one type.
    pub(super) fn list_literal(
        &mut self,
        elements: &[ast::Expr],
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let checked: Vec<Option<Expr>> = elements
            .iter()
            .map(|element| self.expr(element, scope))
            .collect();
        let checked: Option<Vec<Expr>> = checked.into_iter().collect();
        let elements = self.of_one_type(checked?, "the elements of a list have one type")?;
        let ty = elements
            .first()
            .map_or(Type::Missing, |element| element.ty.clone());
        if let Type::List(_) = ty {
            let problem = Diagnostic::new("E0318", span, "a list holds values, not lists");
            self.report(problem);
            return None;
        }
        Some(made(
            ExprKind::List(elements),
            Type::List(Box::new(ty)),
            span,
        ))
    }
}

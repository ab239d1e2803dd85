//! Fitting types: what converts to what without being asked, and two or more values to one type.

use std::borrow::Cow;

use crate::checked::{Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::types::Type;
use crate::value::{Value, convert};

use super::super::scope::Scope;
use super::super::{Checker, fold, words};
use super::made;

/// Why an expression does not fit a type.
pub(in super::super) enum Misfit {
    /// Its type does not.
    Type,
    /// It is a text that cannot be read as the type.
    Text(String),
}

/// Two values that cannot have one type.
pub(in super::super) struct Unlike {
    pub(in super::super) left: Expr,
    pub(in super::super) right: Expr,
    pub(in super::super) why: Misfit,
}

impl Checker<'_> {
    /// The expression with a conversion to `ty` around it, folded; as it is where it has the type.
    pub(in super::super) fn converted(&self, expr: Expr, ty: &Type) -> Expr {
        if expr.ty == *ty {
            return expr;
        }
        let span = expr.span;
        self.folded(ExprKind::Convert(Box::new(expr)), ty.clone(), span)
    }

    /// Makes the expression one of type `want` where that needs no asking: raw values convert,
    /// whole numbers are floats, a literal text is read as the type, missing has every type.
    pub(in super::super) fn fit(&self, expr: Expr, want: &Type) -> Result<Expr, Misfit> {
        if expr.ty == *want {
            return Ok(expr);
        }
        match (&expr.ty, want) {
            (Type::Missing, _) => Ok(Expr {
                ty: want.clone(),
                ..expr
            }),
            (Type::Json, Type::Regex | Type::Row(_) | Type::Missing) => Err(Misfit::Type),
            (Type::Row(_), Type::Json) => Ok(self.converted(expr, want)),
            (Type::Json, Type::List(of))
                if matches!(**of, Type::Regex | Type::Row(_) | Type::Missing) =>
            {
                Err(Misfit::Type)
            }
            (Type::Json, _) | (Type::Int, Type::Float) => Ok(self.converted(expr, want)),
            (Type::List(from), Type::List(to)) => match expr.kind {
                ExprKind::List(elements) => {
                    let fitted: Result<Vec<Expr>, Misfit> = elements
                        .into_iter()
                        .map(|element| self.fit(element, to))
                        .collect();
                    Ok(made(ExprKind::List(fitted?), want.clone(), expr.span))
                }
                _ if matches!((&**from, &**to), (Type::Json, _) | (Type::Int, Type::Float)) => {
                    Ok(self.converted(expr, want))
                }
                _ => Err(Misfit::Type),
            },
            (Type::Ip, Type::Cidr) if matches!(expr.kind, ExprKind::Constant(_)) => {
                Ok(self.converted(expr, want))
            }
            (Type::String, _) => match &expr.kind {
                ExprKind::Constant(Constant::Missing) => Ok(Expr {
                    ty: want.clone(),
                    ..expr
                }),
                ExprKind::Constant(Constant::Text(text)) => {
                    // A number is epoch time only in a record: `"2026"` in a rule is a year.
                    let date = text.trim_ascii().get(..10).and_then(convert::date);
                    if *want == Type::Timestamp && date.is_none() {
                        return Err(Misfit::Text(text.to_string()));
                    }
                    let read = match convert::from_text(Cow::Borrowed(text), want) {
                        Value::Missing => None,
                        value => fold::constant(value, want),
                    };
                    match read {
                        Some(kind) => Ok(made(kind, want.clone(), expr.span)),
                        None if matches!(
                            want,
                            Type::Json | Type::Regex | Type::Row(_) | Type::List(_)
                        ) =>
                        {
                            Err(Misfit::Type)
                        }
                        None => Err(Misfit::Text(text.to_string())),
                    }
                }
                _ => Err(Misfit::Type),
            },
            _ => Err(Misfit::Type),
        }
    }

    /// Makes two values have one type, or gives them back with the reason why not.
    pub(in super::super) fn unified(
        &self,
        left: Expr,
        right: Expr,
    ) -> Result<(Expr, Expr), Box<Unlike>> {
        if left.ty == right.ty {
            return Ok((left, right));
        }
        // A list's raw elements adapt as a raw value does.
        let loose = |ty: &Type| match ty {
            Type::List(of) => matches!(**of, Type::Json | Type::Missing),
            ty => matches!(ty, Type::Json | Type::Missing),
        };
        let literal =
            |expr: &Expr| expr.ty == Type::String && matches!(expr.kind, ExprKind::Constant(_));
        let left_adapts = loose(&left.ty) && !(left.ty == Type::Json && right.ty == Type::Missing)
            || literal(&left) && !loose(&right.ty)
            || (&left.ty, &right.ty) == (&Type::Int, &Type::Float);
        if left_adapts {
            let (ty, kept) = (right.ty.clone(), left.clone());
            return match self.fit(left, &ty) {
                Ok(left) => Ok((left, right)),
                Err(why) => Err(Box::new(Unlike {
                    left: kept,
                    right,
                    why,
                })),
            };
        }
        let kept = right.clone();
        match self.fit(right, &left.ty) {
            Ok(right) => Ok((left, right)),
            Err(why) => Err(Box::new(Unlike {
                left,
                right: kept,
                why,
            })),
        }
    }

    /// Makes any number of values have one type: that of the first which is neither raw, missing,
    /// nor a literal text; floats where whole numbers meet them.
    pub(in super::super) fn of_one_type(
        &mut self,
        parts: Vec<Expr>,
        because: &str,
    ) -> Option<Vec<Expr>> {
        let plain = |part: &&Expr| {
            let literal = part.ty == Type::String && matches!(part.kind, ExprKind::Constant(_));
            !literal && !matches!(part.ty, Type::Json | Type::Missing)
        };
        let typed = |part: &&Expr| !matches!(part.ty, Type::Json | Type::Missing);
        let leader = parts
            .iter()
            .find(plain)
            .or_else(|| parts.iter().find(typed))
            .or_else(|| parts.iter().find(|part| part.ty != Type::Missing));
        let Some(leader) = leader else {
            return Some(parts);
        };
        let mut want = leader.ty.clone();
        if want == Type::Int && parts.iter().any(|part| part.ty == Type::Float) {
            want = Type::Float;
        }
        let leader_span = leader.span;
        let mut fitted = Vec::with_capacity(parts.len());
        let mut failed = false;
        for part in parts {
            let (ty, span) = (part.ty.clone(), part.span);
            match self.fit(part, &want) {
                Ok(part) => fitted.push(part),
                Err(why) => {
                    failed = true;
                    let problem = match why {
                        Misfit::Text(text) => unreadable(&text, &want, span),
                        Misfit::Type => Diagnostic::new(
                            "E0318",
                            span,
                            format!(
                                "this is {}, but what stands beside it is {}",
                                words(&ty),
                                words(&want)
                            ),
                        ),
                    };
                    self.report(
                        problem
                            .also(leader_span, format!("this is {}", words(&want)))
                            .help(because.to_owned()),
                    );
                }
            }
        }
        (!failed).then_some(fitted)
    }

    /// How to make a field have another type, where the expression is a field.
    pub(in super::super) fn redeclare(
        &self,
        expr: &Expr,
        want: &Type,
        scope: &Scope<'_>,
    ) -> Option<String> {
        let ExprKind::Field { step, field } = expr.kind else {
            return None;
        };
        let Scope::Events(events) = scope else {
            return None;
        };
        let schema = match events.own {
            Some(own) if own.step == step => own.schema,
            _ => events.steps.get(step).and_then(|step| step.schema),
        };
        let schema = self.schemas.get(schema?)?;
        let field = schema.fields.get(field)?;
        // `time` says when an event happened: it is an instant in every schema.
        if field.name == "time" && *want != Type::Timestamp {
            return None;
        }
        let convertible = !matches!(
            want,
            Type::Regex | Type::Missing | Type::List(_) | Type::Json
        );
        convertible.then(|| {
            format!("declare the field as `{} : {want}` in the schema `{}`, and it is converted when it is read", field.name, schema.name)
        })
    }
}

/// The problem of a literal text that is no value of a type.
pub(in super::super) fn unreadable(
    text: &str,
    want: &Type,
    span: crate::source::Span,
) -> Diagnostic {
    let problem = Diagnostic::new(
        "E0304",
        span,
        format!("\"{text}\" cannot be read as {}", words(want)),
    );
    match example_of(want) {
        Some(example) => problem.help(format!("write for example `{example}`")),
        None => problem,
    }
}

/// How a value of a type is written.
pub(in super::super) fn example_of(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Int => "10",
        Type::Float => "0.5",
        Type::Bool => "true",
        Type::Timestamp => "2027-06-30T10:00:00Z",
        Type::Duration => "10m",
        Type::Ip => "203.0.113.7",
        Type::Cidr => "203.0.113.0/24",
        _ => return None,
    })
}

//! `of.name`, `of[0]`, `of[*]`: the field of a step, or a way into a raw value or a list.

use crate::ast::{self, PathStep};
use crate::checked::{Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;

use super::super::scope::Scope;
use super::super::{Checker, did_you_mean, listed, words};
use super::made;
use super::resolve::step_named;

impl Checker<'_> {
    /// A chain of member accesses, as one way.
    pub(super) fn member(&mut self, expr: &ast::Expr, scope: &Scope<'_>) -> Option<Expr> {
        let mut chain: Vec<(&PathStep, Span)> = Vec::new();
        let mut base = expr;
        while let ast::ExprKind::Member {
            of,
            step,
            step_span,
        } = &base.kind
        {
            chain.push((step, *step_span));
            base = of;
        }
        chain.reverse();
        let mut chain = chain.as_slice();
        let mut value = None;
        if let (ast::ExprKind::Name(name), Scope::Events(events)) = (&base.kind, scope)
            && !self.locals.iter().any(|local| local.name == *name)
            && let Some((step, names)) = step_named(events, name)
        {
            self.uses.used.insert(names.span);
            let ((first, first_span), rest) = chain.split_first()?;
            let PathStep::Key(field) = first else {
                let problem = Diagnostic::new(
                    "E0224",
                    base.span,
                    format!("`{name}` is a step, not a list"),
                )
                .help(format!("name one of its fields: `{name}.time`"));
                self.report(problem);
                return None;
            };
            if !events.visible.contains(&step) {
                let problem = if events.visible.end <= step {
                    Diagnostic::new("E0218", base.span, format!("the step `{name}` comes later, so its event is not known here"))
                        .also(names.span, "the step is declared here")
                        .help("a step may use its own fields and those of earlier steps: move the condition to the later step")
                } else {
                    Diagnostic::new(
                        "E0507",
                        base.span,
                        format!(
                            "a key uses the fields of one step alone, not those of `{name}` too"
                        ),
                    )
                };
                self.report(problem);
                return None;
            }
            if let Some(problem) = events.refusal(step, base.span, self.in_aggregate) {
                self.report(problem);
                return None;
            }
            let schema = self.schemas.get(names.schema?)?;
            let span = Span {
                end: first_span.end.max(base.span.end),
                ..base.span
            };
            match schema.find(field) {
                Some((index, found)) => {
                    value = Some(made(
                        ExprKind::Field { step, field: index },
                        found.ty.clone()?,
                        span,
                    ));
                }
                None => {
                    let fields = || schema.fields.iter().map(|field| field.name.as_str());
                    let help = did_you_mean(field, fields())
                        .unwrap_or_else(|| format!("its fields are {}", listed(fields())));
                    let problem = Diagnostic::new(
                        "E0203",
                        *first_span,
                        format!(
                            "the schema `{}` of the step `{name}` has no field `{field}`",
                            schema.name
                        ),
                    )
                    .help(help);
                    self.report(problem);
                    return None;
                }
            }
            chain = rest;
        }
        let value = match value {
            Some(value) => value,
            None => {
                if let (ast::ExprKind::Name(name), Some((PathStep::Key(_), _))) =
                    (&base.kind, chain.first())
                    && self.names_nothing(name, scope)
                {
                    return self.unknown_step(name, base.span, scope);
                }
                self.expr(base, scope)?
            }
        };
        self.way_into(value, chain, expr.span)
    }

    /// Whether a name before a dot names nothing at all.
    fn names_nothing(&self, name: &str, scope: &Scope<'_>) -> bool {
        let Scope::Events(events) = scope else {
            return false;
        };
        let own = events
            .own
            .and_then(|own| own.schema)
            .and_then(|schema| self.schemas.get(schema));
        self.names.get(name).is_none()
            && !self.locals.iter().any(|local| local.name == name)
            && !events.keys.iter().any(|key| key.name == name)
            && own.is_none_or(|schema| schema.find(name).is_none())
    }

    fn unknown_step(&mut self, name: &str, span: Span, scope: &Scope<'_>) -> Option<Expr> {
        let Scope::Events(events) = scope else {
            return None;
        };
        let own = events
            .own
            .and_then(|own| own.schema)
            .and_then(|schema| self.schemas.get(schema));
        let steps = || events.steps.iter().map(|step| step.name.as_str());
        let raw = own
            .iter()
            .flat_map(|schema| &schema.fields)
            .filter(|field| field.ty == Some(Type::Json));
        let names = steps()
            .chain(raw.map(|field| field.name.as_str()))
            .chain(self.locals.iter().map(|local| local.name.as_str()));
        let help = did_you_mean(name, names).or_else(|| {
            (!events.steps.is_empty())
                .then(|| format!("the steps of this rule are {}", listed(steps())))
        });
        let problem =
            Diagnostic::new("E0205", span, format!("there is no step `{name}`")).maybe_help(help);
        self.report(problem);
        let declared = events
            .steps
            .iter()
            .map(|step| (step.name.as_str(), step.span));
        self.note_unknown("E0205", "step", (name, span), declared);
        None
    }

    /// Goes into a value step by step; the type says at each what is possible.
    fn way_into(&mut self, value: Expr, chain: &[(&PathStep, Span)], span: Span) -> Option<Expr> {
        if chain.is_empty() {
            return Some(Expr { span, ..value });
        }
        let mut ty = value.ty.clone();
        // Of a row, which is what such a way begins at or comes by.
        let mut column = None;
        // After `[*]` the way goes on in each element.
        let mut each = false;
        for (step, step_span) in chain {
            ty = match (step, ty) {
                (PathStep::Each, Type::List(of)) => {
                    each = true;
                    *of
                }
                (PathStep::Each, Type::Json) => {
                    each = true;
                    Type::Json
                }
                (PathStep::Index(_), Type::List(of)) => *of,
                (PathStep::Key(name), Type::Row(table)) => {
                    column = self.column_named(table, name, *step_span);
                    column?;
                    Type::Json
                }
                (_, Type::Json) => Type::Json,
                (step, ty) => {
                    let problem = Diagnostic::new(
                        "E0315",
                        *step_span,
                        format!("{} has no members", words(&ty)),
                    )
                    .also(value.span, "of this");
                    let problem = match (step, &ty) {
                        (PathStep::Key(_), Type::List(_)) => problem
                            .help("choose an element, `find(list, x => …)` or `[0]`, or write `[*]` for all of them"),
                        (_, Type::Row(_)) => problem.help("the columns of a row are read by name: `lookup(table, key).name`"),
                        (_, Type::String) => problem.help("read JSON that is held as text with `json(text)`"),
                        _ => problem.help("only raw values have members: declare the field as `json`"),
                    };
                    self.report(problem);
                    return None;
                }
            };
        }
        if each {
            ty = Type::List(Box::new(ty));
        }
        let mut path: Vec<PathStep> = chain.iter().map(|(step, _)| (*step).clone()).collect();
        // A column of a row at hand is read without the rest of the row.
        let value = match value.kind {
            ExprKind::Lookup {
                table,
                key,
                column: None,
            } => {
                path.remove(0);
                let kind = ExprKind::Lookup { table, key, column };
                if path.is_empty() {
                    return Some(made(kind, ty, span));
                }
                made(kind, Type::Json, value.span)
            }
            kind => Expr { kind, ..value },
        };
        // A way into a way is one way.
        let kind = match value.kind {
            ExprKind::Path(mut start) => {
                start.extend(path);
                ExprKind::Path(start)
            }
            ExprKind::Member {
                of,
                path: mut start,
            } => {
                start.extend(path);
                ExprKind::Member { of, path: start }
            }
            _ => ExprKind::Member {
                of: Box::new(value),
                path,
            },
        };
        Some(self.folded(kind, ty, span))
    }
}

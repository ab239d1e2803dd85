//! Names and paths. A name is looked for as a lambda's parameter, a step, a part of the key, a
//! field, a constant and a list, in this order.

use crate::ast::PathStep;
use crate::checked::{Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;

use super::super::names::Kind;
use super::super::scope::{Events, Scope};
use super::super::{Checker, did_you_mean, listed};
use super::made;

/// What other languages call a value that is not there.
const NO_VALUE: &[&str] = &["null", "nil", "none", "undefined"];

impl Checker<'_> {
    /// A path into the raw record.
    pub(super) fn path(
        &mut self,
        path: &[PathStep],
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        if !matches!(scope, Scope::Schema { .. }) {
            let first = path.iter().rev().find_map(|step| match step {
                PathStep::Key(key) => Some(key.as_str()),
                _ => None,
            });
            let field = first.unwrap_or("value");
            let written = self.source_text(span);
            let problem = Diagnostic::new("E0221", span, "a path into the raw record can only be read in a schema")
                .help(format!("declare a field there, such as `{field} : string = {written}`, and use the field here"));
            self.report(problem);
            return None;
        }
        let ty = if path.contains(&PathStep::Each) {
            Type::List(Box::new(Type::Json))
        } else {
            Type::Json
        };
        Some(made(ExprKind::Path(path.to_vec()), ty, span))
    }

    /// A bare name.
    pub(super) fn name(&mut self, name: &str, span: Span, scope: &Scope<'_>) -> Option<Expr> {
        if let Some(outward) = self
            .locals
            .iter()
            .rev()
            .position(|local| local.name == name)
        {
            let ty = self.locals.iter().rev().nth(outward)?.ty.clone();
            return Some(made(ExprKind::Local(outward), ty, span));
        }
        match scope {
            Scope::Constant(_) => {}
            Scope::Schema { schema, fields } => {
                let found = self.schemas.get(*schema).and_then(|schema| {
                    schema
                        .find(name)
                        .map(|(index, field)| (index, field.ty.clone(), field.span))
                });
                if let Some((index, ty, declared)) = found {
                    if index < *fields {
                        return Some(made(ExprKind::OwnField(index), ty?, span));
                    }
                    let problem = Diagnostic::new(
                        "E0219",
                        span,
                        format!("the field `{name}` is not read yet here"),
                    )
                    .also(declared, "it is declared here")
                    .help("a field may use the fields declared before it: move it up");
                    self.report(problem);
                    return None;
                }
            }
            Scope::Events(events) => {
                if let Some((_, step)) = step_named(events, name) {
                    let field = step
                        .schema
                        .and_then(|schema| self.schemas.get(schema))
                        .and_then(|schema| schema.fields.first());
                    let example = field.map_or("time", |field| &field.name).to_owned();
                    let problem =
                        Diagnostic::new("E0224", span, format!("`{name}` is a step, not a value"))
                            .also(step.span, "the step")
                            .help(format!("name one of its fields: `{name}.{example}`"));
                    self.report(problem);
                    return None;
                }
                // Of the events that an aggregate adds up, each has its own value of the key's name.
                let part = events.keys.iter().position(|key| key.name == name);
                if let Some(part) = part.filter(|_| !self.in_aggregate) {
                    let ty = events.keys.get(part).and_then(|key| key.ty.clone())?;
                    return Some(made(ExprKind::Key(part), ty, span));
                }
                if let Some(own) = events.own {
                    let schema = own.schema.and_then(|schema| self.schemas.get(schema));
                    if let Some((index, field)) = schema.and_then(|schema| schema.find(name)) {
                        let ty = field.ty.clone()?;
                        if let Some(problem) = events.refusal(own.step, span, self.in_aggregate) {
                            self.report(problem);
                            return None;
                        }
                        return Some(made(
                            ExprKind::Field {
                                step: own.step,
                                field: index,
                            },
                            ty,
                            span,
                        ));
                    }
                }
            }
        }
        self.global(name, span, scope)
    }

    fn global(&mut self, name: &str, span: Span, scope: &Scope<'_>) -> Option<Expr> {
        match self.names.get(name) {
            Some(declared) if declared.kind == Kind::Let => {
                return self.constant_value(declared.index, span);
            }
            Some(declared) => {
                let help = match declared.kind {
                    Kind::List => format!("ask whether a value is in it: `x in {name}`"),
                    Kind::Table => format!(
                        "read the row of a key, `lookup({name}, key).column`, or ask whether there is one, `present(lookup({name}, key))`"
                    ),
                    _ => format!("a {} has no value in an expression", declared.kind.word()),
                };
                if let Some(list) = self
                    .lists
                    .get_mut(declared.index)
                    .filter(|_| declared.kind == Kind::List)
                {
                    list.used = true;
                }
                if let Some(table) = self
                    .tables
                    .get_mut(declared.index)
                    .filter(|_| declared.kind == Kind::Table)
                {
                    table.used = true;
                }
                let problem = Diagnostic::new(
                    "E0224",
                    span,
                    format!("`{name}` is a {}, not a value", declared.kind.word()),
                )
                .also(declared.span, format!("the {}", declared.kind.word()))
                .help(help);
                self.report(problem);
                return None;
            }
            None => {}
        }
        if let Scope::Events(events) = scope {
            // The fields of a step whose schema is unknown are not known either.
            if events.own.is_some_and(|own| own.schema.is_none()) {
                return None;
            }
            if events.own.is_none() && self.unqualified(name, span, events) {
                return None;
            }
        }
        let problem = self.unknown_name(name, span, scope);
        self.report(problem);
        None
    }

    /// Where a bare field could be of several steps: says which. Gives whether it was one.
    fn unqualified(&mut self, name: &str, span: Span, events: &Events<'_>) -> bool {
        let steps = events.steps.iter().filter(|step| {
            let schema = step.schema.and_then(|schema| self.schemas.get(schema));
            schema.is_some_and(|schema| schema.find(name).is_some())
        });
        let spellings: Vec<String> = steps
            .map(|step| format!("`{}.{name}`", step.name))
            .collect();
        if spellings.is_empty() {
            return false;
        }
        let problem = Diagnostic::new(
            "E0220",
            span,
            format!("`{name}` could be a field of any step here"),
        )
        .help(format!(
            "say which step's it is: {}",
            spellings.join(" or ")
        ));
        self.report(problem);
        true
    }

    /// The problem of a name that nothing bears.
    fn unknown_name(&self, name: &str, span: Span, scope: &Scope<'_>) -> Diagnostic {
        let mut near: Vec<&str> = self
            .locals
            .iter()
            .map(|local| local.name.as_str())
            .collect();
        let mut schema = None;
        match scope {
            Scope::Constant(_) => {}
            Scope::Schema {
                schema: index,
                fields,
            } => {
                schema = self.schemas.get(*index);
                near.extend(
                    schema
                        .iter()
                        .flat_map(|schema| schema.fields.iter().take(*fields))
                        .map(|field| field.name.as_str()),
                );
            }
            Scope::Events(events) => {
                schema = events
                    .own
                    .and_then(|own| own.schema)
                    .and_then(|schema| self.schemas.get(schema));
                near.extend(
                    schema
                        .iter()
                        .flat_map(|schema| &schema.fields)
                        .map(|field| field.name.as_str()),
                );
                near.extend(events.keys.iter().map(|key| key.name.as_str()));
                near.extend(events.steps.iter().map(|step| step.name.as_str()));
            }
        }
        let code = if schema.is_some() { "E0203" } else { "E0202" };
        let message = match schema {
            Some(schema) => format!(
                "the schema `{}` has no field `{name}`, and nothing else has that name",
                schema.name
            ),
            None => format!("nothing has the name `{name}`"),
        };
        near.extend(self.names.of_kind(Kind::Let));
        near.extend(self.names.of_kind(Kind::List));
        let problem = Diagnostic::new(code, span, message);
        if means_no_value(name) {
            return problem
                .help("whether a value is there is asked with `missing(x)` or `present(x)`");
        }
        if let Some(help) = did_you_mean(name, near.iter().copied()) {
            return problem.help(help);
        }
        match (scope, schema) {
            (Scope::Constant(what), _) => problem.help(format!(
                "{what} is known before the first event, so it names no field"
            )),
            (_, Some(schema)) => problem.help(format!(
                "its fields are {}",
                listed(schema.fields.iter().map(|field| field.name.as_str()))
            )),
            _ => problem,
        }
    }
}

/// Whether a name is what another language calls a value that is not there.
pub(super) fn means_no_value(name: &str) -> bool {
    NO_VALUE.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// The step of this name, seen from where the expression stands or not.
pub(super) fn step_named<'s>(
    events: &Events<'s>,
    name: &str,
) -> Option<(usize, &'s super::super::scope::StepNames)> {
    events
        .steps
        .iter()
        .enumerate()
        .find(|(_, step)| step.name == name)
}

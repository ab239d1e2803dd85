//! Calls: the function by its name, its arguments by its parameters, lambdas over lists.

use std::sync::Arc;

use crate::ast;
use crate::checked::{CompareOp, Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::functions::{self, Accepts, Function, Param, Returns, aggregates};
use crate::source::Span;
use crate::types::Type;

use super::super::names::Kind;
use super::super::scope::{Local, Scope};
use super::super::{Checker, did_you_mean, words};
use super::fit::{Misfit, unreadable};
use super::lookup::asked_of_row;
use super::made;
use super::resolve::step_named;
use super::signature::{other_name, signature};

impl Checker<'_> {
    /// `name(args)`
    pub(super) fn call(
        &mut self,
        name: &ast::Name,
        args: &[ast::Expr],
        condition: Option<&ast::Expr>,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        if let Some(aggregate) = aggregates::find(&name.text) {
            return self.aggregate(aggregate, name, args, condition, span, scope);
        }
        if let Some(condition) = condition {
            let problem = Diagnostic::new(
                "E0227",
                condition.span,
                format!("`{}` takes no `where`", name.text),
            )
            .help("only what adds up events does: `count(step where …)`");
            self.report(problem);
        }
        let Some(function) = functions::find(&name.text) else {
            let names = functions::all().map(|function| function.name);
            let names = names.chain(aggregates::AGGREGATES.iter().map(|of| of.name));
            let problem = Diagnostic::new(
                "E0206",
                name.span,
                format!("there is no function `{}`", name.text),
            )
            .maybe_help(other_name(&name.text).or_else(|| did_you_mean(&name.text, names)));
            self.report(problem);
            // What is wrong inside is reported all the same.
            for arg in args.iter().filter(|arg| match &arg.kind {
                ast::ExprKind::Lambda { .. } => false,
                // What a misspelt aggregate is about.
                ast::ExprKind::Name(name) => {
                    !matches!(scope, Scope::Events(events) if step_named(events, name).is_some())
                }
                _ => true,
            }) {
                self.expr(arg, scope);
            }
            return None;
        };
        if !self.count_fits(function, name, args) {
            return None;
        }
        if function.name == "lookup" {
            return self.lookup(function, args, span, scope);
        }
        let mut checked: Vec<Expr> = Vec::with_capacity(args.len());
        let mut failed = false;
        for (place, arg) in args.iter().enumerate() {
            let Some(param) = function.params.get(place).or(function.params.last()) else {
                continue;
            };
            match self.argument(function, param, arg, checked.first(), scope) {
                Some(arg) => checked.push(arg),
                None => {
                    failed = true;
                    if place == 0
                        && matches!(
                            function.params.get(1).map(|next| &next.accepts),
                            Some(Accepts::Lambda(_))
                        )
                    {
                        return None;
                    }
                }
            }
        }
        if failed {
            return None;
        }
        self.built(function, checked, span)
    }

    fn built(&mut self, function: &'static Function, args: Vec<Expr>, span: Span) -> Option<Expr> {
        let args = if function
            .params
            .iter()
            .filter(|param| matches!(param.accepts, Accepts::Any))
            .count()
            > 1
        {
            self.of_one_type(
                args,
                &format!("the arguments of `{}` have one type", function.name),
            )?
        } else {
            args
        };
        // Two entries are operators by another name; they are computed as such.
        match (function.name, <[Expr; 2]>::try_from(args)) {
            ("coalesce", Ok(args)) => self.coalesced(args.into(), span),
            ("coalesce", Err(args)) => self.coalesced(args, span),
            ("differ", Ok([left, right])) => {
                self.acknowledged.insert(span);
                let (left, right) = if left.ty == Type::Json {
                    (
                        self.converted(left, &Type::String),
                        self.converted(right, &Type::String),
                    )
                } else {
                    (left, right)
                };
                let (left, right) = (Box::new(left), Box::new(right));
                let kind = ExprKind::Compare {
                    op: CompareOp::NotEqual,
                    nocase: false,
                    left,
                    right,
                };
                Some(self.folded(kind, Type::Bool, span))
            }
            (_, Ok(args)) => self.called(function, args.into(), span),
            (_, Err(args)) => self.called(function, args, span),
        }
    }

    fn called(&mut self, function: &'static Function, args: Vec<Expr>, span: Span) -> Option<Expr> {
        self.check_capture(function, &args)?;
        let type_of = |place: usize| args.get(place).map_or(Type::Missing, |arg| arg.ty.clone());
        let ty = match &function.returns {
            Returns::Type(ty) => ty.clone(),
            Returns::ListOf(ty) => Type::List(Box::new(ty.clone())),
            Returns::Argument(place) => type_of(*place),
            Returns::Element(place) => match type_of(*place) {
                Type::List(of) => *of,
                other => other,
            },
            Returns::ListOfLambda(place) => Type::List(Box::new(type_of(*place))),
            Returns::Row => Type::Missing,
        };
        Some(self.folded(ExprKind::Call { function, args }, ty, span))
    }

    /// A group that the pattern does not have would always be missing.
    fn check_capture(&mut self, function: &Function, args: &[Expr]) -> Option<()> {
        let ("capture", [_, pattern, group]) = (function.name, args) else {
            return Some(());
        };
        let ExprKind::Constant(Constant::Regex(regex)) = &pattern.kind else {
            return Some(());
        };
        let message = match &group.kind {
            ExprKind::Constant(Constant::Int(number)) => {
                let groups = regex.captures_len() - 1;
                let fits = usize::try_from(*number).is_ok_and(|number| number <= groups);
                (!fits).then(|| {
                    format!("the pattern has {groups} groups, so there is no group {number}")
                })
            }
            ExprKind::Constant(Constant::Text(name)) => {
                let fits = regex
                    .capture_names()
                    .flatten()
                    .any(|known| known == &**name);
                (!fits).then(|| format!("the pattern has no group of the name `{name}`"))
            }
            _ => Some("the group must be known before the first event".to_owned()),
        };
        match message {
            Some(message) => {
                let problem = Diagnostic::new("E0313", group.span, message)
                    .also(pattern.span, "the pattern")
                    .help("groups are counted from 1 by their opening parentheses (0 is the whole match), or named: `(?<name>…)`");
                self.report(problem);
                None
            }
            None => Some(()),
        }
    }

    fn count_fits(&mut self, function: &Function, name: &ast::Name, args: &[ast::Expr]) -> bool {
        let least = function
            .params
            .iter()
            .filter(|param| !param.optional)
            .count();
        let open = function.params.last().is_some_and(|param| param.repeats);
        if args.len() >= least && (open || args.len() <= function.params.len()) {
            return true;
        }
        let wanted = match (least, open, function.params.len()) {
            (least, true, _) => format!("at least {least}"),
            (least, false, most) if least == most => least.to_string(),
            (least, false, most) => format!("{least} to {most}"),
        };
        let plural = if wanted == "1" { "" } else { "s" };
        let problem = Diagnostic::new(
            "E0312",
            name.span,
            format!(
                "`{}` takes {wanted} argument{plural}, but {} are given",
                function.name,
                args.len()
            ),
        )
        .help(format!("it is called as `{}`", signature(function)));
        self.report(problem);
        false
    }

    fn argument(
        &mut self,
        function: &'static Function,
        param: &Param,
        arg: &ast::Expr,
        first: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        if let Accepts::Lambda(wanted) = &param.accepts {
            let element = match first.map(|list| &list.ty) {
                Some(Type::List(of)) => (**of).clone(),
                _ => return None,
            };
            return self.lambda(function, wanted.as_ref(), arg, element, scope);
        }
        if let ast::ExprKind::Text(text) = &arg.kind
            && text.is_empty()
            && param.takes_empty
        {
            return Some(made(
                ExprKind::Constant(Constant::Text(Arc::from(""))),
                Type::String,
                arg.span,
            ));
        }
        let checked = self.expr(arg, scope)?;
        let ty = checked.ty.clone();
        let (fitted, wanted) = match &param.accepts {
            Accepts::Type(want) => (self.fit(checked.clone(), want), words(want)),
            Accepts::Any if matches!(function.name, "present" | "missing") => {
                return Some(asked_of_row(checked));
            }
            Accepts::Any | Accepts::Lambda(_) | Accepts::Table => return Some(checked),
            Accepts::AnyList => match &checked.ty {
                Type::List(_) => return Some(checked),
                Type::Json => {
                    return Some(self.converted(checked, &Type::List(Box::new(Type::Json))));
                }
                _ => (Err(Misfit::Type), "a list".to_owned()),
            },
            Accepts::TextOrList => match &checked.ty {
                Type::List(_) | Type::String => return Some(checked),
                _ => (Err(Misfit::Type), "a text or a list".to_owned()),
            },
            Accepts::IntOrText => match &checked.ty {
                Type::Int | Type::String => return Some(checked),
                _ => (Err(Misfit::Type), "a number or a name".to_owned()),
            },
        };
        match fitted {
            Ok(fitted) => Some(fitted),
            Err(Misfit::Text(text)) => {
                let want = if let Accepts::Type(want) = &param.accepts {
                    want
                } else {
                    &Type::String
                };
                self.report(unreadable(&text, want, arg.span));
                None
            }
            Err(Misfit::Type) => {
                let mut problem = Diagnostic::new(
                    "E0313",
                    arg.span,
                    format!(
                        "`{}` takes {wanted} as `{}`, but this is {}",
                        function.name,
                        param.name,
                        words(&ty)
                    ),
                );
                if matches!(param.accepts, Accepts::TextOrList) && ty == Type::Json {
                    problem = problem.help(
                        "for a list write `[*]` after it; for a text declare the field as `string`",
                    );
                } else if let Accepts::Type(want) = &param.accepts {
                    problem = problem.maybe_help(self.redeclare(&checked, want, scope));
                }
                self.report(problem.help(format!("it is called as `{}`", signature(function))));
                None
            }
        }
    }

    fn lambda(
        &mut self,
        function: &Function,
        wanted: Option<&Type>,
        arg: &ast::Expr,
        element: Type,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let ast::ExprKind::Lambda { param, body } = &arg.kind else {
            let problem = Diagnostic::new(
                "E0314",
                arg.span,
                format!(
                    "`{}` needs to know what to do with each element",
                    function.name
                ),
            )
            .help(format!(
                "write `x => …`: it is called as `{}`",
                signature(function)
            ));
            self.report(problem);
            return None;
        };
        if let Some((what, declared)) = self.shadowed(&param.text, scope) {
            let mut problem = Diagnostic::new(
                "E0222",
                param.span,
                format!("`{}` already names {what} here", param.text),
            )
            .help("choose another name for the element");
            if let Some(declared) = declared {
                problem = problem.also(declared, "declared here");
            }
            self.report(problem);
            return None;
        }
        self.locals.push(Local {
            name: param.text.clone(),
            ty: element,
        });
        let body = match wanted {
            Some(Type::Bool) => self.root_condition(body, scope),
            _ => self.expr(body, scope),
        };
        self.locals.pop();
        let body = body?;
        let ty = body.ty.clone();
        Some(made(ExprKind::Lambda(Box::new(body)), ty, arg.span))
    }

    /// What a lambda's parameter of this name would hide.
    fn shadowed(&self, name: &str, scope: &Scope<'_>) -> Option<(String, Option<Span>)> {
        if self.locals.iter().any(|local| local.name == name) {
            return Some(("the element of an outer list".to_owned(), None));
        }
        match scope {
            Scope::Constant(_) => {}
            Scope::Schema { schema, .. } => {
                if let Some((_, field)) = self
                    .schemas
                    .get(*schema)
                    .and_then(|schema| schema.find(name))
                {
                    return Some(("a field".to_owned(), Some(field.span)));
                }
            }
            Scope::Events(events) => {
                if let Some(step) = events.steps.iter().find(|step| step.name == name) {
                    return Some(("a step".to_owned(), Some(step.span)));
                }
                if events.keys.iter().any(|key| key.name == name) {
                    return Some(("a part of the key".to_owned(), None));
                }
                let own = events
                    .own
                    .and_then(|own| own.schema)
                    .and_then(|schema| self.schemas.get(schema));
                if let Some((_, field)) = own.and_then(|schema| schema.find(name)) {
                    return Some(("a field".to_owned(), Some(field.span)));
                }
            }
        }
        self.names
            .get(name)
            .filter(|declared| matches!(declared.kind, Kind::List | Kind::Table | Kind::Let))
            .map(|declared| (format!("a {}", declared.kind.word()), Some(declared.span)))
    }
}

//! Aggregates: what the events of one step add up to, where that can be asked, and which step it is
//! about.

use crate::ast;
use crate::checked::{Aggregate, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::functions::aggregates::{AggregateFunction, AggregateKind};
use crate::source::Span;
use crate::types::Type;

use super::facts::same_as;
use super::scope::{Events, Own, Place, Scope, StepKind};
use super::{Checker, listed, words};

impl Checker<'_> {
    /// `count(f where …)` and the like.
    pub(super) fn aggregate(
        &mut self,
        function: &'static AggregateFunction,
        call: &ast::Name,
        args: &[ast::Expr],
        condition: Option<&ast::Expr>,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let events = self.aggregated_events(function, call.span, scope)?;
        let aggregated: Vec<usize> = countable(&events).collect();
        let mut inner = events.clone();
        inner.own = match aggregated.as_slice() {
            [only] => Some(Own {
                step: *only,
                schema: events.steps.get(*only).and_then(|step| step.schema),
            }),
            _ => None,
        };
        let inner = Scope::Events(inner);
        self.in_aggregate = true;
        let checked = self.aggregate_parts(function, call.span, args, condition, &events, &inner);
        self.in_aggregate = false;
        let (named, args, condition) = checked?;
        let step = self.aggregated_step(call.span, named, &args, condition.as_ref(), &events)?;
        let ty = self.aggregate_type(function, &args)?;
        let aggregate = Aggregate {
            function,
            step,
            args,
            condition,
        };
        let same = |other: &Aggregate| written(other) == written(&aggregate);
        let index = self.aggregates.iter().position(same).unwrap_or_else(|| {
            self.aggregates.push(aggregate);
            self.aggregates.len() - 1
        });
        Some(Expr {
            kind: ExprKind::Aggregate(index),
            ty,
            span,
        })
    }

    /// The events at hand, where some of them can be added up.
    fn aggregated_events<'s>(
        &mut self,
        function: &AggregateFunction,
        at: Span,
        scope: &Scope<'s>,
    ) -> Option<Events<'s>> {
        let (message, help) = match scope {
            _ if self.in_aggregate => (
                format!(
                    "`{}` cannot stand inside of another aggregate",
                    function.name
                ),
                "an aggregate is about the fields of events",
            ),
            Scope::Events(events)
                if matches!(
                    events.place,
                    Place::Having | Place::StepHaving | Place::Match
                ) && countable(events).next().is_some() =>
            {
                return Some(events.clone());
            }
            Scope::Events(events) if matches!(events.place, Place::Match) => (
                format!("`{}` has no events to add up in this rule", function.name),
                "a `count`, or a step with a least number such as `10..`, has aggregates",
            ),
            _ => (
                format!(
                    "`{}` adds up events, and there is one event here",
                    function.name
                ),
                "aggregates stand in `having`, and in `emit` and exclusions of rules that count",
            ),
        };
        let problem = Diagnostic::new("E0225", at, message).help(help);
        self.report(problem);
        None
    }

    /// The step that is named, the arguments and the condition.
    #[allow(
        clippy::type_complexity,
        reason = "the three parts of a call, told once"
    )]
    fn aggregate_parts(
        &mut self,
        function: &AggregateFunction,
        at: Span,
        args: &[ast::Expr],
        condition: Option<&ast::Expr>,
        events: &Events<'_>,
        inner: &Scope<'_>,
    ) -> Option<(Option<usize>, Vec<Expr>, Option<Expr>)> {
        let several = function.kind == AggregateKind::Distinct;
        if args.is_empty() || (args.len() > 1 && !several) {
            let wanted = if several { "at least one" } else { "one" };
            let message = format!(
                "`{}` takes {wanted} argument, but {} are given",
                function.name,
                args.len()
            );
            let problem = Diagnostic::new("E0312", at, message)
                .help(format!("it is called as `{}`", function.signature));
            self.report(problem);
            return None;
        }
        let mut named = None;
        let mut checked = Vec::with_capacity(args.len());
        if function.kind == AggregateKind::Count {
            named = Some(self.counted_step(function, args.first()?, events)?);
        } else {
            let args: Vec<Option<Expr>> = args.iter().map(|arg| self.expr(arg, inner)).collect();
            checked = args.into_iter().collect::<Option<Vec<Expr>>>()?;
        }
        let condition = match condition {
            Some(condition) => Some(self.root_condition(condition, inner)?),
            None => None,
        };
        Some((named, checked, condition))
    }

    /// The step that `count` names.
    fn counted_step(
        &mut self,
        function: &AggregateFunction,
        arg: &ast::Expr,
        events: &Events<'_>,
    ) -> Option<usize> {
        if let ast::ExprKind::Name(name) = &arg.kind {
            let found = countable(events)
                .find(|step| events.steps.get(*step).is_some_and(|of| of.name == *name));
            if let Some(found) = found {
                if let Some(step) = events.steps.get(found) {
                    self.uses.used.insert(step.span);
                }
                return Some(found);
            }
        }
        let names = countable(events).filter_map(|step| events.steps.get(step));
        let names = listed(names.map(|step| step.name.as_str()));
        let problem = Diagnostic::new(
            "E0226",
            arg.span,
            "`count` takes the name of a step that stands for several events",
        )
        .help(format!("here that is {names}"))
        .help(format!("it is called as `{}`", function.signature));
        self.report(problem);
        None
    }

    /// The one step of many events that an aggregate is about.
    fn aggregated_step(
        &mut self,
        at: Span,
        named: Option<usize>,
        args: &[Expr],
        condition: Option<&Expr>,
        events: &Events<'_>,
    ) -> Option<usize> {
        let mut found: Vec<usize> = named.into_iter().collect();
        let mut note = |expr: &Expr| {
            if let ExprKind::Field { step, .. } = expr.kind
                && events
                    .steps
                    .get(step)
                    .is_some_and(|step| step.kind == StepKind::Many)
                && !found.contains(&step)
            {
                found.push(step);
            }
        };
        for part in args.iter().chain(condition) {
            part.visit(&mut note);
        }
        let countable: Vec<usize> = countable(events).collect();
        match found.as_slice() {
            [only] if countable.contains(only) => Some(*only),
            [] | [_] => {
                let names = countable.iter().filter_map(|step| events.steps.get(*step));
                let names = listed(names.map(|step| step.name.as_str()));
                let problem = Diagnostic::new(
                    "E0226",
                    at,
                    "this adds up the events of no step that counts",
                )
                .help(format!("name a field of {names}"));
                self.report(problem);
                None
            }
            _ => {
                let problem =
                    Diagnostic::new("E0226", at, "this adds up the events of two steps at once")
                        .help("an aggregate is about one step: compare two aggregates");
                self.report(problem);
                None
            }
        }
    }

    fn aggregate_type(&mut self, function: &AggregateFunction, args: &[Expr]) -> Option<Type> {
        let ty = function.result(args.first().map(|arg| &arg.ty));
        if ty.is_none()
            && let Some(arg) = args.first()
        {
            let problem = Diagnostic::new(
                "E0313",
                arg.span,
                format!("`{}` cannot add up {}", function.name, words(&arg.ty)),
            )
            .help(match arg.ty {
                Type::Json => {
                    "declare the field with its type in the schema, and it is converted when it is read"
                }
                _ => function.signature,
            });
            self.report(problem);
        }
        ty
    }
}

/// The steps whose events can be added up where an expression stands.
fn countable<'e>(events: &'e Events<'_>) -> impl Iterator<Item = usize> + 'e {
    let steps = events.steps.iter().enumerate();
    let many = steps.filter(|(_, step)| step.kind == StepKind::Many);
    many.map(|(at, _)| at).filter(|at| match events.place {
        Place::StepHaving => events.own.is_some_and(|own| own.step == *at),
        _ => events.visible.contains(at),
    })
}

/// A text that two aggregates share exactly when they are the same.
fn written(aggregate: &Aggregate) -> String {
    let args: Vec<String> = aggregate.args.iter().map(same_as).collect();
    format!(
        "{} {} {args:?} {:?}",
        aggregate.function.name,
        aggregate.step,
        aggregate.condition.as_ref().map(same_as)
    )
}

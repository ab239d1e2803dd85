//! Keys and windows: what joins the events of the steps, and within how long.

use crate::ast;
use crate::checked::{Constant, Expr, ExprKind, Key};
use crate::diagnostic::Diagnostic;
use crate::types::Type;

use super::scope::{Events, KeyName, Own, Place, Scope, StepNames};
use super::{Checker, words};

impl Checker<'_> {
    /// The parts of a key, each with its value for every step. A part in error is a name alone.
    pub(super) fn keys(
        &mut self,
        parts: &[ast::KeyPart],
        steps: &[StepNames],
    ) -> (Vec<KeyName>, Vec<Key>) {
        let mut names: Vec<KeyName> = Vec::with_capacity(parts.len());
        let mut keys = Vec::with_capacity(parts.len());
        for part in parts {
            let (given, sides) = given_name(part, steps);
            let name = given.map_or_else(|| self.key_name(sides), str::to_owned);
            if let Some(first) = names.iter().position(|known| known.name == name) {
                let mut problem = Diagnostic::new(
                    "E0505",
                    part.span,
                    format!("`{name}` stands twice in this key"),
                );
                if let Some(first) = parts.get(first) {
                    problem = problem.also(first.span, "the first one");
                }
                if given.is_none() {
                    problem = problem.help("give one of them a name: `other = …`");
                }
                self.report(problem);
                continue;
            }
            let per_step = self
                .key_part(part, sides, steps)
                .and_then(|per_step| self.key_type(part, per_step));
            let ty = per_step
                .as_ref()
                .and_then(|per_step| per_step.first())
                .map(|first| first.ty.clone());
            names.push(KeyName {
                name: name.clone(),
                ty,
            });
            keys.extend(per_step.map(|per_step| Key { name, per_step }));
        }
        (names, keys)
    }

    /// How a part without a name of its own is called in a detection: a field by its name, what is
    /// read from a call (`find(…).id`) and the first of several sides by the last name in it, all
    /// else as it is written.
    fn key_name(&self, sides: &[ast::Expr]) -> String {
        let Some(first) = sides.first() else {
            return String::new();
        };
        let last = match (&first.kind, sides.len()) {
            (ast::ExprKind::Name(name), _) => Some(name),
            (ast::ExprKind::Member { .. }, 1) if !is_of_call(first) => None,
            (ast::ExprKind::Call { .. }, 1) => None,
            _ => last_name(first),
        };
        last.map_or_else(|| self.source_text(first.span), Clone::clone)
    }

    fn key_part(
        &mut self,
        part: &ast::KeyPart,
        sides: &[ast::Expr],
        steps: &[StepNames],
    ) -> Option<Vec<Expr>> {
        let names_steps = |expr: &ast::Expr| steps.iter().any(|step| mentions(expr, &step.name));
        match sides {
            [only] if !names_steps(only) => {
                let mut per_step = Vec::with_capacity(steps.len());
                let mut failed = false;
                for (step, names) in steps.iter().enumerate() {
                    let events = Events {
                        steps,
                        visible: step..step + 1,
                        own: Some(Own {
                            step,
                            schema: names.schema,
                        }),
                        keys: &[],
                        place: Place::Key,
                    };
                    match self.expr(only, &Scope::Events(events)) {
                        Some(value) => per_step.push(value),
                        None => failed = true,
                    }
                }
                (!failed).then_some(per_step)
            }
            sides => self.key_of_sides(part, sides, steps),
        }
    }

    /// `login.user = token.upn`: one side for each step.
    fn key_of_sides(
        &mut self,
        part: &ast::KeyPart,
        sides: &[ast::Expr],
        steps: &[StepNames],
    ) -> Option<Vec<Expr>> {
        let mut per_step: Vec<Option<Expr>> = steps.iter().map(|_| None).collect();
        let mut failed = false;
        for side in sides {
            let events = Events {
                steps,
                visible: 0..steps.len(),
                own: None,
                keys: &[],
                place: Place::Key,
            };
            let Some(value) = self.expr(side, &Scope::Events(events)) else {
                failed = true;
                continue;
            };
            let mut found = Vec::new();
            steps_of(&value, &mut found);
            found.sort_unstable();
            found.dedup();
            let message = match found.as_slice() {
                [step] => match per_step.get_mut(*step) {
                    Some(slot @ None) => {
                        *slot = Some(value);
                        continue;
                    }
                    Some(Some(_)) => {
                        let name = steps.get(*step).map_or("", |step| &step.name);
                        format!("the step `{name}` has two sides in this key")
                    }
                    None => continue,
                },
                [] => "this side of the key is the same for every event".to_owned(),
                _ => "a side of a key uses the fields of one step alone".to_owned(),
            };
            failed = true;
            let problem = Diagnostic::new("E0507", side.span, message)
                .help("write one side for each step: `first.user = second.upn`");
            self.report(problem);
        }
        if failed {
            return None;
        }
        let without: Vec<&str> = steps
            .iter()
            .zip(&per_step)
            .filter(|(_, side)| side.is_none())
            .map(|(step, _)| step.name.as_str())
            .collect();
        if !without.is_empty() {
            let first = sides
                .first()
                .map_or(String::new(), |side| self.source_text(side.span));
            let spelled: Vec<String> = without.iter().map(|step| format!("{step}.…")).collect();
            let problem = Diagnostic::new(
                "E0507",
                part.span,
                format!(
                    "this key says nothing of {}",
                    super::listed(without.iter().copied())
                ),
            )
            .help(format!(
                "write one side for each step: `{first} = {}`",
                spelled.join(" = ")
            ));
            self.report(problem);
            return None;
        }
        per_step.into_iter().collect()
    }

    /// All sides have one type, and one that can be a key.
    fn key_type(&mut self, part: &ast::KeyPart, per_step: Vec<Expr>) -> Option<Vec<Expr>> {
        // A raw value becomes what the other sides are, and a text where they say nothing.
        let known = per_step
            .iter()
            .map(|side| &side.ty)
            .find(|ty| !matches!(ty, Type::Json | Type::Missing));
        let want = known.cloned().unwrap_or(Type::String);
        let sides: Vec<Expr> = per_step
            .into_iter()
            .map(|side| match self.fit(side.clone(), &want) {
                Ok(fitted) if side.ty == Type::Json => fitted,
                _ => side,
            })
            .collect();
        let first = sides.first()?;
        if let Some(other) = sides.iter().find(|side| side.ty != first.ty) {
            let mut problem = Diagnostic::new(
                "E0508",
                part.span,
                format!(
                    "this key is {} for one step and {} for another, so no events are joined",
                    words(&first.ty),
                    words(&other.ty)
                ),
            )
            .help("declare both fields with one type in their schemas");
            if first.span != other.span {
                problem = problem
                    .also(first.span, words(&first.ty))
                    .also(other.span, words(&other.ty));
            }
            self.report(problem);
            return None;
        }
        if matches!(
            first.ty,
            Type::List(_) | Type::Row(_) | Type::Regex | Type::Missing
        ) {
            let problem = Diagnostic::new(
                "E0508",
                part.span,
                format!("a key cannot be {}", words(&first.ty)),
            )
            .help(
                "a key is one value: take an element of a list with `find(list, x => …)` or `[0]`",
            );
            self.report(problem);
            return None;
        }
        Some(sides)
    }

    /// A window, or another span of time, in nanoseconds; `what` it is, and how one is written.
    pub(super) fn span_of_time(
        &mut self,
        within: &ast::Expr,
        what: &'static str,
        example: &str,
    ) -> Option<i64> {
        let value = self.expr(within, &Scope::Constant(what))?;
        let value = self.require_constant(value, what)?;
        match (&value.kind, &value.ty) {
            (ExprKind::Constant(Constant::Duration(span)), _) if *span > 0 => Some(*span),
            (ExprKind::Constant(Constant::Duration(_)), _) => {
                let message = format!("{what} is longer than nothing");
                let problem = Diagnostic::new("E0506", within.span, message)
                    .help(format!("write for example `{example}`"));
                self.report(problem);
                None
            }
            (ExprKind::Constant(Constant::Int(number)), _) => {
                let problem = Diagnostic::new(
                    "E0311",
                    within.span,
                    format!("{} {number} has no unit", what.replacen("a ", "the ", 1)),
                )
                .help(format!("write {number}m for {}", minutes(*number)));
                self.report(problem);
                None
            }
            (_, ty) => {
                let problem = Diagnostic::new(
                    "E0506",
                    within.span,
                    format!("{what} is a duration, but this is {}", words(ty)),
                )
                .help(format!("write for example `{example}`"));
                self.report(problem);
                None
            }
        }
    }
}

/// `ten minutes`
fn minutes(number: i64) -> String {
    const WORDS: [&str; 11] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    let word = usize::try_from(number)
        .ok()
        .and_then(|number| WORDS.get(number))
        .map_or(number.to_string(), |word| (*word).to_owned());
    format!("{word} minute{}", if number == 1 { "" } else { "s" })
}

/// The name that a part is given, `target = find(…).id`, and its sides: a bare name before the first
/// `=` is one, for a side is always a step's. A step's own name is none, so that `by login = token.upn`
/// stays what it is, a side without its field.
fn given_name<'p>(
    part: &'p ast::KeyPart,
    steps: &[StepNames],
) -> (Option<&'p str>, &'p [ast::Expr]) {
    match part.alternatives.as_slice() {
        [
            ast::Expr {
                kind: ast::ExprKind::Name(name),
                ..
            },
            sides @ ..,
        ] if !sides.is_empty() && !steps.iter().any(|step| step.name == *name) => {
            (Some(name), sides)
        }
        sides => (None, sides),
    }
}

/// Whether a way begins at what a call gives.
fn is_of_call(expr: &ast::Expr) -> bool {
    let mut base = expr;
    while let ast::ExprKind::Member { of, .. } = &base.kind {
        base = of;
    }
    matches!(base.kind, ast::ExprKind::Call { .. })
}

/// The last name of a way, also within calls of one argument: `upn` of `lower(login.upn)`.
fn last_name(expr: &ast::Expr) -> Option<&String> {
    match &expr.kind {
        ast::ExprKind::Member {
            step: ast::PathStep::Key(name),
            ..
        } => Some(name),
        ast::ExprKind::Call { args, .. } => match args.as_slice() {
            [only] => last_name(only),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression goes into the name, as `step.field` does. Its depth is what the parser allows.
fn mentions(expr: &ast::Expr, step: &str) -> bool {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        use ast::ExprKind as Kind;
        match &expr.kind {
            Kind::Member { of, .. } => {
                if matches!(&of.kind, Kind::Name(name) if name == step) {
                    return true;
                }
                open.push(of);
            }
            Kind::List(parts) | Kind::And(parts) | Kind::Or(parts) | Kind::Coalesce(parts) => {
                open.extend(parts)
            }
            Kind::Call {
                args, condition, ..
            } => {
                open.extend(args);
                open.extend(condition.as_deref());
            }
            Kind::Lambda { body: of, .. } | Kind::Not(of) | Kind::Negate(of) => open.push(of),
            Kind::Binary { left, right, .. } => open.extend([&**left, &**right]),
            _ => {}
        }
    }
    false
}

/// The steps whose fields an expression reads.
fn steps_of(expr: &Expr, into: &mut Vec<usize>) {
    if let ExprKind::Field { step, .. } = expr.kind {
        into.push(step);
    }
    for operand in expr.operands() {
        steps_of(operand, into);
    }
}

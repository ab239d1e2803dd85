//! Rules: their steps with their conditions, and what a detection carries.

use std::collections::HashMap;

use crate::ast;
use crate::checked::test::Test;
use crate::checked::{
    Aggregate, Emit, Expr, ExprKind, Extent, Form, Key, Pick, Role, Rule, Shape, Step,
};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::forms::{Written, WrittenStep};
use super::names::Kind;
use super::scope::{Events, KeyName, Own, Place, Scope, StepKind, StepNames};
use super::{Checker, did_you_mean};

const MODIFIERS: [&str; 3] = ["any", "last", "every"];

/// A rule as far as it was checked, for the exclusions that apply to it.
pub(super) struct RuleInHand<'r> {
    pub(super) ast: &'r ast::Rule,
    /// `None` where the rule is in error.
    pub(super) checked: Option<Rule>,
    pub(super) steps: Vec<StepNames>,
    pub(super) key_names: Vec<KeyName>,
    pub(super) keys: Vec<Key>,
    /// The conditions of all steps that events are bound to.
    pub(super) conditions: Vec<Expr>,
    /// What its expressions add up.
    pub(super) aggregates: Vec<Aggregate>,
}

impl RuleInHand<'_> {
    /// What `emit` and exclusions may name.
    pub(super) fn scope(&self) -> Scope<'_> {
        let mut bound = self
            .steps
            .iter()
            .filter(|step| step.kind != StepKind::Absent);
        let own = match (bound.next(), bound.next()) {
            (Some(only), None) => Some(Own {
                step: 0,
                schema: only.schema,
            }),
            _ => None,
        };
        Scope::Events(Events {
            steps: &self.steps,
            visible: 0..self.steps.len(),
            own,
            keys: &self.key_names,
            place: Place::Match,
        })
    }

    pub(super) fn schemas(&self) -> Vec<Option<usize>> {
        self.steps.iter().map(|step| step.schema).collect()
    }

    /// The operands that are never missing in a match.
    pub(super) fn sure(&self) -> Vec<&Expr> {
        self.keys.iter().flat_map(|key| &key.per_step).collect()
    }
}

impl Checker<'_> {
    /// Checks every rule, exclusion and test, in the order of the files.
    pub(super) fn all_rules(&mut self, files: &[ast::File]) -> (Vec<Rule>, Vec<Test>) {
        let mut ids = HashMap::new();
        let mut rules = Vec::new();
        for item in files.iter().flat_map(|file| &file.items) {
            if let ast::Item::Rule(rule) = item {
                let in_hand = self.rule(rule, &mut ids);
                rules.push(in_hand);
            }
        }
        self.all_exclusions(files, &mut rules);
        let tests = self.all_tests(files, &rules);
        let checked = rules.into_iter().filter_map(|rule| {
            let aggregates = rule.aggregates;
            rule.checked.map(|checked| Rule {
                aggregates,
                ..checked
            })
        });
        (checked.collect(), tests)
    }

    fn rule<'r>(&mut self, rule: &'r ast::Rule, ids: &mut super::meta::Ids) -> RuleInHand<'r> {
        let sections = self.sections(rule);
        let meta = self.meta(rule, sections.meta, ids);
        let written = sections.form.map_or_else(Written::default, |form| {
            self.forbid_nothing(form);
            self.written(form)
        });
        let steps = self.step_names(&written.steps);
        let mut in_hand = RuleInHand {
            ast: rule,
            checked: None,
            steps,
            key_names: Vec::new(),
            keys: Vec::new(),
            conditions: Vec::new(),
            aggregates: Vec::new(),
        };
        if let Some(form) = sections.form {
            (in_hand.key_names, in_hand.keys) = self.keys(&form.keys, &in_hand.steps);
        }
        let form = sections
            .form
            .and_then(|form| self.form(form, &written, &mut in_hand));
        let schemas = in_hand.schemas();
        let conditions: Vec<&Expr> = in_hand.conditions.iter().collect();
        self.warn_of_unsure(&[], &conditions, &in_hand.sure(), &schemas);
        let emit = self.emit(sections.emit.unwrap_or_default(), &in_hand);
        in_hand.aggregates = std::mem::take(&mut self.aggregates);
        in_hand.checked = form.map(|form| Rule {
            name: rule.name.text.clone(),
            meta,
            form,
            aggregates: Vec::new(),
            emit,
            exclusions: Vec::new(),
            span: rule.span,
        });
        in_hand
    }

    /// The form with its window, steps and what is asked of all of them.
    fn form(
        &mut self,
        form: &ast::Form,
        written: &Written<'_>,
        in_hand: &mut RuleInHand<'_>,
    ) -> Option<Form> {
        let within = self.within(form, written);
        let mut steps = Vec::with_capacity(written.steps.len());
        for place in 0..written.steps.len() {
            steps.extend(self.step(form.word, written, place, in_hand));
        }
        self.refuse_neighbours(written);
        let having = match written.having {
            Some(having) => Some(self.having(&having.condition, in_hand)?),
            None => None,
        };
        if let Some(having) = &having {
            self.warn_of_having(having);
        }
        if steps.len() < written.steps.len() {
            return None;
        }
        let shape = match form.word {
            ast::FormWord::Match => Shape::Match,
            ast::FormWord::Sequence => Shape::Sequence,
            ast::FormWord::Together => Shape::Together {
                choices: written.choices.clone(),
            },
            ast::FormWord::Count => Shape::Count { having: having? },
        };
        Some(Form {
            shape,
            keys: in_hand.keys.clone(),
            within: within?,
            steps,
        })
    }

    /// The window; 0 where one event alone is bound.
    fn within(&mut self, form: &ast::Form, written: &Written<'_>) -> Option<i64> {
        let bound = |step: &&WrittenStep<'_>| step.kind != StepKind::Absent;
        let mut bound = written.steps.iter().filter(bound);
        let one = match (bound.next(), bound.next()) {
            (Some(only), None) => only.kind == StepKind::One,
            _ => false,
        };
        match &form.within {
            Some(within) => self.span_of_time(within, "a window", "within 10m"),
            None if one || form.word == ast::FormWord::Match => Some(0),
            None => {
                let problem = Diagnostic::new(
                    "E0506",
                    super::forms::head(form.span, form.word.written()),
                    format!(
                        "this `{}` does not say within how long its events follow one another",
                        form.word.written()
                    ),
                )
                .help("add the window before the brace: `within 10m`");
                self.report(problem);
                None
            }
        }
    }

    /// One step with its conditions and what it stands for.
    fn step(
        &mut self,
        word: ast::FormWord,
        written: &Written<'_>,
        place: usize,
        in_hand: &mut RuleInHand<'_>,
    ) -> Option<Step> {
        let found = written.steps.get(place)?;
        let bound = |step: &&WrittenStep<'_>| step.kind != StepKind::Absent;
        let last = place + 1 == written.steps.iter().filter(bound).count();
        let pick = self.pick(word, found, last);
        let conditions = self.step_conditions(found, place, in_hand);
        let role = match found.kind {
            StepKind::One | StepKind::Optional => pick.map(Role::One),
            StepKind::Many if word == ast::FormWord::Count => Some(Role::Counted),
            StepKind::Many => {
                let having = match found.having {
                    Some(having) => self
                        .step_having(&having.condition, place, in_hand)
                        .map(Some),
                    None => Some(None),
                };
                if let Some(Some(having)) = &having {
                    self.warn_of_having(having);
                }
                found
                    .least
                    .zip(having)
                    .map(|(least, having)| Role::Many { least, having })
            }
            StepKind::Absent => self.extent(found.extent?, in_hand).map(Role::Absent),
        };
        Some(Step {
            name: found.step.name.text.clone(),
            schema: in_hand.steps.get(place)?.schema?,
            role: role?,
            conditions: conditions?,
        })
    }

    /// `without` alone forbids everything: there has to be a step that it is about.
    fn forbid_nothing(&mut self, form: &ast::Form) {
        let mut entries = form.entries.iter();
        let absences = entries
            .clone()
            .any(|entry| matches!(entry, ast::Entry::Absence(_)));
        if absences && !entries.any(|entry| matches!(entry, ast::Entry::Step(_))) {
            let problem = Diagnostic::new(
                "E0503",
                super::forms::head(form.span, form.word.written()),
                "this looks for nothing but what must not be there",
            )
            .help(
                "add the step that it must not be there before or after: `name = schema where …`",
            );
            self.report(problem);
        }
    }

    /// Between two steps of many events there must be one event that parts them.
    fn refuse_neighbours(&mut self, written: &Written<'_>) {
        for pair in written.steps.windows(2) {
            if let [first, second] = pair
                && first.least.is_some()
                && second.least.is_some()
            {
                let problem = Diagnostic::new(
                    "E0521",
                    second.step.name.span,
                    "two steps of several events follow one another, and nothing says where the first ends",
                )
                .also(first.step.name.span, "the first of them")
                .help("put a step of one event between them, or count both in one step");
                self.report(problem);
            }
        }
    }

    /// When nothing may be there.
    fn extent(&mut self, extent: &ast::Extent, in_hand: &RuleInHand<'_>) -> Option<Extent> {
        match extent {
            ast::Extent::Between(first, second) => {
                let one = self.bound_step(first, in_hand);
                let other = self.bound_step(second, in_hand);
                let (one, other) = (one?, other?);
                if one >= other {
                    let problem = Diagnostic::new(
                        "E0520",
                        second.span,
                        format!("`{}` does not come after `{}`", second.text, first.text),
                    )
                    .help("name the earlier step first");
                    self.report(problem);
                    return None;
                }
                Some(Extent::Between(one, other))
            }
            ast::Extent::After(step, span) => {
                let step = self.bound_step(step, in_hand);
                let span = self.span_of_time(span, "a span of time", "after login for 5m");
                Some(Extent::After(step?, span?))
            }
            ast::Extent::Before(step, span) => {
                let step = self.bound_step(step, in_hand);
                let span = self.span_of_time(span, "a span of time", "before login for 14d");
                Some(Extent::Before(step?, span?))
            }
        }
    }

    /// The step of this name that events are bound to.
    fn bound_step(&mut self, name: &ast::Name, in_hand: &RuleInHand<'_>) -> Option<usize> {
        let found = in_hand.steps.iter().position(|step| step.name == name.text);
        let kind = found
            .and_then(|at| in_hand.steps.get(at))
            .map(|step| step.kind);
        let names = || {
            let bound = in_hand
                .steps
                .iter()
                .filter(|step| step.kind != StepKind::Absent);
            bound.map(|step| step.name.as_str())
        };
        match kind {
            Some(StepKind::Absent) => {
                let problem = Diagnostic::new(
                    "E0520",
                    name.span,
                    format!("no event stands for `{}`", name.text),
                )
                .help(format!(
                    "name a step that is there: {}",
                    super::listed(names())
                ));
                self.report(problem);
                None
            }
            Some(_) => {
                if let Some(step) = found.and_then(|at| in_hand.steps.get(at)) {
                    self.uses.used.insert(step.span);
                }
                found
            }
            None => {
                let help = did_you_mean(&name.text, names()).unwrap_or_else(|| {
                    format!("the steps of this rule are {}", super::listed(names()))
                });
                let problem = Diagnostic::new(
                    "E0205",
                    name.span,
                    format!("there is no step `{}`", name.text),
                )
                .help(help);
                self.report(problem);
                None
            }
        }
    }

    /// What all events of a `count` add up to.
    fn having(&mut self, condition: &ast::Expr, in_hand: &RuleInHand<'_>) -> Option<Expr> {
        let own = match in_hand.steps.as_slice() {
            [only] => Some(Own {
                step: 0,
                schema: only.schema,
            }),
            _ => None,
        };
        let scope = Scope::Events(Events {
            steps: &in_hand.steps,
            visible: 0..in_hand.steps.len(),
            own,
            keys: &in_hand.key_names,
            place: Place::Having,
        });
        self.root_condition(condition, &scope)
    }

    /// What the events of one step add up to.
    fn step_having(
        &mut self,
        condition: &ast::Expr,
        place: usize,
        in_hand: &RuleInHand<'_>,
    ) -> Option<Expr> {
        let schema = in_hand.steps.get(place).and_then(|step| step.schema);
        let scope = Scope::Events(Events {
            steps: &in_hand.steps,
            visible: 0..place + 1,
            own: Some(Own {
                step: place,
                schema,
            }),
            keys: &in_hand.key_names,
            place: Place::StepHaving,
        });
        self.root_condition(condition, &scope)
    }

    fn step_names(&mut self, written: &[WrittenStep<'_>]) -> Vec<StepNames> {
        let mut steps: Vec<StepNames> = Vec::with_capacity(written.len());
        for WrittenStep { step, kind, .. } in written {
            let name = &step.name;
            if let Some(first) = steps.iter().find(|first| first.name == name.text) {
                let problem = Diagnostic::new(
                    "E0505",
                    name.span,
                    format!("two steps have the name `{}`", name.text),
                )
                .also(first.span, "the first one");
                self.report(problem);
            }
            if let Some(other) = self
                .names
                .get(&name.text)
                .filter(|other| matches!(other.kind, Kind::List | Kind::Table | Kind::Let))
            {
                let problem = Diagnostic::new(
                    "E0515",
                    name.span,
                    format!(
                        "the step `{}` would hide the {} of that name",
                        name.text,
                        other.kind.word()
                    ),
                )
                .also(other.span, format!("the {}", other.kind.word()))
                .help("choose another name for the step");
                self.report(problem);
            }
            let schema = self.schema_named(&step.schema);
            steps.push(StepNames {
                name: name.text.clone(),
                span: name.span,
                schema,
                kind: *kind,
            });
        }
        steps
    }

    fn pick(&mut self, word: ast::FormWord, written: &WrittenStep<'_>, last: bool) -> Option<Pick> {
        let Some(modifier) = &written.step.modifier else {
            return Some(Pick::Any);
        };
        let pick = match modifier.text.as_str() {
            "any" => Pick::Any,
            "last" => Pick::Last,
            "every" => Pick::Every,
            other => {
                let help = did_you_mean(other, MODIFIERS).unwrap_or_else(|| {
                    "before the schema stands `last`, `every` or nothing (any)".to_owned()
                });
                let problem = Diagnostic::new(
                    "E0210",
                    modifier.span,
                    format!("a step has no modifier `{other}`"),
                )
                .help(help);
                self.report(problem);
                return None;
            }
        };
        let chosen_among = word == ast::FormWord::Sequence && written.kind == StepKind::One;
        if pick != Pick::Any && !chosen_among && word != ast::FormWord::Match {
            let problem = Diagnostic::new(
                "E0523",
                modifier.span,
                format!("`{}` has no meaning for this step", modifier.text),
            )
            .also(written.step.name.span, "the step")
            .help("`last` and `every` choose among the events of a step of a `sequence` that one event stands for");
            self.report(problem);
            return None;
        }
        if last && pick != Pick::Any {
            let problem = Diagnostic::new(
                "W0204",
                modifier.span,
                format!(
                    "`{}` says nothing on the final step: each of its events is looked at",
                    modifier.text
                ),
            )
            .help("leave it out");
            self.report(problem);
        }
        Some(pick)
    }

    /// The conditions of a step, split at their outermost `and`s.
    fn step_conditions(
        &mut self,
        written: &WrittenStep<'_>,
        place: usize,
        in_hand: &mut RuleInHand<'_>,
    ) -> Option<Vec<Expr>> {
        let Some(condition) = &written.step.condition else {
            return Some(Vec::new());
        };
        let schema = in_hand.steps.get(place).and_then(|step| step.schema);
        let scope = Scope::Events(Events {
            steps: &in_hand.steps,
            visible: 0..place + 1,
            own: Some(Own {
                step: place,
                schema,
            }),
            keys: &[],
            place: Place::Condition,
        });
        let conditions = split(self.root_condition(condition, &scope)?);
        self.warn_of_conflicts_between(&in_hand.conditions, &conditions);
        // What must not be there says nothing of what is there.
        if written.kind != StepKind::Absent {
            in_hand.conditions.extend(conditions.iter().cloned());
        }
        Some(conditions)
    }

    fn emit(&mut self, entries: &[ast::EmitEntry], in_hand: &RuleInHand<'_>) -> Vec<Emit> {
        let scope = in_hand.scope();
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut emitted = Vec::with_capacity(entries.len());
        for entry in entries {
            let name = &entry.name;
            if let Some(first) = seen.insert(&name.text, name.span) {
                let problem = Diagnostic::new(
                    "E0505",
                    name.span,
                    format!("`{}` stands twice in this `emit`", name.text),
                )
                .also(first, "the first one");
                self.report(problem);
            }
            let value = match &entry.value {
                Some(value) => self.expr(value, &scope),
                None => {
                    let bare = ast::Expr {
                        kind: ast::ExprKind::Name(name.text.clone()),
                        span: name.span,
                    };
                    self.expr(&bare, &scope)
                }
            };
            emitted.extend(value.map(|value| Emit {
                name: name.text.clone(),
                value,
            }));
        }
        emitted
    }
}

/// The parts of an `and`, or the one condition.
pub(super) fn split(condition: Expr) -> Vec<Expr> {
    match condition.kind {
        ExprKind::And(parts) => parts,
        _ => vec![condition],
    }
}

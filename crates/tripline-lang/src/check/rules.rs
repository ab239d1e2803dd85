//! Rules: their steps with their conditions, and what a detection carries.

use std::collections::HashMap;

use crate::ast;
use crate::checked::{Emit, Expr, ExprKind, Form, Key, Pick, Rule, Sequence, Step};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::names::Kind;
use super::scope::{Events, KeyName, Own, Scope, StepNames};
use super::{Checker, did_you_mean, sections};

const MODIFIERS: [&str; 3] = ["any", "last", "every"];

/// A rule as far as it was checked, for the exclusions that apply to it.
pub(super) struct RuleInHand<'r> {
    pub(super) ast: &'r ast::Rule,
    /// `None` where the rule is in error.
    pub(super) checked: Option<Rule>,
    pub(super) steps: Vec<StepNames>,
    pub(super) key_names: Vec<KeyName>,
    pub(super) keys: Vec<Key>,
    /// All conditions of all steps.
    pub(super) conditions: Vec<Expr>,
}

impl RuleInHand<'_> {
    /// What `emit` and exclusions may name.
    pub(super) fn scope(&self) -> Scope<'_> {
        let own = match self.steps.as_slice() {
            [only] => Some(Own {
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
    /// Checks every rule and every exclusion, in the order of the files.
    pub(super) fn all_rules(&mut self, files: &[ast::File]) -> Vec<Rule> {
        let mut ids = HashMap::new();
        let mut rules = Vec::new();
        for item in files.iter().flat_map(|file| &file.items) {
            if let ast::Item::Rule(rule) = item {
                let in_hand = self.rule(rule, &mut ids);
                rules.push(in_hand);
            }
        }
        self.all_exclusions(files, &mut rules);
        rules.into_iter().filter_map(|rule| rule.checked).collect()
    }

    fn rule<'r>(&mut self, rule: &'r ast::Rule, ids: &mut super::meta::Ids) -> RuleInHand<'r> {
        let sections = self.sections(rule);
        let meta = self.meta(rule, sections.meta, ids);
        let written = sections.form.map_or(&[][..], sections::Form::steps);
        if !self.is_damaged(rule.span) {
            self.check_number_of_steps(sections.form);
        }
        let steps = self.step_names(written);
        let mut in_hand = RuleInHand {
            ast: rule,
            checked: None,
            steps,
            key_names: Vec::new(),
            keys: Vec::new(),
            conditions: Vec::new(),
        };
        let mut within = None;
        if let Some(sections::Form::Sequence(sequence)) = sections.form {
            within = self.window(&sequence.within);
            (in_hand.key_names, in_hand.keys) = self.keys(sequence, &in_hand.steps);
        }
        let mut checked_steps = Vec::with_capacity(written.len());
        for (place, step) in written.iter().enumerate() {
            let last = place + 1 == written.len();
            let pick = self.pick(step, last);
            let conditions = self.step_conditions(step, place, &mut in_hand);
            if let (Some(schema), Some(pick), Some(conditions)) = (
                in_hand.steps.get(place).and_then(|step| step.schema),
                pick,
                conditions,
            ) {
                checked_steps.push(Step {
                    name: step.name.text.clone(),
                    schema,
                    pick,
                    conditions,
                });
            }
        }
        let schemas = in_hand.schemas();
        let conditions: Vec<&Expr> = in_hand.conditions.iter().collect();
        self.warn_of_unsure(&[], &conditions, &in_hand.sure(), &schemas);
        let emit = self.emit(sections.emit.unwrap_or_default(), &in_hand);
        let form = match sections.form {
            Some(sections::Form::Match { .. }) => checked_steps.pop().map(Form::Match),
            Some(sections::Form::Sequence(_)) => within.map(|within| {
                Form::Sequence(Sequence {
                    keys: in_hand.keys.clone(),
                    within,
                    steps: checked_steps,
                })
            }),
            None => None,
        };
        in_hand.checked = form.map(|form| Rule {
            name: rule.name.text.clone(),
            meta,
            form,
            emit,
            exclusions: Vec::new(),
            span: rule.span,
        });
        in_hand
    }

    fn check_number_of_steps(&mut self, form: Option<sections::Form<'_>>) {
        let problem = match form {
            Some(sections::Form::Match { steps, span }) => match steps {
                [_] => return,
                [] => Diagnostic::new("E0502", span, "this `match` has no step")
                    .help("write `match { e = schema where … }`"),
                [_, second, ..] => Diagnostic::new(
                    "E0502",
                    second.name.span,
                    "a `match` looks at one event, so it has one step",
                )
                .help("steps that follow one another are a `sequence by key within 10m { … }`"),
            },
            Some(sections::Form::Sequence(sequence)) => match sequence.steps.as_slice() {
                [_, _, ..] => return,
                [only] => Diagnostic::new(
                    "E0503",
                    only.name.span,
                    "a `sequence` has at least two steps",
                )
                .help("a rule about one event is a `match { e = schema where … }`"),
                [] => Diagnostic::new("E0503", sequence.span, "this `sequence` has no steps")
                    .help("write at least two: `name = schema where …`"),
            },
            None => return,
        };
        self.report(problem);
    }

    fn step_names(&mut self, written: &[ast::Step]) -> Vec<StepNames> {
        let mut steps: Vec<StepNames> = Vec::with_capacity(written.len());
        for step in written {
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
                .filter(|other| matches!(other.kind, Kind::List | Kind::Let))
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
            });
        }
        steps
    }

    fn pick(&mut self, step: &ast::Step, last: bool) -> Option<Pick> {
        let Some(modifier) = &step.modifier else {
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
        step: &ast::Step,
        place: usize,
        in_hand: &mut RuleInHand<'_>,
    ) -> Option<Vec<Expr>> {
        let Some(condition) = &step.condition else {
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
        });
        let conditions = split(self.root_condition(condition, &scope)?);
        self.warn_of_conflicts_between(&in_hand.conditions, &conditions);
        in_hand.conditions.extend(conditions.iter().cloned());
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

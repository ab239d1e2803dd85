//! What a test expects: how many detections or suppressed matches of which rules, by which exclusions,
//! with which values.

use crate::ast::{self, Count};
use crate::checked::Rule;
use crate::checked::test::{Counted, Expectation, Place, Wanted};
use crate::diagnostic::Diagnostic;
use crate::types::Type;
use crate::value::Value;

use super::super::rules::RuleInHand;
use super::super::scope::StepKind;
use super::super::{Checker, did_you_mean, listed};

impl Checker<'_> {
    /// Checks one expectation of a test for these rules; `None` where it is in error.
    pub(super) fn expectation(
        &mut self,
        expected: &ast::Expectation,
        tested: &[usize],
        rules: &[RuleInHand<'_>],
    ) -> Option<Expectation> {
        let count = self.count(expected);
        if !self.is_one_thing(expected) {
            return None;
        }
        let about = self.about(expected, tested, rules)?;
        if !expected.by.is_empty() {
            self.expected_exclusions(expected, &about, rules)?;
        }
        let mut of = Vec::new();
        let mut sound = true;
        for rule in about {
            let in_hand = rules.get(rule)?;
            let Some(checked) = &in_hand.checked else {
                // The rule is in error, and that is told.
                sound = false;
                continue;
            };
            let values = self.wanted_values(&expected.values, in_hand, checked);
            sound &= values.is_some();
            let known = |name: &ast::Quoted| {
                let mut exclusions = checked.exclusions.iter();
                exclusions.any(|exclusion| exclusion.name == name.text)
            };
            // An exclusion of another rule suppresses nothing of this one.
            if expected.by.iter().all(known) {
                of.push(Counted {
                    rule,
                    by: expected.by.iter().map(|name| name.text.clone()).collect(),
                    values: values.unwrap_or_default(),
                });
            }
        }
        sound.then_some(Expectation {
            count: count?,
            at_least: matches!(expected.count, Count::AtLeast(..)),
            excluded: expected.excluded,
            of,
            span: expected.span,
        })
    }

    fn count(&mut self, expected: &ast::Expectation) -> Option<usize> {
        let (digits, span) = match &expected.count {
            Count::None => return Some(0),
            Count::Exactly(digits, span) | Count::AtLeast(digits, span) => (digits, *span),
        };
        let at_least = matches!(expected.count, Count::AtLeast(..));
        let (message, help) = match digits.parse::<usize>() {
            Ok(0) if at_least => (
                "`at least 0` always holds".to_owned(),
                "say how many there must be: `at least 1`",
            ),
            Ok(count) => return Some(count),
            Err(_) => (
                format!("{digits} is no number of detections"),
                "write a whole number",
            ),
        };
        let problem = Diagnostic::new("E0606", span, message).help(help);
        self.report(problem);
        None
    }

    /// Whether detections or suppressed matches are counted, and not both at once.
    fn is_one_thing(&mut self, expected: &ast::Expectation) -> bool {
        let quoted = |names: &[ast::Quoted]| {
            let names: Vec<String> = names
                .iter()
                .map(|name| format!("\"{}\"", name.text))
                .collect();
            match names.is_empty() {
                true => String::new(),
                false => format!(" by {}", names.join(", ")),
            }
        };
        let problem = match expected.by.first() {
            Some(first) if !expected.excluded => Diagnostic::new(
                "E0606",
                first.span,
                "exclusions suppress matches, they do not give detections",
            )
            .help(format!(
                "count the suppressed matches: `expect 1 excluded{0}`, or `expect no detections excluded{0}`",
                quoted(&expected.by)
            )),
            _ => return true,
        };
        self.report(problem);
        false
    }

    /// The rules that an expectation is about.
    fn about(
        &mut self,
        expected: &ast::Expectation,
        tested: &[usize],
        rules: &[RuleInHand<'_>],
    ) -> Option<Vec<usize>> {
        let Some(name) = &expected.of else {
            return Some(tested.to_vec());
        };
        let rule = self.rule_named(name)?;
        if !tested.contains(&rule) {
            let of: Vec<&str> = tested
                .iter()
                .filter_map(|rule| Some(rules.get(*rule)?.ast.name.text.as_str()))
                .collect();
            let problem = Diagnostic::new(
                "E0607",
                name.span,
                format!("this test is not for the rule `{}`", name.text),
            )
            .help(format!(
                "name it after `for` too; the test is for {}",
                listed(of)
            ));
            self.report(problem);
            return None;
        }
        Some(vec![rule])
    }

    /// Reports exclusions that none of the rules has.
    fn expected_exclusions(
        &mut self,
        expected: &ast::Expectation,
        about: &[usize],
        rules: &[RuleInHand<'_>],
    ) -> Option<()> {
        let of: Vec<&Rule> = about
            .iter()
            .filter_map(|rule| rules.get(*rule)?.checked.as_ref())
            .collect();
        // What a rule in error has is not known.
        if of.len() < about.len() {
            return None;
        }
        let names = || {
            of.iter()
                .flat_map(|rule| &rule.exclusions)
                .map(|exclusion| exclusion.name.as_str())
        };
        let mut sound = true;
        for name in &expected.by {
            if names().any(|known| known == name.text) {
                continue;
            }
            sound = false;
            let rule = listed(of.iter().map(|rule| rule.name.as_str()));
            let help = did_you_mean(&name.text, names()).unwrap_or_else(|| {
                let mut known: Vec<&str> = Vec::new();
                for name in names() {
                    if !known.contains(&name) {
                        known.push(name);
                    }
                }
                match known.is_empty() {
                    true => format!("{rule} has no exclusions"),
                    false => format!("its exclusions are {}", listed(known)),
                }
            });
            let problem = Diagnostic::new(
                "E0608",
                name.span,
                format!("{rule} has no exclusion \"{}\"", name.text),
            )
            .help(help);
            self.report(problem);
        }
        sound.then_some(())
    }

    fn wanted_values(
        &mut self,
        values: &[ast::Given],
        in_hand: &RuleInHand<'_>,
        rule: &Rule,
    ) -> Option<Vec<Wanted>> {
        let mut wanted: Vec<Wanted> = Vec::with_capacity(values.len());
        let mut sound = true;
        for value in values {
            let found = self.wanted_value(value, in_hand, rule);
            if let Some(found) = &found
                && let Some(first) = wanted.iter().find(|first| first.name == found.name)
            {
                let first = first.span;
                self.twice(value.name.span, format!("`{}`", found.name), Some(first));
            }
            sound &= found.is_some();
            wanted.extend(found);
        }
        sound.then_some(wanted)
    }

    fn wanted_value(
        &mut self,
        given: &ast::Given,
        in_hand: &RuleInHand<'_>,
        rule: &Rule,
    ) -> Option<Wanted> {
        let (place, ty) = match &given.member {
            Some(field) => self.wanted_field(&given.name, field, in_hand)?,
            None => self.wanted_name(&given.name, in_hand, rule)?,
        };
        let name = match &given.member {
            Some(field) => format!("{}.{}", given.name.text, field.text),
            None => given.name.text.clone(),
        };
        // A raw value is compared as what it is compared with.
        let (ty, value) = match &given.value {
            ast::GivenValue::Expr(value)
                if ty == Type::Json && !matches!(value.kind, ast::ExprKind::List(_)) =>
            {
                let scope = super::super::scope::Scope::Constant("a value of a test");
                let checked = self.expr(value, &scope)?;
                match checked.ty.clone() {
                    Type::Missing => (Type::Json, Value::Missing),
                    ty => {
                        let value = self.constant_of(value, &ty)?;
                        (ty, value)
                    }
                }
            }
            value => {
                let value =
                    self.value_of(value, &ty, (in_hand.ast.name.span, "what the rule gives"))?;
                (ty, value)
            }
        };
        Some(Wanted {
            name,
            place,
            ty,
            value,
            span: given.name.span,
        })
    }

    /// `step.field`
    fn wanted_field(
        &mut self,
        name: &ast::Name,
        field: &ast::Name,
        in_hand: &RuleInHand<'_>,
    ) -> Option<(Place, Type)> {
        let rule = &in_hand.ast.name.text;
        let found = in_hand.steps.iter().position(|step| step.name == name.text);
        let Some(step) = found else {
            let names = || in_hand.steps.iter().map(|step| step.name.as_str());
            let help = did_you_mean(&name.text, names())
                .unwrap_or_else(|| format!("its steps are {}", listed(names())));
            let problem = Diagnostic::new(
                "E0205",
                name.span,
                format!("the rule `{rule}` has no step `{}`", name.text),
            )
            .help(help);
            self.report(problem);
            return None;
        };
        let named = in_hand.steps.get(step)?;
        if named.kind == StepKind::Absent {
            let problem = Diagnostic::new(
                "E0522",
                name.span,
                format!(
                    "no event stands for the step `{}`: it must be absent",
                    name.text
                ),
            )
            .also(named.span, "the step")
            .help("name a step that is there");
            self.report(problem);
            return None;
        }
        let schema = self.schemas.get(named.schema?)?;
        let Some((index, known)) = schema.find(&field.text) else {
            let names = || schema.fields.iter().map(|field| field.name.as_str());
            let help = did_you_mean(&field.text, names())
                .unwrap_or_else(|| format!("its fields are {}", listed(names())));
            let problem = Diagnostic::new(
                "E0203",
                field.span,
                format!("the schema `{}` has no field `{}`", schema.name, field.text),
            )
            .help(help);
            self.report(problem);
            return None;
        };
        Some((Place::Field { step, field: index }, known.ty.clone()?))
    }

    /// What the rule emits, or a part of its key.
    fn wanted_name(
        &mut self,
        name: &ast::Name,
        in_hand: &RuleInHand<'_>,
        rule: &Rule,
    ) -> Option<(Place, Type)> {
        let mut emitted = rule.emit.iter().enumerate();
        if let Some((at, emit)) = emitted.find(|(_, emit)| emit.name == name.text) {
            return Some((Place::Emitted(at), emit.value.ty.clone()));
        }
        let keys = &rule.form.keys;
        let mut parts = keys.iter().enumerate();
        if let Some((at, key)) = parts.find(|(_, key)| key.name == name.text) {
            let ty = key.per_step.first()?.ty.clone();
            return Some((Place::Key(at), ty));
        }
        let mut names: Vec<&str> = Vec::new();
        let emit = rule.emit.iter().map(|emit| emit.name.as_str());
        for known in emit.chain(keys.iter().map(|key| key.name.as_str())) {
            if !names.contains(&known) {
                names.push(known);
            }
        }
        let bound = in_hand.steps.iter();
        let bound = bound.filter(|step| step.kind != StepKind::Absent);
        let of_steps = bound.filter(|step| {
            let schema = step.schema.and_then(|schema| self.schemas.get(schema));
            schema.is_some_and(|schema| schema.find(&name.text).is_some())
        });
        let fields: Vec<String> = of_steps
            .map(|step| format!("`{}.{}`", step.name, name.text))
            .collect();
        let help = if !fields.is_empty() {
            format!(
                "a field of a step is named with it: {}",
                fields.join(" or ")
            )
        } else if let Some(near) = did_you_mean(&name.text, names.iter().copied()) {
            near
        } else if names.is_empty() {
            "it emits nothing: name a field of a step, such as `step.field`".to_owned()
        } else {
            format!("it gives {}, and the fields of its steps", listed(names))
        };
        let problem = Diagnostic::new(
            "E0609",
            name.span,
            format!(
                "the detections of `{}` have no value `{}`",
                rule.name, name.text
            ),
        )
        .help(help);
        self.report(problem);
        None
    }
}

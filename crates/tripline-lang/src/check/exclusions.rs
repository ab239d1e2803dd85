//! Exclusions: the rules they apply to, their clauses, and whether they can hold at all.

use chrono::{Days, NaiveDate};

use crate::ast;
use crate::checked::{Exclusion, Expr, ExprKind, Key};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::value::convert;

use super::rules::{RuleInHand, split};
use super::{Checker, did_you_mean, listed};

const CLAUSES: [&str; 4] = ["when", "reason", "owner", "expires"];

/// So many days before an exclusion ends, loading it warns.
const SOON: Days = Days::new(30);

/// The clauses of an exclusion, each found once.
struct Clauses<'r> {
    when: Option<&'r ast::Expr>,
    reason: Option<String>,
    owner: Option<String>,
    expires: Option<NaiveDate>,
}

impl Checker<'_> {
    /// Checks every exclusion and adds it to its rules, in the order of the files.
    pub(super) fn all_exclusions(&mut self, files: &[ast::File], rules: &mut [RuleInHand<'_>]) {
        let mut rule_index = 0;
        for item in files.iter().flat_map(|file| &file.items) {
            match item {
                ast::Item::Rule(rule) => {
                    for section in &rule.sections {
                        if let ast::Section::Exclude(exclude) = section {
                            if let Some(first) = exclude.from.first() {
                                let problem = Diagnostic::new("E0511", first.span, "an exclusion inside a rule is about that rule, so it has no `from`")
                                    .help("leave `from` out, or move the exclusion out of the rule");
                                self.report(problem);
                            }
                            self.exclusion(exclude, &[rule_index], rules);
                        }
                    }
                    rule_index += 1;
                }
                ast::Item::Exclude(exclude) => {
                    let from = self.excluded_rules(exclude);
                    self.exclusion(exclude, &from, rules);
                }
                _ => {}
            }
        }
    }

    fn excluded_rules(&mut self, exclude: &ast::Exclude) -> Vec<usize> {
        if exclude.from.is_empty() {
            let problem = Diagnostic::new(
                "E0511",
                exclude.name.span,
                format!(
                    "the exclusion \"{}\" does not say from which rule",
                    exclude.name.text
                ),
            )
            .help(format!(
                "write `exclude \"{}\" from rule_name {{ … }}`",
                exclude.name.text
            ));
            self.report(problem);
        }
        let mut from: Vec<usize> = Vec::new();
        for name in &exclude.from {
            let Some(rule) = self.rule_named(name) else {
                continue;
            };
            if from.contains(&rule) {
                let problem = Diagnostic::new(
                    "E0505",
                    name.span,
                    format!("the rule `{}` stands twice here", name.text),
                );
                self.report(problem);
            } else {
                from.push(rule);
            }
        }
        from
    }

    fn exclusion(&mut self, exclude: &ast::Exclude, from: &[usize], rules: &mut [RuleInHand<'_>]) {
        let clauses = self.clauses(exclude);
        let Some(when) = clauses.when else { return };
        for index in from {
            let Some(rule) = rules.get_mut(*index) else {
                continue;
            };
            self.aggregates = std::mem::take(&mut rule.aggregates);
            let when = self.root_condition(when, &rule.scope());
            rule.aggregates = std::mem::take(&mut self.aggregates);
            let Some(when) = when else { continue };
            let conditions = split(when.clone());
            self.warn_of_idle(exclude, &conditions, rule);
            let given: Vec<&Expr> = rule.conditions.iter().collect();
            let looked: Vec<&Expr> = conditions.iter().collect();
            self.warn_of_unsure(&given, &looked, &rule.sure(), &rule.schemas());
            let Some(checked) = &mut rule.checked else {
                continue;
            };
            if let Some(first) = checked
                .exclusions
                .iter()
                .find(|first| first.name == exclude.name.text)
            {
                let problem = Diagnostic::new(
                    "E0505",
                    exclude.name.span,
                    format!(
                        "the rule `{}` has two exclusions of the name \"{}\"",
                        checked.name, first.name
                    ),
                )
                .also(first.span, "the first one")
                .help("each is counted by its name: choose another one");
                self.report(problem);
                continue;
            }
            checked.exclusions.push(Exclusion {
                name: exclude.name.text.clone(),
                when,
                reason: clauses.reason.clone(),
                owner: clauses.owner.clone(),
                expires: clauses.expires,
                span: exclude.name.span,
            });
        }
    }

    fn clauses<'r>(&mut self, exclude: &'r ast::Exclude) -> Clauses<'r> {
        let mut clauses = Clauses {
            when: None,
            reason: None,
            owner: None,
            expires: None,
        };
        let mut seen: Vec<(&str, Span)> = Vec::new();
        let mut misspelt = false;
        for clause in &exclude.clauses {
            let word = clause.word.text.as_str();
            if !CLAUSES.contains(&word) {
                misspelt = true;
                let help = did_you_mean(word, CLAUSES)
                    .unwrap_or_else(|| format!("its clauses are {}", listed(CLAUSES)));
                let problem = Diagnostic::new(
                    "E0215",
                    clause.word.span,
                    format!("an exclusion has no clause `{word}`"),
                )
                .help(help);
                self.report(problem);
                continue;
            }
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == word) {
                let mut problem = Diagnostic::new(
                    "E0512",
                    clause.word.span,
                    format!("this exclusion has a second `{word}`"),
                )
                .also(*first, "the first one");
                if word == "when" {
                    problem = problem.help("join the conditions with `or` or `and`");
                }
                self.report(problem);
                continue;
            }
            seen.push((word, clause.word.span));
            match word {
                "when" => clauses.when = Some(&clause.value),
                "reason" => clauses.reason = self.clause_text(clause),
                "owner" => clauses.owner = self.clause_text(clause),
                _ => clauses.expires = self.expires(exclude, clause),
            }
        }
        // A clause of another name may be the one that is missed.
        if !misspelt
            && !seen.iter().any(|(word, _)| *word == "when")
            && !self.is_damaged(exclude.span)
        {
            let problem = Diagnostic::new(
                "E0512",
                exclude.name.span,
                format!(
                    "the exclusion \"{}\" does not say when it applies",
                    exclude.name.text
                ),
            )
            .help("add `when` and a condition");
            self.report(problem);
        }
        clauses
    }

    fn clause_text(&mut self, clause: &ast::Clause) -> Option<String> {
        match &clause.value.kind {
            ast::ExprKind::Text(text) => Some(text.clone()),
            _ => {
                let written = self.source_text(clause.value.span);
                let problem = Diagnostic::new(
                    "E0513",
                    clause.value.span,
                    format!("`{}` is a text", clause.word.text),
                )
                .help(format!("put it in quotes: `\"{written}\"`"));
                self.report(problem);
                None
            }
        }
    }

    fn expires(&mut self, exclude: &ast::Exclude, clause: &ast::Clause) -> Option<NaiveDate> {
        let span = clause.value.span;
        let (ast::ExprKind::Date(text) | ast::ExprKind::Text(text)) = &clause.value.kind else {
            let problem = Diagnostic::new("E0513", span, "`expires` is a date")
                .help("write for example `expires 2027-06-30`");
            self.report(problem);
            return None;
        };
        let Some(date) = convert::date(text) else {
            let problem = Diagnostic::new("E0513", span, format!("`{text}` is no date of the calendar"))
                .help("write the last day on which the exclusion applies, without a time: `expires 2027-06-30`");
            self.report(problem);
            return None;
        };
        let name = &exclude.name.text;
        if self.today > date {
            let problem = Diagnostic::new(
                "W0301",
                span,
                format!("the exclusion \"{name}\" expired on {date} and no longer applies"),
            )
            .help("remove it, or give it a later date if its reason still holds");
            self.report(problem);
        } else if self
            .today
            .checked_add_days(SOON)
            .is_none_or(|soon| soon >= date)
        {
            let left = (date - self.today).num_days();
            let left = match left {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                days => format!("in {days} days"),
            };
            let problem = Diagnostic::new(
                "W0302",
                span,
                format!("the exclusion \"{name}\" expires {left}, on {date}"),
            )
            .help("give it a later date if its reason still holds then");
            self.report(problem);
        }
        Some(date)
    }

    /// Warns where an exclusion can never hold in a match of its rule.
    fn warn_of_idle(&mut self, exclude: &ast::Exclude, when: &[Expr], rule: &RuleInHand<'_>) {
        // A part of the key is the value of each step's side.
        for step in 0..rule.steps.len().max(1) {
            let when: Vec<Expr> = when
                .iter()
                .map(|condition| without_keys(condition, &rule.keys, step))
                .collect();
            let Some((of_rule, of_exclusion)) = self.conflict_between(&rule.conditions, &when)
            else {
                continue;
            };
            let problem = Diagnostic::new(
                "W0303",
                of_exclusion.span,
                format!(
                    "the exclusion \"{}\" can never hold: the rule `{}` says the opposite",
                    exclude.name.text, rule.ast.name.text
                ),
            )
            .also(of_rule.span, "when this holds")
            .label("this does not")
            .help("correct the condition, or remove the exclusion");
            self.report(problem);
            return;
        }
    }
}

/// The expression with each part of the key replaced by its side for one step.
fn without_keys(expr: &Expr, keys: &[Key], step: usize) -> Expr {
    if let ExprKind::Key(part) = expr.kind
        && let Some(side) = keys.get(part).and_then(|key| key.per_step.get(step))
    {
        return Expr {
            span: expr.span,
            ..side.clone()
        };
    }
    let mut copy = expr.clone();
    for operand in copy.operands_mut() {
        *operand = without_keys(operand, keys, step);
    }
    copy
}

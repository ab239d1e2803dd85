//! Rule sets in memory and what the checker says of them.

mod elsewhere;
mod exclusions;
mod forms;
mod functions;
mod hostile;
mod keys;
mod lists;
mod names;
mod renderings;
mod rules;
mod tests_of_rules;
mod thresholds;
mod types;
mod typos;
mod unsure;

use chrono::NaiveDate;

use super::{Checking, check};
use crate::checked::{Checked, Expr, ExprKind};
use crate::diagnostic::render;
use crate::source::SourceSet;

/// The schema that the tests' rules are about.
pub(super) const SCHEMA: &str = r#"
schema signin {
  accept .category in ["SignInLogs", "NonInteractiveUserSignInLogs"]
  time        : timestamp = .properties.createdDateTime ?? .time
  id          : string    = .properties.id
  user        : string    = lower(.properties.userPrincipalName)
  ip          : ip        = .properties.ipAddress
  asn         : int       = .properties.autonomousSystemNumber
  result      : int       = .resultType
  risk        : float     = .properties.risk
  app_id      : string    = .properties.appId
  user_agent  : string    = .properties.userAgent
  roles       : [string]  = .properties.roles[*]
  details     : json      = .properties.deviceDetail
  interactive : bool      = .category == "SignInLogs"
  seen        : timestamp = .properties.seen
}
"#;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Checks rules beside the schema. Further files follow as path and text.
fn check_all(rules: &str, files: &[(&str, &str)]) -> (SourceSet, Checking) {
    let files = files
        .iter()
        .copied()
        .chain([("a-schema.trip", SCHEMA), ("rules.trip", rules)]);
    let mut sources = SourceSet::from_texts(files);
    let checking = check(&mut sources, day("2027-06-01"));
    (sources, checking)
}

/// What is said of rules, one line each, without the warning about ids.
fn said(rules: &str) -> Vec<String> {
    said_of(rules, &[])
}

pub(super) fn said_of(rules: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (sources, checking) = check_all(rules, files);
    let lines = render::short(&checking.diagnostics, &sources);
    lines
        .lines()
        .filter(|line| !line.contains("W0401"))
        .map(str::to_owned)
        .collect()
}

/// What is said of one condition.
fn said_of_condition(condition: &str) -> Vec<String> {
    said(&format!(
        "rule r {{ match {{ e = signin where {condition} }} }}"
    ))
}

/// Asserts that exactly one thing is said, and that it holds these texts.
#[track_caller]
pub(super) fn one(said: &[String], texts: &[&str]) {
    assert_eq!(said.len(), 1, "{said:#?}");
    for text in texts {
        assert!(said[0].contains(text), "{text:?} is not in {:?}", said[0]);
    }
}

/// A rule set without errors, checked.
#[track_caller]
fn sound(rules: &str) -> Checked {
    let (sources, checking) = check_all(rules, &[]);
    checking
        .checked
        .unwrap_or_else(|| panic!("{}", render::short(&checking.diagnostics, &sources)))
}

/// The conditions of a rule with one step.
fn conditions(condition: &str) -> Vec<Expr> {
    let mut checked = sound(&format!(
        "rule r {{ match {{ e = signin where {condition} }} }}"
    ));
    let rule = checked.rules.remove(0);
    rule.form.steps[0].conditions.clone()
}

/// The kind of the only condition.
fn kind(condition: &str) -> ExprKind {
    let mut conditions = conditions(condition);
    assert_eq!(conditions.len(), 1);
    conditions.remove(0).kind
}

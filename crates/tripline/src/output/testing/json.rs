//! The outcome of tests for programs: one object a test, then one for each rule and exclusion if what
//! tests show of them was asked for.

use serde::Serialize;
use tripline_engine::lang::value::convert::Rfc3339;

use super::Report;
use crate::testing::Outcome;

/// A test.
#[derive(Serialize)]
struct Test<'r> {
    test: &'r str,
    rules: &'r [&'r str],
    file: &'r str,
    line: usize,
    passed: bool,
    seconds: f64,
    unmet: Vec<Unmet<'r>>,
    broken: &'r [String],
    arrived: Vec<Arrived<'r>>,
    found: Vec<Found<'r>>,
}

#[derive(Serialize)]
struct Unmet<'r> {
    place: &'r str,
    expected: &'r str,
    got: &'r str,
    near: &'r [String],
}

#[derive(Serialize)]
struct Arrived<'r> {
    number: usize,
    place: &'r str,
    schema: Option<&'r str>,
    time: Option<String>,
    fate: &'r str,
    steps: Vec<Step<'r>>,
}

#[derive(Serialize)]
struct Step<'r> {
    rule: &'r str,
    step: &'r str,
    has_key: bool,
}

#[derive(Serialize)]
struct Found<'r> {
    /// For each step the number of its event.
    bound: serde_json::Map<String, serde_json::Value>,
    detection: &'r serde_json::Value,
}

/// What tests show of a rule or an exclusion.
#[derive(Serialize)]
struct Coverage<'r> {
    rule: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclusion: Option<&'r str>,
    fires: bool,
    stays_silent: bool,
}

/// Each object on a line.
pub(crate) fn report(report: &Report<'_>) -> String {
    let mut out = String::new();
    for outcome in report.outcomes {
        line(&mut out, &test(outcome));
    }
    for shown in report.coverage.unwrap_or_default() {
        line(
            &mut out,
            &Coverage {
                rule: shown.rule,
                exclusion: shown.exclusion,
                fires: shown.fires,
                stays_silent: shown.stays_silent,
            },
        );
    }
    out
}

fn line(out: &mut String, object: &impl Serialize) {
    // Every part of it is text, a number or JSON already.
    out.push_str(&serde_json::to_string(object).unwrap_or_default());
    out.push('\n');
}

fn test<'r>(outcome: &'r Outcome<'_>) -> Test<'r> {
    let arrived = outcome.arrived.iter().enumerate();
    Test {
        test: &outcome.test.name,
        rules: &outcome.rules,
        file: outcome.file,
        line: outcome.line,
        passed: outcome.passed(),
        seconds: outcome.took.as_secs_f64(),
        unmet: outcome
            .unmet
            .iter()
            .map(|unmet| Unmet {
                place: &unmet.place,
                expected: &unmet.expected,
                got: &unmet.got,
                near: &unmet.near,
            })
            .collect(),
        broken: &outcome.broken,
        arrived: arrived
            .map(|(index, event)| Arrived {
                number: index + 1,
                place: &event.place,
                schema: event.schema.as_deref(),
                time: event.time.map(|time| Rfc3339(time).to_string()),
                fate: event.fate,
                steps: event
                    .steps
                    .iter()
                    .map(|(rule, step, has_key)| Step {
                        rule,
                        step,
                        has_key: *has_key,
                    })
                    .collect(),
            })
            .collect(),
        found: outcome
            .found
            .iter()
            .map(|found| Found {
                bound: found
                    .events
                    .iter()
                    .map(|(step, origin)| (step.clone(), origin.map(|at| at + 1).into()))
                    .collect(),
                detection: &found.json,
            })
            .collect(),
    }
}

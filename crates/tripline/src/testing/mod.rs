//! Runs the tests that stand beside rules: each with an engine of its own, over what arrives in it, and
//! says how each expectation fared. Called by `commands::test`; `output::testing` writes what is said
//! here, [`coverage`] says what no test shows.
//!
//! INVARIANT: the outcome of a test depends on the rule set, the files it names and the day alone.

pub(crate) mod coverage;
mod expected;
mod run;

use std::time::{Duration, Instant};

use chrono::NaiveDate;
use tripline_engine::lang::checked::Checked;
use tripline_engine::lang::checked::test::Test;
use tripline_engine::lang::source::SourceSet;
use tripline_engine::{EventFields, RuleSet};

pub(crate) use expected::{Found, Unmet};

/// What came of one test.
pub(crate) struct Outcome<'t> {
    /// The test.
    pub(crate) test: &'t Test,
    /// The rule file that it is in.
    pub(crate) file: &'t str,
    /// The line of that file.
    pub(crate) line: usize,
    /// The rules it is for, by name.
    pub(crate) rules: Vec<&'t str>,
    /// What was expected and did not come, in the order written.
    pub(crate) unmet: Vec<Unmet>,
    /// Why it could not be run as it is written.
    pub(crate) broken: Vec<String>,
    /// What arrived, in order.
    pub(crate) arrived: Vec<Arrived>,
    /// The detections and suppressed matches of its rules, as they were given.
    pub(crate) found: Vec<Found>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// An event or record that arrived.
pub(crate) struct Arrived {
    /// Where it is written: file and line.
    pub(crate) place: String,
    /// The schema of an event that is given; a record may be an event of several.
    pub(crate) schema: Option<String>,
    /// When it happened, nanoseconds since 1970; none for a record that is no event.
    pub(crate) time: Option<i64>,
    /// What became of it.
    pub(crate) fate: &'static str,
    /// The steps of the test's rules whose own conditions it satisfies: rule and step by name, and
    /// whether it has the key.
    pub(crate) steps: Vec<(String, String, bool)>,
}

impl Outcome<'_> {
    /// Whether it could be run and everything expected came.
    pub(crate) fn passed(&self) -> bool {
        self.unmet.is_empty() && self.broken.is_empty()
    }
}

/// Runs the tests that `wanted` holds for, in the order of the files. `today` is the day by which
/// exclusions expire where a test does not say.
pub(crate) fn run<'t>(
    sources: &'t SourceSet,
    checked: &'t Checked,
    today: NaiveDate,
    wanted: impl Fn(&Test, &[&str]) -> bool,
) -> Vec<Outcome<'t>> {
    let rules = RuleSet::compile(checked, EventFields::Declared);
    let mut outcomes = Vec::new();
    for test in &checked.tests {
        let names = test
            .rules
            .iter()
            .filter_map(|rule| checked.rules.get(*rule));
        let names: Vec<&str> = names.map(|rule| rule.name.as_str()).collect();
        if !wanted(test, &names) {
            continue;
        }
        let begun = Instant::now();
        let ran = run::run(test, sources, checked, &rules, today);
        let file = sources.get(test.span.file);
        outcomes.push(Outcome {
            test,
            file: file.map_or("", |file| &file.path),
            line: file.map_or(0, |file| file.line_column(test.span.start).0),
            rules: names,
            unmet: ran.unmet,
            broken: ran.broken,
            arrived: ran.arrived,
            found: ran.found,
            took: begun.elapsed(),
        });
    }
    outcomes
}

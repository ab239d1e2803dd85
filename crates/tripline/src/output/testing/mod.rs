//! How the outcome of tests is written: for a person ([`pretty`]), for programs ([`json`]), for the
//! reporters of CI systems ([`junit`]). Called by `commands::test`.

pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod pretty;
mod timeline;

use crate::testing::Outcome;
use crate::testing::coverage::Shown;

/// What is to be written.
pub(crate) struct Report<'r> {
    /// The outcome of each test, in the order of the files.
    pub(crate) outcomes: &'r [Outcome<'r>],
    /// What the tests show of rules and exclusions, if that was looked at.
    pub(crate) coverage: Option<&'r [Shown<'r>]>,
    /// All of it is to be written, not only what is not shown.
    pub(crate) all_coverage: bool,
    /// What is not shown is a failure.
    pub(crate) denied: bool,
}

impl<'r> Report<'r> {
    /// The rules and exclusions that are not shown both ways.
    fn uncovered(&self) -> impl Iterator<Item = &'r Shown<'r>> {
        let coverage = self.coverage.unwrap_or_default().iter();
        coverage.filter(|shown| !shown.is_covered())
    }

    /// Whether the whole is a failure.
    pub(crate) fn failed(&self) -> bool {
        let failed = self.outcomes.iter().any(|outcome| !outcome.passed());
        failed || self.denied && self.uncovered().next().is_some()
    }
}

/// The rule or exclusion, as it is told.
fn about(shown: &Shown<'_>) -> String {
    match shown.exclusion {
        Some(exclusion) => format!("exclusion \"{exclusion}\" of {}", shown.rule),
        None => format!("rule {}", shown.rule),
    }
}

/// What no test shows of a rule or exclusion; nothing where both are shown.
fn lacks(shown: &Shown<'_>) -> Option<&'static str> {
    match (shown.fires, shown.stays_silent, shown.exclusion.is_some()) {
        (true, true, _) => None,
        (false, false, _) => Some("no test that passes shows it"),
        (false, true, false) => Some("no test shows that it detects anything"),
        (true, false, false) => Some("no test shows that it stays silent"),
        (false, true, true) => Some("no test shows that it holds"),
        (true, false, true) => Some("no test shows a match that it does not exclude"),
    }
}

//! What tests show of rules and exclusions: that each can do what it is for, and that it does not always
//! do it. Only tests that pass show anything.

use tripline_engine::lang::checked::Checked;

use super::Outcome;

/// What the tests show of one rule, or of one exclusion of one rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown<'c> {
    /// The rule.
    pub(crate) rule: &'c str,
    /// The exclusion, if it is about one.
    pub(crate) exclusion: Option<&'c str>,
    /// A test has a detection of the rule, or a match that the exclusion suppresses.
    pub(crate) fires: bool,
    /// A test has no match of the rule, excluded or not, or one that the exclusion lets be.
    pub(crate) stays_silent: bool,
}

impl Shown<'_> {
    /// Whether both are shown.
    pub(crate) fn is_covered(&self) -> bool {
        self.fires && self.stays_silent
    }
}

/// What the tests show of every rule and every exclusion, in the order of the files.
pub(crate) fn coverage<'c>(checked: &'c Checked, outcomes: &[Outcome<'_>]) -> Vec<Shown<'c>> {
    let mut shown = Vec::new();
    for (index, rule) in checked.rules.iter().enumerate() {
        let of_rule: Vec<&Outcome<'_>> = outcomes
            .iter()
            .filter(|outcome| outcome.passed() && outcome.test.rules.contains(&index))
            .collect();
        let of_outcome = |outcome: &Outcome<'_>| {
            let of_rule = outcome.found.iter().filter(|found| found.rule == index);
            let all = of_rule.clone().count();
            let detections = of_rule.filter(|found| found.excluded_by.is_empty());
            (all, detections.count())
        };
        let counts: Vec<(usize, usize)> =
            of_rule.iter().map(|outcome| of_outcome(outcome)).collect();
        shown.push(Shown {
            rule: &rule.name,
            exclusion: None,
            fires: counts.iter().any(|(_, detections)| *detections > 0),
            stays_silent: counts.iter().any(|(all, _)| *all == 0),
        });
        for exclusion in &rule.exclusions {
            let matches = of_rule
                .iter()
                .flat_map(|outcome| &outcome.found)
                .filter(|found| found.rule == index);
            let (mut holding, mut others) = (0, 0);
            for found in matches {
                match found.excluded_by.contains(&exclusion.name) {
                    true => holding += 1,
                    false => others += 1,
                }
            }
            shown.push(Shown {
                rule: &rule.name,
                exclusion: Some(&exclusion.name),
                fires: holding > 0,
                stays_silent: others > 0,
            });
        }
    }
    shown
}

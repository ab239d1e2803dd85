//! Rules for a relay from the files of the command line, and again when they were edited.

use chrono::NaiveDate;
use tripline_engine::RuleSet;
use tripline_relay::RuleSource;

use crate::rules::Watched;

/// The watched files of a relay's rules.
pub(super) struct Edited(pub(super) Watched);

impl RuleSource for Edited {
    fn edited(
        &mut self,
        today: NaiveDate,
        in_any_case: bool,
    ) -> Option<Result<(RuleSet, String), String>> {
        let loaded = if in_any_case {
            self.0.again(today)
        } else {
            self.0.edited(today)?
        };
        let Some(checked) = &loaded.checked else {
            return Some(Err(loaded.shown_on_stderr()));
        };
        let (rules, _) = self.0.kept.compile(checked);
        let said = summary(&rules);
        Some(Ok((rules, said)))
    }
}

/// What a rule set is made of.
pub(super) fn summary(rules: &RuleSet) -> String {
    let count = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    };
    let exclusions = rules.rules().iter().map(|rule| rule.exclusions.len()).sum();
    format!(
        "{}, {}, {}, {}",
        count(rules.rules().len(), "rule"),
        count(exclusions, "exclusion"),
        count(rules.filters().count(), "filter"),
        count(rules.schemas().count(), "schema"),
    )
}

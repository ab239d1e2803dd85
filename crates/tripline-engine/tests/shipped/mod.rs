//! The shipped rule as a rule set, the day on which it runs, and a sink that counts what it finds: what
//! benchmarks and tests of the engine's speed and memory share.

use std::hint::black_box;

use chrono::NaiveDate;
use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Detection, EventFields, RuleSet, Sink};

/// The schema of sign-ins and the rule for token replay.
const TEXTS: [(&str, &str); 2] = [
    (
        "schema.trip",
        include_str!("../../../../rules/entra/schema.trip"),
    ),
    (
        "rule.trip",
        include_str!("../../../../rules/entra/aitm-token-replay.trip"),
    ),
];

/// The day of every run.
pub(crate) fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default()
}

/// The rule set of these files, which must check.
pub(crate) fn compiled<'f>(
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
    fields: EventFields,
) -> RuleSet {
    let checking = lang::check(&mut SourceSet::from_texts(files), today());
    match checking.checked {
        Some(checked) => RuleSet::compile(&checked, fields),
        None => panic!("the rules check: {:#?}", checking.diagnostics),
    }
}

/// The shipped rule, and these files beside it.
pub(crate) fn token_replay(fields: EventFields, more: &[(String, String)]) -> RuleSet {
    let more = more
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    compiled(TEXTS.into_iter().chain(more), fields)
}

/// Counts detections.
#[derive(Default)]
pub(crate) struct Count(pub(crate) usize);

impl Sink for Count {
    fn detection(&mut self, detection: Detection<'_>) {
        black_box(&detection);
        self.0 += 1;
    }
}

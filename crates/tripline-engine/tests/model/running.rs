//! What runs the engine for the property tests: rules compiled from their text, and a sink that
//! collects what is given in the terms of the model.

use std::time::Duration;

use proptest::prelude::*;
use tripline_engine::lang;
use tripline_engine::{Detection, Emission, Engine, EventFields, Fate, Options, RuleSet, Sink};

use super::event::{SECOND, START};
use super::matches::Found;
use super::rule::Rule;
use super::text::set_text;

/// What the engine gave, and what became of the records.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Collected {
    pub(crate) given: Vec<Given>,
    pub(crate) fates: Vec<Fate>,
}

/// One detection with its identity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(crate) id: String,
    pub(crate) found: Found,
}

impl Collected {
    /// Identities of what was reported, in order.
    pub(crate) fn reported(&self) -> Vec<String> {
        let reported = self
            .given
            .iter()
            .filter(|one| one.found.excluded_by.is_empty());
        reported.map(|one| one.id.clone()).collect()
    }

    /// The bound events of each match, and whether it was suppressed.
    pub(crate) fn bound(&self) -> Vec<(Vec<usize>, bool)> {
        let bound = self.given.iter().map(|one| {
            let events = one.found.events.iter().map(|(_, id, _)| *id);
            (events.collect(), !one.found.excluded_by.is_empty())
        });
        bound.collect()
    }
}

impl Sink for Collected {
    fn detection(&mut self, detection: Detection<'_>) {
        let json = serde_json::to_value(&detection).unwrap();
        let named = |of: &serde_json::Value| -> Vec<(String, serde_json::Value)> {
            let entries = of.as_object().unwrap().iter();
            entries
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let events = detection.events.iter().map(|event| {
            let id = json["events"][event.step]["id"].as_str().unwrap();
            (event.step.to_owned(), id[1..].parse().unwrap(), event.count)
        });
        let key = detection
            .key
            .iter()
            .map(|(name, _)| ((*name).to_owned(), json["key"][*name].clone()));
        self.given.push(Given {
            id: detection.id.to_string(),
            found: Found {
                rule: detection.rule.name.clone(),
                time: (detection.time - START) / SECOND,
                key: key.collect(),
                events: events.collect(),
                fields: named(&json["fields"]),
                excluded_by: detection
                    .excluded_by
                    .iter()
                    .map(|of| of.name.clone())
                    .collect(),
            },
        });
    }

    fn fate(&mut self, _: usize, fate: Fate) {
        self.fates.push(fate);
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

/// The rules compiled from their text.
pub(crate) fn compiled(rules: &[Rule]) -> RuleSet {
    compile(&set_text(rules), EventFields::Used)
}

/// A whole text of schemas and rules compiled.
pub(crate) fn compile(text: &str, fields: EventFields) -> RuleSet {
    compile_files(&[("r.trip", text)], fields)
}

/// The same with the files that its lists and tables name.
pub(crate) fn compile_files(files: &[(&str, &str)], fields: EventFields) -> RuleSet {
    let mut sources = lang::source::SourceSet::from_texts(files.iter().copied());
    let checking = lang::check(&mut sources, today());
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{files:?}\n{:#?}", checking.diagnostics));
    RuleSet::compile(&checked, fields)
}

pub(crate) fn today() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

/// An engine for the rules, with limits that a case does not reach.
pub(crate) fn engine(rules: &RuleSet, emission: Emission, lateness: u64) -> Engine {
    let options = Options {
        lateness: Duration::from_secs(lateness),
        emission,
        max_events_per_key: 300,
        max_bindings: 100_000_000,
        ..Options::new(today())
    };
    Engine::new(rules.clone(), options)
}

/// So many cases, or as many times that as `PROPTEST_CASES` is times a thousand: one number makes all
/// tests longer in proportion.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let scaled = asked.map_or(u64::from(cases), |asked| u64::from(cases) * asked / 1_000);
    ProptestConfig {
        max_shrink_iters: 10_000,
        failure_persistence: None,
        ..ProptestConfig::with_cases(u32::try_from(scaled.max(1)).unwrap_or(u32::MAX))
    }
}

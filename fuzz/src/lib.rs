//! What the fuzz targets share: rule sets in memory, an engine for them, and a sink that looks at all it
//! is given.

use chrono::NaiveDate;
use tripline_engine::lang::Checking;
use tripline_engine::lang::source::SourceSet;
use tripline_engine::{Detection, Engine, EventFields, Options, RuleSet, Sink};

/// Rules of every form over one schema.
pub const RULES: &str = include_str!("rules.trip");

/// The day of every run.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default()
}

/// Checks files in memory.
pub fn check<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Checking {
    let mut sources = SourceSet::from_texts(files);
    tripline_engine::lang::check(&mut sources, today())
}

/// The compiled [`RULES`].
pub fn rules() -> RuleSet {
    let checking = check([("rules.trip", RULES)]);
    let Some(checked) = checking.checked else {
        panic!("{:#?}", checking.diagnostics)
    };
    RuleSet::compile(&checked, EventFields::Declared)
}

/// An engine with limits that are soon reached.
pub fn engine(rules: &RuleSet) -> Engine {
    let options = Options {
        max_state: 1 << 16,
        max_events_per_key: 8,
        max_bindings: 64,
        ..Options::new(today())
    };
    Engine::new(rules.clone(), options)
}

/// Looks at everything of every detection.
#[derive(Default)]
pub struct Looks(pub usize);

impl Sink for Looks {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0 += format!("{detection:?}").len();
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

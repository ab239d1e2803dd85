//! Conditions that several rules share are tested once: these tests hold what may be shared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may state what it knows"
)]

use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Detection, Engine, EventFields, Options, RuleSet, Sink};

#[derive(Default)]
struct Names(Vec<String>);

impl Sink for Names {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0.push(detection.rule.name.clone());
    }
}

#[test]
fn a_pattern_without_case_is_not_the_same_condition_as_the_pattern_with_case() {
    let text = r#"
        schema s { accept true  time : timestamp = .time  app : string = .app }
        rule exact { match { e = s where app matches /curl/ } }
        rule folded { match { e = s where app matches nocase /curl/ } }
    "#;
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let checking = lang::check(&mut SourceSet::from_texts([("r.trip", text)]), today);
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    let rules = RuleSet::compile(&checked, EventFields::Used);
    let mut engine = Engine::new(rules, Options::new(today));
    let mut names = Names::default();
    let record = br#"{"time": "2026-01-01T00:00:00Z", "app": "CURL/8"}"#;
    engine.push(record, &mut names);
    engine.finish(&mut names);
    assert_eq!(names.0, ["folded"]);
}

//! An empty text that is written in a rule: missing, as one in a record is, but as what `replace` puts in
//! it is meant. The same where a call is computed before the first event and where it is for each.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use serde_json::{Value as Json, json};
use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Detection, Engine, EventFields, Options, RuleSet, Sink};

/// Calls with `text` for a text, and what they give of `abc`.
const CALLS: &[(&str, Option<&str>)] = &[
    (r#"replace(text, "b", "")"#, Some("ac")),
    (r#"replace(text, "x", "")"#, Some("abc")),
    (r#"replace(text, "abc", "")"#, None),
    (r#"replace(replace(text, "a", ""), "b", "")"#, Some("c")),
    (r#"replace(text, "b", missing)"#, None),
    (r#"replace(text, "", "x")"#, None),
    (r#"replace(text, "", "")"#, None),
    (r#"replace("", text, "")"#, None),
    (
        r#"coalesce(split(text, ""), split("none", "/"))[0]"#,
        Some("none"),
    ),
    (r#"lower("") ?? text"#, Some("abc")),
    (r#"upper("") ?? text"#, Some("abc")),
    (r#"trim("") ?? text"#, Some("abc")),
    (r#"local_part("") ?? text"#, Some("abc")),
    (r#"domain("") ?? text"#, Some("abc")),
];

#[derive(Default)]
struct Fields(Vec<Json>);

impl Sink for Fields {
    fn detection(&mut self, detection: Detection<'_>) {
        let whole = serde_json::to_value(&detection).unwrap();
        self.0.push(whole.get("fields").unwrap().clone());
    }
}

/// The fields of the detections of a rule with these lines, for a record whose text is `abc`.
fn found(lines: &str) -> Vec<Json> {
    let text = format!(
        "schema s {{ accept true  time : timestamp = .time  text : string = .text }}
         rule r {{ {lines} }}"
    );
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let checking = lang::check(&mut SourceSet::from_texts([("r.trip", &text)]), today);
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{text}\n{:#?}", checking.diagnostics));
    let rules = RuleSet::compile(&checked, EventFields::Used);
    let mut engine = Engine::new(rules, Options::new(today));
    let mut fields = Fields::default();
    engine.push(
        br#"{"time": "2026-01-01T00:00:00Z", "text": "abc"}"#,
        &mut fields,
    );
    engine.finish(&mut fields);
    fields.0
}

#[test]
fn an_empty_text_in_a_call_means_the_same_before_the_first_event_and_for_each() {
    for (call, gives) in CALLS {
        let known = call.replace("text", "\"abc\"");
        let found = found(&format!(
            "match {{ e = s }} emit {{ early = {known} each = {call} }}"
        ));
        let wanted = match gives {
            Some(text) => json!({"early": text, "each": text}),
            None => json!({}),
        };
        assert_eq!(found, [wanted], "{call}");
    }
}

#[test]
fn a_condition_reads_a_text_that_something_was_taken_out_of() {
    let found = |condition: &str| found(&format!("match {{ e = s where {condition} }}")).len();
    assert_eq!(found(r#"replace(text, "b", "") == "ac""#), 1);
    assert_eq!(found(r#"missing(replace(text, "abc", ""))"#), 1);
    assert_eq!(found(r#"missing(replace(text, "b", ""))"#), 0);
}

//! Any text as a rule file: it is read, checked and laid out without a panic; what is laid out reads the
//! same and is laid out as it is; what checks compiles and runs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::lang;
use tripline_engine::lang::parse::{ast_eq, parse};
use tripline_engine::lang::source::FileId;
use tripline_engine::{EventFields, RuleSet};
use tripline_fuzz::{Looks, check, engine};

const RECORDS: [&str; 3] = [
    r#"{"id":"1","time":"2026-03-01T10:00:00Z","user":"a@x.org","ip":"192.0.2.1","a":1,"interactive":true}"#,
    r#"{"id":"2","time":"2026-03-01T10:01:00Z","user":"a@x.org","ip":"192.0.2.2","a":[{"b":"c"}],"interactive":false}"#,
    r#"{"id":"3","time":"2026-03-01T10:02:00Z","user":"a@x.org","a":{"b":null}}"#,
];

fuzz_target!(|text: &str| {
    if let Ok(formatted) = lang::format(FileId(0), text) {
        assert_eq!(lang::format(FileId(0), &formatted).as_ref(), Ok(&formatted));
        let ((before, _), (after, _)) = (parse(FileId(0), text), parse(FileId(0), &formatted));
        assert!(ast_eq(&before, &after), "{formatted}");
    }
    if let Some(checked) = check([("rules.trip", text)]).checked {
        let rules = RuleSet::compile(&checked, EventFields::Declared);
        let mut engine = engine(&rules);
        let mut sink = Looks::default();
        for record in RECORDS {
            engine.push(record.as_bytes(), &mut sink);
        }
        let snapshot = engine.snapshot();
        engine
            .restore(&snapshot, &mut sink)
            .expect("its own snapshot");
        engine.finish(&mut sink);
    }
});

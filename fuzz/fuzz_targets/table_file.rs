//! Any text as the file of a table, CSV or NDJSON as it begins, with or without `nocase`: it loads or is
//! refused, and what is shown of a refusal has its place; every key that it has finds a row, and its
//! columns are read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::lang::checked::ExprKind;
use tripline_engine::lang::diagnostic::render;
use tripline_engine::lang::source::SourceSet;
use tripline_engine::{EventFields, RuleSet, lang};
use tripline_fuzz::{Looks, engine, today};

const SCHEMA: &str =
    "schema s { accept true  time : timestamp = .time  user : string = .user  ip : ip = .ip }";

/// What is asked of every table.
const RULE: &str = r#"rule r {
  match { e = s where lookup(t, user) != missing or present(lookup(t, ip)) or lookup(t, e.user).k == "a" }
  emit { row = lookup(t, user)  key = lookup(t, "a").k  of_ip = lookup(t, ip) }
}"#;

fuzz_target!(|input: (bool, &str)| {
    let (nocase, text) = input;
    let nocase = if nocase { " nocase" } else { "" };
    let rules = format!("{SCHEMA} table t = file \"t\" key k{nocase} {RULE}");
    let mut sources = SourceSet::from_texts([("rules.trip", rules.as_str()), ("t", text)]);
    let checking = lang::check(&mut sources, today());
    let shown = render::rich(&checking.diagnostics, &sources, false);
    assert!(shown.is_empty() == checking.diagnostics.is_empty());
    let Some(checked) = checking.checked else {
        return;
    };
    for rule in &checked.rules {
        for emit in &rule.emit {
            emit.value.visit(&mut |part| {
                let ExprKind::Lookup { table, .. } = &part.kind else {
                    return;
                };
                for row in 0..u32::try_from(table.len()).unwrap_or(u32::MAX) {
                    let key = format!("{:?}", table.value(row, table.key()));
                    let lang::value::Value::Text(found) = table.value(row, table.key()) else {
                        panic!("a key that is no text: {key}");
                    };
                    assert_eq!(table.row(&found), Some(row), "{key}");
                }
            });
        }
    }
    let mut engine = engine(&RuleSet::compile(&checked, EventFields::Used));
    let mut sink = Looks::default();
    for user in ["a", "A", "é", "1"] {
        let record = format!(
            r#"{{"time":"2026-03-01T10:00:00Z","id":"{user}","user":"{user}","ip":"2001:db8::1"}}"#
        );
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
});

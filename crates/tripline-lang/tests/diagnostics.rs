//! `docs/diagnostics.md` and the registry of codes agree, and each example gives its code.
//!
//! An example is the fenced block of an entry. In a `tripline` block a line `// file: NAME`
//! begins another file; the first is a rule file. It stands beside the schema at the top of the
//! page. A `console` block is about files on disk, and is made here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::fs;

use chrono::NaiveDate;
use tripline_lang::check;
use tripline_lang::diagnostic::codes::CODES;
use tripline_lang::diagnostic::{Diagnostic, render};
use tripline_lang::source::SourceSet;

struct Entry {
    code: String,
    title: String,
    language: String,
    example: String,
}

fn page() -> String {
    fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/diagnostics.md"
    ))
    .unwrap()
}

/// The schema at the top and the entries.
fn read(page: &str) -> (String, Vec<Entry>) {
    let mut parts = page.split("\n## ");
    let (_, schema) = block(parts.next().unwrap()).expect("the page begins with a schema");
    let entries = parts.map(|part| {
        let (heading, body) = part.split_once('\n').unwrap();
        let (code, title) = heading
            .split_once(": ")
            .expect("a heading is `CODE: title`");
        let (language, example) = block(body).unwrap_or_else(|| panic!("{code} has no example"));
        Entry {
            code: code.to_owned(),
            title: title.to_owned(),
            language,
            example,
        }
    });
    (schema, entries.collect())
}

fn block(text: &str) -> Option<(String, String)> {
    let (_, rest) = text.split_once("```")?;
    let (language, rest) = rest.split_once('\n')?;
    let (body, _) = rest.split_once("\n```")?;
    Some((language.to_owned(), format!("{body}\n")))
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 6, 1).unwrap()
}

/// The files of an example beside the schema.
fn files(schema: &str, example: &str) -> Vec<(String, String)> {
    let mut files = vec![
        ("schema.trip".to_owned(), schema.to_owned()),
        ("rules.trip".to_owned(), String::new()),
    ];
    for line in example.lines() {
        match line.strip_prefix("// file: ") {
            Some(name) => files.push((name.to_owned(), String::new())),
            None => {
                let (_, text) = files.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files
}

fn check_example(schema: &str, example: &str) -> (SourceSet, Vec<Diagnostic>) {
    let mut sources = SourceSet::from_texts(files(schema, example));
    let checking = check(&mut sources, today());
    (sources, checking.diagnostics)
}

/// The diagnostics of an example about files on disk.
fn on_disk(code: &str) -> Vec<Diagnostic> {
    let folder = std::env::temp_dir().join(format!(
        "tripline-diagnostics-{}-{code}",
        std::process::id()
    ));
    fs::create_dir_all(&folder).unwrap();
    let (_, problems) = match code {
        "E0001" => SourceSet::read(&[folder.join("no-such-folder")]),
        "E0002" => {
            fs::write(folder.join("latin-1.trip"), b"// caf\xe9").unwrap();
            SourceSet::read(&[&folder])
        }
        "E0003" => SourceSet::read(&[&folder]),
        other => panic!("there is no such example on disk: {other}"),
    };
    fs::remove_dir_all(&folder).unwrap();
    problems
}

#[test]
fn every_code_has_an_entry_and_every_entry_a_code() {
    let page = page();
    let (_, entries) = read(&page);
    let documented: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| (&*entry.code, &*entry.title))
        .collect();
    let declared: Vec<(&str, &str)> = CODES.iter().map(|code| (code.code, code.title)).collect();
    assert_eq!(documented, declared);
}

#[test]
fn every_entry_explains_what_the_registry_explains() {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = words(&page());
    for code in CODES {
        assert!(
            page.contains(&words(code.explanation)),
            "{} is explained in other words",
            code.code
        );
    }
}

#[test]
fn the_schema_of_the_examples_is_without_problems() {
    let page = page();
    let (schema, _) = read(&page);
    let mut sources = SourceSet::from_texts([("schema.trip", schema)]);
    let checking = check(&mut sources, today());
    assert_eq!(render::short(&checking.diagnostics, &sources), "");
    assert!(checking.checked.is_some());
}

#[test]
fn every_example_gives_its_code() {
    let page = page();
    let (schema, entries) = read(&page);
    let mut wrong = Vec::new();
    for entry in &entries {
        let (said, codes) = if entry.language == "console" {
            let problems = on_disk(&entry.code);
            (
                format!("{problems:?}"),
                problems
                    .iter()
                    .map(|problem| problem.code)
                    .collect::<BTreeSet<_>>(),
            )
        } else {
            let (sources, problems) = check_example(&schema, &entry.example);
            (
                render::short(&problems, &sources),
                problems.iter().map(|problem| problem.code).collect(),
            )
        };
        // A rule in an example needs no id of its own; nothing else may be wrong besides.
        let others: Vec<_> = codes
            .iter()
            .filter(|code| **code != "W0401" && **code != entry.code)
            .collect();
        if !codes.contains(entry.code.as_str()) || !others.is_empty() {
            wrong.push(format!("{} gave:\n{said}", entry.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! `docs/language.md` against the language: every example parses and checks, and its part on
//! functions is what the table of functions says. `UPDATE_DOCS=1 cargo test -p tripline-lang
//! --test language` writes that part anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

use std::fmt::Write;

use tripline_lang::diagnostic::Severity;
use tripline_lang::functions::aggregates::AGGREGATES;
use tripline_lang::functions::{Accepts, Function, GROUPS, Returns};
use tripline_lang::source::{FileId, SourceSet};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/language.md");
const BEGIN: &str = "<!-- functions: this part is compared with the table of functions -->\n";
const END: &str = "<!-- end of functions -->";
const BEGIN_AGGREGATES: &str =
    "<!-- aggregates: this part is compared with the table of aggregates -->\n";
const END_AGGREGATES: &str = "<!-- end of aggregates -->";

fn page() -> String {
    std::fs::read_to_string(PAGE).unwrap()
}

/// The examples of the page with the lines they begin at.
fn examples(page: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = vec![];
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        match (inside, line) {
            (false, "```tripline") => {
                inside = true;
                found.push((number + 2, String::new()));
            }
            (true, "```") => inside = false,
            (true, line) => {
                let text = &mut found.last_mut().unwrap().1;
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    found
}

#[test]
fn the_examples_of_the_language_page_are_one_rule_set_without_errors() {
    let page = page();
    let examples = examples(&page);
    assert!(examples.len() >= 7, "the page has its examples");
    let mut texts: Vec<(String, String)> = examples
        .into_iter()
        .map(|(line, text)| (format!("line {line}.trip"), text))
        .collect();
    texts.push(("lists/guests.txt".into(), "anna@example.org\n".into()));
    // The page shows the table as a block of CSV.
    let (_, csv) = page.split_once("```csv\n").expect("the page shows a table");
    let (csv, _) = csv.split_once("```").unwrap();
    texts.push(("tables/vips.csv".into(), csv.into()));
    let mut sources = SourceSet::from_texts(texts);
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let checking = tripline_lang::check(&mut sources, today);
    let errors = checking
        .diagnostics
        .iter()
        .filter(|d| d.severity() == Severity::Error);
    let errors: Vec<_> = errors.collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(checking.checked.is_some());
}

#[test]
fn the_first_rule_checks_with_the_shipped_schema_and_warns_of_nothing() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let page = std::fs::read_to_string(format!("{root}/docs/first-rule.md")).unwrap();
    let schema = std::fs::read_to_string(format!("{root}/rules/entra/schema.trip")).unwrap();
    let examples = examples(&page);
    assert_eq!(examples.len(), 4);
    let mut texts = vec![("schema.trip".to_owned(), schema)];
    for (line, text) in examples {
        let formatted = tripline_lang::format(FileId(0), &text).unwrap();
        assert_eq!(formatted, text, "example at line {line}");
        texts.push((format!("line {line}.trip"), text));
    }
    let mut sources = SourceSet::from_texts(texts);
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let checking = tripline_lang::check(&mut sources, today);
    assert!(
        checking.diagnostics.is_empty(),
        "{:#?}",
        checking.diagnostics
    );
}

#[test]
fn the_examples_are_laid_out_canonically_and_the_functions_are_those_of_the_table() {
    let page = page();
    let mut wanted = page.clone();
    for (_, text) in examples(&page) {
        wanted = wanted.replace(&text, &tripline_lang::format(FileId(0), &text).unwrap());
    }
    for (begin, end, part) in [
        (BEGIN, END, functions()),
        (BEGIN_AGGREGATES, END_AGGREGATES, aggregates()),
    ] {
        let begin = wanted.find(begin).expect("the part begins") + begin.len();
        let end = wanted.find(end).expect("the part ends");
        wanted.replace_range(begin..end, &part);
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, wanted).unwrap();
    } else {
        assert_eq!(page, wanted, "UPDATE_DOCS=1 writes the page anew");
    }
}

fn functions() -> String {
    let mut out = String::new();
    for (group, functions) in GROUPS {
        writeln!(out, "\n### {group}\n").unwrap();
        writeln!(out, "| function | gives | meaning | examples |").unwrap();
        writeln!(out, "| --- | --- | --- | --- |").unwrap();
        for function in *functions {
            let examples = function.examples.iter();
            let examples = examples.map(|(call, gives)| format!("`{call}` is `{gives}`"));
            let examples = examples.collect::<Vec<_>>().join("; ");
            let (signature, returns) = (signature(function), returns(&function.returns));
            writeln!(
                out,
                "| `{signature}` | {returns} | {} | {examples} |",
                function.summary
            )
            .unwrap();
        }
    }
    out.push('\n');
    out
}

fn aggregates() -> String {
    let mut out = String::from("\n| aggregate | meaning |\n| --- | --- |\n");
    for aggregate in AGGREGATES {
        let (signature, summary) = (aggregate.signature, aggregate.summary);
        writeln!(out, "| `{signature}` | {summary} |").unwrap();
    }
    out.push('\n');
    out
}

fn signature(function: &Function) -> String {
    let params = function.params.iter().map(|param| {
        let accepts = match &param.accepts {
            Accepts::Type(ty) => ty.to_string(),
            Accepts::Any => "any".into(),
            Accepts::AnyList => "list".into(),
            Accepts::TextOrList => "string or list".into(),
            Accepts::IntOrText => "int or string".into(),
            Accepts::Table => "a table".into(),
            Accepts::Lambda(_) => "x => …".into(),
        };
        let optional = if param.optional { "?" } else { "" };
        let repeats = if param.repeats { ", …" } else { "" };
        format!("{}{optional}: {accepts}{repeats}", param.name)
    });
    format!(
        "{}({})",
        function.name,
        params.collect::<Vec<_>>().join(", ")
    )
}

fn returns(returns: &Returns) -> String {
    match returns {
        Returns::Type(ty) => format!("`{ty}`"),
        Returns::ListOf(ty) => format!("`[{ty}]`"),
        Returns::Argument(_) => "the type of its arguments".into(),
        Returns::Element(_) => "an element".into(),
        Returns::ListOfLambda(_) => "a list of what the lambda gives".into(),
        Returns::Row => "a row".into(),
    }
}

//! Hostile input: deep, long, broken.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::parse::{MAX_DEPTH, MAX_NESTING};

fn codes(text: &str) -> Vec<&'static str> {
    parse(text).1.iter().map(|problem| problem.code).collect()
}

#[test]
fn brackets_nest_to_the_limit_and_no_deeper() {
    let nested = |depth: usize| format!("let x = {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(codes(&nested(MAX_NESTING)), [""; 0]);
    assert_eq!(codes(&nested(MAX_NESTING + 1)), ["E0109"]);
    let lists = |depth: usize| format!("let x = {}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(codes(&lists(MAX_NESTING + 1)), ["E0109"]);
    let calls = |depth: usize| format!("let x = {}1{}", "f(x => ".repeat(depth), ")".repeat(depth));
    assert_eq!(codes(&calls(MAX_NESTING)), [""; 0]);
    assert_eq!(codes(&calls(MAX_NESTING + 1)), ["E0109"]);
}

#[test]
fn operators_chain_to_the_limit_and_no_deeper() {
    let limit = MAX_DEPTH as usize;
    assert_eq!(
        codes(&format!("let x = {}1", "a + ".repeat(limit - 1))),
        [""; 0]
    );
    assert_eq!(
        codes(&format!("let x = {}1", "a + ".repeat(limit))),
        ["E0109"]
    );
    assert_eq!(
        codes(&format!("let x = {}a", "not ".repeat(limit))),
        ["E0109"]
    );
    assert_eq!(
        codes(&format!("let x = a{}", ".b".repeat(limit))),
        ["E0109"]
    );
    assert_eq!(
        codes(&format!("let x = {}a", "a or ".repeat(limit * 10))),
        [""; 0]
    );
}

#[test]
fn long_runs_of_anything_take_linear_time() {
    // The first are long enough to overflow any stack that grows with them.
    let long = ["(", "not ", "-", "a or ", "a + "];
    let shorter = [
        ")",
        "[",
        "{",
        "}",
        "a and b == ",
        "a.",
        "a ?? ",
        "f(",
        "x => ",
        "\"",
        "/",
        "/* ",
        "// ",
        "rule a {\n",
        "where ",
        "a = ",
        "\nrule a { meta { x = } }",
        "a = b c ",
        "1",
        "1.",
        "'",
        "&& ",
        "; ",
        "\n",
        "é",
        "\nlet x = a b",
        "\nlet x = \"",
    ];
    let sized = long
        .map(|unit| (unit, 100_000))
        .into_iter()
        .chain(shorter.map(|unit| (unit, 20_000)));
    for (unit, size) in sized {
        for prefix in ["let x = ", "rule r { match { a = s where "]
            .into_iter()
            .take(if size > 20_000 { 1 } else { 2 })
        {
            let text = [prefix, &unit.repeat(size / unit.len())].concat();
            let begin = Instant::now();
            parse(&text);
            let took = begin.elapsed();
            // Generous: a debug build on a busy machine. A quadratic reader takes minutes.
            assert!(took < Duration::from_secs(20), "{prefix}{unit}…: {took:?}");
        }
    }
}

#[test]
fn a_long_line_without_errors_takes_linear_time() {
    let read = |entries: usize| {
        let text = format!("list x : string = [{}]", "\"entry\", ".repeat(entries));
        let begin = Instant::now();
        assert!(parse(&text).1.is_empty());
        begin.elapsed()
    };
    read(1_000);
    let (short, long) = (read(4_000), read(64_000));
    assert!(
        long < short * 40,
        "16 times the entries took {short:?} and {long:?}"
    );
}

/// Texts near to the language: pieces of it in any order.
fn near_language() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "rule ",
        "a ",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "meta ",
        "match ",
        "sequence ",
        "by ",
        "within ",
        "10m ",
        "emit ",
        "exclude ",
        "\"x\" ",
        "from ",
        "when ",
        "where ",
        "not ",
        "in ",
        "and ",
        "or ",
        "= ",
        "== ",
        ": ",
        ", ",
        "/re/ ",
        "/ ",
        "// c\n",
        "/* c */",
        "\n",
        ".a",
        "[*]",
        "[0]",
        "=> ",
        "x ",
        "10.0.0.1 ",
        "2027-06-30 ",
        "?? ",
        "+ ",
        "- ",
        "schema ",
        "list ",
        "let ",
        "filter ",
        "on ",
        "drop ",
        "\"",
        "'",
        "/*",
        "\\",
        "é",
        "last ",
        "signin ",
        "missing",
        "nocase ",
        "without ",
        "10..",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

/// The seed texts with a few bytes cut, doubled or changed.
fn mutated() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![SEED_RULE, SEED_EXCLUSIONS, EVERYTHING]);
    let change = (
        any::<prop::sample::Index>(),
        0..12usize,
        "\\PC{0,3}|[(){}\\[\\]\"/*=\\n ]{1,4}",
    );
    (text, prop::collection::vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, with) in changes {
            let start = at.index(chars.len() + 1);
            let end = (start + length).min(chars.len());
            chars.splice(start..end, with.chars());
        }
        chars.into_iter().collect()
    })
}

/// Spans lie in the text, and an error is told for what gives no tree.
fn check(text: &str) {
    let (_, problems) = parse(text);
    for problem in &problems {
        assert!(!problem.message.is_empty() && problem.code.starts_with("E01"));
        for (span, _) in problem.at.iter().chain(&problem.also) {
            assert!(
                text.get(span.start as usize..span.end as usize).is_some(),
                "{problem:?} in {text}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_tree_or_errors(text in "\\PC*") {
        check(&text);
    }

    #[test]
    fn any_bytes_give_a_tree_or_errors(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words_of_the_language_give_a_tree_or_errors(text in near_language()) {
        check(&text);
    }

    #[test]
    fn a_changed_rule_gives_a_tree_or_errors(text in mutated()) {
        check(&text);
    }
}

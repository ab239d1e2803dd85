//! Whatever is written: no panic, and a set is either checked or says why not.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::{Severity, codes};

/// Words that rule sets are made of, put together at random below.
const WORDS: &[&str] = &[
    "rule",
    "r",
    "{",
    "}",
    "match",
    "sequence",
    "by",
    "within",
    "10m",
    "e",
    "=",
    "signin",
    "where",
    "user",
    "result",
    "==",
    "!=",
    "<",
    "in",
    "not",
    "and",
    "or",
    "(",
    ")",
    "[",
    "]",
    ",",
    "\"a\"",
    "/a/",
    "1",
    "1.5",
    "true",
    "missing",
    "list",
    "table",
    "file",
    "key",
    "lookup",
    "l",
    ":",
    "string",
    "cidr",
    "let",
    "exclude",
    "from",
    "when",
    "expires",
    "2027-06-30",
    "emit",
    "filter",
    "on",
    "drop",
    "e.user",
    ".path",
    "[*]",
    "any",
    "x",
    "=>",
    "find",
    "details",
    ".b",
    "??",
    "lower",
    "-",
    "+",
    "10.0.0.1",
    "nocase",
    "matches",
    "schema",
    "accept",
    "time",
    "timestamp",
    "differ",
    "json",
    "len",
    "map",
    "last",
    "meta",
    "id",
];

fn check_any(text: &str) {
    let (_, checking) = check_all(text, &[]);
    let failed = checking
        .diagnostics
        .iter()
        .any(|problem| problem.severity() == Severity::Error);
    assert_eq!(checking.checked.is_none(), failed);
    for problem in &checking.diagnostics {
        assert!(
            codes::find(problem.code).is_some(),
            "{} is registered",
            problem.code
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn words_in_any_order_are_checked_without_a_panic(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        check_any(&words.join(" "));
    }

    #[test]
    fn conditions_of_any_words_are_checked_without_a_panic(words in prop::collection::vec(prop::sample::select(WORDS), 1..12)) {
        check_any(&format!("rule r {{ match {{ e = signin where {} }} }}", words.join(" ")));
    }

    #[test]
    fn a_rule_set_with_a_part_cut_out_is_checked_without_a_panic(start in 0usize..900, length in 0usize..80) {
        let text: String = format!("{}{}", typos::RULE, typos::LISTS);
        let kept: String = text.char_indices().filter(|(at, _)| !(start..start + length).contains(at)).map(|(_, letter)| letter).collect();
        check_any(&kept);
    }
}

#[test]
fn many_rules_and_many_conditions_take_no_more_than_their_number() {
    let rules: String = (0..2_000)
        .map(|number| format!("rule r{number} {{ match {{ e = signin where result == {number} and user == \"a\" }} }}\n"))
        .collect();
    let chain: Vec<String> = (0..5_000)
        .map(|number| format!("result != {number}"))
        .collect();
    let started = std::time::Instant::now();
    check_any(&rules);
    check_any(&format!(
        "rule r {{ match {{ e = signin where {} }} }}",
        chain.join(" and ")
    ));
    check_any(&format!(
        "rule r {{ match {{ e = signin where {} }} }}",
        chain.join(" or ")
    ));
    // Far above what it takes, also unoptimised on a busy machine.
    assert!(started.elapsed().as_secs() < 30);
}

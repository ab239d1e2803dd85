//! Lists: entries from rule files and list files.

use super::*;
use crate::checked::Entries;

const USES: &str = "rule r { match { e = signin where ip in nets } }";

#[test]
fn entries_in_a_file_are_trimmed_and_comments_and_blank_lines_skipped() {
    let rules = "list names : string nocase = file \"lists/names.txt\" rule r { match { e = signin where user in names } }";
    let (_, checking) = check_all(
        rules,
        &[(
            "lists/names.txt",
            "\u{feff}# who\r\n\r\n  Anna@Example.COM \r\nbob smith\t# a comment # and on\r\nguest_a#EXT#@b.com #x\r\n #EXT#\r\n",
        )],
    );
    let checked = checking.checked.unwrap();
    let Entries::Text {
        values,
        nocase: true,
    } = &checked.lists.last().unwrap().entries
    else {
        panic!("texts")
    };
    assert_eq!(
        values.iter().map(|value| &**value).collect::<Vec<_>>(),
        ["anna@example.com", "bob smith", "guest_a#ext#@b.com"]
    );
}

#[test]
fn a_bad_entry_is_shown_in_its_file_and_many_are_counted() {
    let rules = format!("list nets : cidr = file \"nets.txt\" {USES}");
    one(
        &said_of(&rules, &[("nets.txt", "10.0.0.0/8\n  10.0.0.0/99\n")]),
        &["nets.txt:2:3", "E0406", "`cidr`"],
    );
    let many = "nonsense\n".repeat(50);
    let lines = said_of(&rules, &[("nets.txt", &many)]);
    assert_eq!(lines.len(), 21, "{lines:#?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("30 more entries of `nets.txt`")),
        "{lines:#?}"
    );
}

#[test]
fn a_list_file_that_is_not_there_or_outside_is_an_error() {
    one(
        &said("list a : string = file \"no.txt\""),
        &["E0405", "no.txt"],
    );
    one(
        &said_of(
            "list a : string = file \"lists/admns.txt\"",
            &[("lists/admins.txt", "x"), ("admns.trip.txt", "y")],
        ),
        &["E0405", "did you mean `lists/admins.txt`?"],
    );
    one(
        &said("list a : string = file \"../../etc/passwd\""),
        &["E0405", "outside"],
    );
}

#[test]
fn inline_entries_are_checked_one_by_one() {
    one(
        &said(&format!(
            "list nets : cidr = [\"10.0.0.0/8\", 10.0.0.1, \"x\"] {USES}"
        )),
        &["E0406", "\"x\""],
    );
    one(&said("list a : int = [1, true]"), &["E0406"]);
    one(&said("list a : regex = [/ok/, \"also[\"]"), &["E0309"]);
    one(&said("list a : timestamp = [2026-01-01]"), &["E0404"]);
    one(
        &said("list a : strng = [\"x\"]"),
        &["E0208", "did you mean `string`?"],
    );
    one(
        &said("list a : string nocas = [\"x\"]"),
        &["E0209", "did you mean `nocase`?"],
    );
}

#[test]
fn the_left_side_of_in_has_the_type_of_the_entries() {
    let lists = "list names : string = [\"a\"] list ports : int = [1]";
    let rule = |condition: &str| {
        said(&format!(
            "{lists} let used = 1 rule r {{ match {{ e = signin where asn != used and user in names and result in ports and {condition} }} }}"
        ))
    };
    one(&rule("result in names"), &["E0307", "`list names : int`"]);
    one(&rule("ip in names"), &["E0307", "`cidr` for ranges"]);
    one(&rule("user in ports"), &["E0307"]);
    one(&rule("user in nmes"), &["E0202", "did you mean `names`?"]);
    assert!(rule("details.x in ports").is_empty());
    assert!(rule("user in nocase names").is_empty());
}

#[test]
fn lists_that_nothing_uses_or_that_are_empty_are_said() {
    one(&said("list a : string = [\"x\"]"), &["W0101"]);
    one(
        &said("list a : string = [] rule r { match { e = signin where user in a } }"),
        &["W0103"],
    );
    let said = said("list a : int = [\"x\", \"y\"] rule r { match { e = signin where asn in a } }");
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(!said.join("").contains("W0103"), "{said:#?}");
    one(&super::said("let a = 1"), &["W0102"]);
}

#[test]
fn a_million_entries_load_at_once() {
    let text: String = (0..1_000_000)
        .map(|number| format!("user{number}@example.com\n"))
        .collect();
    let rules = "list names : string nocase = file \"names.txt\" rule r { match { e = signin where user in names } }";
    let started = std::time::Instant::now();
    let (_, checking) = check_all(rules, &[("names.txt", &text)]);
    let checked = checking.checked.unwrap();
    let Entries::Text { values, .. } = &checked.lists.last().unwrap().entries else {
        panic!("texts")
    };
    assert_eq!(values.len(), 1_000_000);
    // Far above what it takes, also unoptimised on a busy machine: a quadratic reader would not end.
    assert!(started.elapsed().as_secs() < 20);
}

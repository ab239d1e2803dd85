//! Exclusions: their rules, clauses and dates.

use super::*;

const RULE: &str = "rule r { sequence by user within 10m {\n login = last signin where interactive and result == 0\n token = signin where not interactive and result == 0 } }";

fn excluded(clauses: &str) -> Vec<String> {
    said(&format!("{RULE} exclude \"x\" from r {{ {clauses} }}"))
}

#[test]
fn an_exclusion_sees_every_step_and_the_key() {
    let checked = sound(&format!(
        "{RULE} exclude \"x\" from r {{ when user == \"a\" and token.app_id == \"b\" and login.asn == 1  reason \"why\"  owner \"who\"  expires 2030-01-01 }}"
    ));
    let exclusion = &checked.rules[0].exclusions[0];
    assert_eq!(
        (exclusion.reason.as_deref(), exclusion.owner.as_deref()),
        (Some("why"), Some("who"))
    );
    assert_eq!(exclusion.expires, Some(day("2030-01-01")));
}

#[test]
fn the_last_day_is_inclusive_and_the_end_is_said_in_time() {
    one(
        &excluded("when user == \"a\" expires 2027-05-31"),
        &["W0301", "expired on 2027-05-31"],
    );
    one(
        &excluded("when user == \"a\" expires 2027-06-01"),
        &["W0302", "expires today"],
    );
    one(
        &excluded("when user == \"a\" expires 2027-07-01"),
        &["W0302", "in 30 days"],
    );
    assert!(excluded("when user == \"a\" expires 2027-07-02").is_empty());
    one(
        &excluded("when user == \"a\" expires 2027-02-30"),
        &["E0513"],
    );
    one(&excluded("when user == \"a\" expires 10"), &["E0513"]);
}

#[test]
fn an_exclusion_that_its_rule_contradicts_is_said() {
    one(
        &excluded("when token.result == 1"),
        &["W0303", "the rule `r` says the opposite"],
    );
    one(&excluded("when token.interactive"), &["W0303"]);
    one(
        &excluded("when token.app_id == \"a\" and login.result in [1, 2]"),
        &["W0303"],
    );
    assert!(excluded("when token.result == 0 or token.asn == 1").is_empty());
}

#[test]
fn clauses_and_rules_are_checked_word_by_word() {
    one(&excluded("wehn user == \"a\""), &["E0"]);
    one(
        &excluded("when user == \"a\" resaon \"b\""),
        &["E0215", "did you mean `reason`?"],
    );
    one(&excluded("reason \"b\""), &["E0512"]);
    one(
        &excluded("when user == \"a\" when user == \"b\""),
        &["E0512"],
    );
    one(&said("exclude \"x\" { when user == \"a\" }"), &["E0511"]);
    one(
        &said(&format!(
            "{RULE} exclude \"x\" from rr {{ when user == \"a\" }}"
        )),
        &["E0207", "did you mean `r`?"],
    );
    one(
        &said("rule r { match { e = signin } exclude \"x\" from r { when user == \"a\" } }"),
        &["E0511"],
    );
    one(
        &said(&format!(
            "{RULE} exclude \"x\" from r {{ when user == \"a\" }} exclude \"x\" from r {{ when user == \"b\" }}"
        )),
        &["E0505"],
    );
}

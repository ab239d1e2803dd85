//! The warning about `!=` between two values that can both be missing.

use super::*;

fn token(condition: &str) -> Vec<String> {
    said(&format!(
        "rule r {{ sequence by user within 10m {{ login = last signin where interactive\n token = signin where {condition} }} }}"
    ))
}

#[test]
fn unequal_fields_that_can_both_be_missing_are_said_with_both_fixes() {
    one(
        &token("token.asn != login.asn"),
        &[
            "W0203",
            "present(token.asn) and present(login.asn) and token.asn != login.asn",
            "differ(token.asn, login.asn)",
        ],
    );
    one(&token("not (token.asn == login.asn)"), &["W0203"]);
}

#[test]
fn a_guard_an_acknowledgment_or_a_value_that_is_always_there_silences_it() {
    for condition in [
        "differ(token.asn, login.asn)",
        "present(token.asn) and token.asn != login.asn",
        "login.asn > 100 and token.asn != login.asn",
        "token.asn == 7 and token.asn != login.asn",
        "(missing(token.asn) or token.asn != login.asn)",
        "(token.asn ?? 0) != login.asn",
        "token.time != login.time",
        "token.interactive != login.interactive",
        "token.user != login.user",
        "token.asn != 5",
    ] {
        assert!(
            token(condition).is_empty(),
            "{condition}: {:#?}",
            token(condition)
        );
    }
}

//! What other languages have and this one says otherwise.

use super::*;

#[test]
fn a_comparison_with_null_is_a_question_for_presence() {
    one(
        &said_of_condition("user == null"),
        &["E0202", "`missing(user)`"],
    );
    one(
        &said_of_condition("user != NULL"),
        &["E0202", "`present(user)`"],
    );
}

#[test]
fn there_is_no_current_time() {
    for condition in ["time > ago(1h)", "time > now()"] {
        one(&said_of_condition(condition), &["E0206", "event time only"]);
    }
}

#[test]
fn no_help_asks_for_time_to_be_anything_but_an_instant() {
    one(
        &said_of_condition("time > 10m"),
        &["E0301", "`b.time - a.time > 10m`"],
    );
    one(&said_of_condition("time < 5"), &["E0301", "`2027-06-30"]);
    for condition in ["time > 10m", "time < 5", "time contains \"x\""] {
        let said = said_of_condition(condition).join("\n");
        assert!(!said.contains("declare"), "{condition}: {said}");
    }
}

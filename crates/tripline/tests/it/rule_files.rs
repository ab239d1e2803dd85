//! `tripline check` and `tripline fmt`.

use insta::assert_snapshot;

use crate::command::{output, shown, tripline};

#[test]
fn sound_rules_are_said_to_be_so() {
    assert_snapshot!(shown(tripline(&["check", "rules"])));
}

#[test]
fn every_problem_is_shown_in_every_format() {
    assert_snapshot!("check_text", shown(tripline(&["check", "broken"])));
    assert_snapshot!("check_short", shown(tripline(&["check", "broken", "--format", "short"])));
    assert_snapshot!("check_json", shown(tripline(&["check", "broken", "--format", "json"])));
}

#[test]
fn warnings_are_errors_only_when_denied() {
    assert_eq!(output(tripline(&["check", "warned"])).status.code(), Some(0));
    assert_eq!(output(tripline(&["check", "warned", "--deny", "warnings"])).status.code(), Some(2));
}

#[test]
fn warnings_are_shown_before_a_run_unless_it_is_to_be_quiet() {
    let said = |quiet: &[&str]| {
        let mut command = tripline(&["run", "--rules", "warned", "signins.ndjson"]);
        command.args(quiet);
        let output = output(command);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(said(&[]).contains("nobody"));
    assert!(!said(&["-q"]).contains("nobody"));
}

//! `tripline check` and `tripline fmt`.

use insta::assert_snapshot;

use crate::command::{output, shown, tripline};

#[test]
fn sound_rules_are_said_to_be_so() {
    assert_snapshot!(shown(tripline(&["check", "rules"])));
}

#[test]
fn check_says_how_many_tests_it_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tested.trip");
    let rules = format!(
        "{DRAFT}
         rule r {{ meta {{ id = \"one\" }} match {{ e = signin }} }}
         test \"one\" for r {{ signin at 10:00 {{ }} expect 1 detection }}
         test \"two\" for r {{ signin at 10:00 {{ }} expect at least 1 detection }}"
    );
    std::fs::write(&path, rules).expect("a file");
    let output = output(tripline(&["check", path.to_str().expect("UTF-8")]));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "1 rule, 1 schema, 0 filters, 2 tests: 0 errors, 0 warnings\n"
    );
}

#[test]
fn every_problem_is_shown_in_every_format() {
    assert_snapshot!("check_text", shown(tripline(&["check", "broken"])));
    assert_snapshot!(
        "check_short",
        shown(tripline(&["check", "broken", "--format", "short"]))
    );
    assert_snapshot!(
        "check_json",
        shown(tripline(&["check", "broken", "--format", "json"]))
    );
}

#[test]
fn warnings_are_errors_only_when_denied() {
    assert_eq!(
        output(tripline(&["check", "warned"])).status.code(),
        Some(0)
    );
    assert_eq!(
        output(tripline(&["check", "warned", "--deny", "warnings"]))
            .status
            .code(),
        Some(2)
    );
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

/// A rule file that is not in its canonical form, with its comment.
const DRAFT: &str =
    "// kept\nschema signin { accept .kind==\"signin\"\n time:timestamp = .time }\n";

#[test]
fn fmt_formats_standard_input() {
    let mut command = tripline(&["fmt", "-"]);
    command.write_stdin(DRAFT);
    assert_snapshot!(shown(command));
}

#[test]
fn fmt_rewrites_what_is_not_canonical_once_and_check_lists_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("draft.trip");
    std::fs::write(&path, DRAFT).expect("a file");
    let path = path.to_str().expect("UTF-8");

    let listed = output(tripline(&["fmt", "--check", path]));
    assert_eq!(listed.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&listed.stdout), format!("{path}\n"));
    assert_eq!(
        std::fs::read_to_string(path).expect("the file"),
        DRAFT,
        "--check changes nothing"
    );

    assert_eq!(output(tripline(&["fmt", path])).status.code(), Some(0));
    let formatted = std::fs::read_to_string(path).expect("the file");
    assert!(
        formatted != DRAFT && formatted.starts_with("// kept\n"),
        "{formatted}"
    );
    assert_eq!(
        output(tripline(&["fmt", "--check", path])).status.code(),
        Some(0)
    );
}

#[test]
fn fmt_leaves_a_file_that_does_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("broken.trip");
    std::fs::write(&path, "schema {").expect("a file");
    let output = output(tripline(&["fmt", path.to_str().expect("UTF-8")]));
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.trip"));
    assert_eq!(std::fs::read_to_string(path).expect("the file"), "schema {");
}

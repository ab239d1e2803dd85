//! Every exit status, and what is said with it.

use insta::assert_snapshot;

use crate::command::{output, run, shown, tripline};

fn code(command: assert_cmd::Command) -> i32 {
    output(command).status.code().expect("it was not killed")
}

#[test]
fn status_0_says_that_it_ran() {
    assert_eq!(code(run(&["signins.ndjson"])), 0);
}

#[test]
fn status_1_an_input_that_is_not_there_is_reported_and_the_others_are_read() {
    assert_snapshot!(shown(run(&[
        "missing.ndjson",
        "signins.ndjson",
        "--format",
        "table",
        "-q"
    ])));
}

#[test]
fn status_1_an_output_that_cannot_be_written() {
    assert_snapshot!(shown(run(&[
        "signins.ndjson",
        "--dead-letter",
        "no/such/folder/dead.ndjson"
    ])));
}

#[cfg(target_os = "linux")]
#[test]
fn status_1_standard_output_is_full() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("the device is there");
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
        .current_dir(crate::command::data())
        .args([
            "run",
            "--rules",
            "rules",
            "-q",
            "--format",
            "ndjson",
            "signins.ndjson",
        ])
        .stdout(full)
        .output()
        .expect("the command starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.starts_with("error: cannot write standard output: No space left"),
        "{said}"
    );
}

#[test]
fn status_2_a_rule_set_in_error_is_shown_and_nothing_runs() {
    let output = output(tripline(&[
        "run",
        "--rules",
        "broken",
        "signins.ndjson",
        "-q",
    ]));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("broken/rule.trip"), "{said}");
}

#[test]
fn status_2_rules_that_are_not_there() {
    assert_eq!(
        code(tripline(&["run", "--rules", "nowhere", "signins.ndjson"])),
        2
    );
}

#[test]
fn status_2_usage() {
    for arguments in [
        &["signins.ndjson", "--mode", "annotate", "--emit", "final"][..],
        &["signins.ndjson", "--mode", "annotate", "--format", "csv"],
        &[
            "signins.ndjson",
            "--mode",
            "filter",
            "--since",
            "2026-05-04",
        ],
        &[
            "signins.ndjson",
            "--since",
            "2026-05-04",
            "--until",
            "2026-05-04",
        ],
        &["signins.ndjson", "--threads", "65"],
        &["signins.ndjson", "--lateness", "30"],
        &["signins.ndjson", "--max-state", "lots"],
        &["signins.ndjson", "--no-such-option"],
    ] {
        let output = output(run(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).starts_with("error: "),
            "{arguments:?}"
        );
    }
    assert_snapshot!(shown(run(&[
        "signins.ndjson",
        "--mode",
        "annotate",
        "--emit",
        "final"
    ])));
}

#[test]
fn status_3_what_fail_on_names_happened() {
    assert_eq!(code(run(&["signins.ndjson", "--fail-on", "detection"])), 3);
    assert_eq!(code(run(&["signins.ndjson", "--fail-on", "eviction"])), 0);
    assert_eq!(
        code(run(&["signins.ndjson", "--fail-on", "eviction,detection"])),
        3
    );
    assert_eq!(
        code(run(&[
            "signins.ndjson",
            "--fail-on",
            "detection",
            "--until",
            "2026-05-04T10:01:00Z"
        ])),
        0
    );
}

#[test]
fn status_3_events_were_dropped_because_of_a_limit() {
    let mut command = run(&["signins.ndjson", "--fail-on", "eviction"]);
    command.args(["--max-state", "600"]);
    let output = output(command);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("the limit of the state was reached"),
        "{said}"
    );
}

#[test]
fn a_suppressed_match_is_no_detection_to_fail_on() {
    let arguments = [
        "signins.ndjson",
        "--since",
        "2026-05-04T10:02:40Z",
        "--show-excluded",
    ];
    let mut command = run(&arguments);
    command.args(["--fail-on", "detection"]);
    let output = output(command);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = output(tripline(&["completions", shell]));
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("dead-letter"),
            "{shell}"
        );
    }
}

#[test]
fn help_says_what_there_is() {
    assert_snapshot!("help", shown(tripline(&["--help"])));
    assert_snapshot!("help_run", shown(tripline(&["run", "--help"])));
}

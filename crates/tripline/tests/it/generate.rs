//! `tripline generate`: the same arguments give the same bytes.

use crate::command::{output, stdout, tripline};

#[test]
fn equal_arguments_give_equal_bytes_and_another_seed_others() {
    let arguments = [
        "generate",
        "-q",
        "-n",
        "200",
        "--users",
        "10",
        "--shape",
        "mixed",
        "--noise",
        "realistic",
    ];
    let first = stdout(tripline(&arguments));
    assert_eq!(first.lines().count(), 200);
    assert_eq!(first, stdout(tripline(&arguments)));
    let mut other = tripline(&arguments);
    other.args(["--seed", "2"]);
    assert_ne!(first, stdout(other));
}

#[test]
fn what_is_generated_can_be_run() {
    let records = stdout(tripline(&[
        "generate",
        "-q",
        "-n",
        "300",
        "--users",
        "10",
        "--envelope",
        "records",
    ]));
    let mut command = tripline(&["run", "--rules", "entra", "-q"]);
    command.write_stdin(records);
    assert!(stdout(command).contains("\"rule\":\"replay\""));
}

#[test]
fn a_share_beyond_one_is_a_usage_error() {
    assert_eq!(
        output(tripline(&["generate", "--failures", "1.5"]))
            .status
            .code(),
        Some(2)
    );
}

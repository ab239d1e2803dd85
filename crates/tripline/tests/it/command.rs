//! Runs the command in `tests/data` and shows what came of it as text.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;

/// The folder in which the command runs.
pub(crate) fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The command, without colours and in a known width.
pub(crate) fn tripline(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo_bin_cmd!("tripline");
    command.current_dir(data()).args(arguments);
    command
        .env_remove("CLICOLOR_FORCE")
        .env_remove("FORCE_COLOR")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100");
    command
}

/// `tripline run` with the rules of `tests/data/rules`.
pub(crate) fn run(arguments: &[&str]) -> Command {
    let mut command = tripline(&["run", "--rules", "rules", "--today", "2026-05-04"]);
    command.args(arguments);
    command
}

/// Runs the command.
pub(crate) fn output(mut command: Command) -> Output {
    command.output().expect("the command starts")
}

/// Standard output as text.
pub(crate) fn stdout(command: Command) -> String {
    let output = output(command);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Exit status and both outputs as one text, without what differs from run to run.
pub(crate) fn shown(command: Command) -> String {
    let output = output(command);
    let mut shown = format!(
        "status: {}\n",
        output.status.code().expect("it was not killed")
    );
    for (name, bytes) in [
        ("standard output", &output.stdout),
        ("standard error", &output.stderr),
    ] {
        if !bytes.is_empty() {
            let _ = write!(
                shown,
                "--- {name}\n{}",
                steady(&String::from_utf8_lossy(bytes))
            );
        }
    }
    shown
}

/// A text without what depends on the machine or on how the engine keeps its state.
pub(crate) fn steady(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.split_once(" MB in ") {
            Some((before, _)) if line.trim_end().ends_with("records/s") => {
                format!("{before} MB in …\n")
            }
            _ if line.starts_with(" peak state ") => " peak state …\n".to_owned(),
            _ => line.trim_end_matches(' ').to_owned(),
        })
        .collect()
}

/// The numbers of the summary: runs the command with `--stats` and reads the file.
pub(crate) fn stats(mut command: Command) -> serde_json::Value {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stats.json");
    command.arg("--stats").arg(&path);
    output(command);
    serde_json::from_slice(&std::fs::read(path).expect("the summary was written")).expect("JSON")
}

/// The records of `signins.ndjson`, broken and blank lines too.
pub(crate) fn signins() -> String {
    std::fs::read_to_string(data().join("signins.ndjson")).expect("the file is there")
}

//! The files that a run writes are never among those that it reads.

use std::path::Path;

use crate::command::{output, run, signins};

/// Runs with these arguments in a folder that has `in/a.ndjson`; says what was said, which status
/// there was, and checks that the input is as it was.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let rules = crate::command::data().join("rules");
    let mut command = crate::command::tripline(&["run", "-q", "--rules"]);
    command.arg(rules).args(arguments).current_dir(folder);
    let output = output(command);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let input = std::fs::read_to_string(folder.join("in/a.ndjson")).expect("it is there");
    assert_eq!(input, signins(), "{arguments:?}: the input is unharmed");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("in")).expect("a folder");
    std::fs::write(folder.path().join("in/a.ndjson"), signins()).expect("a file");
    folder
}

#[test]
fn an_output_that_is_an_input_is_refused_before_it_is_emptied() {
    let folder = folder();
    for option in ["--dead-letter", "--stats"] {
        for input in ["in/a.ndjson", "in"] {
            for spelling in ["in/a.ndjson", "./in/../in/a.ndjson"] {
                let said = refused(folder.path(), &[input, option, spelling]);
                assert!(
                    said.starts_with(&format!(
                        "error: {option} {spelling} would overwrite an input, in/a.ndjson"
                    )),
                    "{said}"
                );
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn links_to_an_input_are_that_input() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink("in/a.ndjson", at("soft")).expect("a link");
    std::fs::hard_link(at("in/a.ndjson"), at("hard")).expect("a link");
    for link in ["soft", "hard"] {
        let said = refused(folder.path(), &["in", "--dead-letter", link]);
        assert!(said.contains("would overwrite an input"), "{said}");
    }
    let input = std::fs::File::open(at("in/a.ndjson")).expect("it is there");
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
        .current_dir(folder.path())
        .args(["run", "--dead-letter", "soft", "--rules"])
        .arg(crate::command::data().join("rules"))
        .stdin(input)
        .output()
        .expect("the command starts");
    assert_eq!(
        output.status.code(),
        Some(2),
        "standard input is a file too"
    );
    assert_eq!(
        std::fs::read_to_string(at("in/a.ndjson")).expect("it is there"),
        signins()
    );
}

#[test]
fn the_two_outputs_cannot_be_one_file() {
    let folder = folder();
    for (dead_letter, stats) in [("x", "x"), ("x", "in/../x")] {
        let said = refused(
            folder.path(),
            &["in", "--dead-letter", dead_letter, "--stats", stats],
        );
        assert!(
            said.contains("--dead-letter and --stats both name"),
            "{said}"
        );
        assert!(!folder.path().join("x").exists(), "nothing was created");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("x", folder.path().join("y")).expect("a link");
        let both = ["in", "--dead-letter", "y", "--stats", "x"];
        assert!(refused(folder.path(), &both).contains("both name"));
    }
}

#[test]
fn an_output_that_is_a_rule_file_is_refused() {
    let folder = folder();
    let rule = folder.path().join("rule.trip");
    std::fs::write(&rule, "").expect("a file");
    let said = refused(
        folder.path(),
        &["in", "--rules", "rule.trip", "--stats", "./rule.trip"],
    );
    assert!(said.contains("would overwrite a rule file"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_device_may_be_named_more_than_once() {
    let both = ["--dead-letter", "/dev/null", "--stats", "/dev/null", "-q"];
    let mut command = run(&both);
    command.arg("signins.ndjson");
    assert_eq!(output(command).status.code(), Some(0));
}

#[test]
fn the_statistics_are_written_when_the_reader_of_the_output_goes_away() {
    use std::io::Write as _;
    for mode in ["annotate", "filter", "detections"] {
        for threads in ["1", "3"] {
            let folder = tempfile::tempdir().expect("a folder");
            let stats = folder.path().join("stats.json");
            let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
                .current_dir(crate::command::data())
                .args(["run", "--rules", "rules", "--mode", mode])
                .args(["--threads", threads, "--stats"])
                .arg(&stats)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .expect("the command starts");
            drop(child.stdout.take());
            // It may end before it has read everything.
            let _ = child
                .stdin
                .take()
                .expect("a pipe")
                .write_all(signins().as_bytes());
            let output = child.wait_with_output().expect("it ends");
            assert_eq!(output.status.code(), Some(0), "{mode}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{mode}");
            let written = std::fs::read(&stats).expect("the statistics were written");
            let written: serde_json::Value = serde_json::from_slice(&written).expect("JSON");
            assert_eq!(written["output_closed"], true, "{mode}");
            assert_eq!(written["inputs"], 1, "{mode}");
        }
    }
}

#[test]
fn the_watermark_in_the_statistics_is_the_one_before_the_end() {
    let stats = crate::command::stats(run(&["-q", "signins.ndjson"]));
    assert!(
        stats["watermark"].as_i64().is_some(),
        "{}",
        stats["watermark"]
    );
}

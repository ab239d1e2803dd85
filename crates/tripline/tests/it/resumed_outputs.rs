//! What a run that goes on makes of its outputs, its rules and its options: what is continued, and what is
//! refused.

use std::fs;
use std::process::Command;

use crate::command::data;
use crate::kept::{Kept, attacks, name, settled, stream};

#[test]
fn an_output_that_is_not_what_was_written_is_added_to() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..4));
    kept.run(&[name(&path), "--emit", "early"]);
    kept.write("out", "");
    let (_, said) = kept.run(&[name(&path), "--emit", "early"]);
    assert!(said.contains("fewer than the"), "{said}");
    let other = kept.write("elsewhere", "precious\n");
    let output = kept
        .command(&[name(&path), "-o", name(&other)])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("is not the file that was written before"),
        "{said}"
    );
    assert!(
        fs::read_to_string(other)
            .expect("text")
            .starts_with("precious\n")
    );
}

#[test]
fn a_header_stands_once_and_another_format_is_refused() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..4));
    kept.run(&[name(&path), "--format", "csv"]);
    kept.append("day.ndjson", &attacks(4..6));
    kept.run(&[name(&path), "--format", "csv"]);
    let found = kept.found();
    assert_eq!(found.len(), 7);
    assert_eq!(
        found
            .iter()
            .filter(|line| line.starts_with("id,rule"))
            .count(),
        1
    );
    for other in [&["--format", "ndjson"][..], &["--mode", "annotate"]] {
        let (status, said) = kept.run(&[&[name(&path)][..], other].concat());
        assert_eq!(status, Some(2), "{said}");
        assert!(
            said.contains("is the state of a run that writes detections as csv"),
            "{said}"
        );
        assert_eq!(kept.found(), found, "nothing is touched");
    }
}

#[test]
fn what_does_not_go_together_with_a_state_is_refused() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..4));
    let (status, said) = kept.run(&[name(&path), "--mode", "filter"]);
    assert_eq!(status, Some(2));
    assert!(
        said.contains("--state has no meaning with --mode filter"),
        "{said}"
    );
    let state = kept.path("state");
    let (status, said) = kept.run(&[name(&state)]);
    // The state of an earlier run would be read as records.
    fs::write(&state, "x").expect("written");
    assert!(status != Some(2), "{said}");
    let (status, said) = kept.run(&[name(&state)]);
    assert_eq!(status, Some(2));
    assert!(said.contains("would overwrite an input"), "{said}");
    let (status, said) = kept.run(&[name(&path), "--dead-letter", name(&kept.path("out"))]);
    assert_eq!(status, Some(2));
    assert!(said.contains("both name"), "{said}");
}

#[test]
fn a_state_is_of_one_run_at_a_time() {
    let kept = Kept::new();
    let mut run = stream(&kept, &attacks(0..2));
    settled(&kept.path("state"));
    let path = kept.write("day.ndjson", &attacks(0..4));
    let (status, said) = kept.run(&[name(&path)]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("another run keeps its state in"), "{said}");
    drop(run.stdin.take());
    assert!(run.wait().expect("it ends").success());
}

#[test]
fn a_state_that_cannot_be_written_ends_the_run_before_it_begins() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..4));
    fs::create_dir(kept.path("state.new")).expect("a folder in the way");
    let (status, said) = kept.run(&[name(&path)]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("cannot write the state"), "{said}");
}

#[test]
fn edited_rules_are_told_when_a_run_goes_on() {
    let kept = Kept::new();
    let rules = kept.path("rules");
    fs::create_dir(&rules).expect("a folder");
    for file in ["replay.trip", "signin.trip"] {
        fs::copy(data().join("rules").join(file), rules.join(file)).expect("copied");
    }
    let run = |more: &str| {
        let path = kept.write("day.ndjson", more);
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tripline"));
        command.args(["run", "--rules", name(&rules), "--state"]);
        command
            .arg(kept.path("state"))
            .arg("-o")
            .arg(kept.path("out"));
        let output = command.arg(path).output().expect("it starts");
        String::from_utf8(output.stderr).expect("text")
    };
    run(&attacks(0..4));
    let text = fs::read_to_string(rules.join("replay.trip")).expect("text");
    fs::write(rules.join("replay.trip"), text.replace("10m", "9m")).expect("written");
    let said = run(&attacks(0..5));
    assert!(
        said.contains(
            "0 events of 0 rules; `replay` begins anew: its steps, key or window changed"
        ),
        "{said}"
    );
}

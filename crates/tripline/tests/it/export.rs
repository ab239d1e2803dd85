//! `tripline export vector`: what it writes and where, what it refuses, what it leaves to the relay.

use std::fs;

use crate::command::{output, shown, tripline};

const SCHEMA: &str = "schema s {\n  accept present(.a)\n  time : timestamp = .time\n  user : string = .user\n  n : int = .n\n}\n";
const FILTER: &str = "filter noise {\n  on s\n  drop when n == 7\n}\n";
const SEQUENCE: &str = "rule moved {\n  meta { id = \"m\" }\n  sequence by user within 10m { a = s where n == 1 b = s where n == 2 }\n}\n";
const REFUSED: &str =
    "rule counts {\n  meta { id = \"c\" }\n  match { e = s where n + 1 == 2 }\n}\n";

/// A folder with this rule file.
fn folder(rules: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rules.trip"), rules).expect("it is written");
    folder
}

fn export(folder: &tempfile::TempDir, more: &[&str]) -> assert_cmd::Command {
    let mut command = tripline(&["export", "vector", "--rules", "rules.trip"]);
    command.current_dir(folder.path()).args(more);
    command
}

#[test]
fn what_is_exported_goes_to_standard_output_or_to_a_file() {
    let folder = folder(&format!("{SCHEMA}{FILTER}{SEQUENCE}"));
    let printed = output(export(&folder, &[]));
    assert!(printed.status.success());
    let config = String::from_utf8(printed.stdout).expect("UTF-8");
    assert!(
        config.contains("type: remap") && config.contains("# filter noise"),
        "{config}"
    );
    let said = String::from_utf8(printed.stderr).expect("UTF-8");
    assert!(said.contains("exported: 0 rules and 1 filter"), "{said}");
    assert!(
        said.contains("needs the relay: moved (a `sequence` is about several events)"),
        "{said}"
    );

    let written = output(export(&folder, &["--output", "tripline.yaml"]));
    assert!(written.status.success() && written.stdout.is_empty());
    let file = fs::read_to_string(folder.path().join("tripline.yaml")).expect("it is there");
    assert_eq!(file, config);
}

#[test]
fn what_needs_the_relay_is_an_error_where_everything_is_asked_for() {
    let folder = folder(&format!("{SCHEMA}{FILTER}{SEQUENCE}"));
    let said = shown(export(&folder, &["--strict"]));
    assert!(
        said.starts_with("status: 2\n--- standard error\n"),
        "{said}"
    );
    assert!(said.contains("rule `moved` needs the relay"), "{said}");
    let left = output(export(&folder, &["--strict", "--leave", "moved"]));
    assert!(left.status.success());
}

#[test]
fn what_cannot_be_said_exactly_is_shown_with_its_place_and_nothing_is_written() {
    let folder = folder(&format!("{SCHEMA}{FILTER}{REFUSED}"));
    let said = shown(export(&folder, &["--output", "tripline.yaml"]));
    assert!(said.starts_with("status: 2\n"), "{said}");
    for part in [
        "rule `counts` cannot be exported exactly",
        "rules.trip:13:23",
        "arithmetic",
        "--leave",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!folder.path().join("tripline.yaml").exists());
    assert!(
        output(export(&folder, &["--leave", "counts"]))
            .status
            .success()
    );
    let unknown = shown(export(&folder, &["--leave", "count"]));
    assert!(
        unknown.starts_with("status: 2\n") && unknown.contains("no rule and no filter"),
        "{unknown}"
    );
}

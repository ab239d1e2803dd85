//! `tripline test`: what passes, what fails and what is said then, for a person and for programs.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::command::{output, shown, stdout, tripline};

/// Tests of which some pass, and a sample beside them, next to the rule of `tests/data/entra`.
const TESTS: &str = r#"
test "another address" for replay {
  signin at 10:00 { interactive = true  user = "anna"  ip = "192.0.2.1" }
  signin at 10:05 { interactive = false  user = "anna"  ip = "192.0.2.9" }
  expect 1 detection { user = "anna"  token.ip = "192.0.2.9" }
}

test "a <wrong> test & \u{1b}[31mred" for replay {
  signin at 10:05 { interactive = false  user = "anna"  ip = "192.0.2.9" }
  signin at 10:00 { interactive = true  user = "anna"  ip = "192.0.2.1"  id = "one" }
  signin at 10:00 { interactive = true  user = "anna"  ip = "192.0.2.1"  id = "one" }
  signin at 09:00 { interactive = true  user = "anna" }
  signin at 10:06 { interactive = false  ip = "192.0.2.9" }
  expect 1 detection { user = "bert"  token.asn = missing }
  expect no detections
  expect 1 excluded by "service accounts"
}

test "raw records" for replay {
  records "sample.ndjson"
  expect 1 detection { token.id = "2"  login.ip = "192.0.2.1" }
}

test "a service account" for replay {
  today 2030-01-31
  signin at 10:00 { interactive = true  user = "svc"  ip = "192.0.2.1" }
  signin at 10:05 { interactive = false  user = "svc"  ip = "192.0.2.9" }
  expect no detections
  expect 1 excluded by "service accounts"
}

test "a service account after the last day" for replay {
  today 2030-02-01
  signin at 10:00 { interactive = true  user = "svc"  ip = "192.0.2.1" }
  signin at 10:05 { interactive = false  user = "svc"  ip = "192.0.2.9" }
  expect 1 detection
}

test "late" for replay {
  lateness 1m
  signin at 10:05 { interactive = false  user = "anna"  ip = "192.0.2.9" }
  signin at 10:00 { interactive = true  user = "anna"  ip = "192.0.2.1" }
  expect no detections
}

test "seen early" for replay {
  emission early
  signin at 10:00 { interactive = true  user = "anna"  ip = "192.0.2.1" }
  signin at 10:05 { interactive = false  user = "anna"  ip = "192.0.2.9" }
  signin at 10:04 { interactive = true  user = "anna"  ip = "192.0.2.9" }
  expect 1 detection
}
"#;

const EXCLUSION: &str = r#"
exclude "service accounts" from replay {
  when    user == "svc"
  expires 2030-01-31
}
"#;

const SAMPLE: &str = r#"{"category":"SignInLogs","properties":{"id":"1","createdDateTime":"2026-03-02T10:00:00Z","userPrincipalName":"Anna","ipAddress":"192.0.2.1"}}
{"category":"NonInteractiveUserSignInLogs","properties":{"id":"2","createdDateTime":"2026-03-02T10:01:00Z","userPrincipalName":"anna","ipAddress":"192.0.2.9"}}
{"category":"AuditLogs"}
"#;

/// A folder with a rule set.
fn folder(tests: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = include_str!("../data/entra/rules.trip").replace(
        "token.ip != login.ip",
        "token.ip != login.ip and user != \"nobody\"",
    );
    let rules = rules.replace(
        "interactive : bool",
        "asn : int = .properties.autonomousSystemNumber\n  interactive : bool",
    );
    let write = |path: &str, text: &str| {
        fs::write(folder.path().join(path), text).expect("the file is written");
    };
    write("rules.trip", &rules);
    write("exclusions.trip", EXCLUSION);
    write("tests.trip", tests);
    write("sample.ndjson", SAMPLE);
    folder
}

/// `tripline test .` in the folder.
fn test(folder: &Path, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = tripline(&["test", ".", "--today", "2026-05-04"]);
    command.current_dir(folder).args(arguments);
    command
}

#[test]
fn a_failure_shows_what_was_expected_and_what_arrived() {
    let folder = folder(TESTS);
    assert_snapshot!(shown(test(folder.path(), &[])));
}

#[test]
fn tests_that_pass_end_with_0_and_a_failure_with_1() {
    let folder = folder(TESTS);
    let status = |arguments: &[&str]| output(test(folder.path(), arguments)).status.code();
    assert_eq!(status(&["--filter", "another address"]), Some(0));
    assert_eq!(status(&["--filter", "<wrong>"]), Some(1));
    assert_eq!(status(&["--filter", "no such test"]), Some(2));
    fs::write(folder.path().join("tests.trip"), "test \"t\" for replai {}").expect("written");
    assert_eq!(status(&[]), Some(2));
}

#[test]
fn records_that_are_not_there_fail_the_test_and_not_the_rules() {
    let folder = folder(TESTS);
    fs::remove_file(folder.path().join("sample.ndjson")).expect("it was there");
    let output = output(test(folder.path(), &["--filter", "raw records"]));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("there is no file `sample.ndjson`"));
    let mut check = tripline(&["check", "."]);
    check.current_dir(folder.path());
    assert_eq!(
        crate::command::output(check).status.code(),
        Some(0),
        "a warning"
    );
}

#[test]
fn junit_is_xml_with_a_suite_for_each_file() {
    let folder = folder(TESTS);
    let file = folder.path().join("tests.xml");
    let path = file.to_str().expect("UTF-8");
    let output = output(test(
        folder.path(),
        &["--format", "junit", "--output", path],
    ));
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = fs::read_to_string(&file).expect("it was written");
    let read = quick_junit::Report::deserialize_from_str(&text).expect("it is well-formed");
    assert_eq!(read.test_suites.len(), 1);
    let suite = &read.test_suites[0];
    assert!(suite.name.as_str().ends_with("tests.trip"));
    assert_eq!((suite.tests, suite.failures), (7, 1));
    // What a terminal or an XML reader would obey is shown as an escape.
    assert!(text.contains("a &lt;wrong&gt; test &amp;"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn json_has_one_object_a_test() {
    let folder = folder(TESTS);
    let text = stdout(test(folder.path(), &["--format", "json", "--coverage"]));
    let objects: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    let tests: Vec<_> = objects.iter().filter(|o| o["test"].is_string()).collect();
    assert_eq!(tests.len(), 7);
    let failed = &tests[1];
    assert_eq!(failed["passed"], false);
    assert_eq!(failed["arrived"][2]["fate"], "duplicate");
    assert_eq!(failed["arrived"][4]["steps"][0]["has_key"], false);
    assert_eq!(failed["found"][0]["bound"]["login"], 2);
    assert_eq!(failed["found"][0]["detection"]["key"]["user"], "anna");
    assert_eq!(objects[7]["rule"], "replay");
    assert_eq!(objects[8]["exclusion"], "service accounts");
    assert_eq!(objects[8]["fires"], true);
}

#[test]
fn what_no_test_shows_is_listed_and_can_be_denied() {
    let tests = TESTS.split("\ntest \"").nth(1).expect("the first test");
    let folder = folder(&format!("test \"{tests}"));
    assert_snapshot!("coverage", shown(test(folder.path(), &["--coverage"])));
    assert_snapshot!(
        "uncovered",
        shown(test(folder.path(), &["--deny", "uncovered"]))
    );
}

#[test]
fn a_test_changes_nothing_of_a_run() {
    let folder = folder(TESTS);
    let detections = || {
        let mut command = tripline(&["run", "--rules", ".", "sample.ndjson", "-q"]);
        command.current_dir(folder.path());
        stdout(command)
    };
    let with = detections();
    assert_eq!(with.lines().count(), 1);
    fs::remove_file(folder.path().join("tests.trip")).expect("it was there");
    assert_eq!(with, detections());
}

/// The examples of a page in one language.
fn examples(page: &str, language: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(page);
    let page = fs::read_to_string(path).expect("the page is there");
    let mut text = String::new();
    for part in page.split(&format!("```{language}\n")).skip(1) {
        text.push_str(part.split("\n```").next().unwrap_or_default());
        text.push('\n');
    }
    text
}

#[test]
fn the_tests_of_the_language_page_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    for below in ["lists", "tables"] {
        fs::create_dir(folder.path().join(below)).expect("created");
    }
    for (path, text) in [
        ("lists/guests.txt", "anna@example.org\n".to_owned()),
        ("tables/vips.csv", examples("docs/language.md", "csv")),
        ("page.trip", examples("docs/language.md", "tripline")),
    ] {
        fs::write(folder.path().join(path), text).expect("written");
    }
    let output = output(test(folder.path(), &[]));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("  ok ").count(), 2, "{said}");
}

#[test]
fn the_tests_of_the_first_rule_pass_but_for_the_one_that_the_page_says_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/entra/schema.trip");
    fs::copy(schema, folder.path().join("schema.trip")).expect("copied");
    let page = examples("docs/first-rule.md", "tripline");
    let without_exclusion = page.split("list roaming_users").next().unwrap_or_default();
    let run = |text: &str| {
        fs::write(folder.path().join("page.trip"), text).expect("written");
        String::from_utf8_lossy(&output(test(folder.path(), &[])).stdout).into_owned()
    };
    let said = run(without_exclusion);
    assert_eq!(said.matches("  ok ").count(), 2, "{said}");
    let said = run(&page);
    assert_eq!(said.matches("  ok ").count(), 2, "{said}");
    assert!(
        said.contains("FAILED  two countries within an hour"),
        "{said}"
    );
}

#[test]
fn the_shipped_pack_has_a_test_for_every_rule_and_exclusion() {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let pack = pack.to_str().expect("UTF-8");
    let output = output(tripline(&["test", pack, "--deny", "uncovered"]));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

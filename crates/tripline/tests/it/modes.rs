//! Every mode and format, and what goes beside them: summary, dead letter, statistics.

use insta::assert_snapshot;

use crate::command::{output, run, shown, signins, stats, stdout};

#[test]
fn ndjson_is_what_a_program_gets() {
    assert_snapshot!(shown(run(&["signins.ndjson"])));
}

#[test]
fn a_detection_has_exactly_the_documented_members() {
    let text = stdout(run(&["signins.ndjson", "-q"]));
    let detection: serde_json::Value =
        serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let members: Vec<_> = detection
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "id",
            "rule",
            "rule_id",
            "title",
            "severity",
            "tactics",
            "techniques",
            "time",
            "key",
            "events",
            "fields",
            "excluded_by"
        ]
    );
}

#[test]
fn pretty_is_what_a_person_gets() {
    assert_snapshot!(shown(run(&[
        "signins.ndjson",
        "-q",
        "--format",
        "pretty",
        "--show-excluded"
    ])));
}

#[test]
fn pretty_has_colours_when_asked_for() {
    assert_snapshot!(shown(run(&[
        "signins.ndjson",
        "-q",
        "--format",
        "pretty",
        "--color",
        "always"
    ])));
}

#[test]
fn a_table_has_one_line_a_detection() {
    assert_snapshot!(shown(run(&[
        "signins.ndjson",
        "-q",
        "--format",
        "table",
        "--show-excluded"
    ])));
}

#[test]
fn csv_has_stable_columns() {
    assert_snapshot!(shown(run(&[
        "signins.ndjson",
        "-q",
        "--format",
        "csv",
        "--show-excluded"
    ])));
}

#[test]
fn csv_has_its_header_even_without_detections() {
    let mut command = run(&["-q", "--format", "csv"]);
    command.write_stdin("");
    assert!(stdout(command).starts_with("id,rule,rule_id,title,severity,"));
}

#[test]
fn event_fields_can_be_only_those_that_the_rule_uses() {
    assert_snapshot!(stdout(run(&[
        "signins.ndjson",
        "-q",
        "--event-fields",
        "used"
    ])));
}

#[test]
fn since_and_until_choose_events() {
    let stats = stats(run(&[
        "signins.ndjson",
        "--since",
        "2026-05-04T10:01:00Z",
        "--until",
        "2026-05-04T10:05:00Z",
    ]));
    assert_eq!(stats["records"]["processed"], 3);
    assert_eq!(
        stats["rules"][0]["detections"], 0,
        "ada's sign-in lies before"
    );
    assert_eq!(stats["rules"][0]["excluded"], 1);
}

#[test]
fn a_greater_lateness_lets_late_records_in() {
    assert_eq!(stats(run(&["signins.ndjson"]))["records"]["too_late"], 1);
    assert_eq!(
        stats(run(&["signins.ndjson", "--lateness", "3h"]))["records"]["too_late"],
        0
    );
}

#[test]
fn early_and_final_emission_give_the_same_detections() {
    let sorted = |emit: &str| {
        let text = stdout(run(&["signins.ndjson", "-q", "--emit", emit]));
        let mut ids: Vec<_> = text.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    assert_eq!(sorted("early"), sorted("final"));
    assert_eq!(sorted("early").len(), 2);
}

#[test]
fn annotate_writes_every_record_with_what_it_completes() {
    assert_snapshot!(shown(run(&["signins.ndjson", "--mode", "annotate"])));
}

#[test]
fn annotate_inserts_into_documents_without_touching_them() {
    let records: Vec<_> = signins().lines().take(2).map(str::to_owned).collect();
    let document = format!(
        "{{\r\n  \"records\": [\n    {} ,\n    {}\n  ],\n  \"next\": null }}",
        records[0], records[1]
    );
    let mut command = run(&["--mode", "annotate", "-q"]);
    command.write_stdin(document.clone());
    let annotated = stdout(command);
    let at = annotated.find(",\"tripline\":").expect("an insertion");
    let end = annotated.len() - (document.len() - at);
    assert_eq!(
        format!("{}{}", &annotated[..at], &annotated[end..]),
        document
    );
}

#[test]
fn annotate_keeps_inputs_apart_that_lack_the_last_line_end() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("a.json", "{\"a\":1}"),
        ("b.json", "{\"a\":2}\n"),
        ("c.json", "{\"a\":3}"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(
        stdout(run(&["--mode", "annotate", "-q", path])),
        "{\"a\":1}\n{\"a\":2}\n{\"a\":3}"
    );
}

#[test]
fn filter_drops_and_tags_and_lets_the_rest_pass() {
    assert_snapshot!(shown(run(&["signins.ndjson", "--mode", "filter"])));
}

#[test]
fn filter_writes_a_record_that_spans_lines_as_one_line() {
    let mut command = run(&["--mode", "filter", "-q"]);
    command.write_stdin("[\n  {\n    \"kind\": \"audit\"\r\n  },\n  {\"kind\": \"signin\", \"agent\": \"build\" }\n]\n");
    assert_eq!(
        stdout(command),
        "{     \"kind\": \"audit\"    }\n{\"kind\": \"signin\", \"agent\": \"build\" ,\"tripline\":{\"tags\":[\"build\"]}}\n"
    );
}

#[test]
fn the_dead_letter_has_what_could_not_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.ndjson");
    let mut command = run(&[
        "signins.ndjson",
        "-",
        "-q",
        "--dead-letter",
        path.to_str().expect("UTF-8"),
    ]);
    command.write_stdin(b"{\"kind\":\"signin\",\"user\":\"\xff\xfe\"\n".to_vec());
    output(command);
    assert_snapshot!(std::fs::read_to_string(path).expect("the dead letter was written"));
}

#[test]
fn the_statistics_are_json() {
    let mut stats = stats(run(&["signins.ndjson", "-q"]));
    let elapsed = stats["elapsed_seconds"].take();
    assert!(elapsed.as_f64().expect("a number") > 0.0);
    stats["peak_state_bytes"].take();
    assert_snapshot!(serde_json::to_string_pretty(&stats).expect("JSON"));
}

#[test]
fn the_statistics_of_filtering_are_json() {
    let mut stats = stats(run(&["signins.ndjson", "--mode", "filter", "-q"]));
    stats["elapsed_seconds"].take();
    assert_snapshot!(serde_json::to_string_pretty(&stats).expect("JSON"));
}

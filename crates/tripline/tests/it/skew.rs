//! Records that are dated ahead of the clock must not make all that follow too late.

use std::fs;

use crate::command::{output, run, stats};

fn record(id: u32, time: &str, ip: u32, interactive: bool) -> String {
    format!(
        "{{\"kind\":\"signin\",\"id\":\"{id}\",\"time\":\"{time}\",\"user\":\"ada\",\"ip\":\"192.0.2.{ip}\",\
         \"interactive\":{interactive}}}\n"
    )
}

/// A sign-in, one with a clock that is far ahead, and the token from elsewhere.
fn records() -> String {
    record(1, "2026-05-04T10:00:00Z", 1, true)
        + &record(2, "2199-01-01T00:00:00Z", 1, true)
        + &record(3, "2026-05-04T10:05:00Z", 2, false)
}

#[test]
fn a_record_dated_ahead_is_out_of_range_and_changes_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, dead) = (folder.path().join("day.ndjson"), folder.path().join("dead"));
    fs::write(&path, records()).expect("written");
    for threads in ["1", "2"] {
        let mut command = run(&["--threads", threads]);
        command.arg(&path).arg("--dead-letter").arg(&dead);
        let output = output(command);
        assert_eq!(output.stdout.split(|byte| *byte == b'\n').count(), 2);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.contains("day.ndjson:2: dated ahead: its event time is 2199-01-01 00:00:00"),
            "{said}"
        );
        assert!(
            said.contains("dated ahead: 1 record is dated more than 1d ahead"),
            "{said}"
        );
        let dead = fs::read_to_string(&dead).expect("written");
        assert!(dead.contains("\"reason\":\"dated ahead"), "{dead}");
    }
    let mut command = run(&[]);
    command.write_stdin(records());
    let stats = stats(command);
    assert_eq!(stats["records"]["out_of_range"], 1);
    assert_eq!(stats["dated_ahead"], 1);
    assert_eq!(stats["records"]["too_late"], 0);
}

#[test]
fn how_far_ahead_is_too_far_can_be_said() {
    let mut command = run(&["--max-skew", "off"]);
    command.write_stdin(records());
    let stats_of_all = stats(command);
    assert_eq!(stats_of_all["records"]["out_of_range"], 0);
    assert_eq!(
        stats_of_all["records"]["too_late"], 1,
        "what the guard is for"
    );

    let hours_ahead = |hours: i64| {
        let time = chrono::Utc::now() + chrono::TimeDelta::hours(hours);
        record(
            1,
            &time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            1,
            true,
        )
    };
    for (hours, option, ahead) in [(12, "1d", 0), (36, "1d", 1), (36, "2d", 0), (2, "1h", 1)] {
        let mut command = run(&["--max-skew", option]);
        command.write_stdin(hours_ahead(hours));
        assert_eq!(
            stats(command)["dated_ahead"],
            ahead,
            "{hours}h with {option}"
        );
    }
    assert_eq!(
        output(run(&["--max-skew", "soon", "signins.ndjson"]))
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_record_before_or_after_the_range_asked_for_is_not_dated_ahead() {
    let mut command = run(&[
        "--since",
        "2026-05-04T10:01:00Z",
        "--until",
        "2026-05-04T10:04:00Z",
    ]);
    command.write_stdin(records());
    let stats = stats(command);
    assert_eq!(stats["records"]["out_of_range"], 3);
    assert_eq!(stats["dated_ahead"], 1);
}

#[test]
fn a_record_dated_ahead_does_not_say_where_its_file_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    // Each file ends, in its first half, with a clock that is far ahead.
    let mut expected = None;
    for ahead in [false, true] {
        let mut command = run(&["--lateness", "1m"]);
        for file in 0..2u32 {
            let mut text = String::new();
            for minute in 0..40u32 {
                let time = format!("2026-05-04T10:{minute:02}:{:02}Z", file * 20);
                let id = minute * 10 + file;
                // A megabyte a few minutes, so that the files are read in several blocks.
                let padding = "x".repeat(60_000);
                let one = record(id, &time, minute % 3, minute % 2 == file);
                text += &one.replacen('{', &format!("{{\"pad\":\"{padding}\","), 1);
                if ahead {
                    let time = "2199-01-01T00:00:00Z";
                    text += &record(1000 + id, time, 1, true);
                }
            }
            let path = folder.path().join(format!("{ahead}{file}.ndjson"));
            fs::write(&path, text).expect("written");
            command.arg(&path);
        }
        let found = output(command).stdout;
        assert!(!found.is_empty());
        let expected = expected.get_or_insert_with(|| found.clone());
        assert!(*expected == found, "with records dated ahead: {ahead}");
    }
}

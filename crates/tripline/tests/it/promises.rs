//! Promises that hold for every input: annotating never changes other bytes, and the number of threads
//! changes nothing.

use proptest::prelude::*;

use crate::command::{output, run, stdout, tripline};

/// A text without its `tripline` members.
fn without_insertions(annotated: &[u8]) -> Vec<u8> {
    let mut left = Vec::new();
    let mut at = 0;
    let name: &[u8] = b"\"tripline\":";
    while let Some(found) = memchr::memmem::find(&annotated[at..], name) {
        let start = at + found;
        let value = &annotated[start + name.len()..];
        let mut values =
            serde_json::Deserializer::from_slice(value).into_iter::<serde_json::Value>();
        values.next().expect("a value").expect("JSON");
        let comma = usize::from(annotated[start - 1] == b',');
        left.extend_from_slice(&annotated[at..start - comma]);
        at = start + name.len() + values.byte_offset();
    }
    left.extend_from_slice(&annotated[at..]);
    left
}

/// A record that may complete a detection, in some spelling.
fn record() -> impl Strategy<Value = String> {
    let user = prop_oneof![Just("ada"), Just("bob")];
    let agent = prop_oneof![Just("browser"), Just("build"), Just("probe")];
    (user, 0u32..3, any::<bool>(), 0u32..60, 0u32..10_000, agent, any::<bool>()).prop_map(
        |(user, ip, interactive, minute, id, agent, wide)| {
            let space = if wide { " " } else { "" };
            format!(
                "{{{space}\"kind\":{space}\"signin\",\"id\":\"{id}\",\"time\":\"2026-05-04T10:{minute:02}:00Z\",\
                 \"user\":\"{user}\",\"ip\":\"192.0.2.{ip}\",{space}\"agent\":\"{agent}\",\
                 \"interactive\":{interactive}{space}}}"
            )
        },
    )
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => record(),
        1 => proptest::collection::vec(record(), 1..4).prop_map(|r| format!("{{\"records\": [{}]}}", r.join(" , "))),
        1 => proptest::collection::vec(record(), 1..4).prop_map(|r| format!("[{}]", r.join(","))),
        1 => Just(String::new()),
        1 => Just("{}".to_owned()),
        1 => Just("  { }\r".to_owned()),
        1 => "[ -~]{0,20}",
        1 => record().prop_map(|record| record[..record.len() - 1].to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_the_insertions_the_annotated_output_is_the_input(
        lines in proptest::collection::vec(line(), 0..60),
        end in prop_oneof![Just("\n"), Just(""), Just("\r\n")],
        document in any::<bool>(),
    ) {
        let mut input = lines.join("\n") + end;
        if document {
            input = format!("[\n{},\n {{}} ]{end}", lines.join(",\n"));
        }
        let mut command = run(&["--mode", "annotate", "-q"]);
        command.write_stdin(input.clone());
        let annotated = output(command).stdout;
        let restored = without_insertions(&annotated);
        prop_assert_eq!(String::from_utf8_lossy(&restored), input);
    }
}

#[test]
fn records_are_really_annotated_in_what_the_property_looks_at() {
    let records: String = (0..40)
        .map(|n| {
            format!(
                "{{\"kind\":\"signin\",\"id\":\"{n}\",\"time\":\"2026-05-04T10:{n:02}:00Z\",\"user\":\"ada\",\
                 \"ip\":\"192.0.2.{}\",\"interactive\":{}}}\n",
                n % 3,
                n % 2 == 0
            )
        })
        .collect();
    let mut command = run(&["--mode", "annotate", "-q"]);
    command.write_stdin(records.clone());
    let annotated = stdout(command);
    assert!(
        annotated.matches("\"tripline\":").count() >= 10,
        "{annotated}"
    );
    assert!(
        annotated
            .lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
    assert_eq!(
        String::from_utf8_lossy(&without_insertions(annotated.as_bytes())),
        records
    );
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("day.ndjson");
    let path = path.to_str().expect("UTF-8");
    let generate = [
        "generate",
        "-n",
        "5000",
        "--users",
        "40",
        "--attacks",
        "40",
        "--order",
        "delivered",
    ];
    let mut command = tripline(&generate);
    command.args(["--noise", "realistic", "--span", "3h", "-q", "-o", path]);
    assert_eq!(output(command).status.code(), Some(0));

    for mode in ["detections", "annotate", "filter"] {
        let with = |threads: &str| {
            let rules = if mode == "filter" { "rules" } else { "entra" };
            let mut command = tripline(&["run", "--rules", rules]);
            let dead = folder.path().join(format!("{mode}{threads}"));
            command.args(["-q", "--mode", mode, "--threads", threads, path]);
            command.arg("--dead-letter").arg(&dead);
            let output = output(command);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            (output.stdout, std::fs::read(dead).expect("written"))
        };
        let (alone, dead) = with("1");
        assert!(!alone.is_empty(), "{mode}");
        for threads in ["2", "3"] {
            let (shared, dead_of_shared) = with(threads);
            assert!(alone == shared, "{mode} differs with {threads} threads");
            assert!(
                dead == dead_of_shared,
                "the dead letter of {mode} differs with {threads} threads"
            );
        }
    }
}

#[test]
fn the_number_of_threads_changes_neither_detections_nor_their_order_over_shuffled_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = Vec::new();
    for (seed, order) in [
        ("1", "delivered"),
        ("2", "time"),
        ("3", "delivered"),
        ("4", "delivered"),
    ] {
        let path = folder.path().join(format!("{seed}.ndjson"));
        let mut command = tripline(&["generate", "-q", "-n", "1500", "--users", "30"]);
        command.args(["--attacks", "20", "--span", "3h", "--size", "2500"]);
        command.args(["--duplicates", "0.05", "--seed", seed, "--order", order]);
        command.arg("-o").arg(&path);
        assert_eq!(output(command).status.code(), Some(0));
        paths.push(path);
    }
    let with = |threads: &str, emit: &str, inputs: &[std::path::PathBuf]| {
        let mut command = tripline(&["run", "--rules", "entra", "-q", "--format", "ndjson"]);
        command
            .args(["--threads", threads, "--emit", emit])
            .args(inputs);
        stdout(command)
    };
    let ids = |found: &str| {
        let of = |line: &str| {
            let detection: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = |name: &str| detection[name].as_str().expect("text").to_owned();
            (text("time"), text("id"))
        };
        found.lines().map(of).collect::<Vec<_>>()
    };
    let mut sets = Vec::new();
    for emit in ["final", "early"] {
        for inputs in [&paths[..1], &paths[..]] {
            let alone = with("1", emit, inputs);
            let found = ids(&alone);
            assert!(found.len() > 10, "{}", found.len());
            if emit == "final" {
                // A final detection is given when nothing can come before it any more.
                assert!(found.is_sorted(), "they come in the order of time, then id");
            }
            for threads in ["2", "3", "8"] {
                let shared = with(threads, emit, inputs);
                assert!(alone == shared, "{emit} differs with {threads} threads");
            }
            let set: std::collections::BTreeSet<_> = found.into_iter().collect();
            sets.push(set);
        }
    }
    for (of_final, of_early) in [(0, 2), (1, 3)] {
        assert!(
            sets[of_final].is_subset(&sets[of_early]),
            "early gives all that final gives"
        );
    }
}

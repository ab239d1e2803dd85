//! Bytes that nobody meant well with: never a panic, always a count.

use crate::command::{output, run, stats};

/// The records by fate when this is given on standard input.
fn fates(input: impl Into<Vec<u8>>) -> serde_json::Value {
    let mut command = run(&["-q"]);
    command.write_stdin(input);
    let mut stats = stats(command);
    let total: u64 = stats["records"]
        .as_object()
        .expect("an object")
        .values()
        .filter_map(|n| n.as_u64())
        .sum();
    let mut records = stats["records"].take();
    records["total"] = total.into();
    records
}

const RECORD: &str = "{\"kind\":\"signin\",\"time\":\"2026-05-04T10:00:00Z\",\"user\":\"ada\"}";

#[test]
fn nesting_deeper_than_any_stack_is_one_record_that_cannot_be_read() {
    for deep in [
        "[".repeat(1_000_000),
        "{\"a\":".repeat(1_000_000),
        format!("{{\"kind\":{}", "[".repeat(1_000_000)),
    ] {
        let fates = fates(format!("{RECORD}\n{deep}\n{RECORD}x\n"));
        assert_eq!(fates["unparsable"], 2, "{:?}", &deep[..20]);
        assert_eq!(fates["processed"], 1);
        assert_eq!(fates["total"], 3);
    }
    let document = format!("[\n{RECORD},\n{}\n", "[".repeat(1_000_000));
    assert_eq!(fates(document)["processed"], 1);
}

#[test]
fn a_line_of_50_megabytes_is_read_like_any_other() {
    let long = format!(
        "{{\"kind\":\"signin\",\"x\":\"{}\",\"time\":\"2026-05-04T10:00:00Z\"}}",
        "y".repeat(50 << 20)
    );
    let fates = fates(format!("{RECORD}\n{long}\n{RECORD}"));
    assert_eq!(fates["processed"], 3);
    assert_eq!(fates["total"], 3);
}

#[test]
fn a_line_beyond_the_limit_is_counted_and_its_beginning_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.ndjson");
    let long = format!("{{\"kind\":\"signin\",\"x\":\"{}\"}}", "ü".repeat(3 << 20));
    let mut command = run(&[
        "--max-record",
        "1MiB",
        "--dead-letter",
        path.to_str().expect("UTF-8"),
    ]);
    command.write_stdin(format!(
        "{RECORD}\n\n{long}\n{}\n",
        RECORD.replace("ada", "bob")
    ));
    let stats = stats(command);
    assert_eq!(stats["records"]["unparsable"], 1);
    assert_eq!(stats["records"]["processed"], 2);
    let letter: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("written")).expect("one line");
    assert_eq!(letter["line"], 3);
    assert!(
        letter["reason"]
            .as_str()
            .expect("text")
            .contains("longer than 1048576 bytes")
    );
    let kept = letter["record"].as_str().expect("text");
    assert!((65_000..=65_536).contains(&kept.len()), "{}", kept.len());
}

#[test]
fn bytes_that_are_no_text_are_no_trouble() {
    let mut input = RECORD.as_bytes().to_vec();
    input.extend_from_slice(
        b"\n{\"kind\":\"signin\",\"user\":\"\xff\xfe\",\"time\":\"2026-05-04T10:00:00Z\"}\n",
    );
    input.extend_from_slice(b"\0\0\0\n\xff\xff\n{\"kind\":\"sign\0in\"}\n");
    let fates = fates(input);
    assert_eq!(fates["total"], 5);
    assert_eq!(fates["processed"], 1);
    assert!(fates["unparsable"].as_u64() >= Some(2));
}

#[test]
fn numbers_past_64_bits_are_values_that_no_rule_sees() {
    let big = "9".repeat(400);
    let input = format!(
        "{{\"kind\":\"signin\",\"time\":{big},\"user\":\"a\"}}\n\
         {{\"kind\":\"signin\",\"time\":1e999,\"user\":\"a\"}}\n\
         {{\"kind\":\"signin\",\"time\":\"2026-05-04T10:00:00Z\",\"user\":{big}}}\n"
    );
    let fates = fates(input);
    assert_eq!(fates["total"], 3);
    assert_eq!(fates["no_time"], 2);
}

#[test]
fn empty_inputs_have_no_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("empty.json");
    std::fs::write(&path, "").expect("a file");
    let output = output(run(&["-q", path.to_str().expect("UTF-8")]));
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    for input in ["", "\n\n\n", "[]", "{\"records\":[]}", "\u{feff}"] {
        assert_eq!(fates(input)["total"], 0, "{input:?}");
    }
}

#[test]
fn a_million_broken_lines_take_no_longer_than_they_must() {
    let started = std::time::Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.ndjson");
    let mut command = run(&["-q", "--dead-letter", path.to_str().expect("UTF-8")]);
    command.write_stdin("{\n".repeat(500_000).into_bytes());
    let stats = stats(command);
    let mut lines = run(&["-q"]);
    lines.write_stdin("x\n".repeat(1_000_000).into_bytes());
    assert_eq!(
        crate::command::stats(lines)["records"]["unparsable"],
        1_000_000
    );
    assert!(stats["records"]["unparsable"].as_u64() > Some(0));
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

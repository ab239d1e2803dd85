//! Every form in which records come, with the same detections from each.

use std::io::Write as _;
use std::path::Path;

use crate::command::{output, run, signins, stats, stdout};

/// Whole records, one a line.
fn records() -> Vec<String> {
    signins()
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| line.ends_with('}'))
        .collect()
}

/// What the command gives for `signins.ndjson` itself.
fn expected() -> String {
    let detections = stdout(run(&["-q", "signins.ndjson"]));
    assert_eq!(detections.lines().count(), 2);
    detections
}

fn given(input: impl Into<Vec<u8>>) -> String {
    let mut command = run(&["-q"]);
    command.write_stdin(input);
    stdout(command)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, bytes).expect("a file");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn an_input_without_a_record_is_counted_as_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = file(folder.path(), "a/empty.json", b"");
    let blank = file(folder.path(), "a/blank.json", b"\n \n");
    let nothing = file(folder.path(), "a/nothing.json.gz", &gzip(b""));
    for mode in ["detections", "annotate", "filter"] {
        let read = |paths: &[&str]| {
            let mut command = run(&["-q", "--mode", mode]);
            command.args(paths);
            stats(command)["inputs"].clone()
        };
        for path in [&empty, &blank, &nothing] {
            assert_eq!(read(&[path]), 1, "{mode} {path}");
        }
        assert_eq!(
            read(&[&empty, "signins.ndjson", &blank, &nothing]),
            4,
            "{mode}"
        );
    }
}

#[test]
fn standard_input_is_read_when_nothing_or_a_dash_is_named() {
    assert_eq!(given(signins()), expected());
    let mut command = run(&["-q", "-"]);
    command.write_stdin(signins());
    assert_eq!(stdout(command), expected());
}

#[test]
fn standard_input_may_be_a_file() {
    let file = std::fs::File::open(crate::command::data().join("signins.ndjson"))
        .expect("the file is there");
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
        .current_dir(crate::command::data())
        .args(["run", "--rules", "rules", "-q"])
        .stdin(file)
        .output()
        .expect("the command starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected());
}

#[test]
fn line_ends_marks_and_a_missing_last_line_end_make_no_difference() {
    assert_eq!(given(signins().replace('\n', "\r\n")), expected());
    assert_eq!(
        given(format!("\u{feff}{}", signins().trim_end())),
        expected()
    );
}

#[test]
fn envelopes_arrays_and_documents_hold_records() {
    let records = records();
    let joined = records.join(",");
    assert_eq!(given(format!("{{\"records\":[{joined}]}}\n")), expected());
    assert_eq!(given(format!("[{joined}]")), expected());
    assert_eq!(
        given(format!("[\n  {}\n]\n", records.join(",\n  "))),
        expected()
    );
    assert_eq!(
        given(format!(
            "{{\n \"@odata.context\": \"x\",\n \"value\": [\n{}\n]\n}}",
            records.join(",\n")
        )),
        expected()
    );
    assert_eq!(given(records.join(" ")), expected(), "one after the other");
    let pretty: Vec<_> = records
        .iter()
        .map(|record| serde_json::from_str::<serde_json::Value>(record).expect("JSON"))
        .map(|record| serde_json::to_string_pretty(&record).expect("JSON"))
        .collect();
    assert_eq!(given(pretty.join("\n")), expected(), "over several lines");
    let lines: Vec<_> = records
        .chunks(2)
        .map(|two| format!("{{ \"records\" : [{}] }}", two.join(",")))
        .collect();
    assert_eq!(given(lines.join("\n")), expected(), "an envelope a line");
}

#[test]
fn records_may_be_wrapped_as_text() {
    for member in ["log", "message"] {
        let lines: Vec<_> = records()
            .iter()
            .map(|record| serde_json::json!({ "date": 1.5, member: record }).to_string())
            .collect();
        assert_eq!(given(lines.join("\n")), expected(), "{member}");
    }
}

#[test]
fn compression_is_told_by_content_not_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = signins();
    // Two members, two frames: what `cat a.gz b.gz` gives.
    let (first, second) = plain.split_at(
        plain
            .find("{\"kind\":\"signin\",\"id\":\"2\"")
            .expect("a record")
            + 40,
    );
    let gz = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let zst = [first, second]
        .map(|part| zstd::encode_all(part.as_bytes(), 3).expect("memory"))
        .concat();
    for (name, bytes) in [
        ("a.ndjson", &gz),
        ("b.gz", &zst),
        ("c", &plain.clone().into_bytes()),
    ] {
        let path = file(folder.path(), name, bytes);
        assert_eq!(stdout(run(&["-q", &path])), expected(), "{name}");
        assert_eq!(given(bytes.clone()), expected(), "{name} as standard input");
    }
}

#[test]
fn a_folder_stands_for_its_log_files_in_path_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines: Vec<_> = records();
    file(
        folder.path(),
        "2026/05/04/b.json.gz",
        &gzip(lines[1..].join("\n").as_bytes()),
    );
    file(folder.path(), "2026/05/04/a.log", lines[0].as_bytes());
    file(folder.path(), "notes.md", b"not a log");
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(stdout(run(&["-q", path])), expected());
    assert_eq!(stats(run(&["-q", path]))["inputs"], 2);
}

#[test]
fn a_folder_without_log_files_is_said_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = output(run(&[folder.path().to_str().expect("UTF-8")]));
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no log files"));
}

#[test]
fn a_compressed_file_that_is_cut_off_gives_what_can_be_read_and_the_next_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let many: String = std::iter::repeat_n("{\"kind\":\"audit\",\"n\":12345}\n", 10_000).collect();
    let zst = zstd::encode_all(many.as_bytes(), 3).expect("memory");
    for (name, whole) in [("cut.gz", gzip(many.as_bytes())), ("cut.zst", zst)] {
        let path = file(folder.path(), name, &whole[..whole.len() - 6]);
        let stats = stats(run(&["-q", &path, "signins.ndjson"]));
        assert_eq!(
            stats["input_errors"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
        assert_eq!(stats["input_errors"][0]["file"], path.as_str());
        assert_eq!(
            stats["rules"][0]["detections"], 2,
            "{name}: the next file was read"
        );
        assert_eq!(
            output(run(&["-q", &path, "signins.ndjson"])).status.code(),
            Some(1),
            "{name}"
        );
    }
    let path = file(folder.path(), "cut.gz", &gzip(many.as_bytes())[..500]);
    let not_accepted = stats(run(&["-q", &path]))["records"]["not_accepted"]
        .as_u64()
        .expect("a number");
    assert!(
        not_accepted > 100,
        "{not_accepted} records were read before the end"
    );
}

#[test]
fn a_file_in_utf_16_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(signins().encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let path = file(folder.path(), "export.json", &utf16);
    let output = output(run(&["-q", &path]));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("it is UTF-16"));
}

#[test]
fn detections_show_the_same_fields_from_mapped_files_and_from_streams() {
    // The example has all shapes, records wrapped in others, late and doubled ones.
    let shipped = |arguments: &[&str]| {
        let mut all = vec![
            "run",
            "-q",
            "--show-excluded",
            "--rules",
            "../../../../rules/entra",
        ];
        all.extend(arguments);
        crate::command::tripline(&all)
    };
    let example = "../../../../examples/signins.ndjson";
    let mapped = stdout(shipped(&[example]));
    assert_eq!(mapped.lines().count(), 37);
    let mut streamed = shipped(&["-"]);
    streamed.write_stdin(
        std::fs::read(crate::command::data().join(example)).expect("the example is there"),
    );
    assert_eq!(stdout(streamed), mapped);
    let only_used = stdout(shipped(&["--event-fields", "used", example]));
    assert_ne!(only_used, mapped, "there is something to be read again");
}

/// The example's records by which table they belong to, as day exports are kept.
fn example_by_kind() -> (Vec<String>, Vec<String>) {
    let path = crate::command::data().join("../../../../examples/signins.ndjson");
    let text = std::fs::read_to_string(path).expect("the example is there");
    let interactive = |line: &str| {
        ["\"SignInLogs\"", "\"SigninLogs\"", "\"interactiveUser\""]
            .iter()
            .any(|kind| line.contains(kind))
    };
    text.lines()
        .map(str::to_owned)
        .partition(|line| interactive(line))
}

fn shipped(arguments: &[&str]) -> String {
    let mut all = vec!["run", "-q", "--rules", "../../../../rules/entra"];
    all.extend(arguments);
    stdout(crate::command::tripline(&all))
}

/// The ids of detections, in their order.
fn ids(detections: &str) -> Vec<String> {
    let id = |line: &str| {
        let detection: serde_json::Value = serde_json::from_str(line).expect("JSON");
        detection["id"].as_str().expect("an id").to_owned()
    };
    detections.lines().map(id).collect()
}

#[test]
fn inputs_of_the_same_time_are_read_side_by_side() {
    let whole = shipped(&["../../../../examples/signins.ndjson"]);
    let folder = tempfile::tempdir().expect("a folder");
    let (interactive, tokens) = example_by_kind();
    file(
        folder.path(),
        "a-tokens/PT1H.json",
        tokens.join("\n").as_bytes(),
    );
    file(
        folder.path(),
        "b-signins/PT1H.json.gz",
        &gzip(interactive.join("\n").as_bytes()),
    );
    let name = folder.path().to_str().expect("UTF-8");
    assert_eq!(ids(&shipped(&[name])), ids(&whole));
    assert_eq!(ids(&shipped(&["--threads", "3", name])), ids(&whole));
}

#[test]
fn annotations_do_not_depend_on_how_records_are_spread_over_inputs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (interactive, tokens) = example_by_kind();
    let one = file(
        folder.path(),
        "1.ndjson",
        format!("{}\n", tokens.join("\n")).as_bytes(),
    );
    let two = file(
        folder.path(),
        "2.ndjson",
        format!("{}\n", interactive.join("\n")).as_bytes(),
    );
    let annotated = shipped(&["--mode", "annotate", &one, &two]);
    let inserted = annotated.matches("\"tripline\":").count();
    assert!(
        inserted > 0,
        "the tokens wait for the sign-ins of the second file"
    );
}

#[test]
fn an_input_with_its_newest_events_first_is_correlated_all_the_same() {
    let path = crate::command::data().join("../../../../examples/signins.ndjson");
    let text = std::fs::read_to_string(path).expect("the example is there");
    let time = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        [
            "/properties/createdDateTime",
            "/TimeGenerated",
            "/createdDateTime",
        ]
        .iter()
        .find_map(|path| Some(record.pointer(path)?.as_str()?.to_owned()))
    };
    let mut lines: Vec<_> = text
        .lines()
        .filter_map(|line| Some((time(line)?, line)))
        .collect();
    lines.sort();
    // Texts with other offsets are out of place, as late records are.
    let joined: Vec<_> = lines.iter().rev().map(|(_, line)| *line).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let falling = file(
        folder.path(),
        "falling.ndjson",
        joined.join("\n").as_bytes(),
    );
    let whole = shipped(&["../../../../examples/signins.ndjson"]);
    assert_eq!(ids(&shipped(&[&falling])), ids(&whole));
}

//! What a run that goes on makes of its inputs and outputs: files that grew, were replaced, cut short or
//! renamed, streams that come again, outputs that are not what they were, and what is refused.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::command::data;

/// A folder with a state in it.
struct Kept(tempfile::TempDir);

impl Kept {
    fn new() -> Kept {
        Kept(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = fs::File::options()
            .append(true)
            .open(self.path(name))
            .expect("it is there");
        file.write_all(text.as_bytes()).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tripline"));
        command
            .current_dir(data())
            .args(["run", "--rules", "rules", "--today", "2026-05-04"])
            .args(["--state-every", "20ms", "--state"])
            .arg(self.path("state"))
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Goes on from the state, to the end; gives what is said.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.command(arguments);
        command.arg("--output").arg(self.path("out"));
        let Output { status, stderr, .. } = command.output().expect("it starts");
        (
            status.code(),
            String::from_utf8(stderr).expect("text"),
        )
    }

    fn found(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("out")).expect("it was written");
        text.lines().map(str::to_owned).collect()
    }
}

/// A sign-in and a token from elsewhere, a minute later.
fn attack(number: u32) -> String {
    let at = |step: u32| format!("2026-05-04T{:02}:{:02}:00Z", number / 20, number % 20 * 3 + step);
    let record = |step: u32, interactive: bool| {
        format!(
            "{{\"kind\":\"signin\",\"id\":\"{number}-{step}\",\"time\":\"{}\",\"user\":\"u{number}\",\
             \"ip\":\"192.0.2.{step}\",\"agent\":\"a\",\"interactive\":{interactive}}}\n",
            at(step)
        )
    };
    record(0, true) + &record(1, false)
}

fn attacks(numbers: std::ops::Range<u32>) -> String {
    numbers.map(attack).collect()
}

/// The number in a row of the summary.
fn row<'t>(said: &'t str, name: &str) -> &'t str {
    let row = said.lines().find(|line| line.trim_start().starts_with(name));
    row.and_then(|row| row.split_whitespace().nth(1)).unwrap_or("no such row")
}

fn name(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_file_that_grew_is_read_on_and_what_the_end_gave_is_given_once() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..10));
    assert_eq!(kept.run(&[name(&path)]).0, Some(0));
    assert_eq!(kept.found().len(), 10);
    // The last attack goes on in what is added.
    let (first, rest) = attacks(10..20).split_once('\n').map_or_else(
        || panic!("two lines"),
        |(first, rest)| (format!("{first}\n"), rest.to_owned()),
    );
    kept.append("day.ndjson", &first);
    assert_eq!(kept.run(&[name(&path)]).0, Some(0));
    assert_eq!(kept.found().len(), 10);
    kept.append("day.ndjson", &rest);
    let (status, said) = kept.run(&[name(&path)]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("goes on from"), "{said}");
    assert_eq!(kept.found().len(), 20, "each once");
    assert_eq!(row(&said, "records"), "40", "all runs are counted");
}

#[test]
fn new_files_of_a_folder_are_read_and_finished_ones_are_not() {
    let kept = Kept::new();
    fs::create_dir(kept.path("logs")).expect("a folder");
    kept.write("logs/1.ndjson", &attacks(0..5));
    let logs = kept.path("logs");
    kept.run(&[name(&logs)]);
    kept.write("logs/2.ndjson", &attacks(5..9));
    let (_, said) = kept.run(&[name(&logs)]);
    assert_eq!(kept.found().len(), 9, "{said}");
    assert_eq!(row(&said, "duplicate"), "0", "{said}");
    fs::remove_file(kept.path("logs/1.ndjson")).expect("it was there");
    let (status, said) = kept.run(&[name(&logs)]);
    assert_eq!((status, kept.found().len()), (Some(0), 9), "{said}");
}

#[test]
fn a_file_that_was_replaced_or_cut_short_is_told_and_read_from_its_beginning() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..10));
    kept.run(&[name(&path)]);
    // Written anew in its place, as by a rotation that cuts it short.
    kept.write("day.ndjson", &attacks(10..13));
    let (status, said) = kept.run(&[name(&path)]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("day.ndjson: has been cut short or written anew since it was read, so it is read from its beginning"),
        "{said}"
    );
    assert_eq!(kept.found().len(), 13);
    // Another file of that name.
    let other = kept.write("other", &attacks(13..18));
    fs::rename(other, &path).expect("renamed");
    let (_, said) = kept.run(&[name(&path)]);
    assert!(said.contains("day.ndjson: is another file than the one that was read"), "{said}");
    assert_eq!(kept.found().len(), 18);
    // Nothing happened since, and nothing is said.
    let (_, said) = kept.run(&[name(&path)]);
    assert!(!said.contains("day.ndjson:"), "{said}");
    assert_eq!(kept.found().len(), 18);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_renamed_goes_on_under_its_new_name() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..10));
    kept.run(&[name(&path)]);
    let old = kept.path("day.1.ndjson");
    fs::rename(&path, &old).expect("renamed");
    kept.append("day.1.ndjson", &attacks(10..11));
    kept.write("day.ndjson", &attacks(11..14));
    let (_, said) = kept.run(&[name(&path), name(&old)]);
    assert_eq!(kept.found().len(), 14, "{said}");
    assert_eq!(row(&said, "duplicate"), "0", "{said}");
}

#[test]
fn a_compressed_file_and_a_document_are_gone_on_with_in_their_middle() {
    let kept = Kept::new();
    let records: Vec<String> = attacks(0..60).lines().map(str::to_owned).collect();
    let pad = "x".repeat(40_000);
    let padded: Vec<String> = records
        .iter()
        .map(|record| record.replacen('{', &format!("{{\"pad\":\"{pad}\","), 1))
        .collect();
    let document = format!("{{\"records\": [\n{}\n]}}\n", padded.join(",\n"));
    let compressed = zstd::encode_all(document.as_bytes(), 1).expect("compressed");
    fs::write(kept.path("day.json"), &document).expect("written");
    fs::write(kept.path("day.json.zst"), compressed).expect("written");
    for file in ["day.json", "day.json.zst"] {
        let path = kept.path(file);
        let mut gone_on = 0;
        for _ in 0..100 {
            let mut command = kept.command(&[name(&path), "-o", name(&kept.path("out"))]);
            let mut run = command.stderr(Stdio::piped()).spawn().expect("it starts");
            std::thread::sleep(Duration::from_millis(60 + gone_on));
            let ended = run.try_wait().expect("a child").is_some();
            let _ = run.kill();
            let output = run.wait_with_output().expect("it ends");
            gone_on += u64::from(String::from_utf8_lossy(&output.stderr).contains("goes on"));
            if ended {
                break;
            }
        }
        assert_eq!(kept.run(&[name(&path)]).0, Some(0));
        assert_eq!(kept.found().len(), 60, "{file}");
        assert!(gone_on > 0, "{file}");
        for name in ["state", "out"] {
            fs::remove_file(kept.path(name)).expect("it was there");
        }
    }
}

/// Waits until a state is written and stays as it is.
fn settled(state: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    let stamp = || fs::metadata(state).ok()?.modified().ok();
    let mut before = None;
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(400));
        let now = stamp();
        if now.is_some() && now == before {
            return;
        }
        before = now;
    }
    panic!("the state does not come to rest");
}

fn stream(kept: &Kept, text: &str) -> Child {
    let out = kept.path("out");
    let mut command = kept.command(&["--emit", "early", "-o", name(&out)]);
    let mut run = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let stdin = run.stdin.as_mut().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("it reads");
    run
}

#[test]
fn a_stream_that_pauses_is_kept_and_what_comes_after_a_kill_is_joined_with_it() {
    let kept = Kept::new();
    let text = attacks(0..20);
    let half = text.lines().take(21).map(str::len).sum::<usize>() + 21;
    let mut run = stream(&kept, &text[..half]);
    settled(&kept.path("state"));
    assert_eq!(kept.found().len(), 10);
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    // What the sender does not send again is known from the state.
    let run = stream(&kept, &text[half..]);
    let output = run.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("<stdin>: a stream cannot be read again from where it was left")
            && said.contains(&format!("({half} bytes were taken in before)")),
        "{said}"
    );
    let mut found = kept.found();
    assert_eq!(found.len(), 20, "{said}");
    // What it sends again is recognised.
    let run = stream(&kept, &text[half..]);
    assert!(run.wait_with_output().expect("it ends").status.success());
    found.sort();
    let mut again = kept.found();
    again.sort();
    again.dedup();
    assert_eq!(again, found);
}

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
    assert!(said.contains("is not the file that was written before"), "{said}");
    assert!(fs::read_to_string(other).expect("text").starts_with("precious\n"));
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
    assert_eq!(found.iter().filter(|line| line.starts_with("id,rule")).count(), 1);
    for other in [&["--format", "ndjson"][..], &["--mode", "annotate"]] {
        let (status, said) = kept.run(&[&[name(&path)][..], other].concat());
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("is the state of a run that writes detections as csv"), "{said}");
        assert_eq!(kept.found(), found, "nothing is touched");
    }
}

#[test]
fn what_does_not_go_together_with_a_state_is_refused() {
    let kept = Kept::new();
    let path = kept.write("day.ndjson", &attacks(0..4));
    let (status, said) = kept.run(&[name(&path), "--mode", "filter"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("--state has no meaning with --mode filter"), "{said}");
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
        command.arg(kept.path("state")).arg("-o").arg(kept.path("out"));
        let output = command.arg(path).output().expect("it starts");
        String::from_utf8(output.stderr).expect("text")
    };
    run(&attacks(0..4));
    let text = fs::read_to_string(rules.join("replay.trip")).expect("text");
    fs::write(rules.join("replay.trip"), text.replace("10m", "9m")).expect("written");
    let said = run(&attacks(0..5));
    assert!(
        said.contains("0 events of 0 rules; `replay` begins anew: its steps, key or window changed"),
        "{said}"
    );
}

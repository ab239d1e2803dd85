//! Runs that are killed and gone on with: what is written in the end is what one run would have written.
//! `TRIPLINE_KILLS` says how often each of these runs is killed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::command::{data, output, tripline};

/// Made-up sign-ins, and what one run over them gives.
struct Case {
    folder: tempfile::TempDir,
    inputs: Vec<PathBuf>,
    options: Vec<String>,
    /// What is written without an interruption.
    expected: Vec<String>,
    /// The records by fate, as they are counted without an interruption.
    counted: serde_json::Value,
    took: Duration,
}

/// How the inputs are stored.
#[derive(Clone, Copy, PartialEq)]
enum Stored {
    /// In one file.
    One,
    /// In files whose times overlap, some of them compressed.
    Several,
}

impl Case {
    fn new(records: u32, stored: Stored, options: &[&str]) -> Case {
        let folder = tempfile::tempdir().expect("a folder");
        let day = folder.path().join("day.ndjson");
        let mut generate = tripline(&["generate", "-q", "--users", "60", "--attacks", "80"]);
        generate.args(["-n", &records.to_string(), "--size", "2500", "--span", "6h"]);
        generate.args(["--order", "delivered", "--duplicates", "0.02"]);
        generate.args(["--noise", "realistic", "-o"]).arg(&day);
        assert_eq!(output(generate).status.code(), Some(0));
        let inputs = match stored {
            Stored::One => vec![day],
            Stored::Several => {
                let inputs = spread(&day);
                fs::remove_file(&day).expect("it was there");
                inputs
            }
        };
        let mut case = Case {
            folder,
            inputs,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            expected: Vec::new(),
            counted: serde_json::Value::Null,
            took: Duration::ZERO,
        };
        let began = Instant::now();
        let status = case.start(&[]).wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{}", case.said());
        case.took = began.elapsed();
        case.expected = case.lines();
        case.counted = case.counts();
        assert!(case.expected.len() > 20, "{}", case.expected.len());
        case.begin_anew();
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, more: &[&str]) -> Child {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tripline"));
        command
            .current_dir(data())
            .args(["run", "--rules", "entra", "--today", "2026-03-02"])
            .args(&self.options)
            .args(more)
            .arg("--output")
            .arg(self.path("out"))
            .arg("--stats")
            .arg(self.path("stats"))
            .arg("--dead-letter")
            .arg(self.path("dead"))
            .args(&self.inputs)
            .stdin(Stdio::null())
            .stderr(File::create(self.path("said")).expect("a file"));
        command.spawn().expect("the command starts")
    }

    /// A run that goes on from the state and writes it as often as it can.
    fn start_keeping(&self) -> Child {
        let state = self.path("state");
        let state = state.to_str().expect("UTF-8");
        self.start(&["--state", state, "--state-every", "20ms"])
    }

    fn finish(&self) -> ExitStatus {
        self.start_keeping().wait().expect("it ends")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("said")).expect("text")
    }

    fn lines(&self) -> Vec<String> {
        lines(&self.path("out"))
    }

    fn counts(&self) -> serde_json::Value {
        let stats = fs::read(self.path("stats")).expect("it was written");
        let stats: serde_json::Value = serde_json::from_slice(&stats).expect("JSON");
        let of = |name: &str| stats[name].clone();
        serde_json::json!([of("records"), of("rules"), of("bytes"), of("inputs")])
    }

    fn begin_anew(&self) {
        for name in ["out", "stats", "dead", "state"] {
            let _ = fs::remove_file(self.path(name));
        }
    }

    /// What was written is what one run writes, in its order.
    fn check(&self) {
        let (found, expected) = (self.lines(), &self.expected);
        let lost: Vec<_> = expected.iter().filter(|one| !found.contains(one)).collect();
        let added: Vec<_> = found.iter().filter(|one| !expected.contains(one)).collect();
        assert!(
            lost.is_empty() && added.is_empty(),
            "lost {lost:#?}, added {added:#?}"
        );
        assert_eq!(found.len(), expected.len(), "something was written twice");
        assert!(found == *expected, "the order is another");
        assert_eq!(self.counts(), self.counted);
    }

    /// Kills runs at random instants, over and over; in the end everything must be there, once.
    fn killed(&self, kills: u32) {
        let kills = std::env::var("TRIPLINE_KILLS").map_or(kills, |given| {
            given.parse().expect("TRIPLINE_KILLS is a number")
        });
        let mut random = Random(u64::from(kills) + self.expected.len() as u64);
        let (mut killed, mut gone_on) = (0, 0);
        let span = u64::try_from(self.took.as_millis()).expect("short").max(90);
        while killed < kills {
            let mut run = self.start_keeping();
            std::thread::sleep(Duration::from_millis(random.below(span / 3)));
            // It may have ended by then.
            if let Some(status) = run.try_wait().expect("a child") {
                assert_eq!(status.code(), Some(0), "{}", self.said());
                self.check();
                self.begin_anew();
                continue;
            }
            run.kill().expect("it runs");
            run.wait().expect("it ends");
            killed += 1;
            gone_on += u32::from(self.said().contains("goes on from"));
        }
        assert_eq!(self.finish().code(), Some(0), "{}", self.said());
        self.check();
        assert!(
            gone_on * 3 > kills,
            "only {gone_on} runs went on from a state"
        );
    }
}

/// The same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("it was written");
    text.lines().map(str::to_owned).collect()
}

/// Spreads the records over files, a few to each in turn.
fn spread(day: &Path) -> Vec<PathBuf> {
    let lines = lines(day);
    (0..5)
        .map(|file| {
            let mut text = String::new();
            for (at, line) in lines.iter().enumerate() {
                if at / 40 % 5 == file {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            let path = day.with_file_name(format!("part{file}.ndjson"));
            match file {
                1 => {
                    let to = File::create(&path).expect("a file");
                    let mut gzip = flate2::write::GzEncoder::new(to, flate2::Compression::fast());
                    gzip.write_all(text.as_bytes()).expect("written");
                    gzip.finish().expect("written");
                }
                2 => {
                    let zstd = zstd::encode_all(text.as_bytes(), 1).expect("compressed");
                    fs::write(&path, zstd).expect("written");
                }
                _ => fs::write(&path, text).expect("written"),
            }
            path
        })
        .collect()
}

#[test]
fn a_run_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing() {
    Case::new(14_000, Stored::One, &[]).killed(40);
}

#[test]
fn several_threads_and_several_inputs_are_gone_on_with_after_kills() {
    Case::new(8_000, Stored::Several, &["--threads", "2"]).killed(12);
}

#[test]
fn early_detections_are_not_given_again_after_kills() {
    Case::new(8_000, Stored::Several, &["--emit", "early"]).killed(10);
}

#[test]
fn annotated_records_are_neither_lost_nor_doubled_by_kills() {
    Case::new(
        6_000,
        Stored::Several,
        &["--mode", "annotate", "--threads", "2"],
    )
    .killed(10);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_its_state_and_the_same_command_goes_on() {
    let case = Case::new(6_000, Stored::One, &[]);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        case.begin_anew();
        let mut interrupted = 0;
        for _ in 0..20 {
            let mut run = case.start_keeping();
            std::thread::sleep(case.took / 3);
            let kill = Command::new("kill")
                .args([signal, &run.id().to_string()])
                .status();
            assert!(kill.is_ok());
            let status = run.wait().expect("it ends");
            if status.code() == Some(0) {
                break;
            }
            // Before it listens a signal ends it as it ends everything.
            if let Some(ended) = status.code() {
                assert_eq!(ended, code, "{}", case.said());
                assert!(case.said().contains("the state is kept"), "{}", case.said());
                interrupted += 1;
            }
        }
        assert!(interrupted > 0, "{signal}");
        assert_eq!(case.finish().code(), Some(0), "{}", case.said());
        case.check();
    }
}

#[test]
fn a_state_that_is_not_understood_is_set_aside_and_the_run_begins_anew() {
    let case = Case::new(2_000, Stored::One, &[]);
    assert_eq!(case.finish().code(), Some(0), "{}", case.said());
    let whole = fs::read(case.path("state")).expect("it was written");
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let damaged = with(whole.len() / 2, whole[whole.len() / 2] ^ 1);
    let harms = [
        (damaged, "it is damaged"),
        (whole[..whole.len() / 3].to_vec(), "it is cut off"),
        (
            b"some other file\n".to_vec(),
            "it is not the state of a run",
        ),
        (with(8, 2), "newer than version 1"),
        (with(8, 0), "older than version 1"),
    ];
    for (at, (bytes, reason)) in harms.iter().enumerate() {
        fs::write(case.path("state"), bytes).expect("written");
        assert_eq!(case.finish().code(), Some(0), "{}", case.said());
        let said = case.said();
        assert!(
            said.contains(reason) && said.contains("begins anew"),
            "{said}"
        );
        case.check();
        let aside = match at {
            0 => "state.set-aside".to_owned(),
            _ => format!("state.set-aside.{}", at + 1),
        };
        let kept = fs::read(case.path(&aside)).expect("it was set aside");
        assert!(kept == *bytes, "{aside} is what there was");
    }
    assert!(
        case.path("out.set-aside").exists(),
        "nothing written is overwritten"
    );
}

#[test]
fn a_run_that_ended_is_not_run_again_and_writes_the_same() {
    let case = Case::new(2_000, Stored::Several, &[]);
    for _ in 0..3 {
        assert_eq!(case.finish().code(), Some(0), "{}", case.said());
        case.check();
    }
}

//! `--watch-rules`: rules, lists and exclusions that are edited while a stream is read.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Long for an edit to be noticed, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run over a pipe, whose rules can be edited.
struct Stream {
    folder: tempfile::TempDir,
    child: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<String>,
    written: Receiver<String>,
    minute: u32,
}

const SCHEMA: &str = "schema signin {
  accept present(.user)
  time  : timestamp = .time
  user  : string    = .user
  agent : string    = .agent
}
";

const REPLAY: &str = r#"rule twice {
  meta {
    id = "0b9a7f0e-6a55-4f0e-9a51-0f5f3a1c2d01"
    title = "Twice"
    severity = high
  }
  sequence by user within 10m {
    one = last signin where agent == "a"
    two = signin where agent == "b"
  }
}
"#;

const LISTED: &str = r#"list watched : string = file "watched.txt"
rule listed {
  meta {
    id = "0b9a7f0e-6a55-4f0e-9a51-0f5f3a1c2d02"
    title = "Listed"
    severity = low
  }
  match { e = signin where user in watched }
}
"#;

impl Stream {
    fn begin(arguments: &[&str]) -> Stream {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("schema.trip"), SCHEMA).expect("written");
        fs::write(folder.path().join("twice.trip"), REPLAY).expect("written");
        fs::write(folder.path().join("listed.trip"), LISTED).expect("written");
        fs::write(folder.path().join("watched.txt"), "nobody\n").expect("written");
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
            .current_dir(folder.path())
            .args([
                "run",
                "--rules",
                ".",
                "--emit",
                "early",
                "--watch-rules=100ms",
            ])
            .args(arguments)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let (said, written) = (
            lines_of(child.stderr.take().expect("a pipe")),
            lines_of(child.stdout.take().expect("a pipe")),
        );
        let stdin = child.stdin.take();
        let mut stream = Stream {
            folder,
            child,
            stdin,
            said,
            written,
            minute: 0,
        };
        // What is edited before the rules are read is no edit.
        stream.send("nobody", "z");
        stream.finds("\"listed\"");
        stream
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Edits a file as an editor does: what was there is replaced.
    fn edit(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Sends a record of the next minute.
    fn send(&mut self, user: &str, agent: &str) {
        let record = format!(
            "{{\"time\":\"2026-05-04T10:{:02}:00Z\",\"user\":\"{user}\",\"agent\":\"{agent}\"}}\n",
            self.minute
        );
        self.minute += 1;
        let stdin = self.stdin.as_mut().expect("it is open");
        stdin.write_all(record.as_bytes()).expect("it reads");
    }

    /// Waits for a line on standard error that holds this.
    fn hears(&self, part: &str) -> String {
        heard(&self.said, part)
    }

    /// Waits for a detection.
    fn finds(&self, part: &str) -> String {
        heard(&self.written, part)
    }

    /// The input ends; what was written besides, and said besides.
    fn end(mut self) -> (Vec<String>, Vec<String>) {
        self.stdin = None;
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0));
        (self.written.iter().collect(), self.said.iter().collect())
    }
}

fn lines_of(from: impl Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn heard(lines: &Receiver<String>, part: &str) -> String {
    let end = Instant::now() + PATIENCE;
    let mut others = Vec::new();
    while let Ok(line) = lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if line.contains(part) {
            return line;
        }
        others.push(line);
    }
    panic!("{part:?} did not come, but {others:#?}")
}

#[test]
fn an_edited_list_takes_effect_and_every_rule_goes_on_with_its_state() {
    for threads in ["1", "2"] {
        let mut stream = Stream::begin(&["--threads", threads]);
        stream.send("ada", "a");
        stream.send("bob", "c");
        // Nothing comes meanwhile: an edit is noticed all the same.
        std::thread::sleep(Duration::from_millis(200));
        stream.edit("watched.txt", "nobody\nbob\n");
        let said = stream.hears("rules were edited");
        assert_eq!(said, "rules were edited: goes on with 1 events of 2 rules");
        stream.send("bob", "c");
        assert!(stream.finds("\"listed\"").contains("10:03:00"));
        stream.send("ada", "b");
        assert!(stream.finds("\"twice\"").contains("10:04:00"));
        let (more, _) = stream.end();
        assert!(more.is_empty(), "{more:?}");
    }
}

#[test]
fn a_broken_edit_is_told_once_and_the_rules_before_it_stay_in_force() {
    let mut stream = Stream::begin(&[]);
    stream.send("ada", "a");
    stream.edit(
        "twice.trip",
        &REPLAY.replace("agent == \"b\"", "agnt == \"b\""),
    );
    stream.hears("rules were edited and are in error; those that were in force stay so:");
    stream.hears("error[E");
    std::thread::sleep(Duration::from_millis(500));
    stream.send("ada", "b");
    assert!(stream.finds("\"twice\"").contains("10:02:00"));
    stream.edit("twice.trip", REPLAY);
    let said = stream.hears("rules were edited");
    assert!(said.contains("goes on with"), "it was told once: {said}");
    let (more, said) = stream.end();
    assert!(more.is_empty(), "{more:?}");
    let broken = said.iter().filter(|line| line.contains("in error"));
    assert_eq!(broken.count(), 0, "{said:#?}");
}

#[test]
fn an_exclusion_that_is_added_applies_to_what_is_kept_and_what_comes() {
    let mut stream = Stream::begin(&["--show-excluded"]);
    stream.send("ada", "a");
    stream.edit(
        "excused.trip",
        "exclude \"the boss\" from twice {\n  when two.user == \"ada\"\n  reason \"May do that\"\n}\n",
    );
    stream.hears("rules were edited: goes on with 1 events of 2 rules");
    stream.send("ada", "b");
    let (written, _) = stream.end();
    assert_eq!(written.len(), 1, "{written:?}");
    assert!(
        written[0].contains("\"excluded_by\":[\"the boss\"]"),
        "{written:?}"
    );
}

#[test]
fn a_rule_that_is_removed_finds_nothing_any_more_and_a_changed_one_begins_anew() {
    let mut stream = Stream::begin(&[]);
    stream.send("ada", "a");
    stream.edit("twice.trip", &REPLAY.replace("10m", "20m"));
    let said = stream.hears("rules were edited");
    assert!(
        said.contains("`twice` begins anew: its steps, key or window changed"),
        "{said}"
    );
    stream.send("ada", "b");
    stream.send("bob", "a");
    stream.send("bob", "b");
    assert!(stream.finds("\"twice\"").contains("10:04:00"));
    fs::remove_file(stream.path("twice.trip")).expect("it was there");
    let said = stream.hears("rules were edited");
    assert!(said.contains("`twice` is gone"), "{said}");
    stream.send("eve", "a");
    stream.send("eve", "b");
    let (more, _) = stream.end();
    assert!(more.is_empty(), "{more:?}");
}

#[test]
fn filters_that_are_edited_take_effect() {
    let mut stream = Stream::begin(&[]);
    stream.stdin = None;
    let _ = stream.child.wait();
    fs::write(
        stream.path("filter.trip"),
        "filter noise {\n  on signin\n  drop when agent == \"x\"\n}\n",
    )
    .expect("written");
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
        .current_dir(stream.folder.path())
        .args([
            "run",
            "--rules",
            ".",
            "--mode",
            "filter",
            "--watch-rules=100ms",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let said = lines_of(child.stderr.take().expect("a pipe"));
    let written = lines_of(child.stdout.take().expect("a pipe"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let record = |agent: &str| format!("{{\"user\":\"ada\",\"agent\":\"{agent}\"}}\n");
    stdin.write_all(record("y").as_bytes()).expect("it reads");
    heard(&written, "\"y\"");
    stream.edit(
        "filter.trip",
        "filter noise {\n  on signin\n  drop when agent == \"y\"\n}\n",
    );
    heard(&said, "rules were edited: goes on with 1 filters");
    stdin
        .write_all((record("y") + &record("x")).as_bytes())
        .expect("it reads");
    assert!(heard(&written, "agent").contains("\"x\""));
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn records_that_are_on_their_way_while_rules_change_are_looked_at_with_the_new_ones() {
    const PAIRS: u32 = 40_000;
    let mut stream = Stream::begin(&["--threads", "3"]);
    let mut stdin = stream.stdin.take().expect("it is open");
    let sender = std::thread::spawn(move || {
        for first in (0..PAIRS).step_by(200) {
            let mut text = String::new();
            for number in first..first + 200 {
                let second = number / 20;
                for agent in ["a", "b"] {
                    text += &format!(
                        "{{\"time\":\"2026-05-04T11:{:02}:{:02}Z\",\"user\":\"u{number}\",\"agent\":\"{agent}\"}}\n",
                        second / 60,
                        second % 60
                    );
                }
            }
            stdin.write_all(text.as_bytes()).expect("it reads");
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    // A rule that comes and goes gives the others other numbers.
    let other = LISTED
        .replace("list watched : string = file \"watched.txt\"", "")
        .replace("in watched", "== \"somebody\"")
        .replace("rule listed", "rule another")
        .replace("1c2d02", "1c2d03");
    let mut edits = 0;
    while !sender.is_finished() {
        if edits % 2 == 0 {
            stream.edit("another.trip", &other);
        } else {
            fs::remove_file(stream.path("another.trip")).expect("it was there");
        }
        edits += 1;
        std::thread::sleep(Duration::from_millis(300));
    }
    sender.join().expect("everything was sent");
    let (found, said) = stream.end();
    let reloads = said
        .iter()
        .filter(|line| line.contains("rules were edited: goes on"));
    assert!(reloads.count() > 1, "{said:#?}");
    assert!(
        !said.iter().any(|line| line.contains("in error")),
        "{said:#?}"
    );
    let twice = found
        .iter()
        .filter(|line| line.contains("\"twice\""))
        .count();
    assert_eq!(twice, PAIRS as usize, "{said:#?}");
}

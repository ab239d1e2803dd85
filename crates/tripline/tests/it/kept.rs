//! A folder with a state, inputs and an output in it, and runs that go on from there. Used by the tests of
//! what a run that goes on makes of its inputs and its outputs.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::command::data;

/// A folder with a state in it.
pub(crate) struct Kept(tempfile::TempDir);

impl Kept {
    pub(crate) fn new() -> Kept {
        Kept(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let mut file = fs::File::options()
            .append(true)
            .open(self.path(name))
            .expect("it is there");
        file.write_all(text.as_bytes()).expect("written");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
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
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = self.command(arguments);
        command.arg("--output").arg(self.path("out"));
        let Output { status, stderr, .. } = command.output().expect("it starts");
        (status.code(), String::from_utf8(stderr).expect("text"))
    }

    pub(crate) fn found(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("out")).expect("it was written");
        text.lines().map(str::to_owned).collect()
    }
}

/// A sign-in and a token from elsewhere, a minute later.
pub(crate) fn attack(number: u32) -> String {
    let at = |step: u32| {
        format!(
            "2026-05-04T{:02}:{:02}:00Z",
            number / 20,
            number % 20 * 3 + step
        )
    };
    let record = |step: u32, interactive: bool| {
        format!(
            "{{\"kind\":\"signin\",\"id\":\"{number}-{step}\",\"time\":\"{}\",\"user\":\"u{number}\",\
             \"ip\":\"192.0.2.{step}\",\"agent\":\"a\",\"interactive\":{interactive}}}\n",
            at(step)
        )
    };
    record(0, true) + &record(1, false)
}

pub(crate) fn attacks(numbers: std::ops::Range<u32>) -> String {
    numbers.map(attack).collect()
}

/// The number in a row of the summary.
pub(crate) fn row<'t>(said: &'t str, name: &str) -> &'t str {
    let row = said
        .lines()
        .find(|line| line.trim_start().starts_with(name));
    row.and_then(|row| row.split_whitespace().nth(1))
        .unwrap_or("no such row")
}

pub(crate) fn name(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Waits until a state is written and stays as it is.
pub(crate) fn settled(state: &Path) {
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

pub(crate) fn stream(kept: &Kept, text: &str) -> Child {
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

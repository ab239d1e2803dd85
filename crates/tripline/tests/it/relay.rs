//! The relay as a process: it says what it does, obeys signals, and loses nothing when it is killed.
//! `TRIPLINE_KILLS` says how often.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::command::{data, output, tripline};

/// A relay that forwards to a file.
struct Relay {
    folder: tempfile::TempDir,
    address: SocketAddr,
    child: Mutex<Child>,
}

impl Relay {
    fn begin(more: &[&str]) -> Relay {
        let folder = tempfile::tempdir().expect("a folder");
        // The port is free again when the relay asks for it, most likely.
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("it has one");
        drop(listener);
        let child = Self::spawn(folder.path(), address, more);
        let relay = Relay {
            folder,
            address,
            child: Mutex::new(child),
        };
        relay.wait();
        relay
    }

    fn spawn(folder: &Path, address: SocketAddr, more: &[&str]) -> Child {
        Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
            .current_dir(data())
            .args(["relay", "--rules", "entra", "--state-every", "100ms"])
            .arg("--state")
            .arg(folder.join("state"))
            .arg("--forward")
            .arg(format!("file:{}", folder.join("out").display()))
            .arg("--listen")
            .arg(address.to_string())
            .args(more)
            .stdin(Stdio::null())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(folder.join("said"))
                    .expect("a file"),
            )
            .spawn()
            .expect("the command starts")
    }

    /// Kills it, and begins another with the same state.
    fn kill(&self) {
        let mut child = self.child.lock().expect("nobody panicked");
        child.kill().expect("it runs");
        child.wait().expect("it ended");
        *child = Self::spawn(self.folder.path(), self.address, &[]);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("said")).unwrap_or_default()
    }

    /// Waits until it answers.
    fn wait(&self) {
        let began = Instant::now();
        while self.ask("GET", "/healthz", b"").is_none() {
            assert!(began.elapsed() < Duration::from_secs(60), "{}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The status and body of an answer; none where there is no whole one.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(5)).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        Some((status, body.to_owned()))
    }

    /// Sends records until they are acknowledged, as a shipper does.
    fn send(&self, body: &[u8]) {
        let began = Instant::now();
        while self
            .ask("POST", "/v1/logs", body)
            .is_none_or(|(status, _)| status != 200)
        {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.lock().expect("nobody panicked").id().to_string();
        let status = Command::new("kill").args([name, &id]).status();
        assert!(status.expect("there is kill").success());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a run over the same records finds.
fn expected(day: &Path) -> BTreeSet<String> {
    let mut run = tripline(&["run", "-q", "--rules", "entra", "--emit", "early"]);
    run.current_dir(data()).arg(day);
    let output = output(run);
    assert_eq!(output.status.code(), Some(0));
    let lines = String::from_utf8(output.stdout).expect("it is text");
    lines
        .lines()
        .map(|line| id_of(&parsed(line).expect("a detection")))
        .collect()
}

fn parsed(line: &str) -> Option<serde_json::Value> {
    serde_json::from_str(line).ok()
}

fn id_of(value: &serde_json::Value) -> String {
    value["id"].as_str().expect("it has an id").to_owned()
}

fn day(records: u32, to: &Path) -> Vec<String> {
    let mut generate = tripline(&["generate", "-q", "--users", "60", "--attacks", "80"]);
    generate.args(["-n", &records.to_string(), "--size", "2500", "--span", "6h"]);
    generate.args(["--order", "delivered", "-o"]).arg(to);
    assert_eq!(output(generate).status.code(), Some(0));
    let text = fs::read_to_string(to).expect("it was written");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_is_lost_and_the_same_detections_come_however_often_the_relay_is_killed() {
    let kills: u32 =
        std::env::var("TRIPLINE_KILLS").map_or(12, |kills| kills.parse().expect("a number"));
    let relay = Relay::begin(&[]);
    let path = relay.path("day.ndjson");
    let lines = day(100 * kills.max(20), &path);
    let expected = expected(&path);
    assert!(expected.len() > 20, "{}", expected.len());
    let mut killed = 0;
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for batch in lines.chunks(25) {
                relay.send(batch.join("\n").as_bytes());
                // So that there is something under way until the last kill.
                std::thread::sleep(Duration::from_millis(25));
            }
        });
        let mut seed = 7u64;
        for _ in 0..kills {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            std::thread::sleep(Duration::from_millis(20 + (seed >> 33) % 180));
            if sender.is_finished() {
                break;
            }
            relay.kill();
            killed += 1;
        }
    });
    assert!(2 * killed >= kills, "killed {killed} times of {kills}");
    let out = fs::read_to_string(relay.path("out")).expect("it was written");
    let (mut ids, mut records) = (BTreeSet::new(), BTreeSet::new());
    // A line that was cut off by a kill is no JSON, and stands whole further down.
    for record in out.lines().filter_map(parsed) {
        records.insert(record["properties"]["id"].to_string());
        let detections = record["tripline"]["detections"].as_array();
        ids.extend(detections.into_iter().flatten().map(id_of));
    }
    let sent: BTreeSet<String> = lines
        .iter()
        .map(|line| parsed(line).expect("a record")["properties"]["id"].to_string())
        .collect();
    assert_eq!(records, sent);
    assert_eq!(ids, expected, "{}", relay.said());
}

#[test]
fn it_says_in_one_screen_what_it_loaded_and_where_it_listens_and_ends_in_order() {
    let relay = Relay::begin(&[]);
    relay.send(b"{\"a\":1}\n");
    relay.signal("-HUP");
    std::thread::sleep(Duration::from_millis(300));
    relay.signal("-TERM");
    let status = relay
        .child
        .lock()
        .expect("nobody panicked")
        .wait()
        .expect("it ends");
    assert_eq!(status.code(), Some(0), "{}", relay.said());
    let said = relay.said();
    for part in [
        "tripline relay",
        &format!(
            "listens at  {} (Vector, OTLP, HTTP at /v1/logs; plain text)",
            relay.address
        ),
        "rules       ",
        "forwards to file:",
        "in the member \"tripline\" of the records",
        "/metrics, /healthz, /readyz",
        "rules were read and are in force",
        "takes nothing new, and finishes what was begun",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(
        fs::read_to_string(relay.path("out")).expect("it was written"),
        "{\"a\":1}\n"
    );
}

#[test]
fn an_address_that_others_reach_needs_certificates_or_a_token() {
    let refused = |more: &[&str]| {
        let mut relay = tripline(&["relay", "--rules", "entra"]);
        relay.current_dir(data()).args(more);
        if !more.contains(&"--forward") {
            relay.args(["--forward", "stdout"]);
        }
        let output = output(relay);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&["--listen", "0.0.0.0:0"]);
    assert!(
        said.contains("can be reached from other machines"),
        "{said}"
    );
    // A certificate that is shown keeps nobody out.
    let shown = ["--tls-cert", "none.pem", "--tls-key", "none.key"];
    let said = refused(&[&["--listen", "0.0.0.0:0"][..], &shown].concat());
    assert!(
        said.contains("can be reached from other machines"),
        "{said}"
    );
    let here = "vector://127.0.0.1:6000";
    let said = refused(&["--listen", "127.0.0.1:6000", "--forward", here]);
    assert!(said.contains("records would go round for ever"), "{said}");
    let said = refused(&["--max-requests", "0"]);
    assert!(said.contains("are at least 1"), "{said}");
    let said = refused(&["--emit", "final"]);
    assert!(said.contains("--emit final needs --detections"), "{said}");
    let said = refused(&["--max-memory", "1MB"]);
    assert!(
        said.contains("is less than 5 times what one request may have"),
        "{said}"
    );
    let said = refused(&["--max-request", "2GiB", "--max-memory", "16GiB"]);
    assert!(said.contains("is more than 1073741824 bytes"), "{said}");
    let said = refused(&["--forward", "127.0.0.1:6000"]);
    assert!(
        said.contains("is no receiver; write vector://HOST:PORT"),
        "{said}"
    );
}

#[test]
fn the_deployed_module_as_the_engine_finds_what_the_native_one_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = folder.path().join("aitm");
    let mut command = tripline(&["init", "fluent-bit", "--rules", "entra"]);
    command.current_dir(data()).arg(&init);
    assert_eq!(output(command).status.code(), Some(0));
    let path = folder.path().join("day.ndjson");
    let lines = day(1500, &path);
    let expected = expected(&path);
    assert!(!expected.is_empty());
    let access = init.join("tripline").display().to_string();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("it has one");
    drop(listener);
    let child = Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
        .args(["relay", "--engine", "wasm", "--access", &access])
        .arg("--forward")
        .arg(format!("file:{}", folder.path().join("out").display()))
        .arg("--listen")
        .arg(address.to_string())
        .stdin(Stdio::null())
        .stderr(File::create(folder.path().join("said")).expect("a file"))
        .spawn()
        .expect("the command starts");
    let relay = Relay {
        folder,
        address,
        child: Mutex::new(child),
    };
    relay.wait();
    for batch in lines.chunks(100) {
        relay.send(batch.join("\n").as_bytes());
    }
    let out = fs::read_to_string(relay.path("out")).expect("it was written");
    let records: Vec<serde_json::Value> = out.lines().filter_map(parsed).collect();
    assert_eq!(records.len(), lines.len());
    let detections = records
        .iter()
        .filter_map(|record| record["tripline"]["detections"].as_array());
    let ids: BTreeSet<String> = detections.flatten().map(id_of).collect();
    assert_eq!(ids, expected, "{}", relay.said());
    // The folder above has none.
    let mut above = tripline(&[
        "relay",
        "--engine",
        "wasm",
        "--forward",
        "stdout",
        "--access",
    ]);
    above.arg(relay.folder.path());
    let refused = output(above);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("the module has no rules"), "{said}");
    let state = tripline(&[
        "relay",
        "--engine",
        "wasm",
        "--access",
        "x",
        "--state",
        "y",
        "--forward",
        "stdout",
    ]);
    let refused = output(state);
    assert_eq!(refused.status.code(), Some(1), "there is no folder x");
}

#[test]
fn the_folder_for_vector_has_rules_that_are_sound_and_says_how_to_run_it() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("aitm");
    let mut init = tripline(&["init", "vector"]);
    init.arg(&folder);
    let done = output(init);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(
        said.contains("tripline relay --rules rules --state state/relay.state"),
        "{said}"
    );
    let mut check = tripline(&["check", "--deny", "warnings", "rules"]);
    check.current_dir(&folder);
    assert_eq!(output(check).status.code(), Some(0));
    for name in [
        "vector.yaml",
        "event-hubs.yaml",
        "tripline-relay.service",
        "README.md",
    ] {
        let text = fs::read_to_string(folder.join(name)).expect("it was written");
        assert!(!text.is_empty(), "{name}");
    }
    // Every option of the unit and of the page is one of the command's.
    let help = output(tripline(&["relay", "--help"]));
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let texts = [
        fs::read_to_string(folder.join("tripline-relay.service")).expect("it was written"),
        fs::read_to_string(docs.join("vector.md")).expect("it is there"),
        fs::read_to_string(docs.join("opentelemetry.md")).expect("it is there"),
    ];
    let others = [
        "--release",
        "--example",
        "--output",
        "--config",
        "--emit",
        "--test",
        "--now",
    ];
    for text in texts {
        for word in text.split(|of: char| !of.is_ascii_alphanumeric() && of != '-') {
            if word.starts_with("--")
                && word.ends_with(|of: char| of.is_ascii_alphanumeric())
                && !others.contains(&word)
            {
                assert!(help.contains(word), "{word} is no option of the relay");
            }
        }
    }
    let again = output({
        let mut init = tripline(&["init", "vector"]);
        init.arg(&folder);
        init
    });
    assert_eq!(again.status.code(), Some(2), "it is there and not empty");
}

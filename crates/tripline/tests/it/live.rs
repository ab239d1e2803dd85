//! Standard input that stays open: what is known is said at once, and Ctrl-C and a closed pipe end it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::command::{data, signins};

fn start(arguments: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("tripline"))
        .current_dir(data())
        .args(["run", "--rules", "rules"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts")
}

#[cfg(unix)]
#[test]
fn a_detection_is_written_while_the_input_is_open_and_ctrl_c_ends_the_run() {
    for threads in ["1", "2"] {
        let mut child = start(&["--emit", "early", "--threads", threads]);
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(signins().as_bytes()).expect("it reads");
        stdin.flush().expect("it reads");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        stdout.read_line(&mut line).expect("it writes");
        assert!(line.contains("\"rule\":\"replay\""), "{line}");

        let killed = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(killed.expect("kill runs").success());
        let status = child.wait().expect("it ends");
        let mut said = String::new();
        child
            .stderr
            .take()
            .expect("a pipe")
            .read_to_string(&mut said)
            .expect("text");
        assert_eq!(status.code(), Some(130), "{said}");
        assert!(said.contains("interrupted"), "{said}");
        drop(stdin);
    }
}

#[test]
fn a_closed_pipe_ends_the_run_cleanly_and_silently() {
    let mut child = start(&["--mode", "annotate"]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("a pipe");
    // It may be gone before everything is written.
    let _ = stdin.write_all(signins().repeat(2_000).as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

//! `tripline init fluent-bit` and `tripline plugin`: the folder as it is written holds what Fluent Bit
//! needs, and the module that is carried does what the command does.

use std::fs;
use std::path::Path;

use crate::command::{data, output, stdout, tripline};

/// A folder as `init` writes it.
fn initialised() -> (tempfile::TempDir, std::path::PathBuf) {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("aitm");
    let mut command = tripline(&["init", "fluent-bit"]);
    command.arg(&folder);
    let said = stdout(command);
    assert!(said.contains("fluent-bit -c fluent-bit.yaml"), "{said}");
    (outer, folder)
}

/// The ids of the detections in lines of JSON, with those under `also`, in order.
fn ids(lines: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for line in lines.lines() {
        let one: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        let also = one["also"].as_array().cloned().unwrap_or_default();
        for one in std::iter::once(&one).chain(&also) {
            ids.push(one["id"].as_str().expect("an id").to_owned());
        }
    }
    ids.sort();
    ids
}

fn plugin_run(module: &Path, access: Option<&Path>, function: &str, records: &str) -> String {
    let mut command = tripline(&["plugin", "run", "--quiet", "--function", function]);
    if let Some(access) = access {
        command.arg("--access").arg(access);
    }
    command.arg(module).arg("-").write_stdin(records);
    let output = output(command);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_folder_is_sound_and_its_module_finds_what_the_command_finds() {
    let (_outer, folder) = initialised();
    let mut check = tripline(&["plugin", "check", "tripline"]);
    check.current_dir(&folder);
    for config in ["fluent-bit.yaml", "fluent-bit.conf", "event-hubs.yaml"] {
        check.args(["--config", config]);
    }
    let checked = output(check);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(!said.contains("problem"), "{said}");

    let records = stdout(tripline(&["generate", "--example", "--quiet"]));
    let mut command = tripline(&["run", "--emit", "early", "--quiet", "--format", "ndjson"]);
    command.arg("--rules").arg(folder.join("tripline/rules"));
    command.write_stdin(records.clone());
    let expected = ids(&stdout(command));
    assert!(expected.len() > 10);
    let (module, access) = (folder.join("tripline.wasm"), folder.join("tripline"));
    for function in ["detect", "detect_msgpack"] {
        let found = plugin_run(&module, Some(&access), function, &records);
        assert_eq!(ids(&found), expected, "{function}");
    }
    let annotated = plugin_run(&module, Some(&access), "annotate", &records);
    assert_eq!(annotated.lines().count(), records.lines().count());
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let outer = tempfile::tempdir().expect("a folder");
    fs::write(outer.path().join("mine.txt"), "mine").expect("it can be written");
    let mut command = tripline(&["init", "fluent-bit"]);
    command.arg(outer.path());
    assert_eq!(output(command).status.code(), Some(2));
    assert_eq!(fs::read_dir(outer.path()).expect("a folder").count(), 1);
}

#[test]
fn own_rules_take_the_place_of_the_shipped_ones_and_broken_ones_write_nothing() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("own");
    let mut command = tripline(&["init", "fluent-bit", "--rules", "rules"]);
    command.arg(&folder);
    assert_eq!(output(command).status.code(), Some(0));
    assert!(folder.join("tripline/rules/replay.trip").is_file());
    assert!(!folder.join("tripline/rules/exclusions.trip").exists());
    let broken = outer.path().join("broken");
    let mut command = tripline(&["init", "fluent-bit", "--rules", "broken"]);
    command.arg(&broken);
    assert_eq!(output(command).status.code(), Some(2));
    assert!(!broken.exists());
}

#[test]
fn a_copy_that_carries_rules_needs_no_folder() {
    let outer = tempfile::tempdir().expect("a folder");
    let copy = outer.path().join("one.wasm");
    let mut command = tripline(&["plugin", "embed", "--rules", "entra", "--output"]);
    command.arg(&copy);
    let said = output(command);
    assert_eq!(said.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&said.stderr).contains("wasm_stack_size"));
    let records = stdout(tripline(&["generate", "-q", "-n", "300", "--users", "10"]));
    let found = plugin_run(&copy, None, "detect", &records);
    assert!(found.contains("\"rule\":\"replay\""));

    let mut command = tripline(&["plugin", "embed", "--rules", "broken", "--output"]);
    command.arg(outer.path().join("broken.wasm"));
    assert_eq!(output(command).status.code(), Some(2));
    assert!(!outer.path().join("broken.wasm").exists());
}

#[test]
fn the_path_of_the_module_is_that_of_a_module() {
    let outer = tempfile::tempdir().expect("a folder");
    let mut command = tripline(&["plugin", "path"]);
    command.env("XDG_CACHE_HOME", outer.path());
    let path = stdout(command);
    let bytes = fs::read(path.trim()).expect("it was written");
    assert!(bytes.starts_with(b"\0asm"));
    assert!(path.starts_with(&outer.path().display().to_string()));
}

#[test]
fn what_is_wrong_with_a_deployment_is_told() {
    let (_outer, folder) = initialised();
    let config = folder.join("fluent-bit.yaml");
    let text = fs::read_to_string(&config).expect("a file");
    let text = text
        .replace("wasm_stack_size: 131072", "wasm_stack_size: 64K")
        .replace("tripline_detect_msgpack", "tripline_detekt")
        .replace("regex: rule .", "regex: id .");
    fs::write(&config, text).expect("it can be written");
    fs::write(folder.join("tripline/tripline.toml"), "latenes = \"1h\"").expect("written");
    fs::write(folder.join("tripline/rules/more.trip"), "rule x {").expect("written");
    let mut check = tripline(&["plugin", "check", "tripline", "--config", "fluent-bit.yaml"]);
    check.current_dir(&folder);
    let checked = output(check);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(2), "{said}");
    for part in [
        "unknown field `latenes`",
        "more.trip:1",
        "0 of 1 have it",
        "no function `tripline_detekt`",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn a_file_that_is_no_module_is_refused() {
    let mut command = tripline(&["plugin", "run", "signins.ndjson", "signins.ndjson"]);
    command.current_dir(data());
    let refused = output(command);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("no WebAssembly module"), "{said}");
}

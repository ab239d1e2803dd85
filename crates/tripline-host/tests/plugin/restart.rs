//! State across restarts: what is kept, what is set aside, what can be seen from outside.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tripline_host::{Access, Instance, Outcome};

use crate::answers::{RULES, signin};
use crate::harness::{call, folder, instance, module, put};

const SETTINGS: &str = "[state]\nevery = \"1s\"\n";

/// Calls with records that are no events until a file is there (again), or ten seconds have passed.
fn wait_for(instance: &mut Instance, function: &str, path: &Path) {
    for _ in 0..200 {
        if path.exists() {
            return;
        }
        call(instance, function, b"{\"log\":\"tick\"}");
        sleep(Duration::from_millis(50));
    }
    panic!("{} was not written:\n{}", path.display(), instance.said());
}

fn deployment() -> tempfile::TempDir {
    folder(&[
        ("tripline.toml", SETTINGS),
        ("rules/a.trip", RULES),
        ("state/.keep", ""),
    ])
}

#[test]
fn a_sequence_that_began_before_a_kill_is_completed_after_it() {
    let folder = deployment();
    let state = folder.path().join("state/tripline.detect.state");
    let first = signin("ann", "192.0.2.1", "2026-03-02T10:00:00Z");
    let second = signin("ann", "192.0.2.9", "2026-03-02T10:05:00Z");
    let mut before = instance(folder.path());
    assert_eq!(
        call(&mut before, "tripline_detect", first.as_bytes()),
        Outcome::Dropped
    );
    wait_for(&mut before, "tripline_detect", &state);
    drop(before);

    let mut after = instance(folder.path());
    let outcome = call(&mut after, "tripline_detect", second.as_bytes());
    assert!(matches!(outcome, Outcome::Given(_)), "{}", after.said());
    assert!(after.said().contains("goes on from"), "{}", after.said());
    std::fs::remove_file(&state).unwrap();
    wait_for(&mut after, "tripline_detect", &state);
    drop(after);

    // What was given before the kill is not given again when the shipper delivers it again.
    let mut again = instance(folder.path());
    assert_eq!(
        call(&mut again, "tripline_detect", second.as_bytes()),
        Outcome::Dropped
    );
}

#[test]
fn damaged_and_foreign_state_is_set_aside_and_correlation_begins_anew() {
    for damage in ["", "not a snapshot at all", "tripsnap but cut off"] {
        let folder = deployment();
        put(folder.path(), "state/tripline.annotate.state", damage);
        let mut instance = instance(folder.path());
        assert_eq!(
            call(&mut instance, "tripline_annotate", b"{}"),
            Outcome::Passed
        );
        let said = instance.said();
        assert!(
            said.contains("is not restored, so correlation begins anew"),
            "{said}"
        );
        let aside = folder
            .path()
            .join("state/tripline.annotate.state.set-aside");
        assert_eq!(std::fs::read_to_string(aside).unwrap(), damage);
    }
}

#[test]
fn the_counters_can_be_read_from_outside() {
    let folder = deployment();
    let mut instance = instance(folder.path());
    let record = signin("ceo", "198.51.100.1", "2026-03-02T10:00:00Z");
    call(&mut instance, "tripline_annotate", record.as_bytes());
    let json = folder.path().join("state/tripline.annotate.json");
    wait_for(&mut instance, "tripline_annotate", &json);
    let json: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(json["mode"], "annotate");
    assert_eq!(json["answers"]["given"], 1);
    assert_eq!(json["records"]["processed"], 1);
    assert_eq!(json["rules"][1]["detections"], 1);
    let text = std::fs::read_to_string(folder.path().join("state/tripline.annotate.prom")).unwrap();
    let line =
        "tripline_detections_total{instance_name=\"tripline\",mode=\"annotate\",rule=\"seen\"} 1";
    assert!(text.contains(line), "{text}");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_told_and_costs_no_record() {
    let folder = deployment();
    let access = Access {
        writable: false,
        ..Access::to(folder.path())
    };
    let mut instance = module().instantiate(&[access]).unwrap();
    for _ in 0..60 {
        let outcome = call(&mut instance, "tripline_annotate", b"{\"log\":\"tick\"}");
        assert_eq!(outcome, Outcome::Passed);
        sleep(Duration::from_millis(25));
    }
    let said = instance.said();
    assert!(said.contains("cannot be written"), "{said}");
    assert!(said.lines().count() < 12, "said too often:\n{said}");
}

#[test]
fn two_filters_of_one_mode_and_folder_are_told_and_do_not_mix_their_state() {
    let folder = deployment();
    let state = folder.path().join("state/tripline.annotate.state");
    let (mut one, mut other) = (instance(folder.path()), instance(folder.path()));
    let record = signin("ann", "192.0.2.1", "2026-03-02T10:00:00Z");
    call(&mut one, "tripline_annotate", record.as_bytes());
    call(&mut other, "tripline_annotate", b"{}");
    wait_for(&mut other, "tripline_annotate", &state);
    for _ in 0..80 {
        call(&mut one, "tripline_annotate", b"{}");
        if one.said().contains("another filter of the same mode") {
            break;
        }
        sleep(Duration::from_millis(50));
    }
    let said = one.said();
    assert!(said.contains("give each its own folder"), "{said}");
    assert!(!other.said().contains("another filter"));
}

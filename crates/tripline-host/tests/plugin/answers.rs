//! What each function answers for a record.

use serde_json::{Value, json};
use tripline_host::Outcome;

use crate::harness::{call, folder, instance, message_pack};

pub(crate) const RULES: &str = r#"
schema signin {
  accept present(.user)
  time : timestamp = .time
  id   : string    = .id
  user : string    = .user
  ip   : ip        = .ip
}
rule moved {
  meta { id = "m"  title = "Moved"  severity = medium }
  sequence by user within 10m {
    first  = last signin
    second = signin where present(first.ip) and present(second.ip) and second.ip != first.ip
  }
  emit { from = first.ip }
}
rule seen {
  meta { id = "s"  title = "Seen"  severity = high }
  match { e = signin where ip in 198.51.100.0/24 }
}
filter noise {
  on signin
  drop when user == "noise"
  tag "vip" when user == "ceo"
}
"#;

pub(crate) fn signin(user: &str, ip: &str, time: &str) -> String {
    json!({"user": user, "ip": ip, "time": time, "id": format!("{user}{ip}{time}")}).to_string()
}

fn given(outcome: Outcome) -> Value {
    match outcome {
        Outcome::Given(bytes) => serde_json::from_slice(&bytes).unwrap(),
        other => panic!("nothing was given but {other:?}"),
    }
}

#[test]
fn annotate_passes_records_and_says_what_they_complete() {
    let folder = folder(&[("rules/a.trip", RULES)]);
    let mut instance = instance(folder.path());
    let mut annotate = |record: &str| call(&mut instance, "tripline_annotate", record.as_bytes());
    let first = signin("ann", "192.0.2.1", "2026-03-02T10:00:00Z");
    assert_eq!(annotate(&first), Outcome::Passed);
    assert_eq!(annotate(r#"{"log":"no sign-in"}"#), Outcome::Passed);
    let second = signin("ann", "192.0.2.9", "2026-03-02T10:09:00Z");
    let Outcome::Given(bytes) = annotate(&second) else {
        panic!("the second completes a detection")
    };
    let text = String::from_utf8(bytes).unwrap();
    let kept = second.strip_suffix('}').unwrap();
    let member = text.strip_prefix(kept).unwrap();
    assert!(
        member.starts_with(",\"tripline\":{\"detections\":[{\"id\":"),
        "{member}"
    );
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["tripline"]["detections"][0]["fields"]["from"],
        "192.0.2.1"
    );
    let tagged = given(annotate(&signin(
        "ceo",
        "192.0.2.1",
        "2026-03-02T10:00:00Z",
    )));
    assert_eq!(
        tagged["tripline"],
        json!({"detections": [], "tags": ["vip"]})
    );
    assert_eq!(
        annotate(&signin("noise", "192.0.2.1", "2026-03-02T10:00:00Z")),
        Outcome::Passed,
        "only the function that filters drops"
    );
}

#[test]
fn detect_gives_the_most_severe_detection_with_the_others_and_nothing_else() {
    let folder = folder(&[("a.trip", RULES)]);
    let mut instance = instance(folder.path());
    let mut detect = |record: &str| call(&mut instance, "tripline_detect", record.as_bytes());
    let first = signin("ann", "192.0.2.1", "2026-03-02T10:00:00Z");
    assert_eq!(detect(&first), Outcome::Dropped);
    assert_eq!(detect("{}"), Outcome::Dropped);
    let both = given(detect(&signin(
        "ann",
        "198.51.100.7",
        "2026-03-02T10:09:00Z",
    )));
    assert_eq!(both["rule"], "seen");
    assert_eq!(both["also"][0]["rule"], "moved");
    assert_eq!(both["also"][0]["events"]["first"]["ip"], "192.0.2.1");
    assert_eq!(both["also"].as_array().unwrap().len(), 1);
}

#[test]
fn detect_msgpack_gives_the_same_without_a_zero_byte() {
    let folder = folder(&[("a.trip", RULES)]);
    let mut instance = instance(folder.path());
    let mut detect = |record: &str| {
        let packed = message_pack(record.as_bytes()).unwrap();
        call(&mut instance, "tripline_detect_msgpack", &packed)
    };
    let first = signin("ann", "192.0.2.1", "2026-03-02T10:00:00Z");
    assert_eq!(detect(&first), Outcome::Emptied);
    let Outcome::Given(bytes) = detect(&signin("ann", "198.51.100.7", "2026-03-02T10:09:00Z"))
    else {
        panic!("it completes two detections")
    };
    let both: Value = rmp_serde::from_slice(&bytes).unwrap();
    assert_eq!(both["rule"], "seen");
    assert_eq!(both["time"], "2026-03-02T10:09:00Z");
    assert_eq!(both["also"][0]["fields"]["from"], "192.0.2.1");
    assert_eq!(both["also"][0]["key"]["user"], "ann");
}

#[test]
fn filter_drops_tags_and_passes() {
    let folder = folder(&[("a.trip", RULES)]);
    let mut instance = instance(folder.path());
    let mut filter = |record: &str| call(&mut instance, "tripline_filter", record.as_bytes());
    let time = "2026-03-02T10:00:00Z";
    assert_eq!(
        filter(&signin("noise", "192.0.2.1", time)),
        Outcome::Dropped
    );
    assert_eq!(
        filter(&signin("ann", "198.51.100.7", time)),
        Outcome::Passed
    );
    assert_eq!(filter("not a record"), Outcome::Passed);
    let tagged = given(filter(&signin("ceo", "192.0.2.1", time)));
    assert_eq!(tagged["tripline"]["tags"], json!(["vip"]));
}

#[test]
fn several_filters_over_one_stream_leave_each_other_alone() {
    let folder = folder(&[("a.trip", RULES)]);
    let mut instances = [instance(folder.path()), instance(folder.path())];
    let mut record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z").into_bytes();
    for instance in &mut instances {
        match call(instance, "tripline_annotate", &record) {
            Outcome::Given(bytes) => record = bytes,
            other => panic!("{other:?}"),
        }
    }
    let value: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(value["tripline"]["tags"], json!(["vip"]));
    assert_eq!(value["tripline_2"]["tags"], json!(["vip"]));
}

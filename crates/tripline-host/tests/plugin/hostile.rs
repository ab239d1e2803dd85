//! Whatever bytes come, no call traps: a trap loses a record.

use proptest::prelude::*;
use tripline_host::{Instance, Limits, Outcome};

use crate::answers::{RULES, signin};
use crate::harness::{call, compile, folder, instance, message_pack, pack};

const FUNCTIONS: [&str; 4] = [
    "tripline_annotate",
    "tripline_detect",
    "tripline_detect_msgpack",
    "tripline_filter",
];

/// Calls every function; records of the modes that pass must pass.
fn nothing_is_lost(instances: &mut [Instance], record: &[u8]) {
    for (function, instance) in FUNCTIONS.iter().zip(instances) {
        let outcome = call(instance, function, record);
        let detects = function.contains("detect");
        match outcome {
            Outcome::Passed => assert!(!detects),
            Outcome::Dropped | Outcome::Emptied => {
                assert!(detects, "{function} dropped {record:?}");
            }
            Outcome::Given(_) => {}
            Outcome::Lost(trap) => panic!("{function} lost {record:?}: {trap}"),
        }
    }
}

fn instances() -> Vec<Instance> {
    FUNCTIONS.iter().map(|_| instance(&pack())).collect()
}

#[test]
fn large_deep_cut_off_and_empty_records_are_no_trap() {
    let mut instances = instances();
    let deep = |open: &str, close: &str, times: usize| {
        format!("{{\"a\":{}1{}}}", open.repeat(times), close.repeat(times))
    };
    let signin = |padding: usize| {
        format!(
            r#"{{"category":"SignInLogs","properties":{{"createdDateTime":"2026-03-02T10:00:00Z","userPrincipalName":"{}@x.org","deviceDetail":{}"a"{}}}}}"#,
            "u".repeat(padding),
            "[".repeat(padding % 500),
            "]".repeat(padding % 500)
        )
    };
    let records: Vec<String> = vec![
        String::new(),
        "{}".into(),
        "x".repeat(70_000),
        format!("{{\"log\":\"{}\"}}", "y".repeat(5_000_000)),
        deep("[", "]", 100_000),
        deep("{\"a\":", "}", 100_000),
        signin(70_000),
        signin(499),
        signin(126),
        signin(1),
        "{\"properties\":".into(),
        "{\"category\":\"SignInLogs\",\"properties\":{\"createdDateTime\":\"".into(),
    ];
    for record in &records {
        nothing_is_lost(&mut instances, record.as_bytes());
        if let Some(packed) = message_pack(record.as_bytes()) {
            nothing_is_lost(&mut instances, &packed);
        }
    }
    let bombs: [&[u8]; 5] = [
        &[0x81; 100_000],
        &[0x91; 100_000],
        b"\xdf\xff\xff\xff\xff",
        b"\x81\xa3log\xdb\xff\xff\xff\xff",
        b"\xc1",
    ];
    for record in bombs {
        nothing_is_lost(&mut instances, record);
    }
}

#[test]
fn a_full_state_is_told_and_every_record_passes() {
    let folder = folder(&[("a.trip", RULES), ("tripline.toml", "max_state = \"20kB\"")]);
    let mut instance = instance(folder.path());
    for at in 0..5_000 {
        let time = format!("2026-03-02T10:{:02}:{:02}Z", at / 60 % 60, at % 60);
        let record = signin(&format!("user{at}"), "192.0.2.1", &time);
        let outcome = call(&mut instance, "tripline_annotate", record.as_bytes());
        assert_eq!(outcome, Outcome::Passed);
    }
    let said = instance.said();
    assert!(said.contains("a limit of the state is reached"), "{said}");
    assert!(said.lines().count() < 6, "said too often:\n{said}");
}

#[test]
fn a_record_dated_far_ahead_does_not_end_detection() {
    let folder = folder(&[("a.trip", RULES)]);
    let mut instance = instance(folder.path());
    let mut detect = |record: &str| call(&mut instance, "tripline_detect", record.as_bytes());
    let first = signin("ann", "192.0.2.1", "2026-03-02T10:00:00Z");
    let ahead = signin("bob", "192.0.2.1", "2199-01-01T00:00:00Z");
    let second = signin("ann", "192.0.2.9", "2026-03-02T10:05:00Z");
    assert_eq!(detect(&first), Outcome::Dropped);
    assert_eq!(detect(&ahead), Outcome::Dropped);
    assert!(matches!(detect(&second), Outcome::Given(_)));
    assert!(instance.said().contains("more than a day ahead"));
}

#[test]
fn a_call_that_trapped_is_noticed_by_the_next_and_every_record_passes_from_there_on() {
    let folder = folder(&[("a.trip", RULES)]);
    let module = compile(Limits::default());
    let mut instance = module
        .instantiate(&[tripline_host::Access::to(folder.path())])
        .unwrap();
    let record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z");
    let annotate = |instance: &mut Instance| call(instance, "tripline_annotate", record.as_bytes());
    assert!(matches!(annotate(&mut instance), Outcome::Given(_)));
    // Out of instructions in the middle of a call: a trap like any other.
    instance.limit_fuel(2_000);
    assert!(matches!(annotate(&mut instance), Outcome::Lost(_)));
    instance.limit_fuel(Limits::default().fuel);
    for _ in 0..1000 {
        assert_eq!(annotate(&mut instance), Outcome::Passed);
    }
    let said = instance.said();
    assert_eq!(
        said.matches("a call ended with a trap").count(),
        1,
        "{said}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(40),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_bytes_are_no_trap(
        records in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(prop::sample::select(&b"{}[]\",:\\u0e1 "[..]), 0..300),
                prop::collection::vec(prop::sample::select(&b"\x81\x82\x91\xa1a\xd9\xda\xdb\xc0\xc4\xcf\xdc\xde\x00\xff"[..]), 0..300),
            ],
            1..30,
        ),
    ) {
        let mut instances = instances();
        for record in &records {
            // JSON comes up to its first zero byte.
            let end = record.iter().position(|byte| *byte == 0).unwrap_or(record.len());
            nothing_is_lost(&mut instances, &record[..end]);
            let outcome = call(&mut instances[2], FUNCTIONS[2], record);
            prop_assert!(matches!(outcome, Outcome::Emptied | Outcome::Given(_)), "{outcome:?}");
        }
    }
}

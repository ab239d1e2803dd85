//! Bytes that are no whole snapshot: whatever they are, restoring them is an error that changes nothing,
//! and never a panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod model;

use proptest::prelude::*;
use tripline_engine::{Detection, Emission, Sink, SnapshotError};

use model::{Collected, LAST, RULES, cases, engine, sample, sampled};

/// Looks at everything that a detection shows.
struct Shown;

impl Sink for Shown {
    fn detection(&mut self, detection: Detection<'_>) {
        serde_json::to_string(&detection).unwrap();
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn bytes_that_are_no_snapshot_are_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        magic in any::<bool>(),
    ) {
        let mut bytes = bytes;
        if magic {
            bytes.splice(0..0, b"TRIPS\r\n\x1a\x01\x00".iter().copied());
        }
        let mut engine = engine(&RULES, Emission::Final, 10);
        prop_assert!(engine.restore(&bytes, &mut Collected::default()).is_err());
    }

    #[test]
    fn contents_that_nobody_wrote_are_an_error_or_state_but_never_a_panic(
        early in any::<bool>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        from in prop_oneof![Just(10usize), 10usize..4_000],
    ) {
        let emission = if early { Emission::Early } else { Emission::Final };
        let (set, records) = sample();
        let mut engine_before = engine(&set, emission, 30);
        let mut sink = Shown;
        for record in &records {
            engine_before.push(record.as_bytes(), &mut sink);
        }
        let mut bytes = engine_before.snapshot();
        let content = bytes.len() - 20;
        for (index, value) in &changes {
            let at = from.min(content - 1) + index.index(content - from.min(content - 1));
            bytes[at] = *value;
        }
        seal(&mut bytes);
        let mut engine = engine(&set, emission, 30);
        if engine.restore(&bytes, &mut sink).is_ok() {
            for record in &records {
                engine.push(record.as_bytes(), &mut sink);
            }
            let again = engine.snapshot();
            prop_assert!(engine.restore(&again, &mut sink).is_ok());
        } else {
            prop_assert_eq!(engine.stats().retained_events, 0);
        }
        engine.finish(&mut sink);
    }
}

/// Makes the checksum fit what was changed.
fn seal(bytes: &mut [u8]) {
    let end = bytes.len() - 12;
    let checksum = xxhash_rust::xxh64::xxh64(&bytes[..end], 0);
    bytes[end..end + 8].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn every_cut_off_and_every_changed_byte_is_an_error_and_changes_nothing() {
    let (set, records) = sample();
    let mut sink = Collected::default();
    let mut before = engine(&set, Emission::Final, 30);
    for record in &records {
        before.push(record.as_bytes(), &mut sink);
    }
    let bytes = before.snapshot();
    let mut engine = engine(&set, Emission::Final, 30);
    engine.push(records[0].as_bytes(), &mut sink);
    let stats = engine.stats().clone();
    for end in 0..bytes.len() {
        let error = engine.restore(&bytes[..end], &mut sink).unwrap_err();
        assert_eq!(error, SnapshotError::Truncated, "{end}");
    }
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(engine.restore(&bytes, &mut sink).is_err(), "{at}");
    }
    assert_eq!(*engine.stats(), stats);
    assert!(engine.restore(&bytes, &mut sink).is_ok());
}

#[test]
fn an_error_says_what_is_wrong() {
    let set = sampled(LAST);
    let mut engine = engine(&set, Emission::Final, 30);
    let bytes = engine.snapshot();
    let mut said = |bytes: &[u8]| {
        let restored = engine.restore(bytes, &mut Collected::default());
        restored.unwrap_err().to_string()
    };
    let changed = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        bytes
    };
    assert_eq!(
        [
            said(b"{\"user\": 1}"),
            said(&changed(8, 3)),
            said(&changed(8, 1)),
            said(&bytes[..bytes.len() - 1]),
            said(&changed(20, 99)),
        ],
        [
            "this is not a snapshot of the engine's state",
            "the snapshot is of version 3, newer than version 2, which this release reads",
            "the snapshot is of version 1, older than version 2, which this release reads",
            "the snapshot is cut off: its end is missing",
            "the snapshot is damaged: its checksum does not match its bytes",
        ]
    );
}

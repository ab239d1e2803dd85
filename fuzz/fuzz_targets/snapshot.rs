//! Any bytes as a snapshot, as they are and sealed as a whole one: they are refused, or become a state that
//! goes on, can be taken and restored again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tripline_fuzz::{Looks, RULES, engine};
use xxhash_rust::xxh64::xxh64;

/// A snapshot of nothing. What is sealed here is what the engine seals.
static EMPTY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let empty = engine(&RULES).snapshot();
    assert_eq!(sealed(&empty, &empty[10..empty.len() - 20]), empty);
    empty
});

/// The content between the beginning of a snapshot (mark and version) and the end (length, checksum, mark).
fn sealed(snapshot: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = snapshot[..10].to_vec();
    bytes.extend(content);
    bytes.extend((bytes.len() as u64 + 20).to_le_bytes());
    bytes.extend(xxh64(&bytes, 0).to_le_bytes());
    bytes.extend(&snapshot[snapshot.len() - 4..]);
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes.to_vec(), sealed(&EMPTY, bytes)] {
        let mut engine = engine(&RULES);
        let mut sink = Looks::default();
        if engine.restore(&bytes, &mut sink).is_err() {
            continue;
        }
        let again = engine.snapshot();
        engine.restore(&again, &mut sink).expect("its own snapshot");
        for minute in 0..4 {
            let record = format!(
                r#"{{"id":"n{minute}","time":"2026-03-01T10:0{minute}:00Z","user":"a","ip":"192.0.2.{minute}","result":{minute},"interactive":true}}"#
            );
            engine.push(record.as_bytes(), &mut sink);
        }
        engine.finish(&mut sink);
    }
});

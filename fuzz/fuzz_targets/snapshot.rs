//! Any bytes as a snapshot, as they are and sealed as a whole one: they are refused, or become a state that
//! goes on, can be taken and restored again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tripline_engine::RuleSet;
use tripline_fuzz::{Looks, engine, rules};
use xxhash_rust::xxh64::xxh64;

static RULES: LazyLock<RuleSet> = LazyLock::new(rules);

/// The content with the beginning and the end of a snapshot of the version that is read.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut bytes = b"TRIPS\r\n\x1a".to_vec();
    bytes.extend(2u16.to_le_bytes());
    bytes.extend(content);
    bytes.extend((bytes.len() as u64 + 20).to_le_bytes());
    bytes.extend(xxh64(&bytes, 0).to_le_bytes());
    bytes.extend(b"\x04END");
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [bytes.to_vec(), sealed(bytes)] {
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

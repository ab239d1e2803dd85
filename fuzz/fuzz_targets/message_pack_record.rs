//! Any bytes as MessagePack records, each with its length in two bytes before it: none of them makes the
//! engine panic, and what becomes of a record does not depend on the records before it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tripline_engine::{Encoding, RuleSet, Scanner};
use tripline_fuzz::{Looks, engine, rules};

static RULES: LazyLock<RuleSet> = LazyLock::new(rules);

fuzz_target!(|bytes: &[u8]| {
    let mut engine = engine(&RULES);
    let mut sink = Looks::default();
    let mut along = Scanner::new(&RULES);
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (record, after) = after.split_at(length);
        engine.push_encoded(record, Encoding::MessagePack, &mut sink);
        let mut alone = Scanner::new(&RULES);
        let one = along.filter_encoded(record, Encoding::MessagePack);
        assert_eq!(one, alone.filter_encoded(record, Encoding::MessagePack));
        rest = after;
    }
    engine.finish(&mut sink);
});

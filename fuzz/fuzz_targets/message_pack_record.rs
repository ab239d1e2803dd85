//! Any bytes as MessagePack records, each with its length in two bytes before it: none of them makes the
//! engine panic, and what is found in a record does not depend on the records before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::Encoding;
use tripline_fuzz::push_along;

fuzz_target!(|bytes: &[u8]| {
    let (mut records, mut rest) = (Vec::new(), bytes);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (record, after) = after.split_at(length);
        records.push(record);
        rest = after;
    }
    push_along(&records, Encoding::MessagePack);
});

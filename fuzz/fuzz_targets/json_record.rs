//! Any bytes as JSON records, one a line: none of them makes the engine panic, and what is found in a
//! record does not depend on the records before it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::{Encoding, Scanner};
use tripline_fuzz::{RULES, push_along};

fuzz_target!(|bytes: &[u8]| {
    let records: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').take(32).collect();
    push_along(&records, Encoding::Json);
    let mut along = Scanner::new(&RULES);
    for record in records {
        let mut alone = Scanner::new(&RULES);
        assert_eq!(along.time(record), alone.time(record));
        let (one, other) = (along.fields(0, 0, record), alone.fields(0, 0, record));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
});

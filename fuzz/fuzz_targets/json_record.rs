//! Any bytes as JSON records, one a line: none of them makes the engine panic, and what a scanner finds in
//! a record does not depend on the records before it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tripline_engine::{RuleSet, Scanner};
use tripline_fuzz::{Looks, engine, rules};

static RULES: LazyLock<RuleSet> = LazyLock::new(rules);

fuzz_target!(|bytes: &[u8]| {
    let mut engine = engine(&RULES);
    let mut sink = Looks::default();
    let mut along = Scanner::new(&RULES);
    for record in bytes.split(|byte| *byte == b'\n').take(32) {
        engine.push(record, &mut sink);
        let mut alone = Scanner::new(&RULES);
        assert_eq!(along.time(record), alone.time(record));
        let (one, other) = (along.fields(0, 0, record), alone.fields(0, 0, record));
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
    engine.finish(&mut sink);
});

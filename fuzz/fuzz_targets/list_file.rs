//! Any text as the file of a list, of the type that the first byte chooses: it loads or is refused, and a
//! value is looked for in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline_engine::{EventFields, RuleSet};
use tripline_fuzz::{Looks, check, engine};

const TYPES: [(&str, &str); 6] = [
    ("string", "user"),
    ("string nocase", "user"),
    ("int", "result"),
    ("ip", "ip"),
    ("cidr", "ip"),
    ("regex", "user"),
];

fuzz_target!(|input: (u8, &str)| {
    let (chosen, text) = input;
    let (ty, field) = TYPES[usize::from(chosen) % TYPES.len()];
    let rules = format!(
        "schema s {{ accept true  time : timestamp = .time  user : string = .user  ip : ip = .ip  result : int = .result }}
         list l : {ty} = file \"l.txt\"
         rule r {{ match {{ e = s where {field} in l }} }}"
    );
    if let Some(checked) = check([("rules.trip", rules.as_str()), ("l.txt", text)]).checked {
        let mut engine = engine(&RuleSet::compile(&checked, EventFields::Used));
        let record = br#"{"time":"2026-03-01T10:00:00Z","user":"a","ip":"192.0.2.1","result":7}"#;
        engine.push(record, &mut Looks::default());
    }
});

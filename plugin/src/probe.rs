//! Shows, before any record comes, that the host gives as much stack as anything here can need.
//!
//! An interpreter's stack that is too small ends a call with a trap, which costs the record; a trap
//! while the module is instantiated only keeps the host from starting. So everything that nests goes
//! through once here at the greatest depth that the language and the readers allow: a rule file at the
//! parser's limit, the report of an error in it, a pattern with classes of Unicode, a record nested
//! deeply in a field that a detection shows.

use chrono::NaiveDate;
use tripline_engine::lang::check;
use tripline_engine::lang::diagnostic::render;
use tripline_engine::lang::parse::MAX_NESTING;
use tripline_engine::lang::source::SourceSet;
use tripline_engine::{Detection, Engine, EventFields, Options, RuleSet, Sink};

/// What `wasm_stack_size` is to be given, in bytes: nearly twice what [`run`] was seen to take in Fluent
/// Bit 5.1.1, between 64 and 68 KiB.
pub const STACK: usize = 131_072;

/// How deep JSON is nested where it is read as a whole: as deep as its library goes.
const JSON_DEPTH: usize = 126;

/// Takes as much of the stack as anything here can; gives how many detections it found, which is one.
pub fn run() -> usize {
    let today = NaiveDate::MIN;
    report_an_error(today);
    detect(today).unwrap_or(0)
}

/// Reads a rule at the limit of nesting, and runs it over a record that is nested as deep.
fn detect(today: NaiveDate) -> Option<usize> {
    let (open, close) = ("(".repeat(MAX_NESTING - 6), ")".repeat(MAX_NESTING - 6));
    let rules = format!(
        r#"schema probe {{
            accept present(.t)
            time : timestamp = .t
            deep : json = .deep
            text : string = .text
            list : [string] = .list
        }}
        rule deepest {{
            match {{
                e = probe where {open}e.text matches /(?i)\p{{L}}+[\w-]{{1,2}}(a|b|c\d+)*$/{close}
                    and any(e.list, a => any(e.list, b => any(e.list, c => lower(a) == b or c == a)))
            }}
            emit {{ deep = e.deep }}
        }}"#
    );
    let mut sources = SourceSet::from_texts([("probe.trip", rules)]);
    let checking = check(&mut sources, today);
    let set = RuleSet::compile(&checking.checked?, EventFields::Declared);
    let mut engine = Engine::new(set, Options::new(today));
    let (open, close) = ("[".repeat(JSON_DEPTH), "]".repeat(JSON_DEPTH));
    let record = format!(
        r#"{{"t":"2026-03-02T10:00:00Z","text":"ärger-b1","list":["a","A"],"deep":{open}1{close}}}"#
    );
    let mut seen = Seen(0);
    engine.push(record.as_bytes(), &mut seen);
    engine.finish(&mut seen);
    Some(seen.0)
}

/// Says what is wrong with a rule at the limit of nesting.
fn report_an_error(today: NaiveDate) {
    let rules = format!(
        "rule x {{ match {{ e = nothing where {}e.a == {} }} }}\n{}",
        "(".repeat(MAX_NESTING - 3),
        ")".repeat(MAX_NESTING - 2),
        "(".repeat(MAX_NESTING * 3),
    );
    let mut sources = SourceSet::from_texts([("probe.trip", rules)]);
    let checking = check(&mut sources, today);
    // Kept from being left out because nobody reads it.
    std::hint::black_box(render::rich(&checking.diagnostics, &sources, false));
}

struct Seen(usize);

impl Sink for Seen {
    fn detection(&mut self, detection: Detection<'_>) {
        let text = tripline_output::record::value(&detection).map(|value| value.to_string());
        self.0 += usize::from(text.is_ok_and(|text| text.contains("[[[1]]]")));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_probe_goes_all_the_way() {
        assert_eq!(super::run(), 1);
    }
}

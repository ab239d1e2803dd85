//! What the fuzz targets share: rule sets in memory, an engine for them, a sink that looks at all it is
//! given, and what holds of records in any encoding.

use std::sync::LazyLock;

use chrono::NaiveDate;
use tripline_engine::lang::Checking;
use tripline_engine::lang::ast::PathStep;
use tripline_engine::lang::source::SourceSet;
use tripline_engine::record::{Found, Paths, ReadError, Slots, read};
use tripline_engine::{Detection, Encoding, Engine, EventFields, Options, RuleSet, Scanner, Sink};

/// Rules of every form over one schema.
pub static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    let checking = check([("rules.trip", include_str!("rules.trip"))]);
    let Some(checked) = checking.checked else {
        panic!("{:#?}", checking.diagnostics)
    };
    RuleSet::compile(&checked, EventFields::Declared)
});

/// What is looked for in a record besides: values, members of members and elements.
static WANTED: LazyLock<Paths> = LazyLock::new(|| {
    let paths = ["a", "b.c", "b.d.0", "b.d.1.e", "properties.id", "time"];
    let steps = paths.map(|path| path.split('.').map(step).collect());
    Paths::new(&steps, &[])
});

fn step(text: &str) -> PathStep {
    match text.parse() {
        Ok(index) => PathStep::Index(index),
        Err(_) => PathStep::Key(text.to_owned()),
    }
}

/// The day of every run.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default()
}

/// Checks files in memory.
pub fn check<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Checking {
    let mut sources = SourceSet::from_texts(files);
    tripline_engine::lang::check(&mut sources, today())
}

/// An engine with limits that are soon reached.
pub fn engine(rules: &RuleSet) -> Engine {
    let options = Options {
        max_state: 1 << 16,
        max_events_per_key: 8,
        max_bindings: 64,
        ..Options::new(today())
    };
    Engine::new(rules.clone(), options)
}

/// Pushes records, and holds that what is found in each does not depend on those before it.
pub fn push_along(records: &[&[u8]], encoding: Encoding) {
    let (mut engine, mut sink) = (engine(&RULES), Looks::default());
    let (mut scanner, mut slots) = (Scanner::new(&RULES), Slots::new(&WANTED));
    for record in records {
        engine.push_encoded(record, encoding, &mut sink);
        assert_eq!(
            scanner.filter_encoded(record, encoding),
            Scanner::new(&RULES).filter_encoded(record, encoding)
        );
        assert_eq!(
            found(record, encoding, &mut slots),
            found(record, encoding, &mut Slots::new(&WANTED))
        );
    }
    engine.finish(&mut sink);
}

/// Where in a record what is wanted is.
fn found(
    record: &[u8],
    encoding: Encoding,
    slots: &mut Slots,
) -> Result<Vec<Option<Found>>, ReadError> {
    read(record, encoding, &WANTED, slots)?;
    Ok((0..WANTED.len()).map(|slot| slots.get(slot)).collect())
}

/// Looks at everything of every detection.
#[derive(Default)]
pub struct Looks(pub usize);

impl Sink for Looks {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0 += format!("{detection:?}").len();
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

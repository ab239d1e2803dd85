//! Runs one test: what arrives goes through a scanner into an engine, one at a time, so that it is known
//! what became of each.

use std::path::Path;
use std::time::Duration;

use chrono::NaiveDate;
use tripline_engine::lang::checked::Checked;
use tripline_engine::lang::checked::test::{Arrival, Event, Records, Test};
use tripline_engine::lang::source::{Located, SourceSet, Span};
use tripline_engine::{
    Batch, Detection, Emission, Engine, Fate, GivenEvent, Options, RuleSet, Scanner, Sink,
};

use super::Arrived;
use super::expected::{self, Found, Unmet};
use crate::input::{Entry, Feed, Input, Piece, Reading};
use crate::interrupt::Interrupt;

/// The longest record that a test may have, in bytes.
const MAX_RECORD: usize = 64 << 20;

/// What came of a test.
pub(super) struct Ran {
    pub(super) unmet: Vec<Unmet>,
    pub(super) broken: Vec<String>,
    pub(super) arrived: Vec<Arrived>,
    pub(super) found: Vec<Found>,
}

/// Runs a test.
pub(super) fn run(
    test: &Test,
    sources: &SourceSet,
    checked: &Checked,
    rules: &RuleSet,
    today: NaiveDate,
) -> Ran {
    let mut options = Options::new(test.today.unwrap_or(today));
    if let Some(lateness) = test.lateness {
        options.lateness = Duration::from_nanos(lateness.unsigned_abs());
    }
    if test.early {
        options.emission = Emission::Early;
    }
    let mut running = Running {
        test,
        sources,
        checked,
        scanner: Scanner::new(rules),
        engine: Engine::new(rules.clone(), options),
        batch: Batch::default(),
        seen: Seen {
            test,
            rules,
            found: Vec::new(),
            fate: Fate::NotAccepted,
        },
        arrived: Vec::new(),
        broken: Vec::new(),
    };
    for arrival in &test.arrivals {
        match arrival {
            Arrival::Event(event) => running.event(event),
            Arrival::Records(records) => running.records(records),
        }
    }
    running.engine.finish(&mut running.seen);
    let found = running.seen.found;
    Ran {
        unmet: expected::unmet(test, &found, sources),
        broken: running.broken,
        arrived: running.arrived,
        found,
    }
}

/// A test that is being run.
struct Running<'t> {
    test: &'t Test,
    sources: &'t SourceSet,
    checked: &'t Checked,
    scanner: Scanner,
    engine: Engine,
    batch: Batch,
    seen: Seen<'t>,
    arrived: Vec<Arrived>,
    broken: Vec<String>,
}

/// Takes what the engine gives.
struct Seen<'t> {
    test: &'t Test,
    rules: &'t RuleSet,
    found: Vec<Found>,
    /// What became of the last record.
    fate: Fate,
}

impl Sink for Seen<'_> {
    fn detection(&mut self, detection: Detection<'_>) {
        if self.test.rules.contains(&detection.rule_index) {
            self.found
                .push(Found::of(&detection, self.test, self.rules));
        }
    }

    fn fate(&mut self, _: usize, fate: Fate) {
        self.fate = fate;
    }

    fn wants_suppressed(&self) -> bool {
        true
    }
}

impl Running<'_> {
    fn event(&mut self, event: &Event) {
        self.batch.clear();
        let given = GivenEvent {
            schema: event.schema,
            time: event.time,
            fields: &event.fields,
            number: self.arrived.len() as u64,
        };
        self.scanner.scan_given(&given, &mut self.batch);
        let schema = self.checked.schemas.get(event.schema);
        self.push(
            place(self.sources, event.span),
            schema.map(|schema| schema.name.clone()),
        );
    }

    fn records(&mut self, records: &Records) {
        let path = match self.sources.locate(records.span.file, &records.path) {
            Ok(Located::Disk(path)) => path,
            Ok(Located::Memory(_)) => return,
            Err(error) => {
                let place = place(self.sources, records.span);
                self.broken.push(format!("{place}: {error}"));
                return;
            }
        };
        self.records_of(records, &path);
    }

    fn records_of(&mut self, records: &Records, path: &Path) {
        let feed = Feed::new(
            Entry::fresh(vec![Input::File(path.to_path_buf())]),
            MAX_RECORD,
            Interrupt::default(),
            Reading::InTurn,
        );
        let mut lines = 0;
        let mut places = Vec::new();
        for piece in feed {
            match piece {
                Piece::Block(block) => {
                    let bytes = block.bytes();
                    let ends = block.records(&mut places);
                    let mut line = lines;
                    let mut from = 0;
                    for at in &places {
                        let before = bytes.get(from..at.start).unwrap_or_default();
                        line += memchr::memchr_iter(b'\n', before).count() as u64;
                        from = at.start;
                        self.batch.clear();
                        let number = Some(self.arrived.len() as u64);
                        let record = bytes.get(at.clone()).unwrap_or_default();
                        self.scanner.scan_from(record, number, &mut self.batch);
                        self.push(format!("{}:{}", records.path, line + 1), None);
                    }
                    lines += ends;
                }
                Piece::Failed(_, error) => {
                    let place = place(self.sources, records.span);
                    let path = &records.path;
                    self.broken.push(format!("{place}: {path} {error}"));
                }
                Piece::Ended(_) | Piece::Pause => {}
            }
        }
    }

    /// Gives the engine what is in the batch, one event or record.
    fn push(&mut self, place: String, schema: Option<String>) {
        self.engine.push_batch(&self.batch, &mut self.seen);
        let of_test = self
            .batch
            .steps()
            .filter(|(rule, ..)| self.test.rules.contains(rule));
        let steps = of_test.filter_map(|(rule, step, has_key)| {
            let rule = self.engine.rules().rules().get(rule)?;
            let step = rule.steps.get(step)?;
            Some((rule.name.clone(), step.clone(), has_key))
        });
        self.arrived.push(Arrived {
            place,
            schema,
            time: self.batch.times().next().map(|(_, time)| time),
            fate: self.seen.fate.name(),
            steps: steps.collect(),
        });
    }
}

/// A place as file and line.
pub(super) fn place(sources: &SourceSet, span: Span) -> String {
    sources.get(span.file).map_or_else(String::new, |file| {
        let (line, _) = file.line_column(span.start);
        format!("{}:{line}", file.path)
    })
}

//! The modes `detections` and `annotate`: scanners note in each block what rules may need, the engine
//! correlates it in the order of the input.

use std::ops::Range;

use tripline_engine::{Batch, Detection, Engine, Fate, RuleSet, Scanner, Sink};

use super::completion::Completion;
use super::{Consumer, Scanned, Worker};
use crate::exit::Failure;
use crate::input::{Block, Source};
use crate::output::annotate::Annotations;
use crate::output::detections::Printer;
use crate::output::ledger::Ledger;
use crate::output::progress::Progress;
use crate::output::stdout::Out;

/// Scans blocks for the engine.
pub(crate) struct Scan {
    scanner: Scanner,
    /// Filters tag records on the way.
    tags: bool,
    /// Events keep the place of their record, for [`Completion`].
    origins: bool,
}

/// What scanning a block found.
#[derive(Default)]
pub(crate) struct Scans {
    batch: Batch,
    /// Index of a record and its tags, in the order of the records.
    tags: Vec<(usize, Vec<String>)>,
}

impl Scan {
    /// A worker for these rules; with `tags` the filters' tags are collected too, with `origins` events
    /// keep the place of their record.
    pub(crate) fn new(rules: &RuleSet, tags: bool, origins: bool) -> Scan {
        Scan {
            scanner: Scanner::new(rules),
            tags: tags && rules.filters().next().is_some(),
            origins,
        }
    }
}

impl Worker for Scan {
    type Found = Scans;

    fn work(&mut self, block: &Block, records: &[Range<usize>], found: &mut Scans) {
        found.batch.clear();
        found.tags.clear();
        let bytes = block.bytes();
        for (index, at) in records.iter().enumerate() {
            let record = bytes.get(at.clone()).unwrap_or_default();
            let origin = if self.origins {
                block.origin(at.start)
            } else {
                None
            };
            self.scanner
                .scan_from(record, origin.map(|origin| origin.0), &mut found.batch);
            if self.tags {
                let verdict = self.scanner.filter(record);
                if !verdict.tags.is_empty() {
                    found.tags.push((index, verdict.tags));
                }
            }
        }
    }
}

/// What is done with detections.
pub(crate) enum Report {
    /// They are written.
    Print {
        /// How.
        printer: Printer,
        /// Those that exclusions suppress are written too.
        excluded: bool,
        /// Where events were kept without the fields that only a person reads.
        completion: Option<Box<Completion>>,
    },
    /// The records are written, with the detections that they completed.
    Annotate(Annotations),
}

/// Correlates and reports.
pub(crate) struct Correlate {
    engine: Engine,
    desk: Desk,
}

/// Everything but the engine, so that it can take what the engine gives.
struct Desk {
    report: Report,
    ledger: Ledger,
    out: Out,
    progress: Progress,
    /// Detections that no exclusion suppressed.
    detections: u64,
    /// Index of the input at hand.
    source: Option<usize>,
}

/// What is left when a run is over.
pub(crate) struct Correlated {
    /// The engine, for its counters.
    pub(crate) engine: Engine,
    /// The account of the inputs.
    pub(crate) ledger: Ledger,
    /// Detections that no exclusion suppressed.
    pub(crate) detections: u64,
    /// Detections that annotated no record.
    pub(crate) unattached: u64,
    /// The watermark before the end of the input settled everything.
    pub(crate) watermark: Option<i64>,
    /// Standard output took everything.
    pub(crate) written: bool,
}

impl Correlate {
    /// A consumer that reports in this way.
    pub(crate) fn new(
        engine: Engine,
        report: Report,
        ledger: Ledger,
        out: Out,
        progress: Progress,
    ) -> Correlate {
        Correlate {
            engine,
            desk: Desk {
                report,
                ledger,
                out,
                progress,
                detections: 0,
                source: None,
            },
        }
    }

    /// Writes what comes before the first detection.
    pub(crate) fn begin(&mut self) -> Result<(), Failure> {
        if let Report::Print { printer, .. } = &self.desk.report {
            printer.begin(self.desk.out.gathered())?;
        }
        self.desk.out.flush()
    }

    /// The input has ended: gives what was still open, writes everything.
    pub(crate) fn finish(mut self) -> Result<Correlated, Failure> {
        let watermark = self.engine.stats().watermark;
        let mut take = Take::new(&mut self.desk, None);
        self.engine.finish(&mut take);
        take.result()?;
        let written = self.desk.out.end()?;
        self.desk.ledger.close()?;
        let unattached = match &self.desk.report {
            Report::Annotate(annotations) => annotations.unattached,
            Report::Print { .. } => 0,
        };
        let Desk {
            ledger, detections, ..
        } = self.desk;
        Ok(Correlated {
            engine: self.engine,
            ledger,
            detections,
            unattached,
            watermark,
            written,
        })
    }
}

impl Consumer<Scans> for Correlate {
    fn block(&mut self, scanned: &mut Scanned<Scans>, block: &Block) -> Result<(), Failure> {
        let desk = &mut self.desk;
        desk.ledger.begin(block)?;
        if let Report::Print {
            completion: Some(completion),
            ..
        } = &mut desk.report
        {
            completion.remember(block);
        }
        let mut take = Take::new(desk, Some((block, &scanned.records)));
        self.engine.hold(block.from(), &mut take);
        self.engine.push_batch(&scanned.found.batch, &mut take);
        take.result()?;
        if let Report::Annotate(annotations) = &mut desk.report {
            // An input without a last line end must not run into the next one.
            if desk.source.replace(block.source().index) != Some(block.source().index) {
                desk.out.end_line();
            }
            annotations.write(
                block,
                &scanned.records,
                &scanned.found.tags,
                desk.out.gathered(),
            );
        }
        desk.ledger.end(block, scanned);
        desk.progress
            .advance(block.stored(), desk.ledger.records, desk.detections);
        desk.out.flush()
    }

    fn failed(&mut self, source: &Source, error: &str) -> Result<(), Failure> {
        self.desk.ledger.failed(source, error);
        Ok(())
    }
}

/// Takes what the engine gives.
struct Take<'a> {
    desk: &'a mut Desk,
    at: Option<(&'a Block, &'a [Range<usize>])>,
    failure: Option<Failure>,
}

impl<'a> Take<'a> {
    fn new(desk: &'a mut Desk, at: Option<(&'a Block, &'a Vec<Range<usize>>)>) -> Take<'a> {
        Take {
            desk,
            at: at.map(|(block, records)| (block, records.as_slice())),
            failure: None,
        }
    }

    fn result(self) -> Result<(), Failure> {
        self.failure.map_or(Ok(()), Err)
    }

    fn keep(&mut self, result: Result<(), Failure>) {
        if let Err(failure) = result {
            self.failure.get_or_insert(failure);
        }
    }
}

impl Sink for Take<'_> {
    fn detection(&mut self, detection: Detection<'_>) {
        let suppressed = !detection.excluded_by.is_empty();
        self.desk.detections += u64::from(!suppressed);
        let result = match &mut self.desk.report {
            // Only asked for where they are to be written.
            Report::Annotate(_) if suppressed => Ok(()),
            Report::Print {
                printer,
                completion,
                ..
            } => {
                let detection = match completion {
                    Some(completion) => completion.complete(detection),
                    None => detection,
                };
                printer.detection(&detection, self.desk.out.gathered())
            }
            Report::Annotate(annotations) => annotations.detection(&detection),
        };
        self.keep(result);
    }

    fn wants_suppressed(&self) -> bool {
        matches!(self.desk.report, Report::Print { excluded: true, .. })
    }

    fn fate(&mut self, record: usize, fate: Fate) {
        let (reason, named) = match fate {
            Fate::Unparsable(error) => (format!("{}: {error}", fate.name()), true),
            Fate::NoTime => (
                "no time: a schema accepts it, but it has no event time".to_owned(),
                true,
            ),
            Fate::TooLate => (
                "too late: it is older than the lateness allows".to_owned(),
                false,
            ),
            Fate::Processed | Fate::NotAccepted | Fate::Duplicate | Fate::OutOfRange => return,
        };
        let Some((block, Some(at))) = self.at.map(|(block, records)| (block, records.get(record)))
        else {
            return;
        };
        let result = self.desk.ledger.trouble(block, at, &reason, named);
        self.keep(result);
    }
}

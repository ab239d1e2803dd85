//! The modes `detections` and `annotate`: scanners note in each block what rules may need, the engine
//! correlates it in the order of the input. What is done between two blocks is in [`super::tending`].

use std::ops::Range;
use std::time::Duration;

use tripline_engine::{Batch, Engine, Scanner};

use super::desk::{At, Desk, Report, Take};
use super::in_force::InForce;
use super::tending::Tending;
use super::{Consumer, Scanned, Worker};
use crate::exit::Failure;
use crate::input::{Block, Source};
use crate::output::ledger::Ledger;
use crate::output::progress::Progress;
use crate::output::stdout::Out;
use crate::state::Head;

/// Scans blocks for the engine.
pub(crate) struct Scan {
    in_force: InForce,
    /// Of the rules that the scanner reads with.
    generation: u64,
    scanner: Scanner,
    /// Filters tag records on the way, if there are any.
    tags: bool,
    filters: bool,
    /// Events keep the place of their record, for [`completion`](super::completion).
    origins: bool,
}

/// What scanning a block found.
#[derive(Default)]
pub(crate) struct Scans {
    batch: Batch,
    /// Of the rules that it was found with.
    generation: u64,
    /// Index of a record and its tags, in the order of the records.
    tags: Vec<(usize, Vec<String>)>,
}

impl Scan {
    /// A worker for the rules in force; with `tags` the filters' tags are collected too, with `origins`
    /// events keep the place of their record.
    pub(crate) fn new(in_force: &InForce, tags: bool, origins: bool) -> Scan {
        let (generation, rules) = in_force.rules();
        Scan {
            in_force: in_force.clone(),
            generation,
            scanner: Scanner::new(&rules),
            tags,
            filters: rules.filters().next().is_some(),
            origins,
        }
    }

    /// Takes the rules that are in force now.
    pub(super) fn follow(&mut self) {
        if self.generation != self.in_force.generation() {
            *self = Scan::new(&self.in_force, self.tags, self.origins);
        }
    }
}

impl Worker for Scan {
    type Found = Scans;

    fn work(&mut self, block: &Block, records: &[Range<usize>], found: &mut Scans) {
        self.follow();
        found.generation = self.generation;
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
            if self.tags && self.filters {
                let verdict = self.scanner.filter(record);
                if !verdict.tags.is_empty() {
                    found.tags.push((index, verdict.tags));
                }
            }
        }
    }
}

/// Correlates and reports.
pub(crate) struct Correlate {
    pub(super) engine: Engine,
    pub(super) desk: Desk,
    /// Looks at records that were looked at with rules that are not in force any more.
    pub(super) scan: Scan,
    pub(super) tending: Tending,
    /// The most bytes of state that there were before this run.
    pub(super) peak: usize,
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
    /// Records dated too far ahead.
    pub(crate) ahead: u64,
    /// The most bytes of state that there were.
    pub(crate) peak: usize,
    /// How long all runs took that this one goes on from, and itself.
    pub(crate) elapsed: Duration,
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
        tending: Tending,
    ) -> Correlate {
        let annotate = matches!(report, Report::Annotate(_));
        let completion = match &report {
            Report::Print { completion, .. } => completion.is_some(),
            Report::Annotate(_) => false,
        };
        Correlate {
            engine,
            desk: Desk {
                report,
                ledger,
                out,
                progress,
                detections: 0,
                source: None,
                ahead_from: tending.wall.ahead_from(),
                ahead: 0,
            },
            scan: Scan::new(&tending.in_force, annotate, completion),
            tending,
            peak: 0,
        }
    }

    /// Goes on with the account of an earlier run.
    pub(crate) fn go_on(&mut self, head: &Head) {
        self.peak = head.peak;
        let desk = &mut self.desk;
        let lines = head.inputs.iter().map(|known| (known.index, known.lines));
        desk.ledger.go_on(&head.account, lines);
        desk.detections = head.detections;
        desk.ahead = head.ahead;
        desk.source = head.last_input;
        if let Report::Annotate(annotations) = &mut desk.report {
            annotations.unattached = head.unattached;
        }
        desk.progress
            .advance(desk.ledger.stored, desk.ledger.records, desk.detections);
    }

    /// Takes the engine's snapshot once more, to write what is settled by that because the limits are
    /// narrower than they were.
    pub(crate) fn restore(&mut self, snapshot: &[u8]) -> Result<(), Failure> {
        let mut take = Take::new(&mut self.desk, None);
        let restored = self.engine.restore(snapshot, &mut take);
        take.result()?;
        restored.map_err(|error| Failure::System(error.to_string()))?;
        Ok(())
    }

    /// Writes what comes before the first detection, unless an earlier run has.
    pub(crate) fn begin(&mut self) -> Result<(), Failure> {
        if let Report::Print { printer, .. } = &self.desk.report
            && self.desk.out.is_empty()
        {
            printer.begin(self.desk.out.gathered())?;
        }
        self.desk.out.flush()?;
        self.keep()
    }

    /// The input has ended, or the run was interrupted: keeps the state, gives what was still open, and
    /// writes everything. Where a later run goes on, what is open stays so.
    pub(crate) fn finish(mut self, interrupted: bool) -> Result<Correlated, Failure> {
        let watermark = self.engine.stats().watermark;
        // What a reader that went away did not take must be given again.
        if !self.desk.out.is_closed() {
            self.keep()?;
        }
        if !interrupted || self.tending.keeper.is_none() {
            let mut take = Take::new(&mut self.desk, None);
            self.engine.finish(&mut take);
            take.result()?;
        }
        let written = self.desk.out.end()?;
        self.desk.ledger.close()?;
        let unattached = self.desk.unattached();
        let elapsed = self.tending.elapsed();
        let Desk {
            ledger,
            detections,
            ahead,
            ..
        } = self.desk;
        let peak = self.peak.max(self.engine.stats().peak_state_bytes);
        Ok(Correlated {
            peak,
            engine: self.engine,
            ledger,
            detections,
            unattached,
            ahead,
            elapsed,
            watermark,
            written,
        })
    }
}

impl Consumer<Scans> for Correlate {
    fn block(&mut self, scanned: &mut Scanned<Scans>, block: &Block) -> Result<(), Failure> {
        if scanned.found.generation != self.tending.in_force.generation() {
            self.scan.work(block, &scanned.records, &mut scanned.found);
        }
        let desk = &mut self.desk;
        desk.ledger.begin(block)?;
        if let Report::Print {
            completion: Some(completion),
            ..
        } = &mut desk.report
        {
            completion.remember(block);
        }
        let at = At {
            block,
            records: &scanned.records,
            batch: &scanned.found.batch,
        };
        let mut take = Take::new(desk, Some(at));
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
        desk.out.flush()?;
        self.tending.positions.taken(block);
        self.tending.happened();
        self.tend()
    }

    fn failed(&mut self, source: &Source, error: &str) -> Result<(), Failure> {
        self.desk.ledger.failed(source, error);
        Ok(())
    }

    fn ended(&mut self, source: &Source) -> Result<(), Failure> {
        self.desk.ledger.read(source);
        self.tending.positions.ended(source);
        self.tending.happened();
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.tend()
    }
}

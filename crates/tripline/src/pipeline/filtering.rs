//! The mode `filter`: no correlation, each record is passed on or left out by itself.

use std::ops::Range;

use tripline_engine::record::ReadError;
use tripline_engine::{RuleSet, Scanner};

use super::{Consumer, Scanned, Worker};
use crate::exit::Failure;
use crate::input::{Block, Kind, Source};
use crate::output::filter::{self, FilterCounts};
use crate::output::ledger::Ledger;
use crate::output::progress::Progress;
use crate::output::stdout::Out;

/// Applies the filters to blocks.
pub(crate) struct Sieve {
    scanner: Scanner,
}

/// What is left of a block.
#[derive(Default)]
pub(crate) struct Sifted {
    passed: Vec<u8>,
    counts: FilterCounts,
    /// Index of a record that could not be read, and why.
    unreadable: Vec<(usize, ReadError)>,
}

impl Sieve {
    /// A worker with the filters of this rule set.
    pub(crate) fn new(rules: &RuleSet) -> Sieve {
        Sieve {
            scanner: Scanner::new(rules),
        }
    }
}

impl Worker for Sieve {
    type Found = Sifted;

    fn work(&mut self, block: &Block, records: &[Range<usize>], found: &mut Sifted) {
        found.passed.clear();
        found.unreadable.clear();
        found.counts = FilterCounts::default();
        let (bytes, counts) = (block.bytes(), &mut found.counts);
        for (index, at) in records.iter().enumerate() {
            let verdict = self
                .scanner
                .filter(bytes.get(at.clone()).unwrap_or_default());
            if let Some(filter) = verdict.drop {
                counts.drop_by(filter);
                continue;
            }
            counts.passed += 1;
            if let Some(error) = verdict.unreadable {
                counts.unparsable += 1;
                found.unreadable.push((index, error));
            } else if !verdict.accepted {
                counts.not_accepted += 1;
            }
            counts.tagged += u64::from(!verdict.tags.is_empty());
            filter::write(bytes, at, &verdict.tags, &mut found.passed);
        }
    }
}

/// Writes what passes.
pub(crate) struct Pass {
    pub(crate) counts: FilterCounts,
    pub(crate) ledger: Ledger,
    out: Out,
    progress: Progress,
}

impl Pass {
    /// A consumer that writes to `out`.
    pub(crate) fn new(ledger: Ledger, out: Out, progress: Progress) -> Pass {
        Pass {
            counts: FilterCounts::default(),
            ledger,
            out,
            progress,
        }
    }

    /// The input has ended: writes everything. Says also whether standard output took everything.
    pub(crate) fn finish(mut self) -> Result<(FilterCounts, Ledger, bool), Failure> {
        self.out.end_line();
        let written = self.out.end()?;
        self.ledger.close()?;
        let mut counts = self.counts;
        // What is too long to be read passes, like everything that cannot be read.
        counts.unparsable += self.ledger.too_long;
        counts.passed += self.ledger.too_long;
        Ok((counts, self.ledger, written))
    }
}

impl Consumer<Sifted> for Pass {
    fn block(&mut self, scanned: &mut Scanned<Sifted>, block: &Block) -> Result<(), Failure> {
        self.ledger.begin(block)?;
        for (index, error) in &scanned.found.unreadable {
            if let Some(at) = scanned.records.get(*index) {
                self.ledger
                    .trouble(block, at, &format!("unparsable: {error}"), true)?;
            }
        }
        self.counts.add(&scanned.found.counts);
        match block.kind() {
            Kind::TooLong { first } => {
                if *first {
                    self.out.end_line();
                }
                self.out.gathered().extend_from_slice(block.bytes());
            }
            Kind::Lines | Kind::Values(_) => {
                if !scanned.found.passed.is_empty() {
                    self.out.end_line();
                }
                self.out.gathered().extend_from_slice(&scanned.found.passed);
            }
        }
        self.ledger.end(block, scanned);
        self.progress
            .advance(block.stored(), self.ledger.records, 0);
        self.out.flush()
    }

    fn failed(&mut self, source: &Source, error: &str) -> Result<(), Failure> {
        self.ledger.failed(source, error);
        Ok(())
    }
}

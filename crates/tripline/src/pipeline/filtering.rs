//! The mode `filter`: no correlation, each record is passed on or left out by itself. Edited rules are
//! taken between two blocks.

use std::ops::Range;

use chrono::NaiveDate;
use tripline_engine::record::ReadError;
use tripline_engine::{RuleSet, Scanner};

use super::in_force::InForce;
use super::{Consumer, Scanned, Worker};
use crate::exit::Failure;
use crate::input::{Block, Kind, Source};
use crate::output::filter::{self, FilterCounts};
use crate::output::ledger::Ledger;
use crate::output::progress::Progress;
use crate::output::stdout::Out;
use crate::rules::{self, Watched};

/// Applies the filters to blocks.
pub(crate) struct Sieve {
    in_force: InForce,
    /// Of the rules that the scanner reads with.
    generation: u64,
    scanner: Scanner,
}

/// What is left of a block.
#[derive(Default)]
pub(crate) struct Sifted {
    passed: Vec<u8>,
    counts: FilterCounts,
    /// Of the rules that it was found with.
    generation: u64,
    /// Index of a record that could not be read, and why.
    unreadable: Vec<(usize, ReadError)>,
}

impl Sieve {
    /// A worker with the filters of the rules in force.
    pub(crate) fn new(in_force: &InForce) -> Sieve {
        let (generation, rules) = in_force.rules();
        Sieve {
            in_force: in_force.clone(),
            generation,
            scanner: Scanner::new(&rules),
        }
    }
}

impl Worker for Sieve {
    type Found = Sifted;

    fn work(&mut self, block: &Block, records: &[Range<usize>], found: &mut Sifted) {
        if self.generation != self.in_force.generation() {
            *self = Sieve::new(&self.in_force);
        }
        found.generation = self.generation;
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
    /// Looks at records that were looked at with rules that are not in force any more.
    sieve: Sieve,
    watched: Option<Watched>,
    /// A day that takes the place of the clock's.
    today: Option<NaiveDate>,
}

/// What is left when a run is over.
pub(crate) struct Passed {
    /// Records by fate.
    pub(crate) counts: FilterCounts,
    /// The account of the inputs.
    pub(crate) ledger: Ledger,
    /// The rules in force at the end.
    pub(crate) rules: RuleSet,
    /// Standard output took everything.
    pub(crate) written: bool,
}

impl Pass {
    /// A consumer that writes to `out`.
    pub(crate) fn new(
        in_force: &InForce,
        watched: Option<Watched>,
        today: Option<NaiveDate>,
        ledger: Ledger,
        out: Out,
        progress: Progress,
    ) -> Pass {
        Pass {
            counts: FilterCounts::default(),
            ledger,
            out,
            progress,
            sieve: Sieve::new(in_force),
            watched,
            today,
        }
    }

    /// Takes rules that were edited.
    fn tend(&mut self) {
        let today = self.today.unwrap_or_else(rules::today);
        let Some(watched) = &mut self.watched else {
            return;
        };
        let Some(loaded) = watched.edited(today) else {
            return;
        };
        let shown = loaded.shown_on_stderr();
        let Some(checked) = &loaded.checked else {
            self.progress.say(&rules::in_error(&shown));
            return;
        };
        let (rules, _) = watched.kept.compile(checked);
        let quiet = watched.quiet;
        let (_, before) = self.sieve.in_force.rules();
        self.counts.go_on(&before, &rules);
        let filters = rules.filters().count();
        self.sieve.in_force.change(rules);
        if !quiet {
            let said = format!("rules were edited: goes on with {filters} filters\n{shown}");
            self.progress.say(&said);
        }
    }

    /// The input has ended: writes everything.
    pub(crate) fn finish(mut self) -> Result<Passed, Failure> {
        self.out.end_line();
        let written = self.out.end()?;
        self.ledger.close()?;
        let mut counts = self.counts;
        // What is too long to be read passes, like everything that cannot be read.
        counts.unparsable += self.ledger.too_long;
        counts.passed += self.ledger.too_long;
        let (_, rules) = self.sieve.in_force.rules();
        Ok(Passed {
            counts,
            ledger: self.ledger,
            rules,
            written,
        })
    }
}

impl Consumer<Sifted> for Pass {
    fn block(&mut self, scanned: &mut Scanned<Sifted>, block: &Block) -> Result<(), Failure> {
        if scanned.found.generation != self.sieve.in_force.generation() {
            self.sieve.work(block, &scanned.records, &mut scanned.found);
        }
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
        self.out.flush()?;
        self.tend();
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Failure> {
        self.tend();
        Ok(())
    }

    fn ended(&mut self, source: &Source) -> Result<(), Failure> {
        self.ledger.read(source);
        Ok(())
    }

    fn failed(&mut self, source: &Source, error: &str) -> Result<(), Failure> {
        self.ledger.failed(source, error);
        Ok(())
    }
}

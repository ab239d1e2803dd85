//! Drives a run: blocks from the [`Feed`] to workers, what they found to one consumer, in the order of
//! the input. With one thread this is a loop ([`run`] calls it `alone`); with several, `shared` does it.
//!
//! INVARIANT: the consumer sees the same pieces in the same order whatever the number of threads, so
//! that the results are the same.

pub(crate) mod completion;
pub(crate) mod correlation;
pub(crate) mod desk;
pub(crate) mod filtering;
pub(crate) mod in_force;
mod shared;
pub(crate) mod tending;
pub(crate) mod wall;

use std::ops::Range;

use crate::exit::Failure;
use crate::input::{Block, Feed, Piece, Source};

/// The part of the work that looks at one record at a time. Each thread has its own.
pub(crate) trait Worker {
    /// What it finds in a block; reused for other blocks.
    type Found: Default + Send;

    /// Looks at the records of a block, which lie at `records`. `found` holds what an earlier block left.
    fn work(&mut self, block: &Block, records: &[Range<usize>], found: &mut Self::Found);
}

/// The part of the work that depends on the order of the records.
pub(crate) trait Consumer<Found>: Send {
    /// Takes the next block with what a worker found in it.
    fn block(&mut self, scanned: &mut Scanned<Found>, block: &Block) -> Result<(), Failure>;

    /// Takes note that an input cannot be read, or not to its end.
    fn failed(&mut self, source: &Source, error: &str) -> Result<(), Failure>;

    /// Takes note that an input has come to its end.
    fn ended(&mut self, source: &Source) -> Result<(), Failure> {
        let _ = source;
        Ok(())
    }

    /// Does what is to be done while no records come.
    fn pause(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Takes whatever comes next; a block has been looked at.
    fn piece(&mut self, piece: &Piece, scanned: &mut Scanned<Found>) -> Result<(), Failure> {
        match piece {
            Piece::Block(block) => self.block(scanned, block),
            Piece::Failed(source, error) => self.failed(source, error),
            Piece::Ended(source) => self.ended(source),
            Piece::Pause => self.pause(),
        }
    }
}

/// What is known of a block once a worker has looked at it.
#[derive(Debug, Default)]
pub(crate) struct Scanned<Found> {
    /// Where its records lie.
    pub(crate) records: Vec<Range<usize>>,
    /// How many line ends it has.
    pub(crate) lines: u64,
    /// What the worker found.
    pub(crate) found: Found,
}

impl<Found> Scanned<Found> {
    /// Has a worker look at a block.
    fn scan<W: Worker<Found = Found>>(&mut self, worker: &mut W, block: &Block) {
        self.lines = block.records(&mut self.records);
        worker.work(block, &self.records, &mut self.found);
    }
}

/// Runs the inputs to their end, or to the first failure.
pub(crate) fn run<W: Worker>(
    feed: Feed,
    threads: usize,
    worker: impl Fn() -> W + Sync,
    consumer: &mut impl Consumer<W::Found>,
) -> Result<(), Failure> {
    if threads > 1 {
        shared::run(feed, threads, worker, consumer)
    } else {
        alone(feed, worker(), consumer)
    }
}

/// One thread: no locks, no hand-over.
fn alone<W: Worker>(
    feed: Feed,
    mut worker: W,
    consumer: &mut impl Consumer<W::Found>,
) -> Result<(), Failure> {
    let mut scanned = Scanned::default();
    for piece in feed {
        if let Piece::Block(block) = &piece {
            scanned.scan(&mut worker, block);
        }
        consumer.piece(&piece, &mut scanned)?;
    }
    Ok(())
}

//! Several threads: each takes the next block, looks at its records, and puts what it found in line.
//! Whoever finds the block at the head of the line done, and nobody at the consumer, consumes what is
//! done so far; so consuming takes no thread of its own, and a thread waits only when it is too far
//! ahead of the line.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Consumer, Scanned, Worker};
use crate::exit::Failure;
use crate::input::{Feed, Piece};

/// How many pieces, for each thread, may be done before the one at the head of the line is. Bounds the
/// memory.
const AHEAD: u64 = 3;

/// What the threads share.
struct Shared<'a, C, Found> {
    feed: Mutex<(Feed, u64)>,
    line: Mutex<Line<Found>>,
    moved: Condvar,
    consumer: Mutex<&'a mut C>,
    ahead: u64,
}

/// The pieces that are done, by their place in the input.
struct Line<Found> {
    /// The place that is to be consumed next.
    head: u64,
    done: BTreeMap<u64, (Piece, Scanned<Found>)>,
    /// Some thread is consuming.
    consuming: bool,
    /// What can be used again.
    spare: Vec<Scanned<Found>>,
    /// The run is over: by a failure, or because a thread was lost.
    over: Option<Result<(), Failure>>,
}

/// See [`super::run`]. The calling thread is one of the threads.
pub(super) fn run<W: Worker>(
    feed: Feed,
    threads: usize,
    worker: impl Fn() -> W + Sync,
    consumer: &mut impl Consumer<W::Found>,
) -> Result<(), Failure> {
    let shared = Shared {
        feed: Mutex::new((feed, 0)),
        line: Mutex::new(Line {
            head: 0,
            done: BTreeMap::new(),
            consuming: false,
            spare: Vec::new(),
            over: None,
        }),
        moved: Condvar::new(),
        consumer: Mutex::new(consumer),
        ahead: AHEAD.saturating_mul(threads as u64),
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| shared.work(worker()));
        }
        shared.work(worker());
    });
    let line = shared
        .line
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    line.over.unwrap_or(Ok(()))
}

impl<C, Found: Default + Send> Shared<'_, C, Found>
where
    C: Consumer<Found>,
{
    /// What each thread does.
    fn work<W: Worker<Found = Found>>(&self, mut worker: W) {
        let _watch = Watch(self);
        while let Some((place, piece, mut scanned)) = self.next() {
            if let Piece::Block(block) = &piece {
                scanned.scan(&mut worker, block);
            }
            let mut line = lock(&self.line);
            line.done.insert(place, (piece, scanned));
            line = self.consume(line);
            while line.over.is_none() && place >= line.head.saturating_add(self.ahead) {
                line = self
                    .moved
                    .wait(line)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// The next piece and its place; none at the end.
    fn next(&self) -> Option<(u64, Piece, Scanned<Found>)> {
        let scanned = {
            let mut line = lock(&self.line);
            if line.over.is_some() {
                return None;
            }
            line.spare.pop().unwrap_or_default()
        };
        let mut feed = lock(&self.feed);
        let piece = feed.0.next()?;
        let place = feed.1;
        feed.1 = place.saturating_add(1);
        Some((place, piece, scanned))
    }

    /// Consumes what is done at the head of the line, unless another thread is doing so: that one
    /// looks again after each piece.
    fn consume<'l>(&'l self, mut line: MutexGuard<'l, Line<Found>>) -> MutexGuard<'l, Line<Found>> {
        if line.consuming {
            return line;
        }
        line.consuming = true;
        while line.over.is_none() {
            let head = line.head;
            let Some((piece, mut scanned)) = line.done.remove(&head) else {
                break;
            };
            drop(line);
            let result = {
                let mut consumer = lock(&self.consumer);
                consumer.piece(&piece, &mut scanned)
            };
            drop(piece);
            line = lock(&self.line);
            line.head = head.saturating_add(1);
            line.spare.push(scanned);
            if result.is_err() {
                line.over = Some(result);
            }
            self.moved.notify_all();
        }
        line.consuming = false;
        line
    }
}

/// Ends the run when the thread that holds it panics: the others would wait for its block for ever.
struct Watch<'a, 'b, C, Found>(&'a Shared<'b, C, Found>);

impl<C, Found> Drop for Watch<'_, '_, C, Found> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let failure = Failure::System("a thread was lost".to_owned());
            lock(&self.0.line).over.get_or_insert(Err(failure));
            self.0.moved.notify_all();
        }
    }
}

/// A lock whose holder panicked is taken all the same: the run ends then, by [`Watch`].
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

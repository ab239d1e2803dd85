//! Snapshots: the state as it was at one instant, written in pieces while records go on coming, and
//! restored into an engine that may have other rules. [`crate::Engine::begin_snapshot`] and
//! [`crate::Engine::restore`] are the two ways in.
//!
//! INVARIANT: what is written is the state of the instant at which the snapshot began. Queues are
//! frozen by the length of their buckets, stores by writing a key aside before it changes.

mod chunks;
mod error;
mod format;
mod head;
mod restore;

use std::collections::VecDeque;

pub(super) use self::chunks::{Position, put_events};
use self::chunks::{put_identities, put_single};
pub use self::error::SnapshotError;
use self::format::{Checksum, END, GIVEN, KNOWN, MAGIC, VERSION};
use self::head::Head;
pub use self::restore::Restored;
use super::carry::Kept;
use super::{State, Waiting};
use crate::program::Program;

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotProgress {
    /// None is in progress: none was begun, or it was cancelled.
    None,
    /// More is to be written.
    InProgress,
    /// Everything is written.
    Complete,
}

/// Entries of a queue that are written as one chunk.
const RUN: usize = 128;

/// A snapshot in progress.
pub(super) struct Taking {
    stage: Stage,
    base: i64,
    /// Whole chunks that are to be given out, before anything else is written.
    ready: VecDeque<Vec<u8>>,
    /// How much of the first of them is given out.
    given: usize,
    checksum: Checksum,
}

/// What is written next. The queues come first: a bucket that is not read in time is copied.
#[derive(Clone, Copy)]
enum Stage {
    Known,
    Given,
    Waiting,
    Store(usize),
    End,
}

impl State {
    /// Begins a snapshot of the state as it is now; one in progress is cancelled.
    pub(super) fn begin_snapshot(&mut self, program: &Program) {
        let base = self.newest.unwrap_or(0);
        let mut rules = Kept::of(program);
        for (rule, store) in rules.iter_mut().zip(&self.stores) {
            rule.begun = store.begun;
        }
        let head = Head {
            watermark: self.watermark,
            newest: self.newest,
            oldest: self.oldest,
            base,
            known: self.known_events.remembered() as u64,
            given: self.given.remembered() as u64,
            events: self.stores.iter().map(super::Store::events).sum(),
            stats: self.stats.clone(),
            rules,
        };
        let mut first = Vec::new();
        first.extend_from_slice(&MAGIC);
        first.extend_from_slice(&VERSION.to_le_bytes());
        head.put(&mut first);
        self.known_events.freeze();
        self.given.freeze();
        self.waiting.freeze();
        for (rule, store) in self.stores.iter_mut().enumerate() {
            store.freeze(u32::try_from(rule).unwrap_or(u32::MAX), base);
        }
        self.taking = Some(Box::new(Taking {
            stage: Stage::Known,
            base,
            ready: VecDeque::from([first]),
            given: 0,
            checksum: Checksum::new(),
        }));
    }

    /// Appends about `budget` bytes of the snapshot in progress.
    pub(super) fn continue_snapshot(
        &mut self,
        budget: usize,
        out: &mut Vec<u8>,
    ) -> SnapshotProgress {
        let Some(mut taking) = self.taking.take() else {
            return SnapshotProgress::None;
        };
        for store in &mut self.stores {
            let saved = store.take_saved();
            if !saved.is_empty() {
                taking.ready.push_back(saved);
            }
        }
        let start = out.len();
        let upto = start.saturating_add(budget.max(1));
        let mut whole = false;
        while out.len() < upto && !whole {
            if taking.give_ready(upto, out) {
                continue;
            }
            whole = self.write_next(&mut taking, upto - out.len(), out);
        }
        taking.checksum.add(out.get(start..).unwrap_or_default());
        if whole {
            taking.checksum.put_tail(out);
            self.cancel_snapshot();
            return SnapshotProgress::Complete;
        }
        self.taking = Some(taking);
        SnapshotProgress::InProgress
    }

    /// Gives up the snapshot in progress; false if there is none.
    pub(super) fn cancel_snapshot(&mut self) -> bool {
        self.known_events.thaw();
        self.given.thaw();
        self.waiting.thaw();
        self.stores.iter_mut().for_each(super::Store::thaw);
        self.taking.take().is_some()
    }

    /// Writes the next chunk, or some bytes of a store; true when that was the end.
    fn write_next(&mut self, taking: &mut Taking, budget: usize, out: &mut Vec<u8>) -> bool {
        let base = taking.base;
        match taking.stage {
            Stage::Known => {
                let known = &mut self.known_events;
                let wrote = known.read_frozen(|run| put_identities(KNOWN, base, run, out));
                if wrote.is_none() {
                    taking.stage = Stage::Given;
                }
            }
            Stage::Given => {
                let given = &mut self.given;
                let wrote = given.read_frozen(|run| put_identities(GIVEN, base, run, out));
                if wrote.is_none() {
                    taking.stage = Stage::Waiting;
                }
            }
            Stage::Waiting => {
                let wrote = self.waiting.read_frozen(RUN, |run| {
                    for (_, waiting) in run {
                        // What a store holds is marked there.
                        if let Waiting::Single { rule, event } = waiting {
                            put_single(*rule, base, event.event(), out);
                        }
                    }
                });
                if wrote.is_none() {
                    taking.stage = Stage::Store(0);
                }
            }
            Stage::Store(at) => match self.stores.get_mut(at) {
                Some(store) => {
                    if !store.write_frozen(budget, out) {
                        taking.stage = Stage::Store(at + 1);
                    }
                }
                None => taking.stage = Stage::End,
            },
            Stage::End => {
                out.push(END);
                return true;
            }
        }
        false
    }
}

impl Taking {
    /// Gives out what is ready, up to a length of `out`; false if nothing is.
    fn give_ready(&mut self, upto: usize, out: &mut Vec<u8>) -> bool {
        let Some(first) = self.ready.front() else {
            return false;
        };
        let rest = first.get(self.given..).unwrap_or_default();
        let piece = rest.get(..upto.saturating_sub(out.len())).unwrap_or(rest);
        out.extend_from_slice(piece);
        self.given += piece.len();
        if piece.len() == rest.len() {
            self.ready.pop_front();
            self.given = 0;
        }
        true
    }
}

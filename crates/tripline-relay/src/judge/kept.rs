//! Where the state is kept: snapshots at intervals, and the journal of what came since.
//!
//! INVARIANT: whatever a process ends by, the snapshot there is and the journals from the one that its
//! [`Head`] names have all that was answered. So a journal goes only when a snapshot that was begun with a
//! later one is in its place.

use serde::{Deserialize, Serialize};
use tripline_engine::Engine;
use tripline_state::Keeper;

use super::journal::Journal;
use super::pending::{self, Pending};

/// What is kept beside the engine's snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// The first journal that is not in the snapshot.
    pub(super) journal: u64,
    /// Detections that are not delivered.
    pub(super) pending: pending::Kept,
}

/// Where the state is kept.
pub(super) struct Kept {
    // Ends first: while it writes, nobody else may have the state, and the keeper holds the lock.
    journal: Journal,
    keeper: Keeper,
    /// The number of the journal that is written.
    number: u64,
    /// Journals before this one are not needed when the state being written is in its place.
    needed_from: u64,
}

impl Kept {
    /// With a journal of this number, which begins; those from the other one on are still needed.
    pub(super) fn new(keeper: Keeper, journal: Journal, number: u64, needed_from: u64) -> Kept {
        Kept {
            journal,
            keeper,
            number,
            needed_from,
        }
    }

    /// The journal.
    pub(super) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Takes note that something has happened.
    pub(super) fn happened(&mut self) {
        self.keeper.happened();
    }

    /// Writes a piece of the state, or begins one.
    pub(super) fn go_on(&mut self, engine: &mut Engine, pending: &Pending) {
        if self.keeper.is_due() {
            let head = self.turn(pending);
            if let Err(error) = self.keeper.begin(engine, &head, Vec::new()) {
                tracing::error!("{error}");
            }
            return;
        }
        if let Some(said) = self.keeper.go_on(engine) {
            tracing::error!("{said}");
        }
        if self.keeper.was_written() {
            self.journal.forget_before(self.needed_from);
        }
    }

    /// Writes the state to its end.
    pub(super) fn finish(&mut self, engine: &mut Engine, pending: &Pending) {
        let head = self.turn(pending);
        match self.keeper.finish(engine, &head, Vec::new()) {
            Ok(()) => self.journal.forget_before(self.needed_from),
            Err(error) => tracing::error!("{error}"),
        }
    }

    /// Goes on in a new journal, because what is in those before will be in the state.
    fn turn(&mut self, pending: &Pending) -> Head {
        self.number += 1;
        self.journal.turn(self.number);
        self.needed_from = self.number;
        Head {
            journal: self.number,
            pending: pending.kept(),
        }
    }
}

//! Where a run was, so that the next one can go on there: the place in every input, how far the outputs
//! were written, and the account. `tripline_state` keeps it with the engine's snapshot: `commands::run`
//! reads it, the consumer writes it now and then between two blocks.
//!
//! INVARIANT: everything in one state is of one instant: what the engine had taken is exactly what lies
//! before the places in the inputs, and what it had given is exactly what the outputs hold up to
//! their lengths. What is not understood is set aside, never overwritten and never trusted.

mod inputs;

use serde::{Deserialize, Serialize};

pub(crate) use inputs::{Positions, matched};

use crate::input::{About, Mark};
use crate::output::files::Left;
use crate::output::ledger::Account;

/// Everything of a state but the engine's snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// What was written, by `--mode` and, to a file, `--format`: a file is not continued as something
    /// else.
    pub(crate) written_as: String,
    /// The inputs and how far they have been read.
    pub(crate) inputs: Vec<Known>,
    /// The number of the next new input.
    pub(crate) next_index: usize,
    /// The file of `--output`.
    pub(crate) output: Option<Left>,
    /// The file of `--dead-letter`.
    pub(crate) dead_letter: Option<Left>,
    /// The account.
    pub(crate) account: Account,
    /// Detections given.
    pub(crate) detections: u64,
    /// Detections that annotated no record.
    pub(crate) unattached: u64,
    /// Records dated too far ahead.
    pub(crate) ahead: u64,
    /// The input that was written last, by its number.
    pub(crate) last_input: Option<usize>,
    /// The most bytes of state there were.
    pub(crate) peak: usize,
    /// How long all runs took so far.
    pub(crate) seconds: f64,
}

/// An input that was read, wholly or in part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// Its number: events are kept with it, so it stays and is given to no other input.
    pub(crate) index: usize,
    /// Which file it is.
    pub(crate) about: About,
    /// How far it has been read; none: nothing of it.
    pub(crate) mark: Option<Mark>,
    /// It has been read to its end.
    pub(crate) ended: bool,
    /// How many lines of it have been read.
    pub(crate) lines: u64,
}

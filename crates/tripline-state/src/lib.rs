//! What a native face keeps on disk so that it can go on where it was: the engine's snapshot behind a
//! head of the face's own, in one file. Opened with [`read`] under a [`Lock`], written now and then by a
//! [`Keeper`] while the face goes on.
//!
//! INVARIANT: what is not understood is set aside, never overwritten and never trusted.

mod envelope;
mod keeper;
mod open;
mod writer;

pub use envelope::{Kind, StateError};
pub use keeper::Keeper;
pub use open::{Found, Lock, read, set_aside};
pub use writer::sync_folder;

use std::io;

/// Why a state or its folder could not be used: its `Display` is a sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Another process has it.
    #[error("{0}")]
    InUse(String),
    /// The system refused something.
    #[error("{doing} {path}: {source}")]
    File {
        /// What was being done: "cannot read", "cannot write the state".
        doing: &'static str,
        /// Which file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

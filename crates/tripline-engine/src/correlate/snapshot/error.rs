//! Why bytes are not taken as a snapshot. Whatever it is, the engine is as it was before; the
//! caller sets the bytes aside and says this.

use thiserror::Error;

/// Why a snapshot was not restored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnapshotError {
    /// The bytes do not begin as a snapshot does.
    #[error("this is not a snapshot of the engine's state")]
    NotASnapshot,
    /// It was written by a later release, in a way that this one does not know.
    #[error(
        "the snapshot is of version {found}, newer than version {reads}, which this release reads"
    )]
    Newer {
        /// Its version.
        found: u16,
        /// The version that this release reads.
        reads: u16,
    },
    /// It was written by an earlier release, in a way that this one does not read any more.
    #[error(
        "the snapshot is of version {found}, older than version {reads}, which this release reads"
    )]
    Older {
        /// Its version.
        found: u16,
        /// The version that this release reads.
        reads: u16,
    },
    /// It does not end as a snapshot does.
    #[error("the snapshot is cut off: its end is missing")]
    Truncated,
    /// Its bytes are not those that were written.
    #[error("the snapshot is damaged: its checksum does not match its bytes")]
    Checksum,
    /// The checksum holds, but what is written cannot have been written by an engine.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
}

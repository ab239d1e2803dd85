//! A state as bytes: a magic number, a version, the head as JSON behind its length, the engine's
//! snapshot, the length of it all, a checksum and a mark by which the end is recognised. Written by
//! [`super::writer`], taken apart by [`super::open`].
//!
//! INVARIANT: nothing that is read is trusted: it is whole and unharmed before anything is looked at.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tripline_engine::SnapshotError;
use xxhash_rust::xxh64::{Xxh64, xxh64};

/// Whose state it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of `tripline run`.
    Run,
    /// Of `tripline relay`.
    Relay,
}

impl Kind {
    /// What its state begins with. The last bytes show when it was sent as text.
    fn magic(self) -> [u8; 8] {
        match self {
            Kind::Run => *b"TRIPR\r\n\x1a",
            Kind::Relay => *b"TRIPY\r\n\x1a",
        }
    }

    /// Its name in sentences.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Run => "run",
            Kind::Relay => "relay",
        }
    }
}

/// Goes up with every change of what is written.
const VERSION: u16 = 1;

/// What a state ends with.
const MARK: [u8; 4] = *b"\x04END";

/// How long the end is: length, checksum, mark.
pub(super) const TAIL: usize = 8 + 8 + MARK.len();

/// The seed of the checksum, which tells damage and no forgery.
const SEED: u64 = 0;

/// Why a state is not gone on with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It does not begin as one does.
    #[error("it is not the state of a {noun}")]
    NotAState {
        /// Whose state it was to be.
        noun: &'static str,
    },
    /// A later release wrote it.
    #[error("it is of version {found}, newer than version {VERSION}, which this release reads")]
    Newer {
        /// Its version.
        found: u16,
    },
    /// An earlier release wrote it.
    #[error("it is of version {found}, older than version {VERSION}, which this release reads")]
    Older {
        /// Its version.
        found: u16,
    },
    /// Its end is missing.
    #[error("it is cut off: its end is missing")]
    Truncated,
    /// Its bytes are not those that were written.
    #[error("it is damaged: its checksum does not match its bytes")]
    Checksum,
    /// The checksum holds, but it says what no run writes.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The engine's part is not understood.
    #[error("{0}")]
    Engine(#[from] SnapshotError),
}

/// Sums up a state while it is written.
pub(super) struct Sum {
    hasher: Xxh64,
    length: u64,
}

impl Sum {
    /// Of nothing yet.
    pub(super) fn new() -> Sum {
        Sum {
            hasher: Xxh64::new(SEED),
            length: 0,
        }
    }

    /// Adds what is written.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
    }

    /// What comes after everything else.
    pub(super) fn tail(mut self) -> Vec<u8> {
        let length = self.length.to_le_bytes();
        self.hasher.update(&length);
        let mut tail = length.to_vec();
        tail.extend_from_slice(&self.hasher.digest().to_le_bytes());
        tail.extend_from_slice(&MARK);
        tail
    }
}

/// What comes before the engine's snapshot.
pub(super) fn front<H: Serialize>(kind: Kind, head: &H) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(head)?;
    let mut front = kind.magic().to_vec();
    front.extend_from_slice(&VERSION.to_le_bytes());
    front.extend_from_slice(&(json.len() as u64).to_le_bytes());
    front.extend_from_slice(&json);
    Ok(front)
}

/// The head, and the engine's snapshot.
pub(super) fn open<H: DeserializeOwned>(
    kind: Kind,
    bytes: &[u8],
) -> Result<(H, &[u8]), StateError> {
    let magic = kind.magic();
    let Some(rest) = bytes.strip_prefix(&magic) else {
        let cut_off = magic.starts_with(bytes);
        return Err(if cut_off {
            StateError::Truncated
        } else {
            StateError::NotAState { noun: kind.noun() }
        });
    };
    let (version, _) = rest.split_first_chunk::<2>().ok_or(StateError::Truncated)?;
    match u16::from_le_bytes(*version) {
        found if found > VERSION => return Err(StateError::Newer { found }),
        found if found < VERSION => return Err(StateError::Older { found }),
        _ => {}
    }
    let (summed, checksum) = bytes
        .strip_suffix(&MARK)
        .and_then(|bytes| bytes.split_last_chunk::<8>())
        .ok_or(StateError::Truncated)?;
    let (content, length) = summed
        .split_last_chunk::<8>()
        .ok_or(StateError::Truncated)?;
    if xxh64(summed, SEED).to_le_bytes() != *checksum
        || u64::from_le_bytes(*length) != content.len() as u64
    {
        return Err(StateError::Checksum);
    }
    let ends = || StateError::Damaged("something in it ends too early".to_owned());
    let content = content.get(magic.len() + 2..).ok_or_else(ends)?;
    let (length, content) = content.split_first_chunk::<8>().ok_or_else(ends)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| ends())?;
    let (json, engine) = content.split_at_checked(length).ok_or_else(ends)?;
    let head = serde_json::from_slice(json);
    let head = head.map_err(|error| StateError::Damaged(error.to_string()))?;
    Ok((head, engine))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: &[u8]) -> Result<(), StateError> {
        open::<(String, u64)>(Kind::Run, bytes).map(drop)
    }

    fn state() -> Vec<u8> {
        let head = ("detections".to_owned(), 7);
        let mut bytes = front(Kind::Run, &head).unwrap();
        bytes.extend_from_slice(b"the engine's part");
        let mut sum = Sum::new();
        sum.add(&bytes);
        bytes.extend(sum.tail());
        bytes
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = state();
        let ((mode, count), engine): ((String, u64), _) = open(Kind::Run, &bytes).unwrap();
        assert_eq!((mode.as_str(), count), ("detections", 7));
        assert_eq!(engine, b"the engine's part");
    }

    #[test]
    fn every_byte_that_is_missing_added_or_changed_is_noticed() {
        let bytes = state();
        for length in 0..bytes.len() {
            assert!(opened(&bytes[..length]).is_err(), "{length} bytes");
        }
        for at in 0..bytes.len() {
            let mut harmed = bytes.clone();
            harmed[at] ^= 0x20;
            assert!(opened(&harmed).is_err(), "byte {at}");
        }
        let longer = [&bytes[..], b"\x04END"].concat();
        assert_eq!(opened(&longer), Err(StateError::Checksum));
    }

    #[test]
    fn other_files_and_other_versions_are_told_apart() {
        assert_eq!(
            opened(b"rule x {"),
            Err(StateError::NotAState { noun: "run" })
        );
        assert_eq!(
            opened(b"TRIPS\r\n\x1a\x01\x00"),
            Err(StateError::NotAState { noun: "run" })
        );
        assert_eq!(
            opened(b"TRIPY\r\n\x1a\x01\x00"),
            Err(StateError::NotAState { noun: "run" })
        );
        assert_eq!(opened(b""), Err(StateError::Truncated));
        let mut bytes = state();
        bytes[8] = 2;
        assert_eq!(opened(&bytes), Err(StateError::Newer { found: 2 }));
        bytes[8] = 0;
        assert_eq!(opened(&bytes), Err(StateError::Older { found: 0 }));
    }
}

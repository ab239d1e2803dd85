//! Where a run stands in an input, in words that outlive it: which file it is ([`About`]), and how far
//! it has been read ([`Mark`]). A later run finds the file again by them and goes on behind the last
//! record that was taken in ([`crate::state`] keeps them).
//!
//! INVARIANT: a file is taken up only where its first bytes and those before the place are the bytes
//! that were read; a path alone proves nothing.

use std::fs::Metadata;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh64::xxh64;

use super::clock::Stands;
use super::framing::Form;

/// How many of the first bytes of an input tell it apart.
const FIRST: usize = 4096;

/// How many of the bytes before a place tell that the input is still the same there.
const BEFORE: usize = 1024;

/// A few bytes, told by their number and a hash. It tells a mistake, not a forgery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    length: u64,
    hash: u64,
}

impl Fingerprint {
    /// Of the first bytes of an input.
    pub(super) fn of_first(bytes: &[u8]) -> Fingerprint {
        Fingerprint::of(bytes.get(..FIRST).unwrap_or(bytes))
    }

    /// Of the last bytes of a block.
    pub(super) fn of_last(bytes: &[u8]) -> Fingerprint {
        Fingerprint::of(last(bytes, BEFORE))
    }

    fn of(bytes: &[u8]) -> Fingerprint {
        Fingerprint {
            length: bytes.len() as u64,
            hash: xxh64(bytes, 0),
        }
    }

    /// Whether an input begins with these bytes.
    pub(crate) fn begins(&self, bytes: &[u8]) -> bool {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        bytes
            .get(..length)
            .is_some_and(|first| Fingerprint::of(first) == *self)
    }

    /// Whether bytes end with these.
    pub(crate) fn ends(&self, bytes: &[u8]) -> bool {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        Fingerprint::of(last(bytes, length)) == *self
    }
}

fn last(bytes: &[u8], count: usize) -> &[u8] {
    bytes
        .get(bytes.len().saturating_sub(count)..)
        .unwrap_or_default()
}

/// Which file something is, as far as the system tells: a renamed one is the same still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of an open file; none where the system has no such numbers.
    pub(crate) fn of(about: &Metadata) -> Option<FileId> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            Some(FileId {
                device: about.dev(),
                inode: about.ino(),
            })
        }
        #[cfg(not(unix))]
        {
            let _ = about;
            None
        }
    }
}

/// Which input it is that is being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Its path from the root, or `<stdin>`.
    pub(crate) path: String,
    /// Which file it is.
    pub(crate) id: Option<FileId>,
    /// It is a pipe or a device: it cannot be read again.
    pub(crate) live: bool,
    /// How many bytes it has as stored.
    pub(crate) length: u64,
    /// Its first bytes as stored.
    pub(crate) first: Fingerprint,
}

/// How far an input has been read, at a border of blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// So many bytes have been taken in, decompressed.
    pub(crate) offset: u64,
    /// The last of them.
    pub(crate) before: Fingerprint,
    /// How records lie there.
    pub(super) form: Option<Form>,
    /// At what event time it stands.
    pub(super) stands: Stands,
}

/// Collects the last bytes of what is passed over on the way to a mark.
#[derive(Default)]
pub(super) struct Passed {
    last: Vec<u8>,
}

impl Passed {
    /// Passes over these bytes.
    pub(super) fn over(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(last(bytes, BEFORE));
        let surplus = self.last.len().saturating_sub(BEFORE);
        self.last.drain(..surplus);
    }

    /// Whether they end as the mark says.
    pub(super) fn are_before(&self, mark: &Mark) -> bool {
        mark.before.ends(&self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_fits_only_the_bytes_that_it_was_taken_of() {
        let text = "x".repeat(FIRST) + "and more";
        let first = Fingerprint::of_first(text.as_bytes());
        assert!(first.begins(text.as_bytes()));
        assert!(first.begins("x".repeat(FIRST).as_bytes()));
        assert!(!first.begins("x".repeat(FIRST - 1).as_bytes()));
        assert!(!first.begins(text.replacen('x', "y", 1).as_bytes()));
        let last = Fingerprint::of_last(b"abc");
        assert!(last.ends(b"abc") && last.ends(b"zabc") && !last.ends(b"bc"));
    }

    #[test]
    fn what_is_passed_over_in_pieces_ends_as_the_whole_does() {
        let whole: Vec<u8> = (0..3000u32).map(|n| n.to_le_bytes()[0]).collect();
        let mark = Mark {
            offset: 3000,
            before: Fingerprint::of_last(&whole),
            form: None,
            stands: Stands::Unknown,
        };
        for size in [1, 700, 1024, 3000] {
            let mut passed = Passed::default();
            whole.chunks(size).for_each(|piece| passed.over(piece));
            assert!(passed.are_before(&mark), "{size}");
            passed.over(b"!");
            assert!(!passed.are_before(&mark), "{size}");
        }
    }
}

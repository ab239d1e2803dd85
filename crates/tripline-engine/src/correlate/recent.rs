//! Identities that must be recognised when they come again: of events, so that one delivered
//! twice counts once, and of detections given early, so that none is given twice. Each is
//! remembered until the watermark passes its time, because after that nothing of that time is
//! taken any more.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashSet};

use super::queue::TimeQueue;
use crate::scan::Identity;

/// Identities with the time until which they matter.
pub(crate) struct Recent {
    known: HashSet<Identity, Keyed>,
    expiry: TimeQueue<Identity>,
}

impl Recent {
    /// About how many bytes one identity takes in the set and the queue together.
    pub(crate) const BYTES: usize = 64;

    /// An empty memory for a lateness of `span` nanoseconds.
    pub(crate) fn new(span: i64) -> Recent {
        Recent {
            known: HashSet::with_hasher(Keyed::new()),
            expiry: TimeQueue::new(span),
        }
    }

    /// Remembers an identity; false if it was known.
    pub(crate) fn insert(&mut self, identity: Identity, time: i64) -> bool {
        let new = self.known.insert(identity);
        if new {
            self.expiry.push(time, identity);
        }
        new
    }

    /// Whether it is known.
    pub(crate) fn contains(&self, identity: Identity) -> bool {
        self.known.contains(&identity)
    }

    /// Forgets what the watermark has passed.
    pub(crate) fn forget_before(&mut self, watermark: i64) {
        while let Some((_, identity)) = self.expiry.pop_before(watermark) {
            self.known.remove(&identity);
        }
    }

    /// A watermark that passes the earliest, and what is about as early.
    pub(crate) fn passes_earliest(&self) -> Option<i64> {
        let earliest = self.expiry.first_time()?;
        Some(earliest.saturating_add(self.expiry.width()))
    }

    /// The queue behind it, which a snapshot reads.
    pub(crate) fn queue(&mut self) -> &mut TimeQueue<Identity> {
        &mut self.expiry
    }

    /// How many are remembered.
    pub(crate) fn len(&self) -> usize {
        self.expiry.len()
    }
}

/// Hashes identities, which are hashes already, once more with a key of this process: who makes up ids
/// cannot make them collide. Multiplied by a random odd number, few of any numbers agree in the upper
/// half, whichever they are.
#[derive(Clone)]
struct Keyed {
    factor: u64,
}

/// One identity being hashed.
struct KeyedHasher {
    factor: u64,
    hash: u64,
}

impl Keyed {
    fn new() -> Keyed {
        Keyed {
            factor: DefaultHashBuilder::default().hash_one(0u64) | 1,
        }
    }
}

impl BuildHasher for Keyed {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher {
            factor: self.factor,
            hash: 0,
        }
    }
}

impl Hasher for KeyedHasher {
    /// Not used for identities, but right for any bytes.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(self.factor);
            self.hash ^= self.hash >> 32;
        }
    }

    #[inline]
    fn write_u128(&mut self, identity: u128) {
        self.hash = (identity as u64).wrapping_mul(self.factor);
    }

    /// The table takes the place from the lowest bits, which must be of the upper half.
    #[inline]
    fn finish(&self) -> u64 {
        self.hash.rotate_left(32)
    }
}

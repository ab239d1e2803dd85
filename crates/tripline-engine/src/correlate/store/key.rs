//! What is retained for one key: for each step a run of events, and what that takes in memory.
//! Used by the store alone, read by the search for bindings.

use crate::scan::Identity;

/// What is retained for one key.
pub(crate) struct KeyState {
    /// The packed key.
    pub(crate) key: Box<[u8]>,
    /// For each step its events, by time and identity.
    pub(crate) steps: Box<[Vec<Event>]>,
}

/// One retained event.
pub(crate) struct Event {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) identity: Halves,
    /// The packed fields.
    pub(crate) fields: Box<[u8]>,
    /// It is a final event that will be looked at again when the watermark passes it.
    pub(crate) waiting: bool,
}

/// An identity in two halves: runs of events then need no more alignment than an allocator gives anyway,
/// where asking for more costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halves {
    high: u64,
    low: u64,
}

impl Halves {
    /// The identity.
    #[inline]
    pub(crate) fn whole(self) -> Identity {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

impl From<Identity> for Halves {
    #[inline]
    fn from(whole: Identity) -> Halves {
        Halves {
            high: (whole >> 64) as u64,
            low: whole as u64,
        }
    }
}

impl Event {
    /// The order of the runs.
    pub(crate) fn order(&self) -> (i64, Identity) {
        (self.time, self.identity.whole())
    }

    /// What it takes beside its place in a run.
    pub(crate) fn bytes(&self) -> usize {
        self.fields.len() + ALLOCATION
    }
}

/// What an allocator adds to one block, about.
const ALLOCATION: usize = 16;

/// What the place of events in a run takes, with the room that the run has left.
pub(super) fn room(run: &Vec<Event>) -> usize {
    run.capacity() * size_of::<Event>()
}

/// Drops the first events of a run; gives the bytes that this frees.
pub(super) fn drop_first(run: &mut Vec<Event>, count: usize) -> usize {
    let before = room(run);
    let freed: usize = run
        .drain(..count.min(run.len()))
        .map(|event| event.bytes())
        .sum();
    if run.len() <= run.capacity() / 2 {
        run.shrink_to_fit();
    }
    freed + before - room(run)
}

impl KeyState {
    /// Whether no event is retained.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.iter().all(Vec::is_empty)
    }

    /// The key's own share: its bytes, its runs, its places in the index and in the queue.
    pub(super) fn bytes(&self) -> usize {
        size_of::<KeyState>()
            + self.key.len()
            + self.steps.len() * size_of::<Vec<Event>>()
            + 2 * ALLOCATION
            + 24
    }
}

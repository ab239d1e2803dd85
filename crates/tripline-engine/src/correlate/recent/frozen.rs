//! The identities as they were at one instant, read chunk by chunk while others come and go. Chunks
//! only grow at their end until their bucket is let go, so it is enough to remember how long each
//! was, and to keep those that are let go before they have been read.
//!
//! INVARIANT: every identity that was remembered when they were frozen is read exactly once, and no other.

use std::collections::{BTreeMap, VecDeque};

use super::{Known, Recent};
use crate::scan::Identity;

/// What of the frozen identities is still to be read.
pub(super) struct Frozen {
    /// What is before this time was forgotten then.
    passed: i64,
    /// Chunks whose bucket is gone.
    saved: VecDeque<Vec<Known>>,
    /// Chunks to be read in place, and how many of their identities are to be; by bucket.
    buckets: BTreeMap<i64, Vec<(u32, usize)>>,
}

impl Frozen {
    /// What is still to be read of a bucket that is let go, the first of it at the end.
    pub(super) fn take(&mut self, bucket: i64) -> Vec<(u32, usize)> {
        self.buckets.remove(&bucket).unwrap_or_default()
    }

    /// Keeps a chunk that is let go.
    pub(super) fn save(&mut self, mut of: Vec<Known>, upto: usize) {
        of.truncate(upto);
        self.saved.push_back(of);
    }

    /// The next identities; none at the end.
    fn next(&mut self, chunks: &[Vec<Known>]) -> Option<Vec<(i64, Identity)>> {
        let passed = self.passed;
        let remembered = |of: &[Known]| -> Vec<(i64, Identity)> {
            let of = of.iter().filter(|known| known.time >= passed);
            of.map(|known| (known.time, known.identity.whole()))
                .collect()
        };
        if let Some(of) = self.saved.pop_front() {
            return Some(remembered(&of));
        }
        while let Some(mut first) = self.buckets.first_entry() {
            let Some((chunk, upto)) = first.get_mut().pop() else {
                first.remove();
                continue;
            };
            let of = chunks.get(chunk as usize);
            return Some(remembered(of.and_then(|of| of.get(..upto))?));
        }
        None
    }
}

impl Recent {
    /// Begins to hold on to what is remembered now; what was held on to before is let go.
    pub(in crate::correlate) fn freeze(&mut self) {
        let length = |chunk: &u32| self.chunks.get(*chunk as usize).map_or(0, Vec::len);
        let buckets = self.buckets.iter().map(|(at, chunks)| {
            let chunks = chunks.iter().map(|chunk| (*chunk, length(chunk)));
            // Read from the end.
            (*at, chunks.rev().collect())
        });
        self.frozen = Some(Box::new(Frozen {
            passed: self.passed,
            saved: VecDeque::new(),
            buckets: buckets.collect(),
        }));
    }

    /// Lets go of what is frozen.
    pub(in crate::correlate) fn thaw(&mut self) {
        self.frozen = None;
    }

    /// Shows some of the frozen identities that were not shown yet; none at the end.
    pub(in crate::correlate) fn read_frozen<R>(
        &mut self,
        read: impl FnOnce(&[(i64, Identity)]) -> R,
    ) -> Option<R> {
        let frozen = self.frozen.as_mut()?;
        loop {
            let of = frozen.next(&self.chunks)?;
            if !of.is_empty() {
                return Some(read(&of));
            }
        }
    }
}

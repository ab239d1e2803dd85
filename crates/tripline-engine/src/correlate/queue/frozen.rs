//! The entries of a queue as they were at one instant, read piece by piece while the queue goes on.
//! Buckets only grow at their end until they are drained, so it is enough to remember how long
//! each was, and to copy a bucket that is about to be drained before it has been read.
//!
//! INVARIANT: every entry that the queue held when it was frozen is read exactly once, and no other.

use std::collections::{BTreeMap, VecDeque};

use super::{Bucket, CHUNK, Entry, TimeQueue};

/// What of a frozen queue is still to be read.
pub(super) struct Frozen<T> {
    /// Copies of what was or is being drained.
    copied: VecDeque<Vec<Entry<T>>>,
    /// Buckets to be read in place, by number: how many of their first entries are read already,
    /// and how many are to be.
    buckets: BTreeMap<i64, (usize, usize)>,
}

impl<T: Clone> Frozen<T> {
    /// Keeps what is still to be read of a bucket that is taken out to be drained.
    pub(super) fn save(&mut self, at: i64, bucket: &Bucket<T>) {
        if let Some((mut read, upto)) = self.buckets.remove(&at) {
            while let Some(entries) = unread(bucket, read, upto) {
                read += entries.len();
                self.copied.push_back(entries.to_vec());
            }
        }
    }
}

/// The next entries of a bucket that lie together, if the first `read` of `upto` are read; none at the end.
fn unread<T>(bucket: &Bucket<T>, read: usize, upto: usize) -> Option<&[Entry<T>]> {
    let chunk = bucket.get(read / CHUNK)?;
    let end = (upto - read / CHUNK * CHUNK).min(chunk.len());
    let entries = chunk.get(read % CHUNK..end)?;
    (!entries.is_empty()).then_some(entries)
}

impl<T: Clone> TimeQueue<T> {
    /// Begins to hold on to the entries as they are now; those of an earlier freeze are let go.
    pub(in crate::correlate) fn freeze(&mut self) {
        let length = |bucket: &Bucket<T>| {
            let last = bucket.last().map_or(0, Vec::len);
            bucket.len().saturating_sub(1) * CHUNK + last
        };
        let buckets = self.buckets.iter();
        self.frozen = Some(Box::new(Frozen {
            copied: VecDeque::from([self.draining.clone(), self.late.as_slice().to_vec()]),
            buckets: buckets.map(|(at, of)| (*at, (0, length(of)))).collect(),
        }));
    }

    /// Lets go of frozen entries.
    pub(in crate::correlate) fn thaw(&mut self) {
        self.frozen = None;
    }

    /// Shows up to `count` of the frozen entries that were not shown yet; none at the end.
    pub(in crate::correlate) fn read_frozen<R>(
        &mut self,
        count: usize,
        read: impl FnOnce(&mut dyn ExactSizeIterator<Item = (i64, &T)>) -> R,
    ) -> Option<R> {
        let frozen = self.frozen.as_mut()?;
        while let Some(entries) = frozen.copied.front_mut() {
            if entries.is_empty() {
                frozen.copied.pop_front();
                continue;
            }
            let rest = entries.len().saturating_sub(count.max(1));
            let piece = entries.split_off(rest);
            return Some(read(&mut piece.iter().map(|e| (e.time(), &e.entry))));
        }
        while let Some(mut first) = frozen.buckets.first_entry() {
            let (at, (from, upto)) = (*first.key(), *first.get());
            let bucket = self.buckets.get(&at);
            let Some(entries) = bucket.and_then(|bucket| unread(bucket, from, upto)) else {
                first.remove();
                continue;
            };
            let piece = entries.get(..count.max(1)).unwrap_or(entries);
            first.get_mut().0 += piece.len();
            return Some(read(&mut piece.iter().map(|e| (e.time(), &e.entry))));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_there_is_read_once_whatever_happens_meanwhile(
            before in proptest::collection::vec(0i64..20_000_000_000, 0..60),
            drained in 0i64..20_000_000_000,
            steps in proptest::collection::vec((0i64..20_000_000_000, 0i64..2_000_000_000, 0usize..9), 0..30),
        ) {
            let mut queue = TimeQueue::new(0);
            for (at, time) in before.iter().enumerate() {
                queue.push(*time, at);
            }
            let mut expected: Vec<usize> = (0..before.len()).collect();
            while let Some((_, at)) = queue.pop_before(drained) {
                expected.retain(|other| *other != at);
            }
            queue.freeze();
            let mut got: Vec<usize> = vec![];
            let mut now = drained;
            for (time, step, count) in steps {
                queue.push(time, 1000);
                now += step;
                while queue.pop_before(now).is_some() {}
                if count > 0 {
                    queue.read_frozen(count, |piece| got.extend(piece.map(|(_, at)| *at)));
                }
            }
            while queue.read_frozen(5, |piece| got.extend(piece.map(|(_, at)| *at))).is_some() {}
            got.sort_unstable();
            prop_assert_eq!(got, expected);
        }
    }
}

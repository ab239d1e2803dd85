//! Things to do when the watermark passes a time: a queue ordered by time whose cost an entry is
//! amortised constant. Entries fall into buckets of equal width; only the bucket that the
//! watermark is in is kept in order, as a heap.

mod frozen;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use self::frozen::Frozen;

/// A queue of entries by time.
pub(crate) struct TimeQueue<T> {
    /// Width of a bucket in nanoseconds.
    width: i64,
    /// Buckets that are not touched yet, by number.
    buckets: BTreeMap<i64, Vec<Entry<T>>>,
    /// What is in the buckets up to and including this one, which are being drained.
    draining: (i64, BinaryHeap<Entry<T>>),
    len: usize,
    /// The entries as a snapshot in progress has to see them.
    frozen: Option<Box<Frozen<T>>>,
}

/// An entry; the greatest is the one with the earliest time.
#[derive(Clone)]
struct Entry<T> {
    time: i64,
    entry: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.cmp(&self.time)
    }
}

impl<T: Clone> TimeQueue<T> {
    /// An empty queue for entries that stay about `span` nanoseconds.
    pub(crate) fn new(span: i64) -> TimeQueue<T> {
        TimeQueue {
            width: (span / 64).max(1_000_000),
            buckets: BTreeMap::new(),
            draining: (i64::MIN, BinaryHeap::new()),
            len: 0,
            frozen: None,
        }
    }

    /// Width of a bucket in nanoseconds: finer than this nothing needs to be watched.
    pub(crate) fn width(&self) -> i64 {
        self.width
    }

    /// How many entries wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds an entry.
    pub(crate) fn push(&mut self, time: i64, entry: T) {
        let at = time.div_euclid(self.width);
        let entry = Entry { time, entry };
        if at <= self.draining.0 {
            self.draining.1.push(entry);
        } else {
            // Nearly always the newest one, at the end of the map.
            match self.buckets.last_entry() {
                Some(mut last) if *last.key() == at => last.get_mut().push(entry),
                _ => self.buckets.entry(at).or_default().push(entry),
            }
        }
        self.len += 1;
    }

    /// The time of the earliest entry, or, in a bucket not touched yet, of the bucket.
    pub(crate) fn first_time(&self) -> Option<i64> {
        if let Some(entry) = self.draining.1.peek() {
            return Some(entry.time);
        }
        let (at, _) = self.buckets.first_key_value()?;
        Some(at.saturating_mul(self.width))
    }

    /// Takes an entry whose time is before `time`, the earliest first.
    pub(crate) fn pop_before(&mut self, time: i64) -> Option<(i64, T)> {
        while self.draining.1.is_empty() {
            let first = self.buckets.first_entry()?;
            if *first.key() > time.div_euclid(self.width) {
                return None;
            }
            let (at, entries) = first.remove_entry();
            if let Some(frozen) = &mut self.frozen {
                frozen.save(at, &entries);
            }
            self.draining = (at, entries.into());
        }
        let entry = self.draining.1.peek()?;
        if entry.time >= time {
            return None;
        }
        let entry = self.draining.1.pop()?;
        self.len -= 1;
        Some((entry.time, entry.entry))
    }

    /// Takes all entries of the earliest time, if that is before `time`; in no order among them.
    pub(crate) fn pop_together(&mut self, time: i64) -> Option<(i64, Vec<T>)> {
        let (earliest, first) = self.pop_before(time)?;
        let mut entries = vec![first];
        // They are all in the bucket that is being drained.
        while self
            .draining
            .1
            .peek()
            .is_some_and(|next| next.time == earliest)
        {
            entries.extend(self.pop_before(time).map(|(_, entry)| entry));
        }
        Some((earliest, entries))
    }

    /// Takes every entry out, in no order.
    pub(crate) fn drain(&mut self) -> Vec<(i64, T)> {
        self.frozen = None;
        self.len = 0;
        let buckets = std::mem::take(&mut self.buckets);
        let draining = std::mem::take(&mut self.draining.1);
        let entries = buckets.into_values().flatten().chain(draining);
        entries.map(|entry| (entry.time, entry.entry)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_out_by_time_and_never_before_theirs(
            times in proptest::collection::vec(-20_000_000_000i64..20_000_000_000, 0..200),
            steps in proptest::collection::vec(0i64..5_000_000_000, 0..40),
        ) {
            let mut queue = TimeQueue::new(0);
            let mut model: Vec<i64> = Vec::new();
            let mut times = times.into_iter();
            let mut now = -21_000_000_000;
            for step in steps {
                for time in times.by_ref().take(10) {
                    queue.push(time, ());
                    model.push(time);
                }
                now += step;
                model.sort_unstable();
                let due = model.partition_point(|time| *time < now);
                let expected: Vec<i64> = model.drain(..due).collect();
                let mut got = vec![];
                while let Some((time, ())) = queue.pop_before(now) {
                    got.push(time);
                }
                prop_assert_eq!(got, expected);
                prop_assert_eq!(queue.len(), model.len());
            }
        }
    }
}

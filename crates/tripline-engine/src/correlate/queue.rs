//! Things to do when the watermark passes a time: a queue ordered by time whose cost an entry is
//! amortised constant. Entries fall into buckets of equal width; only the bucket that the
//! watermark is in is ever sorted.

use std::collections::BTreeMap;

/// A queue of entries by time.
pub(crate) struct TimeQueue<T> {
    /// Width of a bucket in nanoseconds.
    width: i64,
    buckets: BTreeMap<i64, Vec<(i64, T)>>,
    /// The bucket that is sorted, latest time first, and being drained.
    sorted: Option<i64>,
    len: usize,
}

impl<T> TimeQueue<T> {
    /// An empty queue for entries that stay about `span` nanoseconds.
    pub(crate) fn new(span: i64) -> TimeQueue<T> {
        TimeQueue {
            width: (span / 64).max(1_000_000),
            buckets: BTreeMap::new(),
            sorted: None,
            len: 0,
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
        let bucket = self.buckets.entry(at).or_default();
        if self.sorted == Some(at) {
            let place = bucket.partition_point(|other| other.0 > time);
            bucket.insert(place, (time, entry));
        } else {
            bucket.push((time, entry));
        }
        self.len += 1;
    }

    /// The time of the earliest entry, to the width of a bucket.
    pub(crate) fn first_time(&self) -> Option<i64> {
        self.buckets
            .iter()
            .find(|(_, bucket)| !bucket.is_empty())
            .map(|(at, _)| at.saturating_mul(self.width))
    }

    /// Takes an entry whose time is before `time`, the earliest first.
    pub(crate) fn pop_before(&mut self, time: i64) -> Option<(i64, T)> {
        loop {
            let mut first = self.buckets.first_entry()?;
            let at = *first.key();
            if at > time.div_euclid(self.width) {
                return None;
            }
            let bucket = first.get_mut();
            if self.sorted != Some(at) {
                bucket.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.0));
                self.sorted = Some(at);
            }
            match bucket.last() {
                Some(entry) if entry.0 >= time => return None,
                Some(_) => {
                    self.len -= 1;
                    return bucket.pop();
                }
                None => {
                    first.remove();
                    self.sorted = None;
                }
            }
        }
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

//! Things to do when the watermark passes a time: a queue ordered by time whose cost an entry is
//! amortised constant. Entries fall into buckets of equal width; only the bucket that the
//! watermark is in is kept in order.

mod frozen;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use self::frozen::Frozen;

/// A queue of entries by time.
pub(crate) struct TimeQueue<T> {
    /// Width of a bucket in nanoseconds.
    width: i64,
    /// Buckets that are not touched yet, by number.
    buckets: BTreeMap<i64, Bucket<T>>,
    /// The last bucket that was drained, and what is left of it and of those before: the earliest at the
    /// end. What came since for these times is in the heap.
    drained: i64,
    draining: Vec<Entry<T>>,
    late: BinaryHeap<Entry<T>>,
    len: usize,
    /// The entries as a snapshot in progress has to see them.
    frozen: Option<Box<Frozen<T>>>,
}

/// The entries of a bucket as they came, in chunks: one that grows as a whole would be half empty, and
/// would be copied over and over. All but the last are full.
type Bucket<T> = Vec<Vec<Entry<T>>>;

/// Entries in a chunk.
const CHUNK: usize = 64;

/// An entry; the greatest is the one with the earliest time. The time lies in two halves, so that a small
/// entry needs no padding.
#[derive(Clone)]
struct Entry<T> {
    time: [u32; 2],
    entry: T,
}

impl<T> Entry<T> {
    #[inline]
    fn new(time: i64, entry: T) -> Entry<T> {
        let time = time.cast_unsigned();
        Entry {
            time: [(time >> 32) as u32, time as u32],
            entry,
        }
    }

    #[inline]
    fn time(&self) -> i64 {
        let [high, low] = self.time;
        (u64::from(high) << 32 | u64::from(low)).cast_signed()
    }
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
        other.time().cmp(&self.time())
    }
}

impl<T: Clone> TimeQueue<T> {
    /// An empty queue for entries that stay about `span` nanoseconds.
    pub(crate) fn new(span: i64) -> TimeQueue<T> {
        TimeQueue {
            width: (span / 64).max(1_000_000),
            buckets: BTreeMap::new(),
            drained: i64::MIN,
            draining: Vec::new(),
            late: BinaryHeap::new(),
            len: 0,
            frozen: None,
        }
    }

    /// About how many bytes an entry takes.
    pub(crate) const BYTES: usize = size_of::<Entry<T>>();

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
        let entry = Entry::new(time, entry);
        self.len += 1;
        if at <= self.drained {
            self.late.push(entry);
            return;
        }
        // Nearly always the newest one, at the end of the map.
        let bucket = match self.buckets.last_entry() {
            Some(last) if *last.key() == at => last.into_mut(),
            _ => self.buckets.entry(at).or_default(),
        };
        match bucket.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(entry),
            _ => {
                // Only the first chunk of a bucket may never be full.
                let room = if bucket.is_empty() { 1 } else { CHUNK };
                let mut chunk = Vec::with_capacity(room);
                chunk.push(entry);
                bucket.push(chunk);
            }
        }
    }

    /// The time of the earliest entry, or, in a bucket not touched yet, of the bucket.
    pub(crate) fn first_time(&self) -> Option<i64> {
        if let Some(entry) = self.draining.last().max(self.late.peek()) {
            return Some(entry.time());
        }
        let (at, _) = self.buckets.first_key_value()?;
        Some(at.saturating_mul(self.width))
    }

    /// Takes an entry whose time is before `time`, the earliest first.
    pub(crate) fn pop_before(&mut self, time: i64) -> Option<(i64, T)> {
        while self.draining.is_empty() && self.late.is_empty() {
            let first = self.buckets.first_entry()?;
            if *first.key() > time.div_euclid(self.width) {
                return None;
            }
            let (at, chunks) = first.remove_entry();
            if let Some(frozen) = &mut self.frozen {
                frozen.save(at, &chunks);
            }
            self.drained = at;
            self.draining = chunks.into_iter().flatten().collect();
            // They came nearly in order, which sorting makes use of.
            self.draining.sort_unstable();
        }
        let (next, late) = (self.draining.last(), self.late.peek());
        if next.max(late)?.time() >= time {
            return None;
        }
        let entry = if next >= late {
            self.draining.pop()
        } else {
            self.late.pop()
        };
        self.len -= 1;
        entry.map(|entry| (entry.time(), entry.entry))
    }

    /// Takes all entries of the earliest time, if that is before `time`; in no order among them.
    pub(crate) fn pop_together(&mut self, time: i64) -> Option<(i64, Vec<T>)> {
        let (earliest, first) = self.pop_before(time)?;
        let mut entries = vec![first];
        // They are all in the bucket that is being drained.
        while self.has(earliest) {
            entries.extend(self.pop_before(time).map(|(_, entry)| entry));
        }
        Some((earliest, entries))
    }

    /// Whether the next entry of those that are being drained has this time.
    fn has(&self, time: i64) -> bool {
        let next = self.draining.last().max(self.late.peek());
        next.is_some_and(|next| next.time() == time)
    }

    /// Takes every entry out, in no order.
    pub(crate) fn drain(&mut self) -> Vec<(i64, T)> {
        self.frozen = None;
        self.len = 0;
        let buckets = std::mem::take(&mut self.buckets);
        let draining = std::mem::take(&mut self.draining);
        let late = std::mem::take(&mut self.late);
        let entries = buckets.into_values().flatten().flatten();
        let entries = entries.chain(draining).chain(late);
        entries.map(|entry| (entry.time(), entry.entry)).collect()
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

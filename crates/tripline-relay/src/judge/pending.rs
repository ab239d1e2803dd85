//! Detections that no receiver is known to have: a batch that could not be forwarded comes again, and
//! its events are known then, so that the engine does not give their detections once more. They are
//! held by what the record says whose arrival gave them, until a batch with it is delivered.
//!
//! INVARIANT: a detection is let go of only when a batch that carried it was delivered, or when nobody
//! brought its record again for long or before too many were held, which is counted.

use std::collections::{HashMap, HashSet};
use std::hash::Hasher as _;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// What a record with detections takes beside their text: its place in the tables.
const HELD_COST: usize = 160;

/// What a record says, in short.
pub(super) type RecordId = u128;

/// The id of a record with this content.
pub(super) fn record_id(content: &[u8]) -> RecordId {
    let mut hasher = SipHasher13::new();
    hasher.write(content);
    hasher.finish128().as_u128()
}

/// Detections that one record gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    record: RecordId,
    /// Each as JSON.
    detections: Vec<String>,
    /// When they were found, seconds since 1970.
    since: i64,
}

/// All detections that are held, as a process leaves them to the next.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    held: Vec<Held>,
}

/// All detections that are held.
#[derive(Debug, Default)]
pub(super) struct Pending {
    held: HashMap<RecordId, Held>,
    /// The records of detections that a batch under way carries.
    carried: HashMap<u64, Vec<RecordId>>,
    /// What all that is held takes, about.
    bytes: usize,
}

impl Held {
    /// What it takes, with its places in the tables.
    fn bytes(&self) -> usize {
        let texts = self.detections.iter();
        HELD_COST + texts.map(|text| text_cost(text)).sum::<usize>()
    }
}

/// What a text takes.
fn text_cost(text: &str) -> usize {
    size_of::<String>() + text.len()
}

impl Pending {
    /// As they were kept.
    pub(super) fn restored(kept: Kept) -> Pending {
        let held: HashMap<_, _> = kept
            .held
            .into_iter()
            .map(|held| (held.record, held))
            .collect();
        Pending {
            bytes: held.values().map(Held::bytes).sum(),
            held,
            carried: HashMap::new(),
        }
    }

    /// To be kept.
    pub(super) fn kept(&self) -> Kept {
        let mut held: Vec<Held> = self.held.values().cloned().collect();
        held.sort_by_key(|held| (held.since, held.record));
        Kept { held }
    }

    /// How many records have detections that are held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing is held.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Holds detections that a record gave.
    pub(super) fn hold(&mut self, record: RecordId, detections: &[String], now: i64) {
        let held = self.held.entry(record).or_insert_with(|| Held {
            record,
            detections: Vec::new(),
            since: now,
        });
        if held.detections.is_empty() {
            self.bytes += HELD_COST;
        }
        held.detections.extend_from_slice(detections);
        self.bytes += detections.iter().map(|text| text_cost(text)).sum::<usize>();
    }

    /// The detections of a record that a batch carries.
    pub(super) fn carried_by(&mut self, batch: u64, record: RecordId) -> Option<&[String]> {
        let held = self.held.get(&record)?;
        self.carried.entry(batch).or_default().push(record);
        Some(&held.detections)
    }

    /// Whether a batch carries any.
    pub(super) fn carries(&self, batch: u64) -> bool {
        self.carried.contains_key(&batch)
    }

    /// A batch was delivered, with all that it carried: gives the records of that.
    pub(super) fn delivered(&mut self, batch: u64) -> Vec<RecordId> {
        let records = self.carried.remove(&batch).unwrap_or_default();
        for record in &records {
            self.let_go(*record);
        }
        records
    }

    /// A batch was not delivered, as far as is known.
    pub(super) fn failed(&mut self, batch: u64) {
        self.carried.remove(&batch);
    }

    /// The records whose detections no batch carries, found before this time, and those detections.
    pub(super) fn left_alone(&self, before: i64) -> Vec<(RecordId, Vec<String>)> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let carried = self.under_way();
        let mut left: Vec<&Held> = self
            .held
            .values()
            .filter(|held| held.since < before && !carried.contains(&held.record))
            .collect();
        left.sort_by_key(|held| (held.since, held.record));
        left.into_iter()
            .map(|held| (held.record, held.detections.clone()))
            .collect()
    }

    /// Lets go of a record's detections.
    pub(super) fn let_go(&mut self, record: RecordId) {
        if let Some(held) = self.held.remove(&record) {
            self.bytes = self.bytes.saturating_sub(held.bytes());
        }
    }

    /// The records of all that is carried.
    fn under_way(&self) -> HashSet<RecordId> {
        self.carried.values().flatten().copied().collect()
    }

    /// Lets go of the oldest that no batch carries and gives them, where all together take more than so many
    /// bytes: of half of them, so that this is not done for each.
    pub(super) fn beyond(&mut self, most: usize) -> Vec<String> {
        if self.bytes <= most {
            return Vec::new();
        }
        let carried = self.under_way();
        let mut oldest: Vec<(i64, RecordId)> = self
            .held
            .values()
            .filter(|held| !carried.contains(&held.record))
            .map(|held| (held.since, held.record))
            .collect();
        oldest.sort_unstable();
        let mut gone = Vec::new();
        for (_, record) in oldest {
            if self.bytes <= most / 2 {
                break;
            }
            if let Some(held) = self.held.remove(&record) {
                self.bytes = self.bytes.saturating_sub(held.bytes());
                gone.extend(held.detections);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Vec<String> {
        of.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_batch_carried_is_held_until_one_with_the_record_is_delivered() {
        let mut pending = Pending::default();
        let record = record_id(b"r");
        pending.hold(record, &texts(&["d"]), 10);
        assert_eq!(pending.carried_by(1, record), Some(&texts(&["d"])[..]));
        pending.failed(1);
        assert!(!pending.carries(1));
        assert_eq!(pending.carried_by(2, record), Some(&texts(&["d"])[..]));
        // The first is not, whatever is still said of it.
        assert_eq!(pending.delivered(1), []);
        assert_eq!(pending.len(), 1);
        assert_eq!(pending.delivered(2), [record]);
        assert!(pending.is_empty());
        assert_eq!(pending.carried_by(3, record), None);
    }

    #[test]
    fn what_no_batch_carries_for_long_is_left_alone() {
        let mut pending = Pending::default();
        for (record, text, since) in [(1, "a", 10), (2, "b", 10), (3, "c", 50)] {
            pending.hold(record, &texts(&[text]), since);
        }
        pending.carried_by(1, 1);
        assert_eq!(pending.left_alone(20), [(2, texts(&["b"]))]);
        pending.let_go(2);
        assert_eq!(pending.left_alone(20), []);
    }

    #[test]
    fn the_oldest_are_let_go_of_where_too_much_is_held() {
        let mut pending = Pending::default();
        for n in 0..100 {
            pending.hold(n, &[format!("{n:1000}")], n as i64);
            // A second one of the same record.
            pending.hold(n, &[format!("{n:1000}")], 100);
        }
        assert_eq!(pending.beyond(1_000_000), [""; 0]);
        pending.carried_by(1, 0);
        let gone = pending.beyond(100_000);
        assert_eq!(gone.first(), Some(&format!("{:1000}", 1)), "0 is under way");
        let left: usize = pending.held.values().map(Held::bytes).sum();
        assert_eq!(pending.bytes, left);
        assert!((47_000..=50_000).contains(&left), "{left}");
        assert_eq!(gone.len() / 2 + pending.len(), 100);
        assert!(pending.carried_by(200, 99).is_some(), "the newest");
        for n in 0..100 {
            pending.let_go(n);
        }
        assert_eq!(pending.bytes, 0);
    }

    #[test]
    fn what_is_kept_is_held_again_by_the_next_process() {
        let mut pending = Pending::default();
        pending.hold(u128::MAX, &texts(&["a"]), 10);
        let kept = serde_json::to_string(&pending.kept()).unwrap();
        let mut next = Pending::restored(serde_json::from_str(&kept).unwrap());
        assert_eq!(next.bytes, pending.bytes);
        assert_eq!(next.carried_by(7, u128::MAX), Some(&texts(&["a"])[..]));
    }
}

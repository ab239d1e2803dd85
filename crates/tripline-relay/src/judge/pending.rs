//! Detections that no receiver is known to have: a batch that could not be forwarded comes again, and
//! its events are known then, so that the engine does not give their detections once more. They are
//! held by what the record says whose arrival gave them, until a batch with it is delivered.
//!
//! INVARIANT: a detection is let go of only when a batch that carried it was delivered, or when nobody
//! brought its record again for long or before too many were held, which is counted.

use std::collections::HashMap;
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
    carried: Vec<(u64, Vec<RecordId>)>,
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
            carried: kept.carried.into_iter().collect(),
        }
    }

    /// To be kept.
    pub(super) fn kept(&self) -> Kept {
        let mut held: Vec<Held> = self.held.values().cloned().collect();
        held.sort_by_key(|held| (held.since, held.record));
        let carried = self.carried.iter();
        Kept {
            held,
            carried: carried.map(|(batch, of)| (*batch, of.clone())).collect(),
        }
    }

    /// How many records have detections that are held.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing is held.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Holds detections that a record of a batch gave.
    pub(super) fn hold(&mut self, batch: u64, record: RecordId, detections: &[String], now: i64) {
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
        self.carried.entry(batch).or_default().push(record);
    }

    /// The detections of a record that comes again in a batch.
    pub(super) fn again(&mut self, batch: u64, record: RecordId) -> Option<&[String]> {
        let held = self.held.get(&record)?;
        self.carried.entry(batch).or_default().push(record);
        Some(&held.detections)
    }

    /// A batch was delivered, with all that it carried.
    pub(super) fn delivered(&mut self, batch: u64) {
        for record in self.carried.remove(&batch).unwrap_or_default() {
            self.let_go(record);
        }
    }

    /// A batch was not delivered, as far as is known.
    pub(super) fn failed(&mut self, batch: u64) {
        self.carried.remove(&batch);
    }

    /// No batch is under way, because the process began anew.
    pub(super) fn none_under_way(&mut self) {
        self.carried.clear();
    }

    /// The records whose detections no batch carries, found before this time, and those detections.
    pub(super) fn left_alone(&self, before: i64) -> Vec<(RecordId, Vec<String>)> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let carried: std::collections::HashSet<&RecordId> =
            self.carried.values().flatten().collect();
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

    /// Lets go of the oldest and gives them where all together take more than so many bytes: half of them,
    /// so that this is not done for each.
    pub(super) fn beyond(&mut self, most: usize) -> Vec<String> {
        if self.bytes <= most {
            return Vec::new();
        }
        let mut oldest: Vec<(i64, RecordId)> = self
            .held
            .values()
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

    #[test]
    fn what_a_batch_carried_is_held_until_one_with_the_record_is_delivered() {
        let mut pending = Pending::default();
        let record = record_id(b"r");
        pending.hold(1, record, &["d".to_owned()], 10);
        pending.failed(1);
        assert_eq!(pending.again(2, record), Some(&["d".to_owned()][..]));
        // The first is not, whatever is still said of it.
        pending.delivered(1);
        assert_eq!(pending.len(), 1);
        pending.delivered(2);
        assert!(pending.is_empty());
        assert_eq!(pending.again(3, record), None);
    }

    #[test]
    fn what_no_batch_carries_for_long_is_left_alone() {
        let mut pending = Pending::default();
        pending.hold(1, 1, &["a".to_owned()], 10);
        pending.hold(2, 2, &["b".to_owned()], 10);
        pending.hold(3, 3, &["c".to_owned()], 50);
        pending.failed(2);
        pending.failed(3);
        assert_eq!(pending.left_alone(20), [(2, vec!["b".to_owned()])]);
        pending.let_go(2);
        assert_eq!(pending.left_alone(20), []);
    }

    #[test]
    fn the_oldest_are_let_go_of_where_too_much_is_held() {
        let mut pending = Pending::default();
        for n in 0..100u8 {
            pending.hold(n.into(), n.into(), &[format!("{n:1000}")], i64::from(n));
            // A second one of the same record.
            pending.hold(n.into(), n.into(), &[format!("{n:1000}")], 100);
        }
        assert_eq!(pending.beyond(1_000_000), [""; 0]);
        let gone = pending.beyond(100_000);
        assert_eq!(gone.first(), Some(&format!("{:1000}", 0)));
        let left: usize = pending.held.values().map(Held::bytes).sum();
        assert_eq!(pending.bytes, left);
        assert!((47_000..=50_000).contains(&left), "{left}");
        assert_eq!(gone.len() / 2 + pending.len(), 100);
        assert!(pending.again(200, 99).is_some(), "the newest");
        for n in 0..100u8 {
            pending.delivered(n.into());
        }
        assert_eq!(pending.bytes, 0);
    }

    #[test]
    fn what_is_kept_is_held_again_by_the_next_process() {
        let mut pending = Pending::default();
        pending.hold(1, u128::MAX, &["a".to_owned()], 10);
        let kept = serde_json::to_string(&pending.kept()).unwrap();
        let mut next = Pending::restored(serde_json::from_str(&kept).unwrap());
        assert_eq!(next.again(7, u128::MAX), Some(&["a".to_owned()][..]));
        // That the batch was delivered after all is read from a journal behind it.
        next.delivered(1);
        assert!(next.is_empty());
    }
}

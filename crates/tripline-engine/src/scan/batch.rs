//! What scanning notes of a run of records, for the engine to take in their order.

use std::ops::Range;

use tripline_lang::value::Value;

use super::Identity;
use crate::fate::Fate;
use crate::program::EventView;
use crate::program::schema::SchemaProgram;

/// What scanning noted of a run of records, in their order.
#[derive(Default)]
pub struct Batch {
    pub(crate) entries: Vec<Entry>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) bytes: Vec<u8>,
    pub(super) records: usize,
    /// Where the record at hand can be found again.
    pub(super) origin: Option<i64>,
    /// For each schema, which fields the events had that were looked at for this.
    pub(crate) presence: Vec<Presence>,
}

/// How often the fields that something reads were there, in a sample of a schema's events.
#[derive(Clone, Default)]
pub(crate) struct Presence {
    /// Events looked at.
    pub(crate) events: u64,
    /// For each used field of the schema, how many of them had it.
    pub(crate) present: Vec<u64>,
}

impl Presence {
    /// One event in this many is looked at. Which ones depends on the events alone.
    const ONE_IN: u64 = 16;

    /// Counts what an event has, if it is one of those looked at.
    pub(super) fn look(&mut self, schema: &SchemaProgram, event: &EventView<'_>, time: i64) {
        // Fibonacci hashing: times that differ little are spread evenly.
        let spread = time.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        if !spread.is_multiple_of(Presence::ONE_IN) {
            return;
        }
        self.events += 1;
        self.present.resize(schema.used.len(), 0);
        for (field, present) in schema.used.iter().zip(&mut self.present) {
            *present += u64::from(!matches!(event.value(*field), Value::Missing));
        }
    }
}

/// One record as an event of one schema, or a record that is none.
pub(crate) struct Entry {
    /// Index of the record in the batch; entries of one record follow each other.
    pub(crate) record: usize,
    pub(crate) found: Result<i64, Fate>,
    pub(crate) identity: Identity,
    /// Range in the batch's candidates.
    pub(crate) candidates: Range<usize>,
}

/// An event that satisfies a step's own conditions.
pub(crate) struct Candidate {
    pub(crate) rule: u32,
    pub(crate) step: u16,
    /// The packed key in the batch's bytes; `None` where a part is missing.
    pub(crate) key: Option<Range<usize>>,
    /// The packed fields in the batch's bytes.
    pub(crate) fields: Range<usize>,
}

impl Batch {
    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.candidates.clear();
        self.bytes.clear();
        self.presence.clear();
        self.records = 0;
    }

    /// How many records it holds.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The event times of the records it holds, nanoseconds since 1970, each with the index of its
    /// record; one for each schema that accepts the record.
    pub fn times(&self) -> impl Iterator<Item = (usize, i64)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.record, entry.found.as_ref().ok().copied()?)))
    }

    /// The steps whose own conditions the events in it satisfy: rule and step by index, and whether the
    /// event has the rule's key.
    pub fn steps(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        self.candidates.iter().map(|candidate| {
            let (rule, step) = (candidate.rule as usize, usize::from(candidate.step));
            (rule, step, candidate.key.is_some())
        })
    }

    /// The newest event time that a record has, nanoseconds since 1970: none where it is no event or has no
    /// time. For a caller that is told its fate.
    pub fn newest_time(&self, record: usize) -> Option<i64> {
        let first = self.entries.partition_point(|entry| entry.record < record);
        let entries = self.entries.get(first..).unwrap_or_default().iter();
        let own = entries.take_while(|entry| entry.record == record);
        own.filter_map(|entry| entry.found.ok()).max()
    }

    /// Notes a record as an event of a schema, or what became of it, with the candidates from `first` on.
    pub(super) fn note(&mut self, found: Result<i64, Fate>, identity: Identity, first: usize) {
        let candidates = first..self.candidates.len();
        self.entries.push(Entry {
            record: self.records,
            found,
            identity,
            candidates,
        });
    }
}

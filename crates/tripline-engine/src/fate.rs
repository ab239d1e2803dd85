//! What became of a record: every record that comes in ends in exactly one [`Fate`].

use serde::Serialize;

use crate::record::ReadError;

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was an event and took part in correlation.
    Processed,
    /// No schema accepts it.
    NotAccepted,
    /// It is not a readable record.
    Unparsable(ReadError),
    /// A schema accepts it, but it has no event time.
    NoTime,
    /// It is older than the watermark.
    TooLate,
    /// An event with the same identity is known.
    Duplicate,
    /// Its time is outside of the range that was asked for.
    OutOfRange,
}

impl Fate {
    /// The name of its counter.
    pub fn name(&self) -> &'static str {
        match self {
            Fate::Processed => "processed",
            Fate::NotAccepted => "not accepted",
            Fate::Unparsable(_) => "unparsable",
            Fate::NoTime => "no time",
            Fate::TooLate => "too late",
            Fate::Duplicate => "duplicate",
            Fate::OutOfRange => "out of range",
        }
    }

    /// Of two fates of one record that two schemas accept, the one that says more for it.
    pub(crate) fn better(self, other: Fate) -> Fate {
        let rank = |fate: &Fate| match fate {
            Fate::Processed => 0,
            Fate::Duplicate => 1,
            Fate::TooLate => 2,
            Fate::OutOfRange => 3,
            Fate::NoTime => 4,
            Fate::NotAccepted => 5,
            Fate::Unparsable(_) => 6,
        };
        if rank(&other) < rank(&self) {
            other
        } else {
            self
        }
    }
}

/// How many records met each fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FateCounts {
    /// See [`Fate::Processed`].
    pub processed: u64,
    /// See [`Fate::NotAccepted`].
    pub not_accepted: u64,
    /// See [`Fate::Unparsable`].
    pub unparsable: u64,
    /// See [`Fate::NoTime`].
    pub no_time: u64,
    /// See [`Fate::TooLate`].
    pub too_late: u64,
    /// See [`Fate::Duplicate`].
    pub duplicate: u64,
    /// See [`Fate::OutOfRange`].
    pub out_of_range: u64,
}

impl FateCounts {
    /// Counts one record.
    pub fn count(&mut self, fate: Fate) {
        *match fate {
            Fate::Processed => &mut self.processed,
            Fate::NotAccepted => &mut self.not_accepted,
            Fate::Unparsable(_) => &mut self.unparsable,
            Fate::NoTime => &mut self.no_time,
            Fate::TooLate => &mut self.too_late,
            Fate::Duplicate => &mut self.duplicate,
            Fate::OutOfRange => &mut self.out_of_range,
        } += 1;
    }

    /// All records.
    pub fn total(&self) -> u64 {
        self.processed
            + self.not_accepted
            + self.unparsable
            + self.no_time
            + self.too_late
            + self.duplicate
            + self.out_of_range
    }
}

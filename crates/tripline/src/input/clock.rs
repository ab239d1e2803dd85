//! The event times at which inputs stand: by them the inputs of a run are read side by side, and the
//! watermark waits for the one that is furthest behind. Only a few records of a block are looked at,
//! so this costs next to nothing, and it depends on the content alone.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tripline_engine::{RuleSet, Scanner};

use super::Block;

/// How many records at the beginning of an input tell how it is ordered.
const FIRST: usize = 24;

/// How many records at the end of a block are looked at for one with a time.
const LAST: usize = 32;

/// Reads event times.
pub(crate) struct Clock {
    scanner: Scanner,
    /// What is dated later than this takes no part, so it does not say where an input stands.
    latest: i64,
    records: Vec<Range<usize>>,
}

/// Where an input stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stands {
    /// No event has been seen in it.
    Unknown,
    /// At this event time, nanoseconds since 1970.
    At(i64),
    /// Its newest events come first, so any time may still come until its end.
    NewestFirst,
    /// It is a pipe or a device: what it brings is not known before it comes, and it is read when all
    /// else has been.
    Live,
}

impl Stands {
    /// Side by side, the input with the smallest is read: one of which nothing is known until something
    /// is, one with its newest events first to its end.
    pub(super) fn reads_at(self) -> i64 {
        match self {
            Stands::Unknown | Stands::NewestFirst => i64::MIN,
            Stands::At(time) => time,
            Stands::Live => i64::MAX,
        }
    }

    /// An input that is not being read will bring events from here on. One of which nothing is known
    /// holds nothing up: most likely it has no events.
    pub(super) fn holds_at(self) -> i64 {
        match self {
            Stands::NewestFirst => i64::MIN,
            Stands::At(time) => time,
            Stands::Unknown | Stands::Live => i64::MAX,
        }
    }
}

impl Clock {
    /// Reads the times of the events of these rules, but none later than `latest` (nanoseconds since
    /// 1970).
    pub(crate) fn new(rules: &RuleSet, latest: i64) -> Clock {
        Clock {
            scanner: Scanner::new(rules),
            latest,
            records: Vec::new(),
        }
    }

    /// What the first block of an input tells of where it begins.
    pub(crate) fn beginning(&mut self, block: &Block) -> Stands {
        block.records(&mut self.records);
        let mut times = Vec::new();
        for at in self.records.iter().take(FIRST) {
            let record = block.bytes().get(at.clone()).unwrap_or_default();
            let time = self.scanner.time(record);
            times.extend(time.filter(|time| *time <= self.latest));
        }
        let pairs = || times.iter().zip(times.iter().skip(1));
        let falls = pairs().filter(|(one, next)| next < one).count();
        let rises = pairs().filter(|(one, next)| next > one).count();
        match times.first() {
            _ if rises == 0 && falls > 1 => Stands::NewestFirst,
            Some(first) => Stands::At(*first),
            None => Stands::Unknown,
        }
    }

    /// The time of the last event of a block.
    pub(crate) fn end(&mut self, block: &Block) -> Option<i64> {
        block.records(&mut self.records);
        self.records.iter().rev().take(LAST).find_map(|at| {
            let record = block.bytes().get(at.clone()).unwrap_or_default();
            let time = self.scanner.time(record);
            time.filter(|time| *time <= self.latest)
        })
    }
}

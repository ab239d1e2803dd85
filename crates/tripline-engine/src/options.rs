//! How an engine is to behave, with the defaults that hold where nothing else is asked for.

use std::ops::Range;
use std::time::Duration;

use chrono::NaiveDate;
use tripline_lang::checked::MOST_EVENTS;

/// When a detection is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Emission {
    /// As soon as the events seen so far satisfy the rule.
    Early,
    /// When the watermark has passed its last event, so that nothing can change it.
    #[default]
    Final,
}

/// How an engine is to behave.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much later than the newest event an event may arrive and still be correlated.
    pub lateness: Duration,
    /// When detections are given.
    pub emission: Emission,
    /// The most bytes of retained state, all rules together.
    pub max_state: usize,
    /// The most events retained for one step of one key of one rule. The checker warns of rules that ask for
    /// more than the default, [`MOST_EVENTS`].
    pub max_events_per_key: usize,
    /// The most bindings tried for one final event, so that no input can make a rule's cost explode.
    pub max_bindings: usize,
    /// The day (UTC) by which exclusions expire; the engine has no clock.
    pub today: NaiveDate,
    /// Event times (nanoseconds since 1970) that take part; others are counted as out of range.
    pub range: Range<i64>,
}

impl Options {
    /// The defaults, on the given day: 30 minutes of lateness, final emission, 512 MiB of state,
    /// 4,096 events a step and key, 65,536 bindings a final event, all times.
    pub fn new(today: NaiveDate) -> Options {
        Options {
            lateness: Duration::from_secs(30 * 60),
            emission: Emission::Final,
            max_state: 512 << 20,
            max_events_per_key: MOST_EVENTS,
            max_bindings: 65_536,
            today,
            range: i64::MIN..i64::MAX,
        }
    }
}

//! The wall clock, where a run looks at it: for the day by which exclusions expire, and to leave out
//! events that are dated further ahead of it than `--max-skew` allows, because one of them would make
//! all that follow too late.

use std::ops::Range;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveTime, Utc};
use tripline_engine::{Engine, Options};

/// How often a run looks at the clock.
const LOOK: Duration = Duration::from_secs(1);

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// The clock of a run.
pub(crate) struct Wall {
    /// The event times that were asked for.
    wanted: Range<i64>,
    skew: Option<Duration>,
    /// A day that was given takes the place of the clock's.
    today: Option<NaiveDate>,
    next: Instant,
}

impl Wall {
    /// A clock that allows events to be this far ahead of it (none: any), among those wanted.
    pub(crate) fn new(
        wanted: Range<i64>,
        skew: Option<Duration>,
        today: Option<NaiveDate>,
    ) -> Wall {
        Wall {
            wanted,
            skew,
            today,
            next: Instant::now() + LOOK,
        }
    }

    /// The day by which exclusions expire.
    pub(crate) fn today(&self) -> NaiveDate {
        self.today.unwrap_or_else(|| Utc::now().date_naive())
    }

    /// The event time from which on events are dated too far ahead.
    pub(crate) fn ahead_from(&self) -> i64 {
        let Some(skew) = self.skew else {
            return i64::MAX;
        };
        let now = Utc::now().timestamp_nanos_opt().unwrap_or(i64::MAX);
        // A run on a day to come sees the events of that day.
        let given = self.today.and_then(|day| {
            let begins = day.and_time(NaiveTime::MIN).and_utc();
            begins.timestamp_nanos_opt()?.checked_add(DAY)
        });
        let skew = i64::try_from(skew.as_nanos()).unwrap_or(i64::MAX);
        now.max(given.unwrap_or(i64::MIN)).saturating_add(skew)
    }

    /// The event times that take part, where those from `ahead_from` on are ahead.
    fn range(&self, ahead_from: i64) -> Range<i64> {
        self.wanted.start..self.wanted.end.min(ahead_from)
    }

    /// Sets what an engine is to begin with.
    pub(crate) fn set(&self, options: &mut Options) {
        options.today = self.today();
        options.range = self.range(self.ahead_from());
    }

    /// Tells an engine the time, now and then. Gives the event time from which on events are ahead.
    pub(crate) fn look(&mut self, engine: &mut Engine) -> Option<i64> {
        let now = Instant::now();
        if now < self.next {
            return None;
        }
        self.next = now + LOOK;
        engine.set_today(self.today());
        let ahead_from = self.ahead_from();
        engine.set_range(self.range(ahead_from));
        Some(ahead_from)
    }
}

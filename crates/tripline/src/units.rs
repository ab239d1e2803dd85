//! What several subcommands take on the command line: instants, days and when a detection is given here,
//! spans of time and amounts of memory as every face of tripline has them. Used as value parsers; what
//! they do not understand becomes a usage error with an example.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use clap::ValueEnum;

pub(crate) use tripline_engine::units::{bytes, duration};

/// An instant in nanoseconds since 1970: RFC 3339, a date and time without offset (UTC), or a date
/// (its first instant, UTC).
pub(crate) fn instant(text: &str) -> Result<i64, String> {
    let nanos = if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        at.timestamp_nanos_opt()
    } else if let Ok(at) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        at.and_utc().timestamp_nanos_opt()
    } else if let Ok(day) = text.parse::<NaiveDate>() {
        day.and_time(NaiveTime::MIN).and_utc().timestamp_nanos_opt()
    } else {
        return Err(format!(
            "`{text}` is not an instant such as 2026-05-04T08:00:00Z or a date such as 2026-05-04"
        ));
    };
    nanos.ok_or_else(|| format!("`{text}` is outside the years 1677 to 2262"))
}

/// A day: `2026-05-04`.
pub(crate) fn day(text: &str) -> Result<NaiveDate, String> {
    let wrong = |_| format!("`{text}` is not a date such as 2026-05-04");
    text.parse().map_err(wrong)
}

/// How far ahead of the clock an event may be dated; none: any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Skew(pub(crate) Option<Duration>);

impl Default for Skew {
    /// As inside Fluent Bit: a day.
    fn default() -> Skew {
        Skew(Some(Duration::from_secs(86_400)))
    }
}

/// A span of time, or `off`.
pub(crate) fn skew(text: &str) -> Result<Skew, String> {
    match text {
        "off" => Ok(Skew(None)),
        span => duration(span).map(|span| Skew(Some(span))),
    }
}

/// When a detection is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// As soon as the events seen so far satisfy the rule
    Early,
    /// When no event that may still arrive can change it
    Final,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_day_is_told_how_one_is_written() {
        assert!(day("2026-05-04").is_ok());
        for wrong in ["x", "", "2026-13-01", "04.05.2026"] {
            let said = day(wrong).expect_err("it is no day");
            assert!(said.contains("a date such as 2026-05-04"), "{said}");
        }
    }

    #[test]
    fn an_instant_is_rfc_3339_or_a_utc_date() {
        assert_eq!(instant("1970-01-01T00:00:01Z"), Ok(1_000_000_000));
        assert_eq!(instant("1970-01-01T02:00:00+02:00"), Ok(0));
        assert_eq!(instant("1970-01-02"), Ok(86_400_000_000_000));
        assert_eq!(instant("1970-01-01T00:00:00.5"), Ok(500_000_000));
        for wrong in ["yesterday", "2026-13-01", "0001-01-01"] {
            assert!(instant(wrong).is_err(), "{wrong} was taken");
        }
    }
}

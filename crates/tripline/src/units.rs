//! The units of the command line: spans of time, amounts of memory, instants. Used as value
//! parsers by the subcommands; what they do not understand becomes a usage error with an example.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// A span of time: `90s`, `30m`, `1h30m`, `2d`; a bare `0` too.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a span of time such as 90s, 30m, 1h30m or 2d");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, after) = split_number(rest).ok_or_else(wrong)?;
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number
            .checked_mul(millis)
            .map(Duration::from_millis)
            .ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = after;
    }
    // Event time is counted in 64-bit nanoseconds; a century is beyond any use.
    if total > Duration::from_secs(100 * 366 * 86_400) {
        return Err(format!("`{text}` is longer than a hundred years"));
    }
    Ok(total)
}

/// An amount of memory: `512MB`, `1GiB`, `65536`. `k`, `M`, `G` count in thousands, `Ki`, `Mi`, `Gi`
/// in 1024s.
pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || format!("`{text}` is not an amount of memory such as 512MB, 1GiB or 65536");
    let (number, unit) = split_number(text).ok_or_else(wrong)?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(factor)
        .and_then(|n| usize::try_from(n).ok())
        .filter(|n| *n > 0)
        .ok_or_else(wrong)
}

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

/// A number at the start of a text, and what follows it.
fn split_number(text: &str) -> Option<(u64, &str)> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_may_have_several_parts() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in [
            "",
            "m",
            "30",
            "30 m",
            "-1m",
            "3x",
            "99999999999999999999s",
            "999999999d",
        ] {
            assert!(duration(wrong).is_err(), "{wrong} was taken");
        }
    }

    #[test]
    fn amounts_of_memory_know_both_kinds_of_unit() {
        assert_eq!(bytes("512MB"), Ok(512_000_000));
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        assert_eq!(bytes("65536"), Ok(65_536));
        for wrong in ["", "MB", "0", "1TB x", "1.5G", "99999999999999GB"] {
            assert!(bytes(wrong).is_err(), "{wrong} was taken");
        }
    }

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

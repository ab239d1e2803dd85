//! How options are written wherever a person writes them: spans of time and amounts of memory. The
//! command's arguments and the settings of the plugin and the relay are read with this.

use std::time::Duration;

/// A span of time: `90s`, `30m`, `1h30m`, `2d`; a bare `0` too.
///
/// # Errors
/// A sentence with an example, for what is no span of time or longer than a hundred years.
pub fn duration(text: &str) -> Result<Duration, String> {
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
///
/// # Errors
/// A sentence with an example, for what is no amount of memory or none at all.
pub fn bytes(text: &str) -> Result<usize, String> {
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
}

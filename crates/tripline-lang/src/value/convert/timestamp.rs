//! Text and numbers to instants, in nanoseconds since 1970.
//!
//! The form that nearly every record has is read by hand, byte by byte; the rest goes to chrono.

use chrono::{DateTime, NaiveDate};

const SECOND: i64 = 1_000_000_000;

/// Nanoseconds of the last digit of a fraction with so many digits.
const UNITS: [i64; 10] = [
    SECOND,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

/// An instant: RFC 3339 with any offset (none is UTC), `T` or a space, up to nine fraction
/// digits; a date alone (midnight UTC); or epoch time as [`timestamp_from_int`] reads it, with a
/// fraction if it is in seconds. A leap second is the second before it. `None` outside of the
/// years 1677 to 2262.
#[inline]
pub fn timestamp(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    common(bytes).or_else(|| slow(text.trim_ascii()))
}

/// A calendar date, `2027-06-30`.
pub fn date(text: &str) -> Option<NaiveDate> {
    let days = Digits(text.as_bytes()).date()?;
    (text.len() == 10)
        .then(|| NaiveDate::from_epoch_days(i32::try_from(days).ok()?))
        .flatten()
}

/// Epoch seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude: a number
/// below 10^11 is seconds (up to the year 5138), below 10^14 milliseconds, below 10^17
/// microseconds.
#[inline]
pub fn timestamp_from_int(number: i64) -> Option<i64> {
    number.checked_mul(scale(number.unsigned_abs()))
}

/// As [`timestamp_from_int`]; a fraction counts. A float holds today's epoch seconds to about a
/// quarter of a microsecond; text holds them exactly.
pub fn timestamp_from_float(number: f64) -> Option<i64> {
    if !number.is_finite() || number.abs() >= 9.3e18 {
        return None;
    }
    let unit = scale(number.abs() as u64);
    let whole = (number.trunc() as i64).checked_mul(unit)?;
    whole.checked_add((number.fract() * unit as f64).round() as i64)
}

#[inline]
fn scale(magnitude: u64) -> i64 {
    match magnitude {
        0..100_000_000_000 => SECOND,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    }
}

/// `2026-03-01T09:00:00[.fraction][Z|±hh:mm]`.
#[inline]
pub(super) fn common(bytes: &[u8]) -> Option<i64> {
    let days = Digits(bytes).date()?;
    let Some(separator) = bytes.get(10) else {
        return from_parts(days, 0, 0);
    };
    if !matches!(separator, b'T' | b' ' | b't') {
        return None;
    }
    let clock = Digits(bytes.get(11..19)?);
    let (hour, minute, second) = clock.clock()?;
    let mut rest = bytes.get(19..)?;
    let mut nanoseconds: i64 = 0;
    if let Some((b'.', fraction)) = rest.split_first() {
        let mut digits;
        (nanoseconds, digits) = leading_digits(fraction);
        // What reaches to the end of eight bytes may go on behind them.
        if digits == 8 || fraction.len() < 8 {
            (nanoseconds, digits) = (0, 0);
            for byte in fraction {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    break;
                }
                nanoseconds = nanoseconds.wrapping_mul(10).wrapping_add(i64::from(digit));
                digits += 1;
            }
        }
        if digits == 0 {
            return None;
        }
        nanoseconds *= UNITS.get(digits)?;
        rest = fraction.get(digits..)?;
    }
    let offset = match rest {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), clock @ ..] => {
            let digits = Digits(clock);
            if clock.len() != 5 || digits.at(2)? != b':' {
                return None;
            }
            let (hours, minutes) = (digits.two(0)?, digits.two(3)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3_600 + minutes * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    from_parts(
        days,
        hour * 3_600 + minute * 60 + second.min(59) - offset,
        nanoseconds,
    )
}

#[inline]
fn from_parts(days: i64, seconds: i64, nanoseconds: i64) -> Option<i64> {
    let seconds = days * 86_400 + seconds;
    // Numbers of 128 bits cost an interpreter much; only near the ends of what 64 hold are they needed.
    if seconds.unsigned_abs() < 9_000_000_000 {
        return Some(seconds * SECOND + nanoseconds);
    }
    i64::try_from(i128::from(seconds) * i128::from(SECOND) + i128::from(nanoseconds)).ok()
}

/// Numeric text, and every other spelling that chrono takes for RFC 3339 or ISO 8601.
fn slow(text: &str) -> Option<i64> {
    if let Some(at) = common(text.as_bytes()) {
        return Some(at);
    }
    if let Some(number) = super::int(text) {
        return timestamp_from_int(number);
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'))
    {
        let whole = text.split('.').next().and_then(super::int)?;
        return super::number::quantity(text, scale(whole.unsigned_abs()));
    }
    const FORMS: [&str; 3] = [
        "%Y-%m-%dT%H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f%#z",
        "%Y-%m-%d %H:%M:%S%.f %#z",
    ];
    DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(|| {
            FORMS
                .iter()
                .find_map(|form| DateTime::parse_from_str(text, form).ok())
        })
        .and_then(|at| at.timestamp_nanos_opt())
}

/// Eight bytes, each one in the lowest byte's place.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The number that the digits at the beginning of the first eight bytes are, and how many they are;
/// none where there are not eight bytes.
#[inline]
fn leading_digits(bytes: &[u8]) -> (i64, usize) {
    let Some(eight) = bytes.first_chunk() else {
        return (0, 0);
    };
    let values = u64::from_le_bytes(*eight) ^ (EACH * u64::from(b'0'));
    let digits = others(values).trailing_zeros() / 8;
    // Zeros in front, so that the last digit is in the last byte.
    let values = match digits {
        0 => return (0, 0),
        digits => values << (8 * (8 - digits)),
    };
    // Two neighbours together, then pairs of them, then both halves.
    let twos = (values * 10 + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    let eights = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    (eights.cast_signed(), digits as usize)
}

/// Marks by its top bit every one of eight bytes that is above nine. Those behind a mark may be wrong.
#[inline(always)]
fn others(values: u64) -> u64 {
    (values | values.wrapping_add(EACH * (0x80 - 10))) & (EACH << 7)
}

/// Decimal digits at fixed places.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    #[inline]
    fn at(&self, place: usize) -> Option<u8> {
        self.0.get(place).copied()
    }

    #[inline]
    fn two(&self, place: usize) -> Option<i64> {
        match self.0.get(place..place + 2)? {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
            }
            _ => None,
        }
    }

    /// Hours, minutes and seconds of a leading `hh:mm:ss`.
    #[inline]
    fn clock(&self) -> Option<(i64, i64, i64)> {
        const COLONS: u64 = 0x0000_ff00_00ff_0000;
        let eight = u64::from_le_bytes(*self.0.first_chunk()?);
        let values = eight ^ (EACH * u64::from(b'0'));
        let colon = u64::from(b':' ^ b'0');
        if values & COLONS != (colon << 16 | colon << 40) || others(values & !COLONS) != 0 {
            return None;
        }
        let twos = values * 10 + (values >> 8);
        let at = |place: u64| (twos >> (8 * place) & 0xff).cast_signed();
        let (hour, minute, second) = (at(0), at(3), at(6));
        (hour <= 23 && minute <= 59 && second <= 60).then_some((hour, minute, second))
    }

    /// Days since 1970 of a leading `yyyy-mm-dd` that names a day of the calendar.
    #[inline]
    fn date(&self) -> Option<i64> {
        if self.at(4)? != b'-' || self.at(7)? != b'-' {
            return None;
        }
        let (year, month, day) = (
            self.two(0)? * 100 + self.two(2)?,
            self.two(5)?,
            self.two(8)?,
        );
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let longest = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if day < 1 || day > longest {
            return None;
        }
        // Years counted from March, so that the leap day is the last of a year
        // (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(era * 146_097 + day_of_era - 719_468)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NINE: i64 = 1_772_355_600 * SECOND;

    #[test]
    fn instants_are_read_in_every_documented_form() {
        for (text, expected) in [
            ("2026-03-01T09:00:00Z", Some(NINE)),
            ("2026-03-01T09:00:00", Some(NINE)),
            ("2026-03-01 09:00:00", Some(NINE)),
            ("2026-03-01t09:00:00z", Some(NINE)),
            ("2026-03-01T09:00:00+00:00", Some(NINE)),
            ("2026-03-01T10:30:00+01:30", Some(NINE)),
            ("2026-03-01T04:00:00-05:00", Some(NINE)),
            ("2026-03-01T10:00:00+0100", Some(NINE)),
            ("2026-03-01 10:00:00 +01:00", Some(NINE)),
            (" 2026-03-01T09:00:00Z ", Some(NINE)),
            ("2026-03-01T09:00:00.5Z", Some(NINE + SECOND / 2)),
            ("2026-03-01T09:00:00.1234567Z", Some(NINE + 123_456_700)),
            (
                "2026-03-01T09:00:00.123456789+00:00",
                Some(NINE + 123_456_789),
            ),
            ("2026-03-01T09:00:60Z", Some(NINE + 59 * SECOND)),
            ("2026-03-01", Some(NINE - 9 * 3_600 * SECOND)),
            ("1772355600", Some(NINE)),
            ("1772355600.25", Some(NINE + SECOND / 4)),
            ("1772355600123", Some(NINE + 123_000_000)),
            ("1772355600123456", Some(NINE + 123_456_000)),
            ("1772355600123456789", Some(NINE + 123_456_789)),
            ("1969-12-31T23:59:59Z", Some(-SECOND)),
            ("2024-02-29", Some(1_709_164_800 * SECOND)),
            ("2026-02-29", None),
            ("2026-13-01", None),
            ("2026-03-01T24:00:00Z", None),
            ("2026-03-01T09:00Z", None),
            ("2026-03-01T09:00:00.Z", None),
            ("2026-03-01T09:00:00+1:00", None),
            ("9999-01-01T00:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(timestamp(text), expected, "{text:?}");
        }
    }

    #[test]
    fn epoch_numbers_are_told_apart_by_magnitude() {
        assert_eq!(timestamp_from_int(1_772_355_600), Some(NINE));
        assert_eq!(timestamp_from_int(1_772_355_600_000), Some(NINE));
        assert_eq!(
            timestamp_from_float(1_772_355_600.5),
            Some(NINE + SECOND / 2)
        );
        assert_eq!(timestamp_from_float(f64::NAN), None);
        assert_eq!(timestamp_from_int(99_999_999_999), None);
    }

    #[test]
    fn a_clock_with_any_other_byte_is_read_only_if_it_is_one() {
        for place in 0..8 {
            for byte in 0..=u8::MAX {
                let mut clock = *b"09:08:07";
                clock[place] = byte;
                let number = |at: usize| {
                    let digits = &clock[at..at + 2];
                    let text = std::str::from_utf8(digits).ok()?;
                    digits
                        .iter()
                        .all(u8::is_ascii_digit)
                        .then(|| text.parse().unwrap())
                };
                let expected = match (number(0), number(3), number(6), clock[2], clock[5]) {
                    (Some(h @ 0..24), Some(m @ 0..60), Some(s @ 0..=60), b':', b':') => {
                        Some((h, m, s))
                    }
                    _ => None,
                };
                assert_eq!(Digits(&clock).clock(), expected, "{clock:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_fraction_of_any_length_is_read(fraction in "[0-9]{1,9}", behind in "(Z|[+]00:00|)") {
            let expected: i64 = format!("{fraction:0<9}").parse().unwrap();
            let text = format!("2026-03-01T09:00:00.{fraction}{behind}");
            prop_assert_eq!(common(text.as_bytes()), Some(NINE + expected));
            for wrong in [":", "/", "a", "\u{0}", "\u{7f}"] {
                let text = format!("2026-03-01T09:00:00.{fraction}{wrong}{behind}");
                prop_assert_eq!(common(text.as_bytes()), None);
            }
        }

        #[test]
        fn the_fast_reader_agrees_with_chrono(seconds in -9_000_000_000i64..9_000_000_000, nanoseconds in 0u32..1_000_000_000, minutes in -1_439i32..1_440) {
            let offset = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let at = DateTime::from_timestamp(seconds, nanoseconds).unwrap().with_timezone(&offset);
            let text = at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
            prop_assert_eq!(common(text.as_bytes()), at.timestamp_nanos_opt());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}") {
            let _ = timestamp(&text);
            let _ = super::super::ip(&text);
            let _ = super::super::cidr(&text);
            let _ = super::super::duration(&text);
        }
    }
}

//! Text to numbers, truth values and durations, and the table of units.

/// The units of a duration, each with its length in nanoseconds.
pub const UNITS: &[(&str, i64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3_600 * 1_000_000_000),
    ("d", 86_400 * 1_000_000_000),
    ("w", 7 * 86_400 * 1_000_000_000),
];

/// The length of a unit in nanoseconds.
pub fn unit_nanoseconds(unit: &str) -> Option<i64> {
    UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, length)| *length)
}

/// A whole number: surrounding spaces, a sign, a fraction of zeros and the exponent form (within
/// ±2^53, where every reader of JSON agrees) are allowed.
#[inline]
pub fn int(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    // Nearly every number is plain digits.
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        return scaled(mantissa, exponent);
    }
    let (whole, fraction) = text.split_once('.')?;
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    is_whole.then(|| whole.parse().ok()).flatten()
}

/// A number that is nothing but up to eighteen digits.
#[inline]
pub(super) fn plain_int(bytes: &[u8]) -> Option<i64> {
    if !matches!(bytes.len(), 1..=18) {
        return None;
    }
    let mut number = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

/// `mantissa` times ten to the power of `exponent`, exactly, if that is a whole number.
fn scaled(mantissa: &str, exponent: &str) -> Option<i64> {
    const LARGEST: u64 = 1 << 53;
    let (negative, mantissa) = match mantissa.as_bytes().first()? {
        b'-' => (true, mantissa.get(1..)?),
        b'+' => (false, mantissa.get(1..)?),
        _ => (false, mantissa),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let mut power = exponent.parse::<i32>().ok()?;
    let mut number = 0u64;
    // Zeros count only once another digit follows, so that `1.500e1` is whole.
    let mut zeros = 0u32;
    if whole.is_empty() {
        return None;
    }
    for (is_fraction, byte) in whole
        .bytes()
        .map(|byte| (false, byte))
        .chain(fraction.bytes().map(|byte| (true, byte)))
    {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        power = power.checked_sub(i32::from(is_fraction))?;
        if digit == 0 {
            zeros += 1;
            continue;
        }
        if number > 0 {
            number = number.checked_mul(10u64.checked_pow(zeros)?)?;
        }
        number = number.checked_mul(10)?.checked_add(digit)?;
        zeros = 0;
    }
    if number > 0 {
        let power = power.checked_add(i32::try_from(zeros).ok()?)?;
        number = number.checked_mul(10u64.checked_pow(u32::try_from(power).ok()?)?)?;
    }
    let number = i64::try_from(Some(number).filter(|number| *number <= LARGEST)?).ok()?;
    Some(if negative { -number } else { number })
}

/// A finite floating-point number; surrounding spaces are allowed.
pub fn float(text: &str) -> Option<f64> {
    let text = text.trim_ascii();
    // `parse` also takes "inf" and "nan", which no record means as a number.
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
}

/// `true`, `false`, `1` and `0` in any case.
pub fn bool(text: &str) -> Option<bool> {
    let text = text.trim_ascii();
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// `10m`, `1.5h`, `1h30m`, or a number of seconds; the result is in nanoseconds. Of several units
/// each is smaller than the one before, and only the last number may have a fraction.
pub fn duration(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (mut total, mut before) = (0i64, i64::MAX);
    while !rest.is_empty() {
        let digits = length_of(rest, |byte| byte.is_ascii_digit() || byte == b'.');
        let (number, tail) = rest.split_at_checked(digits)?;
        let tail = tail.trim_ascii_start();
        let letters = length_of(tail, |byte| byte.is_ascii_alphabetic());
        let (unit, tail) = tail.split_at_checked(letters)?;
        // Seconds need no unit where they stand alone.
        let seconds = unit.is_empty() && before == i64::MAX;
        let length = unit_nanoseconds(if seconds { "s" } else { unit })?;
        if length >= before || (number.contains('.') && !tail.is_empty()) {
            return None;
        }
        total = total.checked_add(quantity(number, length)?)?;
        (before, rest) = (length, tail);
    }
    (before != i64::MAX).then_some(if negative { -total } else { total })
}

fn length_of(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is_part(*byte)).count()
}

/// `number`, which may have a fraction, times `length`, exactly; digits below one are cut off.
pub fn quantity(number: &str, length: i64) -> Option<i64> {
    let (negative, number) = match number.as_bytes().first()? {
        b'-' => (true, number.get(1..)?),
        b'+' => (false, number.get(1..)?),
        _ => (false, number),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let mut total = i128::from(whole.parse::<i64>().ok()?) * i128::from(length);
    let mut scale: i128 = 1;
    let mut part: i128 = 0;
    // Eighteen digits are finer than a nanosecond of a week.
    for digit in fraction.bytes().take(18) {
        part = part * 10 + i128::from(digit - b'0');
        scale *= 10;
    }
    total += part * i128::from(length) / scale;
    i64::try_from(if negative { -total } else { total }).ok()
}

/// The whole number that a float is, if it has no fraction and fits.
pub(super) fn whole(number: f64) -> Option<i64> {
    // 2^63 is exactly representable; every float below it and from -2^63 on fits.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    (fits && number.fract() == 0.0).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_take_signs_spaces_and_zero_fractions_only() {
        for (text, expected) in [
            ("0", Some(0)),
            (" 55836 ", Some(55836)),
            ("-7", Some(-7)),
            ("+7", Some(7)),
            ("7.0", Some(7)),
            ("7.5", None),
            ("7.", None),
            ("", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("0x10", None),
            ("1e2", Some(100)),
            ("1E2", Some(100)),
            ("-1.5e+1", Some(-15)),
            ("1.500e1", Some(15)),
            ("1200e-2", Some(12)),
            ("10203.0e1", Some(102_030)),
            ("0e999999", Some(0)),
            ("9007199254740992e0", Some(1 << 53)),
            ("9007199254740993e0", None),
            ("1e16", None),
            ("1e-1", None),
            ("15e-2", None),
            ("1e", None),
            ("e2", None),
            ("1.e2", None),
            (".5e1", None),
            ("1e2.0", None),
            ("1e99999999999", None),
        ] {
            assert_eq!(int(text), expected, "{text:?}");
        }
    }

    #[test]
    fn floats_are_finite_numbers() {
        assert_eq!(float("1.5e3"), Some(1500.0));
        assert_eq!(float("inf"), None);
        assert_eq!(float("NaN"), None);
        assert_eq!(float("1e999"), None);
    }

    #[test]
    fn truth_is_read_in_any_case() {
        assert_eq!(bool("True"), Some(true));
        assert_eq!(bool("FALSE"), Some(false));
        assert_eq!(bool("1"), Some(true));
        assert_eq!(bool("yes"), None);
    }

    #[test]
    fn durations_have_a_unit_or_are_seconds() {
        for (text, expected) in [
            ("10m", Some(600_000_000_000)),
            ("1.5h", Some(5_400_000_000_000)),
            ("90", Some(90_000_000_000)),
            ("0.25", Some(250_000_000)),
            ("1w", Some(604_800_000_000_000)),
            ("-10m", Some(-600_000_000_000)),
            ("10 m", Some(600_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1d2h0.5s", Some(93_600_500_000_000)),
            ("30m1h", None),
            ("1h1h", None),
            ("1.5h30m", None),
            ("1h30", None),
            ("1h-30m", None),
            ("-", None),
            ("10min", None),
            ("m", None),
            ("99999999999d", None),
        ] {
            assert_eq!(duration(text), expected, "{text:?}");
        }
    }
}

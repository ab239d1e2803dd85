//! Values as text, the way they convert to `string` and appear in detections.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;

use crate::value::Value;

/// An instant in nanoseconds, shown as RFC 3339 in UTC with as many fraction digits as it needs.
#[derive(Debug, Clone, Copy)]
pub struct Rfc3339(pub i64);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTime::from_timestamp_nanos(self.0);
        write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%S"))?;
        fraction(f, self.0.rem_euclid(1_000_000_000))?;
        f.write_str("Z")
    }
}

/// `.5` for half of 10^9; nothing for none.
fn fraction(f: &mut impl fmt::Write, nanoseconds: i64) -> fmt::Result {
    if nanoseconds == 0 {
        return Ok(());
    }
    let digits = format!("{nanoseconds:09}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

/// What a value is as text: durations are seconds, instants RFC 3339. `None` for what has no
/// text of its own (missing, lists, parts of raw records).
pub fn text_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    let text = match value {
        Value::Text(text) => return Some(Cow::Borrowed(text)),
        Value::Bool(truth) => return Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Timestamp(at) => Rfc3339(*at).to_string(),
        Value::Duration(span) => {
            let mut text = format!(
                "{}{}",
                if *span < 0 { "-" } else { "" },
                span.unsigned_abs() / 1_000_000_000
            );
            let rest = i64::try_from(span.unsigned_abs() % 1_000_000_000).unwrap_or(0);
            fraction(&mut text, rest).ok()?;
            text
        }
        Value::Ip(address) => address.to_string(),
        Value::Cidr(range) => range.to_string(),
        Value::Regex(regex) => regex.as_str().to_owned(),
        Value::Missing | Value::Json(_) | Value::List(_) => return None,
    };
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_durations_show_only_the_digits_they_need() {
        assert_eq!(Rfc3339(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(
            Rfc3339(1_772_355_600_120_000_000).to_string(),
            "2026-03-01T09:00:00.12Z"
        );
        assert_eq!(Rfc3339(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(text_of(&Value::Duration(-1_500_000_000)).unwrap(), "-1.5");
        assert_eq!(text_of(&Value::Duration(600_000_000_000)).unwrap(), "600");
    }
}

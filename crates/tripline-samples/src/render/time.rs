//! Times as text, in the spellings that exports have. Facts: RFC 3339; Entra ID writes seven
//! fraction digits (the ticks of .NET).

use chrono::{DateTime, Duration};

use crate::signin::Times;

/// The event's time, usually with this zone; `None` where the record has no time.
pub(crate) fn event(micros: i64, times: Times, zone: &str) -> Option<String> {
    match times {
        Times::Usual => Some(format!("{}0{zone}", utc(micros))),
        Times::Offset => {
            let local = DateTime::from_timestamp_micros(micros)? + Duration::minutes(330);
            Some(format!("{}0+05:30", local.format("%Y-%m-%dT%H:%M:%S%.6f")))
        }
        Times::Bare => Some(format!("{}0", utc(micros))),
        Times::Nine => Some(format!("{}000{zone}", utc(micros))),
        Times::None => None,
    }
}

/// A time of day in UTC with six fraction digits and no zone.
pub(crate) fn utc(micros: i64) -> String {
    DateTime::from_timestamp_micros(micros).map_or_else(String::new, |time| {
        time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string()
    })
}

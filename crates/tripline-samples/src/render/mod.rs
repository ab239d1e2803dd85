//! Writes one sign-in as JSON in one of the three shapes. The fields and their order are those of
//! real exports (Azure Monitor's table reference, Microsoft Graph's `signIn` resource), so that a
//! reader that stops early stops where it would on real data.

mod diagnostic;
mod graph;
mod log_analytics;
mod other;
mod parts;
mod time;

use serde::Serialize;

use crate::options::Shape;
use crate::plan::Event;
use crate::signin::SignIn;

/// One sign-in as one line without its end.
pub(crate) fn signin(signin: &SignIn) -> String {
    match signin.shape {
        Shape::Diagnostic | Shape::Mixed => json(&diagnostic::Record::of(signin)),
        Shape::LogAnalytics => json(&log_analytics::Record::of(signin)),
        Shape::Graph => json(&graph::Record::of(signin)),
    }
}

/// A record of another category.
pub(crate) fn other(event: &Event) -> String {
    json(&other::record(event))
}

/// A line that is not a record: the beginning of one, or something else.
pub(crate) fn broken(record: &str, seed: u64) -> String {
    match seed % 3 {
        0 => record.chars().take(record.len() / 2).collect(),
        1 => "connection reset by peer".to_string(),
        _ => format!("{record}}}"),
    }
}

/// JSON text of a value. Writing these types to memory cannot fail: no map keys but text, no
/// fallible `Serialize`.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

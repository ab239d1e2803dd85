//! A detection as a record of its own: what a face that gives detections writes. Not in the face,
//! so that it is compiled for speed where the face is compiled for size.

use serde_json::Value;
use tripline_engine::Detection;

/// A detection as JSON.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn value(detection: &Detection<'_>) -> serde_json::Result<Value> {
    serde_json::to_value(detection)
}

/// Appends JSON as text.
///
/// # Errors
/// Only if JSON cannot be written to memory.
pub fn write(value: &Value, out: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(out, value)
}

//! What the engine gives while one record is pushed, written as it will be sent.

use tripline_engine::{Detection, Sink};
use tripline_output::annotation::write_brief;
use tripline_output::record;

/// What detections are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The record whose arrival gives them gains them.
    Annotate,
    /// They go a way of their own, whole.
    Detect,
}

/// Detections of the record at hand, as JSON.
pub(super) struct Gathered {
    pub(super) outcome: Outcome,
    pub(super) texts: Vec<String>,
}

impl Sink for Gathered {
    fn detection(&mut self, detection: Detection<'_>) {
        let mut text = Vec::new();
        let written = match self.outcome {
            Outcome::Annotate => write_brief(&detection, &mut text),
            Outcome::Detect => {
                record::value(&detection).and_then(|value| record::write(&value, &mut text))
            }
        };
        match (written, String::from_utf8(text)) {
            (Ok(()), Ok(text)) => self.texts.push(text),
            _ => tracing::error!(id = %detection.id, "a detection cannot be written as JSON"),
        }
    }
}

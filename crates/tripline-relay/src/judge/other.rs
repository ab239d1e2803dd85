//! Batches before an engine in place of the native one, which takes records as JSON. What it gives is held
//! until it is delivered as everywhere; its state is its own.

use tripline_engine::record::record_text;

use super::gathered::Outcome;
use super::worker::Worker;
use crate::records::{Edit, Record};

impl Worker {
    /// Says what becomes of a record by the other engine.
    pub(super) fn ask_other(
        &mut self,
        batch: u64,
        content: &[u8],
        record: &Record,
        apart: &mut Vec<String>,
    ) -> Option<Edit> {
        let other = self.other.as_mut()?;
        // What cannot be said in JSON is no record for it, and passes.
        let text = record_text(content, record.encoding)?;
        let mut asked = || -> Result<_, String> {
            let (detections, mut tags) = match self.found.outcome {
                Outcome::Annotate => other.annotate(&text)?,
                Outcome::Detect => (other.detect(&text)?, Vec::new()),
            };
            let mut dropped = false;
            if self.filtering {
                (dropped, tags) = other.filter(&text)?;
            }
            Ok((detections, tags, dropped))
        };
        let (detections, tags, dropped) = match asked() {
            Ok(found) => found,
            Err(said) => {
                tracing::error!("the module says nothing of a record, which passes: {said}");
                return None;
            }
        };
        let texts = detections.iter().map(ToString::to_string);
        self.found.texts.extend(texts);
        let detections = self.detections_of(batch, content);
        // Tags are given by filters, which are asked for.
        let tags = if self.filtering { tags } else { Vec::new() };
        self.gained(detections, tags, dropped, apart)
    }
}

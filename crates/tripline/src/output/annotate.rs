//! The records themselves, byte for byte, where those that completed a detection or bear a tag gain a
//! `tripline` member.
//!
//! INVARIANT: without the insertions the output is the input. A record that already has such a member
//! (from an earlier run) keeps it and gains `tripline_2`.

use std::collections::BTreeMap;
use std::ops::Range;

use tripline_engine::{Detection, Encoding};
use tripline_output::annotation::{self, Annotation, MEMBER, free_name};

use crate::exit::Failure;
use crate::input::Block;

/// What the records of the block at hand gain.
#[derive(Default)]
pub(crate) struct Annotations {
    /// By the index of the record.
    gains: BTreeMap<usize, Annotation>,
    /// Detections that no record at hand completed.
    pub(crate) unattached: u64,
}

impl Annotations {
    /// Takes note of a detection.
    pub(crate) fn detection(&mut self, detection: &Detection<'_>) -> Result<(), Failure> {
        let Some(record) = detection.record else {
            self.unattached += 1;
            return Ok(());
        };
        let gain = self.gains.entry(record).or_default();
        gain.add(detection)
            .map_err(|error| Failure::System(format!("cannot write a detection as JSON: {error}")))
    }

    /// Writes a block with what its records gain. `tags` holds the index of a record and its tags.
    pub(crate) fn write(
        &mut self,
        block: &Block,
        records: &[Range<usize>],
        tags: &[(usize, Vec<String>)],
        out: &mut Vec<u8>,
    ) {
        for (record, tags) in tags {
            let gain = self.gains.entry(*record).or_default();
            gain.tag(tags.iter().cloned());
        }
        let bytes = block.bytes();
        let mut written = 0;
        for (record, gain) in std::mem::take(&mut self.gains) {
            let Some(at) = records.get(record) else {
                continue;
            };
            let Some((brace, comma)) = place(bytes, at) else {
                continue;
            };
            out.extend_from_slice(bytes.get(written..brace).unwrap_or_default());
            out.extend_from_slice(comma.as_bytes());
            let record = bytes.get(at.clone()).unwrap_or_default();
            gain.write_member(&free_name(record, Encoding::Json, MEMBER), out);
            written = brace;
        }
        out.extend_from_slice(bytes.get(written..).unwrap_or_default());
    }
}

/// Where the last brace of a block's record is, and what must stand before a new last member.
pub(super) fn place(bytes: &[u8], record: &Range<usize>) -> Option<(usize, &'static str)> {
    let (brace, comma) = annotation::place(bytes.get(record.clone())?)?;
    Some((record.start + brace, comma))
}

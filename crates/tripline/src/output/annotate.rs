//! The records themselves, byte for byte, where those that completed a detection or bear a tag gain a
//! `tripline` member.
//!
//! INVARIANT: without the insertions the output is the input. The member is put before a record's last
//! brace; a record that already has a `tripline` member (from an earlier run) is not searched for it
//! and gains a second one, of which JSON readers take the last, this one.

use std::ops::Range;

use serde_json::{Value, json};
use tripline_engine::Detection;

use crate::exit::Failure;
use crate::input::Block;

/// What the records of the block at hand gain.
#[derive(Default)]
pub(crate) struct Annotations {
    /// Index of the record and a detection that it completed, in the order of the records.
    detections: Vec<(usize, Value)>,
    /// Detections that no record at hand completed.
    pub(crate) unattached: u64,
}

/// The members of a detection that an annotated record bears.
const MEMBERS: [&str; 7] = [
    "id",
    "rule",
    "title",
    "severity",
    "tactics",
    "techniques",
    "fields",
];

impl Annotations {
    /// Takes note of a detection.
    pub(crate) fn detection(&mut self, detection: &Detection<'_>) -> Result<(), Failure> {
        let Some(record) = detection.record else {
            self.unattached += 1;
            return Ok(());
        };
        let whole = serde_json::to_value(detection).map_err(|error| {
            Failure::System(format!("cannot write a detection as JSON: {error}"))
        })?;
        let members = MEMBERS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), whole.get(name)?.clone())));
        self.detections
            .push((record, Value::Object(members.collect())));
        Ok(())
    }

    /// Writes a block with what its records gain. `tags` holds the index of a record and its tags, in
    /// the order of the records.
    pub(crate) fn write(
        &mut self,
        block: &Block,
        records: &[Range<usize>],
        tags: &[(usize, Vec<String>)],
        out: &mut Vec<u8>,
    ) {
        self.detections.sort_by_key(|(record, _)| *record);
        let bytes = block.bytes();
        let mut written = 0;
        let mut detections = self.detections.drain(..).peekable();
        let mut tags = tags.iter().peekable();
        loop {
            let next = [
                detections.peek().map(|(record, _)| *record),
                tags.peek().map(|(record, _)| *record),
            ];
            let Some(record) = next.into_iter().flatten().min() else {
                break;
            };
            let mut found = Vec::new();
            while let Some((_, detection)) = detections.next_if(|(at, _)| *at == record) {
                found.push(detection);
            }
            let tags = tags
                .next_if(|(at, _)| *at == record)
                .map_or(&[][..], |(_, tags)| tags);
            let Some(at) = records.get(record) else {
                continue;
            };
            let Some((brace, comma)) = place(bytes, at) else {
                continue;
            };
            out.extend_from_slice(bytes.get(written..brace).unwrap_or_default());
            let member = json!({ "detections": found, "tags": tags });
            out.extend_from_slice(format!("{comma}\"tripline\":{member}").as_bytes());
            written = brace;
        }
        out.extend_from_slice(bytes.get(written..).unwrap_or_default());
    }
}

/// Where a record's last brace is, and what must stand before a new last member.
pub(super) fn place(bytes: &[u8], record: &Range<usize>) -> Option<(usize, &'static str)> {
    let inside = bytes.get(record.clone())?.strip_suffix(b"}")?;
    let empty = inside.trim_ascii_end().last() == Some(&b'{') && inside.trim_ascii().len() == 1;
    Some((record.end.saturating_sub(1), if empty { "" } else { "," }))
}

//! The records that pass the filters, one a line.

use std::collections::HashMap;
use std::ops::Range;

use serde::Serialize;
use tripline_engine::Encoding;
use tripline_engine::RuleSet;
use tripline_output::annotation::{MEMBER, free_name, write_tags};

use super::annotate::place;

/// How many records met which fate.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct FilterCounts {
    /// Records that went on, those below among them.
    pub(crate) passed: u64,
    /// Records that were left out.
    pub(crate) dropped: u64,
    /// Records that gained a tag.
    pub(crate) tagged: u64,
    /// Records that no filter's schema accepts; they passed.
    pub(crate) not_accepted: u64,
    /// Records that could not be read; they passed.
    pub(crate) unparsable: u64,
    /// How many records each filter dropped, in the order of the rule set.
    #[serde(skip)]
    pub(crate) by_filter: Vec<u64>,
}

impl FilterCounts {
    /// Adds the counts of a block.
    pub(crate) fn add(&mut self, other: &FilterCounts) {
        self.passed += other.passed;
        self.dropped += other.dropped;
        self.tagged += other.tagged;
        self.not_accepted += other.not_accepted;
        self.unparsable += other.unparsable;
        if self.by_filter.len() < other.by_filter.len() {
            self.by_filter.resize(other.by_filter.len(), 0);
        }
        for (sum, count) in self.by_filter.iter_mut().zip(&other.by_filter) {
            *sum += count;
        }
    }

    /// Goes on with other filters: those of the same name keep their counts.
    pub(crate) fn go_on(&mut self, before: &RuleSet, now: &RuleSet) {
        let named: HashMap<&str, u64> = before
            .filters()
            .zip(self.by_filter.iter().copied())
            .collect();
        let counts = now.filters().map(|name| named.get(name).copied());
        self.by_filter = counts.map(Option::unwrap_or_default).collect();
    }

    /// Counts a record that the filter with this index dropped.
    pub(crate) fn drop_by(&mut self, filter: usize) {
        self.dropped += 1;
        if self.by_filter.len() <= filter {
            self.by_filter.resize(filter.saturating_add(1), 0);
        }
        if let Some(count) = self.by_filter.get_mut(filter) {
            *count += 1;
        }
    }
}

/// Writes a record that passes as one line. Line ends in it, which only a document can have, stand
/// between its values: a space is worth as much there.
pub(crate) fn write(bytes: &[u8], at: &Range<usize>, tags: &[String], out: &mut Vec<u8>) {
    let Some(record) = bytes.get(at.clone()) else {
        return;
    };
    let start = out.len();
    match place(bytes, at) {
        Some((brace, comma)) if !tags.is_empty() => {
            out.extend_from_slice(bytes.get(at.start..brace).unwrap_or_default());
            out.extend_from_slice(comma.as_bytes());
            let name = free_name(record, Encoding::Json, MEMBER);
            write_tags(&name, tags, out);
            out.push(b'}');
        }
        _ => out.extend_from_slice(record),
    }
    let line = out.get_mut(start..).unwrap_or_default();
    if memchr::memchr(b'\n', line).is_some() {
        line.iter_mut()
            .filter(|byte| matches!(byte, b'\n' | b'\r'))
            .for_each(|byte| *byte = b' ');
    }
    out.push(b'\n');
}

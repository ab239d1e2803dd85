//! One record a line. Lines may end in CRLF, be blank, or lack the last line end; a line that is an
//! array or an envelope is taken apart.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::super::{BLOCK, Kind};
use super::document::Document;
use super::values::{Mentions, array_of_values, envelope_on_line};
use super::{BOM, Cut};

/// Cuts windows at line ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines {
    #[serde(skip)]
    limit: usize,
    /// So many bytes at the front of the window are known to have no line end, so that a long line
    /// that comes in small pieces is searched once.
    #[serde(skip)]
    searched: usize,
    /// The window is within a line that is too long.
    within_too_long: bool,
}

impl Lines {
    /// For lines of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Lines {
        Lines {
            limit,
            searched: 0,
            within_too_long: false,
        }
    }

    /// The same for lines of at most `limit` bytes.
    pub(super) fn with_limit(self, limit: usize) -> Lines {
        Lines { limit, ..self }
    }

    /// See [`super::Framer::cut`].
    pub(super) fn cut(&mut self, window: &[u8], at_end: bool) -> Cut {
        if self.within_too_long {
            let end = line_end(window, 0);
            self.within_too_long = end.is_none();
            return Cut::Block(end.unwrap_or(window.len()), Kind::TooLong { first: false });
        }
        let searched = std::mem::take(&mut self.searched);
        if searched < BLOCK {
            if at_end && window.len() <= BLOCK && window.len() <= self.limit {
                return Cut::Block(window.len(), Kind::Lines);
            }
            let head = window.get(..BLOCK).unwrap_or(window);
            if let Some(last) = memchr::memrchr(b'\n', head) {
                // With a limit below a block's size a line within it may still be too long.
                return self.short_lines(window.get(..last.saturating_add(1)).unwrap_or(head));
            }
        }
        // The window begins with a line of at least a block, or one that has not ended yet.
        match line_end(window, searched.max(BLOCK.min(window.len()))) {
            Some(end) if end <= self.limit => Cut::Block(end, Kind::Lines),
            Some(end) => Cut::Block(end, Kind::TooLong { first: true }),
            None if window.len() > self.limit => {
                self.within_too_long = !at_end;
                Cut::Block(window.len(), Kind::TooLong { first: true })
            }
            None if at_end => Cut::Block(window.len(), Kind::Lines),
            None => {
                self.searched = window.len();
                Cut::More(window.len().saturating_add(1))
            }
        }
    }

    /// A block of whole lines, cut short before the first that is too long.
    fn short_lines(&self, lines: &[u8]) -> Cut {
        if self.limit >= BLOCK {
            return Cut::Block(lines.len(), Kind::Lines);
        }
        let mut at = 0;
        while let Some(end) = line_end(lines, at) {
            if end.saturating_sub(at) > self.limit {
                return match at {
                    0 => Cut::Block(end, Kind::TooLong { first: true }),
                    _ => Cut::Block(at, Kind::Lines),
                };
            }
            at = end;
        }
        Cut::Block(lines.len(), Kind::Lines)
    }
}

/// The place after the first line end at or after `from`.
fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let found = memchr::memchr(b'\n', bytes.get(from..)?)?;
    Some(from.saturating_add(found).saturating_add(1))
}

/// Puts the places of a block's records into `records`, without the white space around them, and
/// says how many line ends there are.
pub(in super::super) fn records(bytes: &[u8], records: &mut Vec<Range<usize>>) -> u64 {
    let mut start = 0;
    let mut count = 0;
    let mut mentions = Mentions::new(bytes);
    for end in memchr::memchr_iter(b'\n', bytes) {
        line(bytes, start..end, &mut mentions, records);
        start = end.saturating_add(1);
        count += 1;
    }
    if start < bytes.len() {
        line(bytes, start..bytes.len(), &mut mentions, records);
    }
    count
}

/// The records of one line.
fn line(
    bytes: &[u8],
    at: Range<usize>,
    mentions: &mut Mentions<'_>,
    records: &mut Vec<Range<usize>>,
) {
    let Some(mut line) = bytes.get(at.clone()) else {
        return;
    };
    line = line.trim_ascii_end();
    let end = at.start.saturating_add(line.len());
    line = line.strip_prefix(BOM).unwrap_or(line).trim_ascii_start();
    if line.is_empty() {
        return;
    }
    let start = end.saturating_sub(line.len());
    let holds_records = match line.first() {
        Some(b'[') => array_of_values(line),
        Some(b'{') => mentions.within(start..end) && envelope_on_line(line),
        _ => false,
    };
    if holds_records {
        Document::within_line(line, start, records);
    } else {
        records.push(start..end);
    }
}

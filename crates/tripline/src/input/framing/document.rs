//! Records that lie in JSON documents: the elements of an array, of an envelope's `records` or `value`,
//! or objects one after the other, with any white space and line ends.
//!
//! A value that is no JSON becomes one record that cannot be read: it reaches to the next line that
//! begins with `{` or `[`, where reading takes up again. INVARIANT: a byte is searched for a
//! value's end a fixed number of times, so that no input takes more than linear time.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::super::{BLOCK, Kind};
use super::values::{Ended, Envelope, envelope, value_end};
use super::{BOM, Cut, skip_space};

/// Cuts windows between the values of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Document {
    #[serde(skip)]
    limit: usize,
    place: Place,
    /// Something could not be read, so that what closes without having been opened is no news.
    recovered: bool,
    /// The window is within a value that is too long.
    within_too_long: bool,
}

/// Where in the document the window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// Between two values of the outermost level.
    Outside,
    /// Among the elements of an array.
    Elements,
    /// Among the elements of an envelope's array.
    Enveloped,
    /// In an envelope, behind its array.
    Tail,
}

/// What to do about a value.
enum Step {
    /// It ends here.
    Value(usize),
    /// Its end has not been seen.
    More,
    /// It cannot be read; the next one may begin here.
    Broken(usize),
    /// It is too long.
    TooLong,
}

impl Document {
    /// For records of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Document {
        Document {
            limit,
            place: Place::Outside,
            recovered: false,
            within_too_long: false,
        }
    }

    /// The same for records of at most `limit` bytes.
    pub(super) fn with_limit(self, limit: usize) -> Document {
        Document { limit, ..self }
    }

    /// Puts the places of the records of one line, which begins at `offset`, into `records`.
    pub(super) fn within_line(line: &[u8], offset: usize, records: &mut Vec<Range<usize>>) {
        let mut document = Document::new(usize::MAX);
        let before = records.len();
        let mut at = 0;
        while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
            let Cut::Block(end, Kind::Values(places)) = document.cut(rest, true) else {
                return;
            };
            let start = offset.saturating_add(at);
            records.extend(
                places.into_iter().map(|place| {
                    start.saturating_add(place.start)..start.saturating_add(place.end)
                }),
            );
            at = at.saturating_add(end);
        }
        // What only looked like an array, such as a line of text that begins with `[`, stays whole.
        if document.recovered && records.len() <= before.saturating_add(1) {
            records.truncate(before);
            records.push(offset..offset.saturating_add(line.len()));
        }
    }

    /// Whether everything that was opened has been closed.
    pub(super) fn is_complete(&self) -> bool {
        self.place == Place::Outside
    }

    /// See [`super::Framer::cut`].
    pub(super) fn cut(&mut self, window: &[u8], at_end: bool) -> Cut {
        if self.within_too_long {
            return self.rest_of_too_long(window, false, at_end);
        }
        let mut records = Vec::new();
        let mut at = if window.starts_with(BOM) && self.place == Place::Outside {
            BOM.len()
        } else {
            0
        };
        // Every round but a last one moves `at` on.
        while at < BLOCK {
            at = skip_space(window, at);
            let Some(&byte) = window.get(at) else { break };
            if let Some((place, next)) = self.punctuation(byte, at) {
                (self.place, at) = (place, next);
                continue;
            }
            if self.place == Place::Outside && byte == b'{' {
                match envelope(window, at) {
                    Envelope::ElementsAt(first) => {
                        (self.place, at) = (Place::Enveloped, first);
                        continue;
                    }
                    Envelope::Unclosed
                        if !at_end && window.len().saturating_sub(at) <= self.limit =>
                    {
                        break;
                    }
                    Envelope::Unclosed | Envelope::No => {}
                }
            }
            match self.value(window, at, at_end) {
                Step::Value(end) => {
                    if self.place != Place::Tail {
                        records.push(at..end);
                    }
                    at = end;
                }
                Step::Broken(end) => {
                    self.recovered = true;
                    records.push(at..trimmed_end(window, at, end));
                    at = end;
                }
                Step::TooLong if at == 0 => return self.rest_of_too_long(window, true, at_end),
                Step::TooLong | Step::More => break,
            }
        }
        match at {
            0 if at_end => Cut::Block(window.len(), Kind::Values(records)),
            0 => Cut::More(window.len().saturating_mul(2)),
            _ => Cut::Block(at, Kind::Values(records)),
        }
    }

    /// Where a byte that belongs to no value leads.
    fn punctuation(&self, byte: u8, at: usize) -> Option<(Place, usize)> {
        let place = match (self.place, byte) {
            (Place::Outside, b'[') => Place::Elements,
            (Place::Outside, b',' | b']' | b'}') if self.recovered => Place::Outside,
            (Place::Elements | Place::Enveloped, b',') => self.place,
            (Place::Elements, b']') => Place::Outside,
            (Place::Enveloped, b']') => Place::Tail,
            (Place::Tail, b',' | b':') => Place::Tail,
            (Place::Tail, b'}') => Place::Outside,
            _ => return None,
        };
        Some((place, at.saturating_add(1)))
    }

    /// Looks for the end of the value at `at`.
    fn value(&self, window: &[u8], at: usize, at_end: bool) -> Step {
        let longest = at.saturating_add(self.limit);
        let within = window.get(..longest).unwrap_or(window);
        match value_end(within, at) {
            Ended::At(end) => Step::Value(end.max(at.saturating_add(1))),
            Ended::Broken(from) => match next_start(window, from.max(at)) {
                Some(next) if next.saturating_sub(at) > self.limit => Step::TooLong,
                Some(next) => Step::Broken(next),
                None if window.len() > longest => Step::TooLong,
                None if at_end => Step::Broken(window.len()),
                None => Step::More,
            },
            Ended::Unclosed if window.len() > longest => Step::TooLong,
            Ended::Unclosed if at_end => Step::Broken(window.len()),
            Ended::Unclosed => Step::More,
        }
    }

    /// A part of a record that is too long: up to where the next one may begin.
    fn rest_of_too_long(&mut self, window: &[u8], first: bool, at_end: bool) -> Cut {
        self.recovered = true;
        let from = if first {
            self.limit.min(window.len())
        } else {
            0
        };
        let end = match next_start(window, from) {
            Some(next) => {
                self.within_too_long = false;
                return Cut::Block(next, Kind::TooLong { first });
            }
            None if at_end => window.len(),
            // A line that has only just begun may be such a start: leave it to the next window.
            None => match memchr::memrchr(b'\n', window) {
                Some(0) if window.trim_ascii().is_empty() => {
                    return Cut::More(window.len().saturating_mul(2));
                }
                Some(last)
                    if last > 0
                        && window
                            .get(last..)
                            .is_some_and(|l| l.trim_ascii().is_empty()) =>
                {
                    last
                }
                _ => window.len(),
            },
        };
        self.within_too_long = true;
        Cut::Block(end, Kind::TooLong { first })
    }
}

/// The start of the next line that begins with `{` or `[`.
fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memchr_iter(b'\n', rest)
        .map(|end| from.saturating_add(end).saturating_add(1))
        .find(|start| {
            let line = bytes.get(*start..).unwrap_or_default();
            let indent = line.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
            indent
                .and_then(|indent| line.get(indent))
                .is_some_and(|byte| matches!(byte, b'{' | b'['))
        })
}

/// The end of a record that cannot be read, without the white space behind it.
fn trimmed_end(window: &[u8], start: usize, end: usize) -> usize {
    let record = window.get(start..end).unwrap_or_default();
    start.saturating_add(record.trim_ascii_end().len())
}

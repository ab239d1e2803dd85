//! Finding where records begin and end, told by the content: one record a line ([`lines`]), or JSON
//! values that lie in a document ([`document`]). Which of the two it is, [`shape`] decides from the
//! first line.
//!
//! A [`Framer`] is shown a window (what is left of a mapped file, or what has been read of a
//! stream) and cuts one block off its front; it never looks back, and what it keeps between two
//! calls is a few words. Everything here is linear in the input, whatever the bytes are.

pub(crate) mod document;
pub(crate) mod lines;
mod shape;
mod values;

use serde::{Deserialize, Serialize};

use super::Kind;
use document::Document;
use lines::Lines;

/// What can be cut off the front of a window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing yet: the window must have this many bytes, or be the last.
    More(usize),
    /// A block of this many bytes, more than none.
    Block(usize, Kind),
}

/// Cuts one input into blocks.
#[derive(Debug)]
pub(crate) struct Framer {
    form: Option<Form>,
    limit: usize,
}

/// How the input is laid out, and where in it the window begins. Kept over a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// One record a line.
    Lines(Lines),
    /// Values in a document.
    Document(Document),
}

impl Framer {
    /// For an input whose records may have `limit` bytes.
    pub(crate) fn new(limit: usize) -> Framer {
        Framer { form: None, limit }
    }

    /// For the rest of an input whose beginning another one has cut.
    pub(crate) fn resumed(limit: usize, form: Option<Form>) -> Framer {
        let form = form.map(|form| match form {
            Form::Lines(lines) => Form::Lines(lines.with_limit(limit)),
            Form::Document(document) => Form::Document(document.with_limit(limit)),
        });
        Framer { form, limit }
    }

    /// What one that goes on behind the last block has to know.
    pub(crate) fn form(&self) -> Option<Form> {
        self.form.clone()
    }

    /// Cuts a block off a window that is not empty. With `at_end` nothing follows the window, and
    /// the answer is never [`Cut::More`].
    pub(crate) fn cut(&mut self, window: &[u8], at_end: bool) -> Cut {
        let form = match &mut self.form {
            Some(form) => form,
            none => match shape::of(window, at_end) {
                Some(shape::Shape::Lines) => none.insert(Form::Lines(Lines::new(self.limit))),
                Some(shape::Shape::Document) => {
                    none.insert(Form::Document(Document::new(self.limit)))
                }
                None => return Cut::More(window.len().saturating_add(1)),
            },
        };
        match form {
            Form::Lines(lines) => lines.cut(window, at_end),
            Form::Document(document) => document.cut(window, at_end),
        }
    }

    /// Whether the input, all of which has been cut, ends where a document may end.
    pub(crate) fn is_complete(&self) -> bool {
        match &self.form {
            Some(Form::Document(document)) => document.is_complete(),
            Some(Form::Lines(_)) | None => true,
        }
    }
}

/// How many line ends there are.
pub(crate) fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// The byte order mark that some programs put before UTF-8.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";

/// White space between JSON values.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The place of the first byte at or after `at` that is no white space, or the end.
fn skip_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .position(|byte| !is_space(*byte))
        .map_or(bytes.len(), |found| at.saturating_add(found))
}

#[cfg(test)]
mod tests;

//! The text of a piece while it is being mended: edits are applied one after another, and every
//! place in the mended text can be told in terms of the file as written.

use crate::source::{FileId, Span};

/// A change to a text: the bytes `start..end` give way to `insert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) insert: String,
}

impl Edit {
    pub(super) fn replace(start: usize, end: usize, insert: impl Into<String>) -> Edit {
        Edit {
            start,
            end,
            insert: insert.into(),
        }
    }

    /// The text with the change made.
    fn on(&self, text: &str) -> String {
        let before = text.get(..self.start).unwrap_or_default();
        let after = text.get(self.end..).unwrap_or_default();
        [before, &self.insert, after].concat()
    }

    /// An offset in the changed text as one in the text before the change.
    fn undo(&self, at: usize) -> usize {
        if at >= self.start + self.insert.len() {
            at - self.insert.len() + (self.end - self.start)
        } else if at > self.start {
            self.end.min(at)
        } else {
            at
        }
    }
}

/// Where a piece's text stands in its file.
pub(super) struct Place {
    file: FileId,
    base: usize,
    edits: Vec<Edit>,
}

impl Place {
    /// The start of a file that nobody will be told about.
    pub(super) fn start() -> Place {
        Place {
            file: FileId(0),
            base: 0,
            edits: Vec::new(),
        }
    }

    /// A place in the mended text as one in the file.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let written = |at: usize| {
            let at = self.edits.iter().rev().fold(at, |at, edit| edit.undo(at));
            u32::try_from(self.base + at).unwrap_or(u32::MAX)
        };
        let (start, end) = (written(start), written(end));
        Span {
            file: self.file,
            start,
            end: end.max(start),
        }
    }
}

/// A piece's text with the edits made so far.
pub(super) struct Draft {
    text: String,
    place: Place,
}

impl Draft {
    pub(super) fn new(file: FileId, base: usize, text: &str) -> Draft {
        Draft {
            text: text.to_owned(),
            place: Place {
                file,
                base,
                edits: Vec::new(),
            },
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn apply(&mut self, edit: &Edit) {
        self.text = edit.on(&self.text);
        self.place.edits.push(edit.clone());
    }

    /// Reads the text as it would be after an edit: `None` when the budget is spent.
    pub(super) fn try_out(&self, edit: &Edit, budget: &mut Budget) -> Option<Trial> {
        let text = edit.on(&self.text);
        budget.spend(text.len())?;
        // An edit may bring brackets together that were none before; the limit holds for it too.
        let tokens = super::lexical::tokens(&text);
        if super::lexical::Brackets::of(&text, &tokens, super::MAX_NESTING)
            .too_deep
            .is_some()
        {
            return Some(Trial::StopsAt(0));
        }
        Some(match super::piece::try_reading(&text) {
            Trial::StopsAt(at) => Trial::StopsAt(edit.undo(at)),
            other => other,
        })
    }
}

/// How a text reads after an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    /// Without error.
    Reads,
    /// By the grammar, but its parts do not go together.
    Doubtful,
    /// Up to this offset of the text before the edit.
    StopsAt(usize),
}

/// How many bytes may still be read in attempts to mend a file. It grows with the file only, so
/// that a file full of errors takes linear time.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn of(text: &str) -> Budget {
        Budget(text.len().saturating_mul(8).saturating_add(1 << 19))
    }

    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.checked_sub(bytes)?;
        Some(())
    }
}

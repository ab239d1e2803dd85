//! A problem in a rule set: its stable code, what is wrong in the rule's terms, where, and how to
//! mend it. Every code is declared once, in `codes`; `render` shows diagnostics as excerpts, as
//! one line each, and as JSON.

use crate::source::Span;

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The set loads all the same.
    Warning,
    /// The set does not load.
    Error,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code, such as `E0102`; the letter is the severity.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The place, and what to say under it (may be empty). `None` only where no file could be read.
    pub at: Option<(Span, String)>,
    /// Other places that matter.
    pub also: Vec<(Span, String)>,
    /// How to mend it, one line each.
    pub help: Vec<String>,
}

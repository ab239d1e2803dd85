//! A problem in a rule set: its stable code, what is wrong in the rule's terms, where, and how to
//! mend it. Every code is declared once, in [`codes`]; [`render`] shows diagnostics as excerpts,
//! as one line each, and as JSON.

pub mod codes;
pub mod render;

use std::fmt;

use crate::source::Span;

/// How serious a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The set loads all the same.
    Warning,
    /// The set does not load.
    Error,
}

impl Severity {
    /// The severity that a code's letter says: `W` is a warning, everything else an error.
    pub fn of_code(code: &str) -> Severity {
        if code.starts_with('W') {
            Severity::Warning
        } else {
            Severity::Error
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
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

impl Diagnostic {
    /// A problem at a place, with nothing said under it yet.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            at: Some((span, String::new())),
            also: Vec::new(),
            help: Vec::new(),
        }
    }

    /// Says something under the place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some((_, label)) = &mut self.at {
            *label = text.into();
        }
        self
    }

    /// Points to another place that matters.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.also.push((span, text.into()));
        self
    }

    /// Adds a line on how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    /// How serious it is.
    pub fn severity(&self) -> Severity {
        Severity::of_code(self.code)
    }
}

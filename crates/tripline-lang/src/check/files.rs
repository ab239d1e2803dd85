//! The files that lists and tables name, and the problems in them: each with its place in the file,
//! but only so many of one file.

use crate::ast;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, ListFileError, Span};

use super::Checker;

/// The most problems of one file that are reported one by one.
const MOST_REPORTED: usize = 20;

/// What is wrong in one file.
#[derive(Default)]
pub(super) struct Problems {
    pub(super) found: Vec<Diagnostic>,
    /// How many more there are.
    pub(super) more: usize,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Diagnostic) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.found.push(problem);
        }
    }

    /// One more would only be counted.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= MOST_REPORTED
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

impl Checker<'_> {
    /// The text of the file that a list or a table (`kind`) names; why it cannot be had is reported.
    pub(super) fn named_file(
        &mut self,
        kind: &str,
        name: &ast::Name,
        path: &ast::Quoted,
    ) -> Option<FileId> {
        let error = match self.sources.list_file(name.span.file, &path.text) {
            Ok(file) => return Some(file),
            Err(error) => error,
        };
        let near = match error {
            ListFileError::NotFound(_) => self.sources.list_files_near(name.span.file, &path.text),
            _ => Vec::new(),
        };
        let help = crate::nearest::question(&near).unwrap_or_else(|| {
            "the path is relative to this file and stays within the rule set's folder".to_owned()
        });
        let problem = Diagnostic::new(
            "E0405",
            path.span,
            format!("the {kind} `{}` cannot be loaded: {error}", name.text),
        )
        .help(help);
        self.report(problem);
        None
    }

    /// The path of a file as shown to a person.
    pub(super) fn shown_path(&self, file: FileId) -> String {
        self.sources
            .get(file)
            .map_or(String::new(), |file| file.path.clone())
    }
}

/// A place in a file by its first byte and its length.
pub(super) fn place(file: FileId, start: usize, length: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        file,
        start: offset(start),
        end: offset(start + length),
    }
}

//! Tables: the rows of a file, each found by its key. CSV with a header line, or NDJSON, told by how
//! the file begins. Read whole when the rule set is loaded, and what is wrong in it has its place.
//!
//! INVARIANT: a table that is loaded has the column of its key, and in each row another key there.

mod csv;
mod ndjson;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::ast;
use crate::checked::Table;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::value::convert;

use super::files::Problems;
use super::{Checker, did_you_mean, listed};

/// The most columns of a table.
const MOST_COLUMNS: usize = 4096;

/// The most columns that a help line names.
const MOST_NAMED: usize = 20;

/// A table as declared and what became of it.
pub(super) struct Declared<'a> {
    pub(super) ast: &'a ast::Table,
    /// The loaded table; `None` where it is in error.
    pub(super) loaded: Option<Arc<Table>>,
    pub(super) used: bool,
}

impl<'a> Declared<'a> {
    pub(super) fn new(ast: &'a ast::Table) -> Declared<'a> {
        Declared {
            ast,
            loaded: None,
            used: false,
        }
    }
}

/// A file that is being read as a table.
struct Source<'s> {
    declared: &'s ast::Table,
    file: FileId,
    /// Its path as shown to a person.
    path: &'s str,
    text: &'s str,
    problems: Problems,
}

impl Source<'_> {
    /// Adds a problem, which is made only if it is not just counted: finding its place takes time.
    fn report(&mut self, problem: impl FnOnce(&Self) -> Diagnostic) {
        if self.problems.is_full() {
            self.problems.more += 1;
        } else {
            let problem = problem(self);
            self.problems.push(problem);
        }
    }

    /// The problem of a key's column that is not there.
    fn no_key_column(&self, table: &[&str], header: Option<Span>) -> Diagnostic {
        let key = &self.declared.key;
        let problem = Diagnostic::new(
            "E0411",
            key.span,
            format!("`{}` has no column `{}`", self.path, key.text),
        );
        let problem = match header {
            Some(header) => problem.also(header, "its columns"),
            None => problem,
        };
        problem.help(columns_help(&key.text, table))
    }

    /// The problem of a key that stands twice.
    fn twice(&self, key: &str, at: Span, first: Option<Span>) -> Diagnostic {
        let problem = Diagnostic::new(
            "E0410",
            at,
            format!("the key `{key}` stands twice in `{}`", self.path),
        );
        let problem = match first {
            Some(first) => problem.also(first, "the first one"),
            None => problem,
        };
        problem.help(if convert::spelling(key).is_some() {
            "an address has one row, however it is written: remove one of them"
        } else if self.declared.nocase {
            "a key has one row, and `nocase` makes no difference between small and capital letters: remove one of them"
        } else {
            "a key has one row: remove one of them"
        })
    }

    /// The problem of a row without a key.
    fn without_key(&self, at: Span) -> Diagnostic {
        Diagnostic::new(
            "E0409",
            at,
            format!(
                "this row has nothing as its key `{}`",
                self.declared.key.text
            ),
        )
        .help("give it a key, or remove the row: nothing could find it")
    }
}

/// The columns that may have been meant, or those that there are.
pub(super) fn columns_help(word: &str, columns: &[&str]) -> String {
    if let Some(help) = did_you_mean(word, columns.iter().copied()) {
        return help;
    }
    let named = listed(columns.iter().copied().take(MOST_NAMED));
    match (columns.len().checked_sub(MOST_NAMED), columns) {
        (Some(more @ 1..), _) => format!("its columns are {named} and {more} more"),
        (_, [only]) if only.contains([';', '\t', '|']) => {
            format!("its only column is {named}: the cells of a row are separated by commas")
        }
        (_, [_]) => format!("its only column is {named}"),
        _ => format!("its columns are {named}"),
    }
}

impl Checker<'_> {
    /// Loads every table, used or not, so that all are checked.
    pub(super) fn load_tables(&mut self) {
        for index in 0..self.tables.len() {
            let Some(declared) = self.tables.get(index).map(|table| table.ast) else {
                continue;
            };
            let loaded = self.load_table(declared).map(Arc::new);
            if let Some(table) = self.tables.get_mut(index) {
                table.loaded = loaded;
            }
        }
    }

    fn load_table(&mut self, declared: &ast::Table) -> Option<Table> {
        let file = self.named_file("table", &declared.name, &declared.path)?;
        let path = self.shown_path(file);
        let mut source = Source {
            declared,
            file,
            path: &path,
            text: &self.sources.get(file)?.text,
            problems: Problems::default(),
        };
        let table = if source.text.trim_start().starts_with(['{', '[']) {
            ndjson::read(&mut source)
        } else {
            csv::read(&mut source)
        };
        let Problems { mut found, more } = source.problems;
        if more > 0 {
            found.push(
                Diagnostic::new(
                    "E0408",
                    declared.path.span,
                    format!("{more} more rows of `{path}` are in error"),
                )
                .help("correct the rows above first"),
            );
        }
        let failed = !found.is_empty();
        self.problems.extend(found);
        let table = table.filter(|_| !failed)?;
        if table.is_empty() {
            let problem = Diagnostic::new(
                "W0105",
                declared.name.span,
                format!(
                    "the table `{}` has no rows, so nothing is found in it",
                    declared.name.text
                ),
            )
            .help("add a row, or remove the table");
            self.report(problem);
        }
        Some(table)
    }

    /// Warns about tables that nothing uses.
    pub(super) fn report_unused_tables(&mut self) {
        let unused = self.tables.iter().filter(|table| !table.used);
        let unused: Vec<Diagnostic> = unused
            .map(|table| {
                let name = &table.ast.name;
                Diagnostic::new(
                    "W0104",
                    name.span,
                    format!("nothing uses the table `{}`", name.text),
                )
                .help(format!(
                    "read a row with `lookup({}, …)`, or remove it",
                    name.text
                ))
            })
            .collect();
        self.problems.extend(unused);
    }
}

//! Diagnostics for a person ([`rich`]: excerpts with the places underlined), for editors and CI
//! ([`short`]: one line each) and for programs ([`json`]).

use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic as Shown, Label, Severity as ShownSeverity};
use codespan_reporting::files::{Error, Files};
use codespan_reporting::term::{Config, emit_to_string, emit_to_write_style, termcolor};
use serde::Serialize;

use super::{Diagnostic, Severity};
use crate::source::{FileId, SourceSet, Span};

/// A line with more bytes than this is not shown: it is no text that a person reads.
const LONGEST_LINE: usize = 4096;

/// Each diagnostic with an excerpt of its source, an empty line after each.
pub fn rich(diagnostics: &[Diagnostic], sources: &SourceSet, colour: bool) -> String {
    let config = Config::default();
    let mut plain = String::new();
    let mut coloured = termcolor::Ansi::new(Vec::new());
    for problem in diagnostics {
        let shown = excerpt(problem, sources);
        let written = if colour {
            emit_to_write_style(&mut coloured, &config, &Texts(sources), &shown)
        } else {
            emit_to_string(&mut plain, &config, &Texts(sources), &shown)
        };
        if written.is_err() {
            // A place outside of its file: the line still says what and roughly where.
            let line = short(std::slice::from_ref(problem), sources);
            plain.push_str(&line);
            coloured.get_mut().extend_from_slice(line.as_bytes());
        }
    }
    if colour {
        String::from_utf8_lossy(coloured.get_ref()).into_owned()
    } else {
        plain
    }
}

fn excerpt(problem: &Diagnostic, sources: &SourceSet) -> Shown<FileId> {
    let severity = match problem.severity() {
        Severity::Error => ShownSeverity::Error,
        Severity::Warning => ShownSeverity::Warning,
    };
    let label = |make: fn(FileId, Range<usize>) -> Label<FileId>, span: &Span, text: &String| {
        make(span.file, span.start as usize..span.end as usize).with_message(text)
    };
    let mut labels = Vec::new();
    let mut notes = Vec::new();
    let mut place = |primary: bool, span: &Span, text: &String| {
        if has_long_line(sources, *span) {
            let (line, column) = line_column(sources, *span);
            let colon = if text.is_empty() { "" } else { ": " };
            notes.push(format!(
                "at {}:{line}:{column}{colon}{text}",
                path(sources, *span)
            ));
        } else if primary {
            labels.push(label(Label::primary, span, text));
        } else {
            labels.push(label(Label::secondary, span, text));
        }
    };
    if let Some((span, text)) = &problem.at {
        place(true, span, text);
    }
    for (span, text) in &problem.also {
        place(false, span, text);
    }
    notes.extend(problem.help.iter().map(|help| format!("help: {help}")));
    Shown::new(severity)
        .with_code(problem.code)
        .with_message(&problem.message)
        .with_labels(labels)
        .with_notes(notes)
}

/// One line for each diagnostic: `path:line:col: error[E0201]: message; help: …`.
pub fn short(diagnostics: &[Diagnostic], sources: &SourceSet) -> String {
    let mut out = String::new();
    for problem in diagnostics {
        if let Some((span, _)) = &problem.at {
            let (line, column) = line_column(sources, *span);
            out.push_str(&format!("{}:{line}:{column}: ", path(sources, *span)));
        }
        out.push_str(&format!(
            "{}[{}]: {}",
            problem.severity(),
            problem.code,
            one_line(&problem.message)
        ));
        for help in &problem.help {
            out.push_str(&format!("; help: {}", one_line(help)));
        }
        out.push('\n');
    }
    out
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// All diagnostics as one JSON array, with a line end. An object each: `code`, `severity`
/// (`error` or `warning`), `message`, `file`, `start` and `end` (`line` and `column`, both from
/// 1, columns in characters), `label`, `also` (places like the first) and `help` (texts). Where
/// no file could be read, `file`, `start`, `end` and `label` are absent.
pub fn json(diagnostics: &[Diagnostic], sources: &SourceSet) -> String {
    let objects: Vec<Object<'_>> = diagnostics
        .iter()
        .map(|problem| Object {
            code: problem.code,
            severity: problem.severity().to_string(),
            message: &problem.message,
            at: problem
                .at
                .as_ref()
                .map(|(span, label)| place(sources, *span, label)),
            also: problem
                .also
                .iter()
                .map(|(span, label)| place(sources, *span, label))
                .collect(),
            help: &problem.help,
        })
        .collect();
    // Texts and numbers only, so it cannot fail.
    let mut out = serde_json::to_string_pretty(&objects).unwrap_or_default();
    out.push('\n');
    out
}

#[derive(Serialize)]
struct Object<'d> {
    code: &'static str,
    severity: String,
    message: &'d str,
    #[serde(flatten)]
    at: Option<Place<'d>>,
    also: Vec<Place<'d>>,
    help: &'d [String],
}

#[derive(Serialize)]
struct Place<'d> {
    file: &'d str,
    start: Position,
    end: Position,
    label: &'d str,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

fn place<'d>(sources: &'d SourceSet, span: Span, label: &'d str) -> Place<'d> {
    let position = |at: u32| {
        let (line, column) = sources
            .get(span.file)
            .map_or((1, 1), |file| file.line_column(at));
        Position { line, column }
    };
    Place {
        file: path(sources, span),
        start: position(span.start),
        end: position(span.end),
        label,
    }
}

fn path(sources: &SourceSet, span: Span) -> &str {
    sources.get(span.file).map_or("", |file| &file.path)
}

fn line_column(sources: &SourceSet, span: Span) -> (usize, usize) {
    sources
        .get(span.file)
        .map_or((1, 1), |file| file.line_column(span.start))
}

fn has_long_line(sources: &SourceSet, span: Span) -> bool {
    let Some(file) = sources.get(span.file) else {
        return true;
    };
    let (first, last) = (file.line_index(span.start), file.line_index(span.end));
    let long = |line: usize| {
        file.line_range(line)
            .is_none_or(|range| range.len() > LONGEST_LINE)
    };
    long(first) || long(last)
}

/// The texts of a set as the renderer reads them.
struct Texts<'s>(&'s SourceSet);

impl<'a> Files<'a> for Texts<'_> {
    type FileId = FileId;
    type Name = &'a str;
    type Source = &'a str;

    fn name(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.0
            .get(id)
            .map(|file| file.path.as_str())
            .ok_or(Error::FileMissing)
    }

    fn source(&'a self, id: FileId) -> Result<&'a str, Error> {
        self.0
            .get(id)
            .map(|file| file.text.as_str())
            .ok_or(Error::FileMissing)
    }

    fn line_index(&'a self, id: FileId, byte_index: usize) -> Result<usize, Error> {
        let file = self.0.get(id).ok_or(Error::FileMissing)?;
        Ok(file.line_index(u32::try_from(byte_index).unwrap_or(u32::MAX)))
    }

    fn line_range(&'a self, id: FileId, line_index: usize) -> Result<Range<usize>, Error> {
        let file = self.0.get(id).ok_or(Error::FileMissing)?;
        let max = file.line_starts().len().saturating_sub(1);
        file.line_range(line_index).ok_or(Error::LineTooLarge {
            given: line_index,
            max,
        })
    }
}

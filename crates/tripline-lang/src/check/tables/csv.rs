//! Tables in CSV (RFC 4180): the first line names the columns, every other one is a row with as many
//! cells. White space around a cell is not part of it, and blank lines are passed over.

use std::collections::HashMap;
use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};

use super::super::files::place;
use super::{MOST_COLUMNS, Source};
use crate::checked::{Cell, Table};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Reads the rows; problems are left in `source`.
pub(super) fn read(source: &mut Source<'_>) -> Option<Table> {
    let text = source.text;
    // Rows of another length get a message of their own.
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut next = |record: &mut StringRecord| {
        let start = usize::try_from(reader.position().byte()).ok()?;
        // The text is UTF-8 and in memory, so that there are no errors.
        let more = reader.read_record(record).unwrap_or(false);
        let is_last = usize::try_from(reader.position().byte()).is_ok_and(|at| at >= text.len());
        let blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let skipped = text.bytes().skip(start).take_while(blank).count();
        more.then_some((start + skipped, is_last))
    };
    let Some((header, is_last)) = next(&mut record) else {
        source.problems.push(
            Diagnostic::new(
                "E0412",
                source.declared.path.span,
                format!("`{}` is empty, so its columns are not known", source.path),
            )
            .help("its first line names the columns, such as `upn,tier`"),
        );
        return None;
    };
    if is_last && is_unclosed(source, header) {
        return None;
    }
    let mut table = columns(source, &record, header)?;
    let key = table.key();
    let width = record.len();
    // Where each row begins.
    let mut starts: Vec<u32> = Vec::new();
    while let Some((start, is_last)) = next(&mut record) {
        if is_last && is_unclosed(source, start) {
            break;
        }
        if record.len() != width {
            if record.len() == 1 && record.get(0).is_some_and(|cell| cell.trim().is_empty()) {
                continue;
            }
            source.report(|source| ragged(record.len(), width, source.line(start)));
            continue;
        }
        if record.get(key).is_none_or(|key| key.trim().is_empty()) {
            source.report(|source| source.without_key(source.cell(start, key)));
            continue;
        }
        for (column, cell) in record.iter().enumerate() {
            table.fill(column, Cell::Text(cell.trim()));
        }
        if let Some(first) = table.end_row() {
            let first = usize::try_from(first).ok().and_then(|row| starts.get(row));
            source.report(|source| {
                let first = first.map(|start| source.cell(*start as usize, key));
                let shown = record.get(key).unwrap_or_default().trim();
                source.twice(shown, source.cell(start, key), first)
            });
        }
        starts.push(u32::try_from(start).unwrap_or(u32::MAX));
    }
    Some(table)
}

/// A table with the columns of the header.
fn columns(source: &mut Source<'_>, header: &StringRecord, start: usize) -> Option<Table> {
    if header.len() > MOST_COLUMNS {
        source.problems.push(
            Diagnostic::new(
                "E0412",
                source.line(start),
                format!(
                    "this table has {} columns, and {MOST_COLUMNS} is the most",
                    header.len()
                ),
            )
            .help("leave out the columns that no rule reads"),
        );
        return None;
    }
    let names: Vec<&str> = header.iter().map(str::trim).collect();
    let mut known: HashMap<&str, (usize, Span)> = HashMap::new();
    for (column, (name, written)) in names.iter().zip(cells(source.text, start)).enumerate() {
        let at = source.trimmed(written.range);
        if name.is_empty() {
            source.report(|_| {
                Diagnostic::new("E0412", at, "a column without a name")
                    .help("name it, or remove the column")
            });
        } else if let Some((_, first)) = known.insert(name, (column, at)) {
            source.report(|_| {
                Diagnostic::new("E0412", at, format!("the column `{name}` stands twice"))
                    .also(first, "the first one")
                    .help("give one of them another name")
            });
        }
    }
    let Some((key, _)) = known.get(source.declared.key.text.as_str()) else {
        if source.problems.is_empty() {
            let problem = source.no_key_column(&names, Some(source.line(start)));
            source.problems.push(problem);
        }
        return None;
    };
    Some(Table::new(
        &source.declared.name.text,
        source.declared.nocase,
        &names,
        *key,
    ))
}

fn ragged(cells: usize, columns: usize, at: Span) -> Diagnostic {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    Diagnostic::new(
        "E0408",
        at,
        format!(
            "this row has {cells} cell{}, but the header has {columns} column{}",
            plural(cells),
            plural(columns)
        ),
    )
    .help(if cells > columns {
        "a cell that has a comma in it stands in quotes: `\"a, b\"`"
    } else {
        "a cell without a value is left empty, with its comma: `a,,c`"
    })
}

/// Whether a quote in the last row is never closed, which is reported: it takes the rest of the file.
fn is_unclosed(source: &mut Source<'_>, start: usize) -> bool {
    let Some(open) = cells(source.text, start).find(|cell| !cell.closed) else {
        return false;
    };
    source.report(|source| {
        Diagnostic::new(
            "E0408",
            place(source.file, open.range.start, 1),
            "this quote is never closed, so the cell goes on to the end of the file",
        )
        .help("close it; a quote within a quoted cell is written twice: `\"a \"\"b\"\" c\"`")
    });
    true
}

impl Source<'_> {
    /// The line at an offset.
    fn line(&self, start: usize) -> Span {
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        place(self.file, start, line.len())
    }

    /// A cell of the row at an offset.
    fn cell(&self, start: usize, number: usize) -> Span {
        match cells(self.text, start).nth(number) {
            Some(cell) => self.trimmed(cell.range),
            None => self.line(start),
        }
    }

    /// A range without the white space at its ends.
    fn trimmed(&self, range: Range<usize>) -> Span {
        let written = self.text.get(range.clone()).unwrap_or_default();
        let before = written.len() - written.trim_start().len();
        place(self.file, range.start + before, written.trim().len())
    }
}

/// Where a cell is written, quotes included.
struct Written {
    range: Range<usize>,
    /// Its quote, if it has one, has an end.
    closed: bool,
}

/// The cells of the row at an offset.
fn cells(text: &str, start: usize) -> impl Iterator<Item = Written> {
    let bytes = text.as_bytes();
    let mut next = Some(start);
    std::iter::from_fn(move || {
        let from = next?;
        let mut at = from;
        let mut closed = true;
        if bytes.get(at) == Some(&b'"') {
            closed = false;
            at += 1;
            while let Some(byte) = bytes.get(at) {
                at += 1;
                if *byte == b'"' {
                    if bytes.get(at) != Some(&b'"') {
                        closed = true;
                        break;
                    }
                    at += 1;
                }
            }
        }
        while bytes
            .get(at)
            .is_some_and(|byte| !matches!(byte, b',' | b'\r' | b'\n'))
        {
            at += 1;
        }
        next = (bytes.get(at) == Some(&b',')).then_some(at + 1);
        Some(Written {
            range: from..at,
            closed,
        })
    })
}

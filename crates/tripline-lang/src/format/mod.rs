//! The canonical form of a rule file. The text's tokens, comments among them, are put into rows
//! (`rows`: one for each statement, comment and closing brace), rows that belong together are
//! aligned, and each row is laid out on one line or broken over several (`layout`).
//!
//! INVARIANT: no token is added, dropped or reordered but the comma after a list's last entry, so
//! a formatted file means what it meant and has all its comments; formatting it again changes
//! nothing. Where the input breaks its lines does not matter, except for blank lines and for
//! which comments stand on lines of their own.

mod layout;
mod rows;

#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::parse::parse;
use crate::source::FileId;
use layout::Writer;
use rows::{Kind, Row};

/// The columns that a line should fit in.
pub const LINE_LIMIT: usize = 100;

/// How much deeper a block stands than what holds it.
const INDENT: usize = 2;

/// The canonical form of a rule file.
///
/// # Errors
/// The diagnostics of a text that does not read; it is not formatted.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (_, problems) = parse(file, text);
    if !problems.is_empty() {
        return Err(problems);
    }
    let rows = rows::rows(text);
    let blanks = blank_lines(&rows);
    let widths = cell_widths(&rows, &blanks);
    let mut writer = Writer::default();
    for ((row, blank), widths) in rows.iter().zip(blanks).zip(widths) {
        writer.row(row, blank, &widths);
    }
    Ok(writer.finish())
}

/// Before which rows a blank line stands: where one stood, but not beside the braces of a block;
/// and between declarations always, except among lists, tables and constants.
fn blank_lines(rows: &[Row]) -> Vec<bool> {
    let mut blanks = Vec::with_capacity(rows.len());
    // The declaration that ended before this row, until its blank line is placed.
    let mut ended: Option<Kind> = None;
    let mut before: Option<&Row> = None;
    for (index, row) in rows.iter().enumerate() {
        let after_opening = before.is_some_and(Row::opens);
        let blank = match before {
            None => false,
            Some(_) if after_opening || row.closes() => false,
            Some(_) if row.depth == 0 => {
                let next = rows
                    .iter()
                    .skip(index)
                    .find(|row| row.kind != Kind::Comment)
                    .map(|row| row.kind);
                let apart = match (ended.take(), next) {
                    (Some(ended), Some(next)) => !(ended.is_plain() && next.is_plain()),
                    _ => false,
                };
                row.blank_before || apart
            }
            Some(_) => row.blank_before,
        };
        blanks.push(blank);
        if row.depth == 0 && row.kind != Kind::Comment && !row.opens() {
            ended = Some(row.kind);
        }
        before = Some(row);
    }
    blanks
}

/// How wide each row's cells are to be: as the widest of its run, which is every row beside it of
/// the same kind with nothing between.
fn cell_widths(rows: &[Row], blanks: &[bool]) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = Vec::with_capacity(rows.len());
    let mut run: Vec<usize> = Vec::new();
    let mut run_start = 0;
    let mut last: Option<(Kind, usize)> = None;
    let close = |widths: &mut Vec<Vec<usize>>, run: &mut Vec<usize>, start: usize, end: usize| {
        widths.extend((start..end).map(|_| run.clone()));
        run.clear();
    };
    for (index, (row, blank)) in rows.iter().zip(blanks).enumerate() {
        let same = last == Some((row.kind, row.depth)) && !blank && row.kind.is_aligned();
        if !same {
            close(&mut widths, &mut run, run_start, index);
            run_start = index;
        }
        for (at, width) in row.cell_widths().into_iter().enumerate() {
            match run.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => run.push(width),
            }
        }
        last = Some((row.kind, row.depth));
    }
    close(&mut widths, &mut run, run_start, rows.len());
    widths
}

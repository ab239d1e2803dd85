//! Detections on standard output, in the format asked for. Each is written as it comes; none is kept.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use serde_json::Value;
use tripline_engine::Detection;

use super::pretty;
use super::table::Table;
use super::text::Paint;
use crate::exit::Failure;

/// How detections are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line, for programs
    Ndjson,
    /// One block a detection, for a person
    Pretty,
    /// One line a detection, fitted to the terminal
    Table,
    /// Comma-separated values with a header line; key, events and fields are JSON in one column each
    Csv,
}

impl Format {
    /// `pretty` on a terminal, `ndjson` everywhere else.
    pub(crate) fn for_stdout() -> Format {
        if std::io::stdout().is_terminal() {
            Format::Pretty
        } else {
            Format::Ndjson
        }
    }
}

/// Writes detections in one format.
pub(crate) enum Printer {
    /// See [`Format::Ndjson`].
    Ndjson,
    /// See [`Format::Pretty`].
    Pretty(Paint, Option<usize>),
    /// See [`Format::Table`].
    Table(Table),
    /// See [`Format::Csv`].
    Csv,
}

/// The columns of CSV. Scripts count on their order; a new one goes last.
const COLUMNS: [&str; 12] = [
    "id",
    "rule",
    "rule_id",
    "title",
    "severity",
    "tactics",
    "techniques",
    "time",
    "key",
    "fields",
    "events",
    "excluded_by",
];

impl Printer {
    /// For this format and a line of this width, if it has one. `longest_rule` is the length of the longest name of a rule.
    pub(crate) fn new(
        format: Format,
        paint: Paint,
        width: Option<usize>,
        longest_rule: usize,
    ) -> Printer {
        match format {
            Format::Ndjson => Printer::Ndjson,
            Format::Pretty => Printer::Pretty(paint, width),
            Format::Table => Printer::Table(Table::new(paint, longest_rule)),
            Format::Csv => Printer::Csv,
        }
    }

    /// Writes what comes before the first detection.
    pub(crate) fn begin(&self, out: &mut Vec<u8>) -> Result<(), Failure> {
        match self {
            Printer::Ndjson | Printer::Pretty(..) => Ok(()),
            Printer::Table(table) => {
                table.begin(out);
                Ok(())
            }
            Printer::Csv => row(COLUMNS.iter().map(|column| (*column).to_owned()), out),
        }
    }

    /// Writes a detection.
    pub(crate) fn detection(
        &self,
        detection: &Detection<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        match self {
            Printer::Ndjson => {
                serde_json::to_writer(&mut *out, detection).map_err(unwritable)?;
                out.push(b'\n');
                Ok(())
            }
            Printer::Pretty(paint, width) => {
                let json = serde_json::to_value(detection).map_err(unwritable)?;
                out.extend_from_slice(pretty::block(detection, &json, *paint, *width).as_bytes());
                Ok(())
            }
            Printer::Table(table) => {
                let json = serde_json::to_value(detection).map_err(unwritable)?;
                table.detection(detection, &json, out);
                Ok(())
            }
            Printer::Csv => {
                let json = serde_json::to_value(detection).map_err(unwritable)?;
                row(COLUMNS.iter().map(|column| cell(&json, column)), out)
            }
        }
    }
}

/// A cell: texts as they are, lists of texts joined by `;`, objects as JSON.
fn cell(detection: &Value, column: &str) -> String {
    match detection.get(column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(";"),
        Some(other) => other.to_string(),
    }
}

/// A row of CSV.
fn row(cells: impl Iterator<Item = String>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(&mut *out);
    writer
        .write_record(cells)
        .map_err(|error| Failure::System(format!("cannot write CSV: {error}")))?;
    writer.flush().map_err(Failure::Output)?;
    Ok(())
}

/// Memory takes everything; what remains is a detection that is no JSON.
fn unwritable(error: serde_json::Error) -> Failure {
    Failure::System(format!("cannot write a detection as JSON: {error}"))
}

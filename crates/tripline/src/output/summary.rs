//! The end of a run: a summary for a person on standard error, the same as JSON for a program.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{DecimalBytes, HumanCount};
use serde::Serialize;
use tripline_engine::{RuleSet, RuleStats, Stats};

use super::advice::{Limits, advice};
use super::filter::FilterCounts;
use super::ledger::Ledger;
use super::text::harmless;
use crate::exit::Failure;

/// What a run came to.
#[derive(Serialize)]
pub(crate) struct Summary<'a> {
    /// Ctrl-C ended it before the inputs did.
    pub(crate) interrupted: bool,
    /// A later run can go on from here.
    #[serde(skip)]
    pub(crate) kept: bool,
    /// Whoever read standard output went away, which ended it before the inputs did.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) output_closed: bool,
    /// How long it took.
    #[serde(rename = "elapsed_seconds", serialize_with = "seconds")]
    pub(crate) elapsed: Duration,
    /// Inputs that were read, wholly or in part.
    pub(crate) inputs: u64,
    /// Bytes of records, decompressed.
    pub(crate) bytes: u64,
    /// Bytes as stored.
    pub(crate) stored_bytes: u64,
    /// The inputs that could not be read, or not to their end.
    pub(crate) input_errors: Vec<InputError<'a>>,
    /// The first records that could not be used.
    #[serde(skip)]
    pub(crate) troubles: &'a [String],
    /// What became of the records.
    #[serde(flatten)]
    pub(crate) outcome: Outcome<'a>,
}

/// An input that could not be read.
#[derive(Serialize)]
pub(crate) struct InputError<'a> {
    file: &'a str,
    error: &'a str,
}

/// What became of the records.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Outcome<'a> {
    /// They were correlated.
    Correlated {
        /// The engine's counters.
        #[serde(flatten)]
        stats: Stats,
        /// Detections that annotated no record, because no single record completed them.
        #[serde(skip_serializing_if = "Option::is_none")]
        unattached_detections: Option<u64>,
        /// Of the records out of range, those that are dated too far ahead.
        dated_ahead: u64,
        /// What the counters are judged by.
        #[serde(skip)]
        limits: Limits,
    },
    /// They were filtered.
    Filtered {
        /// Records by fate.
        records: &'a FilterCounts,
        /// Each filter and how many records it dropped.
        filters: Vec<FilterCount<'a>>,
    },
}

/// What a filter did.
#[derive(Serialize)]
pub(crate) struct FilterCount<'a> {
    name: &'a str,
    dropped: u64,
}

impl<'a> Summary<'a> {
    /// Of this account.
    pub(crate) fn new(
        ledger: &'a Ledger,
        elapsed: Duration,
        interrupted: bool,
        output_closed: bool,
        outcome: Outcome<'a>,
    ) -> Summary<'a> {
        let input_errors = ledger
            .failures
            .iter()
            .map(|(file, error)| InputError { file, error });
        Summary {
            interrupted,
            kept: false,
            output_closed,
            elapsed,
            inputs: ledger.inputs,
            bytes: ledger.bytes,
            stored_bytes: ledger.stored,
            input_errors: input_errors.collect(),
            troubles: &ledger.troubles,
            outcome,
        }
    }

    /// Writes it as JSON.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |source| Failure::File {
            doing: "cannot write",
            path: path.display().to_string(),
            source,
        };
        let mut json = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        json.push(b'\n');
        fs::write(path, json).map_err(failed)
    }

    /// As text for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for trouble in self.troubles {
            let _ = writeln!(text, "{}", harmless(trouble));
        }
        let named = self.troubles.len() as u64;
        let unnamed = self.unusable().saturating_sub(named);
        if unnamed > 0 {
            let _ = writeln!(text, "and {} more", HumanCount(unnamed));
        }
        text.push_str(&self.errors());
        if self.interrupted {
            let state = if self.kept {
                "; the state is kept, and the same command goes on from there"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "interrupted: what follows is of the part that was read{state}"
            );
        }
        match &self.outcome {
            Outcome::Correlated {
                stats,
                unattached_detections,
                dated_ahead,
                limits,
            } => {
                Self::correlated(&mut text, stats, *unattached_detections, *dated_ahead);
                text.push_str(&advice(stats, *dated_ahead, *limits));
                self.pace(&mut text, stats.records.total());
            }
            Outcome::Filtered { records, filters } => self.filtered(&mut text, records, filters),
        }
        text
    }

    /// The inputs that could not be read, one a line.
    pub(crate) fn errors(&self) -> String {
        let line = |error: &InputError<'_>| {
            format!("{}: {}\n", harmless(error.file), harmless(error.error))
        };
        self.input_errors.iter().map(line).collect()
    }

    /// How many records could not be used: unparsable, without a time, or dated too far ahead.
    fn unusable(&self) -> u64 {
        match &self.outcome {
            Outcome::Correlated {
                stats, dated_ahead, ..
            } => stats.records.unparsable + stats.records.no_time + dated_ahead,
            Outcome::Filtered { records, .. } => records.unparsable,
        }
    }

    fn correlated(text: &mut String, stats: &Stats, unattached: Option<u64>, ahead: u64) {
        let records = &stats.records;
        let mut table = table();
        row(&mut table, "records", records.total(), "");
        for (name, count) in [
            ("processed", records.processed),
            ("not accepted", records.not_accepted),
            ("unparsable", records.unparsable),
            ("no time", records.no_time),
            ("too late", records.too_late),
            ("duplicate", records.duplicate),
            ("out of range", records.out_of_range),
        ] {
            row(&mut table, &format!("  {name}"), count, "");
        }
        if ahead > 0 {
            row(&mut table, "    dated ahead", ahead, "");
        }
        let (busy, idle): (Vec<_>, Vec<_>) = stats
            .rules
            .iter()
            .partition(|rule| rule.steps.iter().any(|(_, events)| *events > 0));
        for rule in busy {
            rule_rows(&mut table, rule);
        }
        if !idle.is_empty() {
            row(&mut table, "rules without an event", idle.len() as u64, "");
        }
        if let Some(unattached) = unattached.filter(|count| *count > 0) {
            row(&mut table, "detections on no record", unattached, "");
        }
        row(&mut table, "evicted", stats.evicted, "events");
        let peak = DecimalBytes(stats.peak_state_bytes as u64).to_string();
        cells(&mut table, ["peak state", &peak, ""]);
        let _ = writeln!(text, "{table}");
    }

    fn filtered(&self, text: &mut String, records: &FilterCounts, filters: &[FilterCount<'_>]) {
        let mut table = table();
        row(&mut table, "records", records.passed + records.dropped, "");
        row(&mut table, "  passed", records.passed, "");
        row(&mut table, "    tagged", records.tagged, "");
        row(&mut table, "    not accepted", records.not_accepted, "");
        row(&mut table, "    unparsable", records.unparsable, "");
        row(&mut table, "  dropped", records.dropped, "");
        for filter in filters {
            row(
                &mut table,
                &format!("    by {}", filter.name),
                filter.dropped,
                "",
            );
        }
        let _ = writeln!(text, "{table}");
        self.pace(text, records.passed + records.dropped);
    }

    /// How much was read, and how fast.
    fn pace(&self, text: &mut String, records: u64) {
        let seconds = self.elapsed.as_secs_f64().max(1e-9);
        let mega = |bytes: u64| bytes as f64 / 1e6;
        let stored = if self.stored_bytes == self.bytes {
            String::new()
        } else {
            format!(" ({:.1} MB as stored)", mega(self.stored_bytes))
        };
        let inputs = if self.inputs == 1 { "input" } else { "inputs" };
        let _ = writeln!(
            text,
            "{} {inputs}, {:.1} MB{stored} in {seconds:.2} s: {:.0} MB/s, {} records/s",
            self.inputs,
            mega(self.bytes),
            mega(self.bytes) / seconds,
            HumanCount((records as f64 / seconds) as u64),
        );
    }
}

/// Each filter with its count.
pub(crate) fn filter_counts<'a>(rules: &'a RuleSet, counts: &FilterCounts) -> Vec<FilterCount<'a>> {
    let dropped = counts.by_filter.iter().copied().chain(std::iter::repeat(0));
    rules
        .filters()
        .zip(dropped)
        .map(|(name, dropped)| FilterCount { name, dropped })
        .collect()
}

fn table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// What a rule found. Exclusions and irregularities that did not occur take no lines of their own; the
/// JSON has them all.
fn rule_rows(table: &mut Table, rule: &RuleStats) {
    row(table, &rule.name, rule.detections, "detections");
    for (step, events) in &rule.steps {
        row(table, &format!("  {step}"), *events, "events");
    }
    let (used, unused): (Vec<_>, Vec<_>) = rule
        .exclusions
        .iter()
        .partition(|(_, matches)| *matches > 0);
    for (exclusion, matches) in used {
        row(
            table,
            &format!("  excluded by \"{}\"", harmless(exclusion)),
            *matches,
            "matches",
        );
    }
    if !unused.is_empty() {
        row(
            table,
            "  exclusions without a match",
            unused.len() as u64,
            "",
        );
    }
    for (name, count) in [
        ("  without a key", rule.no_key),
        ("  evicted", rule.evicted),
        ("  searched in part", rule.search_limited),
        ("  not known before", rule.unknown_before),
    ] {
        if count > 0 {
            row(table, name, count, "events");
        }
    }
}

fn row(table: &mut Table, name: &str, count: u64, unit: &str) {
    cells(table, [name, &HumanCount(count).to_string(), unit]);
}

fn cells(table: &mut Table, cells: [&str; 3]) {
    table.add_row(cells);
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn seconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(elapsed.as_secs_f64())
}

//! The arguments of `tripline run`, and which of them go together.

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use clap::ValueEnum;
use tripline_engine::Emission;

use crate::exit::Failure;
use crate::output::detections::Format;
use crate::units::{self, Emit};

/// Run rules over log records
///
/// Reads records from files, from the log files in folders (.json, .ndjson, .jsonl, .log, .txt, also
/// with .gz or .zst), or from standard input if nothing or `-` is named. A record a line, JSON arrays, envelopes
/// such as {"records":[...]} and whole JSON documents are told apart by their content, and so is gzip and zstd
/// compression.
///
/// Detections go to standard output; the summary, like everything for a person, goes to standard
/// error.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline run --rules rules/entra signins.ndjson
  tripline run --rules rules/entra --format pretty exported/ | less -R
  zcat day.ndjson.gz | tripline run --rules rules/entra --emit early
  tripline run --rules rules/entra --mode annotate day.ndjson > annotated.ndjson
  tripline run --rules rules/entra --rules local.trip -q --fail-on detection day.ndjson
  tripline run --rules rules/entra --state aitm.state --output found.ndjson exported/
  collect | tripline run --rules rules/entra --emit early --state aitm.state --watch-rules

Modes:
  detections  One object a detection, with exactly the members id, rule, rule_id,
              title, severity, tactics, techniques, time, key, events, fields,
              excluded_by.
  annotate    The input, byte for byte, where a record that completes a detection
              as it arrives, or that a filter tags, gains a last member
              \"tripline\": {\"detections\": [...], \"tags\": [...]}. A record that has
              such a member already gains a second one; JSON readers take the last.
  filter      The records that the rule set's filters pass, one a line; tagged ones
              gain \"tripline\": {\"tags\": [...]}. What cannot be read, and what no
              filter is about, passes.")]
pub(crate) struct Arguments {
    /// A rule file or a folder of rule files; may be given several times
    #[arg(long, value_name = "PATH", required = true)]
    pub(super) rules: Vec<PathBuf>,

    /// What to read; `-` is standard input
    #[arg(value_name = "FILE|DIR|-")]
    pub(super) inputs: Vec<PathBuf>,

    /// What to write
    #[arg(long, value_enum, default_value_t = Mode::Detections)]
    pub(super) mode: Mode,

    /// How to write detections [default: pretty on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub(super) format: Option<Format>,

    /// When a detection is given [default: final; early with --mode annotate]
    #[arg(long, value_enum, value_name = "WHEN")]
    pub(super) emit: Option<Emit>,

    /// How much later than the newest event an event may arrive and still be correlated
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = units::duration)]
    pub(super) lateness: Duration,

    /// Only events from this instant (RFC 3339) or day (UTC) on
    #[arg(long, value_name = "INSTANT", value_parser = units::instant)]
    pub(super) since: Option<i64>,

    /// Only events before this instant (RFC 3339) or day (UTC)
    #[arg(long, value_name = "INSTANT", value_parser = units::instant)]
    pub(super) until: Option<i64>,

    /// Which fields of its events a detection has: all that the schema declares, or those that the rule
    /// uses
    #[arg(long, value_enum, default_value_t = Fields::Declared, value_name = "WHICH")]
    pub(super) event_fields: Fields,

    /// Write the matches that exclusions suppress too, with the exclusions' names
    #[arg(long)]
    pub(super) show_excluded: bool,

    /// How much state is kept; beyond it the oldest is dropped and counted as evicted
    #[arg(long, value_name = "MEMORY", default_value = "512MB", value_parser = units::bytes)]
    pub(super) max_state: usize,

    /// The longest record that is read; longer ones are counted as unparsable
    #[arg(long, value_name = "MEMORY", default_value = "64MiB", value_parser = units::bytes)]
    pub(super) max_record: usize,

    /// How many threads work; the results do not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub(super) threads: usize,

    /// How far ahead of this machine's clock an event may be dated; what is dated further ahead takes no
    /// part, because it would make all that follow too late. `off` lets everything in [default: 1d]
    #[arg(long, value_name = "TIME|off", value_parser = units::skew)]
    pub(super) max_skew: Option<units::Skew>,

    /// Keep the state in this file, and go on from it: what the rules remember, the place in every
    /// input, and how far --output and --dead-letter were written. A run that is interrupted or
    /// killed is gone on with by the same command
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,

    /// How often the state is written
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::duration, requires = "state")]
    pub(super) state_every: Duration,

    /// Look for edited rules and lists during the run, and go on with them within this time; those in
    /// error are told and change nothing
    #[arg(
        long,
        value_name = "TIME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10s",
        value_parser = units::duration
    )]
    pub(super) watch_rules: Option<Duration>,

    /// Write to this file instead of standard output. With --state it is exact over a kill: nothing in it
    /// is missing or twice, unless an input is a stream
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Write the records that could not be used (unparsable, no time, too late, dated ahead) to this file, as
    /// lines {"file", "line", "reason", "record"}; record_base64 instead of record if it is no UTF-8. No file
    /// that is written may be an input
    #[arg(long, value_name = "FILE")]
    pub(super) dead_letter: Option<PathBuf>,

    /// Write the summary to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) stats: Option<PathBuf>,

    /// No progress bar, no warnings about the rules, no summary; errors are still written
    #[arg(long, short)]
    pub(super) quiet: bool,

    /// End with status 3 if this happened: a detection (no exclusion suppressed it), or an event that was
    /// dropped because of a limit; may be given several times
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    pub(super) fail_on: Vec<FailOn>,

    /// The day (UTC) by which exclusions expire, for repeatable runs [default: today]
    #[arg(long, value_name = "DATE", value_parser = units::day)]
    pub(super) today: Option<NaiveDate>,
}

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Detections
    Detections,
    /// Every record, with the detections it completes
    Annotate,
    /// The records that the filters pass
    Filter,
}

/// Which fields of its events a detection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Fields {
    /// All that the schema declares
    Declared,
    /// Those that the rule uses
    Used,
}

/// What ends a run with status 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// A detection that no exclusion suppressed
    Detection,
    /// An event that was dropped because of a limit
    Eviction,
}

impl Arguments {
    /// When detections are given; refuses what does not go together.
    pub(super) fn emission(&self) -> Result<Emission, Failure> {
        let chosen = |option: &str, given: bool| given.then(|| option.to_owned());
        let idle: Vec<String> = match self.mode {
            Mode::Detections => Vec::new(),
            Mode::Annotate => [
                chosen("--format", self.format.is_some()),
                chosen("--show-excluded", self.show_excluded),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Mode::Filter => [
                chosen("--format", self.format.is_some()),
                chosen("--show-excluded", self.show_excluded),
                chosen("--emit", self.emit.is_some()),
                chosen("--max-skew", self.max_skew.is_some()),
                chosen("--state", self.state.is_some()),
                chosen("--since", self.since.is_some()),
                chosen("--until", self.until.is_some()),
                chosen("--fail-on", !self.fail_on.is_empty()),
            ]
            .into_iter()
            .flatten()
            .collect(),
        };
        if let Some(option) = idle.first() {
            let mode = self
                .mode
                .to_possible_value()
                .map(|mode| mode.get_name().to_owned());
            let mode = mode.unwrap_or_default();
            return Err(Failure::Usage(format!(
                "{option} has no meaning with --mode {mode}"
            )));
        }
        match (self.mode, self.emit) {
            (Mode::Annotate, Some(Emit::Final)) => Err(Failure::Usage(
                "--mode annotate cannot be used with --emit final: a record is written as it arrives, and \
                 what is final is known only when the lateness has passed"
                    .to_owned(),
            )),
            (Mode::Annotate, _) | (_, Some(Emit::Early)) => Ok(Emission::Early),
            (_, Some(Emit::Final) | None) => Ok(Emission::Final),
        }
    }

    /// How detections are written.
    pub(super) fn format(&self) -> Format {
        self.format.unwrap_or_else(|| match self.output {
            Some(_) => Format::Ndjson,
            None => Format::for_stdout(),
        })
    }

    /// What is written, in words: a state is not gone on with by a run that writes something else.
    pub(super) fn written_as(&self) -> String {
        let name = |value: Option<clap::builder::PossibleValue>| {
            value.map(|value| value.get_name().to_owned())
        };
        let mode = name(self.mode.to_possible_value()).unwrap_or_default();
        match (self.mode, &self.output) {
            (Mode::Detections, Some(_)) => {
                let format = name(self.format().to_possible_value()).unwrap_or_default();
                format!("{mode} as {format}")
            }
            _ => mode,
        }
    }

    /// The event times that take part.
    pub(super) fn range(&self) -> Result<std::ops::Range<i64>, Failure> {
        let range = self.since.unwrap_or(i64::MIN)..self.until.unwrap_or(i64::MAX);
        if range.is_empty() {
            return Err(Failure::Usage("--since must lie before --until".to_owned()));
        }
        Ok(range)
    }
}

/// A number of threads.
fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=64) => Ok(threads),
        _ => Err("it must be a number from 1 to 64".to_owned()),
    }
}

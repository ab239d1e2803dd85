//! `tripline check`: what is wrong with a rule set, without running it.

use std::io::{self, Write};
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::ValueEnum;
use tripline_engine::lang::diagnostic::Severity;

use crate::exit::{Failure, Status};
use crate::output;
use crate::rules::{self, ReportFormat};
use crate::units;

/// Check rules without running them
///
/// Reads every rule file under the paths, as `run` would, and writes every problem of every file to
/// standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline check rules/
  tripline check --format short rules/entra/*.trip
  tripline check --format json --deny warnings rules/

Exit status: 0 if the rules can be run, 2 if there is an error (or a warning, with --deny warnings).")]
pub(crate) struct Arguments {
    /// A rule file or a folder of rule files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// How problems are written
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,

    /// Take these as errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,

    /// The day (UTC) by which exclusions expire [default: today]
    #[arg(long, value_name = "DATE", value_parser = units::day)]
    today: Option<NaiveDate>,
}

/// What can be taken as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
}

/// Checks.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let loaded = rules::load(
        &arguments.paths,
        arguments.today.unwrap_or_else(rules::today),
    );
    let shown = loaded.shown(arguments.format, output::coloured(&io::stdout()));
    let mut to = io::stdout();
    to.write_all(shown.as_bytes())
        .and_then(|()| to.flush())
        .map_err(Failure::Output)?;

    let (errors, warnings) = (
        loaded.count(Severity::Error),
        loaded.count(Severity::Warning),
    );
    if arguments.format == ReportFormat::Text {
        let what = match &loaded.checked {
            Some(checked) => {
                let parts = [
                    number(checked.rules.len(), "rule"),
                    number(checked.schemas.len(), "schema"),
                    number(checked.filters.len(), "filter"),
                    number(checked.tests.len(), "test"),
                ];
                format!("{}: ", parts.join(", "))
            }
            None => String::new(),
        };
        let said = format!(
            "{what}{}, {}\n",
            number(errors, "error"),
            number(warnings, "warning")
        );
        let _ = io::stderr().write_all(said.as_bytes());
    }
    let denied = arguments.deny == Some(Deny::Warnings) && warnings > 0;
    Ok(if errors > 0 || denied {
        Status::InError
    } else {
        Status::Ran
    })
}

/// A number of things.
fn number(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

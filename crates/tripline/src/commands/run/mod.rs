//! `tripline run`: rules over records. Loads the rules, opens the outputs, drives the inputs through,
//! and sums up.

mod arguments;
mod outputs;

use std::io::{self, Write as _};
use std::time::Instant;

use tripline_engine::{Engine, EventFields, Options, RuleSet};

pub(crate) use arguments::Arguments;
use arguments::{FailOn, Fields, Mode};

use crate::exit::{Failure, Status};
use crate::input::{self, Clock, Feed, Reading};
use crate::interrupt::Interrupt;
use crate::output::advice::Limits;
use crate::output::annotate::Annotations;
use crate::output::dead_letter::DeadLetter;
use crate::output::detections::{Format, Printer};
use crate::output::ledger::Ledger;
use crate::output::paint_stdout;
use crate::output::progress::Progress;
use crate::output::stdout::Out;
use crate::output::summary::{Outcome, Summary, filter_counts};
use crate::pipeline;
use crate::pipeline::completion::Completion;
use crate::pipeline::correlation::{Correlate, Report, Scan};
use crate::pipeline::filtering::{Pass, Sieve};
use crate::rules;

/// Everything that a run is made of, whatever its mode.
struct Run<'a> {
    arguments: &'a Arguments,
    rules: RuleSet,
    completion: Option<Box<Completion>>,
    options: Options,
    feed: Feed,
    ledger: Ledger,
    out: Out,
    progress: Progress,
    interrupt: Interrupt,
    started: Instant,
}

/// Runs.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let started = Instant::now();
    let today = arguments.today.unwrap_or_else(rules::today);
    let mut options = Options::new(today);
    options.emission = arguments.emission()?;
    options.range = arguments.range()?;
    options.lateness = arguments.lateness;
    options.max_state = arguments.max_state;

    let loaded = rules::load(&arguments.rules, today);
    let Some(checked) = &loaded.checked else {
        loaded.report();
        return Ok(Status::InError);
    };
    if !arguments.quiet {
        loaded.report();
    }
    let interrupt = Interrupt::on_ctrl_c()?;
    let (inputs, empty) = input::inputs(&arguments.inputs);
    outputs::keep_apart(arguments, &inputs)?;
    if !arguments.quiet {
        for folder in empty {
            let _ = writeln!(
                anstream::stderr(),
                "{}: holds no log files",
                folder.display()
            );
        }
    }
    // All declared fields are shown, but where a record can be read again they need not be kept.
    let declared = arguments.mode == Mode::Detections && arguments.event_fields == Fields::Declared;
    let (rules, completion) = if declared && !input::will_be_mapped(&inputs) {
        (RuleSet::compile(checked, EventFields::Declared), None)
    } else {
        let rules = RuleSet::compile(checked, EventFields::Used);
        let completion = declared.then(|| {
            let all = rules.with_event_fields(checked, EventFields::Declared);
            Box::new(Completion::new(all))
        });
        (rules, completion)
    };
    let progress = if arguments.quiet {
        Progress::none()
    } else {
        Progress::new(&inputs)
    };
    let dead_letter = arguments
        .dead_letter
        .as_deref()
        .map(DeadLetter::create)
        .transpose()?;
    // What is written record by record keeps the order of the inputs.
    let reading = match arguments.mode {
        Mode::Detections => Reading::SideBySide(Clock::new(&rules)),
        Mode::Annotate => Reading::InTurnBy(Clock::new(&rules)),
        Mode::Filter => Reading::InTurn,
    };
    let run = Run {
        arguments,
        rules,
        completion,
        options,
        feed: Feed::new(inputs, arguments.max_record, interrupt.clone(), reading),
        ledger: Ledger::new(dead_letter, arguments.max_record),
        out: Out::new(progress.clone()),
        progress: progress.clone(),
        interrupt,
        started,
    };
    // Whatever happens, the terminal is left without a half-drawn bar.
    let status = match arguments.mode {
        Mode::Filter => run.filter(),
        Mode::Detections | Mode::Annotate => run.correlate(),
    };
    progress.end();
    status
}

impl Run<'_> {
    /// The modes that correlate.
    fn correlate(self) -> Result<Status, Failure> {
        let annotate = self.arguments.mode == Mode::Annotate;
        let origins = self.completion.is_some();
        let report = if annotate {
            Report::Annotate(Annotations::default())
        } else {
            let longest = self
                .rules
                .rules()
                .iter()
                .map(|rule| rule.name.chars().count())
                .max();
            let format = self.arguments.format.unwrap_or_else(Format::for_stdout);
            Report::Print {
                printer: Printer::new(format, paint_stdout(), longest.unwrap_or(0)),
                excluded: self.arguments.show_excluded,
                completion: self.completion,
            }
        };
        let engine = Engine::new(self.rules.clone(), self.options);
        let mut consumer =
            Correlate::new(engine, report, self.ledger, self.out, self.progress.clone());
        let rules = &self.rules;
        let worker = || Scan::new(rules, annotate, origins);
        let threads = self.arguments.threads;
        let run = consumer
            .begin()
            .and_then(|()| pipeline::run(self.feed, threads, worker, &mut consumer));
        unless_closed(run)?;
        let correlated = consumer.finish()?;
        self.progress.end();

        let mut stats = correlated.engine.stats().clone();
        // The engine never saw what was too long to be read.
        stats.records.unparsable += correlated.ledger.too_long;
        stats.watermark = correlated.watermark;
        let evicted = stats.evicted;
        let interrupted = self.interrupt.is_set();
        let outcome = Outcome::Correlated {
            stats,
            unattached_detections: annotate.then_some(correlated.unattached),
            limits: Limits {
                lateness: self.arguments.lateness,
                max_state: self.arguments.max_state,
            },
        };
        let summary = Summary::new(
            &correlated.ledger,
            self.started.elapsed(),
            interrupted,
            !correlated.written,
            outcome,
        );
        sum_up(self.arguments, &summary)?;
        if summary.output_closed {
            return Ok(Status::Ran);
        }
        let failed_on = self.arguments.fail_on.iter().any(|what| match what {
            FailOn::Detection => correlated.detections > 0,
            FailOn::Eviction => evicted > 0,
        });
        Ok(status(interrupted, &correlated.ledger, failed_on))
    }

    /// The mode that filters.
    fn filter(self) -> Result<Status, Failure> {
        let mut consumer = Pass::new(self.ledger, self.out, self.progress.clone());
        let rules = &self.rules;
        unless_closed(pipeline::run(
            self.feed,
            self.arguments.threads,
            || Sieve::new(rules),
            &mut consumer,
        ))?;
        let (counts, ledger, written) = consumer.finish()?;
        self.progress.end();

        let interrupted = self.interrupt.is_set();
        let outcome = Outcome::Filtered {
            records: &counts,
            filters: filter_counts(&self.rules, &counts),
        };
        let elapsed = self.started.elapsed();
        let summary = Summary::new(&ledger, elapsed, interrupted, !written, outcome);
        sum_up(self.arguments, &summary)?;
        if summary.output_closed {
            return Ok(Status::Ran);
        }
        Ok(status(interrupted, &ledger, false))
    }
}

/// A run that ended because the reader of standard output went away is summed up like any other.
fn unless_closed(run: Result<(), Failure>) -> Result<(), Failure> {
    match run {
        Err(failure) if failure.is_silent() => Ok(()),
        other => other,
    }
}

/// How the run ended.
fn status(interrupted: bool, ledger: &Ledger, failed_on: bool) -> Status {
    if interrupted {
        Status::Interrupted
    } else if !ledger.failures.is_empty() {
        Status::CouldNotRun
    } else if failed_on {
        Status::FailedOn
    } else {
        Status::Ran
    }
}

/// Writes the summary where it is wanted.
fn sum_up(arguments: &Arguments, summary: &Summary<'_>) -> Result<(), Failure> {
    if let Some(path) = &arguments.stats {
        summary.write(path)?;
    }
    // Who closes standard output (`head`) has seen what was wanted.
    let text = if summary.output_closed {
        String::new()
    } else if arguments.quiet {
        summary.errors()
    } else {
        summary.text()
    };
    // A standard error that is gone does not make the run worse.
    let _ = io::stderr().write_all(text.as_bytes());
    Ok(())
}

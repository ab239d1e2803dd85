//! `tripline run`: rules over records. Loads the rules, opens the outputs, drives the inputs through,
//! and sums up.

mod arguments;
mod outputs;
mod resume;

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use tripline_engine::{Engine, Options};

pub(crate) use arguments::Arguments;
use arguments::{FailOn, Fields, Mode};

use crate::exit::{Failure, Status};
use crate::input::{self, Clock, Entry, Feed, Input, Reading};
use crate::interrupt::Interrupt;
use crate::output::advice::Limits;
use crate::output::annotate::Annotations;
use crate::output::dead_letter::DeadLetter;
use crate::output::detections::Printer;
use crate::output::files::Growing;
use crate::output::ledger::Ledger;
use crate::output::progress::Progress;
use crate::output::stdout::Out;
use crate::output::summary::{Outcome, Summary, filter_counts};
use crate::output::text::Paint;
use crate::output::{paint_stdout, terminal_width};
use crate::pipeline;
use crate::pipeline::completion::Completion;
use crate::pipeline::correlation::{Correlate, Scan};
use crate::pipeline::desk::Report;
use crate::pipeline::filtering::{Pass, Passed, Sieve};
use crate::pipeline::in_force::InForce;
use crate::pipeline::tending::Tending;
use crate::pipeline::wall::Wall;
use crate::rules::{self, Kept, Watched};

/// Everything that a run is made of, whatever its mode.
struct Run<'a> {
    arguments: &'a Arguments,
    in_force: InForce,
    watched: Option<Watched>,
    completion: Option<Box<Completion>>,
    wall: Wall,
    inputs: Vec<Input>,
    progress: Progress,
    interrupt: Interrupt,
    started: Instant,
}

/// Runs.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let started = Instant::now();
    // Refused before anything is read.
    arguments.emission()?;
    let skew = arguments.max_skew.unwrap_or_default().0;
    let wall = Wall::new(arguments.range()?, skew, arguments.today);

    let (inputs, empty) = input::inputs(&arguments.inputs);
    // All declared fields are shown, but where a record can be read again they need not be kept.
    let kept = Kept {
        declared: arguments.mode == Mode::Detections && arguments.event_fields == Fields::Declared,
        again: input::will_be_mapped(&inputs),
    };
    let watched = arguments
        .watch_rules
        .map(|within| Watched::new(&arguments.rules, within, kept, arguments.quiet));
    let loaded = rules::load(&arguments.rules, wall.today());
    let Some(checked) = &loaded.checked else {
        loaded.report();
        return Ok(Status::InError);
    };
    if !arguments.quiet {
        loaded.report();
    }
    let watched = watched.map(|mut watched| {
        watched.reads(&loaded);
        watched
    });
    let interrupt = Interrupt::listening()?;
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
    let (rules, all) = kept.compile(checked);
    let progress = if arguments.quiet {
        Progress::none()
    } else {
        Progress::new(&inputs)
    };
    let run = Run {
        arguments,
        in_force: InForce::new(rules),
        watched,
        completion: all.map(|all| Box::new(Completion::new(all))),
        wall,
        inputs,
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
        let arguments = self.arguments;
        let annotate = arguments.mode == Mode::Annotate;
        let (_, rules) = self.in_force.rules();
        let mut options = Options::new(self.wall.today());
        self.wall.set(&mut options);
        options.emission = arguments.emission()?;
        options.lateness = arguments.lateness;
        options.max_state = arguments.max_state;
        let mut engine = Engine::new(rules.clone(), options);
        let written_as = arguments.written_as();
        let opened = resume::open(arguments, self.inputs, &written_as, &mut engine)?;

        let mut completion = self.completion;
        let origins = completion.is_some();
        if let Some(completion) = &mut completion {
            // Events of files that were read before are read once more in them.
            for (index, look) in opened.looks {
                if let Some(map) = look.plain() {
                    completion.keep(index, &map);
                }
            }
        }
        let report = if annotate {
            Report::Annotate(Annotations::default())
        } else {
            let names = rules.rules().iter().map(|rule| rule.name.chars().count());
            let (paint, width) = match &opened.output {
                Some(_) => (Paint(false), None),
                None => (paint_stdout(), terminal_width()),
            };
            Report::Print {
                printer: Printer::new(arguments.format(), paint, width, names.max().unwrap_or(0)),
                excluded: arguments.show_excluded,
                completion,
            }
        };
        let dead_letter = opened.dead_letter.map(DeadLetter::new);
        let out = match opened.output {
            Some(file) => Out::to_file(file, self.progress.clone()),
            None => Out::new(self.progress.clone()),
        };
        // What is written record by record keeps the order of the inputs.
        let clock = Clock::new(&rules, self.wall.ahead_from());
        let reading = match arguments.mode {
            Mode::Annotate => Reading::InTurnBy(clock),
            Mode::Detections | Mode::Filter => Reading::SideBySide(clock),
        };
        let kept = opened.keeper.is_some();
        let earlier = opened
            .before
            .as_ref()
            .map_or(0.0, |before| before.head.seconds);
        let tending = Tending {
            wall: self.wall,
            in_force: self.in_force.clone(),
            watched: self.watched,
            keeper: opened.keeper,
            positions: opened.positions,
            written_as,
            started: self.started,
            before: Duration::try_from_secs_f64(earlier).unwrap_or_default(),
        };
        let mut consumer = Correlate::new(
            engine,
            report,
            Ledger::new(dead_letter, arguments.max_record),
            out,
            self.progress.clone(),
            tending,
        );
        if let Some(before) = &opened.before {
            consumer.go_on(&before.head);
            if let Some(snapshot) = &before.again {
                consumer.restore(snapshot)?;
            }
        }
        let feed = Feed::new(
            opened.entries,
            arguments.max_record,
            self.interrupt.clone(),
            reading,
        );
        let worker = || Scan::new(&self.in_force, annotate, origins);
        let run = consumer
            .begin()
            .and_then(|()| pipeline::run(feed, arguments.threads, worker, &mut consumer));
        unless_closed(run)?;
        // Looked at once, so that all that is done and said of the end is of one kind.
        let ended = self.interrupt.status();
        let correlated = consumer.finish(ended.is_some())?;
        self.progress.end();

        let mut stats = correlated.engine.stats().clone();
        // The engine never saw what was too long to be read.
        stats.records.unparsable += correlated.ledger.too_long;
        stats.watermark = correlated.watermark;
        stats.peak_state_bytes = correlated.peak;
        let evicted = stats.evicted;
        let outcome = Outcome::Correlated {
            stats,
            unattached_detections: annotate.then_some(correlated.unattached),
            dated_ahead: correlated.ahead,
            limits: Limits {
                lateness: arguments.lateness,
                max_state: arguments.max_state,
                max_skew: arguments.max_skew.unwrap_or_default().0,
            },
        };
        let mut summary = Summary::new(
            &correlated.ledger,
            correlated.elapsed,
            ended.is_some(),
            !correlated.written,
            outcome,
        );
        summary.kept = kept;
        sum_up(arguments, &summary)?;
        if summary.output_closed {
            return Ok(Status::Ran);
        }
        let failed_on = arguments.fail_on.iter().any(|what| match what {
            FailOn::Detection => correlated.detections > 0,
            FailOn::Eviction => evicted > 0,
        });
        Ok(status(ended, &correlated.ledger, failed_on))
    }

    /// The mode that filters.
    fn filter(self) -> Result<Status, Failure> {
        let arguments = self.arguments;
        let create = |path: &Option<std::path::PathBuf>| path.as_deref().map(Growing::create);
        let dead_letter = create(&arguments.dead_letter).transpose()?;
        let out = match create(&arguments.output).transpose()? {
            Some(file) => Out::to_file(file, self.progress.clone()),
            None => Out::new(self.progress.clone()),
        };
        let mut consumer = Pass::new(
            &self.in_force,
            self.watched,
            arguments.today,
            Ledger::new(dead_letter.map(DeadLetter::new), arguments.max_record),
            out,
            self.progress.clone(),
        );
        let feed = Feed::new(
            Entry::fresh(self.inputs),
            arguments.max_record,
            self.interrupt.clone(),
            Reading::InTurn,
        );
        unless_closed(pipeline::run(
            feed,
            arguments.threads,
            || Sieve::new(&self.in_force),
            &mut consumer,
        ))?;
        let Passed {
            counts,
            ledger,
            rules,
            written,
        } = consumer.finish()?;
        self.progress.end();

        let outcome = Outcome::Filtered {
            records: &counts,
            filters: filter_counts(&rules, &counts),
        };
        let elapsed = self.started.elapsed();
        let ended = self.interrupt.status();
        let summary = Summary::new(&ledger, elapsed, ended.is_some(), !written, outcome);
        sum_up(arguments, &summary)?;
        if summary.output_closed {
            return Ok(Status::Ran);
        }
        Ok(status(ended, &ledger, false))
    }
}

/// A run that ended because the reader of standard output went away is summed up like any other.
fn unless_closed(run: Result<(), Failure>) -> Result<(), Failure> {
    match run {
        Err(failure) if failure.is_silent() => Ok(()),
        other => other,
    }
}

/// How the run ended: as a signal has it, or by itself.
fn status(ended: Option<Status>, ledger: &Ledger, failed_on: bool) -> Status {
    if let Some(status) = ended {
        status
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

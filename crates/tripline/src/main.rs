//! The tripline command: arguments, files, progress and output around the engine.
//!
//! `main` reads the command line and hands over to one module of [`commands`] for each subcommand.
//! Everything else is rooms that these share: [`rules`] loads a rule set, [`input`] gives records in
//! blocks, [`pipeline`] drives them through the engine, [`output`] writes what comes of it, [`state`] keeps it all
//! over a restart.

mod commands;
mod exit;
mod input;
mod interrupt;
mod output;
mod pipeline;
mod rules;
mod state;
mod testing;
mod units;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use commands::Command;
use exit::{Failure, Status};

/// Find what matters across events, in logs that are still in the pipeline
///
/// tripline reads log records, correlates them by the rules of .trip files, and writes detections,
/// the annotated records, or the records that pass the filters.
#[derive(Debug, Parser)]
#[command(name = "tripline", version, after_help = EXIT_STATUS, propagate_version = true)]
struct Arguments {
    /// When to use colour; `auto` asks the terminal and NO_COLOR
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN", display_order = 900)]
    color: Color,

    #[command(subcommand)]
    command: Command,
}

/// What scripts can count on.
const EXIT_STATUS: &str = "\
Exit status:
  0    it ran, also if the reader of its output (such as head) went away early
  1    it could not run, an input could not be read to its end, or a test failed
  2    the command line or the rules are in error; nothing ran
  3    it ran, and what --fail-on names happened
  130  Ctrl-C ended it; 143: SIGTERM did";

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let status = commands::run(arguments.command).unwrap_or_else(|failure| {
        report(&failure);
        failure.status()
    });
    // Standard error may be gone; there is nobody left to tell.
    let _ = std::io::stderr().flush();
    status.into()
}

/// Says why nothing came of it.
fn report(failure: &Failure) {
    if failure.is_silent() {
        return;
    }
    let style = anstyle::Style::new()
        .bold()
        .fg_color(Some(anstyle::AnsiColor::Red.into()));
    let mut to = anstream::stderr();
    let _ = writeln!(to, "{style}error:{style:#} {failure}");
    if failure.status() == Status::InError {
        let _ = writeln!(to, "\nFor more information, try '--help'.");
    }
}

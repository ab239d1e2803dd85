//! `tripline generate`: made-up sign-in records for trying rules out, for tests and for benchmarks.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use tripline_samples as samples;

use crate::exit::{Failure, Status};
use crate::units;

/// Generate made-up Entra ID sign-in records
///
/// The same arguments give the same bytes. Everything in the records is made up: users, addresses,
/// applications. With --example it is the sample of 1,800 records that comes with tripline.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline generate --records 200000 --users 5000 --output day.ndjson
  tripline generate --shape mixed --order delivered --noise realistic --attacks 50 | head
  tripline generate --records 1000 | tripline run --rules rules/entra --format table")]
pub(crate) struct Arguments {
    /// Write the sample that comes with tripline, whatever else is asked for
    #[arg(long)]
    example: bool,

    /// How many records, all kinds together
    #[arg(long, short = 'n', value_name = "N", default_value_t = 60_000)]
    records: u64,

    /// How many users
    #[arg(long, value_name = "N", default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(1..))]
    users: u32,

    /// What makes one stream differ from another
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Time of the earliest record
    #[arg(long, value_name = "INSTANT", default_value = "2026-03-02", value_parser = units::instant)]
    start: i64,

    /// From the earliest event to the latest
    #[arg(long, value_name = "TIME", default_value = "1d", value_parser = units::duration)]
    span: Duration,

    /// How a sign-in is written
    #[arg(long, value_enum, default_value_t = Shape::Diagnostic)]
    shape: Shape,

    /// Mean size of a record in bytes
    #[arg(long, value_name = "MEMORY", default_value = "3300", value_parser = units::bytes)]
    size: usize,

    /// Share of the sign-ins that are interactive, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.15, value_parser = share)]
    interactive: f64,

    /// Share of the sign-ins that fail, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.08, value_parser = share)]
    failures: f64,

    /// Share of the users who change their network during the day, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.25, value_parser = share)]
    moving: f64,

    /// Share of the records that are delivered twice, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    duplicates: f64,

    /// How many sessions are stolen
    #[arg(long, value_name = "N", default_value_t = 20)]
    attacks: u32,

    /// How many cases there are of each benign scenario that the shipped exclusions name
    #[arg(long, value_name = "N", default_value_t = 0)]
    benign: u32,

    /// In which order the records come
    #[arg(long, value_enum, default_value_t = Order::Time)]
    order: Order,

    /// With --order shuffled: by how much a record is late at most
    #[arg(long, value_name = "TIME", default_value = "25m", value_parser = units::duration)]
    shuffle: Duration,

    /// What holds the records
    #[arg(long, value_enum, default_value_t = Envelope::None)]
    envelope: Envelope,

    /// What holds one record
    #[arg(long, value_enum, default_value_t = Wrap::None)]
    wrap: Wrap,

    /// Which irregularities there are
    #[arg(long, value_enum, default_value_t = Noise::None)]
    noise: Noise,

    /// Where to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Do not say what was written
    #[arg(long, short)]
    quiet: bool,
}

/// How a sign-in is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    /// As the diagnostic settings of Entra ID write it
    Diagnostic,
    /// As a row of Log Analytics
    LogAnalytics,
    /// As Microsoft Graph answers
    Graph,
    /// Each record in one of the three
    Mixed,
}

/// In which order the records come.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Order {
    /// By event time
    Time,
    /// Interactive sign-ins 5 to 15 minutes late, all others 15 to 30
    Delivered,
    /// Each late by a random time, see --shuffle
    Shuffled,
}

/// What holds the records.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Envelope {
    /// One record a line
    None,
    /// {"records":[...]} with up to 100 records a line
    Records,
}

/// What holds one record.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wrap {
    /// Nothing
    None,
    /// An object with the record as text under `log`
    Log,
    /// An object with the record as text under `message`
    Message,
}

/// Which irregularities there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Noise {
    /// None
    None,
    /// All that a real day shows
    Realistic,
    /// The same, but every line is a record with a time
    Readable,
}

/// Generates.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let (to, name): (Box<dyn Write>, _) = match &arguments.output {
        Some(path) => {
            let name = path.display().to_string();
            let file = File::create(path).map_err(|error| failure(Some(&name), error))?;
            (Box::new(file), Some(name))
        }
        None => (Box::new(io::stdout()), None),
    };
    let mut to = BufWriter::with_capacity(1 << 18, to);
    let written = if arguments.example {
        samples::example(&mut to)
    } else {
        samples::generate(&options(arguments), &mut to)
    };
    let summary = written
        .and_then(|summary| to.flush().map(|()| summary))
        .map_err(|error| failure(name.as_deref(), error))?;
    if !arguments.quiet {
        let said = format!(
            "{} records, {:.1} MB: {} interactive, {} non-interactive, {} of other kinds, {} broken, \
             {} doubled, {} stolen tokens\n",
            summary.records,
            summary.bytes as f64 / 1e6,
            summary.interactive,
            summary.non_interactive,
            summary.other,
            summary.broken,
            summary.duplicates,
            summary.stolen_tokens,
        );
        let _ = io::stderr().write_all(said.as_bytes());
    }
    Ok(Status::Ran)
}

/// What to generate.
fn options(arguments: &Arguments) -> samples::Options {
    samples::Options {
        records: arguments.records,
        users: arguments.users,
        seed: arguments.seed,
        start: arguments.start,
        span: arguments.span,
        shape: match arguments.shape {
            Shape::Diagnostic => samples::Shape::Diagnostic,
            Shape::LogAnalytics => samples::Shape::LogAnalytics,
            Shape::Graph => samples::Shape::Graph,
            Shape::Mixed => samples::Shape::Mixed,
        },
        size: arguments.size,
        interactive: arguments.interactive,
        failures: arguments.failures,
        moving: arguments.moving,
        attacks: arguments.attacks,
        benign: arguments.benign,
        order: match arguments.order {
            Order::Time => samples::Order::Time,
            Order::Delivered => samples::Order::Delivered,
            Order::Shuffled => samples::Order::Shuffled(arguments.shuffle),
        },
        duplicates: arguments.duplicates,
        envelope: match arguments.envelope {
            Envelope::None => samples::Envelope::None,
            Envelope::Records => samples::Envelope::Records,
        },
        wrap: match arguments.wrap {
            Wrap::None => samples::Wrap::None,
            Wrap::Log => samples::Wrap::Log,
            Wrap::Message => samples::Wrap::Message,
        },
        noise: match arguments.noise {
            Noise::None => samples::Noise::NONE,
            Noise::Realistic => samples::Noise::REALISTIC,
            Noise::Readable => samples::Noise::READABLE,
        },
    }
}

/// A share.
fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it must be a number from 0 to 1".to_owned()),
    }
}

/// What could not be written.
fn failure(path: Option<&str>, source: io::Error) -> Failure {
    match path {
        Some(path) => Failure::File {
            doing: "cannot write",
            path: path.to_owned(),
            source,
        },
        None => Failure::Output(source),
    }
}

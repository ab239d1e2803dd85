//! `tripline plugin run`: a module over records, as Fluent Bit would run it.

use std::fs;
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tripline_host::{Access, Format, Instance, Limits, Module, Outcome};
use tripline_plugin::mode::Mode;

use crate::exit::{Failure, Status};
use crate::input::{self, Block, Entry, Feed, Reading, Source};
use crate::interrupt::Interrupt;
use crate::output::progress::Progress;
use crate::output::stdout::Out;
use crate::pipeline::{self, Consumer, Scanned, Worker};
use crate::units;

/// Run a module over records as Fluent Bit would
///
/// The very file that is deployed takes each record by the same calls, and what it gives is written to
/// standard output, one record a line. What it says, and a summary, go to standard error.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline plugin run tripline.wasm --access tripline/ signins.ndjson
  tripline plugin run aitm.wasm --function annotate day.ndjson.gz
  tripline plugin run \"$(tripline plugin path)\" --access rules/entra --function detect_msgpack day.ndjson

Exit status: 0 if it ran, 1 if a record was lost or the module cannot be run.")]
pub(super) struct Arguments {
    /// The module
    #[arg(value_name = "MODULE")]
    module: PathBuf,

    /// A file or folder of records; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    inputs: Vec<PathBuf>,

    /// A folder that the module can see, with its settings, rules and state; may be repeated
    #[arg(long, value_name = "FOLDER", visible_alias = "rules")]
    access: Vec<PathBuf>,

    /// Use the state in the folders, and write it; without this, what runs from them is left alone
    #[arg(long)]
    keep_state: bool,

    /// Which of its functions is called
    #[arg(long, value_enum, default_value_t = Function::Detect)]
    function: Function,

    /// The tag that records have
    #[arg(long, value_name = "TAG", default_value = "signin")]
    tag: String,

    /// The most memory that the module may take
    #[arg(long, value_name = "MEMORY", default_value = "1GiB", value_parser = units::bytes)]
    max_memory: usize,

    /// Records that are longer are not read
    #[arg(long, value_name = "MEMORY", default_value = "64MiB", value_parser = units::bytes)]
    max_record: usize,

    /// Say nothing but what goes wrong
    #[arg(long, short)]
    quiet: bool,
}

/// The functions.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Function {
    /// `tripline_annotate`: every record, annotated where it completes a detection
    Annotate,
    /// `tripline_detect`: detections alone
    Detect,
    /// `tripline_detect_msgpack`: the same, with records in MessagePack
    #[value(name = "detect_msgpack")]
    DetectMsgpack,
    /// `tripline_filter`: the records that the filters pass
    Filter,
}

impl Function {
    fn mode(self) -> Mode {
        match self {
            Function::Annotate => Mode::Annotate,
            Function::Detect => Mode::Detect,
            Function::DetectMsgpack => Mode::DetectMessagePack,
            Function::Filter => Mode::Filter,
        }
    }
}

/// Runs.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let system = |error: &dyn std::error::Error| Failure::System(error.to_string());
    let bytes = fs::read(&arguments.module).map_err(|source| Failure::File {
        doing: "cannot read",
        path: arguments.module.display().to_string(),
        source,
    })?;
    let limits = Limits {
        memory: arguments.max_memory,
        ..Limits::default()
    };
    let module = Module::new(&bytes, limits).map_err(|error| system(&error))?;
    // A copy without the state: a filter that runs from the folder must not find its state taken over.
    let copies = tempfile::tempdir().map_err(|error| system(&error))?;
    let mut access: Vec<Access> = arguments.access.iter().map(Access::to).collect();
    if !arguments.keep_state {
        for (at, access) in access.iter_mut().enumerate() {
            let copy = copies.path().join(at.to_string());
            copy_without_state(&access.folder, &copy)?;
            access.folder = copy;
        }
    }
    let instance = module
        .instantiate(&access)
        .map_err(|error| system(&error))?;
    let interrupt = Interrupt::listening()?;
    let (inputs, _) = input::inputs(&arguments.inputs);
    let progress = if arguments.quiet {
        Progress::none()
    } else {
        Progress::new(&inputs)
    };
    let feed = Feed::new(
        Entry::fresh(inputs),
        arguments.max_record,
        interrupt.clone(),
        Reading::InTurn,
    );
    let mut calls = Calls {
        instance,
        mode: arguments.function.mode(),
        tag: &arguments.tag,
        out: Out::new(progress.clone()),
        progress: progress.clone(),
        told: 0,
        quiet: arguments.quiet,
        counts: Counts::default(),
    };
    let ran = pipeline::run(feed, 1, || Nothing, &mut calls);
    progress.end();
    calls.tell();
    match ran {
        Err(failure) if failure.is_silent() => {}
        other => other?,
    }
    calls.out.end()?;
    let counts = calls.counts;
    if !arguments.quiet {
        let said = format!(
            "{} records: {} passed, {} given, {} dropped, {} lost; {} instructions a record, {:.1} MB of memory\n",
            counts.records,
            counts.passed,
            counts.given,
            counts.dropped,
            counts.lost,
            counts.fuel / counts.records.max(1),
            calls.instance.memory_bytes() as f64 / 1e6,
        );
        let _ = io::stderr().write_all(said.as_bytes());
    }
    Ok(if counts.lost > 0 || counts.unread > 0 {
        Status::CouldNotRun
    } else {
        interrupt.status().unwrap_or(Status::Ran)
    })
}

/// A record can only be looked at where the module is.
struct Nothing;

impl Worker for Nothing {
    type Found = ();

    fn work(&mut self, _: &Block, _: &[Range<usize>], (): &mut ()) {}
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    records: u64,
    passed: u64,
    given: u64,
    dropped: u64,
    lost: u64,
    /// Inputs that could not be read.
    unread: u64,
    fuel: u64,
}

/// Hands records to the module.
struct Calls<'a> {
    instance: Instance,
    mode: Mode,
    tag: &'a str,
    out: Out,
    progress: Progress,
    /// How much of what the module said has been told.
    told: usize,
    quiet: bool,
    counts: Counts,
}

impl Calls<'_> {
    fn record(&mut self, record: &[u8]) -> Result<(), Failure> {
        let system = |error: String| Failure::System(error);
        let packed;
        let (given, format) = match self.mode {
            Mode::DetectMessagePack => {
                packed = message_pack(record);
                (packed.as_slice(), Format::MessagePack)
            }
            _ => (record, Format::Json),
        };
        let function = self.mode.function();
        let outcome = self
            .instance
            .call(function, self.tag, (0, 0), given, format)
            .map_err(|error| system(error.to_string()))?;
        self.counts.records += 1;
        self.counts.fuel += self.instance.fuel_used();
        let line = match outcome {
            Outcome::Passed => {
                self.counts.passed += 1;
                record.to_vec()
            }
            Outcome::Given(bytes) => {
                self.counts.given += 1;
                match self.mode {
                    Mode::DetectMessagePack => json(&bytes).map_err(system)?,
                    _ => bytes,
                }
            }
            Outcome::Dropped | Outcome::Emptied => {
                self.counts.dropped += 1;
                return Ok(());
            }
            Outcome::Lost(trap) => {
                self.counts.lost += 1;
                let said = format!("a record is lost: {trap}\n");
                let _ = io::stderr().write_all(said.as_bytes());
                return Ok(());
            }
        };
        let out = self.out.gathered();
        let start = out.len();
        out.extend_from_slice(&line);
        // A record of a document may lie on several lines.
        for byte in out.get_mut(start..).unwrap_or_default() {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        out.push(b'\n');
        Ok(())
    }

    /// Passes on what the module has said since.
    fn tell(&mut self) {
        let said = self.instance.said();
        let new = said.get(self.told..).unwrap_or_default();
        if !self.quiet || new.contains("warning:") || new.contains("error:") {
            let _ = io::stderr().write_all(new.as_bytes());
        }
        self.told = said.len();
    }
}

impl Consumer<()> for Calls<'_> {
    fn block(&mut self, scanned: &mut Scanned<()>, block: &Block) -> Result<(), Failure> {
        for at in &scanned.records {
            self.record(block.bytes().get(at.clone()).unwrap_or_default())?;
        }
        self.tell();
        self.progress
            .advance(block.stored(), self.counts.records, self.counts.given);
        self.out.flush()
    }

    fn failed(&mut self, source: &Source, error: &str) -> Result<(), Failure> {
        self.counts.unread += 1;
        let said = format!("{}: {error}\n", source.name);
        let _ = io::stderr().write_all(said.as_bytes());
        Ok(())
    }
}

/// Copies what a module reads of a folder: settings, rules and lists, not `state`.
fn copy_without_state(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        |source| Failure::File {
            doing: "cannot read",
            path,
            source,
        }
    };
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let path = entry.map_err(failed(from))?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        if path.is_dir() {
            if name != "state" {
                copy_without_state(&path, &to.join(name))?;
            }
        } else if path.is_file() {
            fs::copy(&path, to.join(name)).map_err(failed(&path))?;
        }
    }
    Ok(())
}

/// A record as Fluent Bit holds it. What is no JSON object arrives there as the text of a member
/// `log`.
fn message_pack(record: &[u8]) -> Vec<u8> {
    let value = match serde_json::from_slice::<serde_json::Value>(record) {
        Ok(value @ serde_json::Value::Object(_)) => value,
        _ => serde_json::json!({ "log": String::from_utf8_lossy(record) }),
    };
    // Every JSON value can be written, and memory takes it.
    rmp_serde::to_vec(&value).unwrap_or_default()
}

/// A record in MessagePack as JSON.
fn json(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let value: serde_json::Value = rmp_serde::from_slice(bytes)
        .map_err(|error| format!("the module gave what is no MessagePack: {error}"))?;
    serde_json::to_vec(&value).map_err(|error| error.to_string())
}

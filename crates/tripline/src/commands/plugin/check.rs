//! `tripline plugin check`: whether a folder that Fluent Bit is to run from holds what it needs.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::Utc;
use tripline_host::{Access, Limits, Module, carried};
use tripline_plugin::folders::Deployment;
use tripline_plugin::mode::Mode;
use tripline_plugin::probe::STACK;
use tripline_plugin::rules::Rules;

use super::module;
use crate::exit::{Failure, Status};

/// Check a deployment: module, settings, rules, state folder, configuration
///
/// Looks at what the module would look at in the accessible folder, runs the module once as Fluent Bit
/// would start it, and reads the Fluent Bit configurations given. Nothing is changed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline plugin check tripline/ --config fluent-bit.yaml
  tripline plugin check /etc/tripline --module /etc/fluent-bit/tripline.wasm

Exit status: 0 if everything is sound, 2 if something is not.")]
pub(super) struct Arguments {
    /// The folder that `accessible_paths` names; a module that carries its rules needs none
    #[arg(value_name = "FOLDER", required_unless_present = "module")]
    folders: Vec<PathBuf>,

    /// The module that is deployed [default: the one that this command carries]
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// A Fluent Bit configuration that runs it; may be repeated
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
}

/// What was found, a line each.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    unsound: bool,
}

impl Report {
    fn sound(&mut self, text: impl AsRef<str>) {
        self.lines.push(format!("ok       {}", text.as_ref()));
    }

    fn unsound(&mut self, text: impl AsRef<str>) {
        self.unsound = true;
        self.lines
            .push(format!("problem  {}", text.as_ref().trim_end()));
    }
}

/// Checks.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let mut report = Report::default();
    let read;
    let module = match &arguments.module {
        Some(path) => {
            read = fs::read(path).map_err(|source| Failure::File {
                doing: "cannot read",
                path: path.display().to_string(),
                source,
            })?;
            read.as_slice()
        }
        None => module()?,
    };
    deployment(&arguments.folders, carried(module), &mut report);
    the_module(arguments, module, &mut report);
    for path in &arguments.config {
        configuration(path, &mut report)?;
    }
    let mut text = report.lines.join("\n");
    text.push('\n');
    let mut to = io::stdout();
    to.write_all(text.as_bytes())
        .and_then(|()| to.flush())
        .map_err(Failure::Output)?;
    Ok(if report.unsound {
        Status::InError
    } else {
        Status::Ran
    })
}

/// Settings, rules and state as the module would find them.
fn deployment(folders: &[PathBuf], carried: Option<String>, report: &mut Report) {
    for folder in folders {
        if !folder.is_dir() {
            report.unsound(format!("{} is no folder", folder.display()));
        }
    }
    let found = Deployment::find(folders, None);
    match &found.problem {
        Some(problem) => report.unsound(problem),
        None => report.sound("settings"),
    }
    let mut rules = Rules::new(found.origin, found.settings.event_fields);
    match carried.map_or_else(
        || rules.load(Utc::now().date_naive()).map(Ok),
        |note| Ok(Err(note)),
    ) {
        Ok(Err(note)) => report.sound(format!("rules: in the module ({note})")),
        Ok(Ok(loaded)) => {
            report.sound(format!("rules: {}", loaded.summary));
            for line in loaded.warnings.lines() {
                report.lines.push(format!("         {line}"));
            }
        }
        Err(error) => report.unsound(format!("rules: {error}")),
    }
    match found.state {
        None => report.sound(
            "state: none is kept, because there is no folder `state` and the settings name none",
        ),
        Some(folder) => {
            let probe = folder.join("tripline.check");
            match fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
                Ok(()) => report.sound(format!("state: {} can be written", folder.display())),
                Err(error) => report.unsound(format!(
                    "state: {} cannot be written: {error}",
                    folder.display()
                )),
            }
        }
    }
}

/// Starts the module once, with folders that it can only read.
fn the_module(arguments: &Arguments, bytes: &[u8], report: &mut Report) {
    let name = match &arguments.module {
        Some(path) => path.display().to_string(),
        None => "the module".to_owned(),
    };
    if arguments.module.is_some() {
        let which = if module().ok() == Some(bytes) {
            "this command's module"
        } else if carried(bytes).is_some() {
            "a module that carries its rules"
        } else {
            "another module than this command's, of another version"
        };
        report.sound(format!("{name} is {which}"));
    }
    let access: Vec<Access> = arguments
        .folders
        .iter()
        .filter(|folder| folder.is_dir())
        .map(|folder| Access {
            writable: false,
            ..Access::to(folder)
        })
        .collect();
    let started =
        Module::new(bytes, Limits::default()).and_then(|module| module.instantiate(&access));
    match started {
        Ok(instance) => {
            report.sound(format!(
                "{name} starts ({:.1} MB; {} million instructions and {:.1} MB of memory to start)",
                bytes.len() as f64 / 1e6,
                instance.fuel_used() / 1_000_000,
                instance.memory_bytes() as f64 / 1e6
            ));
            for line in instance.said().lines() {
                report.lines.push(format!("         {line}"));
            }
        }
        Err(error) => report.unsound(format!("{name}: {error}")),
    }
}

/// Reads a configuration for what is most often wrong in it. Line by line, because Fluent Bit has two
/// notations and includes.
fn configuration(path: &Path, report: &mut Report) -> Result<(), Failure> {
    let text = fs::read_to_string(path).map_err(|source| Failure::File {
        doing: "cannot read",
        path: path.display().to_string(),
        source,
    })?;
    let values = |wanted: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(|line| line.trim().trim_start_matches("- "));
        lines
            .filter_map(|line| {
                let (name, value) = line.split_once([':', ' ', '\t'])?;
                let value = value.trim().trim_matches(['"', '\'']);
                name.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
            })
            .collect()
    };
    let name = path.display();
    let (modules, stacks) = (values("wasm_path"), values("wasm_stack_size"));
    if modules.is_empty() {
        report.unsound(format!("{name}: no filter has a `wasm_path`"));
    }
    let small = stacks
        .iter()
        .filter(|size| size_of(size) < Some(STACK))
        .count();
    if stacks.len() < modules.len() || small > 0 {
        report.unsound(format!(
            "{name}: every filter needs `wasm_stack_size {STACK}` or more; {} of {} have it",
            stacks.len() - small,
            modules.len()
        ));
    }
    for function in values("function_name") {
        let Some(mode) = Mode::ALL
            .into_iter()
            .find(|mode| mode.function() == function)
        else {
            let known: Vec<&str> = Mode::ALL.iter().map(|mode| mode.function()).collect();
            report.unsound(format!(
                "{name}: the module has no function `{function}`; it has {}",
                known.join(", ")
            ));
            continue;
        };
        let formats = values("event_format");
        let message_pack = formats.iter().any(|f| f.eq_ignore_ascii_case("msgpack"));
        let dropped = values("name")
            .iter()
            .any(|f| f.eq_ignore_ascii_case("grep"));
        if mode == Mode::DetectMessagePack && !message_pack {
            report.unsound(format!("{name}: `{function}` needs `event_format msgpack`"));
        } else if mode == Mode::DetectMessagePack && !dropped {
            report.unsound(format!(
                "{name}: `{function}` needs a filter `grep` with `regex rule .` behind it, which drops the empty \
                 records that it leaves"
            ));
        } else {
            report.sound(format!("{name}: {function}"));
        }
    }
    Ok(())
}

/// A size as Fluent Bit reads it: a number, perhaps with `K` or `M`.
fn size_of(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor = match text.get(digits.len()..)?.to_ascii_uppercase().as_str() {
        "" => 1,
        "K" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(factor)
}

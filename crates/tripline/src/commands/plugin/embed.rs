//! `tripline plugin embed`: a copy of the module that carries its rules.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use tripline_engine::lang::source::bundle;
use tripline_host::embed;

use super::module;
use crate::exit::{Failure, Status};
use crate::output::files::replace;
use crate::rules;

/// Write a copy of the module that carries its rules
///
/// For a deployment of one file: the copy needs no accessible folder, and no compiler made it. The
/// rules are checked first. They cannot be edited where it runs; write another copy and restart.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline plugin embed --rules rules/entra --output aitm.wasm
  tripline plugin embed --rules rules/entra --settings tripline.toml --output aitm.wasm")]
pub(super) struct Arguments {
    /// A rule file or a folder of rule files; may be repeated
    #[arg(long, value_name = "PATH", required = true)]
    rules: Vec<PathBuf>,

    /// A settings file (tripline.toml)
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,

    /// Where to write it
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// Embeds.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let module = module()?;
    let loaded = rules::load(&arguments.rules, rules::today());
    loaded.report();
    let Some(checked) = &loaded.checked else {
        return Ok(Status::InError);
    };
    let settings = match &arguments.settings {
        Some(path) => {
            let failed = |source| Failure::File {
                doing: "cannot read",
                path: path.display().to_string(),
                source,
            };
            let text = fs::read_to_string(path).map_err(failed)?;
            tripline_plugin::settings::Settings::read(&text).map_err(|error| {
                Failure::Usage(format!("{} is in error:\n{error}", path.display()))
            })?;
            Some(text)
        }
        None => None,
    };
    let texts = bundle::texts_without_tests(&loaded.sources);
    let texts = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_ref()));
    let settings = settings
        .as_deref()
        .map(|text| (tripline_plugin::settings::FILE, text));
    let carried = bundle::write(texts.chain(settings)).map_err(|error| system(&error))?;
    let note = format!(
        "tripline {}: {} rules",
        env!("CARGO_PKG_VERSION"),
        checked.rules.len()
    );
    let copy = embed(module, &carried, &note).map_err(|error| system(&error))?;
    replace(&arguments.output, &copy).map_err(|source| Failure::File {
        doing: "cannot write",
        path: arguments.output.display().to_string(),
        source,
    })?;
    let said = format!(
        "{}: {:.1} MB with {} rules; set wasm_path to it, and wasm_stack_size to {}\n",
        arguments.output.display(),
        copy.len() as f64 / 1e6,
        checked.rules.len(),
        tripline_plugin::probe::STACK,
    );
    // A standard error that is gone does not make the copy worse.
    let _ = io::stderr().write_all(said.as_bytes());
    Ok(Status::Ran)
}

fn system(error: &dyn std::error::Error) -> Failure {
    Failure::System(error.to_string())
}

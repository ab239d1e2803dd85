//! `tripline plugin path`: the module as a file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::module;
use crate::exit::{Failure, Status};
use crate::output::files::replace;

/// Print the path of the module, for `wasm_path`
///
/// The module is part of this command. Without --output it is written to the cache folder of the
/// user, once for each version; the path is printed to standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline plugin path
  tripline plugin path --output /etc/fluent-bit/tripline.wasm")]
pub(super) struct Arguments {
    /// Where to write it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the module if it is not there, and prints its path.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let module = module()?;
    let path = match &arguments.output {
        Some(path) => path.clone(),
        None => cache_folder()?.join(format!("tripline-{}.wasm", env!("CARGO_PKG_VERSION"))),
    };
    if fs::read(&path).ok().as_deref() != Some(module) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        }
        replace(&path, module).map_err(|source| failed(&path, source))?;
    }
    writeln!(io::stdout(), "{}", path.display()).map_err(Failure::Output)?;
    Ok(Status::Ran)
}

/// The folder for what can be made anew, as the XDG Base Directory specification has it.
fn cache_folder() -> Result<PathBuf, Failure> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".cache")));
    let cache = cache.ok_or_else(|| {
        Failure::Usage("there is no home folder: name a file with --output".to_owned())
    })?;
    Ok(cache.join("tripline"))
}

fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::File {
        doing: "cannot write",
        path: path.display().to_string(),
        source,
    }
}

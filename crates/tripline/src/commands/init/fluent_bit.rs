//! `tripline init fluent-bit`: the module, the rules and configurations in one folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tripline_engine::lang::source::bundle;
use tripline_module::{MISSING, MODULE};

use super::pack::ENTRA;
use crate::exit::{Failure, Status};
use crate::rules;

/// Write a folder that Fluent Bit runs as it is
///
/// The folder has the module, a rule set with its lists, and configurations in both notations, for files
/// and for Event Hubs. The original stream goes on untouched; detections go to an output of their own.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline init fluent-bit
  tripline init fluent-bit /srv/aitm --rules my-rules/")]
pub(super) struct Arguments {
    /// The folder; it must not exist, or be empty
    #[arg(value_name = "FOLDER", default_value = "tripline-fluent-bit")]
    folder: PathBuf,

    /// A rule file or a folder of rule files to put into it [default: the shipped pack for Entra ID]
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
}

/// What is written besides the module and the rules.
const FILES: [(&str, &str); 7] = [
    (
        "fluent-bit.yaml",
        include_str!("../../../../../plugin/fluent-bit/fluent-bit.yaml"),
    ),
    (
        "fluent-bit.conf",
        include_str!("../../../../../plugin/fluent-bit/fluent-bit.conf"),
    ),
    (
        "parsers.conf",
        include_str!("../../../../../plugin/fluent-bit/parsers.conf"),
    ),
    (
        "event-hubs.yaml",
        include_str!("../../../../../plugin/fluent-bit/event-hubs.yaml"),
    ),
    (
        "split.lua",
        include_str!("../../../../../plugin/fluent-bit/split.lua"),
    ),
    (
        "README.md",
        include_str!("../../../../../plugin/fluent-bit/README.md"),
    ),
    (
        "tripline/tripline.toml",
        include_str!("../../../../../plugin/fluent-bit/tripline.toml"),
    ),
];

/// Folders that are there from the beginning, because nothing makes them.
const FOLDERS: [&str; 4] = ["records", "buffer", "out", "tripline/state"];

/// Writes the folder.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let folder = &arguments.folder;
    let taken = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        return Err(Failure::Usage(format!(
            "{} is there and not empty; name a folder that is not there",
            folder.display()
        )));
    }
    let module = MODULE.ok_or_else(|| {
        Failure::System(format!(
            "this tripline was built without the module for Fluent Bit: {MISSING}"
        ))
    })?;
    // Looked at before anything is written: a folder with rules in error is of no use.
    let own = match &arguments.rules {
        Some(rules) => {
            let loaded = rules::load(std::slice::from_ref(rules), rules::today());
            if loaded.checked.is_none() {
                loaded.report();
                return Ok(Status::InError);
            }
            Some(loaded)
        }
        None => None,
    };
    for (path, text) in FILES {
        write(&folder.join(path), text.as_bytes())?;
    }
    write(&folder.join("tripline.wasm"), module)?;
    let to = folder.join("tripline/rules");
    let rules: Vec<(String, &str)> = match &own {
        // The rule files and the lists that they name, and nothing else of where they lie.
        Some(loaded) => bundle::texts(&loaded.sources),
        None => ENTRA.map(|(path, text)| (path.to_owned(), text)).to_vec(),
    };
    for (path, text) in rules {
        write(&to.join(path), text.as_bytes())?;
    }
    for empty in FOLDERS {
        let empty = folder.join(empty);
        fs::create_dir_all(&empty).map_err(|source| failed("cannot make", &empty, source))?;
    }
    let said = format!(
        "{0} is ready. Try it on made-up sign-ins:\n\n  \
         tripline generate --example --output {0}/records/example.ndjson\n  \
         cd {0} && fluent-bit -c fluent-bit.yaml\n\n\
         Detections appear in {0}/out/detections.ndjson. {0}/README.md says what is where.\n",
        folder.display()
    );
    let _ = io::stdout().write_all(said.as_bytes());
    Ok(Status::Ran)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| failed("cannot make", folder, source))?;
    }
    fs::write(path, bytes).map_err(|source| failed("cannot write", path, source))
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> Failure {
    Failure::File {
        doing,
        path: path.display().to_string(),
        source,
    }
}

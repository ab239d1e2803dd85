//! `tripline init fluent-bit`: the module, the rules and configurations in one folder.

use std::io::{self, Write as _};
use std::path::PathBuf;

use tripline_module::{MISSING, MODULE};

use super::folder;
use crate::exit::{Failure, Status};

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
    let to = &arguments.folder;
    folder::must_be_free(to)?;
    let module = MODULE.ok_or_else(|| {
        Failure::System(format!(
            "this tripline was built without the module for Fluent Bit: {MISSING}"
        ))
    })?;
    let Some(rules) = folder::rule_texts(arguments.rules.as_ref()) else {
        return Ok(Status::InError);
    };
    for (path, text) in FILES {
        folder::write(&to.join(path), text.as_bytes())?;
    }
    folder::write(&to.join("tripline.wasm"), module)?;
    for (path, text) in rules {
        folder::write(&to.join("tripline/rules").join(path), text.as_bytes())?;
    }
    folder::make(to, &FOLDERS)?;
    let said = format!(
        "{0} is ready. Try it on made-up sign-ins:\n\n  \
         tripline generate --example --output {0}/records/example.ndjson\n  \
         cd {0} && fluent-bit -c fluent-bit.yaml\n\n\
         Detections appear in {0}/out/detections.ndjson. {0}/README.md says what is where.\n",
        to.display()
    );
    let _ = io::stdout().write_all(said.as_bytes());
    Ok(Status::Ran)
}

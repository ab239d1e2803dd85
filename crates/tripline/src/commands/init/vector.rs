//! `tripline init vector`: a configuration of Vector around a relay, the rules, and a unit of systemd.

use std::io::{self, Write as _};
use std::path::PathBuf;

use super::folder;
use crate::exit::{Failure, Status};

/// Write a folder that Vector and a relay run as it is
///
/// The folder has a configuration of Vector that sends every record through a relay beside it, a rule set
/// with its lists, and a unit of systemd for the relay.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline init vector
  tripline init vector /srv/aitm --rules my-rules/")]
pub(super) struct Arguments {
    /// The folder; it must not exist, or be empty
    #[arg(value_name = "FOLDER", default_value = "tripline-vector")]
    folder: PathBuf,

    /// A rule file or a folder of rule files to put into it [default: the shipped pack for Entra ID]
    #[arg(long, value_name = "PATH")]
    rules: Option<PathBuf>,
}

/// What is written besides the rules.
const FILES: [(&str, &str); 4] = [
    (
        "vector.yaml",
        include_str!("../../../../tripline-relay/vector/vector.yaml"),
    ),
    (
        "event-hubs.yaml",
        include_str!("../../../../tripline-relay/vector/event-hubs.yaml"),
    ),
    (
        "tripline-relay.service",
        include_str!("../../../../tripline-relay/vector/tripline-relay.service"),
    ),
    (
        "README.md",
        include_str!("../../../../tripline-relay/vector/README.md"),
    ),
];

/// Folders that are there from the beginning, because nothing makes them.
const FOLDERS: [&str; 4] = ["records", "data", "out", "state"];

/// Writes the folder.
pub(super) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let to = &arguments.folder;
    folder::must_be_free(to)?;
    let Some(rules) = folder::rule_texts(arguments.rules.as_ref()) else {
        return Ok(Status::InError);
    };
    for (path, text) in FILES {
        folder::write(&to.join(path), text.as_bytes())?;
    }
    for (path, text) in rules {
        folder::write(&to.join("rules").join(path), text.as_bytes())?;
    }
    folder::make(to, &FOLDERS)?;
    let said = format!(
        "{0} is ready. Try it on made-up sign-ins, each of the last two in a terminal of its own:\n\n  \
         tripline generate --example --output {0}/records/example.ndjson\n  \
         cd {0} && tripline relay --rules rules --state state/relay.state --forward vector://127.0.0.1:6001\n  \
         cd {0} && vector --config vector.yaml\n\n\
         Detections appear in {0}/out/detections.ndjson. {0}/README.md says what is where.\n",
        to.display()
    );
    let _ = io::stdout().write_all(said.as_bytes());
    Ok(Status::Ran)
}

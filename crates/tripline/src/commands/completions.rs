//! `tripline completions`: the script that completes tripline's command line in a shell.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::exit::{Failure, Status};

/// Print the script that completes tripline's command line in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline completions bash > ~/.local/share/bash-completion/completions/tripline
  tripline completions zsh > ~/.zfunc/_tripline
  tripline completions fish > ~/.config/fish/completions/tripline.fish")]
pub(crate) struct Arguments {
    /// Which shell
    shell: Shell,
}

/// Prints it.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut crate::Arguments::command(),
        "tripline",
        &mut script,
    );
    io::stdout().write_all(&script).map_err(Failure::Output)?;
    Ok(Status::Ran)
}

//! The subcommands, one file each. Each has its arguments, documented for `--help`, and a function that
//! does it.

mod check;
mod completions;
mod export;
mod fmt;
mod generate;
mod init;
mod plugin;
mod relay;
mod run;
mod test;

use crate::exit::{Failure, Status};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Run(Box<run::Arguments>),
    Check(check::Arguments),
    Test(test::Arguments),
    Fmt(fmt::Arguments),
    Init(init::Arguments),
    Plugin(plugin::Arguments),
    Relay(Box<relay::Arguments>),
    Export(export::Arguments),
    Completions(completions::Arguments),
    Generate(Box<generate::Arguments>),
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<Status, Failure> {
    match command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Plugin(arguments) => plugin::run(&arguments),
        Command::Relay(arguments) => relay::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
    }
}

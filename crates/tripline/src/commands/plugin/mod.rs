//! `tripline plugin`: the module for Fluent Bit that this command carries: where it is, a copy with
//! rules in it, whether a deployment is sound, what it does with a file.

mod check;
mod embed;
mod path;
mod run;

use tripline_module::{MISSING, MODULE};

use crate::exit::{Failure, Status};

/// The module for Fluent Bit that this command carries
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

/// What to do with it.
#[derive(Debug, clap::Subcommand)]
enum What {
    Path(path::Arguments),
    Embed(embed::Arguments),
    Check(check::Arguments),
    Run(run::Arguments),
}

/// Does it.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    match &arguments.what {
        What::Path(arguments) => path::run(arguments),
        What::Embed(arguments) => embed::run(arguments),
        What::Check(arguments) => check::run(arguments),
        What::Run(arguments) => run::run(arguments),
    }
}

/// The module.
pub(crate) fn module() -> Result<&'static [u8], Failure> {
    MODULE.ok_or_else(|| {
        Failure::System(format!(
            "this tripline was built without the module for Fluent Bit: {MISSING}"
        ))
    })
}

//! How the command ends. Every subcommand returns a [`Status`] or a [`Failure`]; only `main`
//! turns them into a process exit. The numbers are part of the command's contract with scripts.

use std::process::ExitCode;

/// An exit status, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It ran (0).
    Ran,
    /// It could not run, or an input could not be read to its end (1).
    CouldNotRun,
    /// A test failed, or something is not shown by any (1).
    TestFailed,
    /// The command line or the rule set is in error; nothing ran (2).
    InError,
    /// It ran, and what `--fail-on` names happened (3).
    FailedOn,
    /// Ctrl-C ended it (130, as shells have it).
    Interrupted,
    /// SIGTERM ended it (143, as shells have it).
    Terminated,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Ran => 0,
            Status::CouldNotRun | Status::TestFailed => 1,
            Status::InError => 2,
            Status::FailedOn => 3,
            Status::Interrupted => 130,
            Status::Terminated => 143,
        })
    }
}

/// Why a subcommand ended before its work was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// What was asked for cannot be done as asked.
    #[error("{0}")]
    Usage(String),
    /// A file that the command needs cannot be read or written.
    #[error("{doing} {path}: {source}")]
    File {
        /// What was being done: "cannot read", "cannot write".
        doing: &'static str,
        /// Which file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Standard output cannot be written.
    #[error("cannot write standard output: {0}")]
    Output(#[source] std::io::Error),
    /// Another failure of the system.
    #[error("{0}")]
    System(String),
}

impl Failure {
    /// The status that this failure ends the process with. A reader that went away (a closed pipe)
    /// has seen what it wanted: that is no failure.
    pub(crate) fn status(&self) -> Status {
        match self {
            Failure::Usage(_) => Status::InError,
            Failure::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Status::Ran,
            Failure::File { .. } | Failure::Output(_) | Failure::System(_) => Status::CouldNotRun,
        }
    }

    /// Whether the person at the terminal should hear of it.
    pub(crate) fn is_silent(&self) -> bool {
        self.status() == Status::Ran
    }
}

impl From<tripline_state::Failure> for Failure {
    fn from(failure: tripline_state::Failure) -> Failure {
        match failure {
            tripline_state::Failure::InUse(said) => Failure::Usage(said),
            tripline_state::Failure::File {
                doing,
                path,
                source,
            } => Failure::File {
                doing,
                path,
                source,
            },
        }
    }
}

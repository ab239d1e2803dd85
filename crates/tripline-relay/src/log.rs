//! What a relay says of itself: lines on standard error, for a person or as JSON.

use std::io;

use tracing_subscriber::EnvFilter;

/// How it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// A line for a person.
    #[default]
    Text,
    /// An object a line.
    Json,
}

/// Lets the relays of this process speak on standard error. `RUST_LOG` says how much; without it what
/// happens, or, where `quiet`, what goes wrong. Where something speaks already, that goes on.
pub fn log_to_stderr(format: LogFormat, quiet: bool) {
    let usual = if quiet { "warn" } else { "info" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    let begun = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    drop(begun);
}

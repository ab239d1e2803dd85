//! The network face of tripline: it stands between a sender and a receiver of logs, speaks Vector's own
//! protocol and plain HTTP, and answers the sender with what the receiver answered it. So a record is
//! acknowledged only when the receiver has it, and what was correlated outlives a kill at any instant.
//!
//! The way of a request: `serve` takes it within its limits, `records` finds the records in its bytes,
//! `judge` says what becomes of them, `forward` sends the rest on; `relay` is that order. Settings
//! come whole from the command ([`Settings`]), and so do rules ([`RuleSource`]): nothing here reads
//! arguments or rule files.

mod apart;
mod budget;
mod counters;
mod forward;
mod judge;
mod log;
mod records;
mod relay;
mod running;
mod serve;
mod settings;
#[cfg(test)]
mod tests;
mod tls;

pub use forward::Target;
pub use log::{LogFormat, log_to_stderr};
pub use running::{Running, start};
pub use settings::{
    Compression, JsonEngine, Limits, Receiver, RelayError, RuleSource, ServerTls, Settings,
    StateSettings,
};

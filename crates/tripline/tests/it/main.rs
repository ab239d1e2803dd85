//! The command as a user runs it: what it writes, how it ends, what it makes of every input.
//!
//! The rules and records in `tests/data` are small and made for these tests.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests state what they know, in their helpers too"
)]

mod command;
mod exits;
mod export;
mod fluent_bit;
mod generate;
mod hostile;
mod inputs;
mod kept;
mod live;
mod modes;
mod outputs;
mod promises;
mod relay;
mod resume;
mod resumed_inputs;
mod resumed_outputs;
mod rule_files;
mod skew;
mod testing;
mod watch;

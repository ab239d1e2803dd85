//! The module that is deployed, run as Fluent Bit runs it: what it answers, what it says, what it
//! costs, and that no record is lost whatever comes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod answers;
mod cost;
mod deployment;
mod differential;
mod harness;
mod hostile;
mod restart;

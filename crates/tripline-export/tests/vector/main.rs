//! What is exported for Vector, run by VRL itself beside the engine: tables of rule sets, random rules,
//! hostile texts, and what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod constructs;
mod conversions;
mod document;
mod events;
mod grammar;
mod harness;
mod members;
mod nearby;
mod refused;
mod unsayable;

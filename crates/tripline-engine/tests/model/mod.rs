//! The executable model, which the property tests compare the engine with: sign-ins at random (`event`),
//! rules at random as data (`rule`, `random`), the same rules as text for the engine (`text`), and an
//! evaluator that sorts all events and applies the definitions by brute force (`values`, `matches`,
//! and a file for each form). `running` runs the engine, `samples` has a few fixed rules.
//!
//! INVARIANT: the model is written from the documentation and shares no code with the engine.

#![allow(
    dead_code,
    unused_imports,
    clippy::cast_precision_loss,
    reason = "each file of tests is a program of its own and uses its part; the numbers are small"
)]

mod count;
mod event;
mod matches;
mod random;
mod rule;
mod running;
mod samples;
mod sequence;
mod text;
mod together;
mod values;

pub(crate) use event::{Event, MOST, Row, SCHEMA, SECOND, START, arrival, each, events};
pub(crate) use matches::{Found, affordable, expected};
pub(crate) use random::{SORTS, Sort, retuned, rule, rules, sort_of, tape};
pub(crate) use rule::Rule;
pub(crate) use running::{
    Collected, Given, cases, compile, compile_files, compiled, engine, today,
};
pub(crate) use samples::{LAST, LONE, RULES, all, sample, sampled, sampled_with};
pub(crate) use text::set_text;

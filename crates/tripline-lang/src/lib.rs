//! The tripline language: from rule text to a checked rule set.
//!
//! The way of a rule file: [`source`] holds the texts, `parse` makes an [`ast`] of each,
//! `check` resolves names and types and gives a [`checked::Checked`] set, and every problem on
//! the way is a [`diagnostic::Diagnostic`]. This crate knows no records; what it knows of
//! values ([`value`], [`functions`]) is what the engine evaluates with.

pub mod ast;
mod check;
pub mod checked;
pub mod diagnostic;
pub mod format;
pub mod functions;
mod nearest;
pub mod parse;
pub mod source;
pub mod types;
pub mod value;

pub use check::{Checking, check};
pub use format::format;

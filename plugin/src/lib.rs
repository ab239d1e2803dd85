//! The tripline engine as a WebAssembly module for log shippers that call one function a record, as
//! Fluent Bit's `filter_wasm` does.
//!
//! The way of one call: `exports` (pointers, and the guard against a call that trapped) hands the
//! record to the one [`session::Session`], which looks whether rules changed, pushes the record into
//! the engine, and says by an [`answer::Answer`] what becomes of it. Rules and settings are found
//! through [`folders`] (or in the module itself), [`state`] keeps what must survive a
//! restart, [`counters`] shows what happened, [`voice`] says it on standard error.
//!
//! INVARIANT: whatever goes wrong, the record passes; only a filter of the rule set, or a mode that gives
//! detections alone, drops one. No input makes a call trap.

pub mod answer;
pub mod counters;
#[cfg(target_os = "wasi")]
pub mod exports;
pub mod folders;
pub mod mode;
pub mod probe;
pub mod rules;
pub mod session;
pub mod settings;
pub mod state;
pub mod voice;

//! Runs the plugin's module in wasmtime as Fluent Bit's `filter_wasm` runs it: instantiated once, the
//! tag and each record copied into memory that the module's own `malloc` gives, the answer taken up
//! to its first zero byte. For the tests, for `tripline plugin run`, and for a relay that is to run the
//! very module that is deployed elsewhere.
//!
//! What Fluent Bit's interpreter has and this has not is a small operand stack; what this has and that
//! has not are limits on memory, on instructions and on time.

mod call;
mod embed;
mod module;

pub use call::{Format, Instance, Outcome};
pub use embed::{EmbedError, carried, embed};
pub use module::{Access, HostError, Limits, Module};

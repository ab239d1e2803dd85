//! Reading MessagePack records (<https://github.com/msgpack/msgpack/blob/master/spec.md>): one walk
//! over the bytes, from member to member, that goes into a map or array only where a wanted path
//! does and steps over everything else by its length.
//!
//! A record means what the JSON record means that says the same: nil is `null`, a byte string that
//! is UTF-8 is text, a timestamp (extension -1, and Fluent Bit's extension 0) is an instant. All
//! other extensions and byte strings, and numbers that are not finite, are missing; members whose
//! key is no text do not exist.
//!
//! What is verified: of what is walked over, that no length leads past the end and that no byte is
//! the reserved one; of wanted values, that texts are UTF-8. Nothing is verified of what is behind
//! the last wanted value.

mod head;
mod json_text;
pub(super) mod raw;
mod step;
mod walk;

pub(crate) use raw::whole;
pub use walk::read;

pub(super) use json_text::json_text;

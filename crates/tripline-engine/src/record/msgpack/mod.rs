//! Reading MessagePack records (<https://github.com/msgpack/msgpack/blob/master/spec.md>): one walk
//! over the bytes, from member to member, that goes into a map or array only where a wanted path
//! does and steps over everything else by its length.
//!
//! A record means what the JSON record means that says the same: nil is `null`, a byte string that
//! is UTF-8 is text, a timestamp (extension -1, and Fluent Bit's extension 0) is an instant. All
//! other extensions and byte strings, and numbers that are not finite, are missing; members whose
//! key is no text do not exist.
//!
//! A reader keeps one record that it has read and follows it (`template`, `follow`): what is the same
//! in the next ones needs no walk. What it finds does not depend on that.
//!
//! What is verified: of what is walked over, that no length leads past the end and that no byte is
//! the reserved one; of wanted values, that texts are UTF-8. Nothing is verified of what is behind
//! the last wanted value.

mod follow;
mod head;
mod json_text;
mod learn;
pub(super) mod raw;
mod read;
mod step;
mod template;
mod uneven;
mod value;
mod walk;

pub(crate) use raw::whole;
pub use read::read;

pub(super) use json_text::json_text;
pub(super) use template::Template;

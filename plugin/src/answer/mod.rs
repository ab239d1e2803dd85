//! What the host is answered: that a record passes, that it is dropped, or a record of our own making,
//! which stands in the session's buffer until the next call.

mod annotated;
mod found;
mod zero_free;

pub use annotated::annotate;
pub use found::Found;
pub use zero_free::write as write_message_pack;

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It passes as it came: the host is given its own pointer back.
    Pass,
    /// It is dropped.
    Drop,
    /// What is in the session's buffer takes its place.
    Give,
}

//! Reading records in protobuf as shippers exchange them: log events of Vector
//! (`lib/vector-core/proto/event.proto` of its source, `event.Log`) and bodies of OpenTelemetry's log
//! records (`opentelemetry/proto/common/v1/common.proto`, `KeyValueList`), or their attributes. Both are
//! maps as repeated entries in field 1, with the name in field 1 and the value in field 2 of an entry,
//! and differ in how a value is numbered (`value`). One walk over the entries, which steps over what is
//! not wanted by its length.
//!
//! A record means what the JSON record means that says the same: a byte string that is UTF-8 is text,
//! a timestamp is an instant; other byte strings, and numbers that are not finite, are missing.
//! Other fields of the record's message (of a log event its metadata) are passed over.
//!
//! What is verified: of messages that are walked over, that no length leads past the end; of wanted
//! values, that they are whole to their last text. Nothing is verified behind the last wanted value.

mod json_text;
pub(super) mod raw;
mod value;
mod walk;
pub mod wire;

pub(super) use json_text::{json_text, record_text};
pub(super) use raw::whole;
pub(super) use walk::{Open, read};

//! The tripline engine: a checked rule set and raw records in, detections out. No files, no
//! sockets, no threads and no clock of its own.

pub mod record;
pub use tripline_lang as lang;

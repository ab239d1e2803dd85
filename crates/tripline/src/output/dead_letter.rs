//! The dead letter: the records that correlation never saw, each with its place and the reason, so
//! that they can be mended and run again.

use std::fs::File;
use std::io::{BufWriter, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::files::{Growing, Left, cannot_write};
use crate::exit::Failure;

/// A file of lines `{"file","line","reason","record"}`; in place of `record` stands `record_base64`
/// where the record is not UTF-8.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    file: BufWriter<Growing>,
}

/// One line of it.
#[derive(Serialize)]
struct Letter<'a> {
    file: &'a str,
    line: u64,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_base64: Option<String>,
}

impl DeadLetter {
    /// Written to this file.
    pub(crate) fn new(file: Growing) -> DeadLetter {
        DeadLetter {
            file: BufWriter::new(file),
        }
    }

    /// Adds a record.
    pub(crate) fn add(
        &mut self,
        file: &str,
        line: u64,
        reason: &str,
        record: &[u8],
    ) -> Result<(), Failure> {
        let text = std::str::from_utf8(record);
        let letter = Letter {
            file,
            line,
            reason,
            record: text.ok(),
            record_base64: text.is_err().then(|| BASE64_STANDARD.encode(record)),
        };
        serde_json::to_writer(&mut self.file, &letter)
            .map_err(std::io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(|error| cannot_write(self.file.get_ref().name(), error))
    }

    /// Writes what has not been written yet.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.file
            .flush()
            .map_err(|error| cannot_write(self.file.get_ref().name(), error))
    }

    /// How far the file has been written, all that is still to be written among it.
    pub(crate) fn left(&mut self) -> Result<Option<Left>, Failure> {
        self.flush()?;
        Ok(self.file.get_ref().left())
    }

    /// Another handle of the file.
    pub(crate) fn handle(&self) -> Option<File> {
        self.file.get_ref().handle()
    }
}

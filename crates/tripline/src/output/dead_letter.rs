//! The dead letter: the records that correlation never saw, each with its place and the reason, so
//! that they can be mended and run again.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::exit::Failure;

/// A file of lines `{"file","line","reason","record"}`; in place of `record` stands `record_base64`
/// where the record is not UTF-8.
pub(crate) struct DeadLetter {
    path: String,
    file: BufWriter<File>,
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
    /// Begins the file anew.
    pub(crate) fn create(path: &Path) -> Result<DeadLetter, Failure> {
        let name = path.display().to_string();
        let file = File::create(path).map_err(|error| cannot_write(&name, error))?;
        Ok(DeadLetter {
            path: name,
            file: BufWriter::new(file),
        })
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
            .map_err(|error| cannot_write(&self.path, error))
    }

    /// Writes what has not been written yet.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.file
            .flush()
            .map_err(|error| cannot_write(&self.path, error))
    }
}

fn cannot_write(path: &str, source: std::io::Error) -> Failure {
    Failure::File {
        doing: "cannot write",
        path: path.to_owned(),
        source,
    }
}

//! Standard output, or the file that takes its place: gathered in memory and written once a block, so
//! that it costs little, never tears the progress bar, and still appears as soon as its block is done.

use std::fs::File;
use std::io::{self, Stdout, Write};

use super::files::{Growing, Left, cannot_write};
use super::progress::Progress;
use crate::exit::Failure;

/// Where the output goes.
enum To {
    Standard(Stdout),
    File(Growing),
}

/// The output.
pub(crate) struct Out {
    to: To,
    gathered: Vec<u8>,
    progress: Progress,
    /// The last byte that was written; a line end before the first.
    last: u8,
    /// Its reader is known to have gone away.
    closed: bool,
}

impl Out {
    /// Standard output beside this progress bar.
    pub(crate) fn new(progress: Progress) -> Out {
        Out {
            to: To::Standard(io::stdout()),
            gathered: Vec::new(),
            progress,
            last: b'\n',
            closed: false,
        }
    }

    /// A file in place of standard output.
    pub(crate) fn to_file(mut file: Growing, progress: Progress) -> Out {
        Out {
            last: if file.ends_line() { b'\n' } else { b' ' },
            to: To::File(file),
            gathered: Vec::new(),
            progress,
            closed: false,
        }
    }

    /// Nothing has been written, by an earlier run neither.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.to {
            To::Standard(_) => true,
            To::File(file) => file.is_empty(),
        }
    }

    /// How far the file has been written, if it is one.
    pub(crate) fn left(&self) -> Option<Left> {
        match &self.to {
            To::Standard(_) => None,
            To::File(file) => file.left(),
        }
    }

    /// Another handle of the file, if it is one.
    pub(crate) fn handle(&self) -> Option<File> {
        match &self.to {
            To::Standard(_) => None,
            To::File(file) => file.handle(),
        }
    }

    /// Its reader has gone away.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// What is gathered; to be appended to.
    pub(crate) fn gathered(&mut self) -> &mut Vec<u8> {
        &mut self.gathered
    }

    /// Begins a new line, unless one has just begun.
    pub(crate) fn end_line(&mut self) {
        if *self.gathered.last().unwrap_or(&self.last) != b'\n' {
            self.gathered.push(b'\n');
        }
    }

    /// Writes what is gathered at the end of a run, where a reader that went away stops nothing any more.
    /// Says whether the reader was there to the end.
    pub(crate) fn end(&mut self) -> Result<bool, Failure> {
        if self.closed {
            return Ok(false);
        }
        match self.flush() {
            Err(failure) if failure.is_silent() => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Writes what is gathered.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let Some(last) = self.gathered.last() else {
            return Ok(());
        };
        self.last = *last;
        let (to, gathered) = (&mut self.to, &self.gathered);
        let written = match to {
            To::Standard(to) => self
                .progress
                .aside(|| to.write_all(gathered).and_then(|()| to.flush()))
                .map_err(Failure::Output),
            To::File(to) => to
                .write_all(gathered)
                .map_err(|error| cannot_write(to.name(), error)),
        };
        self.gathered.clear();
        self.closed |= written.as_ref().is_err_and(Failure::is_silent);
        written
    }
}

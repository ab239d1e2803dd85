//! Standard output: gathered in memory and written once a block, so that it costs little, never
//! tears the progress bar, and still appears as soon as its block is done.

use std::io::{self, Stdout, Write};

use super::progress::Progress;
use crate::exit::Failure;

/// Standard output.
pub(crate) struct Out {
    to: Stdout,
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
            to: io::stdout(),
            gathered: Vec::new(),
            progress,
            last: b'\n',
            closed: false,
        }
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
        let written = self
            .progress
            .aside(|| to.write_all(gathered).and_then(|()| to.flush()));
        self.gathered.clear();
        self.closed |= written
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        written.map_err(Failure::Output)
    }
}

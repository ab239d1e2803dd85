//! The blocks of all inputs, one after the other. What cannot be read is reported in its place and
//! the next input is taken up.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::vec::IntoIter;

use memmap2::Mmap;

use super::framing::{Cut, Framer};
use super::open::{self, Opened, Stream};
use super::{BLOCK, Block, Input, Source};
use crate::interrupt::Interrupt;

/// What comes next.
pub(crate) enum Piece {
    /// Records.
    Block(Block),
    /// An input that cannot be read, or not to its end, and why.
    Failed(Arc<Source>, String),
}

/// Hands out the pieces of all inputs in order.
pub(crate) struct Feed {
    waiting: std::iter::Enumerate<IntoIter<Input>>,
    current: Option<Current>,
    failed: Option<Piece>,
    limit: usize,
    interrupt: Interrupt,
}

/// The input that is being read.
struct Current {
    source: Arc<Source>,
    framer: Framer,
    bytes: Bytes,
}

/// Its bytes that have not been handed out.
enum Bytes {
    Mapped(Arc<Mmap>, Range<usize>),
    Stream(Buffered),
}

/// A stream and what has been read of it.
struct Buffered {
    stream: Stream,
    buffer: Vec<u8>,
    at_end: bool,
    /// So many stored bytes have been accounted for.
    accounted: u64,
}

impl Feed {
    /// The pieces of these inputs, whose records may have `limit` bytes. Ends early when interrupted.
    pub(crate) fn new(inputs: Vec<Input>, limit: usize, interrupt: Interrupt) -> Feed {
        Feed {
            waiting: inputs.into_iter().enumerate(),
            current: None,
            failed: None,
            limit,
            interrupt,
        }
    }

    /// Opens an input.
    fn open(&self, index: usize, input: Input) -> Result<Current, Piece> {
        let name = match &input {
            Input::Standard => "<stdin>".to_owned(),
            Input::File(path) | Input::Unreadable(path, _) => path.display().to_string(),
        };
        let source = Arc::new(Source { name, index });
        let opened = match input {
            Input::Standard => open::standard(&self.interrupt),
            Input::File(path) => open::file(&path, &self.interrupt),
            Input::Unreadable(_, error) => Err(error),
        };
        let bytes = match opened {
            Ok(Opened::Mapped(map)) => {
                let all = 0..map.len();
                Bytes::Mapped(map, all)
            }
            Ok(Opened::Stream(stream)) => Bytes::Stream(Buffered {
                stream,
                buffer: Vec::new(),
                at_end: false,
                accounted: 0,
            }),
            Err(error) => return Err(Piece::Failed(source, format!("cannot be read: {error}"))),
        };
        Ok(Current {
            source,
            framer: Framer::new(self.limit),
            bytes,
        })
    }
}

impl Iterator for Feed {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            if self.interrupt.is_set() {
                return None;
            }
            if let Some(current) = &mut self.current {
                let next = current.next();
                // A live input ends where it is interrupted: what it ended in is no whole record.
                if self.interrupt.is_set() {
                    return None;
                }
                match next {
                    Ok(Some(block)) => return Some(Piece::Block(block)),
                    Ok(None) => {
                        let current = self.current.take()?;
                        if !current.framer.is_complete() {
                            let error = "ends in the middle of a JSON document".to_owned();
                            return Some(Piece::Failed(current.source, error));
                        }
                    }
                    // What had been read before the error is still handed out first.
                    Err(error) => {
                        self.failed = Some(Piece::Failed(Arc::clone(&current.source), error));
                    }
                }
                continue;
            }
            if let Some(failed) = self.failed.take() {
                return Some(failed);
            }
            let (index, input) = self.waiting.next()?;
            match self.open(index, input) {
                Ok(current) => self.current = Some(current),
                Err(failed) => return Some(failed),
            }
        }
    }
}

impl Current {
    /// The next block of this input. After an error what had been read before it comes.
    fn next(&mut self) -> Result<Option<Block>, String> {
        match &mut self.bytes {
            Bytes::Mapped(map, left) => {
                let window = map.get(left.clone()).unwrap_or_default();
                if window.is_empty() {
                    return Ok(None);
                }
                let (len, kind) = match self.framer.cut(window, true) {
                    Cut::Block(len, kind) => (len, kind),
                    Cut::More(_) => return Ok(None),
                };
                let end = left.start.saturating_add(len.max(1)).min(left.end);
                let at = std::mem::replace(&mut left.start, end)..end;
                Ok(Some(Block::mapped(
                    Arc::clone(&self.source),
                    Arc::clone(map),
                    at,
                    kind,
                )))
            }
            Bytes::Stream(buffered) => {
                let mut wanted = if buffered.stream.live { 1 } else { BLOCK };
                loop {
                    buffered.fill(wanted)?;
                    if buffered.buffer.is_empty() {
                        return Ok(None);
                    }
                    match self.framer.cut(&buffered.buffer, buffered.at_end) {
                        Cut::More(_) if buffered.at_end => return Ok(None),
                        Cut::More(at_least) => wanted = at_least,
                        Cut::Block(len, kind) => {
                            let bytes = buffered.take(len);
                            let stored = buffered.account();
                            return Ok(Some(Block::owned(
                                Arc::clone(&self.source),
                                bytes,
                                kind,
                                stored,
                            )));
                        }
                    }
                }
            }
        }
    }
}

impl Buffered {
    /// Reads until the buffer has `wanted` bytes or nothing more comes.
    fn fill(&mut self, wanted: usize) -> Result<(), String> {
        while !self.at_end && self.buffer.len() < wanted {
            let have = self.buffer.len();
            let room = wanted.saturating_sub(have).max(BLOCK);
            self.buffer.resize(have.saturating_add(room), 0);
            let into = self.buffer.get_mut(have..).unwrap_or_default();
            let read = self.stream.reader.read(into);
            self.buffer
                .truncate(have.saturating_add(read.as_ref().copied().unwrap_or(0)));
            match read {
                Ok(0) => self.at_end = true,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.at_end = true;
                    return Err(format!("cannot be read further: {error}"));
                }
            }
        }
        Ok(())
    }

    /// Takes the first `len` bytes off the buffer.
    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.buffer.get(len..).unwrap_or_default();
        let mut left = Vec::with_capacity(rest.len().saturating_add(BLOCK));
        left.extend_from_slice(rest);
        let mut taken = std::mem::replace(&mut self.buffer, left);
        taken.truncate(len);
        taken
    }

    /// How many stored bytes were read since the last time.
    fn account(&mut self) -> u64 {
        let stored = self.stream.stored.load(Ordering::Relaxed);
        stored.saturating_sub(std::mem::replace(&mut self.accounted, stored))
    }
}

//! One input that is being read: opened at its beginning or at a mark, cut into blocks at record borders.
//! [`super::Feed`] has one for each input that it has begun.
//!
//! INVARIANT: an input is taken up in its middle only where what lies before is what was read.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use memmap2::Mmap;

use super::clock::Stands;
use super::feed::Piece;
use super::framing::{Cut, Framer};
use super::open::{self, Content, Opened, Stream};
use super::place::{About, Fingerprint, Mark};
use super::{BLOCK, Block, Input, Source};
use crate::interrupt::Interrupt;

/// What is said of an input that is not what was read before: it must not be taken up in its middle.
const CHANGED: &str = "is not what it was up to where it was left, so it is not read; run once without the \
                       state (or with it set aside) to read it from its beginning";

/// An input that cannot be read, and why.
pub(super) struct Unread(pub(super) Arc<Source>, pub(super) String);

/// The input that is being read.
pub(super) struct Current {
    source: Arc<Source>,
    framer: Framer,
    bytes: Bytes,
    /// So many bytes have been handed out, decompressed.
    offset: u64,
    /// Why it cannot be read further: told when what was read before has been handed out.
    failed: Option<String>,
}

/// Its bytes that have not been handed out.
enum Bytes {
    Mapped(Arc<Mmap>, Range<usize>),
    Stream(Buffered),
}

/// What an input gives next.
enum Next {
    Block(Block),
    /// Nothing yet.
    Pause,
    End,
}

/// A stream and what has been read of it.
struct Buffered {
    stream: Stream,
    buffer: Vec<u8>,
    at_end: bool,
    /// So many stored bytes have been accounted for.
    accounted: u64,
}

impl Current {
    /// Opens an input, at a mark if it has one.
    pub(super) fn open(
        index: usize,
        input: &Input,
        from: Option<&Mark>,
        limit: usize,
        interrupt: &Interrupt,
    ) -> Result<Current, Unread> {
        let name = match input {
            Input::Standard => open::STANDARD.to_owned(),
            Input::File(path) | Input::Unreadable(path, _) => path.display().to_string(),
        };
        let source = |about: Option<About>| {
            let name = name.clone();
            Arc::new(Source { name, index, about })
        };
        let opened = match input {
            Input::Standard => open::standard(interrupt),
            Input::File(path) => open::file(path, interrupt),
            Input::Unreadable(_, error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        let Opened { content, about } =
            opened.map_err(|error| Unread(source(None), format!("cannot be read: {error}")))?;
        let from = from.filter(|_| !about.live);
        let source = source(Some(about));
        let changed = || Unread(Arc::clone(&source), CHANGED.to_owned());
        let bytes = match content {
            Content::Mapped(map) => {
                let start = match from {
                    Some(mark) => open::starts_behind(&map, mark).ok_or_else(changed)?,
                    None => 0,
                };
                let left = start..map.len();
                Bytes::Mapped(map, left)
            }
            Content::Stream(mut stream) => {
                if let Some(mark) = from {
                    match open::pass_over(&mut stream.reader, mark) {
                        Ok(true) => {}
                        Ok(false) => return Err(changed()),
                        Err(error) => {
                            let why = format!("cannot be read up to where it was left: {error}");
                            return Err(Unread(source, why));
                        }
                    }
                }
                // What was passed over is accounted for already.
                let accounted = stream.stored.load(Ordering::Relaxed);
                Bytes::Stream(Buffered {
                    stream,
                    buffer: Vec::new(),
                    at_end: false,
                    accounted: if from.is_some() { accounted } else { 0 },
                })
            }
        };
        Ok(Current {
            source,
            framer: match from {
                Some(mark) => Framer::resumed(limit, mark.form.clone()),
                None => Framer::new(limit),
            },
            bytes,
            offset: from.map_or(0, |mark| mark.offset),
            failed: None,
        })
    }

    /// What comes next of this input. What had been read before an error is still handed out first.
    pub(super) fn piece(&mut self) -> Piece {
        loop {
            match self.next() {
                Ok(Next::Block(block)) => return Piece::Block(block),
                Ok(Next::Pause) => return Piece::Pause,
                Err(error) => self.failed = Some(error),
                Ok(Next::End) => break,
            }
        }
        let incomplete = (!self.framer.is_complete())
            .then(|| "ends in the middle of a JSON document".to_owned());
        let source = Arc::clone(&self.source);
        match self.failed.take().or(incomplete) {
            Some(error) => Piece::Failed(source, error),
            None => Piece::Ended(source),
        }
    }

    /// Where the input is read on behind a block, which was the last; it stands at that time.
    pub(super) fn mark(&self, block: &Block, stands: Stands) -> Mark {
        Mark {
            offset: self.offset,
            before: Fingerprint::of_last(block.bytes()),
            form: self.framer.form(),
            stands,
        }
    }

    /// The next block of this input. After an error what had been read before it comes.
    fn next(&mut self) -> Result<Next, String> {
        let next = self.cut()?;
        if let Next::Block(block) = &next {
            self.offset = self.offset.saturating_add(block.bytes().len() as u64);
        }
        Ok(next)
    }

    fn cut(&mut self) -> Result<Next, String> {
        match &mut self.bytes {
            Bytes::Mapped(map, left) => {
                let window = map.get(left.clone()).unwrap_or_default();
                if window.is_empty() {
                    return Ok(Next::End);
                }
                let (len, kind) = match self.framer.cut(window, true) {
                    Cut::Block(len, kind) => (len, kind),
                    Cut::More(_) => return Ok(Next::End),
                };
                let end = left.start.saturating_add(len.max(1)).min(left.end);
                let at = std::mem::replace(&mut left.start, end)..end;
                Ok(Next::Block(Block::mapped(
                    Arc::clone(&self.source),
                    Arc::clone(map),
                    at,
                    kind,
                )))
            }
            Bytes::Stream(buffered) => {
                let mut wanted = if buffered.stream.live { 1 } else { BLOCK };
                loop {
                    if !buffered.fill(wanted)? {
                        return Ok(Next::Pause);
                    }
                    if buffered.buffer.is_empty() {
                        return Ok(Next::End);
                    }
                    match self.framer.cut(&buffered.buffer, buffered.at_end) {
                        Cut::More(_) if buffered.at_end => return Ok(Next::End),
                        Cut::More(at_least) => wanted = at_least,
                        Cut::Block(len, kind) => {
                            let bytes = buffered.take(len);
                            let stored = buffered.account();
                            return Ok(Next::Block(Block::owned(
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
    /// Reads until the buffer has `wanted` bytes or nothing more comes; false where nothing has come for
    /// a while, but more may.
    fn fill(&mut self, wanted: usize) -> Result<bool, String> {
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
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => {
                    self.at_end = true;
                    return Err(format!("cannot be read further: {error}"));
                }
            }
        }
        Ok(true)
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

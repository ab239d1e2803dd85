//! The blocks of all inputs, one input after the other or side by side, from their beginnings or from
//! where an earlier run left them. What cannot be read is reported in its place and the next input is
//! taken up.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use memmap2::Mmap;

use super::clock::{Clock, Stands};
use super::framing::{Cut, Framer};
use super::open::{self, Content, Opened, Stream};
use super::place::{About, Fingerprint, Mark};
use super::{BLOCK, Block, Input, Source};
use crate::interrupt::Interrupt;

/// What comes next.
pub(crate) enum Piece {
    /// Records.
    Block(Block),
    /// An input that cannot be read, or not to its end, and why.
    Failed(Arc<Source>, String),
    /// An input has come to its end.
    Ended(Arc<Source>),
    /// Nothing has come from a live input for a while.
    Pause,
}

/// An input of a run.
pub(crate) struct Entry {
    /// Its number, which it has in later runs too.
    pub(crate) index: usize,
    /// What is to be read.
    pub(crate) input: Input,
    /// How far it has been read before.
    pub(crate) from: Option<Mark>,
    /// It has been read to its end before.
    pub(crate) ended: bool,
}

impl Entry {
    /// Inputs that are read from their beginnings.
    pub(crate) fn fresh(inputs: Vec<Input>) -> Vec<Entry> {
        let entry = |(index, input)| Entry {
            index,
            input,
            from: None,
            ended: false,
        };
        inputs.into_iter().enumerate().map(entry).collect()
    }
}

/// How the inputs of a run are read.
pub(crate) enum Reading {
    /// One after the other, whatever the times of their events.
    InTurn,
    /// One after the other; the blocks say where the inputs still to be read begin.
    InTurnBy(Clock),
    /// Side by side, always the one that is furthest behind.
    SideBySide(Clock),
}

/// What is said of an input that is not what was read before: it must not be taken up in its middle.
const CHANGED: &str = "is not what it was up to where it was left, so it is not read; run once without the \
                       state (or with it set aside) to read it from its beginning";

/// Hands out the pieces of all inputs.
pub(crate) struct Feed {
    /// The inputs that have not come to their end, in the order named.
    inputs: Vec<Place>,
    /// Their beginnings have been looked at.
    begun: bool,
    /// There were several to begin with.
    several: bool,
    reading: Reading,
    limit: usize,
    interrupt: Interrupt,
}

/// An input and how far it has been read.
struct Place {
    index: usize,
    state: State,
    stands: Stands,
}

enum State {
    /// Not opened; to be read from the mark on.
    Waiting(Input, Option<Mark>),
    Open(Box<Current>),
}

/// The input that is being read.
struct Current {
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

impl Feed {
    /// The pieces of these inputs, whose records may have `limit` bytes. Ends early when interrupted.
    pub(crate) fn new(
        inputs: Vec<Entry>,
        limit: usize,
        interrupt: Interrupt,
        reading: Reading,
    ) -> Feed {
        // Also where all but one have ended before: what is held up must not depend on a restart.
        let several = inputs.len() > 1;
        let unread = inputs.into_iter().filter(|entry| !entry.ended);
        let places = unread.map(|entry| Place {
            index: entry.index,
            stands: entry
                .from
                .as_ref()
                .map_or(Stands::Unknown, |mark| mark.stands),
            state: State::Waiting(entry.input, entry.from),
        });
        Feed {
            inputs: places.collect(),
            begun: false,
            several,
            reading,
            limit,
            interrupt,
        }
    }

    /// Opens an input, at a mark if it has one.
    fn open(&self, index: usize, input: &Input, from: Option<&Mark>) -> Result<Current, Piece> {
        let name = match input {
            Input::Standard => open::STANDARD.to_owned(),
            Input::File(path) | Input::Unreadable(path, _) => path.display().to_string(),
        };
        let source = |about: Option<About>| {
            let name = name.clone();
            Arc::new(Source { name, index, about })
        };
        let opened = match input {
            Input::Standard => open::standard(&self.interrupt),
            Input::File(path) => open::file(path, &self.interrupt),
            Input::Unreadable(_, error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        let Opened { content, about } = opened.map_err(|error| {
            Piece::Failed(source(None), format!("cannot be read: {error}"))
        })?;
        let from = from.filter(|_| !about.live);
        let source = source(Some(about));
        let changed = || Piece::Failed(Arc::clone(&source), CHANGED.to_owned());
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
                            return Err(Piece::Failed(source, why));
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
                Some(mark) => Framer::resumed(self.limit, mark.form.clone()),
                None => Framer::new(self.limit),
            },
            bytes,
            offset: from.map_or(0, |mark| mark.offset),
            failed: None,
        })
    }

    /// Looks at the beginning of every input that can be opened twice. What cannot be read is told in
    /// its turn.
    fn begin(&mut self) {
        self.begun = true;
        if matches!(self.reading, Reading::InTurn) {
            return;
        }
        let mut firsts = Vec::with_capacity(self.inputs.len());
        for place in &self.inputs {
            let State::Waiting(input, from) = &place.state else {
                continue;
            };
            if from.is_some() {
                firsts.push(None);
                continue;
            }
            let twice = match input {
                Input::File(path) => open::can_be_read_twice(path),
                Input::Standard => false,
                Input::Unreadable(..) => true,
            };
            let opened = twice.then(|| self.open(place.index, input, None).ok());
            let first = match opened.flatten().map(|mut current| current.next()) {
                Some(Ok(Next::Block(first))) => Some(first),
                _ => None,
            };
            firsts.push(Some((twice, first)));
        }
        let (Reading::InTurnBy(clock) | Reading::SideBySide(clock)) = &mut self.reading else {
            return;
        };
        for (place, first) in self.inputs.iter_mut().zip(firsts) {
            place.stands = match first {
                // It stands where its mark says.
                None => continue,
                Some((_, Some(first))) => clock.beginning(&first),
                Some((true, None)) => Stands::Unknown,
                Some((false, None)) => Stands::Live,
            };
        }
    }

    /// The input to be read next, and where the inputs stand that have not come to their end.
    fn choose(&self) -> Option<(usize, Option<i64>)> {
        let side_by_side = matches!(self.reading, Reading::SideBySide(_));
        let chosen = if side_by_side {
            // Of those that stand alike, the first named.
            let stands = self.inputs.iter().map(|place| place.stands.reads_at());
            stands.enumerate().min_by_key(|(at, time)| (*time, *at))?.0
        } else {
            0
        };
        let this = self.inputs.get(chosen)?;
        let others = self
            .inputs
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != chosen);
        let others = others.map(|(_, place)| place.stands.holds_at()).min();
        let this = match this.stands {
            Stands::NewestFirst => i64::MIN,
            // The engine itself sees where the only input stands.
            _ if !self.several => i64::MAX,
            Stands::Live => i64::MAX,
            Stands::Unknown => i64::MIN,
            Stands::At(time) => time,
        };
        let stands = others.unwrap_or(i64::MAX).min(this);
        Some((chosen, (stands != i64::MAX).then_some(stands)))
    }

    /// The next piece of an input.
    fn read(&mut self, chosen: usize) -> Option<Piece> {
        let place = self.inputs.get(chosen)?;
        if let State::Waiting(input, from) = &place.state {
            match self.open(place.index, input, from.as_ref()) {
                Ok(current) => self.inputs.get_mut(chosen)?.state = State::Open(Box::new(current)),
                Err(failed) => {
                    self.inputs.remove(chosen);
                    return Some(failed);
                }
            }
        }
        let State::Open(current) = &mut self.inputs.get_mut(chosen)?.state else {
            return None;
        };
        loop {
            match current.next() {
                Ok(Next::Block(block)) => return Some(Piece::Block(block)),
                Ok(Next::Pause) => return Some(Piece::Pause),
                // What had been read before the error is still handed out first.
                Err(error) => current.failed = Some(error),
                Ok(Next::End) => break,
            }
        }
        let incomplete = (!current.framer.is_complete())
            .then(|| "ends in the middle of a JSON document".to_owned());
        let failed = current.failed.take().or(incomplete);
        let source = Arc::clone(&current.source);
        self.inputs.remove(chosen);
        Some(match failed {
            Some(error) => Piece::Failed(source, error),
            None => Piece::Ended(source),
        })
    }

    /// Where an input stands behind a block and what has been handed out of it.
    fn mark(&self, chosen: usize, block: &Block) -> Option<Mark> {
        let place = self.inputs.get(chosen)?;
        let State::Open(current) = &place.state else {
            return None;
        };
        Some(Mark {
            offset: current.offset,
            before: Fingerprint::of_last(block.bytes()),
            form: current.framer.form(),
            stands: place.stands,
        })
    }

    /// Notes how far an input has been read with a block.
    fn note(&mut self, chosen: usize, block: &Block) {
        let (Reading::InTurnBy(clock) | Reading::SideBySide(clock)) = &mut self.reading else {
            return;
        };
        let Some(place) = self.inputs.get_mut(chosen) else {
            return;
        };
        match (place.stands, clock.end(block)) {
            (Stands::Unknown, Some(time)) => place.stands = Stands::At(time),
            (Stands::At(before), Some(time)) => place.stands = Stands::At(before.max(time)),
            (_, None) | (Stands::NewestFirst | Stands::Live, _) => {}
        }
    }
}

impl Iterator for Feed {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if !self.begun {
            self.begin();
        }
        if self.interrupt.is_set() {
            return None;
        }
        let (chosen, from) = self.choose()?;
        let piece = self.read(chosen)?;
        // A live input ends where it is interrupted: what it ended in is no whole record.
        if self.interrupt.is_set() {
            return None;
        }
        let Piece::Block(mut block) = piece else {
            return Some(piece);
        };
        if self.several {
            self.note(chosen, &block);
        }
        block.set_from(from);
        if let Some(mark) = self.mark(chosen, &block) {
            block.set_mark(mark);
        }
        Some(Piece::Block(block))
    }
}

impl Current {
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

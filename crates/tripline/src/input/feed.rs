//! The blocks of all inputs, one input after the other or side by side, from their beginnings or from
//! where an earlier run left them. What cannot be read is reported in its place and the next input is
//! taken up.

use std::sync::Arc;

use super::clock::{Clock, Stands};
use super::current::{Current, Unread};
use super::open;
use super::place::Mark;
use super::{Block, Input, Source};
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
            let (limit, interrupt) = (self.limit, &self.interrupt);
            let open = || Current::open(place.index, input, None, limit, interrupt).ok();
            let first = match twice
                .then(open)
                .flatten()
                .map(|mut current| current.piece())
            {
                Some(Piece::Block(first)) => Some(first),
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
            match Current::open(
                place.index,
                input,
                from.as_ref(),
                self.limit,
                &self.interrupt,
            ) {
                Ok(current) => self.inputs.get_mut(chosen)?.state = State::Open(Box::new(current)),
                Err(Unread(source, why)) => {
                    self.inputs.remove(chosen);
                    return Some(Piece::Failed(source, why));
                }
            }
        }
        let State::Open(current) = &mut self.inputs.get_mut(chosen)?.state else {
            return None;
        };
        let piece = current.piece();
        if matches!(piece, Piece::Failed(..) | Piece::Ended(_)) {
            self.inputs.remove(chosen);
        }
        Some(piece)
    }

    /// Where an input stands behind a block and what has been handed out of it.
    fn mark(&self, chosen: usize, block: &Block) -> Option<Mark> {
        let place = self.inputs.get(chosen)?;
        let State::Open(current) = &place.state else {
            return None;
        };
        Some(current.mark(block, place.stands))
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

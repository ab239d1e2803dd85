//! The events of one step of a key in their order, as the search and what counts read them, whether they
//! are in the key's block or in a [long run](super::long).

use std::ops::Range;

use super::event::{Event, Order, Packed};
use super::long::{Chunk, holding, one_of};

/// Events of one step of a key, or a part of them.
#[derive(Clone, Copy)]
pub(crate) struct Run<'s> {
    parts: Parts<'s>,
    /// Which of the parts' events, counted through all parts.
    from: usize,
    upto: usize,
}

#[derive(Clone, Copy)]
enum Parts<'s> {
    One(Packed<'s>),
    Many(&'s [Chunk]),
}

impl Default for Run<'_> {
    fn default() -> Self {
        Run {
            parts: Parts::Many(&[]),
            from: 0,
            upto: 0,
        }
    }
}

impl<'s> Run<'s> {
    /// Events of a block.
    #[inline]
    pub(super) fn of(packed: Packed<'s>, range: Range<usize>) -> Run<'s> {
        Run {
            parts: Parts::One(packed),
            from: range.start,
            upto: range.end,
        }
    }

    /// All events of a long run.
    #[inline]
    pub(super) fn of_chunks(chunks: &'s [Chunk]) -> Run<'s> {
        let last = chunks.last();
        Run {
            parts: Parts::Many(chunks),
            from: 0,
            upto: last.map_or(0, |last| last.before() + last.count()),
        }
    }

    /// The packed events that it is a part of, and which part, where they are in one block.
    pub(super) fn packed(self) -> Option<(Packed<'s>, Range<usize>)> {
        match self.parts {
            Parts::One(packed) => Some((packed, self.from..self.upto)),
            Parts::Many(_) => None,
        }
    }

    /// How many there are.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.upto - self.from
    }

    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.upto == self.from
    }

    #[inline]
    pub(crate) fn get(self, at: usize) -> Option<Event<'s>> {
        let at = self.from + at;
        if at >= self.upto {
            return None;
        }
        match self.parts {
            Parts::One(packed) => packed.get(at),
            Parts::Many(chunks) => one_of(chunks, at),
        }
    }

    #[inline]
    pub(crate) fn first(self) -> Option<Event<'s>> {
        self.get(0)
    }

    pub(crate) fn last(self) -> Option<Event<'s>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The events from one on and before another.
    #[inline]
    pub(crate) fn part(self, from: usize, upto: usize) -> Run<'s> {
        let upto = self.upto.min(self.from + upto);
        Run {
            from: upto.min(self.from + from),
            upto,
            ..self
        }
    }

    /// How many of the first satisfy a condition that none does after one that does not.
    #[inline]
    pub(crate) fn partition_point(self, condition: impl Fn(&Event<'_>) -> bool) -> usize {
        match self.parts {
            Parts::One(packed) => {
                point(packed, self.from..self.upto, condition).saturating_sub(self.from)
            }
            Parts::Many(chunks) => self.point_of_many(chunks, condition),
        }
    }

    fn point_of_many(self, chunks: &'s [Chunk], condition: impl Fn(&Event<'_>) -> bool) -> usize {
        let first = |chunk: &Chunk| chunk.packed().get(0).is_some_and(|of| condition(&of));
        let in_front = chunks.partition_point(|chunk| {
            chunk.before() < self.upto && (chunk.before() < self.from || first(chunk))
        });
        let Some(chunk) = in_front.checked_sub(1).and_then(|at| chunks.get(at)) else {
            return 0;
        };
        let upto = chunk.count().min(self.upto - chunk.before());
        let range = self.from.saturating_sub(chunk.before())..upto;
        (chunk.before() + point(chunk.packed(), range, condition)).saturating_sub(self.from)
    }

    /// Where the event of an order is; where it would be, if it is not there.
    #[inline]
    pub(crate) fn search(self, order: Order) -> Result<usize, usize> {
        let at = self.partition_point(|event| event.order() < order);
        match self.get(at) {
            Some(event) if event.order() == order => Ok(at),
            _ => Err(at),
        }
    }

    /// The event of an order, if it is there: nearly always the last, which has just come.
    #[inline]
    pub(crate) fn find(self, order: Order) -> Option<Event<'s>> {
        let last = self.last()?;
        if last.order() == order {
            return Some(last);
        }
        self.get(self.search(order).ok()?)
    }

    /// The events in their order.
    #[inline]
    pub(crate) fn iter(self) -> Events<'s> {
        let (first, last) = match self.parts {
            Parts::One(_) => (0, 0),
            Parts::Many(chunks) => (
                holding(chunks, self.from),
                holding(chunks, self.upto.saturating_sub(1)),
            ),
        };
        Events {
            rest: self,
            first,
            last,
        }
    }
}

/// The events of a run, from both ends.
#[derive(Clone)]
pub(crate) struct Events<'s> {
    rest: Run<'s>,
    /// The parts in which the first and the last of the rest are, or after and before which they are.
    first: usize,
    last: usize,
}

impl<'s> Iterator for Events<'s> {
    type Item = Event<'s>;

    #[inline]
    fn next(&mut self) -> Option<Event<'s>> {
        let at = self.rest.from;
        if at >= self.rest.upto {
            return None;
        }
        self.rest.from += 1;
        match self.rest.parts {
            Parts::One(packed) => packed.get(at),
            Parts::Many(chunks) => loop {
                let chunk = chunks.get(self.first)?;
                if at < chunk.before() + chunk.count() {
                    return chunk.packed().get(at - chunk.before());
                }
                self.first += 1;
            },
        }
    }
}

impl<'s> DoubleEndedIterator for Events<'s> {
    #[inline]
    fn next_back(&mut self) -> Option<Event<'s>> {
        let at = self.rest.upto.checked_sub(1)?;
        if at < self.rest.from {
            return None;
        }
        self.rest.upto = at;
        match self.rest.parts {
            Parts::One(packed) => packed.get(at),
            Parts::Many(chunks) => loop {
                let chunk = chunks.get(self.last)?;
                if chunk.before() <= at {
                    return chunk.packed().get(at - chunk.before());
                }
                self.last = self.last.checked_sub(1)?;
            },
        }
    }
}

/// How many of the events of a range, counted from the block's first, come before the first that does not
/// satisfy a condition.
#[inline]
pub(super) fn point(
    packed: Packed<'_>,
    range: Range<usize>,
    condition: impl Fn(&Event<'_>) -> bool,
) -> usize {
    let (mut from, mut upto) = (range.start, range.end);
    // Nearly always all of them: what comes is the newest.
    if from < upto && packed.get(upto - 1).is_some_and(|event| condition(&event)) {
        return upto;
    }
    while from < upto {
        let middle = from.midpoint(upto);
        if packed.get(middle).is_some_and(|event| condition(&event)) {
            from = middle + 1;
        } else {
            upto = middle;
        }
    }
    from
}

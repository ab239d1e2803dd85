//! The events of one step of a key in their order, as the search and what counts read them; and the
//! form in which a run is kept that has become long: blocks of some events each, so that one more
//! event moves few of the others, and none is moved when the oldest go.

use std::ops::Range;

use super::event::{Event, HEAD, MOST_BEFORE, Order, Packed, insert, mark, remove};
use super::key::{ALLOCATION, shrink};

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

/// An event of a long run.
fn one_of(chunks: &[Chunk], at: usize) -> Option<Event<'_>> {
    let chunk = chunks.get(holding(chunks, at))?;
    chunk.packed().get(at - chunk.before())
}

/// How many of the events of a range, counted from the block's first, come before the first that does not
/// satisfy a condition.
#[inline]
fn point(packed: Packed<'_>, range: Range<usize>, condition: impl Fn(&Event<'_>) -> bool) -> usize {
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

/// Which of the parts holds the event of a number.
fn holding(chunks: &[Chunk], at: usize) -> usize {
    let upto = chunks.partition_point(|chunk| chunk.before() <= at);
    upto.saturating_sub(1)
}

/// A long run.
#[derive(Default)]
pub(crate) struct LongRun {
    chunks: Vec<Chunk>,
    /// What the blocks take.
    bytes: usize,
}

/// Some events of a long run.
struct Chunk {
    block: Vec<u8>,
    count: u32,
    /// How many events are in the chunks before.
    before: u32,
}

/// About how many bytes a chunk has at the most, unless it is of one event.
pub(super) const MOST_OF_CHUNK: usize = 1024;

const _: () = assert!(MOST_OF_CHUNK <= MOST_BEFORE);

impl Chunk {
    /// A chunk of some events of a block.
    fn of(from: Packed<'_>, range: Range<usize>) -> Chunk {
        Chunk {
            count: u32::try_from(range.len()).unwrap_or(u32::MAX),
            block: from.copied(range),
            before: 0,
        }
    }

    /// A chunk of one event.
    fn alone(event: Event<'_>) -> Chunk {
        let mut chunk = Chunk {
            block: Vec::new(),
            count: 0,
            before: 0,
        };
        chunk.insert(0, event);
        chunk
    }

    fn insert(&mut self, at: usize, event: Event<'_>) {
        let count = self.count();
        insert(&mut self.block, 0, count, at, event, MOST_OF_CHUNK);
        self.count += 1;
    }

    /// Drops the first events, but not all.
    fn drop_first(&mut self, count: usize) {
        if count > 0 {
            let of = self.count();
            remove(&mut self.block, 0, of, 0..count);
            self.count -= u32::try_from(count).unwrap_or(self.count);
            shrink(&mut self.block);
        }
    }

    #[inline]
    fn packed(&self) -> Packed<'_> {
        Packed::new(&self.block, self.count())
    }

    #[inline]
    fn count(&self) -> usize {
        self.count as usize
    }

    #[inline]
    fn before(&self) -> usize {
        self.before as usize
    }

    fn bytes(&self) -> usize {
        self.block.capacity() + ALLOCATION
    }

    fn has_room(&self, event: &Event<'_>) -> bool {
        self.block.len() + HEAD + event.fields.len() <= MOST_OF_CHUNK
    }
}

impl LongRun {
    /// Its events.
    #[inline]
    pub(crate) fn events(&self) -> Run<'_> {
        let last = self.chunks.last();
        Run {
            parts: Parts::Many(&self.chunks),
            from: 0,
            upto: last.map_or(0, |last| last.before() + last.count()),
        }
    }

    /// What it takes, without itself.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// What its blocks take, no less than its events packed.
    pub(super) fn packed_bytes(&self) -> usize {
        self.bytes - self.chunks.len() * ALLOCATION
    }

    /// Adds an event.
    pub(super) fn insert(&mut self, event: Event<'_>) {
        let order = event.order();
        let starts_before = |chunk: &Chunk| {
            let first = chunk.packed().get(0);
            first.is_some_and(|first| first.order() < order)
        };
        let from = match self.chunks.last() {
            // Nearly always the newest one.
            Some(last) if starts_before(last) => self.chunks.len() - 1,
            _ => {
                let upto = self.chunks.partition_point(starts_before);
                upto.saturating_sub(1)
            }
        };
        let Some(chunk) = self.chunks.get_mut(from) else {
            self.put(0..0, vec![Chunk::alone(event)]);
            return;
        };
        let (packed, count) = (chunk.packed(), chunk.count());
        let at = point(packed, 0..count, |other| other.order() < order);
        if chunk.has_room(&event) {
            self.bytes -= chunk.bytes();
            chunk.insert(at, event);
            self.bytes += chunk.bytes();
            for chunk in self.chunks.iter_mut().skip(from + 1) {
                chunk.before += 1;
            }
        } else if at == count {
            self.put(from + 1..from + 1, vec![Chunk::alone(event)]);
        } else if at == 0 {
            self.put(from..from, vec![Chunk::alone(event)]);
        } else {
            let (mut left, right) = (Chunk::of(packed, 0..at), Chunk::of(packed, at..count));
            let chunks = if left.has_room(&event) {
                left.insert(at, event);
                vec![left, right]
            } else {
                vec![left, Chunk::alone(event), right]
            };
            self.put(from..from + 1, chunks);
        }
    }

    /// A run of some events of a block, which are few.
    pub(super) fn of(run: Run<'_>) -> LongRun {
        let mut long = LongRun::default();
        match run.parts {
            Parts::One(packed) if !run.is_empty() => {
                long.put(0..0, vec![Chunk::of(packed, run.from..run.upto)]);
            }
            _ => run.iter().for_each(|event| long.insert(event)),
        }
        long
    }

    /// Drops the first events.
    pub(super) fn drop_first(&mut self, count: usize) {
        let end = |chunk: &Chunk| chunk.before() + chunk.count();
        let whole = self.chunks.partition_point(|chunk| end(chunk) <= count);
        let freed: usize = self.chunks.drain(..whole).map(|chunk| chunk.bytes()).sum();
        self.bytes -= freed;
        if let Some(first) = self.chunks.first_mut() {
            self.bytes -= first.bytes();
            first.drop_first(count.saturating_sub(first.before()));
            self.bytes += first.bytes();
        }
        let mut before = 0;
        for chunk in &mut self.chunks {
            chunk.before = before;
            before += chunk.count;
        }
        if self.chunks.len() <= self.chunks.capacity() / 2 {
            self.chunks.shrink_to_fit();
        }
    }

    /// How many of the first events go when the watermark is there, if an event stays for `reach` after its
    /// time; and when the next goes.
    pub(super) fn due(&self, reach: i64, watermark: i64) -> (usize, Option<i64>) {
        for chunk in &self.chunks {
            let (gone, next) = chunk.packed().due(0..chunk.count(), reach, watermark);
            if next.is_some() {
                return (chunk.before() + gone, next);
            }
        }
        (self.events().len(), None)
    }

    /// Marks an event as one that waits, or as one that does not; gives what it was.
    pub(super) fn mark(&mut self, at: usize, waiting: bool) -> bool {
        let chunk = holding(&self.chunks, at);
        let chunk = self.chunks.get_mut(chunk);
        chunk.is_some_and(|chunk| mark(&mut chunk.block, at - chunk.before as usize, waiting))
    }

    /// Puts chunks in the place of others.
    fn put(&mut self, place: Range<usize>, chunks: Vec<Chunk>) {
        let of = |chunks: &[Chunk]| chunks.iter().map(Chunk::bytes).sum::<usize>();
        self.bytes += of(&chunks);
        self.bytes -= of(self.chunks.get(place.clone()).unwrap_or_default());
        let first = place.start;
        let before = first.checked_sub(1).and_then(|at| self.chunks.get(at));
        let mut before = before.map_or(0, |chunk| chunk.before + chunk.count);
        self.chunks.splice(place, chunks);
        for chunk in self.chunks.iter_mut().skip(first) {
            chunk.before = before;
            before += chunk.count;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (i64, u128, Vec<u8>, bool);

    fn read(run: Run<'_>) -> Vec<Owned> {
        let own = |event: Event<'_>| {
            let fields = event.fields.to_vec();
            (event.time, event.identity.whole(), fields, event.waiting)
        };
        run.iter().map(own).collect()
    }

    proptest! {
        #[test]
        fn a_long_run_reads_as_a_sorted_vector(
            steps in proptest::collection::vec(
                (0i64..60, 0u128..1000, prop_oneof![0usize..150, 900usize..40_000], any::<bool>(), 0usize..25),
                0..150,
            ),
        ) {
            let mut run = LongRun::default();
            let mut model: Vec<Owned> = vec![];
            for (time, identity, length, waiting, dropped) in steps {
                let order = (time, identity);
                let place = model.partition_point(|of| (of.0, of.1) < order);
                if model.get(place).is_none_or(|of| (of.0, of.1) != order) {
                    let fields = vec![identity as u8; length];
                    run.insert(Event { time, identity: identity.into(), fields: &fields, waiting });
                    model.insert(place, (time, identity, fields, waiting));
                }
                if dropped > 20 {
                    let count = (dropped - 20).min(model.len());
                    run.drop_first(count);
                    model.drain(..count);
                } else if let Some(of) = model.get_mut(dropped) {
                    prop_assert_eq!(run.mark(dropped, waiting), of.3);
                    of.3 = waiting;
                }
                let events = run.events();
                prop_assert_eq!(&read(events), &model);
                prop_assert_eq!(events.len(), model.len());
                let found = model.binary_search_by_key(&order, |of| (of.0, of.1));
                prop_assert_eq!(events.search(order), found);
                let (from, upto) = (dropped.min(model.len()), (dropped * 3).min(model.len()));
                let (part, of) = (events.part(from, upto), &model[from..upto]);
                prop_assert_eq!(&read(part), of);
                let mut back: Vec<i64> = part.iter().rev().map(|event| event.time).collect();
                back.reverse();
                prop_assert!(back.into_iter().eq(of.iter().map(|of| of.0)));
                let point = part.partition_point(|event| event.time < time);
                prop_assert_eq!(point, of.partition_point(|of| of.0 < time));
                prop_assert_eq!(part.last().map(|event| event.order()), of.last().map(|of| (of.0, of.1)));
                let bytes: usize = run.chunks.iter().map(Chunk::bytes).sum();
                prop_assert_eq!(run.bytes, bytes);
            }
        }
    }
}

//! The form in which the events of a step are kept that have become many: blocks of some events each, so
//! that one more event moves few of the others, and none is moved when the oldest go.

use std::ops::Range;

use super::block::shrink;
use super::event::{Event, HEAD, MOST_BEFORE, Packed, insert, mark, remove};
use super::key::ALLOCATION;
use super::run::{Run, point};

/// A long run.
#[derive(Default)]
pub(crate) struct LongRun {
    chunks: Vec<Chunk>,
    /// What the blocks take.
    bytes: usize,
}

/// Some events of a long run.
pub(super) struct Chunk {
    block: Vec<u8>,
    count: u32,
    /// How many events are in the chunks before.
    before: u32,
}

/// About how many bytes a chunk has at the most, unless it is of one event.
pub(super) const MOST_OF_CHUNK: usize = 1024;

const _: () = assert!(MOST_OF_CHUNK <= MOST_BEFORE);

/// An event of a long run.
pub(super) fn one_of(chunks: &[Chunk], at: usize) -> Option<Event<'_>> {
    let chunk = chunks.get(holding(chunks, at))?;
    chunk.packed().get(at - chunk.before())
}

/// Which of the parts holds the event of a number.
pub(super) fn holding(chunks: &[Chunk], at: usize) -> usize {
    let upto = chunks.partition_point(|chunk| chunk.before() <= at);
    upto.saturating_sub(1)
}

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
    pub(super) fn packed(&self) -> Packed<'_> {
        Packed::new(&self.block, self.count())
    }

    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    #[inline]
    pub(super) fn before(&self) -> usize {
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
        Run::of_chunks(&self.chunks)
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
        match run.packed() {
            Some((packed, range)) if !range.is_empty() => {
                long.put(0..0, vec![Chunk::of(packed, range)]);
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

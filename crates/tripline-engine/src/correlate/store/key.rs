//! What is retained for one key, and what that takes in memory. Nearly all keys have few events: then one
//! block of memory holds the key and the events of all steps, because to look at a key is to wait for
//! memory, once for each block. A key with many spreads out into a long run for each step.
//! Used by the store alone, read by the search for bindings.

use super::block::{Block, FRONT, drop_first, key_of, shrink};
use super::event::{Event, HEAD, MOST_BEFORE, Order, head, insert, mark};
use super::long::LongRun;
use super::run::Run;
use crate::correlate::counting::Counting;
use crate::program::RuleProgram;

/// What is retained for one key.
pub(crate) enum KeyState {
    /// How many steps there are (a byte) and how long the key is (two), the key, for each step how many
    /// events it has (a byte), and the events of all steps, packed.
    Small(Vec<u8>),
    Large(Box<Large>),
}

/// A key that has many events, or whose events are counted.
pub(crate) struct Large {
    /// The packed key.
    key: Box<[u8]>,
    /// For each step its events, by time and identity.
    runs: Box<[LongRun]>,
    /// What they add up to, for a rule that counts.
    counting: Option<Box<Counting>>,
}

/// What an allocator adds to one block, about.
pub(crate) const ALLOCATION: usize = 16;

/// The most that a block of a key and its events has; each event that comes moves some of it.
const MOST_OF_BLOCK: usize = 1024;

/// A step has no more events in it than a byte can say, and places of fields fit into their bits.
const _: () = assert!(MOST_OF_BLOCK / HEAD <= u8::MAX as usize && MOST_OF_BLOCK <= MOST_BEFORE);

/// A block is gathered again when what a large key has takes no more than this.
const GATHERED: usize = MOST_OF_BLOCK / 2;

/// What of a key goes.
pub(super) struct Due {
    /// Nothing is left then.
    pub(super) all: bool,
    /// How many events go.
    pub(super) gone: usize,
    /// When the first of those that are left goes.
    pub(super) next: i64,
}

impl Large {
    /// The same in a block, if it is little enough.
    fn gathered(&self) -> Option<KeyState> {
        let runs = self.runs.iter().map(LongRun::packed_bytes).sum::<usize>();
        let front = FRONT + self.key.len() + self.runs.len();
        let (steps, of_key) = (u8::try_from(self.runs.len()), u16::try_from(self.key.len()));
        if front + runs > GATHERED || self.counting.is_some() {
            return None;
        }
        let mut block = Vec::with_capacity(front + runs);
        block.push(steps.ok()?);
        block.extend_from_slice(&of_key.ok()?.to_le_bytes());
        block.extend_from_slice(&self.key);
        block.extend(self.runs.iter().map(|run| run.events().len() as u8));
        let mut begin = 0;
        for run in &self.runs {
            for event in run.events().iter() {
                block.extend_from_slice(&head(&event, begin));
                begin += event.fields.len();
            }
        }
        for run in &self.runs {
            for event in run.events().iter() {
                block.extend_from_slice(event.fields);
            }
        }
        Some(KeyState::Small(block))
    }
}

impl KeyState {
    /// Nothing at all, in the place of a key that is gone.
    pub(super) fn none() -> KeyState {
        KeyState::Small(Vec::new())
    }

    /// Whether there is no key here.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, KeyState::Small(block) if block.is_empty())
    }

    /// Reads the beginning of what there is, so that it is in the cache when it is needed.
    #[inline]
    pub(super) fn touch(&self) -> u8 {
        match self {
            KeyState::Small(block) => {
                let (first, second) = (block.first(), block.get(64));
                first.map_or(0, |byte| *byte) ^ second.map_or(0, |byte| *byte)
            }
            KeyState::Large(large) => large.key.first().map_or(0, |byte| *byte),
        }
    }

    /// A key of a rule with so many steps, which counts or does not; with a first event of a step.
    pub(super) fn new(
        key: &[u8],
        steps: usize,
        counts: bool,
        first: Option<(usize, Event<'_>)>,
    ) -> KeyState {
        let fields = first.map_or(0, |(_, event)| HEAD + event.fields.len());
        let length = FRONT + key.len() + steps + fields;
        if !counts
            && length <= MOST_OF_BLOCK
            && let (Ok(count), Ok(of_key)) = (u8::try_from(steps), u16::try_from(key.len()))
        {
            let mut block = Vec::with_capacity(length);
            block.push(count);
            block.extend_from_slice(&of_key.to_le_bytes());
            block.extend_from_slice(key);
            let own = |step: usize| first.is_some_and(|(of, _)| of == step);
            block.extend((0..steps).map(|step| u8::from(own(step))));
            if let Some((_, event)) = first {
                block.extend_from_slice(&head(&event, 0));
                block.extend_from_slice(event.fields);
            }
            return KeyState::Small(block);
        }
        let mut large = KeyState::large(key, steps, counts);
        if let Some((step, event)) = first {
            large.insert(step, event);
        }
        large
    }

    fn large(key: &[u8], steps: usize, counts: bool) -> KeyState {
        KeyState::Large(Box::new(Large {
            key: key.into(),
            runs: (0..steps).map(|_| LongRun::default()).collect(),
            counting: counts.then(Box::default),
        }))
    }

    /// The packed key.
    #[inline]
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            KeyState::Small(block) => key_of(block).1,
            KeyState::Large(large) => &large.key,
        }
    }

    /// How many steps its rule has.
    pub(crate) fn steps(&self) -> usize {
        match self {
            KeyState::Small(block) => usize::from(key_of(block).0),
            KeyState::Large(large) => large.runs.len(),
        }
    }

    /// The events of a step by time and identity.
    #[inline]
    pub(crate) fn run(&self, step: usize) -> Run<'_> {
        match self {
            KeyState::Small(block) => Block::of(block).run(step),
            KeyState::Large(large) => {
                let run = large.runs.get(step);
                run.map_or_else(Run::default, LongRun::events)
            }
        }
    }

    /// How many events a step has.
    #[inline]
    pub(super) fn count(&self, step: usize) -> usize {
        match self {
            KeyState::Small(block) => {
                let (_, _, counts) = key_of(block);
                counts.get(step).map_or(0, |count| usize::from(*count))
            }
            KeyState::Large(large) => large.runs.get(step).map_or(0, |run| run.events().len()),
        }
    }

    /// The events of each step.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        (0..self.steps()).map(|step| self.run(step))
    }

    /// What the events add up to, for a rule that counts.
    pub(crate) fn counting(&self) -> Option<&Counting> {
        match self {
            KeyState::Small(_) => None,
            KeyState::Large(large) => large.counting.as_deref(),
        }
    }

    /// The same, to be changed, with the key and the events.
    pub(super) fn counting_mut(&mut self) -> Option<(&mut Counting, &[u8], &[LongRun])> {
        let KeyState::Large(large) = self else {
            return None;
        };
        let counting = large.counting.as_deref_mut()?;
        Some((counting, &large.key, &large.runs))
    }

    /// The final event of this order.
    pub(crate) fn final_event(&self, rule: &RuleProgram, order: Order) -> Option<Event<'_>> {
        let mut finals = (0..)
            .zip(&rule.steps)
            .filter(|(_, step)| step.is_final)
            .map(|(at, _)| self.run(at));
        finals.find_map(|run| run.find(order))
    }

    /// Whether no event is retained.
    pub(super) fn is_empty(&self) -> bool {
        self.runs().all(Run::is_empty)
    }

    /// Adds an event to a step.
    pub(super) fn insert(&mut self, step: usize, event: Event<'_>) {
        match self {
            KeyState::Small(block) => {
                if block.len() + HEAD + event.fields.len() > MOST_OF_BLOCK {
                    *self = self.spread();
                    self.insert(step, event);
                    return;
                }
                let (of, order) = (Block::of(block), event.order());
                let range = of.range(step);
                let before = |other: &Event<'_>| other.order() < order;
                let at = range.start + of.run(step).partition_point(before);
                let (front, count) = (of.front(), of.events.len());
                let counted = FRONT + of.key.len() + step;
                insert(block, front, count, at, event, MOST_OF_BLOCK);
                if let Some(count) = block.get_mut(counted) {
                    *count += 1;
                }
            }
            KeyState::Large(large) => {
                if let Some(run) = large.runs.get_mut(step) {
                    run.insert(event);
                }
            }
        }
    }

    /// Drops the first events of a step.
    pub(super) fn drop_first(&mut self, step: usize, count: usize) {
        match self {
            KeyState::Small(block) => {
                drop_first(block, step, count);
                shrink(block);
            }
            KeyState::Large(large) => {
                if let Some(run) = large.runs.get_mut(step) {
                    run.drop_first(count);
                }
                large.gathered().into_iter().for_each(|new| *self = new);
            }
        }
    }

    /// What goes when the watermark is there, if an event stays for the `reach` of its step.
    pub(super) fn due(&self, reach: &[i64], watermark: i64) -> Due {
        let mut due = Due {
            all: true,
            gone: 0,
            next: i64::MAX,
        };
        let mut add = |(gone, next): (usize, Option<i64>)| {
            due.gone += gone;
            if let Some(next) = next {
                due.all = false;
                due.next = due.next.min(next);
            }
        };
        match self {
            KeyState::Small(block) => {
                let (of, mut from) = (Block::of(block), 0);
                for (count, reach) in of.counts.iter().zip(reach) {
                    let upto = from + usize::from(*count);
                    add(of.events.due(from..upto, *reach, watermark));
                    from = upto;
                }
            }
            KeyState::Large(large) => {
                for (run, reach) in large.runs.iter().zip(reach) {
                    add(run.due(*reach, watermark));
                }
            }
        }
        due
    }

    /// Drops what goes when the watermark is there.
    pub(super) fn drop_due(&mut self, reach: &[i64], watermark: i64) {
        match self {
            KeyState::Small(block) => {
                for (step, reach) in reach.iter().enumerate() {
                    let of = Block::of(block);
                    let (gone, _) = of.events.due(of.range(step), *reach, watermark);
                    if gone > 0 {
                        drop_first(block, step, gone);
                    }
                }
                shrink(block);
            }
            KeyState::Large(large) => {
                for (run, reach) in large.runs.iter_mut().zip(reach) {
                    let (gone, _) = run.due(*reach, watermark);
                    if gone > 0 {
                        run.drop_first(gone);
                    }
                }
                large.gathered().into_iter().for_each(|new| *self = new);
            }
        }
    }

    /// Marks an event of a step as one that waits, or as one that does not; gives what it was, if it is
    /// there.
    pub(super) fn mark(&mut self, step: usize, event: Order, waiting: bool) -> Option<bool> {
        let at = self.run(step).search(event).ok()?;
        match self {
            KeyState::Small(block) => {
                let of = Block::of(block);
                let (front, from) = (of.front(), of.range(step).start);
                let events = block.get_mut(front..)?;
                Some(mark(events, from + at, waiting))
            }
            KeyState::Large(large) => Some(large.runs.get_mut(step)?.mark(at, waiting)),
        }
    }

    /// The same with a long run for each step.
    fn spread(&self) -> KeyState {
        KeyState::Large(Box::new(Large {
            key: self.key().into(),
            runs: self.runs().map(LongRun::of).collect(),
            counting: None,
        }))
    }

    /// Gives every event other fields, which are made from its step and those that it has.
    pub(super) fn repack(&mut self, fields: impl Fn(usize, &[u8]) -> Box<[u8]>) {
        let large = self.counting().is_some();
        let mut new = self.rebuilt(large, fields);
        if let (KeyState::Large(old), KeyState::Large(new)) = (&mut *self, &mut new) {
            new.counting = old.counting.take();
        }
        *self = new;
    }

    /// The same key and events made anew.
    fn rebuilt<'s, F: AsRef<[u8]>>(
        &'s self,
        large: bool,
        fields: impl Fn(usize, &'s [u8]) -> F,
    ) -> KeyState {
        let mut new = if large {
            KeyState::large(self.key(), self.steps(), false)
        } else {
            KeyState::new(self.key(), self.steps(), false, None)
        };
        for (step, run) in self.runs().enumerate() {
            for event in run.iter() {
                let fields = fields(step, event.fields);
                let fields = fields.as_ref();
                new.insert(step, Event { fields, ..event });
            }
        }
        new
    }

    /// The key's own share with its events: what it takes, and its places in the index and in the queue. What
    /// is counted comes on top of it.
    pub(super) fn bytes(&self) -> usize {
        let own = size_of::<KeyState>() + IN_STORE + ALLOCATION;
        match self {
            KeyState::Small(block) => own + block.capacity(),
            KeyState::Large(large) => {
                let runs = large.runs.iter();
                let runs = runs.map(|run| size_of::<LongRun>() + run.bytes());
                own + size_of::<Large>() + large.key.len() + runs.sum::<usize>() + 2 * ALLOCATION
            }
        }
    }
}

/// What a key takes in the store's index and queue.
const IN_STORE: usize = 24;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_reads_alike_however_it_is_kept(
            counts in any::<bool>(),
            key in prop_oneof![1usize..40, 1000usize..1100],
            steps in proptest::collection::vec(
                (0usize..3, 0i64..50, prop_oneof![0usize..150, 900usize..1100], any::<bool>(), 0usize..30),
                1..80,
            ),
        ) {
            let key = vec![7; key];
            let mut model: [Vec<(Order, Vec<u8>, bool)>; 3] = Default::default();
            let mut state = KeyState::new(&key, 3, counts, None);
            for (number, (step, time, length, waiting, dropped)) in steps.into_iter().enumerate() {
                let fields = vec![number as u8; length];
                let order = (time, number as u128);
                let event = Event { time, identity: order.1.into(), fields: &fields, waiting };
                if number == 0 {
                    state = KeyState::new(&key, 3, counts, Some((step, event)));
                } else {
                    state.insert(step, event);
                }
                let run = &mut model[step];
                let place = run.partition_point(|other| other.0 < order);
                run.insert(place, (order, fields, waiting));
                let other = (step + 1) % 3;
                if dropped > 25 {
                    let count = (dropped - 25).min(model[other].len());
                    state.drop_first(other, count);
                    model[other].drain(..count);
                } else if let Some(of) = model[other].get_mut(dropped) {
                    prop_assert_eq!(state.mark(other, of.0, waiting), Some(of.2));
                    of.2 = waiting;
                }
                prop_assert_eq!(state.mark(step, (time, u128::MAX), waiting), None);
                if dropped == 0 {
                    state.repack(|step, fields| [fields, &[step as u8]].concat().into());
                    for (step, run) in model.iter_mut().enumerate() {
                        run.iter_mut().for_each(|of| of.1.push(step as u8));
                    }
                }
                prop_assert_eq!(state.key(), &key);
                prop_assert_eq!(state.counting().is_some(), counts);
                for (run, model) in state.runs().zip(&model) {
                    let own = |event: Event<'_>| (event.order(), event.fields.to_vec(), event.waiting);
                    prop_assert_eq!(&run.iter().map(own).collect::<Vec<_>>(), model);
                }
                prop_assert_eq!(state.is_empty(), model.iter().all(Vec::is_empty));
            }
        }
    }
}

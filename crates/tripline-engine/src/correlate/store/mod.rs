//! The events retained for one rule: for each key, and in it for each step, a run of events
//! ordered by time and identity.
//!
//! An event of an earlier step is kept until the watermark has passed its time by more than the
//! window, one of the final step until the watermark has passed its time: after that nothing can
//! be joined to it. One queue entry a key (not an event) finds what has expired.
//!
//! INVARIANT: a key in the index has an entry in the queue; the runs are ordered.

mod block;
mod carry;
mod event;
mod expiry;
mod frozen;
mod key;
mod long;
mod run;

use std::hash::BuildHasher;
use std::sync::OnceLock;

use hashbrown::DefaultHashBuilder;

pub(crate) use self::event::{Event, Halves, Order};
use self::expiry::EVICTED_AT_ONCE;
use self::frozen::Frozen;
pub(crate) use self::key::{ALLOCATION, KeyState};
pub(crate) use self::long::LongRun;
pub(crate) use self::run::Run;
use super::index::Index;
use super::queue::TimeQueue;
use crate::correlate::counting::Counting;
use crate::pack::same;
use crate::program::{RuleProgram, ShapeProgram};

/// Where a key's events are.
pub(crate) type KeySlot = u32;

/// Where a key is, or would be.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    hash: u64,
    slot: Option<KeySlot>,
}

impl Place {
    /// The slot, if the key is there.
    pub(super) fn slot(self) -> Option<KeySlot> {
        self.slot
    }
}

/// Everything retained for one rule.
pub(crate) struct Store {
    index: Index,
    hasher: DefaultHashBuilder,
    keys: Vec<KeyState>,
    free: Vec<KeySlot>,
    expiry: TimeQueue<KeySlot>,
    /// For each step, how long after its time an event matters, in nanoseconds.
    reach: Box<[i64]>,
    /// For each step, whether its events can be final ones.
    finals: Box<[bool]>,
    /// The rule counts, so that what its events add up to is kept.
    counts: bool,
    /// The rule was put in force at this time: what was before is not known.
    pub(super) begun: i64,
    bytes: usize,
    events: u64,
    /// What was retained when the snapshot in progress began.
    frozen: Option<Box<Frozen>>,
}

/// How all stores of this process hash keys, so that rules which share a key hash it once. Random: who
/// makes up keys cannot make them collide.
static HASHER: OnceLock<DefaultHashBuilder> = OnceLock::new();

impl Store {
    /// An empty store for a rule, with a lateness of `lateness` nanoseconds.
    pub(crate) fn new(rule: &RuleProgram, lateness: i64) -> Store {
        let reach: Box<[i64]> = rule.steps.iter().map(|step| step.reach).collect();
        let longest = reach.iter().copied().max().unwrap_or(0);
        Store {
            index: Index::default(),
            hasher: HASHER.get_or_init(DefaultHashBuilder::default).clone(),
            keys: Vec::new(),
            free: Vec::new(),
            expiry: TimeQueue::new(longest.saturating_add(lateness)),
            reach,
            finals: rule.steps.iter().map(|step| step.is_final).collect(),
            counts: matches!(rule.shape, ShapeProgram::Count(_)),
            begun: i64::MIN,
            bytes: 0,
            events: 0,
            frozen: None,
        }
    }

    /// Bytes of state, as accounted for.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Since when it is known what events there were, if `oldest` is the oldest that came.
    pub(crate) fn since(&self, oldest: Option<i64>) -> i64 {
        oldest.unwrap_or(i64::MAX).max(self.begun)
    }

    /// How long, in nanoseconds, something expired may stay.
    pub(crate) fn slack(&self) -> i64 {
        self.expiry.width()
    }

    /// Events retained.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// What is retained for the key at a slot.
    pub(crate) fn get(&self, slot: KeySlot) -> Option<&KeyState> {
        self.keys.get(slot as usize)
    }

    /// The hash of a key, the same in every store.
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Looks a key up. What is found stays true until something expires or is added.
    pub(crate) fn find(&self, key: &[u8]) -> Place {
        self.find_hashed(self.hash(key), key)
    }

    /// As [`Store::find`], of a key whose hash is known.
    pub(crate) fn find_hashed(&self, hash: u64, key: &[u8]) -> Place {
        let same = |slot| self.get(slot).is_some_and(|state| same(state.key(), key));
        let slot = self.index.find(hash, same);
        Place { hash, slot }
    }

    /// The slot of a key's state, and how many of the oldest events of the step have to go before
    /// one more is added to the `limit` that it may hold.
    pub(crate) fn overflow(
        &self,
        place: Place,
        step: usize,
        limit: usize,
    ) -> Option<(KeySlot, usize)> {
        let slot = place.slot?;
        let count = self.get(slot)?.count(step);
        let full = count >= limit.max(1);
        full.then(|| (slot, EVICTED_AT_ONCE.min(count.div_ceil(2))))
    }

    /// Adds an event to a step of a key, which was found at `place`, and gives the key's slot.
    pub(crate) fn insert(
        &mut self,
        place: Place,
        key: &[u8],
        step: usize,
        event: Event<'_>,
    ) -> KeySlot {
        self.events += 1;
        let Some(slot) = place.slot else {
            return self.add_key(place.hash, key, step, event);
        };
        self.save(slot);
        if let Some(state) = self.keys.get_mut(slot as usize) {
            self.bytes -= state.bytes();
            state.insert(step, event);
            self.bytes += state.bytes();
        }
        slot
    }

    /// Marks a final event to be looked at again; false if it is gone or was marked already.
    pub(crate) fn wait(&mut self, slot: KeySlot, event: Order) -> bool {
        self.save(slot);
        let Some(state) = self.keys.get_mut(slot as usize) else {
            return false;
        };
        let steps = (0..).zip(&self.finals).filter(|(_, is_final)| **is_final);
        let mut marked = steps.filter_map(|(step, _)| state.mark(step, event, true));
        marked.next() == Some(false)
    }

    /// Marks a final event as looked at for the last time, in every step that has it.
    pub(crate) fn settled(&mut self, slot: KeySlot, event: Order) {
        self.save(slot);
        if let Some(state) = self.keys.get_mut(slot as usize) {
            for (step, is_final) in self.finals.iter().enumerate() {
                if *is_final {
                    state.mark(step, event, false);
                }
            }
        }
    }

    /// Lets what is counted for a key change; what that takes is accounted for.
    pub(crate) fn count<T>(
        &mut self,
        slot: KeySlot,
        change: impl FnOnce(&mut Counting, &[u8], &[LongRun]) -> T,
    ) -> Option<T> {
        if !self.counts {
            return None;
        }
        self.save(slot);
        let state = self.keys.get_mut(slot as usize)?;
        let (counting, key, runs) = state.counting_mut()?;
        self.bytes -= counting.bytes();
        let out = change(counting, key, runs);
        self.bytes += counting.bytes();
        Some(out)
    }

    /// Adds a key with the first event of a step.
    fn add_key(&mut self, hash: u64, key: &[u8], step: usize, event: Event<'_>) -> KeySlot {
        let expires = self.expires(step, event.time);
        let state = KeyState::new(key, self.reach.len(), self.counts, Some((step, event)));
        self.bytes += state.bytes() + state.counting().map_or(0, Counting::bytes);
        if self.index.is_full() {
            let mut larger = Index::larger(&self.index);
            let keys = (0..).zip(&self.keys).filter(|(_, state)| !state.is_none());
            for (slot, state) in keys {
                larger.add(self.hash(state.key()), slot);
            }
            self.index = larger;
        }
        let slot = match self.free.pop() {
            Some(slot) => {
                // Nothing is in it, and what comes is not what was frozen.
                self.save(slot);
                if let Some(place) = self.keys.get_mut(slot as usize) {
                    *place = state;
                }
                slot
            }
            None => {
                if self.keys.len() == self.keys.capacity() {
                    // Less room than doubling leaves.
                    self.keys.reserve_exact(self.keys.len() / 4 + 16);
                }
                self.keys.push(state);
                u32::try_from(self.keys.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.index.add(hash, slot);
        self.expiry.push(expires, slot);
        slot
    }

    /// Removes a key, whose hash this is, with all its events.
    fn remove_key(&mut self, slot: KeySlot, hash: u64) {
        self.save(slot);
        let Some(state) = self.keys.get_mut(slot as usize) else {
            return;
        };
        self.bytes -= state.bytes() + state.counting().map_or(0, Counting::bytes);
        *state = KeyState::none();
        self.index.remove(hash, slot);
        self.free.push(slot);
    }
}

#[cfg(test)]
mod tests {
    use tripline_lang::checked::Pick;

    use super::*;
    use crate::program::{Layout, RoleProgram, StepProgram};

    fn event(time: i64, identity: u128) -> Event<'static> {
        Event {
            time,
            identity: identity.into(),
            fields: b"abc",
            waiting: false,
        }
    }

    /// A sequence of two steps within ten nanoseconds.
    fn rule() -> RuleProgram {
        let step = |reach, is_final| StepProgram {
            schema: 0,
            role: RoleProgram::One(Pick::Any),
            layout: Layout {
                fields: Vec::new(),
                places: Vec::new(),
                time: 0,
            },
            joins: Vec::new(),
            reach,
            is_final,
        };
        RuleProgram {
            shape: ShapeProgram::Sequence,
            within: 10,
            hold: 0,
            bound: 2,
            steps: vec![step(10, false), step(0, true)],
            aggregates: Vec::new(),
            emit: Vec::new(),
            exclusions: Vec::new(),
            identity: String::new(),
            fingerprint: 0,
            any_every: false,
            plain: true,
            afresh: false,
        }
    }

    fn add(store: &mut Store, key: &[u8], step: usize, event: Event<'_>) {
        let place = store.find(key);
        store.insert(place, key, step, event);
    }

    #[test]
    fn what_expired_is_gone_and_all_bytes_are_given_back() {
        let mut store = Store::new(&rule(), 0);
        for i in 0..100 {
            add(
                &mut store,
                format!("k{}", i % 7).as_bytes(),
                (i % 2) as usize,
                event(i, i as u128),
            );
        }
        assert_eq!(store.events(), 100);
        store.expire(&rule(), 50);
        // First steps stay for the window after their time, final ones only until it.
        let kept = (0..100)
            .filter(|i| if i % 2 == 0 { i + 10 >= 50 } else { *i >= 50 })
            .count();
        assert!(store.events() >= kept as u64);
        store.expire(&rule(), i64::MAX);
        assert_eq!(
            (store.events(), store.bytes(), store.index.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_full_step_says_how_many_must_go() {
        let mut store = Store::new(&rule(), 0);
        let mut evicted = 0;
        for i in 0..1000 {
            if let Some((slot, count)) = store.overflow(store.find(b"k"), 0, 100) {
                evicted += store.evict(&rule(), slot, 0, count);
            }
            add(&mut store, b"k", 0, event(i, i as u128));
        }
        let run = store.keys[0].run(0);
        assert!(run.len() <= 100);
        assert_eq!(run.last().unwrap().time, 999);
        assert_eq!(evicted + run.len() as u64, 1000);
    }

    #[test]
    fn the_oldest_go_first_and_nothing_is_left_at_the_end() {
        let mut store = Store::new(&rule(), 0);
        for i in [5i64, 3, 9, 1] {
            add(
                &mut store,
                format!("k{i}").as_bytes(),
                0,
                event(i, i as u128),
            );
        }
        let mut times = vec![];
        while let Some((slot, step, count)) = store.oldest() {
            times.push(store.get(slot).unwrap().run(step).first().unwrap().time);
            assert_eq!(store.evict(&rule(), slot, step, count), 1);
        }
        assert_eq!(times, [1, 3, 5, 9]);
        assert_eq!(
            (store.events(), store.bytes(), store.index.len()),
            (0, 0, 0)
        );
    }
}

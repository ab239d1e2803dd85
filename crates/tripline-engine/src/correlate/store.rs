//! The events retained for one rule: for each key, and in it for each step, a run of events
//! ordered by time and identity.
//!
//! An event of an earlier step is kept until the watermark has passed its time by more than the
//! window, one of the final step until the watermark has passed its time: after that nothing can
//! be joined to it. One queue entry a key (not an event) finds what has expired.
//!
//! INVARIANT: a key in the index has at least one event; the runs are ordered.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::queue::TimeQueue;
use crate::scan::Identity;

/// Where a key's events are.
pub(crate) type KeySlot = u32;

/// Everything retained for one rule.
pub(crate) struct Store {
    index: HashTable<KeySlot>,
    hasher: DefaultHashBuilder,
    keys: Vec<KeyState>,
    free: Vec<KeySlot>,
    expiry: TimeQueue<KeySlot>,
    steps: usize,
    within: i64,
    bytes: usize,
    events: u64,
}

/// What is retained for one key.
pub(crate) struct KeyState {
    /// The packed key.
    pub(crate) key: Box<[u8]>,
    /// For each step its events, by time and identity.
    pub(crate) steps: Box<[Vec<Event>]>,
}

/// One retained event.
pub(crate) struct Event {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) identity: Identity,
    /// The packed fields.
    pub(crate) fields: Box<[u8]>,
    /// It is a final event that will be looked at again when the watermark passes it.
    pub(crate) waiting: bool,
}

impl Event {
    /// The order of the runs.
    pub(crate) fn order(&self) -> (i64, Identity) {
        (self.time, self.identity)
    }

    /// What it takes, with what an allocator adds.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Event>() + self.fields.len() + ALLOCATION
    }
}

/// What an allocator adds to one block, about.
const ALLOCATION: usize = 16;

/// How many events of a full step are dropped at once, so that a full step costs no more an event.
const EVICTED_AT_ONCE: usize = 64;

impl Store {
    /// An empty store for a rule with `steps` steps and a window of `within`, with a lateness of
    /// `lateness` (nanoseconds).
    pub(crate) fn new(steps: usize, within: i64, lateness: i64) -> Store {
        Store {
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: Vec::new(),
            free: Vec::new(),
            expiry: TimeQueue::new(within.saturating_add(lateness)),
            steps,
            within,
            bytes: 0,
            events: 0,
        }
    }

    /// Bytes of state, as accounted for.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
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

    /// Adds an event to a step of a key. Gives the key's slot and how many older events had to go
    /// because the step holds `limit`.
    pub(crate) fn insert(
        &mut self,
        key: &[u8],
        step: usize,
        event: Event,
        limit: usize,
    ) -> (KeySlot, u64) {
        let hash = self.hasher.hash_one(key);
        let keys = &self.keys;
        let same = |slot: &KeySlot| {
            keys.get(*slot as usize)
                .is_some_and(|state| *state.key == *key)
        };
        let slot = match self.index.find(hash, same) {
            Some(slot) => *slot,
            None => self.add_key(hash, key, self.expires(step, event.time)),
        };
        let mut evicted = 0;
        if let Some(run) = self
            .keys
            .get_mut(slot as usize)
            .and_then(|state| state.steps.get_mut(step))
        {
            if run.len() >= limit.max(1) {
                let count = EVICTED_AT_ONCE.min(run.len().div_ceil(2));
                self.bytes -= run.drain(..count).map(|event| event.bytes()).sum::<usize>();
                evicted = count as u64;
            }
            self.bytes += event.bytes();
            let place = run.partition_point(|other| other.order() < event.order());
            if run.len() == run.capacity() {
                run.reserve_exact((run.len() / 2).max(1));
            }
            run.insert(place, event);
            self.events += 1;
            self.events -= evicted;
        }
        (slot, evicted)
    }

    /// Marks a final event to be looked at again; false if it is gone or was marked already.
    pub(crate) fn wait(&mut self, slot: KeySlot, event: (i64, Identity)) -> bool {
        let run = self
            .keys
            .get_mut(slot as usize)
            .and_then(|state| state.steps.last_mut());
        let found = run.and_then(|run| {
            let at = run.binary_search_by_key(&event, Event::order).ok()?;
            run.get_mut(at)
        });
        found.is_some_and(|event| !std::mem::replace(&mut event.waiting, true))
    }

    /// Drops what the watermark has left behind.
    pub(crate) fn expire(&mut self, watermark: i64) {
        while let Some((_, slot)) = self.expiry.pop_before(watermark) {
            let within = self.within;
            let last = self.steps.saturating_sub(1);
            let Some(state) = self.keys.get_mut(slot as usize) else {
                continue;
            };
            let mut next = None;
            for (step, run) in state.steps.iter_mut().enumerate() {
                let stays = if step == last { 0 } else { within };
                let gone =
                    run.partition_point(|event| event.time.saturating_add(stays) < watermark);
                if gone > 0 {
                    self.bytes -= run.drain(..gone).map(|event| event.bytes()).sum::<usize>();
                    self.events -= gone as u64;
                    run.shrink_to(run.len());
                }
                if let Some(event) = run.first() {
                    let expires = event.time.saturating_add(stays);
                    next = Some(next.map_or(expires, |next: i64| next.min(expires)));
                }
            }
            match next {
                // Not at every small step of the watermark, so that a busy key is seldom gone through.
                Some(next) => {
                    let soonest = watermark.saturating_add(self.expiry.width());
                    self.expiry.push(next.max(soonest), slot);
                }
                None => self.remove_key(slot),
            }
        }
    }

    /// When the event that will go first goes; none where nothing is retained.
    pub(crate) fn first_expiry(&self) -> Option<i64> {
        self.expiry.first_time()
    }

    /// Drops the oldest events of the key that would expire first, one where it has few. Gives how
    /// many; none where nothing is retained.
    pub(crate) fn evict_oldest(&mut self) -> Option<u64> {
        let (_, slot) = self.expiry.pop_before(i64::MAX)?;
        let mut evicted = 0;
        let within = self.within;
        let last = self.steps.saturating_sub(1);
        let state = self.keys.get_mut(slot as usize)?;
        let stays = |step: usize| if step == last { 0 } else { within };
        let first_of = |steps: &[Vec<Event>]| {
            let firsts = steps.iter().enumerate().filter_map(|(step, run)| {
                run.first()
                    .map(|event| (event.time.saturating_add(stays(step)), step))
            });
            firsts.min()
        };
        if let Some((_, step)) = first_of(&state.steps)
            && let Some(run) = state.steps.get_mut(step)
        {
            let count = (run.len() / 8 + 1).min(EVICTED_AT_ONCE);
            self.bytes -= run.drain(..count).map(|event| event.bytes()).sum::<usize>();
            evicted = count as u64;
            self.events -= evicted;
        }
        match first_of(&state.steps) {
            Some((expires, _)) => self.expiry.push(expires, slot),
            None => self.remove_key(slot),
        }
        Some(evicted)
    }

    fn expires(&self, step: usize, time: i64) -> i64 {
        if step + 1 == self.steps {
            time
        } else {
            time.saturating_add(self.within)
        }
    }

    fn add_key(&mut self, hash: u64, key: &[u8], expires: i64) -> KeySlot {
        let state = KeyState {
            key: key.into(),
            steps: (0..self.steps).map(|_| Vec::new()).collect(),
        };
        self.bytes += state.bytes();
        let slot = match self.free.pop() {
            Some(slot) => {
                if let Some(place) = self.keys.get_mut(slot as usize) {
                    *place = state;
                }
                slot
            }
            None => {
                self.keys.push(state);
                u32::try_from(self.keys.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let (keys, hasher) = (&self.keys, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| {
            hasher.hash_one(keys.get(*slot as usize).map_or(&[][..], |state| &state.key))
        });
        self.expiry.push(expires, slot);
        slot
    }

    fn remove_key(&mut self, slot: KeySlot) {
        let Some(state) = self.keys.get_mut(slot as usize) else {
            return;
        };
        self.bytes -= state.bytes();
        let hash = self.hasher.hash_one(&*state.key);
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        *state = KeyState {
            key: Box::default(),
            steps: Box::default(),
        };
        self.free.push(slot);
    }
}

impl KeyState {
    /// The key's own share: its bytes, its runs, its places in the index and in the queue.
    fn bytes(&self) -> usize {
        size_of::<KeyState>()
            + self.key.len()
            + self.steps.len() * size_of::<Vec<Event>>()
            + 2 * ALLOCATION
            + 24
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, identity: u128) -> Event {
        Event {
            time,
            identity,
            fields: Box::from(&b"abc"[..]),
            waiting: false,
        }
    }

    #[test]
    fn what_expired_is_gone_and_all_bytes_are_given_back() {
        let mut store = Store::new(2, 10, 0);
        for i in 0..100 {
            store.insert(
                format!("k{}", i % 7).as_bytes(),
                (i % 2) as usize,
                event(i, i as u128),
                1000,
            );
        }
        assert_eq!(store.events(), 100);
        store.expire(50);
        // First steps stay for the window after their time, final ones only until it.
        let kept = (0..100)
            .filter(|i| if i % 2 == 0 { i + 10 >= 50 } else { *i >= 50 })
            .count();
        assert!(store.events() >= kept as u64);
        store.expire(i64::MAX);
        assert_eq!(
            (store.events(), store.bytes(), store.index.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn a_full_step_drops_its_oldest_events() {
        let mut store = Store::new(2, 10, 0);
        let mut evicted = 0;
        let mut slot = 0;
        for i in 0..1000 {
            let (at, gone) = store.insert(b"k", 0, event(i, i as u128), 100);
            (slot, evicted) = (at, evicted + gone);
        }
        let run = &store.get(slot).unwrap().steps[0];
        assert!(run.len() <= 100);
        assert_eq!(run.last().unwrap().time, 999);
        assert_eq!(evicted + run.len() as u64, 1000);
    }

    #[test]
    fn eviction_takes_the_oldest_first_and_ends_with_nothing() {
        let mut store = Store::new(2, 10, 0);
        for i in [5i64, 3, 9, 1] {
            store.insert(format!("k{i}").as_bytes(), 0, event(i, i as u128), 10);
        }
        assert_eq!(store.evict_oldest(), Some(1));
        let times = |store: &Store| {
            let mut times: Vec<i64> = store
                .keys
                .iter()
                .flat_map(|k| k.steps.iter().flatten())
                .map(|e| e.time)
                .collect();
            times.sort_unstable();
            times
        };
        assert_eq!(times(&store), [3, 5, 9]);
        while store.evict_oldest().is_some() {}
        assert_eq!((store.events(), store.bytes()), (0, 0));
    }
}

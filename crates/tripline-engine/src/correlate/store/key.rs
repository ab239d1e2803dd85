//! What is retained for one key: for each step a run of events, and what that takes in memory.
//! Used by the store alone, read by the search for bindings.

use crate::correlate::counting::Counting;
use crate::program::RuleProgram;
use crate::scan::Identity;

/// The order of events: their time and identity.
pub(crate) type Order = (i64, Identity);

/// What is retained for one key.
pub(crate) struct KeyState {
    /// The packed key.
    pub(crate) key: Box<[u8]>,
    /// For each step its events, by time and identity.
    pub(crate) steps: Box<[Vec<Event>]>,
    /// What they add up to, for a rule that counts.
    pub(crate) counting: Option<Box<Counting>>,
}

/// One retained event.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) identity: Halves,
    /// The packed fields.
    pub(crate) fields: Box<[u8]>,
    /// It is a final event that will be looked at again when the watermark passes it.
    pub(crate) waiting: bool,
}

/// An identity in two halves: runs of events then need no more alignment than an allocator gives anyway,
/// where asking for more costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halves {
    high: u64,
    low: u64,
}

impl Halves {
    /// The identity.
    #[inline]
    pub(crate) fn whole(self) -> Identity {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

impl From<Identity> for Halves {
    #[inline]
    fn from(whole: Identity) -> Halves {
        Halves {
            high: (whole >> 64) as u64,
            low: whole as u64,
        }
    }
}

impl Event {
    /// The order of the runs.
    pub(crate) fn order(&self) -> Order {
        (self.time, self.identity.whole())
    }

    /// What it takes beside its place in a run.
    pub(crate) fn bytes(&self) -> usize {
        self.fields.len() + ALLOCATION
    }
}

/// What an allocator adds to one block, about.
const ALLOCATION: usize = 16;

/// What the place of events in a run takes, with the room that the run has left.
pub(super) fn room(run: &Vec<Event>) -> usize {
    run.capacity() * size_of::<Event>()
}

/// Drops the first events of a run; gives the bytes that this frees.
pub(super) fn drop_first(run: &mut Vec<Event>, count: usize) -> usize {
    let before = room(run);
    let freed: usize = run
        .drain(..count.min(run.len()))
        .map(|event| event.bytes())
        .sum();
    if run.len() <= run.capacity() / 2 {
        run.shrink_to_fit();
    }
    freed + before - room(run)
}

impl KeyState {
    /// The final event of this order.
    pub(crate) fn final_event(&self, rule: &RuleProgram, order: Order) -> Option<&Event> {
        let runs = rule.steps.iter().zip(&self.steps);
        let mut finals = runs.filter(|(step, _)| step.is_final);
        finals.find_map(|(_, run)| run.get(run.binary_search_by_key(&order, Event::order).ok()?))
    }

    /// The same, to be changed.
    pub(super) fn final_event_mut(&mut self, finals: &[bool], order: Order) -> Option<&mut Event> {
        self.final_runs_mut(finals).find_map(|run| {
            let at = run.binary_search_by_key(&order, Event::order).ok()?;
            run.get_mut(at)
        })
    }

    /// The events of each step whose events can be final, to be changed.
    pub(super) fn final_runs_mut(
        &mut self,
        finals: &[bool],
    ) -> impl Iterator<Item = &mut Vec<Event>> {
        let runs = finals.iter().zip(&mut self.steps);
        runs.filter_map(|(is_final, run)| is_final.then_some(run))
    }

    /// Whether no event is retained.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.iter().all(Vec::is_empty)
    }

    /// The key's own share: its bytes, its runs, its places in the index and in the queue.
    pub(super) fn bytes(&self) -> usize {
        size_of::<KeyState>()
            + self.key.len()
            + self.steps.len() * size_of::<Vec<Event>>()
            + 2 * ALLOCATION
            + 24
            + self
                .counting
                .as_ref()
                .map_or(0, |counting| counting.bytes())
    }
}

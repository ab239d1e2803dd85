//! The stateful half of the engine: watermark, duplicates, retained events, emission and limits.
//!
//! The way of one event: late or in range, known or new, then into the store of every rule that
//! has a step for it. Under early emission each arrival is joined at once to the final events it
//! can complete; under final emission a final event waits until the watermark has passed it.
//!
//! INVARIANT: time comes from events (and from [`Engine::advance`]) alone; the watermark never
//! moves back; every record is counted under exactly one fate.

mod arrival;
mod binding;
mod carry;
mod counting;
mod early;
mod index;
mod limits;
mod queue;
mod recent;
mod reload;
mod search;
mod settle;
mod snapshot;
mod store;

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;
use tripline_lang::value::Encoding;

pub(crate) use self::binding::Match;
pub(crate) use self::carry::Successor;
pub use self::carry::{RuleFate, RuleOutcome};
use self::queue::TimeQueue;
use self::recent::Recent;
pub use self::reload::Reloaded;
use self::snapshot::Taking;
pub use self::snapshot::{Restored, SnapshotError, SnapshotProgress};
use self::store::{ALLOCATION, Event, Halves, KeySlot, Store};
use crate::detection::Sink;
use crate::fate::Fate;
use crate::options::Options;
use crate::program::{Program, RuleSet};
use crate::scan::{Batch, Identity, Scanner};
use crate::stats::Stats;

/// Owns the state of a rule set and takes records.
///
/// It does no I/O, starts no thread and reads no clock, so one stream of records always gives the
/// same detections.
pub struct Engine {
    rules: RuleSet,
    scanner: Scanner,
    batch: Batch,
    state: State,
}

/// All that an engine remembers.
struct State {
    options: Options,
    /// The lateness in nanoseconds.
    lateness: i64,
    /// Oldest and newest event time seen.
    oldest: Option<i64>,
    newest: Option<i64>,
    /// The watermark stays behind this by the lateness, however new events are.
    held_at: i64,
    watermark: i64,
    stores: Vec<Store>,
    /// Bytes and events of all stores together.
    stored_bytes: usize,
    stored_events: u64,
    /// Stores are gone through for what has expired when the watermark reaches this, and how far
    /// it must move for that to be worth while.
    expire_at: i64,
    expire_step: i64,
    /// Final events (and whole single-event matches) that wait for the watermark.
    waiting: TimeQueue<Waiting>,
    /// Under early emission, final events to be looked at once the newest event is this far: what comes
    /// after them decides.
    ripening: TimeQueue<Waiting>,
    /// Bytes of single-event matches that wait.
    waiting_bytes: usize,
    known_events: Recent,
    given: Recent,
    stats: Stats,
    /// Event times to which a window can be added.
    possible: Range<i64>,
    /// The snapshot in progress.
    taking: Option<Box<Taking>>,
}

/// Something to be looked at when the watermark passes a time.
#[derive(Clone, Debug, PartialEq)]
enum Waiting {
    /// A final event in a rule's store; the time is its own, and what the rule holds it for.
    Stored(Stored),
    /// A match of a single event, which no store holds.
    Single { rule: u32, event: Arc<SingleEvent> },
}

/// An event that is a match of its own.
#[derive(Debug, PartialEq)]
struct SingleEvent {
    time: i64,
    identity: Halves,
    fields: Box<[u8]>,
}

impl SingleEvent {
    fn of(event: Event<'_>) -> SingleEvent {
        SingleEvent {
            time: event.time,
            identity: event.identity,
            fields: event.fields.into(),
        }
    }

    /// The event, as it is read.
    fn event(&self) -> Event<'_> {
        Event {
            time: self.time,
            identity: self.identity,
            fields: &self.fields,
            waiting: true,
        }
    }

    /// What it takes beside its place in the queue.
    fn bytes(&self) -> usize {
        size_of::<SingleEvent>() + self.fields.len() + 2 * ALLOCATION
    }
}

/// A final event in a rule's store.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stored {
    /// One more than the rule's index: never zero, which tells the two kinds apart at no expense.
    rule: NonZeroU32,
    slot: KeySlot,
    identity: Halves,
}

// Many may wait.
const _: () = assert!(size_of::<Waiting>() == 24);

impl Waiting {
    /// A final event in the store of a rule.
    fn stored(rule: usize, slot: KeySlot, identity: Identity) -> Waiting {
        let rule = u32::try_from(rule).unwrap_or(u32::MAX);
        Waiting::Stored(Stored {
            rule: NonZeroU32::MIN.saturating_add(rule),
            slot,
            identity: identity.into(),
        })
    }

    /// Its rule.
    fn rule(&self) -> usize {
        match self {
            Waiting::Stored(stored) => stored.rule(),
            Waiting::Single { rule, .. } => *rule as usize,
        }
    }
}

impl Stored {
    /// Its rule.
    fn rule(self) -> usize {
        self.rule.get() as usize - 1
    }
}

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// How far event times stay from the ends of what 64 bits can say: a day.
const MARGIN: i64 = 86_400 * SECOND;

impl Engine {
    /// An engine without state.
    pub fn new(rules: RuleSet, options: Options) -> Engine {
        Engine {
            scanner: Scanner::new(&rules),
            batch: Batch::default(),
            state: State::new(&rules, options),
            rules,
        }
    }

    /// Takes one JSON record. Detections that its arrival gives go to the sink, and what became of
    /// it is returned (and told to the sink).
    pub fn push(&mut self, record: &[u8], sink: &mut dyn Sink) -> Fate {
        self.push_encoded(record, Encoding::Json, sink)
    }

    /// Takes one record of any encoding, as [`Engine::push`] does.
    pub fn push_encoded(&mut self, record: &[u8], encoding: Encoding, sink: &mut dyn Sink) -> Fate {
        self.batch.clear();
        self.scanner.scan_encoded(record, encoding, &mut self.batch);
        let fate = self.state.take(self.rules.program(), &self.batch, sink);
        fate.unwrap_or(Fate::NotAccepted)
    }

    /// Takes what a scanner of the same rule set noted, as if each record had been pushed in turn.
    pub fn push_batch(&mut self, batch: &Batch, sink: &mut dyn Sink) {
        self.state.take(self.rules.program(), batch, sink);
    }

    /// Moves the watermark of an idle stream to `watermark` (nanoseconds since 1970), if that is later.
    pub fn advance(&mut self, watermark: i64, sink: &mut dyn Sink) {
        self.state.pass(self.rules.program(), watermark, sink);
        self.state.keep_limit(self.rules.program(), sink);
    }

    /// Holds the watermark back, because other parts of the input stand at this event time
    /// (nanoseconds since 1970) and will bring events from there on: it stays behind that by the
    /// lateness. `None` lets go of it. For a caller that reads several inputs in turn.
    pub fn hold(&mut self, stands: Option<i64>, sink: &mut dyn Sink) {
        self.state.held_at = stands.unwrap_or(i64::MAX);
        self.state.move_on(self.rules.program(), sink);
        self.state.keep_limit(self.rules.program(), sink);
    }

    /// The end of the input: everything still open is settled, and the state is empty afterwards.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        self.state.pass(self.rules.program(), i64::MAX, sink);
    }

    /// The day (UTC) by which exclusions expire from now on. For a caller that runs for longer than a
    /// day, because the engine has no clock.
    pub fn set_today(&mut self, today: NaiveDate) {
        self.state.options.today = today;
    }

    /// The event times (nanoseconds since 1970) that take part from now on; others are out of range. For
    /// a caller with a clock: one record dated far ahead would make all that follow too late.
    pub fn set_range(&mut self, range: Range<i64>) {
        self.state.options.range = range;
        self.state.keep_range();
    }

    /// The state as it is now, as bytes for [`Engine::restore`]; for a caller that does not mind how
    /// long that takes. A snapshot in progress is given up.
    pub fn snapshot(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.begin_snapshot();
        while self.continue_snapshot(usize::MAX, &mut bytes) == SnapshotProgress::InProgress {}
        bytes
    }

    /// Begins a snapshot of the state as it is now, which [`Engine::continue_snapshot`] writes piece by
    /// piece while records go on coming. What changes meanwhile is written aside and held until it
    /// is given out, beside what [`Options::max_state`] limits, so a snapshot once begun is to be
    /// continued or cancelled. One that is in progress is given up.
    pub fn begin_snapshot(&mut self) {
        self.state.begin_snapshot(self.rules.program());
    }

    /// Appends about `budget` more bytes of the snapshot in progress to `out`: a few kilobytes more
    /// at the most, except where a single event is larger. All pieces together, in their order,
    /// are the snapshot.
    pub fn continue_snapshot(&mut self, budget: usize, out: &mut Vec<u8>) -> SnapshotProgress {
        self.state.continue_snapshot(budget, out)
    }

    /// Gives up the snapshot in progress; false if there is none.
    pub fn cancel_snapshot(&mut self) -> bool {
        self.state.cancel_snapshot()
    }

    /// Goes on from a snapshot, in place of all state there is. The rules may be others than those it
    /// was taken with: each rule whose id, steps, key and window are in the snapshot goes on with
    /// its state, the others begin anew. The options stay this engine's; what is over its limits
    /// is dropped at once, and what is settled by that goes to the sink.
    ///
    /// # Errors
    /// A [`SnapshotError`] if the bytes are not a whole snapshot of the version that is known here;
    /// the engine is then as it was before.
    pub fn restore(
        &mut self,
        snapshot: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<Restored, SnapshotError> {
        let options = self.state.options.clone();
        let (mut state, restored) = State::restored(&self.rules, options, snapshot, sink)?;
        state.held_at = self.state.held_at;
        self.state = state;
        self.batch.clear();
        Ok(restored)
    }

    /// Puts other rules in force, between two records. State, counters and what is known stay for
    /// every rule whose id, steps, key and window stay; a rule that is changed or gone gives what
    /// can be said of its waiting final events to the sink, and its state is dropped. A snapshot in
    /// progress is given up. Batches of scanners of the old rules must have been pushed before.
    pub fn reload(&mut self, rules: RuleSet, sink: &mut dyn Sink) -> Reloaded {
        let reloaded = self.state.reload(&self.rules, &rules, sink);
        self.scanner = Scanner::new(&rules);
        self.batch.clear();
        self.rules = rules;
        reloaded
    }

    /// The counters.
    pub fn stats(&self) -> &Stats {
        &self.state.stats
    }

    /// The rule set in force.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }
}

impl State {
    /// No state, for the rules.
    fn new(rules: &RuleSet, options: Options) -> State {
        let lateness = i64::try_from(options.lateness.as_nanos()).unwrap_or(i64::MAX);
        let mut state = State {
            stats: Stats::new(rules),
            oldest: None,
            newest: None,
            held_at: i64::MAX,
            watermark: i64::MIN,
            expire_at: i64::MIN,
            expire_step: SECOND,
            stored_bytes: 0,
            stored_events: 0,
            stores: Store::for_rules(rules.program(), lateness),
            waiting: TimeQueue::new(lateness),
            ripening: TimeQueue::new(lateness),
            waiting_bytes: 0,
            known_events: Recent::new(lateness),
            given: Recent::new(lateness),
            lateness,
            options,
            possible: i64::MIN..i64::MAX,
            taking: None,
        };
        state.fit_to(rules.program());
        state
    }

    /// Sets what depends on the windows of the rules.
    fn fit_to(&mut self, program: &Program) {
        let slack = self.stores.iter().map(Store::slack).min().unwrap_or(0);
        self.expire_step = slack.max(SECOND);
        // Beyond these times, adding a window would leave what 64 bits can say.
        let reaches = program.rules.iter().flat_map(|rule| &rule.steps);
        let widest = reaches.map(|step| step.reach).max();
        let margin = widest
            .unwrap_or(0)
            .saturating_add(self.lateness)
            .saturating_add(MARGIN);
        self.possible = i64::MIN.saturating_add(margin)..i64::MAX.saturating_sub(margin);
        self.keep_range();
    }

    /// Keeps the range of event times within what is possible.
    fn keep_range(&mut self) {
        let range = &mut self.options.range;
        range.start = range.start.max(self.possible.start);
        range.end = range.end.min(self.possible.end);
    }
}

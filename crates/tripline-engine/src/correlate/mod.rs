//! The stateful half of the engine: watermark, duplicates, retained events, emission and limits.
//!
//! The way of one event: late or in range, known or new, then into the store of every rule that
//! has a step for it. Under early emission each arrival is joined at once to the final events it
//! can complete; under final emission a final event waits until the watermark has passed it.
//!
//! INVARIANT: time comes from events (and from [`Engine::advance`]) alone; the watermark never
//! moves back; every record is counted under exactly one fate.

mod arrival;
mod bindings;
mod limits;
mod queue;
mod recent;
mod settle;
mod store;

use tripline_lang::value::Encoding;

pub(crate) use self::bindings::Match;
use self::queue::TimeQueue;
use self::recent::Recent;
use self::store::{Event, KeySlot, Store};
use crate::detection::Sink;
use crate::fate::Fate;
use crate::options::Options;
use crate::program::RuleSet;
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
    /// Newest event time seen.
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
    /// Bytes of single-event matches that wait.
    waiting_bytes: usize,
    known_events: Recent,
    given: Recent,
    stats: Stats,
}

/// Something to be looked at when the watermark passes its time.
enum Waiting {
    /// A final event in a rule's store.
    Stored {
        rule: u32,
        slot: KeySlot,
        identity: Identity,
    },
    /// A match of a single event, which no store holds.
    Single { rule: u32, event: Box<Event> },
}

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// How far event times stay from the ends of what 64 bits can say: a day.
const MARGIN: i64 = 86_400 * SECOND;

impl Engine {
    /// An engine without state.
    pub fn new(rules: RuleSet, mut options: Options) -> Engine {
        let lateness = i64::try_from(options.lateness.as_nanos()).unwrap_or(i64::MAX);
        let stores = rules.program().rules.iter();
        let stores: Vec<Store> = stores
            .map(|rule| Store::new(rule.steps.len(), rule.within, lateness))
            .collect();
        let slack = stores.iter().map(Store::slack).min().unwrap_or(0);
        // Beyond these times, adding a window would leave what 64 bits can say.
        let widest = rules.program().rules.iter().map(|rule| rule.within).max();
        let margin = widest
            .unwrap_or(0)
            .saturating_add(lateness)
            .saturating_add(MARGIN);
        let range = &mut options.range;
        range.start = range.start.max(i64::MIN.saturating_add(margin));
        range.end = range.end.min(i64::MAX.saturating_sub(margin));
        let state = State {
            stats: Stats::new(&rules),
            newest: None,
            held_at: i64::MAX,
            watermark: i64::MIN,
            expire_at: i64::MIN,
            expire_step: slack.max(SECOND),
            stored_bytes: 0,
            stored_events: 0,
            stores,
            waiting: TimeQueue::new(lateness),
            waiting_bytes: 0,
            known_events: Recent::new(lateness),
            given: Recent::new(lateness),
            lateness,
            options,
        };
        Engine {
            scanner: Scanner::new(&rules),
            batch: Batch::default(),
            state,
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
    }

    /// Holds the watermark back, because other parts of the input stand at this event time
    /// (nanoseconds since 1970) and will bring events from there on: it stays behind that by the
    /// lateness. `None` lets go of it. For a caller that reads several inputs in turn.
    pub fn hold(&mut self, stands: Option<i64>, sink: &mut dyn Sink) {
        self.state.held_at = stands.unwrap_or(i64::MAX);
        self.state.move_on(self.rules.program(), sink);
    }

    /// The end of the input: everything still open is settled, and the state is empty afterwards.
    pub fn finish(&mut self, sink: &mut dyn Sink) {
        self.state.pass(self.rules.program(), i64::MAX, sink);
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

//! The stateful half of the engine: watermark, duplicates, retained events, emission and limits.
//!
//! The way of one event: late or in range, known or new, then into the store of every rule that
//! has a step for it. Under early emission each arrival is joined at once to the final events it
//! can complete; under final emission a final event waits until the watermark has passed it.
//!
//! INVARIANT: time comes from events (and from [`Engine::advance`]) alone; the watermark never
//! moves back; every record is counted under exactly one fate.

mod bindings;
mod queue;
mod recent;
mod store;

pub(crate) use self::bindings::Match;
use self::bindings::{Binding, Search};
use self::queue::TimeQueue;
use self::recent::Recent;
use self::store::{Event, KeySlot, Store};
use crate::detection::{self, Sink};
use crate::fate::Fate;
use crate::options::{Emission, Options};
use crate::program::{Program, RuleProgram, RuleSet};
use crate::scan::{Batch, Candidate, Identity, Scanner};
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

/// An event that arrives, and the index of its record in the batch.
#[derive(Clone, Copy)]
struct Arrival {
    time: i64,
    identity: Identity,
    record: usize,
}

/// Something to be looked at when the watermark passes its time.
enum Waiting {
    /// A final event in a rule's store.
    Stored {
        rule: usize,
        slot: KeySlot,
        identity: Identity,
    },
    /// A match of a single event.
    Single { rule: usize, event: Event },
}

impl Engine {
    /// An engine without state.
    pub fn new(rules: RuleSet, options: Options) -> Engine {
        let lateness = i64::try_from(options.lateness.as_nanos()).unwrap_or(i64::MAX);
        let stores = rules.program().rules.iter();
        let stores: Vec<Store> = stores
            .map(|rule| Store::new(rule.steps.len(), rule.within, lateness))
            .collect();
        let state = State {
            stats: Stats::new(&rules),
            newest: None,
            watermark: i64::MIN,
            expire_at: i64::MIN,
            expire_step: stores.iter().map(Store::slack).min().unwrap_or(0),
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
        self.batch.clear();
        self.scanner.scan(record, &mut self.batch);
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

impl State {
    /// Takes a batch and gives the fate of its last record.
    fn take(&mut self, program: &Program, batch: &Batch, sink: &mut dyn Sink) -> Option<Fate> {
        let mut entries = batch.entries.iter().peekable();
        let mut last = None;
        let mut best: Option<Fate> = None;
        while let Some(entry) = entries.next() {
            let fate = match entry.found {
                Err(fate) => fate,
                Ok(time) => {
                    let candidates = batch
                        .candidates
                        .get(entry.candidates.clone())
                        .unwrap_or_default();
                    let event = Arrival {
                        time,
                        identity: entry.identity,
                        record: entry.record,
                    };
                    self.event(program, event, candidates, batch, sink)
                }
            };
            let fate = best.take().map_or(fate, |best| best.better(fate));
            if entries
                .peek()
                .is_some_and(|next| next.record == entry.record)
            {
                best = Some(fate);
            } else {
                self.stats.records.count(fate);
                sink.fate(entry.record, fate);
                last = Some(fate);
            }
        }
        last
    }

    /// Takes one event.
    fn event(
        &mut self,
        program: &Program,
        arrival: Arrival,
        candidates: &[Candidate],
        batch: &Batch,
        sink: &mut dyn Sink,
    ) -> Fate {
        let Arrival { time, identity, .. } = arrival;
        if !self.options.range.contains(&time) {
            return Fate::OutOfRange;
        }
        if time < self.watermark {
            return Fate::TooLate;
        }
        if !candidates.is_empty() && !self.known_events.insert(identity, time) {
            return Fate::Duplicate;
        }
        for candidate in candidates {
            self.candidate(program, arrival, candidate, batch, sink);
        }
        if self.newest.is_none_or(|newest| time > newest) {
            self.newest = Some(time);
            self.pass(program, time.saturating_sub(self.lateness), sink);
        }
        if !candidates.is_empty() {
            self.keep_limit();
        }
        Fate::Processed
    }

    /// Takes an event for one step.
    fn candidate(
        &mut self,
        program: &Program,
        arrival: Arrival,
        candidate: &Candidate,
        batch: &Batch,
        sink: &mut dyn Sink,
    ) {
        let Arrival {
            time,
            identity,
            record,
        } = arrival;
        let (rule_index, step) = (candidate.rule as usize, usize::from(candidate.step));
        let Some(rule) = program.rules.get(rule_index) else {
            return;
        };
        if let Some(stats) = self.stats.rules.get_mut(rule_index) {
            if let Some((_, count)) = stats.steps.get_mut(step) {
                *count += 1;
            }
            stats.no_key += u64::from(candidate.key.is_none());
        }
        let Some(key) = candidate.key.clone().and_then(|key| batch.bytes.get(key)) else {
            return;
        };
        let fields = batch
            .bytes
            .get(candidate.fields.clone())
            .unwrap_or_default();
        let early = self.options.emission == Emission::Early;
        let last = step + 1 == rule.steps.len();
        let event = Event {
            time,
            identity,
            fields: fields.into(),
            waiting: last && !early,
        };
        if rule.single {
            if early {
                let found = single(rule, &event, self.options.today);
                report(
                    program,
                    &mut self.stats,
                    rule_index,
                    &found,
                    Some(record),
                    sink,
                );
            } else {
                self.waiting_bytes += single_bytes(&event);
                self.waiting.push(
                    time,
                    Waiting::Single {
                        rule: rule_index,
                        event,
                    },
                );
            }
            return;
        }
        let Some(store) = self.stores.get_mut(rule_index) else {
            return;
        };
        self.stored_bytes -= store.bytes();
        let (slot, evicted) = store.insert(key, step, event, self.options.max_events_per_key);
        self.stored_bytes += store.bytes();
        self.stored_events += 1;
        self.stored_events -= evicted;
        if evicted > 0 {
            self.count_evicted(rule_index, evicted);
        }
        if early {
            self.join_early(program, rule_index, step, slot, arrival, sink);
        } else if last {
            self.waiting.push(
                time,
                Waiting::Stored {
                    rule: rule_index,
                    slot,
                    identity,
                },
            );
        }
    }

    /// Looks for the matches that the arrival of an event makes, and gives them at once.
    fn join_early(
        &mut self,
        program: &Program,
        rule_index: usize,
        step: usize,
        slot: KeySlot,
        arrival: Arrival,
        sink: &mut dyn Sink,
    ) {
        let (Some(rule), Some(store)) = (
            program.rules.get(rule_index),
            self.stores.get_mut(rule_index),
        ) else {
            return;
        };
        let mut found: Vec<Match<'_>> = Vec::new();
        let mut suppressed: Vec<(i64, Identity)> = Vec::new();
        let mut limited = 0;
        let Some(state) = store.get(slot) else { return };
        let finals = state.steps.last().map_or(&[][..], Vec::as_slice);
        let is_final = step + 1 == rule.steps.len();
        let latest = if is_final {
            arrival.time
        } else {
            arrival.time.saturating_add(rule.within)
        };
        let first = finals.partition_point(|event| event.time < arrival.time);
        let concerned = finals.get(first..).unwrap_or_default().iter();
        for last in concerned.take_while(|event| event.time <= latest) {
            if is_final && last.identity != arrival.identity {
                continue;
            }
            let only = (!is_final).then_some((step, arrival.identity));
            let mut search = self.options.search(rule, state, last, only);
            for one in search.run() {
                if self.given.contains(one.id) {
                    continue;
                }
                if one.excluded.is_empty() {
                    self.given.insert(one.id, last.time);
                    found.push(one);
                } else {
                    suppressed.push(last.order());
                }
            }
            limited += u64::from(search.budget == 0);
        }
        found.sort_by_key(|one| (one.time(), one.id));
        for one in &found {
            report(
                program,
                &mut self.stats,
                rule_index,
                one,
                Some(arrival.record),
                sink,
            );
        }
        drop(found);
        if let Some(stats) = self.stats.rules.get_mut(rule_index) {
            stats.search_limited += limited;
        }
        // Only when nothing can change any more is a suppressed match told (and its exclusions counted).
        for event in suppressed {
            if store.wait(slot, event) {
                let waiting = Waiting::Stored {
                    rule: rule_index,
                    slot,
                    identity: event.1,
                };
                self.waiting.push(event.0, waiting);
            }
        }
    }

    /// Moves the watermark, if that is forward: settles what it has passed, in the order of time
    /// and id, and drops what has expired.
    fn pass(&mut self, program: &Program, watermark: i64, sink: &mut dyn Sink) {
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        self.settle(program, sink);
        if watermark >= self.expire_at {
            self.expire_at = watermark.saturating_add(self.expire_step);
            for store in &mut self.stores {
                store.expire(watermark);
            }
            self.stored_bytes = self.stores.iter().map(Store::bytes).sum();
            self.stored_events = self.stores.iter().map(Store::events).sum();
        }
        self.known_events.forget_before(watermark);
        self.given.forget_before(watermark);
        self.account();
        self.stats.watermark = Some(self.watermark).filter(|at| *at != i64::MAX);
    }

    fn settle(&mut self, program: &Program, sink: &mut dyn Sink) {
        let mut next = self.waiting.pop_before(self.watermark);
        while let Some((time, first)) = next {
            // All that has the same time is settled together, so that ids can order it.
            let mut due = vec![first];
            loop {
                next = self.waiting.pop_before(self.watermark);
                match next {
                    Some((other, waiting)) if other == time => due.push(waiting),
                    _ => break,
                }
            }
            let mut found: Vec<(usize, Match<'_>)> = Vec::new();
            for waiting in &due {
                match waiting {
                    Waiting::Single {
                        rule: rule_index,
                        event,
                    } => {
                        self.waiting_bytes -= single_bytes(event);
                        let Some(rule) = program.rules.get(*rule_index) else {
                            continue;
                        };
                        found.push((*rule_index, single(rule, event, self.options.today)));
                    }
                    Waiting::Stored {
                        rule: rule_index,
                        slot,
                        identity,
                    } => {
                        let (Some(rule), Some(store)) =
                            (program.rules.get(*rule_index), self.stores.get(*rule_index))
                        else {
                            continue;
                        };
                        let Some(state) = store.get(*slot) else {
                            continue;
                        };
                        let finals = state.steps.last().map_or(&[][..], Vec::as_slice);
                        let at = finals.binary_search_by_key(&(time, *identity), Event::order);
                        // It is not there if a limit has evicted it since; that was counted.
                        let Some(last) = at.ok().and_then(|at| finals.get(at)) else {
                            continue;
                        };
                        let mut search = self.options.search(rule, state, last, None);
                        let matches = search.run();
                        if search.budget == 0
                            && let Some(stats) = self.stats.rules.get_mut(*rule_index)
                        {
                            stats.search_limited += 1;
                        }
                        let new = matches
                            .into_iter()
                            .filter(|one| !self.given.contains(one.id));
                        found.extend(new.map(|one| (*rule_index, one)));
                    }
                }
            }
            found.sort_by_key(|(_, one)| one.id);
            for (rule_index, one) in &found {
                report(program, &mut self.stats, *rule_index, one, None, sink);
            }
        }
    }

    /// Brings the accounted state up to date.
    fn account(&mut self) {
        let identities = (self.known_events.len() + self.given.len()) * Recent::BYTES;
        let waiting = self.waiting.len() * size_of::<(i64, Waiting)>() + self.waiting_bytes;
        self.stats.state_bytes = self.stored_bytes + identities + waiting;
        self.stats.peak_state_bytes = self.stats.peak_state_bytes.max(self.stats.state_bytes);
        self.stats.retained_events = self.stored_events;
    }

    /// Drops the oldest retained events while the state is over its limit.
    fn keep_limit(&mut self) {
        self.account();
        while self.stats.state_bytes > self.options.max_state {
            let oldest = self.stores.iter().enumerate();
            let oldest = oldest
                .filter_map(|(at, store)| store.first_expiry().map(|time| (time, at)))
                .min();
            let evicted = oldest.and_then(|(_, at)| {
                let store = self.stores.get_mut(at)?;
                self.stored_bytes -= store.bytes();
                let evicted = store.evict_oldest();
                self.stored_bytes += store.bytes();
                self.stored_events -= evicted?;
                Some((at, evicted?))
            });
            let Some((at, evicted)) = evicted else { break };
            self.count_evicted(at, evicted);
            self.account();
        }
    }

    fn count_evicted(&mut self, rule_index: usize, evicted: u64) {
        self.stats.evicted += evicted;
        if let Some(stats) = self.stats.rules.get_mut(rule_index) {
            stats.evicted += evicted;
        }
    }
}

impl Options {
    fn search<'s>(
        &self,
        rule: &'s RuleProgram,
        state: &'s store::KeyState,
        last: &'s Event,
        only: Option<(usize, Identity)>,
    ) -> Search<'s> {
        Search {
            rule,
            state,
            last,
            only,
            today: self.today,
            budget: self.max_bindings,
        }
    }
}

/// The match of a single event.
fn single<'s>(rule: &'s RuleProgram, event: &'s Event, today: chrono::NaiveDate) -> Match<'s> {
    let binding = Binding::of(rule, &[], event);
    let (id, excluded) = (binding.id(), binding.exclusions(today));
    Match {
        binding,
        id,
        excluded,
    }
}

fn single_bytes(event: &Event) -> usize {
    event.fields.len() + 16
}

/// Counts a match and gives it to the sink.
fn report(
    program: &Program,
    stats: &mut Stats,
    rule_index: usize,
    found: &Match<'_>,
    record: Option<usize>,
    sink: &mut dyn Sink,
) {
    if let Some(stats) = stats.rules.get_mut(rule_index) {
        if found.excluded.is_empty() {
            stats.detections += 1;
        } else {
            stats.excluded += 1;
        }
        for exclusion in &found.excluded {
            if let Some((_, count)) = stats.exclusions.get_mut(*exclusion) {
                *count += 1;
            }
        }
    }
    if (found.excluded.is_empty() || sink.wants_suppressed())
        && let Some(view) = detection::view(program, rule_index, found, record)
    {
        sink.detection(view);
    }
}

//! A snapshot becomes state again. The new state is made beside the engine's own, which is only
//! replaced when everything has been read.
//!
//! INVARIANT: after an error nothing has changed; what is restored is within the engine's limits.

use super::chunks::{Written, take_counting, take_event, take_events, take_identities};
use super::format::{self, END, EVENTS, GIVEN, KNOWN, Reader, SINGLE, Times};
use super::head::Head;
use super::{SnapshotError, State, Waiting};
use crate::correlate::carry::{Plan, Repack, RuleOutcome};
use crate::correlate::store::Event;
use crate::detection::Sink;
use crate::options::{Emission, Options};
use crate::pack;
use crate::program::{Program, RuleProgram, RuleSet};

/// What a snapshot brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What became of the state of each rule: the rules in force in their order, then those of the
    /// snapshot that there are none of any more.
    pub rules: Vec<RuleOutcome>,
    /// Time of the newest event that the snapshot knows, nanoseconds since 1970.
    pub newest: Option<i64>,
    /// Events dropped because this engine's limits are narrower.
    pub evicted: u64,
}

impl State {
    /// The state that a snapshot holds, for the rules and options given, and what became of each rule.
    pub(in crate::correlate) fn restored(
        rules: &RuleSet,
        options: Options,
        bytes: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<(State, Restored), SnapshotError> {
        let mut reader = format::open(bytes)?;
        let head = Head::take(&mut reader)?;
        let plan = Plan::new(head.rules, rules.program());
        let mut state = State::new(rules, options);
        state.watermark = head.watermark;
        state.newest = head.newest;
        state.oldest = head.oldest;
        for store in &mut state.stores {
            // What rules that begin now would have kept is not known.
            store.begun = head.newest.unwrap_or(i64::MIN);
        }
        for old in 0..plan.successors.len() {
            if let Some((rule, _)) = plan.kept(old)
                && let Some(store) = state.stores.get_mut(rule)
            {
                store.begun = plan.begun(old);
            }
        }
        state.stats.go_on(head.stats, &plan.successors);
        let mut restoring = Restoring {
            program: rules.program(),
            base: head.base,
            events: vec![0; plan.successors.len()],
            plan,
            state,
        };
        while restoring.chunk(&mut reader)? {}
        let Restoring {
            mut state,
            plan,
            events,
            ..
        } = restoring;
        let given = state.given.len() as u64;
        if head.known != state.known_events.len() as u64
            || head.given != given
            || head.events != events.iter().sum::<u64>()
            || !reader.is_empty()
        {
            return Err(SnapshotError::Damaged(
                "it does not hold as much as it says",
            ));
        }
        let before = state.stats.evicted;
        state.keep_restored_limits(rules.program(), sink);
        let restored = Restored {
            rules: plan.outcomes(&events),
            newest: state.newest,
            evicted: state.stats.evicted - before,
        };
        Ok((state, restored))
    }

    /// Drops what is over the limits, which may have been wider where the snapshot was taken.
    fn keep_restored_limits(&mut self, program: &Program, sink: &mut dyn Sink) {
        for (store, rule) in self.stores.iter_mut().zip(&program.rules) {
            store.add_up(rule);
        }
        self.let_ripen(program);
        self.sum_up_stores();
        let limit = self.options.max_events_per_key.max(1);
        for rule in 0..self.stores.len() {
            let Some(store) = self.stores.get(rule) else {
                continue;
            };
            for (slot, step, count) in store.over(limit) {
                self.evict(program, rule, slot, step, count, sink);
            }
        }
        self.stats.watermark = Some(self.watermark).filter(|at| *at != i64::MAX && *at != i64::MIN);
        self.keep_limit(program, sink);
    }
}

/// A state that is being filled.
struct Restoring<'p> {
    program: &'p Program,
    base: i64,
    plan: Plan,
    /// Events read, by the snapshot's rules. Single-event matches are none.
    events: Vec<u64>,
    state: State,
}

impl Restoring<'_> {
    /// Takes the next chunk; false when it was the last.
    fn chunk(&mut self, reader: &mut Reader<'_>) -> Result<bool, SnapshotError> {
        let state = &mut self.state;
        match reader.byte()? {
            END => return Ok(false),
            KNOWN => {
                let known = &mut state.known_events;
                take_identities(self.base, reader, &mut |time, identity| {
                    known.insert(identity, time);
                    Ok(())
                })?;
            }
            GIVEN => {
                let given = &mut state.given;
                take_identities(self.base, reader, &mut |time, identity| {
                    given.insert(identity, time);
                    Ok(())
                })?;
            }
            SINGLE => {
                let rule = self.rule(reader)?;
                let written = take_event(&mut Times(self.base), reader)?;
                self.single(rule, &written)?;
            }
            EVENTS => self.events(reader)?,
            _ => {
                return Err(SnapshotError::Damaged(
                    "it holds something that is not known",
                ));
            }
        }
        Ok(true)
    }

    /// The snapshot's index of a rule.
    fn rule(&self, reader: &mut Reader<'_>) -> Result<usize, SnapshotError> {
        let rule = usize::try_from(reader.number()?).ok();
        rule.filter(|rule| self.plan.steps(*rule).is_some())
            .ok_or(SnapshotError::Damaged(
                "it names a rule that it does not have",
            ))
    }

    fn single(&mut self, old: usize, written: &Written<'_>) -> Result<(), SnapshotError> {
        let Some((rule, [repack])) = self.plan.kept(old) else {
            return Ok(());
        };
        if !self
            .program
            .rules
            .get(rule)
            .is_some_and(RuleProgram::is_single)
        {
            return Err(SnapshotError::Damaged("an event in it has no key"));
        }
        let fields = checked_fields(&self.state, repack, written)?;
        let rule = u32::try_from(rule).unwrap_or(u32::MAX);
        self.state.wait_single(rule, written.event(&fields));
        Ok(())
    }

    /// Takes a part of what was retained for a key.
    fn events(&mut self, reader: &mut Reader<'_>) -> Result<(), SnapshotError> {
        let old = self.rule(reader)?;
        let steps = self.plan.steps(old).unwrap_or(0);
        let key = reader.bytes()?;
        let standing = take_counting(reader)?;
        let Some((rule_index, repack)) = self.plan.kept(old) else {
            let mut count = 0;
            take_events(self.base, steps, reader, &mut |_, _| {
                count += 1;
                Ok(())
            })?;
            return self.count(old, count);
        };
        let keys = self
            .program
            .infos
            .get(rule_index)
            .map(|info| info.keys.len());
        if pack::whole_values(key) != keys || keys == Some(0) {
            return Err(SnapshotError::Damaged("a key in it is not whole"));
        }
        let Some(program) = self.program.rules.get(rule_index) else {
            return Ok(());
        };
        let state = &mut self.state;
        let rule = u32::try_from(rule_index).unwrap_or(u32::MAX);
        let mut count = 0;
        take_events(self.base, steps, reader, &mut |step, written| {
            let repack = repack.get(step).ok_or(SnapshotError::Damaged(
                "a rule in it has another number of steps",
            ))?;
            let fields = checked_fields(state, repack, &written)?;
            let mut event = written.event(&fields);
            // Under final emission each waits; a search that was put off waits under either.
            let is_final = program.steps.get(step).is_some_and(|step| step.is_final);
            event.waiting = is_final
                && event.time.saturating_add(program.hold) >= state.watermark
                && (written.waiting || state.options.emission == Emission::Final);
            state.put_back(rule, program, key, step, event)?;
            count += 1;
            Ok(())
        })?;
        if let Some(standing) = standing
            && let Some(store) = state.stores.get_mut(rule_index)
            && let Some(slot) = store.find(key).slot()
        {
            store.count(slot, |counting, _, _| {
                let settled = &mut counting.settled;
                (settled.armed, settled.upto) = (standing.armed, standing.upto);
                settled.from = standing.from;
            });
        }
        self.count(old, count)
    }

    fn count(&mut self, old: usize, count: u64) -> Result<(), SnapshotError> {
        if let Some(events) = self.events.get_mut(old) {
            *events += count;
        }
        Ok(())
    }
}

/// The fields of an event in the layout that is in force.
fn checked_fields(
    state: &State,
    repack: &Repack,
    written: &Written<'_>,
) -> Result<Box<[u8]>, SnapshotError> {
    // Behind the fields there may be where the record can be found again.
    let values = pack::whole_values(written.fields);
    if !values.is_some_and(|count| count == repack.before() || count == repack.before() + 1) {
        return Err(SnapshotError::Damaged("an event in it is not whole"));
    }
    if !state.possible.contains(&written.time) {
        return Err(SnapshotError::Damaged("an event's time is out of range"));
    }
    Ok(repack.fields(written.fields))
}

impl Written<'_> {
    /// The event, with the fields that are given.
    fn event<'f>(&self, fields: &'f [u8]) -> Event<'f> {
        Event {
            time: self.time,
            identity: self.identity.into(),
            fields,
            waiting: false,
        }
    }
}

impl State {
    /// Puts an event back where it was: behind those of its step and key.
    fn put_back(
        &mut self,
        rule: u32,
        program: &RuleProgram,
        key: &[u8],
        step: usize,
        event: Event<'_>,
    ) -> Result<(), SnapshotError> {
        let Some(store) = self.stores.get_mut(rule as usize) else {
            return Ok(());
        };
        let place = store.find(key);
        if store.last(place, step) > Some(event.order()) {
            return Err(SnapshotError::Damaged("events in it are out of order"));
        }
        let time = event.time.saturating_add(program.hold);
        let (waiting, identity) = (event.waiting, event.identity.whole());
        let slot = store.insert(place, key, step, event);
        if waiting {
            let entry = Waiting::stored(rule as usize, slot, identity);
            self.waiting.push(time, entry);
        }
        Ok(())
    }
}

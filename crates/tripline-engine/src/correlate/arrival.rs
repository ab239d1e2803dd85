//! An event arrives: late or in range, known or new, then into the store of every rule that has a
//! step for it, where it waits for the watermark or ([`super::early`]) is looked at at once.

use std::sync::Arc;

use super::binding::Match;
use super::settle::report;
use super::store::Event;
use super::{SingleEvent, State, Waiting};
use crate::detection::Sink;
use crate::fate::Fate;
use crate::options::Emission;
use crate::program::Program;
use crate::scan::{Batch, Candidate, Identity};

/// An event that arrives, and the index of its record in the batch.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) time: i64,
    pub(super) identity: Identity,
    pub(super) record: usize,
    /// Where the last key that was hashed is in the batch's bytes, and its hash: rules with the same
    /// packing share the key.
    hashed: Option<((usize, usize), u64)>,
}

impl State {
    /// Takes a batch and gives the fate of its last record.
    pub(super) fn take(
        &mut self,
        program: &Program,
        batch: &Batch,
        sink: &mut dyn Sink,
    ) -> Option<Fate> {
        self.stats.add_presence(&batch.presence);
        let mut last = None;
        for entries in batch
            .entries
            .chunk_by(|one, other| one.record == other.record)
        {
            let mut fate: Option<Fate> = None;
            let mut newest = None;
            let mut oldest: Option<i64> = None;
            // All events of a record arrive at once: none of them makes another too late.
            for entry in entries {
                let one = match entry.found {
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
                            hashed: None,
                        };
                        let fate = self.event(program, event, candidates, batch, sink);
                        if fate == Fate::Processed {
                            newest = newest.max(Some(time));
                            oldest = Some(oldest.map_or(time, |oldest| oldest.min(time)));
                        }
                        fate
                    }
                };
                fate = Some(fate.map_or(one, |fate| fate.better(one)));
            }
            if let Some(oldest) = oldest {
                self.oldest = Some(self.oldest.map_or(oldest, |known| known.min(oldest)));
            }
            let moves = newest > self.newest;
            if moves {
                self.newest = newest;
                self.move_on(program, sink);
                self.ripen(program, entries.first().map(|entry| entry.record), sink);
            }
            // What is counted can take more when the watermark moves, too.
            if moves || entries.iter().any(|entry| !entry.candidates.is_empty()) {
                self.keep_limit(program, sink);
            }
            if let (Some(fate), Some(entry)) = (fate, entries.first()) {
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
        mut arrival: Arrival,
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
            self.candidate(program, &mut arrival, candidate, batch, sink);
        }
        Fate::Processed
    }

    /// Takes an event for one step.
    fn candidate(
        &mut self,
        program: &Program,
        arrival: &mut Arrival,
        candidate: &Candidate,
        batch: &Batch,
        sink: &mut dyn Sink,
    ) {
        let Arrival {
            time,
            identity,
            record,
            hashed,
        } = *arrival;
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
        let Some(key_range) = candidate.key.clone() else {
            return;
        };
        let place_of_key = (key_range.start, key_range.end);
        let Some(key) = batch.bytes.get(key_range) else {
            return;
        };
        let fields = batch
            .bytes
            .get(candidate.fields.clone())
            .unwrap_or_default();
        let early = self.options.emission == Emission::Early;
        let last = rule.steps.get(step).is_some_and(|step| step.is_final);
        let event = Event {
            time,
            identity: identity.into(),
            fields,
            waiting: last && !early,
        };
        if rule.is_single() {
            if early {
                let found = Match::of_one(rule, event, self.options.today);
                report(
                    program,
                    &mut self.stats,
                    rule_index,
                    &found,
                    Some(record),
                    sink,
                );
            } else {
                self.wait_single(candidate.rule, event);
            }
            return;
        }
        let Some(store) = self.stores.get(rule_index) else {
            return;
        };
        let hash = match hashed {
            Some((place, hash)) if place == place_of_key => hash,
            _ => store.hash(key),
        };
        arrival.hashed = Some((place_of_key, hash));
        let place = store.find_hashed(hash, key);
        let limit = self.options.max_events_per_key;
        if let Some((slot, count)) = store.overflow(place, step, limit) {
            // This leaves the key where it is.
            self.evict(program, rule_index, slot, step, count, sink);
        }
        let Some(store) = self.stores.get_mut(rule_index) else {
            return;
        };
        self.stored_bytes -= store.bytes();
        let slot = store.insert(place, key, step, event);
        self.stored_bytes += store.bytes();
        self.stored_events += 1;
        if early {
            self.join_early(program, candidate, slot, *arrival, sink);
        } else if last {
            self.waiting.push(
                time.saturating_add(rule.hold),
                Waiting::stored(rule_index, slot, identity),
            );
        }
    }

    /// Lets a match of a single event wait for the watermark.
    pub(super) fn wait_single(&mut self, rule: u32, event: Event<'_>) {
        let event = Arc::new(SingleEvent::of(event));
        self.waiting_bytes += event.bytes();
        self.waiting
            .push(event.time, Waiting::Single { rule, event });
    }
}

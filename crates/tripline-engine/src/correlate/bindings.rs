//! The bindings of one final event: which earlier events of its key stand for the other steps so
//! that every condition holds. Found by searching backwards from the final event, most recent
//! first, so that the first binding found is the one to report.
//!
//! INVARIANT: which bindings are found, and in what order, depends on the events' times and
//! identities alone, never on the order in which they arrived.

use std::collections::HashMap;
use std::hash::Hasher;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use siphasher::sip128::{Hasher128, SipHasher13};
use tripline_lang::checked::Pick;
use tripline_lang::value::Value;

use super::store::{Event, KeyState};
use crate::pack::Unpacker;
use crate::program::{Layout, RuleProgram, Scope, holds};
use crate::scan::Identity;

/// The events bound to a rule's steps, and the key they share.
#[derive(Clone)]
pub(crate) struct Binding<'s> {
    pub(crate) rule: &'s RuleProgram,
    pub(crate) key: &'s [u8],
    /// In the order of the steps; steps not bound yet are `None`.
    pub(crate) events: Vec<Option<&'s Event>>,
}

/// A complete binding, and the exclusions that hold for it.
pub(crate) struct Match<'s> {
    pub(crate) binding: Binding<'s>,
    /// Identity of the detection.
    pub(crate) id: Identity,
    /// Indexes of the rule's exclusions; empty for a match to report.
    pub(crate) excluded: Vec<usize>,
}

/// What a search has found, in the order found.
#[derive(Default)]
struct Matches<'s> {
    found: Vec<Match<'s>>,
    by_id: HashMap<Identity, usize>,
}

/// What a search is asked for.
pub(crate) struct Search<'s> {
    pub(crate) rule: &'s RuleProgram,
    pub(crate) state: &'s KeyState,
    pub(crate) last: &'s Event,
    /// Only bindings in which this event stands for this step.
    pub(crate) only: Option<(usize, (i64, Identity))>,
    pub(crate) today: NaiveDate,
    /// How many events may still be tried.
    pub(crate) budget: usize,
}

impl<'s> Match<'s> {
    /// The match of a single event, which has no key.
    pub(crate) fn of_one(rule: &'s RuleProgram, event: &'s Event, today: NaiveDate) -> Match<'s> {
        let binding = Binding::of(rule, &[], event);
        let (id, excluded) = (binding.id(), binding.exclusions(today));
        Match {
            binding,
            id,
            excluded,
        }
    }

    /// Time of the final event.
    pub(crate) fn time(&self) -> i64 {
        self.binding
            .events
            .last()
            .copied()
            .flatten()
            .map_or(0, |event| event.time)
    }
}

impl<'s> Binding<'s> {
    /// A binding of nothing but the final event.
    pub(crate) fn of(rule: &'s RuleProgram, key: &'s [u8], last: &'s Event) -> Binding<'s> {
        let mut events = vec![None; rule.steps.len()];
        if let Some(end) = events.last_mut() {
            *end = Some(last);
        }
        Binding { rule, key, events }
    }

    /// The kept fields of a step's event that are there, by index of the schema's field.
    pub(crate) fn fields(&self, step: usize) -> Vec<(usize, Value<'s>)> {
        let (Some(Some(event)), Some(program)) = (self.events.get(step), self.rule.steps.get(step))
        else {
            return Vec::new();
        };
        let mut unpacker = Unpacker::new(&event.fields);
        let packed = program
            .layout
            .fields
            .iter()
            .map(|field| (*field, unpacker.next()));
        let mut fields: Vec<_> = packed
            .filter(|(_, value)| !matches!(value, Value::Missing))
            .collect();
        fields.push((program.layout.time, Value::Timestamp(event.time)));
        fields.sort_unstable_by_key(|(field, _)| *field);
        fields
    }

    /// Where the record of a step's event can be found again; packed behind the fields.
    pub(crate) fn origin(&self, step: usize) -> Option<u64> {
        let event = self.events.get(step).copied().flatten()?;
        let mut unpacker = Unpacker::new(&event.fields);
        unpacker.skip(self.rule.steps.get(step)?.layout.fields.len());
        match unpacker.next() {
            Value::Int(origin) => u64::try_from(origin).ok(),
            _ => None,
        }
    }

    /// Indexes of the exclusions that hold for this binding.
    pub(crate) fn exclusions(&self, today: NaiveDate) -> Vec<usize> {
        let applies =
            |expires: &Option<NaiveDate>| expires.is_none_or(|last_day| today <= last_day);
        let exclusions = self.rule.exclusions.iter().enumerate();
        exclusions
            .filter(|(_, (when, expires))| applies(expires) && holds(when, &self, None))
            .map(|(index, _)| index)
            .collect()
    }

    /// Identity of the detection: of the rule, the final event and the events of `every` steps.
    pub(crate) fn id(&self) -> Identity {
        let mut hasher = SipHasher13::new();
        hasher.write(self.rule.identity.as_bytes());
        hasher.write(&[0]);
        let last = self.events.len().saturating_sub(1);
        for (at, (event, step)) in self.events.iter().zip(&self.rule.steps).enumerate() {
            if let Some(event) = event
                && (at == last || step.pick == Pick::Every)
            {
                hasher.write(&event.identity.whole().to_le_bytes());
            }
        }
        hasher.finish128().as_u128()
    }
}

fn unpacked<'a>(layout: &Layout, event: &'a Event, field: usize) -> Value<'a> {
    if field == layout.time {
        return Value::Timestamp(event.time);
    }
    let Some(Some(position)) = layout.position.get(field) else {
        return Value::Missing;
    };
    let mut unpacker = Unpacker::new(&event.fields);
    unpacker.skip(*position);
    unpacker.next()
}

impl<'a> Scope<'a> for &'a Binding<'_> {
    fn field(&self, step: usize, field: usize) -> Value<'a> {
        match (self.events.get(step), self.rule.steps.get(step)) {
            (Some(Some(event)), Some(step)) => unpacked(&step.layout, event, field),
            _ => Value::Missing,
        }
    }

    fn key(&self, part: usize) -> Value<'a> {
        let mut unpacker = Unpacker::new(self.key);
        unpacker.skip(part);
        unpacker.next()
    }
}

impl<'s> Search<'s> {
    /// The matches of the final event: at most one, unless a step is `every`. A match that
    /// exclusions suppress is given only if no binding of the same identity is free of them.
    pub(crate) fn run(&mut self) -> Vec<Match<'s>> {
        let mut matches = Matches::default();
        let before_last = self.rule.steps.len().saturating_sub(1);
        // The usual case costs nothing: no event of the step before.
        let empty = |at: usize| self.state.steps.get(at).is_none_or(Vec::is_empty);
        if before_last.checked_sub(1).is_some_and(empty) {
            return matches.found;
        }
        let mut binding = Binding::of(self.rule, &self.state.key, self.last);
        // A search that is broken off has found what was wanted, or has used its budget.
        let _ = self.descend(before_last, &mut binding, &mut matches);
        matches.found
    }

    /// Binds the steps before `step`, all from `step` on being bound.
    fn descend(
        &mut self,
        step: usize,
        binding: &mut Binding<'s>,
        matches: &mut Matches<'s>,
    ) -> ControlFlow<()> {
        let Some(at) = step.checked_sub(1) else {
            return self.complete(binding, matches);
        };
        let (Some(program), Some(run)) = (self.rule.steps.get(at), self.state.steps.get(at)) else {
            return ControlFlow::Continue(());
        };
        let next = binding
            .events
            .get(step)
            .copied()
            .flatten()
            .map_or(self.last.time, |e| e.time);
        let earliest = self.last.time.saturating_sub(self.rule.within);
        let end = run.partition_point(|event| event.time <= next);
        let mut candidates = run.get(..end).unwrap_or_default();
        if let Some((step, wanted)) = self.only
            && step == at
        {
            let place = candidates.binary_search_by_key(&wanted, Event::order);
            let Ok(place) = place else {
                return ControlFlow::Continue(());
            };
            // With `last` what comes after it is looked at too, because then it is not the last.
            let upto = if program.pick == Pick::Last {
                end
            } else {
                place + 1
            };
            candidates = candidates.get(place..upto).unwrap_or_default();
        }
        for event in candidates.iter().rev() {
            if event.time < earliest {
                break;
            }
            if binding
                .events
                .iter()
                .flatten()
                .any(|bound| bound.identity == event.identity)
            {
                continue;
            }
            let Some(budget) = self.budget.checked_sub(1) else {
                return ControlFlow::Break(());
            };
            self.budget = budget;
            let wanted = self
                .only
                .is_none_or(|(of, wanted)| of != at || wanted == event.order());
            if wanted {
                if let Some(place) = binding.events.get_mut(at) {
                    *place = Some(event);
                }
                if program
                    .joins
                    .iter()
                    .all(|join| holds(join, &&*binding, None))
                {
                    self.descend(at, binding, matches)?;
                }
                if let Some(place) = binding.events.get_mut(at) {
                    *place = None;
                }
            }
            if program.pick == Pick::Last {
                break;
            }
        }
        ControlFlow::Continue(())
    }

    fn complete(&self, binding: &Binding<'s>, matches: &mut Matches<'s>) -> ControlFlow<()> {
        let id = binding.id();
        let known = matches.by_id.get(&id).copied();
        if known
            .and_then(|at| matches.found.get(at))
            .is_some_and(|known| known.excluded.is_empty())
        {
            return ControlFlow::Continue(());
        }
        let excluded = binding.exclusions(self.today);
        let free = excluded.is_empty();
        match known.and_then(|at| matches.found.get_mut(at)) {
            // The most recent suppressed binding stands for the match until a free one is found.
            Some(known) if free => {
                *known = Match {
                    binding: binding.clone(),
                    id,
                    excluded,
                }
            }
            Some(_) => {}
            None => {
                matches.by_id.insert(id, matches.found.len());
                matches.found.push(Match {
                    binding: binding.clone(),
                    id,
                    excluded,
                });
            }
        }
        if free && !self.rule.any_every {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

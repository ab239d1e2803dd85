//! A match in the making and a whole one: which events stand for a rule's steps, what they add up to,
//! and what is derived from that: values for expressions, the exclusions that hold, the identity.

use std::hash::Hasher;

use chrono::NaiveDate;
use siphasher::sip128::{Hasher128, SipHasher13};
use tripline_lang::checked::Pick;
use tripline_lang::value::Value;

use super::counting::Accumulator;
use super::store::Event;
use crate::pack::Unpacker;
use crate::program::eval::borrowed;
use crate::program::{Layout, Place, RuleProgram, Scope, ShapeProgram, holds};
use crate::scan::Identity;

/// The events bound to a rule's steps, and the key they share.
#[derive(Clone)]
pub(crate) struct Binding<'s> {
    pub(crate) rule: &'s RuleProgram,
    pub(crate) key: &'s [u8],
    /// The final event.
    pub(crate) last: Event<'s>,
    /// In the order of the steps; `None` for those not bound. Of several events, the most recent.
    pub(crate) events: Vec<Option<Event<'s>>>,
    /// For each step of several events those events, in order; empty in a rule that has none.
    pub(crate) groups: Vec<Vec<Event<'s>>>,
    /// The values of the rule's aggregates; empty until they are known.
    pub(crate) sums: Vec<Value<'static>>,
}

/// A complete binding, and the exclusions that hold for it.
pub(crate) struct Match<'s> {
    pub(crate) binding: Binding<'s>,
    /// Identity of the detection.
    pub(crate) id: Identity,
    /// Indexes of the rule's exclusions; empty for a match to report.
    pub(crate) excluded: Vec<usize>,
}

impl<'s> Match<'s> {
    /// The match that a complete binding is.
    pub(crate) fn new(binding: Binding<'s>, today: NaiveDate) -> Match<'s> {
        let (id, excluded) = (binding.id(), binding.exclusions(today));
        Match {
            binding,
            id,
            excluded,
        }
    }

    /// The match of a single event, which has no key.
    pub(crate) fn of_one(rule: &'s RuleProgram, event: Event<'s>, today: NaiveDate) -> Match<'s> {
        let mut binding = Binding::of(rule, &[], event);
        if let Some(only) = binding.events.first_mut() {
            *only = Some(event);
        }
        Match::new(binding, today)
    }

    /// Time of the final event.
    pub(crate) fn time(&self) -> i64 {
        self.binding.last.time
    }
}

impl<'s> Binding<'s> {
    /// A binding of no step yet, for a final event.
    pub(crate) fn of(rule: &'s RuleProgram, key: &'s [u8], last: Event<'s>) -> Binding<'s> {
        Binding {
            rule,
            key,
            last,
            events: vec![None; rule.steps.len()],
            groups: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Binds a step to an event, or to none.
    pub(super) fn bind(&mut self, step: usize, event: Option<Event<'s>>) {
        if let Some(place) = self.events.get_mut(step) {
            *place = event;
        }
    }

    /// Whether an event is bound to some step already.
    pub(super) fn has(&self, event: &Event<'_>) -> bool {
        let mut bound = self.events.iter().flatten();
        bound.any(|bound| bound.identity == event.identity)
    }

    /// Adds up every aggregate over the events of its step.
    pub(super) fn add_up(&mut self) {
        let rule = self.rule;
        let groups = std::mem::take(&mut self.groups);
        let mut sums = Vec::with_capacity(rule.aggregates.len());
        for aggregate in &rule.aggregates {
            let mut sum = Accumulator::new(aggregate.kind);
            let most_recent = self.events.get(aggregate.step).copied().flatten();
            for event in groups.get(aggregate.step).into_iter().flatten() {
                self.bind(aggregate.step, Some(*event));
                sum.add(aggregate, &&*self);
            }
            self.bind(aggregate.step, most_recent);
            sums.push(sum.value());
        }
        self.groups = groups;
        self.sums = sums;
    }

    /// The kept fields of a step's event that are there, by index of the schema's field.
    pub(crate) fn fields(&self, step: usize) -> Vec<(usize, Value<'s>)> {
        let (Some(Some(event)), Some(program)) = (self.events.get(step), self.rule.steps.get(step))
        else {
            return Vec::new();
        };
        let mut unpacker = Unpacker::new(event.fields);
        let packed = program
            .layout
            .fields
            .iter()
            .map(|field| (*field, unpacker.next()));
        let places = program.layout.places.iter().enumerate();
        let in_key = places.filter_map(|(field, place)| match place {
            Place::Key(part) => Some((field, key_part(self.key, *part))),
            _ => None,
        });
        let mut fields: Vec<_> = packed
            .chain(in_key)
            .filter(|(_, value)| !matches!(value, Value::Missing))
            .collect();
        fields.push((program.layout.time, Value::Timestamp(event.time)));
        fields.sort_unstable_by_key(|(field, _)| *field);
        fields
    }

    /// How many events stand for a step of several; none for a step of one.
    pub(crate) fn count(&self, step: usize) -> Option<usize> {
        let many = self.rule.steps.get(step).is_some_and(|step| step.is_many());
        many.then(|| self.groups.get(step).map_or(0, Vec::len))
    }

    /// Where the record of a step's event can be found again; packed behind the fields.
    pub(crate) fn origin(&self, step: usize) -> Option<u64> {
        let event = self.events.get(step).copied().flatten()?;
        let mut unpacker = Unpacker::new(event.fields);
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

    /// Identity of the detection: of the rule, the events of `every` steps and the final event; where
    /// events are counted, of the key too, because one event can count for several.
    pub(crate) fn id(&self) -> Identity {
        let mut hasher = SipHasher13::new();
        hasher.write(self.rule.identity.as_bytes());
        hasher.write(&[0]);
        if matches!(self.rule.shape, ShapeProgram::Count(_)) {
            hasher.write(self.key);
        }
        for identity in self.combination() {
            hasher.write(&identity.to_le_bytes());
        }
        hasher.write(&self.last.identity.whole().to_le_bytes());
        hasher.finish128().as_u128()
    }
}

impl Binding<'_> {
    /// Identities of the events of `every` steps, the final one apart: bindings that differ in these are
    /// different detections.
    pub(crate) fn combination(&self) -> impl Iterator<Item = Identity> {
        let steps = if self.rule.any_every {
            self.rule.bound
        } else {
            0
        };
        let steps = self.rule.steps.iter().take(steps).zip(&self.events);
        let every = steps.filter(|(step, _)| step.pick() == Pick::Every);
        let events = every.filter_map(|(_, event)| event.as_ref());
        let others = events.filter(|event| event.identity != self.last.identity);
        others.map(|event| event.identity.whole())
    }
}

/// A field of an event of a key as it is kept.
pub(super) fn unpacked<'a>(
    layout: &Layout,
    key: &'a [u8],
    event: &Event<'a>,
    field: usize,
) -> Value<'a> {
    if field == layout.time {
        return Value::Timestamp(event.time);
    }
    match layout.places.get(field) {
        Some(Place::Packed(position)) => {
            let mut unpacker = Unpacker::new(event.fields);
            unpacker.skip(*position);
            unpacker.next()
        }
        Some(Place::Key(part)) => key_part(key, *part),
        Some(Place::None) | None => Value::Missing,
    }
}

/// A part of a packed key.
pub(super) fn key_part(key: &[u8], part: usize) -> Value<'_> {
    let mut unpacker = Unpacker::new(key);
    unpacker.skip(part);
    unpacker.next()
}

impl<'a> Scope<'a> for &'a Binding<'_> {
    fn field(&self, step: usize, field: usize) -> Value<'a> {
        match (self.events.get(step), self.rule.steps.get(step)) {
            (Some(Some(event)), Some(step)) => unpacked(&step.layout, self.key, event, field),
            _ => Value::Missing,
        }
    }

    fn key(&self, part: usize) -> Value<'a> {
        key_part(self.key, part)
    }

    fn aggregate(&self, index: usize) -> Value<'a> {
        self.sums.get(index).map_or(Value::Missing, borrowed)
    }
}

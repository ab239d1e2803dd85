//! What conditions and aggregates mean, over the events that stand for a rule's steps. Every value is a
//! number or missing, and every comparison is of one kind of value, so this is all of it.

use super::event::{Event, Field};
use super::rule::{Aggregate, AggregateKind, Emit, Holds, Op, Rule, Term};

/// The events that stand for the steps: of a step of several the most recent, and all of them beside it.
#[derive(Debug, Clone)]
pub(crate) struct Bound<'e> {
    pub(crate) events: Vec<Option<&'e Event>>,
    pub(crate) groups: Vec<Vec<&'e Event>>,
}

impl<'e> Bound<'e> {
    pub(crate) fn nothing(steps: usize) -> Bound<'e> {
        Bound {
            events: vec![None; steps],
            groups: vec![Vec::new(); steps],
        }
    }

    /// The same with another event for a step.
    pub(crate) fn with(&self, step: usize, event: &'e Event) -> Bound<'e> {
        let mut bound = self.clone();
        bound.events[step] = Some(event);
        bound
    }

    /// Lets all these events stand for a step.
    pub(crate) fn bind_group(&mut self, step: usize, group: Vec<&'e Event>) {
        self.events[step] = group.last().copied();
        self.groups[step] = group;
    }

    /// Whether the event stands for some step.
    pub(crate) fn has(&self, event: &Event) -> bool {
        let events = self.events.iter().flatten();
        let mut all = events.chain(self.groups.iter().flatten());
        all.any(|of| of.order() == event.order())
    }

    pub(crate) fn holds(&self, condition: &Holds) -> bool {
        match condition {
            Holds::Compare(left, op, right) => {
                let (left, right) = (self.term(left), self.term(right));
                let both = left.zip(right);
                match op {
                    Op::Equal => left == right,
                    Op::Differs => left != right,
                    Op::Less => both.is_some_and(|(left, right)| left < right),
                    Op::AtLeast => both.is_some_and(|(left, right)| left >= right),
                }
            }
            Holds::Either(one, other) => self.holds(one) || self.holds(other),
            Holds::Not(inner) => !self.holds(inner),
        }
    }

    fn field(&self, step: usize, field: Field) -> Option<i64> {
        self.events[step].and_then(|event| event.value(field))
    }

    fn term(&self, term: &Term) -> Option<i64> {
        match term {
            Term::Field(step, field) => self.field(*step, *field),
            Term::Constant(_, value) | Term::Number(value) | Term::Seconds(value) => Some(*value),
            Term::Between(one, other) => {
                let (one, other) = (
                    self.field(*one, Field::Time),
                    self.field(*other, Field::Time),
                );
                Some(other? - one?)
            }
            Term::Adds(aggregate) => self.adds_up(aggregate),
        }
    }

    /// The events that an aggregate takes.
    fn taken(&self, aggregate: &Aggregate) -> Vec<&'e Event> {
        let group = self.groups[aggregate.step].iter().copied();
        let takes = |event: &&'e Event| {
            let only = aggregate.only.as_ref();
            only.is_none_or(|only| self.with(aggregate.step, event).holds(only))
        };
        group.filter(takes).collect()
    }

    fn adds_up(&self, aggregate: &Aggregate) -> Option<i64> {
        let events = self.taken(aggregate);
        let present = |field: &Field| -> Vec<i64> {
            events
                .iter()
                .filter_map(|event| event.value(*field))
                .collect()
        };
        match &aggregate.kind {
            AggregateKind::Count => i64::try_from(events.len()).ok(),
            AggregateKind::Distinct(fields) => {
                let tuple = |event: &&Event| -> Option<Vec<i64>> {
                    fields.iter().map(|field| event.value(*field)).collect()
                };
                let mut tuples: Vec<Vec<i64>> = events.iter().filter_map(tuple).collect();
                tuples.sort();
                tuples.dedup();
                i64::try_from(tuples.len()).ok()
            }
            AggregateKind::Sum(field) => {
                present(field).into_iter().reduce(|sum, value| sum + value)
            }
            AggregateKind::Min(field) => present(field).into_iter().min(),
            AggregateKind::Max(field) => present(field).into_iter().max(),
            AggregateKind::Spread => {
                let times = present(&Field::Time);
                Some(*times.iter().max()? - *times.iter().min()?)
            }
            AggregateKind::Values(_) => i64::try_from(self.values(aggregate).len()).ok(),
        }
    }

    /// What `values` gives: each once, in the order in which they came up.
    fn values(&self, aggregate: &Aggregate) -> Vec<i64> {
        let AggregateKind::Values(field) = aggregate.kind else {
            return Vec::new();
        };
        let mut values = Vec::new();
        for event in self.taken(aggregate) {
            if let Some(value) = event.value(field)
                && !values.contains(&value)
            {
                values.push(value);
            }
        }
        values
    }

    /// What a rule emits, as JSON; what is missing is left out.
    pub(crate) fn emitted(&self, rule: &Rule) -> Vec<(String, serde_json::Value)> {
        let json = |text: String| serde_json::from_str(&text).unwrap();
        let emitted = rule.emit.iter().enumerate().filter_map(|(at, emit)| {
            let value = match emit {
                Emit::Field(step, field) => json(field.text(self.field(*step, *field)?)),
                Emit::Adds(of) => match of.kind {
                    AggregateKind::Values(field) => {
                        let values = self.values(of).into_iter();
                        let values = values.map(|value| json(field.text(value)));
                        serde_json::Value::Array(values.collect())
                    }
                    AggregateKind::Sum(field)
                    | AggregateKind::Min(field)
                    | AggregateKind::Max(field) => json(field.text(self.adds_up(of)?)),
                    _ => self.adds_up(of)?.into(),
                },
            };
            Some((format!("v{at}"), value))
        });
        emitted.collect()
    }

    /// The exclusions that hold.
    pub(crate) fn excluded_by(&self, rule: &Rule) -> Vec<String> {
        let exclusions = rule.exclusions.iter().enumerate();
        let hold = exclusions.filter(|(_, when)| self.holds(when));
        hold.map(|(at, _)| format!("x{at}")).collect()
    }
}

//! What the events of one key add up to as time goes on, for rules that count: a detection is given at an
//! event at which `having` holds, if it did not hold at some instant since the last one was given.
//!
//! A [`Tally`] goes through the events in their order and looks at every change: an event comes in,
//! or one leaves because its window is over. Under final emission one tally follows the watermark.
//! Under early emission a second one goes ahead of it over all that has come, and starts again from
//! the first when an event comes out of order.
//!
//! INVARIANT: where a tally stands and what it gives depends on the events alone, not on the order in
//! which they came; a window without events does not hold.

mod accumulator;

use tripline_lang::value::Value;

pub(crate) use self::accumulator::Accumulator;
use super::binding::{Binding, key_part, unpacked};
use super::store::{Event, KeyState, LongRun, Order, Run};
use crate::program::{RuleProgram, Scope, ShapeProgram, holds};

/// What is known of one key of a rule that counts.
#[derive(Default)]
pub(crate) struct Counting {
    /// Up to where nothing can change any more.
    pub(super) settled: Tally,
    /// Over all that has come, as long as that came in order; for early emission.
    ahead: Option<Box<Tally>>,
}

/// What the events of a key add up to at one event.
#[derive(Clone)]
pub(crate) struct Tally {
    /// It did not hold at some instant since a detection was last given.
    pub(super) armed: bool,
    /// The last event taken in; none before the first.
    pub(super) upto: Option<Order>,
    /// Events before this time have left the window.
    pub(super) from: i64,
    /// Events in the window.
    events: usize,
    /// For each aggregate of the rule that decides, its value; empty before the first event.
    sums: Vec<Option<Accumulator>>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            armed: true,
            upto: None,
            from: i64::MIN,
            events: 0,
            sums: Vec::new(),
        }
    }
}

impl Counting {
    /// Takes in the events up to `upto`, after which nothing comes any more; gives those at which a
    /// detection is given.
    pub(super) fn settle(
        &mut self,
        rule: &RuleProgram,
        key: &[u8],
        runs: &[LongRun],
        upto: Order,
    ) -> Vec<Order> {
        self.settled.advance(rule, key, runs, upto)
    }

    /// An event has come; gives the events at which a detection is given, those that were given before
    /// among them.
    pub(super) fn arrive(
        &mut self,
        rule: &RuleProgram,
        key: &[u8],
        runs: &[LongRun],
        event: Order,
    ) -> Vec<Order> {
        let upto = (i64::MAX, u128::MAX);
        match &mut self.ahead {
            Some(ahead) if ahead.upto < Some(event) => ahead.advance(rule, key, runs, upto),
            _ => {
                let mut ahead = Box::new(self.settled.clone());
                let given = ahead.advance(rule, key, runs, upto);
                self.ahead = Some(ahead);
                given
            }
        }
    }

    /// The watermark has passed: events before `before` are about to be dropped.
    pub(super) fn expire(
        &mut self,
        rule: &RuleProgram,
        key: &[u8],
        runs: &[LongRun],
        watermark: i64,
        before: i64,
    ) {
        self.settled.advance(rule, key, runs, (watermark, 0));
        self.settled.expire(rule, key, runs, before);
        if let Some(ahead) = &mut self.ahead {
            ahead.expire(rule, key, runs, before);
        }
    }

    /// Adds everything up again, because events were dropped or are packed in another way.
    pub(super) fn add_up(&mut self, rule: &RuleProgram, key: &[u8], runs: &[LongRun]) {
        self.ahead = None;
        self.settled.add_up(rule, key, runs);
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Counting>()
            + self.settled.bytes()
            + self
                .ahead
                .as_ref()
                .map_or(0, |ahead| size_of::<Tally>() + ahead.bytes())
    }
}

impl Tally {
    /// Takes in the events up to `upto`; gives those at which a detection is given.
    fn advance(
        &mut self,
        rule: &RuleProgram,
        key: &[u8],
        runs: &[LongRun],
        upto: Order,
    ) -> Vec<Order> {
        let mut given = Vec::new();
        let after = self.upto;
        let mut new = Merged::of(runs, |run| {
            let from = run.partition_point(|event| Some(event.order()) <= after);
            let end = run.partition_point(|event| event.order() <= upto);
            run.part(from, end)
        });
        while let Some((step, event)) = new.next() {
            let order = event.order();
            self.expire(rule, key, runs, order.0.saturating_sub(rule.within));
            self.change(rule, key, step, &event, true);
            // One event may count for several steps; it is looked at once.
            while let Some((step, event)) = new.next_if(order) {
                self.change(rule, key, step, &event, true);
            }
            self.upto = Some(order);
            if !self.holds(rule, key) {
                self.armed = true;
            } else if std::mem::take(&mut self.armed) {
                given.push(order);
            }
        }
        given
    }

    /// Lets the events before a time leave the window, and looks whether it stops holding meanwhile.
    fn expire(&mut self, rule: &RuleProgram, key: &[u8], runs: &[LongRun], before: i64) {
        if before <= self.from {
            return;
        }
        let (from, upto) = (self.from, self.upto);
        self.from = before;
        let mut old = Merged::of(runs, |run| {
            let first = run.partition_point(|event| event.time < from);
            let end =
                run.partition_point(|event| event.time < before && Some(event.order()) <= upto);
            run.part(first, end)
        });
        let mut next = old.next();
        while let Some((step, event)) = next {
            self.change(rule, key, step, &event, false);
            let time = event.time;
            next = old.next();
            // Those of one instant leave together.
            if next.is_none_or(|(_, next)| next.time > time) && !self.armed {
                self.armed = !self.holds(rule, key);
            }
        }
    }

    /// Adds up the events of the window, wherever the tally stands.
    fn add_up(&mut self, rule: &RuleProgram, key: &[u8], runs: &[LongRun]) {
        self.sums.clear();
        self.events = 0;
        let (from, upto) = (self.from, self.upto);
        let mut all = Merged::of(runs, |run| {
            let first = run.partition_point(|event| event.time < from);
            let end = run.partition_point(|event| Some(event.order()) <= upto);
            run.part(first, end)
        });
        while let Some((step, event)) = all.next() {
            self.change(rule, key, step, &event, true);
        }
    }

    /// An event comes into the window or leaves it.
    fn change(
        &mut self,
        rule: &RuleProgram,
        key: &[u8],
        step: usize,
        event: &Event<'_>,
        comes: bool,
    ) {
        let ShapeProgram::Count(count) = &rule.shape else {
            return;
        };
        if self.sums.is_empty() {
            let each = rule.aggregates.iter().zip(&count.reads);
            let each = each.map(|(of, read)| read.then(|| Accumulator::new(of.kind)));
            self.sums = each.collect();
        }
        self.events = if comes {
            self.events + 1
        } else {
            self.events.saturating_sub(1)
        };
        let scope = OneEvent {
            rule,
            key,
            step,
            event,
        };
        for (of, sum) in rule.aggregates.iter().zip(&mut self.sums) {
            if let Some(sum) = sum
                && of.step == step
            {
                if comes {
                    sum.add(of, &scope);
                } else {
                    sum.remove(of, &scope);
                }
            }
        }
    }

    fn holds(&self, rule: &RuleProgram, key: &[u8]) -> bool {
        let ShapeProgram::Count(count) = &rule.shape else {
            return false;
        };
        let scope = Sums {
            key,
            sums: &self.sums,
        };
        self.events > 0 && holds(&count.having, &scope, None)
    }

    fn bytes(&self) -> usize {
        let sums = self.sums.iter().flatten();
        self.sums.len() * size_of::<Option<Accumulator>>()
            + sums.map(Accumulator::bytes).sum::<usize>()
    }
}

/// The match that a detection at an event is: all events of its window, up to it.
pub(super) fn binding_at<'s>(
    rule: &'s RuleProgram,
    state: &'s KeyState,
    last: Event<'s>,
) -> Binding<'s> {
    let mut binding = Binding::of(rule, state.key(), last);
    let earliest = last.time.saturating_sub(rule.within);
    for (step, run) in state.runs().enumerate() {
        let from = run.partition_point(|event| event.time < earliest);
        let upto = run.partition_point(|event| event.order() <= last.order());
        let window = run.part(from, upto);
        binding.bind(step, window.last());
        binding.groups.push(window.iter().collect());
    }
    binding.add_up();
    binding
}

/// One event of one step.
struct OneEvent<'e> {
    rule: &'e RuleProgram,
    key: &'e [u8],
    step: usize,
    event: &'e Event<'e>,
}

impl<'e> Scope<'e> for OneEvent<'e> {
    fn field(&self, step: usize, field: usize) -> Value<'e> {
        match self.rule.steps.get(step) {
            Some(program) if step == self.step => {
                unpacked(&program.layout, self.key, self.event, field)
            }
            _ => Value::Missing,
        }
    }

    fn key(&self, part: usize) -> Value<'e> {
        key_part(self.key, part)
    }
}

/// What has been added up.
struct Sums<'e> {
    key: &'e [u8],
    sums: &'e [Option<Accumulator>],
}

impl<'e> Scope<'e> for Sums<'e> {
    fn key(&self, part: usize) -> Value<'e> {
        key_part(self.key, part)
    }

    fn aggregate(&self, index: usize) -> Value<'e> {
        match self.sums.get(index) {
            Some(Some(sum)) => sum.value(),
            _ => Value::Missing,
        }
    }
}

/// The events of several steps in their common order, each with its step.
struct Merged<'e> {
    /// For each step that has more, the next event and those behind it.
    runs: Vec<(usize, Event<'e>, Run<'e>)>,
}

impl<'e> Merged<'e> {
    /// Of a part of each run.
    fn of(runs: &'e [LongRun], part: impl Fn(Run<'e>) -> Run<'e>) -> Merged<'e> {
        let runs = runs.iter().map(|run| part(run.events())).enumerate();
        let runs = runs.filter_map(|(step, run)| Some((step, run.first()?, run)));
        Merged {
            runs: runs.collect(),
        }
    }

    fn next(&mut self) -> Option<(usize, Event<'e>)> {
        let runs = self.runs.iter().enumerate();
        let (at, _) = runs.min_by_key(|(_, (_, next, _))| next.order())?;
        let (step, next, run) = self.runs.get_mut(at)?;
        let found = (*step, *next);
        *run = run.part(1, run.len());
        match run.first() {
            Some(first) => *next = first,
            None => {
                self.runs.remove(at);
            }
        }
        Some(found)
    }

    /// The next event, if it is the one of this order.
    fn next_if(&mut self, order: Order) -> Option<(usize, Event<'e>)> {
        let mut runs = self.runs.iter();
        if runs.any(|(_, next, _)| next.order() == order) {
            self.next()
        } else {
            None
        }
    }
}

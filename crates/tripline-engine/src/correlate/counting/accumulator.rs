//! What events add up to, kept as they come and go: the value depends on which events are in, never on
//! the order in which they came.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};

use tripline_lang::functions::aggregates::{AggregateKind, MOST_VALUES};
use tripline_lang::value::{Value, compare};

use crate::pack::pack;
use crate::program::eval::{eval, owned};
use crate::program::{AggregateProgram, Scope, holds};

/// One aggregate over some events.
#[derive(Clone)]
pub(crate) enum Accumulator {
    /// How many.
    Count(u64),
    /// Each packed combination of values, and how many events have it.
    Distinct {
        /// By packed combination.
        values: HashMap<Box<[u8]>, u32>,
        /// What the values themselves take.
        bytes: usize,
    },
    /// A sum.
    Sum(Sum),
    /// Each value, and how many events have it.
    Extreme {
        /// The values in order.
        values: BTreeMap<Ordered, u32>,
        /// The least is asked for, not the greatest.
        least: bool,
        /// What the values themselves take.
        bytes: usize,
    },
    /// The different values in the order in which they came up.
    Values(Values),
}

/// Different values, each at the place of the first event that has it and has not left.
#[derive(Clone, Default)]
pub(crate) struct Values {
    /// How many events were added.
    added: u64,
    /// For each packed value the numbers of its events, in order.
    places: HashMap<Box<[u8]>, VecDeque<u64>>,
    /// Each value by the number of the first of its events.
    in_order: BTreeMap<u64, Value<'static>>,
    /// What the values themselves take, and how many events have one.
    bytes: usize,
    events: usize,
}

/// A sum that is exact: fractions are kept as multiples of 2⁻³².
#[derive(Clone, Default)]
pub(crate) struct Sum {
    total: i128,
    /// How many values there are, and how many of them are too large to be added up.
    values: u32,
    unfit: u32,
    /// What kind of values they are; none before the first.
    kind: Option<SumKind>,
}

#[derive(Clone, Copy)]
enum SumKind {
    Int,
    Float,
    Duration,
}

/// What a fraction is multiplied with: 2³².
const SCALE: f64 = 4_294_967_296.0;

/// A value in the order of its type.
#[derive(Clone)]
pub(crate) struct Ordered(Value<'static>);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        compare::order(&self.0, &other.0, false).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl Accumulator {
    /// Over no events.
    pub(crate) fn new(kind: AggregateKind) -> Accumulator {
        match kind {
            AggregateKind::Count => Accumulator::Count(0),
            AggregateKind::Distinct => Accumulator::Distinct {
                values: HashMap::new(),
                bytes: 0,
            },
            AggregateKind::Sum => Accumulator::Sum(Sum::default()),
            AggregateKind::Min | AggregateKind::Max => Accumulator::Extreme {
                values: BTreeMap::new(),
                least: kind == AggregateKind::Min,
                bytes: 0,
            },
            AggregateKind::Values => Accumulator::Values(Values::default()),
        }
    }

    /// Adds the event that the scope has for the aggregate's step.
    pub(crate) fn add<'a, S: Scope<'a>>(&mut self, of: &'a AggregateProgram, scope: &S) {
        if !takes(of, scope) {
            return;
        }
        match self {
            Accumulator::Count(count) => *count += 1,
            Accumulator::Distinct { values, bytes } => {
                if let Some(packed) = packed(of, scope) {
                    let length = packed.len();
                    let count = values.entry(packed.into()).or_default();
                    *bytes += if *count == 0 { length } else { 0 };
                    *count += 1;
                }
            }
            Accumulator::Sum(sum) => sum.change(&argument(of, scope), false),
            Accumulator::Extreme { values, bytes, .. } => {
                let value = argument(of, scope);
                if !matches!(value, Value::Missing) {
                    let count = values.entry(Ordered(owned(&value))).or_default();
                    *bytes += if *count == 0 { length(&value) } else { 0 };
                    *count += 1;
                }
            }
            Accumulator::Values(values) => {
                if let Some(packed) = packed(of, scope) {
                    values.add(packed.into(), || owned(&argument(of, scope)));
                }
            }
        }
    }

    /// Takes out an event that was added.
    pub(crate) fn remove<'a, S: Scope<'a>>(&mut self, of: &'a AggregateProgram, scope: &S) {
        if !takes(of, scope) {
            return;
        }
        match self {
            Accumulator::Count(count) => *count = count.saturating_sub(1),
            Accumulator::Distinct { values, bytes } => {
                if let Some(packed) = packed(of, scope)
                    && let Some(count) = values.get_mut(packed.as_slice())
                {
                    *count -= 1;
                    if *count == 0 {
                        values.remove(packed.as_slice());
                        *bytes = bytes.saturating_sub(packed.len());
                    }
                }
            }
            Accumulator::Sum(sum) => sum.change(&argument(of, scope), true),
            Accumulator::Extreme { values, bytes, .. } => {
                let value = argument(of, scope);
                // It was not added, and in no order to what was.
                if matches!(value, Value::Missing) {
                    return;
                }
                let value = Ordered(owned(&value));
                if let Some(count) = values.get_mut(&value) {
                    *count -= 1;
                    if *count == 0 {
                        // The one that was added first; another of the same order may be longer.
                        let gone = values.remove_entry(&value);
                        let gone = gone.map_or(0, |(gone, _)| length(&gone.0));
                        *bytes = bytes.saturating_sub(gone);
                    }
                }
            }
            Accumulator::Values(values) => {
                if let Some(packed) = packed(of, scope) {
                    values.remove_first(&packed);
                }
            }
        }
    }

    /// The value.
    pub(crate) fn value(&self) -> Value<'static> {
        let number = |count: usize| i64::try_from(count).map_or(Value::Missing, Value::Int);
        match self {
            Accumulator::Count(count) => i64::try_from(*count).map_or(Value::Missing, Value::Int),
            Accumulator::Distinct { values, .. } => number(values.len()),
            Accumulator::Sum(sum) => sum.value(),
            Accumulator::Extreme { values, least, .. } => {
                let found = if *least {
                    values.first_key_value()
                } else {
                    values.last_key_value()
                };
                found.map_or(Value::Missing, |(value, _)| value.0.clone())
            }
            Accumulator::Values(values) => values.value(),
        }
    }

    /// About how many bytes it holds beside itself.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Accumulator::Distinct { values, bytes } => values.len() * ENTRY + bytes,
            Accumulator::Extreme { values, bytes, .. } => values.len() * ENTRY + bytes,
            // Each value twice, and a place for each event.
            Accumulator::Values(values) => {
                2 * (values.places.len() * ENTRY + values.bytes) + values.events * size_of::<u64>()
            }
            Accumulator::Count(_) | Accumulator::Sum(_) => 0,
        }
    }
}

/// About how many bytes a value that is counted takes beside itself: its place in a table.
const ENTRY: usize = 64;

/// How many bytes a value takes beside its place.
fn length(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len(),
        _ => 0,
    }
}

/// Whether an event takes part.
fn takes<'a, S: Scope<'a>>(of: &'a AggregateProgram, scope: &S) -> bool {
    of.condition
        .as_ref()
        .is_none_or(|condition| holds(condition, scope, None))
}

fn argument<'a, S: Scope<'a>>(of: &'a AggregateProgram, scope: &S) -> Value<'a> {
    of.args
        .first()
        .map_or(Value::Missing, |arg| eval(arg, scope, None))
}

/// The arguments in packed form; none where one is missing.
fn packed<'a, S: Scope<'a>>(of: &'a AggregateProgram, scope: &S) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for arg in &of.args {
        let value = eval(arg, scope, None);
        if matches!(value, Value::Missing) {
            return None;
        }
        pack(&value, &mut out);
    }
    Some(out)
}

impl Values {
    fn add(&mut self, packed: Box<[u8]>, value: impl FnOnce() -> Value<'static>) {
        self.added += 1;
        self.events += 1;
        let length = packed.len();
        let places = self.places.entry(packed).or_default();
        if places.is_empty() {
            self.bytes += length;
            self.in_order.insert(self.added, value());
        }
        places.push_back(self.added);
    }

    /// Takes out the first event of a value: events leave in the order in which they came.
    fn remove_first(&mut self, packed: &[u8]) {
        let Some(places) = self.places.get_mut(packed) else {
            return;
        };
        self.events = self.events.saturating_sub(1);
        let first = places
            .pop_front()
            .and_then(|first| self.in_order.remove(&first));
        match places.front().zip(first) {
            Some((next, value)) => {
                self.in_order.insert(*next, value);
            }
            None => {
                self.places.remove(packed);
                self.bytes = self.bytes.saturating_sub(packed.len());
            }
        }
    }

    fn value(&self) -> Value<'static> {
        Value::List(self.in_order.values().take(MOST_VALUES).cloned().collect())
    }
}

impl Sum {
    fn change(&mut self, value: &Value<'_>, out: bool) {
        let (kind, amount) = match value {
            Value::Int(value) => (SumKind::Int, Some(i128::from(*value))),
            Value::Duration(value) => (SumKind::Duration, Some(i128::from(*value))),
            Value::Float(value) => (SumKind::Float, scaled(*value)),
            _ => return,
        };
        self.kind = Some(kind);
        self.values = if out {
            self.values.saturating_sub(1)
        } else {
            self.values.saturating_add(1)
        };
        match (amount, out) {
            (Some(amount), false) => self.total += amount,
            (Some(amount), true) => self.total -= amount,
            (None, false) => self.unfit += 1,
            (None, true) => self.unfit = self.unfit.saturating_sub(1),
        }
    }

    fn value(&self) -> Value<'static> {
        if self.unfit > 0 || self.values == 0 {
            return Value::Missing;
        }
        let whole = || i64::try_from(self.total).ok();
        match self.kind {
            Some(SumKind::Duration) => whole().map_or(Value::Missing, Value::Duration),
            #[allow(
                clippy::cast_precision_loss,
                reason = "a float is what is asked for, and the nearest is given"
            )]
            Some(SumKind::Float) => Value::Float(self.total as f64 / SCALE),
            Some(SumKind::Int) => whole().map_or(Value::Missing, Value::Int),
            None => Value::Missing,
        }
    }
}

/// A fraction as a multiple of 2⁻³²; none for one that is too large to be added up.
fn scaled(value: f64) -> Option<i128> {
    // 2⁶³: so that four thousand million of them still fit.
    let fits = value.abs() < 9_223_372_036_854_775_808.0;
    #[allow(clippy::cast_possible_truncation, reason = "it fits")]
    fits.then(|| (value * SCALE).round() as i128)
}

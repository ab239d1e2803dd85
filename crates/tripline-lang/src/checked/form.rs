//! What a rule looks for: its form, its steps and what each stands for.

use std::ops::Range;

use super::Expr;

/// The most events of one step and key that an engine retains if nothing else is asked of it: no rule can
/// count more. The checker warns of thresholds above it.
pub const MOST_EVENTS: usize = 4096;

/// What a rule looks for.
///
/// INVARIANT: the steps that events are bound to come first, those that must be absent after them; a
/// sequence's final step is the last that events are bound to.
#[derive(Debug, Clone)]
pub struct Form {
    /// How the steps belong together.
    pub shape: Shape,
    /// The parts of the key; none for [`Shape::Match`], at least one for every other.
    pub keys: Vec<Key>,
    /// The window in nanoseconds, inclusive; 0 where one event alone is bound.
    pub within: i64,
    /// The steps.
    pub steps: Vec<Step>,
}

/// How the steps of a rule belong together.
#[derive(Debug, Clone)]
pub enum Shape {
    /// One detection for each event of the one step.
    Match,
    /// Steps in the order of time.
    Sequence,
    /// Steps in any order.
    Together {
        /// The steps of which only some are needed. What is in none is needed.
        choices: Vec<Choice>,
    },
    /// What the events in the window add up to.
    Count {
        /// A `bool` over aggregates and the key: a detection is given when it begins to hold.
        having: Expr,
    },
}

/// `2 of { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// How many of the steps are needed; at least one, fewer than there are.
    pub least: usize,
    /// The steps, by index.
    pub steps: Range<usize>,
}

impl Form {
    /// The indexes of the steps that events are bound to.
    pub fn bound(&self) -> Range<usize> {
        let absent = |step: &Step| matches!(step.role, Role::Absent(_));
        0..self
            .steps
            .iter()
            .position(absent)
            .unwrap_or(self.steps.len())
    }
}

/// One part of a key.
#[derive(Debug, Clone)]
pub struct Key {
    /// How it is called in a detection.
    pub name: String,
    /// Its value for each step, in the order of the steps: an expression over that step's event
    /// alone. All have the same type.
    pub per_step: Vec<Expr>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Index of the schema of its events.
    pub schema: usize,
    /// What its events stand for.
    pub role: Role,
    /// The condition split at its outermost `and`s. Each is a `bool` over this step and those that it
    /// may name.
    pub conditions: Vec<Expr>,
}

/// What the events of a step stand for.
#[derive(Debug, Clone)]
pub enum Role {
    /// One event stands for the step.
    One(Pick),
    /// At least so many events together stand for it.
    Many {
        /// The least number of events; at least 1.
        least: usize,
        /// What they must add up to besides: a `bool` over aggregates of this step and the key.
        having: Option<Expr>,
    },
    /// Its events are counted (in [`Shape::Count`]).
    Counted,
    /// No event may stand for it.
    Absent(Extent),
}

impl Role {
    /// Which of several events counts; any, where several count together.
    pub fn pick(&self) -> Pick {
        match self {
            Role::One(pick) => *pick,
            _ => Pick::Any,
        }
    }

    /// Whether several events together stand for the step, so that it has aggregates.
    pub fn is_many(&self) -> bool {
        matches!(self, Role::Many { .. } | Role::Counted)
    }
}

/// When no event of a step may be there. Both ends count; spans are in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Between the events of two steps.
    Between(usize, usize),
    /// From the event of a step on, for so long.
    After(usize, i64),
    /// Up to the event of a step, for so long.
    Before(usize, i64),
}

/// Which of several events of a step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pick {
    /// Some event that satisfies the conditions; the most recent such one is reported.
    Any,
    /// Only the most recent event at or before the next step.
    Last,
    /// Each one, with a detection of its own.
    Every,
}

//! A rule's form compiled: its steps, what stands for each, how long their events are kept, and the
//! conditions over several steps, each at the place where it can first be tested.
//!
//! Made by `compile`, read by the correlation.

use tripline_lang::checked::{Choice, Extent, Pick};
use tripline_lang::functions::aggregates::AggregateKind;

use super::Layout;
use super::node::Node;

/// How the steps of a rule belong together.
pub(crate) enum ShapeProgram {
    /// One event, no key.
    Match,
    /// Steps in the order of time.
    Sequence,
    /// Steps in any order.
    Together(Together),
    /// What events add up to.
    Count(Count),
}

impl ShapeProgram {
    /// Steps in the order of time.
    pub(crate) fn is_sequence(&self) -> bool {
        matches!(self, ShapeProgram::Sequence)
    }
}

/// Steps in any order.
pub(crate) struct Together {
    /// Of which steps only some are needed.
    pub(crate) choices: Vec<Choice>,
    /// Conditions over several steps: the steps, in order, and the condition.
    pub(crate) joins: Vec<(Vec<usize>, Node)>,
}

/// What events add up to.
pub(crate) struct Count {
    /// The condition over aggregates and the key.
    pub(crate) having: Node,
    /// For each aggregate of the rule, whether the condition reads it.
    pub(crate) reads: Vec<bool>,
}

/// One step.
pub(crate) struct StepProgram {
    pub(crate) schema: usize,
    pub(crate) role: RoleProgram,
    pub(crate) layout: Layout,
    /// Conditions over several steps. In a sequence, of a step of one event: to be tested once it is
    /// bound, being the earliest they name; of a step of several events, or of none: to be tested
    /// of each event once all else is bound.
    pub(crate) joins: Vec<Node>,
    /// How long after its time an event matters, in nanoseconds.
    pub(crate) reach: i64,
    /// Its events can be final ones.
    pub(crate) is_final: bool,
}

/// What stands for a step.
pub(crate) enum RoleProgram {
    /// One event.
    One(Pick),
    /// At least so many events, that add up to something.
    Many(usize, Option<Node>),
    /// Its events are counted.
    Counted,
    /// No event.
    Absent(Extent),
}

/// What the events of a step add up to.
pub(crate) struct AggregateProgram {
    pub(crate) kind: AggregateKind,
    pub(crate) step: usize,
    pub(crate) args: Vec<Node>,
    pub(crate) condition: Option<Node>,
}

impl StepProgram {
    /// Which of several events counts.
    pub(crate) fn pick(&self) -> Pick {
        match self.role {
            RoleProgram::One(pick) => pick,
            _ => Pick::Any,
        }
    }

    /// Whether several events stand for it.
    pub(crate) fn is_many(&self) -> bool {
        matches!(self.role, RoleProgram::Many(..) | RoleProgram::Counted)
    }
}

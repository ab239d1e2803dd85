//! A rule as data: what the model interprets and what `text` writes for the engine. Nothing of the engine
//! or of the language's own tree is used here, so that neither can be wrong on both sides.

use std::ops::Range;

use super::event::{Field, Kind};

/// A rule of any form. Shown as its text.
#[derive(Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) key: Vec<Field>,
    /// Seconds; 0 where nothing is said.
    pub(crate) within: i64,
    /// The steps that events stand for, then those that must be absent.
    pub(crate) steps: Vec<Step>,
    pub(crate) emit: Vec<Emit>,
    /// Each suppresses the matches for which its condition holds.
    pub(crate) exclusions: Vec<Holds>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Form {
    Match,
    Sequence,
    /// With the choices among its steps.
    Together(Vec<Choice>),
    Count(Holds),
}

/// Of these steps so many are needed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) least: usize,
    pub(crate) steps: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) kind: Kind,
    pub(crate) role: Role,
    /// All must hold.
    pub(crate) conditions: Vec<Holds>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Role {
    One(Pick),
    Many { least: usize, having: Option<Holds> },
    Counted,
    Absent(Extent),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pick {
    Any,
    Last,
    Every,
}

/// When nothing may be there; spans in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    Between(usize, usize),
    After(usize, i64),
    Before(usize, i64),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Holds {
    Compare(Term, Op, Term),
    Either(Box<Holds>, Box<Holds>),
    Not(Box<Holds>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Op {
    Equal,
    Differs,
    Less,
    AtLeast,
}

/// A side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Field(usize, Field),
    /// A constant of a field's type.
    Constant(Field, i64),
    /// Seconds from the one step's time to the other's.
    Between(usize, usize),
    Seconds(i64),
    Adds(Aggregate),
    /// A number to compare aggregates with.
    Number(i64),
}

/// What the events of a step add up to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aggregate {
    pub(crate) kind: AggregateKind,
    pub(crate) step: usize,
    pub(crate) only: Option<Box<Holds>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AggregateKind {
    Count,
    Distinct(Vec<Field>),
    Sum(Field),
    Min(Field),
    Max(Field),
    /// Seconds from the least time to the greatest.
    Spread,
    /// How many `values` there are.
    Values(Field),
}

/// A named value of a detection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Emit {
    Field(usize, Field),
    Adds(Aggregate),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\n{}", self.text())
    }
}

impl Rule {
    /// How many steps events stand for.
    pub(crate) fn bound(&self) -> usize {
        let absent = |step: &&Step| !matches!(step.role, Role::Absent(_));
        self.steps.iter().take_while(absent).count()
    }

    /// How long after its time a match can still change: the longest `after`.
    pub(crate) fn hold(&self) -> i64 {
        let spans = self.steps.iter().map(|step| match step.role {
            Role::Absent(Extent::After(_, span)) => span,
            _ => 0,
        });
        spans.max().unwrap_or(0)
    }

    /// A step's name: its place in the alphabet.
    pub(crate) fn step_name(step: usize) -> String {
        char::from(b'a' + u8::try_from(step).unwrap()).to_string()
    }

    /// Whether the step is one of a choice.
    pub(crate) fn is_optional(&self, step: usize) -> bool {
        match &self.form {
            Form::Together(choices) => choices.iter().any(|choice| choice.steps.contains(&step)),
            _ => false,
        }
    }
}

impl Step {
    pub(crate) fn is_many(&self) -> bool {
        matches!(self.role, Role::Many { .. } | Role::Counted)
    }

    pub(crate) fn is(&self, pick: Pick) -> bool {
        self.role == Role::One(pick)
    }
}

impl Holds {
    /// Whether it names the step outside of aggregates.
    pub(crate) fn names(&self, step: usize) -> bool {
        match self {
            Holds::Compare(left, _, right) => left.names(step) || right.names(step),
            Holds::Either(one, other) => one.names(step) || other.names(step),
            Holds::Not(inner) => inner.names(step),
        }
    }
}

impl Aggregate {
    /// Whether it is a whole number, and so can be compared with others.
    pub(crate) fn is_whole(&self) -> bool {
        match self.kind {
            AggregateKind::Sum(field) | AggregateKind::Min(field) | AggregateKind::Max(field) => {
                field == Field::Result
            }
            AggregateKind::Spread => false,
            _ => true,
        }
    }
}

impl Term {
    fn names(&self, step: usize) -> bool {
        match self {
            Term::Field(of, _) => *of == step,
            Term::Between(one, other) => *one == step || *other == step,
            _ => false,
        }
    }
}

//! The table of aggregates: what the events of a step add up to, in `having`, `emit` and exclusions
//! of rules that count events. One entry each, as with functions; how each is kept up to date as
//! events come and go is the engine's.

use crate::types::Type;

/// One aggregate.
pub struct AggregateFunction {
    /// Its name.
    pub name: &'static str,
    /// Which it is, for the engine.
    pub kind: AggregateKind,
    /// How it is called, for the manual and diagnostics.
    pub signature: &'static str,
    /// One or two sentences for the manual.
    pub summary: &'static str,
}

impl std::fmt::Debug for AggregateFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Which aggregate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateKind {
    /// How many events.
    Count,
    /// How many different values, or combinations of values.
    Distinct,
    /// The sum of a value.
    Sum,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The different values.
    Values,
}

/// The most values that `values` gives; those after them are left out.
pub const MOST_VALUES: usize = 100;

/// Every aggregate.
pub const AGGREGATES: &[AggregateFunction] = &[
    AggregateFunction {
        name: "count",
        kind: AggregateKind::Count,
        signature: "count(step [where condition])",
        summary: "How many events of the step there are.",
    },
    AggregateFunction {
        name: "distinct",
        kind: AggregateKind::Distinct,
        signature: "distinct(step.field, … [where condition])",
        summary: "How many different values the events have; with several arguments, how many different combinations. An event for which one of them is missing is left out.",
    },
    AggregateFunction {
        name: "sum",
        kind: AggregateKind::Sum,
        signature: "sum(step.field [where condition])",
        summary: "The sum of a number or a duration; missing where no event has one, or where it does not fit. Fractions are kept to 2⁻³².",
    },
    AggregateFunction {
        name: "min",
        kind: AggregateKind::Min,
        signature: "min(step.field [where condition])",
        summary: "The least value; missing where no event has one.",
    },
    AggregateFunction {
        name: "max",
        kind: AggregateKind::Max,
        signature: "max(step.field [where condition])",
        summary: "The greatest value; missing where no event has one.",
    },
    AggregateFunction {
        name: "values",
        kind: AggregateKind::Values,
        signature: "values(step.field [where condition])",
        summary: "The different values, in the order in which they came up; at most a hundred.",
    },
];

/// The aggregate of this name.
pub fn find(name: &str) -> Option<&'static AggregateFunction> {
    AGGREGATES.iter().find(|aggregate| aggregate.name == name)
}

impl AggregateFunction {
    /// The type of the result, from the type of the argument; none where it does not take such values.
    pub fn result(&self, argument: Option<&Type>) -> Option<Type> {
        match (self.kind, argument) {
            (AggregateKind::Count | AggregateKind::Distinct, _) => Some(Type::Int),
            (AggregateKind::Sum, Some(ty @ (Type::Int | Type::Float | Type::Duration))) => {
                Some(ty.clone())
            }
            (
                AggregateKind::Min | AggregateKind::Max,
                Some(
                    ty @ (Type::Int
                    | Type::Float
                    | Type::String
                    | Type::Timestamp
                    | Type::Duration
                    | Type::Ip),
                ),
            ) => Some(ty.clone()),
            (AggregateKind::Values, Some(ty)) if !matches!(ty, Type::List(_) | Type::Missing) => {
                Some(Type::List(Box::new(ty.clone())))
            }
            _ => None,
        }
    }
}

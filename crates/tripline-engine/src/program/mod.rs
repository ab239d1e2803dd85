//! A checked rule set compiled for the engine: [`RuleSet`]. Schemas become lists of reader slots
//! and field programs, conditions on one event are shared between rules, and each step gets the
//! layout in which its events are kept.
//!
//! Called once when a set is loaded; everything here is immutable afterwards.

mod compile;
pub(crate) mod eval;
mod event;
mod fingerprint;
pub(crate) mod form;
pub(crate) mod node;
pub(crate) mod schema;
mod set;

use std::sync::Arc;

use chrono::NaiveDate;
use tripline_lang::checked::{ActionKind, Checked, Meta};

pub(crate) use self::eval::{Scope, holds};
pub(crate) use self::event::EventView;
pub(crate) use self::form::{AggregateProgram, RoleProgram, ShapeProgram, StepProgram};
pub(crate) use self::node::Node;
pub(crate) use self::schema::SchemaProgram;
use crate::record::Paths;

/// A rule set, compiled once: immutable, shareable between threads, cheap to clone.
#[derive(Clone)]
pub struct RuleSet {
    inner: Arc<Program>,
}

/// Which fields of an event are kept for a rule and shown in its detections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EventFields {
    /// Those that the rule, its `emit` and its exclusions read, and the event's `time` and `id`.
    #[default]
    Used,
    /// All that the schema declares.
    Declared,
}

/// What a face needs to know of a rule.
#[derive(Debug, Clone)]
pub struct RuleInfo {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub meta: Meta,
    /// The names of its steps, in order.
    pub steps: Vec<String>,
    /// The names of the parts of its key.
    pub keys: Vec<String>,
    /// The names it emits.
    pub emit: Vec<String>,
    /// Its exclusions, in order.
    pub exclusions: Vec<ExclusionInfo>,
}

/// What a face needs to know of an exclusion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExclusionInfo {
    /// Its name.
    pub name: String,
    /// Why it exists.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day (UTC) on which it applies.
    pub expires: Option<NaiveDate>,
}

/// The compiled set.
pub(crate) struct Program {
    pub(crate) paths: Paths,
    pub(crate) schemas: Vec<SchemaProgram>,
    pub(crate) rules: Vec<RuleProgram>,
    pub(crate) infos: Vec<RuleInfo>,
    pub(crate) filters: Vec<FilterProgram>,
    /// The reader's paths for records that are wrapped as text in another one.
    pub(crate) wrappers: Paths,
    /// The compiled lists.
    sets: Vec<Arc<set::Set>>,
}

/// One rule.
pub(crate) struct RuleProgram {
    pub(crate) shape: ShapeProgram,
    /// The window in nanoseconds; 0 where one event alone is bound.
    pub(crate) within: i64,
    /// How long after its time a final event can still gain or lose a match by what comes, in
    /// nanoseconds.
    pub(crate) hold: i64,
    /// How many of the steps events are bound to; those that must be absent come after them.
    pub(crate) bound: usize,
    pub(crate) steps: Vec<StepProgram>,
    pub(crate) aggregates: Vec<AggregateProgram>,
    pub(crate) emit: Vec<Node>,
    pub(crate) exclusions: Vec<(Node, Option<NaiveDate>)>,
    /// What the detection's id is derived from besides its events.
    pub(crate) identity: String,
    /// The same for every rule that keeps the same events for the same steps and keys.
    pub(crate) fingerprint: u128,
    /// Some step before the final one is `every`.
    pub(crate) any_every: bool,
    /// A sequence of steps of one event each, and nothing that must be absent.
    pub(crate) plain: bool,
    /// A final event gives a match only if the events before it gave none.
    pub(crate) afresh: bool,
}

impl RuleProgram {
    /// No key and one step.
    pub(crate) fn is_single(&self) -> bool {
        matches!(self.shape, ShapeProgram::Match)
    }
}

/// Which fields of a step's events are kept, and in what order.
pub(crate) struct Layout {
    /// Indexes of fields in the order packed: those that joins read come first.
    pub(crate) fields: Vec<usize>,
    /// For each field of the schema where its value is.
    pub(crate) places: Vec<Place>,
    /// Index of the field `time`, which is kept beside the packed fields.
    pub(crate) time: usize,
}

/// Where a field's value is kept.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Nowhere.
    None,
    /// At this position in the layout's `fields`.
    Packed(usize),
    /// It is this part of the key, which is kept once for all events that share it.
    Key(usize),
}

/// One filter.
pub(crate) struct FilterProgram {
    pub(crate) name: String,
    pub(crate) schema: usize,
    pub(crate) actions: Vec<(ActionKind, Node)>,
    /// A record that no line decides about is dropped: the filter only says what to keep.
    pub(crate) drops_rest: bool,
}

impl RuleSet {
    /// Compiles a checked set.
    pub fn compile(checked: &Checked, event_fields: EventFields) -> RuleSet {
        RuleSet {
            inner: Arc::new(compile::compile(
                checked,
                event_fields,
                compile::sets(checked),
            )),
        }
    }

    /// The same checked set, compiled with other event fields; its lists are shared. `checked` must be
    /// the set that this one was compiled from.
    pub fn with_event_fields(&self, checked: &Checked, event_fields: EventFields) -> RuleSet {
        let sets = self.inner.sets.clone();
        RuleSet {
            inner: Arc::new(compile::compile(checked, event_fields, sets)),
        }
    }

    /// The rules, in the order of the files.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.inner.infos
    }

    /// The names of the schemas, in the order of the files.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.inner.schemas.iter().map(|schema| schema.name.as_str())
    }

    /// The names of the filters, in the order of the files.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.inner.filters.iter().map(|filter| filter.name.as_str())
    }

    /// The name of a field by its index in the schema of a rule's step.
    pub fn field_name(&self, rule: usize, step: usize, field: usize) -> Option<&str> {
        let step = self.inner.rules.get(rule)?.steps.get(step)?;
        let field = self.inner.schemas.get(step.schema)?.fields.get(field)?;
        Some(&field.name)
    }

    pub(crate) fn program(&self) -> &Program {
        &self.inner
    }
}

//! A rule set that passed every check: names are indexes, types are known, constants are folded,
//! lists and tables are loaded. This is all that the engine sees of the language.
//!
//! INVARIANT: every index in here is in range and every expression has the type its place needs;
//! only `check` builds these types.

mod expr;
mod form;
mod table;
pub mod test;

use std::net::IpAddr;
use std::sync::Arc;

use chrono::NaiveDate;
use ipnetwork::IpNetwork;
use regex::Regex;

use crate::source::Span;
use crate::types::Type;

pub use form::{Choice, Extent, Form, Key, MOST_EVENTS, Pick, Role, Shape, Step};

pub use expr::{Aggregate, ArithmeticOp, CompareOp, Constant, Expr, ExprKind, TextOp};
pub use table::{Cell, Table};

/// A checked rule set.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Every schema, in the order of the files.
    pub schemas: Vec<Schema>,
    /// Every list that something uses.
    pub lists: Vec<Arc<List>>,
    /// Every rule with the exclusions that apply to it.
    pub rules: Vec<Rule>,
    /// Every filter.
    pub filters: Vec<Filter>,
    /// Every test; the engine ignores them.
    pub tests: Vec<test::Test>,
}

/// How raw records become events of one kind.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Whether a record is an event of this schema: a `bool` over paths and own fields.
    pub accept: Expr,
    /// The fields. A field's expression may read paths and fields declared before it.
    pub fields: Vec<Field>,
    /// Index of the field `time`, of type `timestamp`.
    pub time: usize,
    /// Index of the field `id`, if the schema has one.
    pub id: Option<usize>,
}

/// One field of a schema.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its declared type.
    pub ty: Type,
    /// Its value, already converted to `ty`.
    pub value: Expr,
}

/// A loaded list.
#[derive(Debug, Clone)]
pub struct List {
    /// Its name; a list literal has a made-up one.
    pub name: String,
    /// It is written where it is used, not declared under a name.
    pub literal: bool,
    /// Its entries.
    pub entries: Entries,
}

/// The entries of a list, by type.
#[derive(Debug, Clone)]
pub enum Entries {
    /// Texts; with `nocase` they are already in lower case.
    Text {
        /// The entries.
        values: Vec<Box<str>>,
        /// Compared without case.
        nocase: bool,
    },
    /// Whole numbers.
    Int(Vec<i64>),
    /// Floating-point numbers.
    Float(Vec<f64>),
    /// Addresses.
    Ip(Vec<IpAddr>),
    /// Address ranges.
    Cidr(Vec<IpNetwork>),
    /// Patterns: a text is in the list when one of them matches it.
    Regex(Vec<Arc<Regex>>),
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub meta: Meta,
    /// What it looks for.
    pub form: Form,
    /// The aggregates that its expressions read, by the index in [`ExprKind::Aggregate`].
    pub aggregates: Vec<Aggregate>,
    /// What a detection carries besides its events.
    pub emit: Vec<Emit>,
    /// The exclusions that apply to it, in the order of the files.
    pub exclusions: Vec<Exclusion>,
    /// Where it is declared.
    pub span: Span,
}

/// A rule's description of itself. Absent texts are empty.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    /// Stable id; the rule's name where none is given.
    pub id: String,
    /// One line for a person; the rule's name where none is given.
    pub title: String,
    /// A longer text.
    pub description: String,
    /// `informational`, `low`, `medium`, `high` or `critical`; `medium` where none is given.
    pub severity: String,
    /// ATT&CK tactics.
    pub tactics: Vec<String>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// Version of the rule.
    pub version: String,
    /// Who wrote it.
    pub author: String,
    /// Where more can be read.
    pub references: Vec<String>,
    /// Free words.
    pub tags: Vec<String>,
}

/// A named value of a detection.
#[derive(Debug, Clone)]
pub struct Emit {
    /// Its name.
    pub name: String,
    /// Its value, over all steps and the key.
    pub value: Expr,
}

/// A reason not to report a match.
#[derive(Debug, Clone)]
pub struct Exclusion {
    /// Its name.
    pub name: String,
    /// A `bool` over all steps and the key.
    pub when: Expr,
    /// Why it exists.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day (UTC) on which it applies.
    pub expires: Option<NaiveDate>,
    /// Where it is declared.
    pub span: Span,
}

/// Routing of single records.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Its name.
    pub name: String,
    /// Index of the schema it looks at.
    pub schema: usize,
    /// What it does, in the order written.
    pub actions: Vec<Action>,
}

/// One line of a filter.
#[derive(Debug, Clone)]
pub struct Action {
    /// What happens to the record.
    pub kind: ActionKind,
    /// A `bool` over the record's event (step 0).
    pub when: Expr,
}

/// What a filter does with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// It is dropped.
    Drop,
    /// It is kept.
    Keep,
    /// It gains a tag.
    Tag(String),
}

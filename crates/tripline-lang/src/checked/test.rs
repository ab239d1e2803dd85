//! A checked test of rules: what arrives, and what is expected. The engine ignores tests; who runs them
//! pushes what arrives into an engine of its own and compares what that gives.

use chrono::NaiveDate;

use crate::source::Span;
use crate::types::Type;
use crate::value::Value;

/// `test "name" for RULE { … }`
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name; unique for each of its rules.
    pub name: String,
    /// Indexes of the rules it is for.
    pub rules: Vec<usize>,
    /// What arrives, in this order.
    pub arrivals: Vec<Arrival>,
    /// What is expected; at least one thing.
    pub expectations: Vec<Expectation>,
    /// How late an event may be, in nanoseconds, if the test says so.
    pub lateness: Option<i64>,
    /// Detections are given as soon as what was seen satisfies the rule.
    pub early: bool,
    /// The day by which exclusions expire, if the test says so.
    pub today: Option<NaiveDate>,
    /// Where its name is.
    pub span: Span,
}

/// What arrives at one place of a test.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// One event.
    Event(Event),
    /// Raw records.
    Records(Records),
}

/// An event that is not read from a record.
#[derive(Debug, Clone)]
pub struct Event {
    /// Index of its schema.
    pub schema: usize,
    /// When it happened, nanoseconds since 1970.
    pub time: i64,
    /// The fields it is given, by index, each as its declared type; `time` is not among them.
    pub fields: Vec<(usize, Value<'static>)>,
    /// Where it is written.
    pub span: Span,
}

/// A file of raw records.
#[derive(Debug, Clone)]
pub struct Records {
    /// Its path, relative to the rule file.
    pub path: String,
    /// Where that is written.
    pub span: Span,
}

/// How many detections or suppressed matches there must be.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// So many.
    pub count: usize,
    /// That many or more.
    pub at_least: bool,
    /// Suppressed matches are counted, not detections.
    pub excluded: bool,
    /// What is counted of each rule that it is about; at least one.
    pub of: Vec<Counted>,
    /// Where it is written.
    pub span: Span,
}

/// Which detections or suppressed matches of one rule are counted.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Index of the rule.
    pub rule: usize,
    /// Names of the exclusions that must all hold.
    pub by: Vec<String>,
    /// Values that it must have.
    pub values: Vec<Wanted>,
}

/// A value that a detection must have.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// How it is written: `user` or `login.ip`.
    pub name: String,
    /// What it is the value of.
    pub place: Place,
    /// The type in which it is compared.
    pub ty: Type,
    /// The value.
    pub value: Value<'static>,
    /// Where it is written.
    pub span: Span,
}

/// Where a detection has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Among what it emits, by index.
    Emitted(usize),
    /// A part of the key, by index.
    Key(usize),
    /// A field of the event of a step, both by index.
    Field {
        /// Which step.
        step: usize,
        /// Which field of its schema.
        field: usize,
    },
}

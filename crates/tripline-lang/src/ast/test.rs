//! Tests of rules as they were written: events or records in their order of arrival, and what is
//! expected of the rules that the test is for. Made by `parse::tests_of_rules`, read by `check`.

use super::{Expr, Name, Quoted};
use crate::source::Span;

/// `test "name" for RULE[, RULE…] { lines }`
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What it is called.
    pub name: Quoted,
    /// The rules it is for.
    pub rules: Vec<Name>,
    /// Its lines in the order written.
    pub lines: Vec<TestLine>,
    /// The whole declaration.
    pub span: Span,
}

/// One line of a test.
#[derive(Debug, Clone, PartialEq)]
pub enum TestLine {
    /// `signin at 10:00 { … }`
    Event(TestEvent),
    /// `records "path"`
    Records(Records),
    /// `expect 1 detection { … }`
    Expect(Expectation),
    /// `lateness 1h`, `emission early`, `today 2027-06-30`
    Setting(Setting),
}

/// `SCHEMA at MOMENT { field = value … }`
#[derive(Debug, Clone, PartialEq)]
pub struct TestEvent {
    /// The schema of the event.
    pub schema: Name,
    /// When it happened.
    pub at: Moment,
    /// The fields that it is given.
    pub fields: Vec<Given>,
    /// The whole event.
    pub span: Span,
}

/// `10:00:00` or `2026-03-02T10:00:00Z`, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// `name = value`, or `step.field = value` in an expectation.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The name before the dot, or the only one.
    pub name: Name,
    /// The name after the dot.
    pub member: Option<Name>,
    /// The value.
    pub value: GivenValue,
}

/// A value that is given or expected.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenValue {
    /// An expression without a name in it, but for those of constants.
    Expr(Expr),
    /// JSON as it is written: an object, or an array with an object in it.
    Json(Quoted),
}

/// `records "path"`
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// The file with the records.
    pub path: Quoted,
    /// The whole line.
    pub span: Span,
}

/// `expect COUNT detections|excluded [of RULE] [by "name", …] [{ name = value … }]`. What stands as
/// `detections excluded by` is two of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// How many.
    pub count: Count,
    /// Suppressed matches are counted and not detections.
    pub excluded: bool,
    /// The rule that it is about, if not all of the test's.
    pub of: Option<Name>,
    /// The exclusions that suppress.
    pub by: Vec<Quoted>,
    /// The values that are counted, if braces stand there.
    pub values: Vec<Given>,
    /// The whole expectation.
    pub span: Span,
}

/// How many are expected, the number kept as written so that the checker can say it is too large.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// `no`
    None,
    /// `3`
    Exactly(String, Span),
    /// `at least 3`
    AtLeast(String, Span),
}

/// A word and a value that say how the test runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// `lateness 1h`
    Lateness(Expr),
    /// `emission early`
    Emission(Name),
    /// `today 2027-06-30`, as written.
    Today(Moment),
}

impl Setting {
    /// The word it is written with.
    pub fn word(&self) -> &'static str {
        match self {
            Setting::Lateness(_) => "lateness",
            Setting::Emission(_) => "emission",
            Setting::Today(_) => "today",
        }
    }

    /// Where its value stands.
    pub fn span(&self) -> Span {
        match self {
            Setting::Lateness(value) => value.span,
            Setting::Emission(value) => value.span,
            Setting::Today(value) => value.span,
        }
    }
}

//! The table of functions: one entry each with its name, types, documentation and evaluator. The
//! checker types calls by it, the engine evaluates by it, and `docs/language.md` is tested
//! against it. A function is added by one entry in the file of its group.
//!
//! Missing in, missing out, unless an entry says otherwise. An evaluator gets arguments of the
//! types that its entry declares (or missing) and never panics on others.

pub mod aggregates;
mod lists;
mod logs;
mod network;
mod presence;
mod tables;
mod text;
mod time;

use std::fmt;

use crate::types::Type;
use crate::value::Value;

/// One function of the language.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it takes, in order.
    pub params: &'static [Param],
    /// What it gives.
    pub returns: Returns,
    /// One or two sentences for the manual.
    pub summary: &'static str,
    /// Expressions and what they give, both as they are written; run as tests.
    pub examples: &'static [(&'static str, &'static str)],
    /// How it is computed.
    pub eval: Eval,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One parameter.
#[derive(Debug)]
pub struct Param {
    /// Its name in the manual and in diagnostics.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
    /// It may be left out.
    pub optional: bool,
    /// It may be given any number of times (only the last parameter).
    pub repeats: bool,
    /// An empty text that is written for it is meant, and not missing as elsewhere.
    pub takes_empty: bool,
}

/// What a parameter accepts.
#[derive(Debug)]
pub enum Accepts {
    /// A value of this type; a `json` value is converted to it.
    Type(Type),
    /// Any value; several such parameters of one call have one type.
    Any,
    /// A list of anything (a `json` value is read as a list).
    AnyList,
    /// A text or a list of anything.
    TextOrList,
    /// A number (a position) or a text (a name), known before the first event.
    IntOrText,
    /// The name of a table.
    Table,
    /// A `x => …` over the elements of the first argument, giving this type or anything.
    Lambda(Option<Type>),
}

/// What a call gives.
#[derive(Debug)]
pub enum Returns {
    /// Always this type.
    Type(Type),
    /// A list of this type.
    ListOf(Type),
    /// The type of the argument with this index.
    Argument(usize),
    /// The element type of the argument with this index.
    Element(usize),
    /// A list of what the lambda with this index gives.
    ListOfLambda(usize),
    /// A row of the table that the first argument names.
    Row,
}

/// How a function is computed.
pub enum Eval {
    /// From the values of its arguments.
    Values(for<'a> fn(&[Value<'a>]) -> Value<'a>),
    /// From the elements of its first argument and the lambda that is its second.
    #[allow(
        clippy::type_complexity,
        reason = "one place, and a name would hide the shape"
    )]
    Elements(for<'a> fn(Vec<Value<'a>>, &mut dyn FnMut(&Value<'a>) -> Value<'a>) -> Value<'a>),
}

/// The groups of the table, each with its heading in the manual.
pub const GROUPS: &[(&str, &[Function])] = &[
    ("Text", text::FUNCTIONS),
    ("Presence", presence::FUNCTIONS),
    ("Addresses and places", network::FUNCTIONS),
    ("Time", time::FUNCTIONS),
    ("Records", logs::FUNCTIONS),
    ("Lists", lists::FUNCTIONS),
    ("Tables", tables::FUNCTIONS),
];

/// Every function of the language.
pub fn all() -> impl Iterator<Item = &'static Function> {
    GROUPS.iter().flat_map(|(_, functions)| functions.iter())
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// A parameter that must be given, once.
const fn param(name: &'static str, accepts: Accepts) -> Param {
    Param {
        name,
        accepts,
        optional: false,
        repeats: false,
        takes_empty: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_every_entry_is_documented() {
        let mut names: Vec<_> = all().map(|function| function.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().count());
        for function in all() {
            assert!(
                function.summary.ends_with('.'),
                "{} has a summary",
                function.name
            );
            assert!(
                !function.examples.is_empty(),
                "{} has an example",
                function.name
            );
        }
    }

    #[test]
    fn no_evaluator_panics_on_arguments_of_other_types_or_none() {
        let values = [
            Value::Missing,
            Value::Int(-1),
            Value::Text("a@b".into()),
            Value::Bool(true),
        ];
        for function in all() {
            if let Eval::Values(eval) = function.eval {
                let _ = eval(&[]);
                for value in &values {
                    for count in 1..5 {
                        let _ = eval(&vec![value.clone(); count]);
                    }
                }
            }
        }
    }
}

//! The stateless part of a rule set as a program for another one: filters, rules of one event and their
//! exclusions as VRL, for the `remap` transform of Vector.
//!
//! What is exported says exactly what the engine says of an event as Vector holds it; the tests run both
//! beside each other. What VRL cannot say exactly is refused by name ([`Refused`]), and what needs several
//! events is left out and named ([`LeftOut`]). This crate knows the language alone: neither the engine
//! nor VRL is part of it outside of its tests.

mod call;
mod condition;
mod convert;
mod expr;
mod lists;
mod literal;
mod program;
mod refuse;
mod writer;
mod yaml;

use tripline_lang::checked::Checked;

pub use refuse::{LeftOut, Refused};

/// What is not to be exported.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names of rules and filters that are left to the relay.
    pub leave: Vec<String>,
}

/// A rule set's stateless part.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The program, in VRL.
    pub program: String,
    /// A configuration of Vector with the program in it, in YAML; `inputs` is to be filled in.
    pub config: String,
    /// Names of the exported rules.
    pub rules: Vec<String>,
    /// Names of the exported filters.
    pub filters: Vec<String>,
    /// The rules that need the relay.
    pub left_out: Vec<LeftOut>,
}

/// Writes the stateless part of a rule set for Vector.
///
/// # Errors
/// With every place that VRL cannot say exactly.
pub fn vector(checked: &Checked, options: &Options) -> Result<Exported, Vec<Refused>> {
    let wanted = |name: &str| !options.leave.iter().any(|left| left == name);
    let left_out: Vec<LeftOut> = checked
        .rules
        .iter()
        .filter(|rule| wanted(&rule.name))
        .filter_map(LeftOut::of)
        .collect();
    let stateless = checked.rules.iter().filter(|rule| wanted(&rule.name));
    let mut program = program::Program {
        checked,
        rules: stateless
            .filter(|rule| LeftOut::of(rule).is_none())
            .collect(),
        filters: checked
            .filters
            .iter()
            .filter(|filter| wanted(&filter.name))
            .collect(),
        refused: Vec::new(),
    };
    let text = program.write();
    if !program.refused.is_empty() {
        let mut refused = program.refused;
        refused.sort_by_key(|refused| refused.span);
        refused.dedup();
        return Err(refused);
    }
    let rules = program.rules.iter().map(|rule| rule.name.clone()).collect();
    let filters = program.filters.iter().map(|f| f.name.clone()).collect();
    let mut exported = Exported {
        program: text,
        config: String::new(),
        rules,
        filters,
        left_out,
    };
    exported.config = yaml::config(&exported, &options.leave);
    Ok(exported)
}

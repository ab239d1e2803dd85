//! Where the grammar sees what in a text without errors: where statements begin, and what a mark
//! is where it could be several things. For the formatter, which works on tokens.

use std::collections::HashMap;

use pest::Parser;

use super::grammar::{Grammar, Rule};
use super::lexical::{self, Brackets};

/// What begins at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statement {
    /// `list …`
    List,
    /// `table …`
    Table,
    /// `let …`
    Let,
    /// Every other declaration.
    Declaration,
    /// A field of a schema.
    Field,
    /// An entry of `meta` or `emit`.
    Entry,
    /// A clause of an exclusion.
    Clause,
    /// An event of a test.
    Event,
    /// A section, a step, `accept`, `on`, an action, another line of a test.
    Other,
}

/// What a token is, where its text alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The `.` that begins a path.
    Path,
    /// The name of a function that is called.
    CallName,
    /// A `[` that reads from the value before it.
    Index,
    /// A `[` that begins a list.
    List,
    /// A `-` before its operand.
    Minus,
    /// A regex.
    Regex,
    /// `or`
    Or,
    /// `and`
    And,
    /// `??`
    Coalesce,
    /// A `{` whose content may stand on its line.
    OpenGiven,
    /// The `}` of one.
    CloseGiven,
    /// A name that begins what such braces hold.
    Given,
}

/// What the grammar sees, by the offset of the first byte.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) statements: HashMap<usize, Statement>,
    pub(crate) roles: HashMap<usize, Role>,
    /// JSON values, which are one thing: where each ends.
    pub(crate) json: HashMap<usize, usize>,
}

/// The shape of a text that `parse` has no error for.
pub(crate) fn shape(text: &str) -> Shape {
    let mut shape = Shape::default();
    let tokens = lexical::tokens(text);
    let brackets = Brackets::of(text, &tokens, super::MAX_NESTING);
    let mut cuts = super::piece_starts(text, &tokens, &brackets);
    cuts.push(text.len());
    for (start, end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let Some(part) = text.get(*start..*end) else {
            continue;
        };
        let Ok(pairs) = Grammar::parse(Rule::piece, part) else {
            continue;
        };
        for pair in pairs.flatten() {
            let (at, end) = (start + pair.as_span().start(), start + pair.as_span().end());
            match pair.as_rule() {
                Rule::json_object | Rule::json_array => {
                    // Those within come later and say nothing.
                    shape.json.insert(at, end);
                }
                Rule::given_block => {
                    shape.roles.insert(at, Role::OpenGiven);
                    shape.roles.insert(end.saturating_sub(1), Role::CloseGiven);
                }
                _ => {}
            }
            if let Some(statement) = statement(pair.as_rule()) {
                shape.statements.entry(at).or_insert(statement);
            } else if let Some(role) = role(pair.as_rule()) {
                shape.roles.entry(at).or_insert(role);
            }
        }
    }
    shape
}

fn statement(rule: Rule) -> Option<Statement> {
    Some(match rule {
        Rule::list => Statement::List,
        Rule::table => Statement::Table,
        Rule::constant => Statement::Let,
        Rule::schema | Rule::rule_block | Rule::filter | Rule::test => Statement::Declaration,
        Rule::field => Statement::Field,
        Rule::meta_entry | Rule::emit_entry => Statement::Entry,
        Rule::clause => Statement::Clause,
        Rule::test_event => Statement::Event,
        Rule::exclude
        | Rule::accept
        | Rule::meta
        | Rule::match_form
        | Rule::sequence
        | Rule::together
        | Rule::count_form
        | Rule::having
        | Rule::absence
        | Rule::choice
        | Rule::emit
        | Rule::step
        | Rule::on
        | Rule::action
        | Rule::records
        | Rule::expectation
        | Rule::lateness
        | Rule::emission
        | Rule::today => Statement::Other,
        _ => return None,
    })
}

fn role(rule: Rule) -> Option<Role> {
    Some(match rule {
        Rule::path => Role::Path,
        Rule::call_name => Role::CallName,
        Rule::index | Rule::each => Role::Index,
        Rule::list_literal | Rule::meta_list => Role::List,
        Rule::op_minus => Role::Minus,
        Rule::regex => Role::Regex,
        Rule::op_or => Role::Or,
        Rule::op_and => Role::And,
        Rule::coalesce => Role::Coalesce,
        Rule::given_name => Role::Given,
        _ => return None,
    })
}

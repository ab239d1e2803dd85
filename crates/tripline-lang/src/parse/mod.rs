//! From the text of a rule file to its tree, with every syntax error of the file.
//!
//! A file is cut into pieces where a line begins with a declaration; each piece goes through the
//! grammar (`grammar.pest`) alone. Where that fails, `repair` looks for the change that mends it,
//! so that the error can name the fix and the rest of the piece is still read.
//!
//! INVARIANT: no input overflows the stack or takes more than linear time: brackets and operator
//! chains are limited before anything recurses, and attempts to repair have a budget.

mod clauses;
mod compare;
mod declarations;
mod delimiters;
mod draft;
mod errors;
mod expected;
mod expression;
mod foreign;
mod forms;
pub(crate) mod json;
pub(crate) mod lexical;
mod literals;
mod piece;
mod remedies;
mod repair;
pub(crate) mod shape;
mod spelling;
mod tests_of_rules;
mod word_operators;

#[cfg(test)]
pub(crate) mod tests;

pub use compare::ast_eq;

use crate::ast::File;
use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use lexical::{Brackets, Kind, Token};

/// The deepest that brackets may nest.
pub const MAX_NESTING: usize = 40;

/// The deepest that an expression's tree may be. Chains of `and`, `or` and `??` are one level
/// whatever their length; every other operator, call and member adds one.
pub const MAX_DEPTH: u32 = 100;

/// The grammar and its rules.
mod grammar {
    #![allow(missing_docs)]

    /// The parser that `grammar.pest` describes.
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar.pest"]
    pub(super) struct Grammar;
}

/// The words that begin a declaration, those of later versions included.
const DECLARATIONS: &[&str] = &[
    "schema", "list", "table", "let", "rule", "exclude", "filter", "test",
];

/// Reads a rule file. The tree holds every declaration that could be read, those with a known fix
/// as if it had been applied (their errors are among the diagnostics all the same).
pub fn parse(file: FileId, text: &str) -> (File, Vec<Diagnostic>) {
    let tokens = lexical::tokens(text);
    let brackets = Brackets::of(text, &tokens, MAX_NESTING);
    let mut budget = draft::Budget::of(text);
    let mut items = Vec::new();
    let mut diagnostics = Vec::new();
    let mut cuts = piece_starts(text, &tokens, &brackets);
    cuts.push(text.len());
    for (start, end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let Some(part) = text.get(*start..*end) else {
            continue;
        };
        let (mut read, mut problems) = piece::read(file, *start, part, &mut budget);
        items.append(&mut read);
        diagnostics.append(&mut problems);
    }
    (File { id: file, items }, diagnostics)
}

/// Where the pieces of a file begin: at its start, and at each line that begins, in its first
/// column and outside of every closed pair of brackets, with a declaration's word and a name.
fn piece_starts(text: &str, tokens: &[Token], brackets: &Brackets) -> Vec<usize> {
    let mut starts = vec![0];
    let code = tokens
        .iter()
        .zip(&brackets.enclosing)
        .filter(|(token, _)| !token.is_comment());
    let next = code.clone().skip(1).map(|(token, _)| token);
    for ((token, enclosing), next) in code.zip(next) {
        let in_column_one = token.start > 0 && text.as_bytes().get(token.start - 1) == Some(&b'\n');
        if in_column_one
            && *enclosing == 0
            && DECLARATIONS.contains(&token.text(text))
            && matches!(next.kind, Kind::Word | Kind::Text | Kind::OpenText)
        {
            starts.push(token.start);
        }
    }
    starts
}

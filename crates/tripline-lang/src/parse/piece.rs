//! One piece of a file, usually one declaration: read, and mended and read again until it reads
//! or nothing helps. Every round reports one error.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use super::declarations::Reader;
use super::grammar::{Grammar, Rule};
use super::lexical::{self, Brackets};
use super::draft::{Budget, Draft};
use super::{MAX_NESTING, clauses, errors, repair};
use crate::ast::Item;
use crate::diagnostic::Diagnostic;
use crate::source::FileId;

/// The most errors reported of one piece; more would be noise.
const MAX_ROUNDS: usize = 20;

/// Where the grammar stopped, and what it would have taken there.
pub(super) struct Failure {
    pub(super) at: usize,
    pub(super) expected: Vec<Rule>,
}

/// Reads the declarations of one piece that begins at offset `base` of its file.
pub(super) fn read(file: FileId, base: usize, text: &str, budget: &mut Budget) -> (Vec<Item>, Vec<Diagnostic>) {
    let mut draft = Draft::new(file, base, text);
    let mut diagnostics = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let tokens = lexical::tokens(draft.text());
        let brackets = Brackets::of(draft.text(), &tokens, MAX_NESTING);
        if let Some(opening) = brackets.too_deep.and_then(|index| tokens.get(index)) {
            diagnostics.push(errors::too_deep(draft.place().span(opening.start, opening.end)));
            return (Vec::new(), diagnostics);
        }
        match Grammar::parse(Rule::piece, draft.text()) {
            Ok(pairs) => {
                if let Some((problem, edit)) = clauses::misread(&draft, &tokens, &pairs, budget) {
                    diagnostics.push(problem);
                    draft.apply(&edit);
                    continue;
                }
                let reader = Reader::new(draft.place());
                let items: Vec<Item> = pairs.filter_map(|pair| reader.item(pair)).collect();
                diagnostics.extend(reader.into_problems());
                return (items, diagnostics);
            }
            Err(error) => {
                let failure = failure(&error);
                let (problem, edit) = repair::mend(&draft, &tokens, &brackets, &failure, budget);
                diagnostics.push(problem);
                match edit {
                    Some(edit) => draft.apply(&edit),
                    None => break,
                }
            }
        }
    }
    (Vec::new(), diagnostics)
}

/// Where the grammar stops in a text, or `None` where it does not.
pub(super) fn stops_at(text: &str) -> Option<usize> {
    Grammar::parse(Rule::piece, text).err().map(|error| failure(&error).at)
}

fn failure(error: &pest::error::Error<Rule>) -> Failure {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    Failure { at, expected }
}

//! One piece of a file, usually one declaration: read, and mended and read again until it reads
//! or nothing helps. Every round reports one error.

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};

use super::declarations::Reader;
use super::draft::{Budget, Draft, Place, Trial};
use super::grammar::{Grammar, Rule};
use super::lexical::{self, Brackets};
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
    /// Nothing but white space is before it on its line.
    pub(super) begins_line: bool,
}

/// Reads the declarations of one piece that begins at offset `base` of its file.
pub(super) fn read(
    file: FileId,
    base: usize,
    text: &str,
    budget: &mut Budget,
) -> (Vec<Item>, Vec<Diagnostic>) {
    let mut draft = Draft::new(file, base, text);
    let mut diagnostics = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let tokens = lexical::tokens(draft.text());
        let brackets = Brackets::of(draft.text(), &tokens, MAX_NESTING);
        if let Some(opening) = brackets.too_deep.and_then(|index| tokens.get(index)) {
            diagnostics.push(errors::too_deep(
                draft.place().span(opening.start, opening.end),
            ));
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
                let failure = failure(&error, draft.text());
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

/// How a text reads, without keeping what it says.
pub(super) fn try_reading(text: &str) -> Trial {
    match Grammar::parse(Rule::piece, text) {
        Err(error) => Trial::StopsAt(offset(&error)),
        Ok(pairs) => {
            let place = Place::start();
            let reader = Reader::new(&place);
            pairs.for_each(|pair| drop(reader.item(pair)));
            if reader.into_problems().is_empty() {
                Trial::Reads
            } else {
                Trial::Doubtful
            }
        }
    }
}

fn offset(error: &pest::error::Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

fn failure(error: &pest::error::Error<Rule>, text: &str) -> Failure {
    let at = offset(error);
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let before = text.get(..at).unwrap_or_default();
    let begins_line =
        before.trim_end_matches([' ', '\t']).ends_with('\n') || before.trim().is_empty();
    Failure {
        at,
        expected,
        begins_line,
    }
}

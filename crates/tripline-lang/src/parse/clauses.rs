//! Words that the grammar takes for the clause of an exclusion, and that were meant otherwise:
//! `when user n service_accounts` reads as the clauses `when user` and `n service_accounts`. Any
//! word may begin a clause, so that the checker can name the right one; but where a misspelt
//! operator fits better, this says so.

use pest::iterators::{Pair, Pairs};

use super::draft::{Budget, Draft, Edit, Trial};
use super::errors;
use super::grammar::Rule;
use super::lexical::{Kind, Token};
use super::spelling;
use crate::diagnostic::Diagnostic;

/// The clauses that exclusions have.
const CLAUSES: &[&str] = &["when", "reason", "owner", "expires"];

/// The operators that are words.
const OPERATORS: &[&str] = &[
    "in",
    "or",
    "and",
    "not",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "has",
];

/// The first clause whose word is rather an operator, if the piece reads with that operator.
pub(super) fn misread(
    draft: &Draft,
    tokens: &[Token],
    pairs: &Pairs<'_, Rule>,
    budget: &mut Budget,
) -> Option<(Diagnostic, Edit)> {
    let excludes = pairs.clone().flat_map(|pair| match pair.as_rule() {
        Rule::exclude => vec![pair],
        Rule::rule_block => pair
            .into_inner()
            .filter(|inner| inner.as_rule() == Rule::exclude)
            .collect(),
        _ => Vec::new(),
    });
    let words = excludes
        .flat_map(Pair::into_inner)
        .filter(|pair| pair.as_rule() == Rule::clause)
        .filter_map(|clause| {
            let word = clause.into_inner().next()?;
            (word.as_rule() == Rule::name && !CLAUSES.contains(&word.as_str())).then_some(word)
        });
    for word in words {
        let span = word.as_span();
        let clause = spelling::nearest(word.as_str(), CLAUSES.iter().copied())
            .first()
            .map_or(usize::MAX, |(distance, _)| *distance);
        for (distance, right) in spelling::nearest(word.as_str(), OPERATORS.iter().copied()) {
            // `not` alone joins nothing; it is meant before `in`.
            if distance >= clause
                || (right == "not" && !followed_by_in(draft.text(), tokens, span.end()))
            {
                continue;
            }
            let edit = Edit::replace(span.start(), span.end(), right);
            if draft.try_out(&edit, budget)? == Trial::Reads {
                let at = draft.place().span(span.start(), span.end());
                return Some((errors::misread_clause(word.as_str(), at, right), edit));
            }
        }
    }
    None
}

fn followed_by_in(text: &str, tokens: &[Token], at: usize) -> bool {
    let next = tokens
        .iter()
        .find(|token| token.start >= at && !token.is_comment());
    next.is_some_and(|token| token.kind == Kind::Word && token.text(text) == "in")
}

//! A slip where a name is declared shows at each of its uses. Where several uses of one unknown
//! name are all near one declared name that nothing uses, the declaration is what is wrong: one
//! error says so in place of many. The checker notes uses as it goes and asks here at the end.

use std::collections::{BTreeMap, HashSet};

use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::Checker;

/// The fewest uses that outweigh a declaration.
const FEWEST_USES: usize = 2;

/// Uses of names, known and unknown.
#[derive(Default)]
pub(super) struct Uses {
    /// Where names are declared that something uses.
    pub(super) used: HashSet<Span>,
    /// The uses of names that are not declared.
    unknown: Vec<Unknown>,
}

/// A use of a name that is near a declared one.
struct Unknown {
    code: &'static str,
    /// What the name names.
    what: &'static str,
    name: String,
    span: Span,
    /// The nearest declared name and its place.
    declared: String,
    declared_span: Span,
}

impl Checker<'_> {
    /// Notes that an unknown name was reported with `code`, if exactly one of the declared names,
    /// each with its place, is nearest.
    pub(super) fn note_unknown<'n>(
        &mut self,
        code: &'static str,
        what: &'static str,
        (name, span): (&str, Span),
        declared: impl Iterator<Item = (&'n str, Span)> + Clone,
    ) {
        let near = crate::nearest::nearest(name, declared.clone().map(|(name, _)| name));
        let [near] = near.as_slice() else { return };
        let Some((declared, declared_span)) = declared.into_iter().find(|(name, _)| name == near)
        else {
            return;
        };
        self.uses.unknown.push(Unknown {
            code,
            what,
            name: name.to_owned(),
            span,
            declared: declared.to_owned(),
            declared_span,
        });
    }

    /// Puts one error at a misspelt declaration in place of those at its uses.
    pub(super) fn blame_declarations(&mut self) {
        let mut by_declaration: BTreeMap<Span, Vec<Unknown>> = BTreeMap::new();
        for unknown in std::mem::take(&mut self.uses.unknown) {
            let uses = by_declaration.entry(unknown.declared_span).or_default();
            // An expression may be checked twice, as those of an exclusion are for each rule.
            if !uses.iter().any(|known| known.span == unknown.span) {
                uses.push(unknown);
            }
        }
        for (declaration, uses) in by_declaration {
            let Some(first) = uses.first() else { continue };
            let agreed = uses.iter().all(|other| other.name == first.name);
            if !agreed || uses.len() < FEWEST_USES || self.uses.used.contains(&declaration) {
                continue;
            }
            self.problems.retain(|problem| {
                let at = problem.at.as_ref().map(|(span, _)| *span);
                problem.code != first.code || !uses.iter().any(|other| at == Some(other.span))
            });
            let message = format!(
                "the {} is declared as `{}` but used as `{}` {} times",
                first.what,
                first.declared,
                first.name,
                uses.len()
            );
            let problem = Diagnostic::new(first.code, declaration, message)
                .also(first.span, "the first use")
                .help(format!("did you mean `{}`?", first.name));
            self.problems.push(problem);
        }
    }
}

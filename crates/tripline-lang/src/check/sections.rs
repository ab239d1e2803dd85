//! The sections of a rule, each found once.

use crate::ast::{self, Section};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::Checker;

/// The sections of a rule as written.
#[derive(Default)]
pub(super) struct Sections<'r> {
    pub(super) meta: Option<&'r [ast::MetaEntry]>,
    pub(super) form: Option<&'r ast::Form>,
    pub(super) emit: Option<&'r [ast::EmitEntry]>,
    pub(super) exclusions: Vec<&'r ast::Exclude>,
}

impl Checker<'_> {
    /// Sorts the sections of a rule; doubled and missing ones are reported.
    pub(super) fn sections<'r>(&mut self, rule: &'r ast::Rule) -> Sections<'r> {
        let mut sections = Sections::default();
        let (mut meta, mut form, mut emit) = (None, None, None);
        for section in &rule.sections {
            match section {
                Section::Meta { entries, span } => {
                    if self.once("meta", *span, &mut meta) {
                        sections.meta = Some(entries);
                    }
                }
                Section::Emit { entries, span } => {
                    if self.once("emit", *span, &mut emit) {
                        sections.emit = Some(entries);
                    }
                }
                Section::Form(found) => {
                    if self.only_form(rule, found.span, &mut form) {
                        sections.form = Some(found);
                    }
                }
                Section::Exclude(exclude) => sections.exclusions.push(exclude),
            }
        }
        if sections.form.is_none() && !self.is_damaged(rule.span) {
            let problem = Diagnostic::new(
                "E0501",
                rule.name.span,
                format!(
                    "the rule `{}` does not say what it looks for",
                    rule.name.text
                ),
            )
            .help("add `match { e = schema where … }`, or a `sequence`, `together` or `count`: `sequence by key within 10m { … }`");
            self.report(problem);
        }
        sections
    }

    fn once(&mut self, word: &str, span: Span, first: &mut Option<Span>) -> bool {
        let Some(first) = *first else {
            *first = Some(span);
            return true;
        };
        let problem = Diagnostic::new(
            "E0504",
            head(span),
            format!("this rule has a second `{word}`"),
        )
        .also(head(first), "the first one")
        .help("put all of it into one");
        self.report(problem);
        false
    }

    fn only_form(&mut self, rule: &ast::Rule, span: Span, first: &mut Option<Span>) -> bool {
        let Some(first) = *first else {
            *first = Some(span);
            return true;
        };
        let problem = Diagnostic::new(
            "E0501",
            head(span),
            format!("the rule `{}` looks for two things", rule.name.text),
        )
        .also(head(first), "the first one")
        .help("a rule has one `match`, `sequence`, `together` or `count`: write a second rule");
        self.report(problem);
        false
    }
}

/// The start of a long place, which is enough to point to it.
fn head(span: Span) -> Span {
    Span {
        end: span.end.min(span.start + 5),
        ..span
    }
}

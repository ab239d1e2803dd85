//! Filters: one schema, and what is dropped, kept or tagged when.

use crate::ast;
use crate::checked::{Action, ActionKind, Filter};
use crate::diagnostic::Diagnostic;

use super::scope::{Events, Own, Place, Scope};
use super::{Checker, did_you_mean};

const ACTIONS: [&str; 3] = ["drop", "keep", "tag"];

impl Checker<'_> {
    /// Checks every filter, in the order of the files.
    pub(super) fn all_filters(&mut self, files: &[ast::File]) -> Vec<Filter> {
        let mut checked = Vec::new();
        for item in files.iter().flat_map(|file| &file.items) {
            if let ast::Item::Filter(filter) = item {
                checked.extend(self.filter(filter));
            }
        }
        checked
    }

    fn filter(&mut self, filter: &ast::Filter) -> Option<Filter> {
        let schema = match filter.on.as_slice() {
            [] if self.is_damaged(filter.span) => None,
            [] => {
                let problem = Diagnostic::new(
                    "E0514",
                    filter.name.span,
                    format!(
                        "the filter `{}` does not say which records it looks at",
                        filter.name.text
                    ),
                )
                .help("add `on` and the name of a schema");
                self.report(problem);
                None
            }
            [schema] => self.schema_named(schema),
            [first, second, ..] => {
                let problem = Diagnostic::new(
                    "E0514",
                    second.span,
                    format!("the filter `{}` has a second `on`", filter.name.text),
                )
                .also(first.span, "the first one")
                .help("write one filter for each schema");
                self.report(problem);
                None
            }
        };
        if filter.actions.is_empty() && !self.is_damaged(filter.span) {
            let problem = Diagnostic::new(
                "E0514",
                filter.name.span,
                format!("the filter `{}` does nothing", filter.name.text),
            )
            .help("add `drop when …`, `keep when …` or `tag \"name\" when …`");
            self.report(problem);
        }
        let events = Events {
            place: Place::Condition,
            steps: &[],
            visible: 0..0,
            own: Some(Own { step: 0, schema }),
            keys: &[],
        };
        let scope = Scope::Events(events);
        let mut actions = Vec::new();
        for action in &filter.actions {
            let kind = self.action(action);
            // `keep when true` after some `drop`s is said on purpose.
            let when = match action.when.kind {
                ast::ExprKind::Bool(_) => self.condition(&action.when, &scope),
                _ => self.root_condition(&action.when, &scope),
            };
            if let (Some(kind), Some(when)) = (kind, when) {
                self.warn_of_unsure(&[], &[&when], &[], std::slice::from_ref(&schema));
                actions.push(Action { kind, when });
            }
        }
        Some(Filter {
            name: filter.name.text.clone(),
            schema: schema?,
            actions,
        })
    }

    fn action(&mut self, action: &ast::Action) -> Option<ActionKind> {
        let word = &action.word;
        match (word.text.as_str(), &action.tag) {
            ("drop", None) => Some(ActionKind::Drop),
            ("keep", None) => Some(ActionKind::Keep),
            ("tag", Some(tag)) => Some(ActionKind::Tag(tag.text.clone())),
            ("tag", None) => {
                let problem = Diagnostic::new("E0514", word.span, "`tag` needs the tag")
                    .help("write `tag \"name\" when …`");
                self.report(problem);
                None
            }
            ("drop" | "keep", Some(tag)) => {
                let problem =
                    Diagnostic::new("E0514", tag.span, format!("`{}` has no text", word.text))
                        .help(format!(
                            "write `{} when …`, or `tag \"{}\" when …`",
                            word.text, tag.text
                        ));
                self.report(problem);
                None
            }
            (other, _) => {
                let help = did_you_mean(other, ACTIONS)
                    .unwrap_or_else(|| "a filter has `drop`, `keep` and `tag`".to_owned());
                let problem =
                    Diagnostic::new("E0216", word.span, format!("a filter cannot `{other}`"))
                        .help(help);
                self.report(problem);
                None
            }
        }
    }
}

//! What a rule set declares: one namespace for schemas, lists, tables, constants, rules
//! and filters,
//! over all files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::ast;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::{Checker, constants, lists, scope, tables};

/// The declarations of a set by name.
#[derive(Default)]
pub(super) struct Names<'a> {
    by_name: HashMap<&'a str, Declared>,
    /// In the order of the files, for stable suggestions.
    in_order: Vec<&'a str>,
}

/// A declared name.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    /// What it names.
    pub(super) kind: Kind,
    /// Which one of its kind.
    pub(super) index: usize,
    /// Where the name stands.
    pub(super) span: Span,
}

/// What a name can name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Schema,
    List,
    Table,
    Let,
    Rule,
    Filter,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Schema => "schema",
            Kind::List => "list",
            Kind::Table => "table",
            Kind::Let => "constant",
            Kind::Rule => "rule",
            Kind::Filter => "filter",
        }
    }
}

impl<'a> Names<'a> {
    pub(super) fn get(&self, name: &str) -> Option<Declared> {
        self.by_name.get(name).copied()
    }

    /// The names of one kind, in the order of the files.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'a str> + '_ {
        self.in_order
            .iter()
            .copied()
            .filter(move |name| self.get(name).is_some_and(|declared| declared.kind == kind))
    }
}

impl<'a> Checker<'a> {
    /// Collects every declaration of every file.
    pub(super) fn declare(&mut self, files: &'a [ast::File]) {
        let mut rules = 0;
        let mut filters = 0;
        for item in files.iter().flat_map(|file| &file.items) {
            match item {
                ast::Item::Schema(schema) => {
                    self.declare_name(&schema.name, Kind::Schema, self.schemas.len());
                    let fields = scope::SchemaFields::of(schema, self);
                    self.schemas.push(fields);
                }
                ast::Item::List(list) => {
                    self.declare_name(&list.name, Kind::List, self.lists.len());
                    self.lists.push(lists::Declared::new(list));
                }
                ast::Item::Table(table) => {
                    self.declare_name(&table.name, Kind::Table, self.tables.len());
                    self.tables.push(tables::Declared::new(table));
                }
                ast::Item::Let(constant) => {
                    self.declare_name(&constant.name, Kind::Let, self.lets.len());
                    self.lets.push(constants::Constant::new(constant));
                }
                ast::Item::Rule(rule) => {
                    self.declare_name(&rule.name, Kind::Rule, rules);
                    rules += 1;
                }
                ast::Item::Filter(filter) => {
                    self.declare_name(&filter.name, Kind::Filter, filters);
                    filters += 1;
                }
                ast::Item::Exclude(_) | ast::Item::Test(_) => {}
            }
        }
    }

    fn declare_name(&mut self, name: &'a ast::Name, kind: Kind, index: usize) {
        match self.names.by_name.entry(&name.text) {
            Entry::Vacant(place) => {
                place.insert(Declared {
                    kind,
                    index,
                    span: name.span,
                });
                self.names.in_order.push(&name.text);
            }
            Entry::Occupied(first) => {
                let first = *first.get();
                let problem = Diagnostic::new(
                    "E0201",
                    name.span,
                    format!(
                        "the name `{}` is declared twice in this rule set",
                        name.text
                    ),
                )
                .label(format!("this {} has a name that is taken", kind.word()))
                .also(
                    first.span,
                    format!("the {} of that name", first.kind.word()),
                )
                .help("names are global to a rule set, whatever they name: choose another one");
                self.report(problem);
            }
        }
    }

    /// The schema of this name; an unknown one is reported.
    pub(super) fn schema_named(&mut self, name: &ast::Name) -> Option<usize> {
        match self.names.get(&name.text) {
            Some(declared) if declared.kind == Kind::Schema => Some(declared.index),
            other => {
                let mut problem = Diagnostic::new(
                    "E0204",
                    name.span,
                    format!("there is no schema `{}`", name.text),
                );
                if let Some(other) = other {
                    problem = problem.also(
                        other.span,
                        format!("`{}` is a {}", name.text, other.kind.word()),
                    );
                }
                let near = super::did_you_mean(&name.text, self.names.of_kind(Kind::Schema));
                let problem = problem.maybe_help(near.or_else(|| {
                    let known = super::listed(self.names.of_kind(Kind::Schema));
                    (!known.is_empty()).then(|| format!("the schemas of this set are {known}"))
                }));
                self.report(problem);
                None
            }
        }
    }

    /// The rule of this name; an unknown one is reported.
    pub(super) fn rule_named(&mut self, name: &ast::Name) -> Option<usize> {
        let other = match self.names.get(&name.text) {
            Some(declared) if declared.kind == Kind::Rule => {
                self.uses.used.insert(declared.span);
                return Some(declared.index);
            }
            other => other,
        };
        let mut problem = Diagnostic::new(
            "E0207",
            name.span,
            format!("there is no rule `{}`", name.text),
        );
        if let Some(other) = other {
            problem = problem.also(
                other.span,
                format!("`{}` is a {}", name.text, other.kind.word()),
            );
        }
        let rules = || self.names.of_kind(Kind::Rule);
        let help = super::did_you_mean(&name.text, rules()).or_else(|| {
            rules()
                .next()
                .map(|_| format!("the rules of this set are {}", super::listed(rules())))
        });
        let problem = problem.maybe_help(help);
        self.report(problem);
        let declared: Vec<(&str, Span)> = self
            .names
            .of_kind(Kind::Rule)
            .filter_map(|rule| Some((rule, self.names.get(rule)?.span)))
            .collect();
        self.note_unknown(
            "E0207",
            "rule",
            (&name.text, name.span),
            declared.into_iter(),
        );
        None
    }

    /// Warns about lists, tables and constants that nothing uses.
    pub(super) fn report_unused(&mut self) {
        let mut unused = Vec::new();
        for list in self.lists.iter().filter(|list| !list.used) {
            let name = &list.ast.name;
            unused.push(
                Diagnostic::new(
                    "W0101",
                    name.span,
                    format!("nothing uses the list `{}`", name.text),
                )
                .help("use it in a condition with `in`, or remove it"),
            );
        }
        for constant in self.lets.iter().filter(|constant| !constant.used) {
            let name = &constant.ast.name;
            unused.push(
                Diagnostic::new(
                    "W0102",
                    name.span,
                    format!("nothing uses the constant `{}`", name.text),
                )
                .help("remove it"),
            );
        }
        self.problems.extend(unused);
        self.report_unused_tables();
    }
}

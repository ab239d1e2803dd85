//! Lists: their entries from the rule file or from a file beside it, each read as the list's
//! type, each with its own place when it is wrong.

use std::sync::Arc;

use crate::ast;
use crate::checked::{Constant, Entries, ExprKind, List};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;
use crate::value::{case, convert};

use super::expr::unreadable;
use super::files::{Problems, place};
use super::scope::Scope;
use super::{Checker, did_you_mean, regexes, words};

/// A list as declared and what became of it.
pub(super) struct Declared<'a> {
    pub(super) ast: &'a ast::List,
    /// The loaded list; `None` where its declaration is in error.
    loaded: Option<Arc<List>>,
    pub(super) used: bool,
    /// Its place among the used lists, as declared and without case.
    places: [Option<usize>; 2],
}

impl<'a> Declared<'a> {
    pub(super) fn new(ast: &'a ast::List) -> Declared<'a> {
        Declared {
            ast,
            loaded: None,
            used: false,
            places: [None; 2],
        }
    }
}

impl Entries {
    /// No entries of a type; `None` for a type that lists are not made of.
    pub(super) fn empty(ty: &Type, nocase: bool) -> Option<Entries> {
        Some(match ty {
            Type::String => Entries::Text {
                values: Vec::new(),
                nocase,
            },
            Type::Int => Entries::Int(Vec::new()),
            Type::Float => Entries::Float(Vec::new()),
            Type::Ip => Entries::Ip(Vec::new()),
            Type::Cidr => Entries::Cidr(Vec::new()),
            Type::Regex => Entries::Regex(Vec::new()),
            _ => return None,
        })
    }

    /// The type of the entries.
    pub(super) fn type_of(&self) -> Type {
        match self {
            Entries::Text { .. } => Type::String,
            Entries::Int(_) => Type::Int,
            Entries::Float(_) => Type::Float,
            Entries::Ip(_) => Type::Ip,
            Entries::Cidr(_) => Type::Cidr,
            Entries::Regex(_) => Type::Regex,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Entries::Text { values, .. } => values.is_empty(),
            Entries::Int(values) => values.is_empty(),
            Entries::Float(values) => values.is_empty(),
            Entries::Ip(values) => values.is_empty(),
            Entries::Cidr(values) => values.is_empty(),
            Entries::Regex(values) => values.is_empty(),
        }
    }

    /// Reads one entry from text; the problem where it is none.
    fn push(&mut self, text: &str, span: Span) -> Result<(), Box<Diagnostic>> {
        let ty = self.type_of();
        let bad = || {
            let problem = Diagnostic::new(
                "E0406",
                span,
                format!("\"{text}\" cannot be read as {}", words(&ty)),
            );
            Box::new(match super::expr::example_of(&ty) {
                Some(example) => {
                    problem.help(format!("an entry of this list looks like `{example}`"))
                }
                None => problem,
            })
        };
        match self {
            Entries::Text {
                values,
                nocase: true,
            } => values.push(case::fold(text).into()),
            Entries::Text {
                values,
                nocase: false,
            } => values.push(Box::from(text)),
            Entries::Int(values) => values.push(convert::int(text).ok_or_else(bad)?),
            Entries::Float(values) => values.push(convert::float(text).ok_or_else(bad)?),
            Entries::Ip(values) => values.push(convert::ip(text).ok_or_else(bad)?),
            Entries::Cidr(values) => values.push(convert::cidr(text).ok_or_else(bad)?),
            Entries::Regex(values) => values.push(regexes::compile(text, false, span)?),
        }
        Ok(())
    }
}

impl Checker<'_> {
    /// Loads every list, used or not, so that all are checked.
    pub(super) fn load_lists(&mut self) {
        for index in 0..self.lists.len() {
            let Some(list) = self.lists.get(index).map(|list| list.ast) else {
                continue;
            };
            let loaded = self.load(list).map(|entries| {
                Arc::new(List {
                    name: list.name.text.clone(),
                    literal: false,
                    entries,
                })
            });
            if let Some(list) = self.lists.get_mut(index) {
                list.loaded = loaded;
            }
        }
    }

    fn load(&mut self, list: &ast::List) -> Option<Entries> {
        let nocase = self.list_modifier(list);
        let ty = self.type_named(&list.ty)?;
        let Some(mut entries) = Entries::empty(&ty, nocase) else {
            let problem = Diagnostic::new(
                "E0404",
                list.ty.span,
                format!("a list cannot hold {}", words(&ty)),
            )
            .help("a list holds `string`, `int`, `float`, `ip`, `cidr` or `regex`");
            self.report(problem);
            return None;
        };
        if nocase && ty != Type::String {
            let span = list
                .modifier
                .as_ref()
                .map_or(list.ty.span, |modifier| modifier.span);
            let problem = Diagnostic::new(
                "E0316",
                span,
                format!(
                    "`nocase` is for lists of texts, but this one holds {}",
                    words(&ty)
                ),
            )
            .help(if ty == Type::Regex {
                "write `(?i)` at the start of a pattern"
            } else {
                "leave it out"
            });
            self.report(problem);
            return None;
        }
        let mut has_entries = false;
        match &list.source {
            ast::ListSource::Inline(elements) => {
                for element in elements {
                    self.inline_entry(element, &ty, &mut entries);
                }
                // Entries in error are no reason to call the list empty.
                has_entries = !elements.is_empty();
            }
            ast::ListSource::File(path) => self.file_entries(list, path, &mut entries)?,
        }
        if entries.is_empty() && !has_entries {
            let problem = Diagnostic::new(
                "W0103",
                list.name.span,
                format!(
                    "the list `{}` is empty, so nothing is in it",
                    list.name.text
                ),
            )
            .help("add an entry, or remove the list");
            self.report(problem);
        }
        Some(entries)
    }

    fn list_modifier(&mut self, list: &ast::List) -> bool {
        let Some(modifier) = &list.modifier else {
            return false;
        };
        if modifier.text != "nocase" {
            let problem = Diagnostic::new(
                "E0209",
                modifier.span,
                format!("a list has no modifier `{}`", modifier.text),
            )
            .help(
                did_you_mean(&modifier.text, ["nocase"])
                    .unwrap_or_else(|| "the only one is `nocase`".to_owned()),
            );
            self.report(problem);
        }
        true
    }

    fn inline_entry(&mut self, element: &ast::Expr, ty: &Type, entries: &mut Entries) {
        let span = element.span;
        // Texts are read as a list file's lines are, also as patterns.
        if let ast::ExprKind::Text(text) = &element.kind {
            if let Err(problem) = entries.push(text, span) {
                self.report(*problem);
            }
            return;
        }
        let Some(value) = self.expr(element, &Scope::Constant("an entry of a list")) else {
            return;
        };
        let Some(value) = self.require_constant(value, "an entry of a list") else {
            return;
        };
        let found = value.ty.clone();
        let constant = match self.fit(value, ty).map(|value| value.kind) {
            Ok(ExprKind::Constant(constant)) => constant,
            Err(super::expr::Misfit::Text(text)) => {
                return self.report(unreadable(&text, ty, span));
            }
            _ => {
                let problem = Diagnostic::new(
                    "E0406",
                    span,
                    format!(
                        "the list holds {}, but this is {}",
                        words(ty),
                        words(&found)
                    ),
                );
                let problem = match (ty, &found) {
                    (Type::String, _) => problem.help(format!(
                        "write it in quotes: `\"{}\"`",
                        self.source_text(span)
                    )),
                    _ => problem,
                };
                return self.report(problem);
            }
        };
        match (entries, constant) {
            (Entries::Text { values, nocase }, Constant::Text(text)) => {
                values.push(if *nocase {
                    case::fold(&text).into()
                } else {
                    Box::from(&*text)
                });
            }
            (Entries::Int(values), Constant::Int(number)) => values.push(number),
            (Entries::Float(values), Constant::Float(number)) => values.push(number),
            (Entries::Ip(values), Constant::Ip(address)) => values.push(address),
            (Entries::Cidr(values), Constant::Cidr(range)) => values.push(range),
            (Entries::Regex(values), Constant::Regex(regex)) => values.push(regex),
            _ => {}
        }
    }

    /// One entry a line; a `#` that begins the line or follows white space begins a comment.
    fn file_entries(
        &mut self,
        list: &ast::List,
        path: &ast::Quoted,
        entries: &mut Entries,
    ) -> Option<()> {
        let file = self.named_file("list", &list.name, path)?;
        let text = &self.sources.get(file)?.text;
        let mut problems = Problems::default();
        let mut start = 0usize;
        for line in text.split_inclusive('\n') {
            let entry = without_comment(line).trim();
            let before = line.len() - line.trim_start().len();
            if !entry.is_empty() {
                let span = place(file, start + before, entry.len());
                if let Err(problem) = entries.push(entry, span) {
                    problems.push(*problem);
                }
            }
            start += line.len();
        }
        if problems.more > 0 {
            let (more, shown) = (problems.more, self.shown_path(file));
            problems.found.push(
                Diagnostic::new(
                    "E0406",
                    path.span,
                    format!("{more} more entries of `{shown}` cannot be read"),
                )
                .help(format!(
                    "is `{}` the type of its entries?",
                    entries.type_of()
                )),
            );
        }
        let failed = !problems.is_empty();
        self.problems.extend(problems.found);
        (!failed).then_some(())
    }

    /// The place among the used lists of a declared list; with `nocase` that of
    /// the same list without case.
    pub(super) fn use_list(&mut self, index: usize, nocase: bool) -> Option<usize> {
        let next = self.used_lists.len();
        let declared = self.lists.get_mut(index)?;
        declared.used = true;
        let loaded = declared.loaded.clone()?;
        let folds = nocase && matches!(loaded.entries, Entries::Text { nocase: false, .. });
        let slot = declared.places.get_mut(usize::from(folds))?;
        if let Some(place) = slot {
            return Some(*place);
        }
        *slot = Some(next);
        let list = match &loaded.entries {
            Entries::Text { values, .. } if folds => Arc::new(List {
                name: loaded.name.clone(),
                literal: false,
                entries: Entries::Text {
                    values: values
                        .iter()
                        .map(|entry| case::fold(entry).into())
                        .collect(),
                    nocase: true,
                },
            }),
            _ => loaded,
        };
        self.used_lists.push(list);
        Some(next)
    }
}

/// A line up to its comment. A `#` inside a word is part of it: the names of guest accounts have
/// an `#EXT#` in them.
fn without_comment(line: &str) -> &str {
    let mut after_space = true;
    for (at, char) in line.char_indices() {
        if char == '#' && after_space {
            return line.get(..at).unwrap_or_default();
        }
        after_space = char.is_whitespace();
    }
    line
}

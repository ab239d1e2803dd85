//! From syntax trees to a checked rule set: names, types, units, lists, constants.
//!
//! [`check`] parses every rule file of a set and resolves all of them, reporting every problem of
//! every file in one run. An expression in error is `None` from there on and causes no further
//! errors. The way through: `names` collects what is declared, `lists`, `tables` and `constants`
//! load what needs no event, `schemas`, `rules`, `exclusions` and `filters` check the rest with `expr`.
//!
//! INVARIANT: [`Checking::checked`] is `Some` exactly when no diagnostic is an error.

mod aggregates;
mod conflict;
mod constants;
mod exclusions;
mod expr;
mod facts;
mod files;
mod filters;
mod fold;
mod forms;
mod keys;
mod lists;
mod meta;
mod misdeclared;
mod names;
mod raw;
mod regexes;
mod rules;
mod schemas;
mod scope;
mod sections;
mod substitute;
mod tables;
#[cfg(test)]
mod tests;
mod tests_of_rules;
mod thresholds;
mod unsure;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::ast;
use crate::checked::{Aggregate, Checked, List};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{SourceSet, Span};
use crate::types::Type;

use names::Names;
use scope::{Local, SchemaFields};

/// What came of checking a rule set.
#[derive(Debug)]
pub struct Checking {
    /// The checked set; `None` where there was an error.
    pub checked: Option<Checked>,
    /// Every problem, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses and checks a rule set. `today` (UTC) decides which exclusions are said to be expired.
pub fn check(sources: &mut SourceSet, today: NaiveDate) -> Checking {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for (id, file) in sources.rule_files() {
        let (tree, found) = crate::parse::parse(id, &file.text);
        files.push(tree);
        problems.extend(found);
    }
    check_files(sources, &files, problems, today)
}

/// Checks files that are parsed already.
fn check_files(
    sources: &mut SourceSet,
    files: &[ast::File],
    problems: Vec<Diagnostic>,
    today: NaiveDate,
) -> Checking {
    let mut damage: Vec<Span> = problems
        .iter()
        .filter_map(|problem| problem.at.as_ref())
        .map(|(span, _)| *span)
        .collect();
    damage.sort_unstable();
    let mut checker = Checker {
        sources,
        damage,
        problems,
        names: Names::default(),
        lets: Vec::new(),
        lists: Vec::new(),
        used_lists: Vec::new(),
        tables: Vec::new(),
        schemas: Vec::new(),
        locals: Vec::new(),
        acknowledged: HashSet::new(),
        uses: misdeclared::Uses::default(),
        depth: 0,
        aggregates: Vec::new(),
        in_aggregate: false,
        today,
    };
    checker.declare(files);
    checker.load_lists();
    checker.load_tables();
    checker.all_constants();
    let schemas = checker.all_schemas(files);
    let (rules, tests) = checker.all_rules(files);
    let filters = checker.all_filters(files);
    checker.blame_declarations();
    // A use may be among what is in error, so that only a sound set says what is unused.
    if !checker
        .problems
        .iter()
        .any(|problem| problem.severity() == Severity::Error)
    {
        checker.report_unused();
    }

    let mut diagnostics = checker.problems;
    let lists = checker.used_lists;
    let mut seen = HashSet::new();
    diagnostics
        .retain(|problem| seen.insert((problem.code, problem.at.clone(), problem.message.clone())));
    diagnostics.sort_by_key(|problem| problem.at.as_ref().map(|(span, _)| *span));
    let failed = diagnostics
        .iter()
        .any(|problem| problem.severity() == Severity::Error);
    let checked = Checked {
        schemas,
        lists,
        rules,
        filters,
        tests,
    };
    Checking {
        checked: (!failed).then_some(checked),
        diagnostics,
    }
}

/// The state of one check.
struct Checker<'a> {
    sources: &'a mut SourceSet,
    problems: Vec<Diagnostic>,
    /// Where the syntax was in error, in order.
    damage: Vec<Span>,
    names: Names<'a>,
    lets: Vec<constants::Constant<'a>>,
    lists: Vec<lists::Declared<'a>>,
    /// The lists that something uses, in the order of first use.
    used_lists: Vec<Arc<List>>,
    tables: Vec<tables::Declared<'a>>,
    schemas: Vec<SchemaFields>,
    /// The parameters of the lambdas around the expression at hand, outermost first.
    locals: Vec<Local>,
    /// Comparisons that say on purpose that missing counts (`differ`).
    acknowledged: HashSet<Span>,
    uses: misdeclared::Uses,
    /// How deep the expression at hand is.
    depth: usize,
    /// The aggregates of the rule at hand.
    aggregates: Vec<Aggregate>,
    /// The expression at hand is inside of an aggregate.
    in_aggregate: bool,
    today: NaiveDate,
}

impl Checker<'_> {
    /// Adds a problem. What seems wrong with types where the syntax is wrong is left out, and
    /// so is everything about what nobody wrote: what was put in to read on.
    fn report(&mut self, problem: Diagnostic) {
        let about_types = problem.code.starts_with("E03")
            || problem
                .at
                .as_ref()
                .is_some_and(|(span, _)| span.start == span.end);
        if about_types
            && problem
                .at
                .as_ref()
                .is_some_and(|(span, _)| self.is_damaged(*span))
        {
            return;
        }
        self.problems.push(problem);
    }

    /// Whether a syntax error lies in a place: what seems missing there may only be misspelt.
    fn is_damaged(&self, span: Span) -> bool {
        let first = self
            .damage
            .partition_point(|error| (error.file, error.start) < (span.file, span.start));
        self.damage
            .get(first)
            .is_some_and(|error| error.file == span.file && error.start <= span.end)
    }

    /// The text of a place, on one line.
    fn source_text(&self, span: Span) -> String {
        let text = self
            .sources
            .get(span.file)
            .map_or("", |file| file.slice(span));
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// `string (text)`: a type as it is written and in words.
fn words(ty: &Type) -> String {
    let meaning = match ty {
        Type::String => "text",
        Type::Int => "a whole number",
        Type::Float => "a number with a fraction",
        Type::Bool => "true or false",
        Type::Timestamp => "an instant",
        Type::Duration => "a span of time",
        Type::Ip => "an address",
        Type::Cidr => "an address range",
        Type::Regex => "a pattern",
        Type::Json => "a raw value",
        Type::Row(_) => return "a row of a table".to_owned(),
        Type::Missing => "no value",
        Type::List(of) => return format!("`[{of}]` (a list)"),
    };
    format!("`{ty}` ({meaning})")
}

/// ``did you mean `x` or `y`?`` where names are near.
fn did_you_mean<'n>(word: &str, candidates: impl IntoIterator<Item = &'n str>) -> Option<String> {
    crate::nearest::question(&crate::nearest::nearest(word, candidates))
}

/// `a, b and c`, each in back quotes.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl Diagnostic {
    /// Adds a line of help if there is one.
    fn maybe_help(self, help: Option<String>) -> Diagnostic {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }
}

//! The parser's promises, by subject.

mod foreign;
mod limits;
mod shapes;
mod typos;

use crate::ast::File;
use crate::diagnostic::Diagnostic;
use crate::source::FileId;

/// The rule that the language was made for.
pub(crate) const SEED_RULE: &str = include_str!("tests/aitm.trip");
/// Lists and exclusions beside it.
pub(crate) const SEED_EXCLUSIONS: &str = include_str!("tests/exclusions.trip");
/// A schema, and everything else that the grammar knows.
pub(crate) const EVERYTHING: &str = include_str!("tests/everything.trip");

fn parse(text: &str) -> (File, Vec<Diagnostic>) {
    super::parse(FileId(0), text)
}

/// The tree of a text without errors.
fn read(text: &str) -> File {
    let (file, problems) = parse(text);
    assert_eq!(problems, [], "in {text}");
    file
}

/// The errors of a text, one line each.
fn told(text: &str) -> Vec<String> {
    let (_, problems) = parse(text);
    let show = |problem: &Diagnostic| {
        let at = problem.at.as_ref().map_or("", |(span, _)| {
            text.get(span.start as usize..span.end as usize).unwrap()
        });
        format!(
            "{} [{at}] {} | {}",
            problem.code,
            problem.message,
            problem.help.join(" | ")
        )
    };
    problems.iter().map(show).collect()
}

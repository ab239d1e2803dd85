//! The outcome of tests for a person: one line a test; where one failed, what was expected, what came,
//! and what arrived on an axis of time; what no test shows.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::super::text::{Paint, fit, harmless};
use super::{Report, about, lacks, timeline};
use crate::testing::Outcome;

/// The whole report.
pub(crate) fn report(report: &Report<'_>, colour: bool) -> String {
    let paint = Paint(colour);
    let mut out = String::new();
    let mut file = None;
    for outcome in report.outcomes {
        if file != Some(outcome.file) {
            let blank = if file.is_some() { "\n" } else { "" };
            let _ = writeln!(out, "{blank}{}", paint.strong(&harmless(outcome.file)));
            file = Some(outcome.file);
        }
        one(&mut out, outcome, paint);
    }
    if report.all_coverage {
        coverage(&mut out, report, paint);
    } else if report.denied {
        uncovered(&mut out, report);
    }
    out
}

/// One line that sums up, for standard error.
pub(crate) fn summary(report: &Report<'_>) -> String {
    let failed = report
        .outcomes
        .iter()
        .filter(|outcome| !outcome.passed())
        .count();
    let number = |count: usize, thing: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {thing}{plural}")
    };
    let mut said = format!(
        "{}: {} passed, {failed} failed",
        number(report.outcomes.len(), "test"),
        report.outcomes.len() - failed
    );
    if let Some(coverage) = report.coverage {
        let uncovered = report.uncovered().count();
        let _ = write!(
            said,
            "; {} of {} rules and exclusions shown both ways",
            coverage.len() - uncovered,
            coverage.len()
        );
    }
    said.push('\n');
    said
}

fn one(out: &mut String, outcome: &Outcome<'_>, paint: Paint) {
    let (word, colour) = match outcome.passed() {
        true => ("ok", AnsiColor::Green),
        false => ("FAILED", AnsiColor::Red),
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    let rules = paint.faint(&format!("({})", outcome.rules.join(", ")));
    let _ = writeln!(
        out,
        "  {}  {}  {rules}",
        paint.text(style, &fit(word, 6)),
        harmless(&outcome.test.name)
    );
    if outcome.passed() {
        return;
    }
    for line in details(outcome, paint) {
        let _ = writeln!(out, "{}", format!("          {line}").trim_end());
    }
}

/// Why a test failed, line by line.
pub(super) fn details(outcome: &Outcome<'_>, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(outcome.broken.iter().map(|why| harmless(why)));
    for unmet in &outcome.unmet {
        let place = paint.faint(&harmless(&unmet.place));
        lines.push(format!("{}  {place}", harmless(&unmet.expected)));
        lines.push(format!("  but there were: {}", harmless(&unmet.got)));
        let near = unmet.near.iter();
        lines.extend(near.map(|near| format!("  {}", harmless(near))));
    }
    lines.push(String::new());
    lines.extend(timeline::lines(outcome, paint));
    lines.push(String::new());
    lines
}

fn coverage(out: &mut String, report: &Report<'_>, paint: Paint) {
    let shown = report.coverage.unwrap_or_default();
    let name = |shown: &crate::testing::coverage::Shown<'_>| match shown.exclusion {
        Some(exclusion) => format!("  \"{exclusion}\""),
        None => shown.rule.to_owned(),
    };
    let width = shown.iter().map(|shown| name(shown).chars().count()).max();
    let width = width.unwrap_or(0);
    let _ = writeln!(
        out,
        "\n{}",
        paint.strong(&format!("{}  fires  stays silent", fit("", width + 2)))
    );
    let word = |shown: bool| if shown { "yes" } else { "NO" };
    for one in shown {
        let _ = writeln!(
            out,
            "  {}  {}  {}",
            fit(&harmless(&name(one)), width),
            fit(word(one.fires), 5),
            word(one.stays_silent)
        );
    }
}

fn uncovered(out: &mut String, report: &Report<'_>) {
    let mut first = true;
    for shown in report.uncovered() {
        if first {
            out.push('\n');
            first = false;
        }
        let what = lacks(shown).unwrap_or_default();
        let _ = writeln!(out, "  uncovered: {}: {what}", harmless(&about(shown)));
    }
}

//! Tests of rules: the rules they are for, what arrives, how they run. What they expect is checked in
//! `expectations`, the values that are given and expected in `values`.
//!
//! Called once every rule and exclusion is checked. A test changes nothing of the rules.

mod expectations;
mod values;

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::ast::{self, Setting, TestLine};
use crate::checked::test::{Arrival, Event, Records, Test};
use crate::diagnostic::Diagnostic;
use crate::source::{ListFileError, Span};
use crate::types::Type;
use crate::value::convert;

use super::rules::RuleInHand;
use super::{Checker, did_you_mean, listed};

/// The day of events whose time is a time of day alone: a Monday.
const DAY: &str = "2026-03-02";

/// How a test runs.
#[derive(Default)]
struct Settings {
    lateness: Option<i64>,
    early: bool,
    today: Option<NaiveDate>,
}

impl Checker<'_> {
    /// Checks every test, in the order of the files.
    pub(super) fn all_tests(&mut self, files: &[ast::File], rules: &[RuleInHand<'_>]) -> Vec<Test> {
        let mut known: HashMap<(usize, &str), Span> = HashMap::new();
        let mut checked = Vec::new();
        for item in files.iter().flat_map(|file| &file.items) {
            let ast::Item::Test(test) = item else {
                continue;
            };
            let of = self.tested_rules(test);
            for rule in &of {
                if let Some(first) = known.insert((*rule, &test.name.text), test.name.span)
                    && let Some(rule) = rules.get(*rule)
                {
                    let problem = Diagnostic::new(
                        "E0505",
                        test.name.span,
                        format!(
                            "the rule `{}` has two tests of the name \"{}\"",
                            rule.ast.name.text, test.name.text
                        ),
                    )
                    .also(first, "the first one")
                    .help("a failure is told by its name: choose another one");
                    self.report(problem);
                    break;
                }
            }
            checked.push(self.test(test, of, rules));
        }
        checked
    }

    fn tested_rules(&mut self, test: &ast::Test) -> Vec<usize> {
        let mut rules: Vec<usize> = Vec::new();
        for name in &test.rules {
            let Some(rule) = self.rule_named(name) else {
                continue;
            };
            if rules.contains(&rule) {
                self.twice(name.span, format!("the rule `{}`", name.text), None);
            } else {
                rules.push(rule);
            }
        }
        rules
    }

    /// Reports something that stands twice.
    fn twice(&mut self, span: Span, what: String, first: Option<Span>) {
        let mut problem = Diagnostic::new("E0505", span, format!("{what} stands twice here"));
        if let Some(first) = first {
            problem = problem.also(first, "the first one");
        }
        self.report(problem);
    }

    fn test(&mut self, test: &ast::Test, of: Vec<usize>, rules: &[RuleInHand<'_>]) -> Test {
        let (mut arrivals, mut expectations) = (Vec::new(), Vec::new());
        let (mut arrives, mut expects) = (false, false);
        let mut settings = Settings::default();
        let mut set: Vec<(&str, Span)> = Vec::new();
        for line in &test.lines {
            match line {
                TestLine::Event(event) => {
                    arrives = true;
                    arrivals.extend(self.test_event(event).map(Arrival::Event));
                }
                TestLine::Records(records) => {
                    arrives = true;
                    arrivals.extend(self.test_records(records).map(Arrival::Records));
                }
                TestLine::Expect(expectation) => {
                    expects = true;
                    expectations.extend(self.expectation(expectation, &of, rules));
                }
                TestLine::Setting(setting) => {
                    let (word, span) = (setting.word(), setting.span());
                    match set.iter().find(|(known, _)| *known == word) {
                        Some((_, first)) => self.twice(span, format!("`{word}`"), Some(*first)),
                        None => self.setting(setting, &mut settings),
                    }
                    set.push((word, span));
                }
            }
        }
        let name = &test.name;
        let whole = arrives && expects;
        if !whole && !self.is_damaged(test.span) {
            let (what, help) = match arrives {
                true => (
                    "expects nothing",
                    "add `expect no detections`, or `expect 1 detection { … }` with what it carries",
                ),
                false => (
                    "has no events",
                    "add `schema at 10:00:00 { … }`, or `records \"file\"`: without events nothing is detected",
                ),
            };
            let problem = Diagnostic::new(
                "E0601",
                name.span,
                format!("the test \"{}\" {what}", name.text),
            )
            .help(help);
            self.report(problem);
        }
        Test {
            name: name.text.clone(),
            rules: of,
            arrivals,
            expectations,
            lateness: settings.lateness,
            early: settings.early,
            today: settings.today,
            span: name.span,
        }
    }

    fn test_event(&mut self, event: &ast::TestEvent) -> Option<Event> {
        let time = self.moment(&event.at);
        let schema = self.schema_named(&event.schema)?;
        let mut fields = Vec::with_capacity(event.fields.len());
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let mut sound = true;
        for given in &event.fields {
            let name = &given.name;
            if let Some(first) = seen.insert(&name.text, name.span) {
                self.twice(name.span, format!("`{}`", name.text), Some(first));
            }
            if name.text == "time" && given.member.is_none() {
                let problem =
                    Diagnostic::new("E0602", name.span, "the time of an event stands after `at`")
                        .help("leave `time` out of the braces");
                self.report(problem);
                continue;
            }
            let value = self.given_field(schema, given);
            sound &= value.is_some();
            fields.extend(value);
        }
        sound.then_some(Event {
            schema,
            time: time?,
            fields,
            span: event.span,
        })
    }

    /// A time of day, a day, or both, as nanoseconds since 1970.
    fn moment(&mut self, moment: &ast::Moment) -> Option<i64> {
        let written = moment.text.as_str();
        let at = match written.split_once(':') {
            Some((hour, rest)) if hour.len() <= 2 => {
                let seconds = if rest.contains(':') { "" } else { ":00" };
                convert::timestamp(&format!("{DAY}T{hour:0>2}:{rest}{seconds}Z"))
            }
            _ => convert::timestamp(written),
        };
        if at.is_none() {
            let problem =
                Diagnostic::new("E0603", moment.span, format!("there is no time `{written}`"))
                    .help(format!(
                        "write a time of day, `10:00:00`, which is that of {DAY} (UTC), or a whole instant, `{DAY}T10:00:00Z`"
                    ));
            self.report(problem);
        }
        at
    }

    /// A file with records: that it lies where it may is checked; it is read by who runs the test.
    fn test_records(&mut self, records: &ast::Records) -> Option<Records> {
        let path = &records.path;
        match self.sources.locate(path.span.file, &path.text) {
            Ok(_) => {}
            Err(
                error @ (ListFileError::Absolute(_)
                | ListFileError::OutsideRoot(_)
                | ListFileError::NotRegular(_)),
            ) => {
                let problem = Diagnostic::new(
                    "E0604",
                    path.span,
                    format!("the records cannot be read: {error}"),
                )
                .help("the path is relative to this file and stays within the rule set's folder");
                self.report(problem);
                return None;
            }
            Err(error) => {
                let near = self.sources.list_files_near(path.span.file, &path.text);
                let help = crate::nearest::question(&near)
                    .unwrap_or_else(|| "the path is relative to this file".to_owned());
                // A test must not keep rules from running where its records were left behind.
                let problem = Diagnostic::new(
                    "W0501",
                    path.span,
                    format!("the records of this test are not there: {error}"),
                )
                .help(help);
                self.report(problem);
            }
        }
        Some(Records {
            path: path.text.clone(),
            span: path.span,
        })
    }

    fn setting(&mut self, setting: &Setting, settings: &mut Settings) {
        match setting {
            Setting::Lateness(value) => settings.lateness = self.test_lateness(value),
            Setting::Emission(word) => match word.text.as_str() {
                "early" => settings.early = true,
                "final" => {}
                other => {
                    let help = did_you_mean(other, ["early", "final"])
                        .unwrap_or_else(|| format!("it is {}", listed(["early", "final"])));
                    let problem = Diagnostic::new(
                        "E0605",
                        word.span,
                        format!("there is no emission `{other}`"),
                    )
                    .help(help);
                    self.report(problem);
                }
            },
            Setting::Today(day) => match convert::date(&day.text) {
                Some(date) => settings.today = Some(date),
                None => {
                    let problem = Diagnostic::new(
                        "E0605",
                        day.span,
                        format!("`{}` is no date of the calendar", day.text),
                    )
                    .help("write the day by which exclusions expire, without a time: `today 2027-06-30`");
                    self.report(problem);
                }
            },
        }
    }

    fn test_lateness(&mut self, value: &ast::Expr) -> Option<i64> {
        let nanoseconds = self.constant_of(value, &Type::Duration)?;
        match nanoseconds {
            crate::value::Value::Duration(length) if length >= 0 => Some(length),
            _ => {
                let problem = Diagnostic::new(
                    "E0605",
                    value.span,
                    "`lateness` is a duration that is not negative",
                )
                .help("write for example `lateness 1h`");
                self.report(problem);
                None
            }
        }
    }
}

//! The outcome of tests as JUnit XML, which the reporters of CI systems read: a suite for each rule file,
//! and one for what no test shows where that is a failure.

use quick_junit::{
    NonSuccessKind, Report as Document, SerializeError, TestCase, TestCaseStatus, TestSuite,
};

use super::super::text::Paint;
use super::{Report, about, lacks, pretty};
use crate::testing::Outcome;

/// The document.
pub(crate) fn report(report: &Report<'_>) -> Result<String, SerializeError> {
    let mut document = Document::new("tripline test");
    for outcomes in report
        .outcomes
        .chunk_by(|one, other| one.file == other.file)
    {
        let name = outcomes.first().map_or("", |outcome| outcome.file);
        let mut suite = TestSuite::new(name);
        suite.add_test_cases(outcomes.iter().map(case));
        suite.set_time(outcomes.iter().map(|outcome| outcome.took).sum());
        document.add_test_suite(suite);
    }
    if report.denied {
        let mut suite = TestSuite::new("coverage");
        for shown in report.coverage.unwrap_or_default() {
            let status = match lacks(shown) {
                Some(what) => failed(what.to_owned(), String::new()),
                None => TestCaseStatus::success(),
            };
            let mut case = TestCase::new(about(shown), status);
            case.set_classname(shown.rule);
            suite.add_test_case(case);
        }
        document.add_test_suite(suite);
    }
    document.to_string()
}

fn case(outcome: &Outcome<'_>) -> TestCase {
    let status = match outcome.passed() {
        true => TestCaseStatus::success(),
        false => {
            let unmet = outcome
                .unmet
                .first()
                .map(|unmet| format!("{}, but there were: {}", unmet.expected, unmet.got));
            let message = unmet.or_else(|| outcome.broken.first().cloned());
            failed(
                message.unwrap_or_default(),
                pretty::details(outcome, Paint(false)).join("\n"),
            )
        }
    };
    let mut case = TestCase::new(&*outcome.test.name, status);
    case.set_classname(outcome.rules.join(", "));
    case.set_time(outcome.took);
    case.extra.insert("file".into(), outcome.file.into());
    case.extra
        .insert("line".into(), outcome.line.to_string().into());
    case
}

fn failed(message: String, description: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message);
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

//! Tests of rules: what the grammar matched becomes the types of `ast::Test`. Called by
//! `declarations` for a `test`; the shape is decided already.

use pest::iterators::Pair;

use super::declarations::Reader;
use super::errors;
use super::grammar::Rule;
use crate::ast::{
    Count, Expectation, Given, GivenValue, Moment, Quoted, Records, Setting, Test, TestEvent,
    TestLine,
};

impl Reader<'_> {
    /// `test "name" for RULE { … }`
    pub(super) fn test(&self, pair: Pair<'_, Rule>) -> Option<Test> {
        let span = self.span(&pair);
        let (mut name, mut rules, mut lines) = (None, Vec::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::text => name = Some(self.quoted(&part)),
                Rule::name => rules.push(self.name(&part)),
                Rule::test_event => lines.push(TestLine::Event(self.test_event(part)?)),
                Rule::records => lines.push(TestLine::Records(self.records(part)?)),
                Rule::expectation => {
                    let expected = self.expectation(part)?;
                    lines.extend(expected.into_iter().map(TestLine::Expect));
                }
                Rule::lateness | Rule::emission | Rule::today => {
                    lines.push(TestLine::Setting(self.setting(part)?));
                }
                _ => {}
            }
        }
        Some(Test {
            name: name?,
            rules,
            lines,
            span,
        })
    }

    fn test_event(&self, pair: Pair<'_, Rule>) -> Option<TestEvent> {
        let span = self.span(&pair);
        let (mut schema, mut at, mut fields) = (None, None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => schema = Some(self.name(&part)),
                Rule::moment => at = Some(self.moment(&part)),
                Rule::given_block => fields = self.each(part, Rule::given, Reader::given)?,
                _ => {}
            }
        }
        Some(TestEvent {
            schema: schema?,
            at: at?,
            fields,
            span,
        })
    }

    fn moment(&self, pair: &Pair<'_, Rule>) -> Moment {
        Moment {
            text: pair.as_str().trim_end().to_owned(),
            span: self.span(pair),
        }
    }

    fn given(&self, pair: Pair<'_, Rule>) -> Option<Given> {
        let mut parts = pair.into_inner();
        let mut names = parts.next()?.into_inner();
        let name = self.name(&names.next()?);
        let member = names.next().map(|member| self.name(&member));
        let value = parts.find(|part| part.as_rule() != Rule::equals)?;
        let value = match value.as_rule() {
            Rule::expr => GivenValue::Expr(self.expr(value)?),
            _ => GivenValue::Json(self.json(&value)),
        };
        Some(Given {
            name,
            member,
            value,
        })
    }

    /// JSON text; what the grammar lets pass and JSON does not is recorded.
    fn json(&self, pair: &Pair<'_, Rule>) -> Quoted {
        let span = self.span(pair);
        let text = pair.as_str().to_owned();
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            self.problem(errors::bad_json(span, &error.to_string()));
        }
        Quoted { text, span }
    }

    fn records(&self, pair: Pair<'_, Rule>) -> Option<Records> {
        let span = self.span(&pair);
        let path = pair
            .into_inner()
            .find(|part| part.as_rule() == Rule::text)?;
        let path = self.quoted(&path);
        Some(Records { path, span })
    }

    /// One expectation, or two: `expect no detections excluded by "x"` says that there are none, and that
    /// there would be but for the exclusion.
    fn expectation(&self, pair: Pair<'_, Rule>) -> Option<Vec<Expectation>> {
        let span = self.span(&pair);
        let mut count = None;
        let mut at_least = false;
        let mut suppressed = None;
        let mut expectation = Expectation {
            count: Count::None,
            excluded: false,
            of: None,
            by: Vec::new(),
            values: Vec::new(),
            span,
        };
        for part in pair.into_inner() {
            let here = self.span(&part);
            match part.as_rule() {
                Rule::kw_no => count = Some(Count::None),
                Rule::kw_least => at_least = true,
                Rule::number => {
                    let digits = part.as_str().to_owned();
                    count = Some(match at_least {
                        true => Count::AtLeast(digits, here),
                        false => Count::Exactly(digits, here),
                    });
                }
                Rule::kw_excluded => expectation.excluded = true,
                Rule::name => expectation.of = Some(self.name(&part)),
                Rule::by_exclusions => expectation.by = self.exclusions(part),
                Rule::suppressed => {
                    let by = part
                        .into_inner()
                        .find(|part| part.as_rule() == Rule::by_exclusions)
                        .map_or_else(Vec::new, |by| self.exclusions(by));
                    suppressed = Some((here, by));
                }
                Rule::given_block => {
                    expectation.values = self.each(part, Rule::given, Reader::given)?;
                }
                _ => {}
            }
        }
        expectation.count = count?;
        let suppressed = suppressed.map(|(span, by)| Expectation {
            count: Count::AtLeast("1".to_owned(), span),
            excluded: true,
            of: expectation.of.clone(),
            by,
            values: Vec::new(),
            span,
        });
        Some(std::iter::once(expectation).chain(suppressed).collect())
    }

    fn exclusions(&self, pair: Pair<'_, Rule>) -> Vec<Quoted> {
        pair.into_inner()
            .filter(|part| part.as_rule() == Rule::text)
            .map(|part| self.quoted(&part))
            .collect()
    }

    fn setting(&self, pair: Pair<'_, Rule>) -> Option<Setting> {
        let value = pair.into_inner().nth(1)?;
        match value.as_rule() {
            Rule::expr => self.expr(value).map(Setting::Lateness),
            Rule::date => Some(Setting::Today(self.moment(&value))),
            _ => Some(Setting::Emission(self.name(&value))),
        }
    }
}

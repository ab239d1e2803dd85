//! The forms of a rule: their keys, windows and entries. Called by `declarations`.

use pest::iterators::Pair;

use super::declarations::{Reader, ending_with};
use super::grammar::Rule;
use crate::ast::{Absence, Choice, Entry, Extent, Form, FormWord, Having, KeyPart, Name, Step};

impl Reader<'_> {
    /// `sequence by KEY within W { … }` and the like.
    pub(super) fn form(&self, pair: Pair<'_, Rule>) -> Option<Form> {
        let span = self.span(&pair);
        let word = match pair.as_rule() {
            Rule::match_form => FormWord::Match,
            Rule::sequence => FormWord::Sequence,
            Rule::together => FormWord::Together,
            Rule::count_form => FormWord::Count,
            _ => return None,
        };
        let (mut keys, mut within, mut entries) = (Vec::new(), None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::key => keys = self.each(part, Rule::key_part, Reader::key_part)?,
                Rule::expr => within = Some(self.expr(part)?),
                _ => self.entry(part, &mut entries)?,
            }
        }
        Some(Form {
            word,
            keys,
            within,
            entries,
            span,
        })
    }

    fn key_part(&self, pair: Pair<'_, Rule>) -> Option<KeyPart> {
        let span = self.span(&pair);
        let alternatives = self.exprs(pair)?;
        let span = ending_with(span, alternatives.last()?.span);
        Some(KeyPart { alternatives, span })
    }

    /// Adds what a pair is, if it is an entry.
    fn entry(&self, pair: Pair<'_, Rule>, entries: &mut Vec<Entry>) -> Option<()> {
        let entry = match pair.as_rule() {
            Rule::step => Entry::Step(self.step(pair)?),
            Rule::absence => Entry::Absence(self.absence(pair)?),
            Rule::choice => Entry::Choice(self.choice(pair)?),
            Rule::having => Entry::Having(self.having(pair)?),
            _ => return Some(()),
        };
        entries.push(entry);
        Some(())
    }

    fn having(&self, pair: Pair<'_, Rule>) -> Option<Having> {
        let span = self.span(&pair);
        let condition = self.exprs(pair)?.pop()?;
        let span = ending_with(span, condition.span);
        Some(Having { condition, span })
    }

    fn choice(&self, pair: Pair<'_, Rule>) -> Option<Choice> {
        let span = self.span(&pair);
        let (mut least, mut entries) = (None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::digits => least = Some(self.name(&part)),
                _ => self.entry(part, &mut entries)?,
            }
        }
        Some(Choice {
            least: least?,
            entries,
            span,
        })
    }

    fn step(&self, pair: Pair<'_, Rule>) -> Option<Step> {
        let span = self.span(&pair);
        let mut names = Vec::new();
        let (mut least, mut modifier, mut condition) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::repeat => least = Some(self.name(&part.into_inner().next()?)),
                Rule::modifier => modifier = Some(self.name(&part.into_inner().next()?)),
                Rule::expr => condition = Some(self.expr(part)?),
                _ => {}
            }
        }
        let mut names = names.into_iter();
        let (name, schema) = (names.next()?, names.next()?);
        let span = ending_with(
            span,
            condition
                .as_ref()
                .map_or(schema.span, |condition| condition.span),
        );
        Some(Step {
            name,
            least,
            modifier,
            schema,
            condition,
            span,
        })
    }

    fn absence(&self, pair: Pair<'_, Rule>) -> Option<Absence> {
        let span = self.span(&pair);
        let mut names = Vec::new();
        let (mut condition, mut extent) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::expr => condition = Some(self.expr(part)?),
                Rule::between | Rule::after | Rule::before => extent = Some(self.extent(part)?),
                _ => {}
            }
        }
        let mut names = names.into_iter();
        let (name, schema) = (names.next()?, names.next()?);
        let (extent, end) = extent?;
        let span = ending_with(span, end.span);
        let step = Step {
            name,
            least: None,
            modifier: None,
            schema,
            condition,
            span,
        };
        Some(Absence { step, extent, span })
    }

    /// The extent, and where it ends.
    fn extent(&self, pair: Pair<'_, Rule>) -> Option<(Extent, Name)> {
        let rule = pair.as_rule();
        let mut names = Vec::new();
        let mut span = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => names.push(self.name(&part)),
                Rule::expr => span = Some(self.expr(part)?),
                _ => {}
            }
        }
        let mut names = names.into_iter();
        let first = names.next()?;
        if rule == Rule::between {
            let second = names.next()?;
            return Some((Extent::Between(first, second.clone()), second));
        }
        let span = span?;
        let end = Name {
            text: String::new(),
            span: span.span,
        };
        let extent = match rule {
            Rule::after => Extent::After(first, span),
            _ => Extent::Before(first, span),
        };
        Some((extent, end))
    }
}

//! Declarations: what the grammar matched becomes the types of `ast`. The grammar has already
//! decided the shape; what is missing here means that a problem was recorded on the way.

use std::cell::RefCell;

use pest::iterators::Pair;

use super::draft::Place;
use super::errors;
use super::grammar::Rule;
use super::literals::{self, BadEscape};
use crate::ast::{
    Action, Clause, EmitEntry, Exclude, Expr, ExprKind, Field, Filter, Item, Let, List, ListSource,
    MetaEntry, Name, Quoted, Rule as RuleItem, Schema, Section, Table, TypeName,
};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Builds the trees of one piece of a file.
pub(super) struct Reader<'p> {
    place: &'p Place,
    problems: RefCell<Vec<Diagnostic>>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(place: &'p Place) -> Reader<'p> {
        Reader {
            place,
            problems: RefCell::default(),
        }
    }

    /// What went wrong while building.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        self.problems.into_inner()
    }

    pub(super) fn problem(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// Where a pair stands in the file.
    pub(super) fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let span = pair.as_span();
        self.place.span(span.start(), span.end())
    }

    /// The meaning of a text literal; bad escapes are recorded.
    pub(super) fn unescape(&self, pair: &Pair<'_, Rule>) -> String {
        let (text, bad) = literals::unescape(pair.as_str());
        let start = pair.as_span().start();
        for BadEscape { at, length, note } in bad {
            self.problem(errors::bad_escape(
                self.place.span(start + at, start + at + length),
                note,
            ));
        }
        text
    }

    pub(super) fn quoted(&self, pair: &Pair<'_, Rule>) -> Quoted {
        Quoted {
            text: self.unescape(pair),
            span: self.span(pair),
        }
    }

    /// One declaration.
    pub(super) fn item(&self, pair: Pair<'_, Rule>) -> Option<Item> {
        match pair.as_rule() {
            Rule::schema => self.schema(pair).map(Item::Schema),
            Rule::list => self.list(pair).map(Item::List),
            Rule::table => self.table(pair).map(Item::Table),
            Rule::constant => self.constant(pair).map(Item::Let),
            Rule::rule_block => self.rule(pair).map(Item::Rule),
            Rule::exclude => self.exclude(pair).map(Item::Exclude),
            Rule::filter => self.filter(pair).map(Item::Filter),
            Rule::test => self.test(pair).map(Item::Test),
            _ => None,
        }
    }

    fn schema(&self, pair: Pair<'_, Rule>) -> Option<Schema> {
        let span = self.span(&pair);
        let mut name = None;
        let mut accept = Vec::new();
        let mut fields = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::accept => accept.push(self.only_expr(part)?),
                Rule::field => fields.push(self.field(part)?),
                _ => {}
            }
        }
        Some(Schema {
            name: name?,
            accept,
            fields,
            span,
        })
    }

    fn field(&self, pair: Pair<'_, Rule>) -> Option<Field> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let name = self.name(&parts.next()?);
        let ty = self.type_name(parts.find(|part| part.as_rule() == Rule::type_name)?)?;
        let value = self.expr(parts.find(|part| part.as_rule() == Rule::expr)?)?;
        let span = ending_with(span, value.span);
        Some(Field {
            name,
            ty,
            value,
            span,
        })
    }

    fn type_name(&self, pair: Pair<'_, Rule>) -> Option<TypeName> {
        let span = self.span(&pair);
        let mut list = false;
        let mut word = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => word = Some(self.name(&part)),
                _ => list = true,
            }
        }
        Some(TypeName {
            word: word?,
            list,
            span,
        })
    }

    fn list(&self, pair: Pair<'_, Rule>) -> Option<List> {
        let span = self.span(&pair);
        let (mut name, mut ty, mut modifier, mut source) = (None, None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::type_name => ty = Some(self.type_name(part)?),
                Rule::list_mark => modifier = Some(self.name(&part)),
                Rule::list_file => {
                    let path = part
                        .into_inner()
                        .find(|part| part.as_rule() == Rule::text)?;
                    source = Some(ListSource::File(self.quoted(&path)));
                }
                Rule::list_literal => source = Some(ListSource::Inline(self.exprs(part)?)),
                _ => {}
            }
        }
        Some(List {
            name: name?,
            ty: ty?,
            modifier,
            source: source?,
            span,
        })
    }

    fn table(&self, pair: Pair<'_, Rule>) -> Option<Table> {
        let span = self.span(&pair);
        let (mut name, mut path, mut key, mut end) = (None, None, None, span);
        let mut nocase = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::text => path = Some(self.quoted(&part)),
                Rule::table_column => {
                    let column = part.into_inner().next()?;
                    end = self.span(&column);
                    key = Some(match column.as_rule() {
                        Rule::text => Name {
                            text: self.unescape(&column),
                            span: end,
                        },
                        _ => self.name(&column),
                    });
                }
                Rule::table_nocase => {
                    end = self.span(&part);
                    nocase = true;
                }
                _ => {}
            }
        }
        Some(Table {
            name: name?,
            path: path?,
            key: key?,
            nocase,
            span: ending_with(span, end),
        })
    }

    fn constant(&self, pair: Pair<'_, Rule>) -> Option<Let> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let name = self.name(&parts.find(|part| part.as_rule() == Rule::name)?);
        let value = self.expr(parts.find(|part| part.as_rule() == Rule::expr)?)?;
        let span = ending_with(span, value.span);
        Some(Let { name, value, span })
    }

    fn rule(&self, pair: Pair<'_, Rule>) -> Option<RuleItem> {
        let span = self.span(&pair);
        let mut name = None;
        let mut sections = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::open | Rule::close | Rule::kw_rule => {}
                _ => sections.push(self.section(part)?),
            }
        }
        Some(RuleItem {
            name: name?,
            sections,
            span,
        })
    }

    fn section(&self, pair: Pair<'_, Rule>) -> Option<Section> {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::meta => Some(Section::Meta {
                entries: self.each(pair, Rule::meta_entry, Reader::meta_entry)?,
                span,
            }),
            Rule::emit => Some(Section::Emit {
                entries: self.each(pair, Rule::emit_entry, Reader::emit_entry)?,
                span,
            }),
            Rule::exclude => self.exclude(pair).map(Section::Exclude),
            _ => self.form(pair).map(Section::Form),
        }
    }

    /// What `read` makes of each inner pair of one kind.
    pub(super) fn each<T>(
        &self,
        pair: Pair<'_, Rule>,
        of: Rule,
        read: impl Fn(&Self, Pair<'_, Rule>) -> Option<T>,
    ) -> Option<Vec<T>> {
        pair.into_inner()
            .filter(|part| part.as_rule() == of)
            .map(|part| read(self, part))
            .collect()
    }

    pub(super) fn exprs(&self, pair: Pair<'_, Rule>) -> Option<Vec<Expr>> {
        self.each(pair, Rule::expr, Reader::expr)
    }

    fn only_expr(&self, pair: Pair<'_, Rule>) -> Option<Expr> {
        self.expr(
            pair.into_inner()
                .find(|part| part.as_rule() == Rule::expr)?,
        )
    }

    fn meta_entry(&self, pair: Pair<'_, Rule>) -> Option<MetaEntry> {
        let mut parts = pair.into_inner();
        let key = self.name(&parts.next()?);
        let value = self.meta_value(parts.find(|part| part.as_rule() == Rule::meta_value)?)?;
        Some(MetaEntry { key, value })
    }

    /// Lists in `meta` nest no deeper than brackets may.
    fn meta_value(&self, pair: Pair<'_, Rule>) -> Option<Expr> {
        let span = self.span(&pair);
        let value = pair.into_inner().next()?;
        let written = value.as_str().to_owned();
        let kind = match value.as_rule() {
            Rule::meta_list => {
                ExprKind::List(self.each(value, Rule::meta_value, Reader::meta_value)?)
            }
            Rule::text => ExprKind::Text(self.unescape(&value)),
            Rule::number => ExprKind::Number(written),
            Rule::quantity => {
                let (number, unit) = literals::quantity(&written);
                ExprKind::Quantity {
                    number: number.to_owned(),
                    unit: unit.to_owned(),
                }
            }
            Rule::date => ExprKind::Date(written),
            Rule::address => ExprKind::Address(written),
            Rule::kw_true => ExprKind::Bool(true),
            Rule::kw_false => ExprKind::Bool(false),
            _ => ExprKind::Name(written),
        };
        Some(Expr { kind, span })
    }

    fn emit_entry(&self, pair: Pair<'_, Rule>) -> Option<EmitEntry> {
        let mut parts = pair.into_inner();
        let name = self.name(&parts.next()?);
        let value = match parts.find(|part| part.as_rule() == Rule::expr) {
            Some(value) => Some(self.expr(value)?),
            None => None,
        };
        Some(EmitEntry { name, value })
    }

    fn exclude(&self, pair: Pair<'_, Rule>) -> Option<Exclude> {
        let span = self.span(&pair);
        let (mut name, mut from, mut clauses) = (None, Vec::<Name>::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::text => name = Some(self.quoted(&part)),
                Rule::name => from.push(self.name(&part)),
                Rule::clause => clauses.push(self.clause(part)?),
                _ => {}
            }
        }
        Some(Exclude {
            name: name?,
            from,
            clauses,
            span,
        })
    }

    fn clause(&self, pair: Pair<'_, Rule>) -> Option<Clause> {
        let mut parts = pair.into_inner();
        let word = self.name(&parts.next()?);
        let value = self.expr(parts.next()?)?;
        Some(Clause { word, value })
    }

    fn filter(&self, pair: Pair<'_, Rule>) -> Option<Filter> {
        let span = self.span(&pair);
        let (mut name, mut on, mut actions) = (None, Vec::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::on => on.push(
                    self.name(
                        &part
                            .into_inner()
                            .find(|part| part.as_rule() == Rule::name)?,
                    ),
                ),
                Rule::action => actions.push(self.action(part)?),
                _ => {}
            }
        }
        Some(Filter {
            name: name?,
            on,
            actions,
            span,
        })
    }

    fn action(&self, pair: Pair<'_, Rule>) -> Option<Action> {
        let span = self.span(&pair);
        let (mut word, mut tag, mut when) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => word = Some(self.name(&part)),
                Rule::text => tag = Some(self.quoted(&part)),
                Rule::expr => when = Some(self.expr(part)?),
                _ => {}
            }
        }
        let when = when?;
        let span = ending_with(span, when.span);
        Some(Action {
            word: word?,
            tag,
            when,
            span,
        })
    }
}

/// A span cut back to where its last part ends: the grammar's own spans take in the white space
/// before something optional that is not there.
pub(super) fn ending_with(span: Span, last: Span) -> Span {
    Span {
        end: last.end,
        ..span
    }
}

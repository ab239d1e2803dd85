//! What a rule keeps state for, as a hash: [`of`]. Two rules of the same fingerprint would have kept the
//! same events for the same steps and keys, so that one can go on with the state of the other, in
//! this process or another. Called when a set is compiled.
//!
//! INVARIANT: the hash depends on what the rule says alone: fields go by their names, lists and tables
//! by theirs (what is in a declared list or a table may be tuned), patterns by their text, and nothing by its
//! place. The same on every platform. A change of what is written here changes every fingerprint,
//! and so drops the state of every rule: [`GENERATION`] then says so.

use std::collections::BTreeSet;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};
use tripline_lang::ast::PathStep;
use tripline_lang::checked::{
    Aggregate, ArithmeticOp, Checked, CompareOp, Constant, Entries, Expr, ExprKind, Extent, List,
    Pick, Role, Rule, Schema, Shape, Table, TextOp,
};
use tripline_lang::value::Value;
use tripline_lang::value::convert::text_of;

/// Goes up when the same rule is to be taken for another one than before.
const GENERATION: u64 = 1;

/// The fingerprint of a rule: of its form, window, key, steps and conditions, and of what those
/// read of their schemas. Its name, `meta`, `emit` and exclusions are no part of it.
pub(super) fn of(checked: &Checked, rule: &Rule) -> u128 {
    let mut print = Print {
        hasher: SipHasher13::new(),
        checked,
        schemas: Vec::new(),
    };
    print.number(GENERATION);
    match &rule.form.shape {
        Shape::Match => print.word("match"),
        Shape::Sequence => print.word("sequence"),
        Shape::Together { .. } => print.word("together"),
        Shape::Count { .. } => print.word("count"),
    }
    if !matches!(rule.form.shape, Shape::Match) {
        print.number(rule.form.within.cast_unsigned());
    }
    let steps = &rule.form.steps;
    print.schemas = steps
        .iter()
        .map(|step| checked.schemas.get(step.schema))
        .collect();
    print.number(steps.len() as u64);
    for (at, step) in steps.iter().enumerate() {
        print.role(&step.role);
        print.number(step.conditions.len() as u64);
        for condition in &step.conditions {
            print.expr(condition, None);
        }
        let keys = &rule.form.keys;
        print.number(keys.len() as u64);
        for part in keys.iter().filter_map(|key| key.per_step.get(at)) {
            print.expr(part, None);
        }
    }
    print.added_up(rule);
    let decisive = steps.iter().flat_map(|step| &step.conditions);
    let keys = rule.form.keys.iter().flat_map(|key| &key.per_step);
    let added_up = asked_of_events(rule).flat_map(parts);
    let decisive: Vec<&Expr> = decisive.chain(keys).chain(added_up).collect();
    for (at, step) in steps.iter().enumerate() {
        if let Some(schema) = checked.schemas.get(step.schema) {
            print.schema(schema, reached(schema, at, &decisive));
        }
    }
    print.hasher.finish128().as_u128()
}

/// The aggregates that decide whether a rule holds. Which numbers they are compared with may be tuned;
/// those that are only emitted decide nothing.
fn asked_of_events(rule: &Rule) -> impl Iterator<Item = &Aggregate> {
    let mut asked = BTreeSet::new();
    let mut note = |having: &Expr| {
        having.visit(&mut |expr| {
            if let ExprKind::Aggregate(index) = expr.kind {
                asked.insert(index);
            }
        });
    };
    if let Shape::Count { having } = &rule.form.shape {
        note(having);
    }
    for step in &rule.form.steps {
        if let Role::Many {
            having: Some(having),
            ..
        } = &step.role
        {
            note(having);
        }
    }
    asked
        .into_iter()
        .filter_map(|index| rule.aggregates.get(index))
}

/// What an aggregate reads.
fn parts(aggregate: &Aggregate) -> impl Iterator<Item = &Expr> {
    aggregate.args.iter().chain(&aggregate.condition)
}

/// The fields of a step's schema that decide what is kept: by index, closed over what they read.
fn reached(schema: &Schema, step: usize, decisive: &[&Expr]) -> BTreeSet<usize> {
    let mut fields = BTreeSet::from([schema.time]);
    fields.extend(schema.id);
    let mut note = |expr: &Expr| match expr.kind {
        ExprKind::Field { step: of, field } if of == step => {
            fields.insert(field);
        }
        ExprKind::OwnField(field) => {
            fields.insert(field);
        }
        _ => {}
    };
    schema.accept.visit(&mut note);
    for expr in decisive {
        expr.visit(&mut note);
    }
    // Fields read only fields before them, so one pass from the last to the first closes the set.
    for (index, field) in schema.fields.iter().enumerate().rev() {
        if fields.contains(&index) {
            field.value.visit(&mut |expr| {
                if let ExprKind::OwnField(read) = expr.kind {
                    fields.insert(read);
                }
            });
        }
    }
    fields
}

struct Print<'c> {
    hasher: SipHasher13,
    checked: &'c Checked,
    /// The schema of each step.
    schemas: Vec<Option<&'c Schema>>,
}

impl Print<'_> {
    fn number(&mut self, value: u64) {
        self.hasher.write(&value.to_le_bytes());
    }

    /// A text with its length, so that two never run into each other.
    fn word(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.hasher.write(text.as_bytes());
    }

    fn flag(&mut self, value: bool) {
        self.number(u64::from(value));
    }

    fn role(&mut self, role: &Role) {
        let mut extent = |word: &str, step: usize, span: u64| {
            self.word(word);
            self.number(step as u64);
            self.number(span);
        };
        match role {
            Role::One(Pick::Any) => self.word("any"),
            Role::One(Pick::Last) => self.word("last"),
            Role::One(Pick::Every) => self.word("every"),
            Role::Many { .. } => self.word("many"),
            Role::Counted => self.word("counted"),
            Role::Absent(Extent::Between(one, other)) => extent("between", *one, *other as u64),
            Role::Absent(Extent::After(step, span)) => extent("after", *step, span.cast_unsigned()),
            Role::Absent(Extent::Before(step, span)) => {
                extent("before", *step, span.cast_unsigned());
            }
        }
    }

    /// What events must add up to, but for the numbers that is compared with.
    fn added_up(&mut self, rule: &Rule) {
        for aggregate in asked_of_events(rule) {
            self.word(aggregate.function.name);
            self.number(aggregate.step as u64);
            self.number(aggregate.args.len() as u64);
            for part in parts(aggregate) {
                self.expr(part, None);
            }
        }
    }

    fn schema(&mut self, schema: &Schema, fields: BTreeSet<usize>) {
        self.word(&schema.name);
        self.expr(&schema.accept, Some(schema));
        self.field_name(Some(schema), schema.time);
        self.flag(schema.id.is_some());
        if let Some(id) = schema.id {
            self.field_name(Some(schema), id);
        }
        // By name: the order in which fields are declared means nothing.
        let mut fields: Vec<_> = fields
            .into_iter()
            .filter_map(|at| schema.fields.get(at))
            .collect();
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        self.number(fields.len() as u64);
        for field in fields {
            self.word(&field.name);
            self.word(&field.ty.to_string());
            self.expr(&field.value, Some(schema));
        }
    }

    fn field_name(&mut self, schema: Option<&Schema>, field: usize) {
        let field = schema.and_then(|schema| schema.fields.get(field));
        self.word(field.map_or("", |field| &field.name));
    }

    /// An expression: its kind, what it says itself, and its operands. `own` is the schema whose
    /// own fields it may read.
    fn expr(&mut self, expr: &Expr, own: Option<&Schema>) {
        match &expr.kind {
            ExprKind::Constant(constant) => self.constant(constant),
            ExprKind::Path(path) => {
                self.word("path");
                self.path(path);
            }
            ExprKind::OwnField(field) => {
                self.word("own");
                self.field_name(own, *field);
            }
            ExprKind::Field { step, field } => {
                self.word("field");
                self.number(*step as u64);
                let schema = self.schemas.get(*step).copied().flatten();
                self.field_name(schema, *field);
            }
            ExprKind::Key(part) => {
                self.word("key");
                self.number(*part as u64);
            }
            // What a rule must add up to is printed by itself.
            ExprKind::Aggregate(_) => self.word("aggregate"),
            ExprKind::Local(depth) => {
                self.word("local");
                self.number(*depth as u64);
            }
            ExprKind::Member { path, .. } => {
                self.word("member");
                self.path(path);
            }
            ExprKind::Convert(_) => {
                self.word("convert");
                self.word(&expr.ty.to_string());
            }
            ExprKind::And(_) => self.word("and"),
            ExprKind::Or(_) => self.word("or"),
            ExprKind::Not(_) => self.word("not"),
            ExprKind::Coalesce(_) => self.word("coalesce"),
            ExprKind::Compare { op, nocase, .. } => {
                self.word(match op {
                    CompareOp::Equal => "==",
                    CompareOp::NotEqual => "!=",
                    CompareOp::Less => "<",
                    CompareOp::LessOrEqual => "<=",
                    CompareOp::Greater => ">",
                    CompareOp::GreaterOrEqual => ">=",
                });
                self.flag(*nocase);
            }
            ExprKind::Arithmetic { op, .. } => self.word(match op {
                ArithmeticOp::Add => "+",
                ArithmeticOp::Subtract => "-",
                ArithmeticOp::Multiply => "*",
                ArithmeticOp::Divide => "/",
            }),
            ExprKind::InList { list, .. } => {
                self.word("in list");
                let checked = self.checked;
                if let Some(list) = checked.lists.get(*list) {
                    self.list(list);
                }
            }
            ExprKind::Lookup { table, column, .. } => {
                self.word("lookup");
                self.table(table, *column);
            }
            ExprKind::InComputed { nocase, .. } => {
                self.word("in computed");
                self.flag(*nocase);
            }
            ExprKind::InRange { .. } => self.word("in range"),
            ExprKind::Matches { regex, .. } => {
                self.word("matches");
                self.word(regex.as_str());
            }
            ExprKind::TextTest { op, nocase, .. } => {
                self.word(match op {
                    TextOp::Contains => "contains",
                    TextOp::StartsWith => "starts_with",
                    TextOp::EndsWith => "ends_with",
                    TextOp::Has => "has",
                });
                self.flag(*nocase);
            }
            ExprKind::Call { function, .. } => {
                self.word("call");
                self.word(function.name);
            }
            ExprKind::Lambda(_) => self.word("lambda"),
            ExprKind::List(_) => self.word("list"),
        }
        let operands = expr.operands();
        self.number(operands.len() as u64);
        for operand in operands {
            self.expr(operand, own);
        }
    }

    fn path(&mut self, path: &[PathStep]) {
        self.number(path.len() as u64);
        for step in path {
            match step {
                PathStep::Key(name) => {
                    self.word("member");
                    self.word(name);
                }
                PathStep::Index(at) => {
                    self.word("element");
                    self.number(u64::from(*at));
                }
                PathStep::Each => self.word("each"),
            }
        }
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Missing => self.word("missing"),
            Constant::Bool(value) => {
                self.word("bool");
                self.flag(*value);
            }
            Constant::Int(value) => self.fixed("int", value.cast_unsigned()),
            Constant::Float(value) => self.fixed("float", value.to_bits()),
            // Not as a text without letters: that is what it was when it stood for missing.
            Constant::Text(text) if text.is_empty() => self.word("empty text"),
            Constant::Text(text) => self.text("text", text),
            Constant::Timestamp(value) => self.fixed("timestamp", value.cast_unsigned()),
            Constant::Duration(value) => self.fixed("duration", value.cast_unsigned()),
            Constant::Ip(value) => self.shown("ip", &Value::Ip(*value)),
            Constant::Cidr(value) => self.shown("cidr", &Value::Cidr(*value)),
            Constant::Regex(regex) => self.text("regex", regex.as_str()),
        }
    }

    /// A list: a declared one by its name and kind, one written in place by its entries.
    fn list(&mut self, list: &List) {
        let (kind, nocase) = match &list.entries {
            Entries::Text { nocase, .. } => ("text", *nocase),
            Entries::Int(_) => ("int", false),
            Entries::Float(_) => ("float", false),
            Entries::Ip(_) => ("ip", false),
            Entries::Cidr(_) => ("cidr", false),
            Entries::Regex(_) => ("regex", false),
        };
        self.word(kind);
        self.flag(nocase);
        self.flag(list.literal);
        if !list.literal {
            return self.word(&list.name);
        }
        match &list.entries {
            Entries::Text { values, .. } => values.iter().for_each(|value| self.text("", value)),
            Entries::Int(values) => {
                let values = values.iter().map(|value| value.cast_unsigned());
                values.for_each(|value| self.fixed("", value));
            }
            Entries::Float(values) => values
                .iter()
                .for_each(|value| self.fixed("", value.to_bits())),
            Entries::Ip(values) => values
                .iter()
                .for_each(|value| self.shown("", &Value::Ip(*value))),
            Entries::Cidr(values) => values
                .iter()
                .for_each(|value| self.shown("", &Value::Cidr(*value))),
            Entries::Regex(values) => values
                .iter()
                .for_each(|value| self.text("", value.as_str())),
        }
        self.word("end");
    }

    /// A table by its name and how its rows are found, and a column by its name: what stands in it may
    /// be tuned, and columns may come and go beside it.
    fn table(&mut self, table: &Table, column: Option<usize>) {
        self.word(table.name());
        self.flag(table.nocase());
        self.word(table.column_name(table.key()));
        self.flag(column.is_some());
        self.word(column.map_or("", |column| table.column_name(column)));
    }

    fn fixed(&mut self, kind: &str, value: u64) {
        self.word(kind);
        self.number(value);
    }

    fn text(&mut self, kind: &str, text: &str) {
        self.word(kind);
        self.word(text);
    }

    fn shown(&mut self, kind: &str, value: &Value<'_>) {
        self.text(kind, text_of(value).as_deref().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;

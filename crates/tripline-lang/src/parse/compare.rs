//! Whether two trees mean the same, wherever their parts stand. For tests of the formatter and
//! for everybody who wants to know whether a change of a rule file changed anything.

use super::json;
use crate::ast::{
    Count, Entry, Exclude, Expr, ExprKind, Extent, File, Given, GivenValue, Item, ListSource, Name,
    Quoted, Section, Setting, Step, Test, TestLine, TypeName,
};
use crate::source::{FileId, Span};

/// Whether two files declare the same: equal trees but for where things stand.
pub fn ast_eq(left: &File, right: &File) -> bool {
    placeless(left) == placeless(right)
}

const NOWHERE: Span = Span {
    file: FileId(0),
    start: 0,
    end: 0,
};

fn placeless(file: &File) -> Vec<Item> {
    let mut items = file.items.clone();
    items.iter_mut().for_each(item);
    items
}

fn item(item: &mut Item) {
    match item {
        Item::Schema(schema) => {
            schema.span = NOWHERE;
            name(&mut schema.name);
            schema.accept.iter_mut().for_each(expr);
            for field in &mut schema.fields {
                field.span = NOWHERE;
                name(&mut field.name);
                type_name(&mut field.ty);
                expr(&mut field.value);
            }
        }
        Item::List(list) => {
            list.span = NOWHERE;
            name(&mut list.name);
            type_name(&mut list.ty);
            list.modifier.iter_mut().for_each(name);
            match &mut list.source {
                ListSource::Inline(entries) => entries.iter_mut().for_each(expr),
                ListSource::File(path) => quoted(path),
            }
        }
        Item::Table(table) => {
            table.span = NOWHERE;
            name(&mut table.name);
            quoted(&mut table.path);
            name(&mut table.key);
        }
        Item::Let(constant) => {
            constant.span = NOWHERE;
            name(&mut constant.name);
            expr(&mut constant.value);
        }
        Item::Rule(rule) => {
            rule.span = NOWHERE;
            name(&mut rule.name);
            rule.sections.iter_mut().for_each(section);
        }
        Item::Exclude(found) => exclude(found),
        Item::Test(found) => test(found),
        Item::Filter(filter) => {
            filter.span = NOWHERE;
            name(&mut filter.name);
            filter.on.iter_mut().for_each(name);
            for action in &mut filter.actions {
                action.span = NOWHERE;
                name(&mut action.word);
                action.tag.iter_mut().for_each(quoted);
                expr(&mut action.when);
            }
        }
    }
}

fn section(section: &mut Section) {
    match section {
        Section::Meta { entries, span } => {
            *span = NOWHERE;
            for entry in entries {
                name(&mut entry.key);
                expr(&mut entry.value);
            }
        }
        Section::Form(form) => {
            form.span = NOWHERE;
            for part in &mut form.keys {
                part.span = NOWHERE;
                part.alternatives.iter_mut().for_each(expr);
            }
            form.within.iter_mut().for_each(expr);
            form.entries.iter_mut().for_each(entry);
        }
        Section::Emit { entries, span } => {
            *span = NOWHERE;
            for entry in entries {
                name(&mut entry.name);
                entry.value.iter_mut().for_each(expr);
            }
        }
        Section::Exclude(found) => exclude(found),
    }
}

/// A choice holds no other choice, so this goes two levels deep.
fn entry(found: &mut Entry) {
    match found {
        Entry::Step(found) => step(found),
        Entry::Absence(absence) => {
            absence.span = NOWHERE;
            step(&mut absence.step);
            match &mut absence.extent {
                Extent::Between(first, second) => {
                    name(first);
                    name(second);
                }
                Extent::After(of, span) | Extent::Before(of, span) => {
                    name(of);
                    expr(span);
                }
            }
        }
        Entry::Choice(choice) => {
            choice.span = NOWHERE;
            name(&mut choice.least);
            choice.entries.iter_mut().for_each(entry);
        }
        Entry::Having(having) => {
            having.span = NOWHERE;
            expr(&mut having.condition);
        }
    }
}

fn step(step: &mut Step) {
    step.span = NOWHERE;
    name(&mut step.name);
    step.least.iter_mut().for_each(name);
    step.modifier.iter_mut().for_each(name);
    name(&mut step.schema);
    step.condition.iter_mut().for_each(expr);
}

fn exclude(exclude: &mut Exclude) {
    exclude.span = NOWHERE;
    quoted(&mut exclude.name);
    exclude.from.iter_mut().for_each(name);
    for clause in &mut exclude.clauses {
        name(&mut clause.word);
        expr(&mut clause.value);
    }
}

fn test(test: &mut Test) {
    test.span = NOWHERE;
    quoted(&mut test.name);
    test.rules.iter_mut().for_each(name);
    for line in &mut test.lines {
        match line {
            TestLine::Event(event) => {
                event.span = NOWHERE;
                event.at.span = NOWHERE;
                name(&mut event.schema);
                event.fields.iter_mut().for_each(given);
            }
            TestLine::Records(records) => {
                records.span = NOWHERE;
                quoted(&mut records.path);
            }
            TestLine::Expect(expected) => {
                expected.span = NOWHERE;
                if let Count::Exactly(_, span) | Count::AtLeast(_, span) = &mut expected.count {
                    *span = NOWHERE;
                }
                expected.of.iter_mut().for_each(name);
                expected.by.iter_mut().for_each(quoted);
                expected.values.iter_mut().for_each(given);
            }
            TestLine::Setting(setting) => match setting {
                Setting::Lateness(value) => expr(value),
                Setting::Emission(word) => name(word),
                Setting::Today(day) => day.span = NOWHERE,
            },
        }
    }
}

fn given(given: &mut Given) {
    name(&mut given.name);
    given.member.iter_mut().for_each(name);
    match &mut given.value {
        GivenValue::Expr(value) => expr(value),
        GivenValue::Json(json) => {
            json.span = NOWHERE;
            // White space between its tokens says nothing.
            json.text = json::spaced(&json.text);
        }
    }
}

fn name(name: &mut Name) {
    name.span = NOWHERE;
}

fn quoted(quoted: &mut Quoted) {
    quoted.span = NOWHERE;
}

fn type_name(ty: &mut TypeName) {
    ty.span = NOWHERE;
    name(&mut ty.word);
}

/// Recursion is bounded by the depth that `parse` allows a tree.
fn expr(found: &mut Expr) {
    found.span = NOWHERE;
    match &mut found.kind {
        ExprKind::List(parts)
        | ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Coalesce(parts) => {
            parts.iter_mut().for_each(expr);
        }
        ExprKind::Member { of, step_span, .. } => {
            *step_span = NOWHERE;
            expr(of);
        }
        ExprKind::Call {
            name: function,
            args,
            condition,
        } => {
            name(function);
            args.iter_mut().for_each(expr);
            condition.iter_mut().for_each(|condition| expr(condition));
        }
        ExprKind::Lambda { param, body } => {
            name(param);
            expr(body);
        }
        ExprKind::Not(of) | ExprKind::Negate(of) => expr(of),
        ExprKind::Binary {
            op_span,
            left,
            right,
            ..
        } => {
            *op_span = NOWHERE;
            expr(left);
            expr(right);
        }
        ExprKind::Text(_)
        | ExprKind::Number(_)
        | ExprKind::Quantity { .. }
        | ExprKind::Bool(_)
        | ExprKind::Missing
        | ExprKind::Date(_)
        | ExprKind::Address(_)
        | ExprKind::Regex(_)
        | ExprKind::Path(_)
        | ExprKind::Name(_) => {}
    }
}

//! Which fields of events are needed: by anything, and by each step of a rule.

use std::collections::BTreeSet;

use tripline_lang::checked::{Checked, Expr, ExprKind, Rule};

use crate::program::{EventFields, Layout, Place};

/// For each schema, the fields that something needs: by index, closed over what they read.
pub(super) fn needed_fields(checked: &Checked, event_fields: EventFields) -> Vec<BTreeSet<usize>> {
    let mut needed: Vec<BTreeSet<usize>> = checked
        .schemas
        .iter()
        .map(|schema| {
            let mut fields = BTreeSet::from([schema.time]);
            fields.extend(schema.id);
            schema.accept.visit(&mut |expr| {
                if let ExprKind::OwnField(field) = expr.kind {
                    fields.insert(field);
                }
            });
            fields
        })
        .collect();
    for rule in &checked.rules {
        let steps = &rule.form.steps;
        for expr in rule_expressions(rule) {
            expr.visit(&mut |expr| {
                if let ExprKind::Field { step, field } = expr.kind
                    && let Some(fields) =
                        steps.get(step).and_then(|step| needed.get_mut(step.schema))
                {
                    fields.insert(field);
                }
            });
        }
        if event_fields == EventFields::Declared {
            for step in steps {
                if let (Some(schema), Some(fields)) = (
                    checked.schemas.get(step.schema),
                    needed.get_mut(step.schema),
                ) {
                    fields.extend(0..schema.fields.len());
                }
            }
        }
    }
    for filter in &checked.filters {
        for action in &filter.actions {
            action.when.visit(&mut |expr| {
                if let ExprKind::Field { field, .. } = expr.kind
                    && let Some(fields) = needed.get_mut(filter.schema)
                {
                    fields.insert(field);
                }
            });
        }
    }
    for (schema, needed) in checked.schemas.iter().zip(&mut needed) {
        // Fields read only fields before them, so one pass from the last to the first closes the set.
        for (index, field) in schema.fields.iter().enumerate().rev() {
            if needed.contains(&index) {
                field.value.visit(&mut |expr| {
                    if let ExprKind::OwnField(other) = expr.kind {
                        needed.insert(other);
                    }
                });
            }
        }
    }
    needed
}

/// Every expression of a rule.
fn rule_expressions(rule: &Rule) -> Vec<&Expr> {
    let steps = rule.form.steps.iter().flat_map(|step| &step.conditions);
    let keys = rule.form.keys.iter().flat_map(|key| &key.per_step);
    let aggregates = rule.aggregates.iter();
    let aggregates =
        aggregates.flat_map(|aggregate| aggregate.args.iter().chain(&aggregate.condition));
    let emit = rule.emit.iter().map(|emit| &emit.value);
    let exclusions = rule.exclusions.iter().map(|exclusion| &exclusion.when);
    steps
        .chain(keys)
        .chain(aggregates)
        .chain(emit)
        .chain(exclusions)
        .collect()
}

/// What is kept of the events of a step: first what joins read, `joined`. What is a part of the key is kept there.
pub(super) fn layout(
    checked: &Checked,
    rule: &Rule,
    at: usize,
    event_fields: EventFields,
    joined: Option<&BTreeSet<usize>>,
) -> Layout {
    let Some(schema) = rule
        .form
        .steps
        .get(at)
        .and_then(|step| checked.schemas.get(step.schema))
    else {
        return Layout {
            fields: Vec::new(),
            places: Vec::new(),
            time: 0,
        };
    };
    let mut used: BTreeSet<usize> = schema.id.into_iter().collect();
    match event_fields {
        EventFields::Declared => used.extend(0..schema.fields.len()),
        EventFields::Used => {
            for expr in rule_expressions(rule) {
                expr.visit(&mut |expr| {
                    if let ExprKind::Field { step, field } = expr.kind
                        && step == at
                    {
                        used.insert(field);
                    }
                });
            }
        }
    }
    let mut fields: Vec<usize> = joined.into_iter().flatten().copied().collect();
    fields.extend(
        used.iter()
            .filter(|field| !joined.is_some_and(|joined| joined.contains(*field))),
    );
    let mut places = vec![Place::None; schema.fields.len()];
    for (part, key) in rule.form.keys.iter().enumerate() {
        if let Some(Expr {
            kind: ExprKind::Field { step, field },
            ..
        }) = key.per_step.get(at)
            && *step == at
            && used.contains(field)
            && *field != schema.time
            && let Some(place @ Place::None) = places.get_mut(*field)
        {
            *place = Place::Key(part);
        }
    }
    let in_key = |field: &usize| matches!(places.get(*field), Some(Place::Key(_)));
    fields.retain(|field| *field != schema.time && !in_key(field));
    for (at, field) in fields.iter().enumerate() {
        if let Some(place) = places.get_mut(*field) {
            *place = Place::Packed(at);
        }
    }
    Layout {
        fields,
        places,
        time: schema.time,
    }
}

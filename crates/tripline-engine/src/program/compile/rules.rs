//! One rule: its conditions, split into those on one event (shared with other rules) and joins, the
//! layout of its steps, what it emits and what excludes a match.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tripline_lang::ast::PathStep;
use tripline_lang::checked::{Checked, Expr, ExprKind, Form, Pick, Rule};
use tripline_lang::value::Value;

use super::fields::layout;
use crate::program::node::{Lowering, Node};
use crate::program::schema::{Packing, SchemaProgram, StepScan};
use crate::program::set::Set;
use crate::program::{
    EventFields, ExclusionInfo, Layout, RuleInfo, RuleProgram, StepProgram, fingerprint,
};

/// What the rules of one schema share, found by how it is written.
#[derive(Default, Clone)]
pub(super) struct Interned {
    predicates: HashMap<String, u32>,
    packings: HashMap<String, u32>,
}

pub(super) fn rule_program(
    checked: &Checked,
    rule: &Rule,
    index: usize,
    event_fields: EventFields,
    sets: &[Arc<Set>],
    schemas: &mut [SchemaProgram],
    interned: &mut [Interned],
) -> RuleProgram {
    let mut no_paths = |_: &[PathStep]| 0;
    let steps = rule.form.steps();
    // Each join is tested as soon as the earliest step it names is bound, searching backwards.
    let mut joins: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
    let mut joined: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); steps.len()];
    let mut predicates: Vec<Vec<u32>> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let mut own = Vec::new();
        for condition in &step.conditions {
            let mut earliest = at;
            condition.visit(&mut |expr| {
                if let ExprKind::Field { step, .. } = expr.kind {
                    earliest = earliest.min(step);
                }
            });
            if earliest == at {
                let node = Lowering {
                    sets,
                    slot: &mut no_paths,
                    own_event: true,
                }
                .lower(condition);
                own.extend(intern(node, step.schema, schemas, interned));
            } else {
                condition.visit(&mut |expr| {
                    if let ExprKind::Field { step, field } = expr.kind
                        && let Some(fields) = joined.get_mut(step)
                    {
                        fields.insert(field);
                    }
                });
                let node = Lowering {
                    sets,
                    slot: &mut no_paths,
                    own_event: false,
                }
                .lower(condition);
                joins.entry(earliest).or_default().push(node);
            }
        }
        predicates.push(own);
    }
    let layouts: Vec<Layout> = (0..steps.len())
        .map(|at| layout(checked, rule, at, event_fields, joined.get(at)))
        .collect();
    for (at, ((step, predicates), layout)) in steps.iter().zip(predicates).zip(&layouts).enumerate()
    {
        let keys = rule
            .form
            .keys()
            .iter()
            .filter_map(|key| key.per_step.get(at))
            .map(|expr| {
                Lowering {
                    sets,
                    slot: &mut no_paths,
                    own_event: true,
                }
                .lower(expr)
            })
            .collect();
        let packing = Packing {
            keys,
            fields: layout.fields.clone(),
        };
        if let (Some(schema), Some(interned)) =
            (schemas.get_mut(step.schema), interned.get_mut(step.schema))
        {
            let packing = share(packing, &mut schema.packings, &mut interned.packings);
            schema.steps.push(StepScan {
                rule: u32::try_from(index).unwrap_or(u32::MAX),
                step: u16::try_from(at).unwrap_or(u16::MAX),
                predicates,
                packing,
            });
        }
    }
    let mut lowered = |expr: &Expr| {
        Lowering {
            sets,
            slot: &mut no_paths,
            own_event: false,
        }
        .lower(expr)
    };
    let emit = rule.emit.iter().map(|emit| lowered(&emit.value)).collect();
    let exclusions = rule
        .exclusions
        .iter()
        .map(|exclusion| (lowered(&exclusion.when), exclusion.expires))
        .collect();
    let programs: Vec<StepProgram> = steps
        .iter()
        .zip(layouts)
        .enumerate()
        .map(|(at, (step, layout))| StepProgram {
            schema: step.schema,
            pick: step.pick,
            layout,
            joins: joins.remove(&at).unwrap_or_default(),
        })
        .collect();
    RuleProgram {
        within: match &rule.form {
            Form::Match(_) => 0,
            Form::Sequence(sequence) => sequence.within,
        },
        single: matches!(rule.form, Form::Match(_)),
        any_every: steps
            .iter()
            .rev()
            .skip(1)
            .any(|step| step.pick == Pick::Every),
        steps: programs,
        emit,
        exclusions,
        identity: rule.meta.id.clone(),
        fingerprint: fingerprint::of(checked, rule),
    }
}

/// The index of an equal condition of the schema, added if there is none; none for a condition that always holds.
fn intern(
    node: Node,
    schema: usize,
    schemas: &mut [SchemaProgram],
    interned: &mut [Interned],
) -> Option<u32> {
    if matches!(&node, Node::Constant(Value::Bool(true))) {
        return None;
    }
    let (schema, interned) = (schemas.get_mut(schema)?, interned.get_mut(schema)?);
    let next = u32::try_from(schema.predicates.len()).ok()?;
    let written = format!("{node:?}");
    Some(*interned.predicates.entry(written).or_insert_with(|| {
        schema.predicates.push(node);
        next
    }))
}

/// The index of an equal packing of the schema, added if there is none.
fn share(
    packing: Packing,
    packings: &mut Vec<Packing>,
    interned: &mut HashMap<String, u32>,
) -> u32 {
    let next = u32::try_from(packings.len()).unwrap_or(u32::MAX);
    let written = format!("{:?} {:?}", packing.keys, packing.fields);
    *interned.entry(written).or_insert_with(|| {
        packings.push(packing);
        next
    })
}

/// What a face needs to know of the rule.
pub(super) fn rule_info(rule: &Rule) -> RuleInfo {
    RuleInfo {
        name: rule.name.clone(),
        meta: rule.meta.clone(),
        steps: rule
            .form
            .steps()
            .iter()
            .map(|step| step.name.clone())
            .collect(),
        keys: rule
            .form
            .keys()
            .iter()
            .map(|key| key.name.clone())
            .collect(),
        emit: rule.emit.iter().map(|emit| emit.name.clone()).collect(),
        exclusions: rule
            .exclusions
            .iter()
            .map(|exclusion| ExclusionInfo {
                name: exclusion.name.clone(),
                reason: exclusion.reason.clone(),
                owner: exclusion.owner.clone(),
                expires: exclusion.expires,
            })
            .collect(),
    }
}

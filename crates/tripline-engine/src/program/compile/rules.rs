//! One rule: its conditions, split into those on one event (shared with other rules) and joins, the
//! layout of its steps, what it emits and what excludes a match.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tripline_lang::ast::PathStep;
use tripline_lang::checked::{Checked, Expr, ExprKind, Extent, Pick, Role, Rule, Shape, Step};
use tripline_lang::value::Value;

use super::fields::layout;
use crate::program::form::{Count, Together};
use crate::program::node::{Lowering, Node};
use crate::program::schema::{Packing, SchemaProgram, StepScan};
use crate::program::set::Set;
use crate::program::{
    AggregateProgram, EventFields, ExclusionInfo, Layout, RoleProgram, RuleInfo, RuleProgram,
    ShapeProgram, StepProgram, fingerprint,
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
    let steps = &rule.form.steps;
    let conditions = sort_conditions(rule, sets, schemas, interned);
    let layouts: Vec<Layout> = (0..steps.len())
        .map(|at| {
            let joined = conditions.joined.get(at);
            layout(checked, rule, at, event_fields, joined)
        })
        .collect();
    let predicates = conditions.own.into_iter().zip(&layouts);
    for (at, (step, (predicates, layout))) in steps.iter().zip(predicates).enumerate() {
        let keys = rule.form.keys.iter();
        let keys = keys.filter_map(|key| key.per_step.get(at));
        let packing = Packing {
            keys: keys.map(|expr| lowered(expr, sets, true)).collect(),
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
    let bound = rule.form.bound().end;
    let times = Times::of(rule);
    let programs = steps.iter().zip(layouts).zip(conditions.joins).enumerate();
    let programs = programs.map(|(at, ((step, layout), joins))| StepProgram {
        schema: step.schema,
        role: match &step.role {
            Role::One(pick) => RoleProgram::One(*pick),
            Role::Many { least, having } => {
                let having = having.as_ref().map(|having| lowered(having, sets, false));
                RoleProgram::Many(*least, having)
            }
            Role::Counted => RoleProgram::Counted,
            Role::Absent(extent) => RoleProgram::Absent(*extent),
        },
        layout,
        joins,
        reach: times.reach(rule, at),
        is_final: times.is_final(rule, at),
    });
    let one = |step: &Step| matches!(step.role, Role::One(_));
    RuleProgram {
        plain: matches!(rule.form.shape, Shape::Sequence) && steps.iter().all(one),
        afresh: times.afresh,
        within: rule.form.within,
        hold: times.hold,
        bound,
        any_every: steps
            .iter()
            .take(bound.saturating_sub(1))
            .any(|step| step.role.pick() == Pick::Every),
        steps: programs.collect(),
        aggregates: aggregates(rule, sets),
        emit: rule
            .emit
            .iter()
            .map(|emit| lowered(&emit.value, sets, false))
            .collect(),
        exclusions: rule
            .exclusions
            .iter()
            .map(|exclusion| (lowered(&exclusion.when, sets, false), exclusion.expires))
            .collect(),
        identity: rule.meta.id.clone(),
        fingerprint: fingerprint::of(checked, rule),
        shape: match &rule.form.shape {
            Shape::Match => ShapeProgram::Match,
            Shape::Sequence => ShapeProgram::Sequence,
            Shape::Together { choices } => ShapeProgram::Together(Together {
                choices: choices.clone(),
                joins: conditions.together,
            }),
            Shape::Count { having } => {
                let mut reads = vec![false; rule.aggregates.len()];
                having.visit(&mut |expr| {
                    if let ExprKind::Aggregate(index) = expr.kind
                        && let Some(read) = reads.get_mut(index)
                    {
                        *read = true;
                    }
                });
                ShapeProgram::Count(Count {
                    having: lowered(having, sets, false),
                    reads,
                })
            }
        },
    }
}

fn aggregates(rule: &Rule, sets: &[Arc<Set>]) -> Vec<AggregateProgram> {
    let each = rule.aggregates.iter();
    each.map(|aggregate| AggregateProgram {
        kind: aggregate.function.kind,
        step: aggregate.step,
        args: aggregate
            .args
            .iter()
            .map(|arg| lowered(arg, sets, false))
            .collect(),
        condition: aggregate
            .condition
            .as_ref()
            .map(|condition| lowered(condition, sets, false)),
    })
    .collect()
}

/// An expression of a rule; with `own_event`, over one event that is at hand.
fn lowered(expr: &Expr, sets: &[Arc<Set>], own_event: bool) -> Node {
    let mut no_paths = |_: &[PathStep]| 0;
    Lowering {
        sets,
        slot: &mut no_paths,
        own_event,
    }
    .lower(expr)
}

/// How long events matter.
struct Times {
    /// How long after its time a final event stays open.
    hold: i64,
    afresh: bool,
}

impl Times {
    fn of(rule: &Rule) -> Times {
        let form = &rule.form;
        let after = form.steps.iter().filter_map(|step| match step.role {
            Role::Absent(Extent::After(_, span)) => Some(span),
            _ => None,
        });
        let last = form.bound().end.checked_sub(1);
        let last = last.and_then(|at| form.steps.get(at));
        Times {
            hold: after.max().unwrap_or(0),
            afresh: matches!(form.shape, Shape::Together { .. })
                || matches!(form.shape, Shape::Sequence)
                    && last.is_some_and(|step| step.role.is_many()),
        }
    }

    fn is_final(&self, rule: &Rule, at: usize) -> bool {
        let bound = rule.form.bound();
        match rule.form.shape {
            Shape::Match | Shape::Sequence => at + 1 == bound.end,
            Shape::Together { .. } | Shape::Count { .. } => bound.contains(&at),
        }
    }

    /// How long after its time an event of a step matters.
    fn reach(&self, rule: &Rule, at: usize) -> i64 {
        let within = rule.form.within;
        let own = match rule.form.steps.get(at).map(|step| &step.role) {
            Some(Role::Absent(Extent::Before(_, span))) => within.saturating_add(*span),
            Some(Role::Absent(_)) => within,
            _ if self.is_final(rule, at)
                && !self.afresh
                && matches!(rule.form.shape, Shape::Match | Shape::Sequence) =>
            {
                0
            }
            _ => within,
        };
        own.saturating_add(self.hold)
    }
}

/// The conditions of a rule, each where it is tested.
struct Conditions {
    /// For each step the conditions on its event alone, by their index in the schema.
    own: Vec<Vec<u32>>,
    /// For each step the conditions over several steps that are tested at it.
    joins: Vec<Vec<Node>>,
    /// Those of a `together`, with their steps.
    together: Vec<(Vec<usize>, Node)>,
    /// For each step the fields that conditions over several steps, and aggregates, read.
    joined: Vec<BTreeSet<usize>>,
}

fn sort_conditions(
    rule: &Rule,
    sets: &[Arc<Set>],
    schemas: &mut [SchemaProgram],
    interned: &mut [Interned],
) -> Conditions {
    let steps = &rule.form.steps;
    let mut sorted = Conditions {
        own: Vec::new(),
        joins: steps.iter().map(|_| Vec::new()).collect(),
        together: Vec::new(),
        joined: vec![BTreeSet::new(); steps.len()],
    };
    for (at, step) in steps.iter().enumerate() {
        let mut own = Vec::new();
        for condition in &step.conditions {
            let named = steps_of(condition, at);
            if named.len() == 1 {
                let node = lowered(condition, sets, true);
                own.extend(intern(node, step.schema, schemas, interned));
                continue;
            }
            note_fields(condition, &mut sorted.joined);
            let node = lowered(condition, sets, false);
            if matches!(rule.form.shape, Shape::Together { .. }) {
                sorted.together.push((named.into_iter().collect(), node));
            } else if let Some(joins) = sorted.joins.get_mut(tested_at(steps, at, &named)) {
                joins.push(node);
            }
        }
        sorted.own.push(own);
    }
    for aggregate in &rule.aggregates {
        for expr in aggregate.args.iter().chain(&aggregate.condition) {
            note_fields(expr, &mut sorted.joined);
        }
    }
    sorted
}

/// The steps that a condition of a step names, that one included.
fn steps_of(condition: &Expr, own: usize) -> BTreeSet<usize> {
    let mut named = BTreeSet::from([own]);
    condition.visit(&mut |expr| {
        if let ExprKind::Field { step, .. } = expr.kind {
            named.insert(step);
        }
    });
    named
}

/// The step of a sequence at which a condition of the step `own` over several steps is tested.
fn tested_at(steps: &[Step], own: usize, named: &BTreeSet<usize>) -> usize {
    if matches!(steps.get(own), Some(step) if matches!(step.role, Role::Absent(_))) {
        return own;
    }
    // Of each of several events; else once the earliest is bound, because the search goes backwards.
    let many = |at: &&usize| steps.get(**at).is_some_and(|step| step.role.is_many());
    let many = named.iter().find(many);
    many.or(named.first()).copied().unwrap_or(own)
}

fn note_fields(expr: &Expr, joined: &mut [BTreeSet<usize>]) {
    expr.visit(&mut |expr| {
        if let ExprKind::Field { step, field } = expr.kind
            && let Some(fields) = joined.get_mut(step)
        {
            fields.insert(field);
        }
    });
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
            .steps
            .iter()
            .map(|step| step.name.clone())
            .collect(),
        keys: rule.form.keys.iter().map(|key| key.name.clone()).collect(),
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

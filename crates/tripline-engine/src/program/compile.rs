//! Checked set to [`Program`]: which paths are read, which conditions are shared, which are joins,
//! and what is kept of an event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tripline_lang::ast::PathStep;
use tripline_lang::checked::{
    ActionKind, Checked, Expr, ExprKind, Filter, Form, Pick, Rule, Schema,
};

use super::node::{Lowering, Node};
use super::schema::{FieldProgram, SchemaProgram, StepScan};
use super::set::Set;
use super::{
    EventFields, ExclusionInfo, FilterProgram, Layout, Program, RuleInfo, RuleProgram, StepProgram,
};
use crate::record::{Paths, Slot};

/// The members under which a shipper may hold the whole record as JSON text.
pub(crate) const WRAPPERS: [&str; 2] = ["log", "message"];

pub(super) fn compile(checked: &Checked, event_fields: EventFields) -> Program {
    let sets: Vec<Arc<Set>> = checked
        .lists
        .iter()
        .map(|list| Arc::new(Set::new(list)))
        .collect();
    let needed = needed_fields(checked, event_fields);
    let mut slots = SlotTable::default();
    let mut schemas: Vec<SchemaProgram> = Vec::new();
    for (schema, needed) in checked.schemas.iter().zip(&needed) {
        schemas.push(schema_program(schema, needed, &sets, &mut slots));
    }
    let mut interned: Vec<HashMap<String, u32>> = vec![HashMap::new(); schemas.len()];
    let mut rules = Vec::new();
    for (index, rule) in checked.rules.iter().enumerate() {
        rules.push(rule_program(
            checked,
            rule,
            index,
            event_fields,
            &sets,
            &mut schemas,
            &mut interned,
        ));
    }
    let filters = checked
        .filters
        .iter()
        .map(|filter| filter_program(filter, &sets))
        .collect();
    let wrappers: Vec<Vec<PathStep>> = WRAPPERS
        .iter()
        .map(|name| vec![PathStep::Key((*name).to_owned())])
        .collect();
    Program {
        paths: slots.paths(),
        schemas,
        rules,
        infos: checked.rules.iter().map(rule_info).collect(),
        filters,
        wrappers: Paths::new(&wrappers, &[vec![1], vec![0]]),
    }
}

/// The paths that are read, each with a slot, and which other paths make each superfluous.
#[derive(Default)]
struct SlotTable {
    paths: Vec<Vec<PathStep>>,
    index: HashMap<Vec<PathStep>, Slot>,
    /// For each slot, the slots that stand before it in every `??` chain that reads it; `None`
    /// until it is read for the first time.
    after: Vec<Option<BTreeSet<Slot>>>,
}

impl SlotTable {
    fn slot(&mut self, path: &[PathStep]) -> Slot {
        if let Some(slot) = self.index.get(path) {
            return *slot;
        }
        let slot = self.paths.len();
        self.paths.push(path.to_vec());
        self.index.insert(path.to_vec(), slot);
        self.after.push(None);
        slot
    }

    /// Notes every read of a path in a lowered expression: `before` are the slots whose value
    /// makes this read superfluous.
    fn note_reads(&mut self, node: &Node, before: &BTreeSet<Slot>) {
        match node {
            Node::Slot(slot, _) => {
                if let Some(after) = self.after.get_mut(*slot) {
                    *after = Some(match after.take() {
                        None => before.clone(),
                        Some(seen) => seen.intersection(before).copied().collect(),
                    });
                }
            }
            Node::Coalesce(of) => {
                let mut before = before.clone();
                for node in of {
                    self.note_reads(node, &before);
                    // Only a whole raw value that is there settles the rest of the chain; a
                    // converted one may still turn out to be missing.
                    if let Node::Slot(slot, rest) = node
                        && rest.is_empty()
                    {
                        before.insert(*slot);
                    }
                }
            }
            Node::Member(of, _) | Node::Convert(of, _) | Node::Not(of) => {
                self.note_reads(of, before)
            }
            Node::InSet(of, _) | Node::Matches(of, _) => self.note_reads(of, before),
            Node::And(of) | Node::Or(of) | Node::Call(_, of) | Node::List(of) => {
                for node in of {
                    self.note_reads(node, before);
                }
            }
            Node::Compare(_, _, of)
            | Node::Arithmetic(_, of)
            | Node::InComputed(of, _)
            | Node::InRange(of)
            | Node::TextTest(_, _, of) => {
                self.note_reads(&of.0, before);
                self.note_reads(&of.1, before);
            }
            Node::Constant(_)
            | Node::Pattern(_)
            | Node::Own(_)
            | Node::Field(..)
            | Node::Key(_)
            | Node::Local(_) => {}
        }
    }

    fn paths(&self) -> Paths {
        let mut settled_by: Vec<Vec<Slot>> = vec![Vec::new(); self.paths.len()];
        for (slot, after) in self.after.iter().enumerate() {
            for earlier in after.iter().flatten() {
                if let Some(settles) = settled_by.get_mut(*earlier) {
                    settles.push(slot);
                }
            }
        }
        Paths::new(&self.paths, &settled_by)
    }
}

/// For each schema, the fields that something needs: by index, closed over what they read.
fn needed_fields(checked: &Checked, event_fields: EventFields) -> Vec<BTreeSet<usize>> {
    let mut needed: Vec<BTreeSet<usize>> = checked
        .schemas
        .iter()
        .map(|schema| {
            let mut fields = BTreeSet::from([schema.time]);
            fields.extend(schema.id);
            visit(&schema.accept, &mut |expr| {
                if let ExprKind::OwnField(field) = expr.kind {
                    fields.insert(field);
                }
            });
            fields
        })
        .collect();
    for rule in &checked.rules {
        let steps = rule.form.steps();
        for expr in rule_expressions(rule) {
            visit(expr, &mut |expr| {
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
            visit(&action.when, &mut |expr| {
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
                visit(&field.value, &mut |expr| {
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
    let steps = rule.form.steps().iter().flat_map(|step| &step.conditions);
    let keys = rule.form.keys().iter().flat_map(|key| &key.per_step);
    let emit = rule.emit.iter().map(|emit| &emit.value);
    let exclusions = rule.exclusions.iter().map(|exclusion| &exclusion.when);
    steps.chain(keys).chain(emit).chain(exclusions).collect()
}

/// Calls `seen` for an expression and everything in it.
fn visit(expr: &Expr, seen: &mut dyn FnMut(&Expr)) {
    seen(expr);
    match &expr.kind {
        ExprKind::Member { of, .. } | ExprKind::Convert(of) | ExprKind::Not(of) => visit(of, seen),
        ExprKind::Lambda(of) | ExprKind::InList { value: of, .. } => visit(of, seen),
        ExprKind::Matches { value, .. } => visit(value, seen),
        ExprKind::And(of) | ExprKind::Or(of) | ExprKind::Coalesce(of) | ExprKind::List(of) => {
            for expr in of {
                visit(expr, seen);
            }
        }
        ExprKind::Call { args, .. } => {
            for expr in args {
                visit(expr, seen);
            }
        }
        ExprKind::Compare { left, right, .. }
        | ExprKind::Arithmetic { left, right, .. }
        | ExprKind::InComputed {
            value: left,
            list: right,
            ..
        }
        | ExprKind::InRange {
            value: left,
            range: right,
        }
        | ExprKind::TextTest {
            value: left,
            part: right,
            ..
        } => {
            visit(left, seen);
            visit(right, seen);
        }
        ExprKind::Constant(_)
        | ExprKind::Path(_)
        | ExprKind::OwnField(_)
        | ExprKind::Field { .. }
        | ExprKind::Key(_)
        | ExprKind::Local(_) => {}
    }
}

fn schema_program(
    schema: &Schema,
    needed: &BTreeSet<usize>,
    sets: &[Arc<Set>],
    slots: &mut SlotTable,
) -> SchemaProgram {
    let lower = |expr: &Expr, slots: &mut SlotTable| {
        let node = Lowering {
            sets,
            slot: &mut |path| slots.slot(path),
            own_event: true,
        }
        .lower(expr);
        slots.note_reads(&node, &BTreeSet::new());
        node
    };
    let accept = lower(&schema.accept, slots);
    let mut fields = Vec::new();
    for (index, field) in schema.fields.iter().enumerate() {
        let value = if needed.contains(&index) {
            lower(&field.value, slots)
        } else {
            Node::Constant(tripline_lang::value::Value::Missing)
        };
        fields.push(FieldProgram {
            name: field.name.clone(),
            value,
        });
    }
    let mut accept_slots = Vec::new();
    slots_of(&accept, &fields, &mut accept_slots);
    SchemaProgram {
        name: schema.name.clone(),
        accept,
        accept_slots,
        fields,
        time: schema.time,
        id: schema.id,
        predicates: Vec::new(),
        steps: Vec::new(),
    }
}

/// The slots that an expression of a schema reads, itself or through fields.
fn slots_of(node: &Node, fields: &[FieldProgram], out: &mut Vec<Slot>) {
    match node {
        Node::Slot(slot, _) => out.push(*slot),
        Node::Own(field) => {
            if let Some(field) = fields.get(*field) {
                slots_of(&field.value, fields, out);
            }
        }
        Node::Member(of, _) | Node::Convert(of, _) | Node::Not(of) => slots_of(of, fields, out),
        Node::InSet(of, _) | Node::Matches(of, _) => slots_of(of, fields, out),
        Node::And(of) | Node::Or(of) | Node::Coalesce(of) | Node::Call(_, of) | Node::List(of) => {
            for node in of {
                slots_of(node, fields, out);
            }
        }
        Node::Compare(_, _, of)
        | Node::Arithmetic(_, of)
        | Node::InComputed(of, _)
        | Node::InRange(of)
        | Node::TextTest(_, _, of) => {
            slots_of(&of.0, fields, out);
            slots_of(&of.1, fields, out);
        }
        Node::Constant(_) | Node::Pattern(_) | Node::Field(..) | Node::Key(_) | Node::Local(_) => {}
    }
}

fn rule_program(
    checked: &Checked,
    rule: &Rule,
    index: usize,
    event_fields: EventFields,
    sets: &[Arc<Set>],
    schemas: &mut [SchemaProgram],
    interned: &mut [HashMap<String, u32>],
) -> RuleProgram {
    let mut no_paths = |_: &[PathStep]| 0;
    let steps = rule.form.steps();
    // Each join is tested as soon as the earliest step it names is bound, searching backwards.
    let mut joins: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
    let mut joined: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        let mut predicates = Vec::new();
        for condition in &step.conditions {
            let mut earliest = at;
            visit(condition, &mut |expr| {
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
                predicates.extend(intern(node, step.schema, schemas, interned));
            } else {
                visit(condition, &mut |expr| {
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
        if let Some(schema) = schemas.get_mut(step.schema) {
            schema.steps.push(StepScan {
                rule: u32::try_from(index).unwrap_or(u32::MAX),
                step: u16::try_from(at).unwrap_or(u16::MAX),
                predicates,
                keys,
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
        .enumerate()
        .map(|(at, step)| StepProgram {
            schema: step.schema,
            pick: step.pick,
            layout: layout(checked, rule, at, event_fields, joined.get(at)),
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
    }
}

/// The index of an equal condition of the schema, added if there is none; none for a condition that always holds.
fn intern(
    node: Node,
    schema: usize,
    schemas: &mut [SchemaProgram],
    interned: &mut [HashMap<String, u32>],
) -> Option<u32> {
    if matches!(
        &node,
        Node::Constant(tripline_lang::value::Value::Bool(true))
    ) {
        return None;
    }
    let (schema, interned) = (schemas.get_mut(schema)?, interned.get_mut(schema)?);
    let next = u32::try_from(schema.predicates.len()).ok()?;
    Some(*interned.entry(format!("{node:?}")).or_insert_with(|| {
        schema.predicates.push(node);
        next
    }))
}

fn layout(
    checked: &Checked,
    rule: &Rule,
    at: usize,
    event_fields: EventFields,
    joined: Option<&BTreeSet<usize>>,
) -> Layout {
    let Some(schema) = rule
        .form
        .steps()
        .get(at)
        .and_then(|step| checked.schemas.get(step.schema))
    else {
        return Layout {
            fields: Vec::new(),
            position: Vec::new(),
            time: 0,
        };
    };
    let mut used: BTreeSet<usize> = schema.id.into_iter().collect();
    match event_fields {
        EventFields::Declared => used.extend(0..schema.fields.len()),
        EventFields::Used => {
            for expr in rule_expressions(rule) {
                visit(expr, &mut |expr| {
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
    fields.retain(|field| *field != schema.time);
    let mut position = vec![None; schema.fields.len()];
    for (at, field) in fields.iter().enumerate() {
        if let Some(position) = position.get_mut(*field) {
            *position = Some(at);
        }
    }
    Layout {
        fields,
        position,
        time: schema.time,
    }
}

fn filter_program(filter: &Filter, sets: &[Arc<Set>]) -> FilterProgram {
    let mut no_paths = |_: &[PathStep]| 0;
    let mut lowering = Lowering {
        sets,
        slot: &mut no_paths,
        own_event: true,
    };
    let has = |kind: &ActionKind| filter.actions.iter().any(|action| action.kind == *kind);
    FilterProgram {
        name: filter.name.clone(),
        schema: filter.schema,
        actions: filter
            .actions
            .iter()
            .map(|action| (action.kind.clone(), lowering.lower(&action.when)))
            .collect(),
        drops_rest: has(&ActionKind::Keep) && !has(&ActionKind::Drop),
    }
}

fn rule_info(rule: &Rule) -> RuleInfo {
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

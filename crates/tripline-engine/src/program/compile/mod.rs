//! Checked set to [`Program`]: which paths are read, which conditions are shared, which are joins,
//! and what is kept of an event.

mod fields;
mod paths;
mod rules;

use std::collections::BTreeSet;
use std::hash::Hasher;
use std::sync::Arc;

use siphasher::sip128::SipHasher13;
use tripline_lang::ast::PathStep;
use tripline_lang::checked::{ActionKind, Checked, Expr, Filter, Schema};
use tripline_lang::value::Value;

use self::fields::needed_fields;
use self::paths::{SlotTable, slots_of};
use self::rules::{Interned, rule_info, rule_program};
use super::node::{Lowering, Node};
use super::schema::{FieldProgram, SchemaProgram};
use super::set::Set;
use super::{EventFields, FilterProgram, Program};
use crate::record::Paths;

/// The members under which a shipper may hold the whole record as JSON text.
pub(crate) const WRAPPERS: [&str; 2] = ["log", "message"];

/// The lists of a set, for [`compile`].
pub(super) fn sets(checked: &Checked) -> Vec<Arc<Set>> {
    let lists = checked.lists.iter();
    lists.map(|list| Arc::new(Set::new(list))).collect()
}

/// `sets` are those of this checked set: they may be large, and are shared between its compilations.
pub(super) fn compile(
    checked: &Checked,
    event_fields: EventFields,
    sets: Vec<Arc<Set>>,
) -> Program {
    let needed = needed_fields(checked, event_fields);
    let used = needed_fields(checked, EventFields::Used);
    let mut slots = SlotTable::default();
    let mut schemas: Vec<SchemaProgram> = Vec::new();
    for ((schema, needed), used) in checked.schemas.iter().zip(&needed).zip(used) {
        let mut program = schema_program(schema, needed, &sets, &mut slots);
        program.used = used.into_iter().collect();
        schemas.push(program);
    }
    let mut interned = vec![Interned::default(); schemas.len()];
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
        sets,
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
    let mut cells = 0;
    for (index, field) in schema.fields.iter().enumerate() {
        let (value, cell) = if needed.contains(&index) {
            cells += 1;
            (lower(&field.value, slots), Some(cells - 1))
        } else {
            (Node::Constant(Value::Missing), None)
        };
        fields.push(FieldProgram::new(
            field.name.clone(),
            field.ty.clone(),
            value,
            cell,
        ));
    }
    let mut accept_slots = Vec::new();
    slots_of(&accept, &fields, &mut accept_slots);
    SchemaProgram {
        name: schema.name.clone(),
        accept,
        accept_slots,
        fields,
        cells,
        time: schema.time,
        id: schema.id,
        identity: shared_identity(&schema.name),
        predicates: Vec::new(),
        steps: Vec::new(),
        packings: Vec::new(),
        used: Vec::new(),
    }
}

/// What the identities of a schema's events that have an id begin with.
fn shared_identity(schema: &str) -> SipHasher13 {
    let mut hasher = SipHasher13::new();
    hasher.write(schema.as_bytes());
    hasher.write(&[1]);
    hasher
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

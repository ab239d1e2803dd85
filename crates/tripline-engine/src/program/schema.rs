//! One schema compiled, and the event that it makes of a record: fields are computed when they
//! are asked for, at most once, borrowing from the record where they can.

use std::cell::OnceCell;

use tripline_lang::types::Type;
use tripline_lang::value::Value;

use super::eval::{Scope, borrowed, eval};
use super::node::Node;
use crate::record::{self, Kind, Slot, Slots};

/// One schema.
pub(crate) struct SchemaProgram {
    pub(crate) name: String,
    pub(crate) accept: Node,
    /// The slots that `accept` reads: where none is found, the record may be wrapped.
    pub(crate) accept_slots: Vec<Slot>,
    pub(crate) fields: Vec<FieldProgram>,
    pub(crate) time: usize,
    pub(crate) id: Option<usize>,
    /// Conditions on one event of this schema, shared by all rules that have them.
    pub(crate) predicates: Vec<Node>,
    /// The steps that take events of this schema.
    pub(crate) steps: Vec<StepScan>,
    /// How those steps want an event packed: rules that keep the same of it share one.
    pub(crate) packings: Vec<Packing>,
    /// The fields that something reads, by index.
    pub(crate) used: Vec<usize>,
}

/// One field.
pub(crate) struct FieldProgram {
    pub(crate) name: String,
    pub(crate) value: Node,
    /// The slots of which the first that is there is the field's text, if the field is no more
    /// than that.
    pub(crate) texts: Vec<Slot>,
}

impl FieldProgram {
    /// A field of the name with the value.
    pub(crate) fn new(name: String, value: Node) -> FieldProgram {
        let mut texts = Vec::new();
        if !matches!(&value, Node::Convert(_, Type::String)) || !value.texts(&mut texts) {
            texts.clear();
        }
        FieldProgram { name, value, texts }
    }
}

/// What decides whether an event is kept for one step of one rule.
pub(crate) struct StepScan {
    pub(crate) rule: u32,
    pub(crate) step: u16,
    /// Indexes into the schema's predicates; all must hold.
    pub(crate) predicates: Vec<u32>,
    /// Index into the schema's packings.
    pub(crate) packing: u32,
}

/// How an event is packed for a step.
pub(crate) struct Packing {
    /// The parts of the key, over the event alone.
    pub(crate) keys: Vec<Node>,
    /// The fields that are kept, by index.
    pub(crate) fields: Vec<usize>,
}

/// Storage for the fields of one event, kept from record to record so that nothing is allocated.
#[derive(Default)]
pub(crate) struct FieldCells(Vec<OnceCell<Value<'static>>>);

/// One event: a record seen through a schema.
pub(crate) struct EventView<'r> {
    record: &'r [u8],
    slots: &'r Slots,
    schema: &'r SchemaProgram,
    cells: Vec<OnceCell<Value<'r>>>,
}

impl<'r> EventView<'r> {
    /// Looks at a record whose slots have been read.
    pub(crate) fn new(
        record: &'r [u8],
        slots: &'r Slots,
        schema: &'r SchemaProgram,
        cells: &mut FieldCells,
    ) -> EventView<'r> {
        // Emptied and mapped, the same allocation serves another lifetime.
        let mut empty = std::mem::take(&mut cells.0);
        empty.clear();
        let mut cells: Vec<OnceCell<Value<'r>>> =
            empty.into_iter().map(|_| OnceCell::new()).collect();
        cells.resize_with(schema.fields.len(), OnceCell::new);
        EventView {
            record,
            slots,
            schema,
            cells,
        }
    }

    /// Gives the storage back.
    pub(crate) fn release(mut self, cells: &mut FieldCells) {
        self.cells.clear();
        cells.0 = self.cells.into_iter().map(|_| OnceCell::new()).collect();
    }

    /// The bytes of a field that is a text of the record as it stands there, without making a
    /// value of it; nothing where it is something else, which [`EventView::value`] knows.
    pub(crate) fn text(&self, field: usize) -> Option<&'r [u8]> {
        for slot in &self.schema.fields.get(field)?.texts {
            match self.slots.get(*slot) {
                None => {}
                Some(found) if found.kind == Kind::Text => {
                    let bytes = found.bytes(self.record);
                    match bytes.get(1..bytes.len().checked_sub(1)?)? {
                        [] => {}
                        text => return Some(text),
                    }
                }
                Some(found) if found.kind == Kind::Null => {}
                Some(_) => return None,
            }
        }
        None
    }

    /// A field of the event.
    pub(crate) fn value(&self, field: usize) -> Value<'_> {
        let (Some(cell), Some(program)) = (self.cells.get(field), self.schema.fields.get(field))
        else {
            return Value::Missing;
        };
        if let Some(value) = cell.get() {
            return borrowed(value);
        }
        let value = eval(&program.value, &Fresh(self), None);
        borrowed(cell.get_or_init(|| value))
    }
}

/// A raw value of the record; empty text and null are missing.
fn slot_value<'r>(record: &'r [u8], slots: &Slots, slot: Slot) -> Value<'r> {
    slots
        .get(slot)
        .map_or(Value::Missing, |found| record::value_of(record, found))
}

impl<'a> Scope<'a> for &'a EventView<'_> {
    fn slot(&self, slot: Slot) -> Value<'a> {
        slot_value(self.record, self.slots, slot)
    }

    fn own(&self, field: usize) -> Value<'a> {
        self.value(field)
    }

    fn field(&self, _step: usize, field: usize) -> Value<'a> {
        self.value(field)
    }
}

/// The same event where a value must live as long as the record: for filling the cells.
struct Fresh<'e, 'r>(&'e EventView<'r>);

impl<'r> Scope<'r> for Fresh<'_, 'r> {
    fn slot(&self, slot: Slot) -> Value<'r> {
        slot_value(self.0.record, self.0.slots, slot)
    }

    fn own(&self, field: usize) -> Value<'r> {
        // A field reads only fields declared before it, so this ends.
        self.0.value(field);
        self.0
            .cells
            .get(field)
            .and_then(OnceCell::get)
            .cloned()
            .unwrap_or(Value::Missing)
    }
}

//! One schema compiled, and the event that it makes of a record: fields are computed when they
//! are asked for, at most once, borrowing from the record where they can.

use std::borrow::Cow;
use std::cell::OnceCell;

use siphasher::sip128::SipHasher13;
use tripline_lang::types::Type;
use tripline_lang::value::case::is_plain_lower;
use tripline_lang::value::convert::{from_int, from_text, plain};
use tripline_lang::value::{Encoding, Value};

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
    /// How many cells its fields have.
    pub(crate) cells: usize,
    pub(crate) time: usize,
    pub(crate) id: Option<usize>,
    /// Where the identity of an event with an id begins: the hash of what all of them share.
    pub(crate) identity: SipHasher13,
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
    pub(crate) ty: Type,
    pub(crate) value: Node,
    /// Where the value is kept once it is known; none for a field that nothing needs, which is missing.
    cell: Option<usize>,
    /// The shorter way to the value, if there is one.
    read: Option<Read>,
}

/// A field that is the first of some slots that has a value, converted: as nearly all are.
struct Read {
    slots: Vec<Slot>,
    to: Type,
    /// What it is converted to is text.
    text: bool,
    /// Its letters are lowered.
    lowered: bool,
}

/// What the record has for a field.
enum Written<'r> {
    /// Nothing, null or empty text.
    Missing,
    /// A text without escapes, or a number of JSON: these bytes.
    Bytes(&'r [u8]),
    /// A whole number of MessagePack.
    Whole(i64),
    /// Something else.
    Other,
}

impl FieldProgram {
    /// A field of the name and the declared type with the value, which goes into the cell of this
    /// number; without one nothing needs it.
    pub(crate) fn new(name: String, ty: Type, value: Node, cell: Option<usize>) -> FieldProgram {
        let (converted, lowered) = match &value {
            Node::Call(function, args) if function.name == "lower" => (args.first(), true),
            other => (Some(other), false),
        };
        let read = match converted {
            Some(Node::Convert(
                of,
                to @ (Type::String | Type::Int | Type::Timestamp | Type::Ip),
            )) => {
                let mut slots = Vec::new();
                of.slots(&mut slots).then(|| Read {
                    slots,
                    text: *to == Type::String,
                    to: to.clone(),
                    lowered,
                })
            }
            _ => None,
        };
        FieldProgram {
            name,
            ty,
            value,
            cell,
            read,
        }
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

/// How many fields of an event are kept without an allocation.
const CELLS: usize = 16;

/// A field of an event, once it is known.
type Cell<'r> = OnceCell<Value<'r>>;

/// One event: a record seen through a schema.
pub(crate) struct EventView<'r> {
    record: &'r [u8],
    slots: &'r Slots,
    schema: &'r SchemaProgram,
    cells: [Cell<'r>; CELLS],
    /// The cells behind those, where a schema has more and one of them is asked for.
    more: OnceCell<Box<[Cell<'r>]>>,
}

impl<'r> EventView<'r> {
    /// Looks at a record whose slots have been read.
    #[inline]
    pub(crate) fn new(
        record: &'r [u8],
        slots: &'r Slots,
        schema: &'r SchemaProgram,
    ) -> EventView<'r> {
        EventView {
            record,
            slots,
            schema,
            cells: [const { OnceCell::new() }; CELLS],
            more: OnceCell::new(),
        }
    }

    /// The text of a field as it stands in the record, which has been verified, without making a
    /// value of it; nothing where it is something else, which [`EventView::value`] knows.
    pub(crate) fn text(&self, field: usize) -> Option<&'r [u8]> {
        let read = self.schema.fields.get(field)?.read.as_ref()?;
        if !read.text {
            return None;
        }
        match self.written(read) {
            Written::Bytes(text) if !read.lowered || is_plain_lower(text) => Some(text),
            _ => None,
        }
    }

    /// What the record has for a field.
    fn written(&self, read: &Read) -> Written<'r> {
        for slot in &read.slots {
            let Some(found) = self.slots.get(*slot) else {
                continue;
            };
            match (found.kind, found.encoding) {
                (Kind::Null, _) => {}
                (Kind::Text, _) => match found.text(self.record) {
                    Some([]) => {}
                    Some(text) => return Written::Bytes(text),
                    None => return Written::Other,
                },
                (Kind::Number, Encoding::Json) => {
                    return Written::Bytes(found.bytes(self.record));
                }
                (Kind::Number, Encoding::MessagePack) => {
                    return record::msgpack::whole(found.bytes(self.record))
                        .map_or(Written::Other, Written::Whole);
                }
                _ => return Written::Other,
            }
        }
        Written::Missing
    }

    /// The value of a field by the shorter way.
    fn read(&self, program: &FieldProgram) -> Option<Value<'r>> {
        let read = program.read.as_ref()?;
        let text = match self.written(read) {
            Written::Missing => return Some(Value::Missing),
            Written::Bytes(text) => text,
            Written::Whole(number) if !read.lowered => return Some(from_int(number, &read.to)),
            Written::Whole(_) | Written::Other => return None,
        };
        if read.lowered && !is_plain_lower(text) {
            return None;
        }
        if !read.text
            && let Some(value) = plain(text, &read.to)
        {
            return Some(value);
        }
        let text = std::str::from_utf8(text).ok()?;
        Some(from_text(Cow::Borrowed(text), &read.to))
    }

    /// The cell of this number.
    #[inline]
    fn cell(&self, number: usize) -> Option<&Cell<'r>> {
        match self.cells.get(number) {
            Some(cell) => Some(cell),
            None => self.cell_behind(number - CELLS),
        }
    }

    #[inline(never)]
    fn cell_behind(&self, number: usize) -> Option<&Cell<'r>> {
        let cells = self.more.get_or_init(|| {
            let more = self.schema.cells.saturating_sub(CELLS);
            (0..more).map(|_| OnceCell::new()).collect()
        });
        cells.get(number)
    }

    /// A field of the event.
    pub(crate) fn value(&self, field: usize) -> Value<'_> {
        let Some(program) = self.schema.fields.get(field) else {
            return Value::Missing;
        };
        let Some(cell) = program.cell.and_then(|number| self.cell(number)) else {
            return Value::Missing;
        };
        if cell.get().is_none() {
            let value = match self.read(program) {
                Some(value) => value,
                None => eval(&program.value, &Fresh(self), None),
            };
            // A field reads only fields declared before it, so nobody was faster.
            let _ = cell.set(value);
        }
        cell.get().map_or(Value::Missing, borrowed)
    }

    /// The field as a value that lives as long as the record.
    fn lasting(&self, field: usize) -> Value<'r> {
        // A field reads only fields declared before it, so this ends.
        self.value(field);
        let number = self.schema.fields.get(field).and_then(|field| field.cell);
        let cell = number.and_then(|number| self.cell(number));
        cell.and_then(OnceCell::get)
            .cloned()
            .unwrap_or(Value::Missing)
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
        self.0.lasting(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{pack, pack_text};
    use crate::program::{EventFields, RuleSet};

    const RULES: &str = r#"
        schema s {
            accept present(.t)
            time : timestamp = .t
            text : string = .a ?? .b ?? .c
            name : string = lower(.a ?? .b)
            count : int = .a ?? .b
            address : ip = .a ?? .b
        }
        rule r {
            match { e = s where present(text) and present(name) and present(count) and present(address) }
        }
    "#;

    #[test]
    fn the_shorter_way_to_a_value_leads_to_the_same_value() {
        let mut sources = tripline_lang::source::SourceSet::from_texts([("r.trip", RULES)]);
        let checking = tripline_lang::check(&mut sources, chrono::NaiveDate::default());
        let checked = checking
            .checked
            .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
        let rules = RuleSet::compile(&checked, EventFields::Declared);
        let program = rules.program();
        let schema = program.schemas.first().unwrap();
        assert!(schema.fields.iter().all(|field| field.read.is_some()));
        let mut slots = Slots::new(&program.paths);
        for a in [
            "null",
            r#""""#,
            r#""x""#,
            r#""X y""#,
            r#""x\u0041""#,
            r#""é""#,
            r#""É""#,
            "7",
            "-7.50",
            "1e2",
            "true",
            r#"{"a":1}"#,
            "[1]",
            r#""192.0.2.1""#,
            r#"" 7 ""#,
            r#""2a2c676e-885f-43d9-90cb-2c035772e31c""#,
            r#""2026-03-02T10:00:00Z""#,
        ] {
            for rest in ["", r#","b":"B","c":"c""#, r#","b":null,"c":5"#] {
                let record = format!(r#"{{"t":{a},"a":{a}{rest}}}"#);
                let bytes = record.as_bytes();
                record::json::read(bytes, &program.paths, &mut slots).unwrap();
                let event = EventView::new(bytes, &slots, schema);
                for (at, field) in schema.fields.iter().enumerate() {
                    let value = eval(&field.value, &Fresh(&event), None);
                    let shorter = event.value(at);
                    assert_eq!(
                        format!("{shorter:?}"),
                        format!("{value:?}"),
                        "{} of {record}",
                        field.name
                    );
                    if let Some(text) = event.text(at) {
                        let (mut one, mut other) = (Vec::new(), Vec::new());
                        pack_text(text, &mut one);
                        pack(&value, &mut other);
                        assert_eq!(one, other, "{} of {record}", field.name);
                    }
                }
            }
        }
    }
}

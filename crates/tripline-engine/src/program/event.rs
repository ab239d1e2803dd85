//! The event that a schema makes of a record: fields are computed when they are asked for, at most once,
//! borrowing from the record where they can. Made by the scanner for each record and schema, so what
//! counts is that it costs nothing to begin and to end.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::net::IpAddr;

use tripline_lang::value::case::is_plain_lower;
use tripline_lang::value::convert::{from_int, from_text, plain};
use tripline_lang::value::{Encoding, Value};

use super::eval::{Scope, borrowed, eval};
use super::schema::{FieldProgram, Read, SchemaProgram};
use crate::record::{self, Kind, Slot, Slots};

/// What the record has for a field.
enum Written<'r> {
    /// Nothing, null or empty text.
    Missing,
    /// A text without escapes, or a number of JSON: these bytes.
    Bytes(&'r [u8]),
    /// A whole number of any other encoding.
    Whole(i64),
    /// Something else.
    Other,
}

/// How many fields of an event are kept without an allocation.
const CELLS: usize = 16;

/// A field of an event, once it is known; copied and never dropped, because that costs nothing.
#[derive(Clone, Copy)]
enum Known<'r> {
    NotYet,
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'r str),
    Timestamp(i64),
    Ip(IpAddr),
    /// Anything else is kept aside.
    Aside,
}

/// One event: a record seen through a schema.
pub(crate) struct EventView<'r> {
    record: &'r [u8],
    slots: &'r Slots,
    schema: &'r SchemaProgram,
    cells: [Cell<Known<'r>>; CELLS],
    /// The fields that are no [`Known`], by the numbers of their cells, and all that have no cell.
    aside: OnceCell<Box<[OnceCell<Value<'r>>]>>,
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
            cells: [const { Cell::new(Known::NotYet) }; CELLS],
            aside: OnceCell::new(),
        }
    }

    /// The text of a field as it stands in the record, which has been verified, without making a
    /// value of it; nothing where it is something else, which [`EventView::value`] knows.
    #[inline]
    pub(crate) fn text(&self, field: usize) -> Option<&'r [u8]> {
        let read = self.schema.fields.get(field)?.read.as_ref()?;
        if !read.text {
            return None;
        }
        let text = match self.first_text(read) {
            Some(text) => text,
            None => match self.written(read) {
                Written::Bytes(text) => text,
                _ => return None,
            },
        };
        (!read.lowered || is_plain_lower(text)).then_some(text)
    }

    /// The way most fields go: the text, not empty and without escapes, that the record has in the
    /// first of the places that are asked.
    #[inline(always)]
    fn first_text(&self, read: &Read) -> Option<&'r [u8]> {
        let found = self.slots.get(*read.slots.first()?)?;
        if found.kind != Kind::Text {
            return None;
        }
        found.text(self.record).filter(|text| !text.is_empty())
    }

    /// What the record has for a field.
    #[inline(never)]
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
                (Kind::Number, _) => {
                    return record::whole(self.record, found)
                        .map_or(Written::Other, Written::Whole);
                }
                _ => return Written::Other,
            }
        }
        if read.all {
            Written::Missing
        } else {
            Written::Other
        }
    }

    /// The value of a field by the shorter way.
    fn read(&self, program: &FieldProgram) -> Option<Value<'r>> {
        let read = program.read.as_ref()?;
        let text = match self.first_text(read) {
            Some(text) => text,
            None => match self.written(read) {
                Written::Missing => return Some(Value::Missing),
                Written::Bytes(text) => text,
                Written::Whole(number) if !read.lowered => {
                    return Some(from_int(number, &read.to));
                }
                Written::Whole(_) | Written::Other => return None,
            },
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

    /// Where the field whose cell has this number is kept aside.
    #[inline(never)]
    fn aside(&self, number: usize) -> Option<&OnceCell<Value<'r>>> {
        let cells = self
            .aside
            .get_or_init(|| (0..self.schema.cells).map(|_| OnceCell::new()).collect());
        cells.get(number)
    }

    /// A field of the event.
    pub(crate) fn value(&self, field: usize) -> Value<'_> {
        match self.known(field) {
            Ok(value) => value,
            Err(value) => value.map_or(Value::Missing, borrowed),
        }
    }

    /// Sets a field that has not been asked for, so that it is not computed.
    pub(crate) fn set(&self, field: usize, value: Value<'r>) {
        let program = self.schema.fields.get(field);
        let Some(number) = program.and_then(|program| program.cell) else {
            return;
        };
        let known = match &value {
            Value::Missing => Known::Missing,
            Value::Bool(truth) => Known::Bool(*truth),
            Value::Int(number) => Known::Int(*number),
            Value::Float(number) => Known::Float(*number),
            Value::Timestamp(at) => Known::Timestamp(*at),
            Value::Ip(ip) => Known::Ip(*ip),
            _ => Known::Aside,
        };
        if let Some(cell) = self.cells.get(number) {
            cell.set(known);
            if !matches!(known, Known::Aside) {
                return;
            }
        }
        if let Some(aside) = self.aside(number) {
            // Only the first value counts.
            let _ = aside.set(value);
        }
    }

    /// The field, or where it is kept aside.
    fn known(&self, field: usize) -> Result<Value<'r>, Option<&Value<'r>>> {
        let Some(program) = self.schema.fields.get(field) else {
            return Ok(Value::Missing);
        };
        let Some(number) = program.cell else {
            return Ok(Value::Missing);
        };
        let cell = self.cells.get(number);
        match cell.map_or(Known::Aside, Cell::get) {
            Known::NotYet => {}
            Known::Missing => return Ok(Value::Missing),
            Known::Bool(truth) => return Ok(Value::Bool(truth)),
            Known::Int(number) => return Ok(Value::Int(number)),
            Known::Float(number) => return Ok(Value::Float(number)),
            Known::Text(text) => return Ok(Value::Text(Cow::Borrowed(text))),
            Known::Timestamp(at) => return Ok(Value::Timestamp(at)),
            Known::Ip(ip) => return Ok(Value::Ip(ip)),
            Known::Aside => {
                let aside = self.aside(number);
                if let Some(value) = aside.and_then(OnceCell::get) {
                    return Err(Some(value));
                }
            }
        }
        let value = match self.read(program) {
            Some(value) => value,
            None => eval(&program.value, &Fresh(self), None),
        };
        let known = match &value {
            Value::Missing => Known::Missing,
            Value::Bool(truth) => Known::Bool(*truth),
            Value::Int(number) => Known::Int(*number),
            Value::Float(number) => Known::Float(*number),
            Value::Text(Cow::Borrowed(text)) => Known::Text(text),
            Value::Timestamp(at) => Known::Timestamp(*at),
            Value::Ip(ip) => Known::Ip(*ip),
            _ => Known::Aside,
        };
        match (cell, known) {
            (Some(cell), Known::Aside) => cell.set(known),
            (Some(cell), known) => {
                cell.set(known);
                return Ok(value);
            }
            (None, _) => {}
        }
        // A field reads only fields declared before it, so nobody was faster.
        Err(self.aside(number).map(|aside| aside.get_or_init(|| value)))
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
        match self.0.known(field) {
            Ok(value) => value,
            Err(value) => value.cloned().unwrap_or(Value::Missing),
        }
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
            inner : string = .a ?? json(.b).c ?? .c
        }
        rule r {
            match { e = s where present(text) and present(name) and present(count) and present(address) and present(inner) }
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
            for rest in [
                "",
                r#","b":"B","c":"c""#,
                r#","b":null,"c":5"#,
                r#","b":"{\"c\":\"d\"}""#,
            ] {
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

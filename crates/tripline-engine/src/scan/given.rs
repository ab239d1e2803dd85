//! Events that are given and not read from records: a test of rules says what their fields are. For the
//! rest of the engine they are events like any other.

use tripline_lang::value::Value;

use super::{Batch, Scanner, identity, note_candidates};
use crate::fate::Fate;
use crate::program::EventView;
use crate::record;

/// The record that an event is of which nothing but the given fields is known.
const EMPTY: &[u8] = b"{}";

/// An event by its fields.
#[derive(Debug, Clone, Copy)]
pub struct GivenEvent<'a> {
    /// Index of its schema in the rule set.
    pub schema: usize,
    /// When it happened, nanoseconds since 1970.
    pub time: i64,
    /// The fields it has, by index in the schema, each of the field's type. The others are computed by
    /// the schema, from these and from an empty record; whether the schema accepts that is not asked.
    pub fields: &'a [(usize, Value<'a>)],
    /// Tells it from other events, where it has no `id`; given back with the events of a detection
    /// ([`crate::StepEvent::origin`]).
    pub number: u64,
}

impl Scanner {
    /// Appends what rules may need of an event that is given, as [`Scanner::scan`] does of a record. It
    /// is no event where there is no such schema.
    pub fn scan_given(&mut self, given: &GivenEvent<'_>, batch: &mut Batch) {
        let (program, buffers) = (self.rules.program(), &mut self.buffers);
        batch.origin = i64::try_from(given.number).ok();
        let first = batch.candidates.len();
        let empty = record::json::read(EMPTY, &program.paths, &mut buffers.slots);
        match (program.schemas.get(given.schema), empty) {
            (Some(schema), Ok(())) => {
                let event = EventView::new(EMPTY, &buffers.slots, schema);
                event.set(schema.time, Value::Timestamp(given.time));
                for (field, value) in given.fields {
                    event.set(*field, value.clone());
                }
                note_candidates(schema, &event, &mut buffers.tried, batch);
                let identity = identity(schema, &event, &given.number.to_le_bytes());
                batch.note(Ok(given.time), identity, first);
            }
            _ => batch.note(Err(Fate::NotAccepted), 0, first),
        }
        batch.records += 1;
    }
}

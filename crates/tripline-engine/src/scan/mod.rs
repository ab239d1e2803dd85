//! The stateless half of the engine: a [`Scanner`] reads records and notes in a [`Batch`] what
//! rules may need of them. One scanner a thread; batches are handed to the one
//! [`crate::Engine`] in the order of the records.
//!
//! What happens to one record: the wanted paths are read in one pass, the schemas that accept it
//! are asked for its time, the conditions on this event alone are tested (each once, however
//! many rules share it), and for every step that takes it the key and the kept fields are packed.

mod batch;
mod filter;
mod given;

use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::Hasher;
use std::ops::Range;
use tripline_lang::value::{Encoding, Value};

use crate::fate::Fate;
use crate::pack::{pack, pack_text};
use crate::program::eval::{eval, owned};
use crate::program::schema::{Packing, SchemaProgram};
use crate::program::{EventView, Node, Program, RuleSet, holds};
use crate::record::{self, Slots};

pub use self::batch::Batch;
pub(crate) use self::batch::{Candidate, Presence};
pub use self::filter::Verdict;
pub use self::given::GivenEvent;

/// Identity of an event: the hash of its schema and its `id`, or of its bytes.
pub(crate) type Identity = u128;

/// Reads records for a rule set. Holds buffers that are reused; what it read before changes nothing
/// of what it finds.
pub struct Scanner {
    rules: RuleSet,
    buffers: Buffers,
}

/// What is reused from record to record.
struct Buffers {
    slots: Slots,
    wrapper_slots: Slots,
    tried: Tried,
}

/// What has been found out about the event at hand, once for all the rules that share it.
#[derive(Default)]
struct Tried {
    /// For each condition of the schema: not tested yet, does not hold, holds.
    tested: Vec<Option<bool>>,
    /// For each packing of the schema, where it is in the batch's bytes.
    packed: Vec<Option<Packed>>,
}

/// Where an event is in a batch's bytes, packed for some steps.
#[derive(Clone)]
struct Packed {
    key: Option<Range<usize>>,
    fields: Range<usize>,
}

impl Scanner {
    /// A scanner for the rule set.
    pub fn new(rules: &RuleSet) -> Scanner {
        let program = rules.program();
        Scanner {
            rules: rules.clone(),
            buffers: Buffers {
                slots: Slots::new(&program.paths),
                wrapper_slots: Slots::new(&program.wrappers),
                tried: Tried::default(),
            },
        }
    }

    /// Reads one JSON record and appends what rules may need of it.
    pub fn scan(&mut self, record: &[u8], batch: &mut Batch) {
        self.scan_encoded(record, Encoding::Json, batch);
    }

    /// Reads one record of any encoding and appends what rules may need of it.
    pub fn scan_encoded(&mut self, record: &[u8], encoding: Encoding, batch: &mut Batch) {
        batch.origin = None;
        self.note(record, encoding, batch);
    }

    /// Reads one JSON record that the caller can find again: `origin` is given back with the events
    /// of a detection ([`crate::StepEvent::origin`]), so that [`Scanner::fields`] can read there
    /// what was not kept.
    pub fn scan_from(&mut self, record: &[u8], origin: Option<u64>, batch: &mut Batch) {
        batch.origin = origin.and_then(|origin| i64::try_from(origin).ok());
        self.note(record, Encoding::Json, batch);
    }

    fn note(&mut self, record: &[u8], encoding: Encoding, batch: &mut Batch) {
        let (program, buffers) = (self.rules.program(), &mut self.buffers);
        let before = batch.entries.len();
        buffers.read(program, record, encoding, batch);
        if batch.entries.len() == before {
            // What is wrapped in a wrapped record is not unwrapped again.
            if let Some(inner) = buffers.unwrap(program, record, encoding) {
                buffers.read(program, &inner, Encoding::Json, batch);
            }
        }
        if batch.entries.len() == before {
            batch.note(Err(Fate::NotAccepted), 0, batch.candidates.len());
        }
        batch.records += 1;
    }

    /// The event time of a JSON record, nanoseconds since 1970, if a schema accepts it and it has one.
    pub fn time(&mut self, record: &[u8]) -> Option<i64> {
        let (program, buffers) = (self.rules.program(), &mut self.buffers);
        buffers.time(program, record).or_else(|| {
            let inner = buffers.unwrap(program, record, Encoding::Json)?;
            buffers.time(program, &inner)
        })
    }

    /// The present fields of a JSON record as an event of a rule's step, by their index in its schema
    /// ([`RuleSet::field_name`]). All that the schema declares are read if the rule set was compiled
    /// with [`crate::EventFields::Declared`].
    pub fn fields(
        &mut self,
        rule: usize,
        step: usize,
        record: &[u8],
    ) -> Vec<(usize, Value<'static>)> {
        let (program, buffers) = (self.rules.program(), &mut self.buffers);
        let step = program
            .rules
            .get(rule)
            .and_then(|rule| rule.steps.get(step));
        let Some(schema) = step.and_then(|step| program.schemas.get(step.schema)) else {
            return Vec::new();
        };
        buffers.fields(program, schema, record).unwrap_or_else(|| {
            let inner = buffers
                .unwrap(program, record, Encoding::Json)
                .unwrap_or_default();
            buffers.fields(program, schema, &inner).unwrap_or_default()
        })
    }
}

impl Buffers {
    /// Reads a record and notes it for each schema that accepts it; notes nothing if none does.
    fn read(&mut self, program: &Program, record: &[u8], encoding: Encoding, batch: &mut Batch) {
        if let Err(error) = record::read(record, encoding, &program.paths, &mut self.slots) {
            batch.note(Err(Fate::Unparsable(error)), 0, batch.candidates.len());
            return;
        }
        batch
            .presence
            .resize_with(program.schemas.len(), Presence::default);
        for (index, schema) in program.schemas.iter().enumerate() {
            let event = EventView::new(record, &self.slots, schema);
            if holds(&schema.accept, &&event, None) {
                let first = batch.candidates.len();
                match event.value(schema.time) {
                    Value::Timestamp(time) => {
                        if let Some(presence) = batch.presence.get_mut(index) {
                            presence.look(schema, &event, time);
                        }
                        note_candidates(schema, &event, &mut self.tried, batch);
                        let identity = if batch.candidates.len() > first {
                            identity(schema, &event, record)
                        } else {
                            0
                        };
                        batch.note(Ok(time), identity, first);
                    }
                    _ => batch.note(Err(Fate::NoTime), 0, first),
                }
            }
        }
    }

    /// The JSON record inside, where this one has nothing that a schema asks for, but an object as
    /// JSON text under one of the members in which shippers put whole records.
    fn unwrap(&mut self, program: &Program, record: &[u8], encoding: Encoding) -> Option<Vec<u8>> {
        let mut accepts = program
            .schemas
            .iter()
            .flat_map(|schema| &schema.accept_slots);
        if accepts.any(|slot| self.slots.get(*slot).is_some()) {
            return None;
        }
        record::read(record, encoding, &program.wrappers, &mut self.wrapper_slots).ok()?;
        let found = (0..program.wrappers.len()).find_map(|slot| self.wrapper_slots.get(slot))?;
        let text = record::convert(
            record::value_of(record, found),
            &tripline_lang::types::Type::String,
        );
        match (found.kind, text) {
            (record::Kind::Text | record::Kind::EscapedText, Value::Text(text))
                if text.trim_start().starts_with('{') =>
            {
                Some(text.into_owned().into_bytes())
            }
            _ => None,
        }
    }

    /// The time of a record as an event of the first schema that accepts it and gives it one.
    fn time(&mut self, program: &Program, record: &[u8]) -> Option<i64> {
        record::json::read(record, &program.paths, &mut self.slots).ok()?;
        program.schemas.iter().find_map(|schema| {
            let event = EventView::new(record, &self.slots, schema);
            match event.value(schema.time) {
                Value::Timestamp(time) if holds(&schema.accept, &&event, None) => Some(time),
                _ => None,
            }
        })
    }

    /// The present fields of a record as an event of the schema; none if it is no such event.
    fn fields(
        &mut self,
        program: &Program,
        schema: &SchemaProgram,
        record: &[u8],
    ) -> Option<Vec<(usize, Value<'static>)>> {
        record::json::read(record, &program.paths, &mut self.slots).ok()?;
        let event = EventView::new(record, &self.slots, schema);
        let accepted = holds(&schema.accept, &&event, None);
        let fields = (0..schema.fields.len()).filter_map(|at| match owned(&event.value(at)) {
            Value::Missing => None,
            value => Some((at, value)),
        });
        accepted.then(|| fields.collect::<Vec<_>>())
    }
}

/// Packs the event for every step whose own conditions it satisfies.
fn note_candidates(
    schema: &SchemaProgram,
    event: &EventView<'_>,
    tried: &mut Tried,
    batch: &mut Batch,
) {
    tried.tested.clear();
    tried.tested.resize(schema.predicates.len(), None);
    tried.packed.clear();
    tried.packed.resize(schema.packings.len(), None);
    for step in &schema.steps {
        let all = step.predicates.iter().all(|index| {
            let (Some(tested), Some(node)) = (
                tried.tested.get_mut(*index as usize),
                schema.predicates.get(*index as usize),
            ) else {
                return false;
            };
            *tested.get_or_insert_with(|| holds(node, &event, None))
        });
        if !all {
            continue;
        }
        let (Some(packed), Some(packing)) = (
            tried.packed.get_mut(step.packing as usize),
            schema.packings.get(step.packing as usize),
        ) else {
            continue;
        };
        let packed = packed.get_or_insert_with(|| pack_event(packing, event, batch));
        batch.candidates.push(Candidate {
            rule: step.rule,
            step: step.step,
            key: packed.key.clone(),
            fields: packed.fields.clone(),
        });
    }
}

/// Packs the event in one way that some steps want it.
fn pack_event(packing: &Packing, event: &EventView<'_>, batch: &mut Batch) -> Packed {
    let start = batch.bytes.len();
    for part in &packing.keys {
        if let Node::Own(field) = part
            && let Some(text) = event.text(*field)
        {
            pack_text(text, &mut batch.bytes);
            continue;
        }
        let value = eval(part, &event, None);
        if matches!(value, Value::Missing) {
            batch.bytes.truncate(start);
            return Packed {
                key: None,
                fields: start..start,
            };
        }
        pack(&value, &mut batch.bytes);
    }
    let end = batch.bytes.len();
    for field in &packing.fields {
        match event.text(*field) {
            Some(text) => pack_text(text, &mut batch.bytes),
            None => pack(&event.value(*field), &mut batch.bytes),
        }
    }
    if let Some(origin) = batch.origin {
        pack(&Value::Int(origin), &mut batch.bytes);
    }
    Packed {
        key: Some(start..end),
        fields: end..batch.bytes.len(),
    }
}

fn identity(schema: &SchemaProgram, event: &EventView<'_>, record: &[u8]) -> Identity {
    let mut hasher = schema.identity;
    if let Some(id) = schema.id.and_then(|id| event.text(id)) {
        hasher.write(id);
        return hasher.finish128().as_u128();
    }
    match schema.id.map(|id| event.value(id)) {
        Some(Value::Text(id)) => hasher.write(id.as_bytes()),
        _ => {
            hasher = SipHasher13::new();
            hasher.write(schema.name.as_bytes());
            hasher.write(&[0]);
            hasher.write(record);
        }
    }
    hasher.finish128().as_u128()
}

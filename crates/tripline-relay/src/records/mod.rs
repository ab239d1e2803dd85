//! The records of one request: where each lies in the request's bytes, and how those bytes are made anew
//! with what became of the records. Each form of request has a room: [`vector`], [`otlp`] and [`lines`].
//! From one form to another they go by JSON.
//!
//! INVARIANT: a request of which nothing changes is passed on as the bytes that came; where records
//! change, every byte that is not theirs stays.

mod encode;
pub(crate) mod lines;
pub(crate) mod otlp;
pub(crate) mod otlp_json;
mod surroundings;
pub(crate) mod vector;
mod wire;

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::Value;
use tonic::Status;
use tripline_engine::Encoding;
use tripline_engine::record::record_text;
use tripline_output::annotation::free_name;

use self::surroundings::Surroundings;
use crate::budget::Held;

/// The records of one request.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The request's bytes.
    pub(crate) bytes: Bytes,
    /// How they are written.
    pub(crate) form: Form,
    /// The records that rules are asked about, in their order.
    pub(crate) records: Vec<Record>,
    /// How much else there is: metrics and traces.
    pub(crate) others: usize,
    /// What all of that takes.
    pub(crate) held: Held,
}

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Vector's `PushEventsRequest`.
    Vector,
    /// OpenTelemetry's `ExportLogsServiceRequest`.
    Otlp,
    /// JSON, a record a line.
    Lines,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// What is left out where the record is dropped, and made anew where it gains something.
    pub(crate) whole: Range<usize>,
    /// What the engine reads.
    pub(crate) content: Range<usize>,
    /// How that is encoded.
    pub(crate) encoding: Encoding,
}

/// What becomes of a record that does not stay as it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edit {
    /// It goes.
    Drop,
    /// It gains this member.
    Gain(Value),
}

/// What becomes of the records of a batch: of those that are not named, nothing.
pub(crate) type Edits = Vec<(usize, Edit)>;

impl Batch {
    /// Nothing yet of a request with these bytes, which are held.
    fn new(bytes: Bytes, form: Form, held: Held) -> Batch {
        Batch {
            bytes,
            form,
            records: Vec::new(),
            others: 0,
            held,
        }
    }

    /// Adds a record, which is held too: there can be many in few bytes.
    fn add(&mut self, record: Record) -> Result<(), Status> {
        self.held.room(&mut self.records)?;
        self.records.push(record);
        Ok(())
    }

    /// What the engine reads of a record.
    pub(crate) fn content(&self, record: &Record) -> &[u8] {
        self.bytes.get(record.content.clone()).unwrap_or_default()
    }

    /// How many events are left of it.
    pub(crate) fn left_after(&self, edits: &Edits) -> usize {
        let dropped = edits.iter().filter(|(_, edit)| *edit == Edit::Drop);
        self.len().saturating_sub(dropped.count())
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.records.len() + self.others
    }
}

/// What is left of the records as JSON, with what they gain, written one behind the other as `put` writes
/// them. Each is held while it is looked at, and what was written.
fn written(
    batch: &Batch,
    edits: &Edits,
    member: &str,
    held: &mut Held,
    mut put: impl FnMut(&Value, &mut Vec<u8>) -> Result<(), Status>,
) -> Result<Vec<u8>, Status> {
    if batch.others > 0 {
        return Err(Status::unavailable(
            "metrics and traces can be forwarded to Vector alone: send this relay logs only",
        ));
    }
    let mut out = Vec::new();
    let mut surroundings = Surroundings::of(batch);
    let mut edits = edits.iter().peekable();
    for (index, record) in batch.records.iter().enumerate() {
        let edit = edits.next_if(|(of, _)| *of == index).map(|(_, edit)| edit);
        if edit == Some(&Edit::Drop) {
            continue;
        }
        let mut moment = held.another();
        moment.more(value_cost(batch, record))?;
        let mut value = value(batch, record, &mut surroundings);
        if let (Value::Object(members), Some(Edit::Gain(gained))) = (&mut value, edit) {
            let name = free_name(batch.content(record), record.encoding, member);
            members.insert(name.into_owned(), gained.clone());
        }
        let begin = out.len();
        put(&value, &mut out)?;
        held.more(out.len() - begin)?;
    }
    Ok(out)
}

/// From how many bytes on what a record takes as a value is held.
const LARGE: usize = 64 << 10;

/// What a record takes at most as a value, about: small ones nothing that counts.
fn value_cost(batch: &Batch, record: &Record) -> usize {
    let content = batch.content(record);
    if content.len() < LARGE {
        return 0;
    }
    let values = match record.encoding {
        Encoding::Json => content
            .iter()
            .filter(|byte| matches!(byte, b',' | b'[' | b'{'))
            .count(),
        // The shortest that an element of a list can be.
        _ => content.len() / 4,
    };
    2 * content.len() + values * 2 * size_of::<Value>()
}

/// A record as JSON, with what surrounds it. What is no JSON is the text that it is; what cannot be said in
/// JSON, because it is broken inside or nested too deep, goes as it is.
fn value(batch: &Batch, record: &Record, surroundings: &mut Surroundings) -> Value {
    let content = batch.content(record);
    let text = match (batch.form, record.encoding) {
        (Form::Lines, _) => Some(String::from_utf8_lossy(content)),
        (_, encoding) => record_text(content, encoding),
    };
    let mut value = match text {
        Some(text) => serde_json::from_str(&text).unwrap_or_else(|_| text.into_owned().into()),
        None => serde_json::json!({"record_base64": BASE64_STANDARD.encode(content)}),
    };
    if let Value::Object(members) = &mut value {
        surroundings.add(batch, record, members);
    }
    value
}

/// The bytes with some places made anew, which must be in order and apart.
fn spliced(
    bytes: &Bytes,
    places: Vec<(Range<usize>, Vec<u8>)>,
    held: &mut Held,
) -> Result<Bytes, Status> {
    if places.is_empty() {
        return Ok(bytes.clone());
    }
    let more: usize = places.iter().map(|(_, with)| with.len()).sum();
    held.more(bytes.len() + more)?;
    let mut out = Vec::with_capacity(bytes.len() + more);
    let mut at = 0;
    for (place, with) in places {
        out.extend_from_slice(bytes.get(at..place.start).unwrap_or_default());
        out.extend_from_slice(&with);
        at = place.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    Ok(out.into())
}

/// The records of a batch as JSON.
#[cfg(test)]
fn values(batch: &Batch) -> Vec<Value> {
    let mut surroundings = Surroundings::of(batch);
    let records = batch.records.iter();
    records
        .map(|record| value(batch, record, &mut surroundings))
        .collect()
}

/// Batches that tests make.
#[cfg(test)]
pub(crate) mod made {
    use super::*;

    /// Of lines.
    pub(crate) fn lines(text: impl Into<Bytes>) -> Batch {
        super::lines::batch(text.into(), Held::own()).unwrap()
    }

    /// Of a request of Vector.
    pub(crate) fn vector(bytes: Bytes) -> Result<Batch, Status> {
        super::vector::batch(bytes, Held::own())
    }

    /// Of a request of OpenTelemetry.
    pub(crate) fn otlp(bytes: Bytes) -> Result<Batch, Status> {
        super::otlp::batch(bytes, Held::own())
    }
}

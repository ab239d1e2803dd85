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
pub(crate) mod vector;
mod wire;

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;
use tonic::Status;
use tripline_engine::Encoding;
use tripline_engine::record::record_text;

/// The records of one request.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// The request's bytes.
    pub(crate) bytes: Bytes,
    /// How they are written.
    pub(crate) form: Form,
    /// The records that rules are asked about, in their order.
    pub(crate) records: Vec<Record>,
    /// How much else there is: metrics and traces.
    pub(crate) others: usize,
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
    /// What the engine reads of a record.
    pub(crate) fn content(&self, record: &Record) -> &[u8] {
        self.bytes.get(record.content.clone()).unwrap_or_default()
    }

    /// Whether nothing is left of it.
    pub(crate) fn is_empty_after(&self, edits: &Edits) -> bool {
        let dropped = edits.iter().filter(|(_, edit)| *edit == Edit::Drop);
        self.others == 0 && dropped.count() == self.records.len()
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.records.len() + self.others
    }
}

/// What is left of the records as JSON, with what they gain.
fn values<'b>(
    batch: &'b Batch,
    edits: &'b Edits,
    member: &'b str,
) -> impl Iterator<Item = Result<Value, Status>> + 'b {
    let others = (batch.others > 0).then(|| {
        Err(Status::unimplemented(
            "metrics and traces can be forwarded to Vector alone: send this relay logs only",
        ))
    });
    let mut edits = edits.iter().peekable();
    let records = batch.records.iter().enumerate();
    let values = records.filter_map(move |(index, record)| {
        let edit = edits.next_if(|(of, _)| *of == index).map(|(_, edit)| edit);
        if edit == Some(&Edit::Drop) {
            return None;
        }
        let mut value = json(batch, record);
        if let (Ok(Value::Object(members)), Some(Edit::Gain(gained))) = (&mut value, edit) {
            members.insert(member.to_owned(), gained.clone());
        }
        Some(value)
    });
    others.into_iter().chain(values)
}

/// A record as JSON. What came as a line and is no JSON is the text that it is.
fn json(batch: &Batch, record: &Record) -> Result<Value, Status> {
    let content = batch.content(record);
    let mut value = match (batch.form, record.encoding) {
        (Form::Lines, _) => serde_json::from_slice(content)
            .unwrap_or_else(|_| String::from_utf8_lossy(content).into_owned().into()),
        (_, encoding) => record_text(content, encoding)
            .and_then(|text| serde_json::from_str(&text).ok())
            .ok_or_else(|| {
                Status::invalid_argument(
                    "a record cannot be said in JSON: it is not whole, or nested deeper than 128",
                )
            })?,
    };
    if batch.form == Form::Otlp {
        otlp::add_surroundings(batch, record, &mut value);
    }
    Ok(value)
}

/// The bytes with some places made anew, which must be in order and apart.
fn spliced(bytes: &Bytes, places: Vec<(Range<usize>, Vec<u8>)>) -> Bytes {
    if places.is_empty() {
        return bytes.clone();
    }
    let more: usize = places.iter().map(|(_, with)| with.len()).sum();
    let mut out = Vec::with_capacity(bytes.len() + more);
    let mut at = 0;
    for (place, with) in places {
        out.extend_from_slice(bytes.get(at..place.start).unwrap_or_default());
        out.extend_from_slice(&with);
        at = place.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out.into()
}

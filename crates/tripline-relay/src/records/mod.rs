//! The records of one request: where each lies in the request's bytes, and how those bytes are made anew
//! with what became of the records. Each kind of request has a room: [`vector`] and [`lines`].
//!
//! INVARIANT: a request of which nothing changes is passed on as the bytes that came; where records
//! change, every byte that is not theirs stays.

mod encode;
pub(crate) mod lines;
pub(crate) mod vector;
mod wire;

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;
use tripline_engine::Encoding;

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

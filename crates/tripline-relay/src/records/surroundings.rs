//! What surrounds the records of a request of OpenTelemetry, for receivers of another protocol.

use std::ops::Range;

use serde_json::{Map, Value};
use tripline_engine::Encoding;
use tripline_engine::record::record_text;

use super::otlp::{RESOURCE_LOGS, contents};
use super::wire::fields;
use super::{Batch, Form, Record};

/// The field of a `ResourceLogs` that is its resource, whose attributes are field 1.
const RESOURCE: u64 = 1;

/// The field of a `LogRecord` that says how severe it is.
const SEVERITY_TEXT: u64 = 3;

/// The member in which a record has, as JSON, what surrounds it.
const SURROUNDINGS: &str = "otel";

/// What surrounds records, as JSON: the attributes of the resource, those of the log record where the body is
/// the record, and its severity.
pub(super) struct Surroundings {
    /// The `ResourceLogs` of a request, and how far they were gone through.
    resources: Vec<Range<usize>>,
    at: usize,
    /// The resource of those, rendered once for all its records.
    resource: Option<Value>,
}

impl Surroundings {
    /// Of the records of a batch, which are asked for in their order.
    pub(super) fn of(batch: &Batch) -> Surroundings {
        let all = match batch.form {
            Form::Otlp => 0..batch.bytes.len(),
            _ => 0..0,
        };
        let mut surroundings = Surroundings {
            resources: contents(&batch.bytes, all, RESOURCE_LOGS)
                .filter_map(Result::ok)
                .collect(),
            at: 0,
            resource: None,
        };
        surroundings.render(&batch.bytes);
        surroundings
    }

    fn render(&mut self, bytes: &[u8]) {
        self.resource = self.resources.get(self.at).and_then(|place| {
            let resource = contents(bytes, place.clone(), RESOURCE).find_map(Result::ok)?;
            said(bytes, resource)
        });
    }

    /// Adds what surrounds a record to its members.
    pub(super) fn add(&mut self, batch: &Batch, record: &Record, members: &mut Map<String, Value>) {
        let bytes = &batch.bytes;
        let behind = |place: &Range<usize>| place.end < record.whole.end;
        let before = self.at;
        while self.resources.get(self.at).is_some_and(behind) {
            self.at += 1;
        }
        if self.at > before {
            self.render(bytes);
        }
        if self.resources.is_empty() {
            return;
        }
        let mut about = Map::new();
        if let Some(resource) = &self.resource {
            about.insert("resource".to_owned(), resource.clone());
        }
        let own = fields(bytes, record.whole.clone()).find_map(Result::ok);
        if let Some(own) = own.and_then(|field| field.content) {
            let of_body = record.content != own;
            if let Some(attributes) = of_body.then(|| said(bytes, own.clone())).flatten() {
                about.insert("attributes".to_owned(), attributes);
            }
            let severity = contents(bytes, own, SEVERITY_TEXT).find_map(Result::ok);
            let severity = severity.and_then(|place| std::str::from_utf8(bytes.get(place)?).ok());
            if let Some(severity) = severity.filter(|text| !text.is_empty()) {
                about.insert("severity".to_owned(), severity.into());
            }
        }
        if about.is_empty() {
            return;
        }
        // A member of that name that the record has stays.
        let mut name = SURROUNDINGS.to_owned();
        while members.contains_key(&name) {
            name.push('_');
        }
        members.insert(name, about.into());
    }
}

/// The attributes of a resource or a log record as JSON, if it has any.
fn said(bytes: &[u8], place: Range<usize>) -> Option<Value> {
    let text = record_text(bytes.get(place)?, Encoding::OpenTelemetry)?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value
        .as_object()
        .is_some_and(|of| !of.is_empty())
        .then_some(value)
}

//! OpenTelemetry's `ExportLogsServiceRequest` (`opentelemetry/proto/collector/logs/v1/logs_service.proto`
//! and `logs/v1/logs.proto` of opentelemetry-proto 1.x): log records within scopes within resources.
//!
//! What rules see of a log record is its body where that is a map or JSON text, else its attributes. What
//! it gains is an attribute.

use std::ops::Range;

use bytes::Bytes;
use tonic::Status;
use tripline_engine::Encoding;
use tripline_output::annotation::free_name;

use super::encode::OPEN_TELEMETRY;
use super::wire::{fields, put_bytes};
use super::{Batch, Edit, Edits, Form, Record, written};
use crate::budget::Held;

/// Fields of `ExportLogsServiceRequest`, `ResourceLogs` and `ScopeLogs` that lead to log records.
pub(super) const RESOURCE_LOGS: u64 = 1;
const SCOPE_LOGS: u64 = 2;
const LOG_RECORDS: u64 = 2;
/// Fields of a `LogRecord`.
const BODY: u64 = 5;
const ATTRIBUTES: u64 = 6;
/// Fields of an `AnyValue`.
const TEXT: u64 = 1;
const MAP: u64 = 6;
/// The log records of a request.
pub(crate) fn batch(bytes: Bytes, held: Held) -> Result<Batch, Status> {
    let mut batch = Batch::new(bytes.clone(), Form::Otlp, held);
    for resource in contents(&bytes, 0..bytes.len(), RESOURCE_LOGS) {
        for scope in contents(&bytes, resource?, SCOPE_LOGS) {
            for field in fields(&bytes, scope?) {
                let field = field.map_err(broken)?;
                if let (LOG_RECORDS, Some(record)) = (field.number, field.content) {
                    let (content, encoding) = content(&bytes, record)?;
                    batch.add(Record {
                        whole: field.whole,
                        content,
                        encoding,
                    })?;
                }
            }
        }
    }
    Ok(batch)
}

fn broken(at: usize) -> Status {
    Status::invalid_argument(format!(
        "the request is no ExportLogsServiceRequest: the field at byte {at} is not whole"
    ))
}

/// The messages in the fields with this number.
pub(super) fn contents(
    bytes: &[u8],
    place: Range<usize>,
    number: u64,
) -> impl Iterator<Item = Result<Range<usize>, Status>> {
    fields(bytes, place).filter_map(move |field| match field {
        Ok(field) => field.content.filter(|_| field.number == number).map(Ok),
        Err(at) => Some(Err(broken(at))),
    })
}

/// What rules see of a log record.
fn content(bytes: &[u8], record: Range<usize>) -> Result<(Range<usize>, Encoding), Status> {
    let mut found = None;
    for body in contents(bytes, record.clone(), BODY) {
        for field in fields(bytes, body?) {
            let field = field.map_err(broken)?;
            let Some(content) = field.content else {
                continue;
            };
            let text = bytes.get(content.clone()).unwrap_or_default();
            found = match field.number {
                MAP => Some((content, Encoding::OpenTelemetry)),
                TEXT if text.trim_ascii_start().first() == Some(&b'{') => {
                    Some((content, Encoding::Json))
                }
                _ => None,
            };
        }
    }
    // The reader takes the attributes of a log record for its members.
    Ok(found.unwrap_or((record, Encoding::OpenTelemetry)))
}

/// The request with what became of its records, which gain an attribute of this name.
pub(crate) fn rebuilt(
    batch: &Batch,
    edits: &Edits,
    member: &str,
    held: &mut Held,
) -> Result<Bytes, Status> {
    if batch.form != Form::Otlp {
        return of_values(batch, edits, member, held);
    }
    if edits.is_empty() {
        return Ok(batch.bytes.clone());
    }
    // Each message is put together before it is put into the one around it.
    held.more(2 * batch.bytes.len())?;
    let mut edits = edits.iter().peekable();
    let mut index = 0;
    let mut record = |place: Range<usize>, out: &mut Vec<u8>| {
        let edit = edits.next_if(|(of, _)| *of == index).map(|(_, edit)| edit);
        index += 1;
        let bytes = batch.bytes.get(place).unwrap_or_default();
        match edit {
            Some(Edit::Drop) => {}
            Some(Edit::Gain(value)) => {
                let mut with = bytes.to_vec();
                let name = free_name(bytes, Encoding::OpenTelemetry, member);
                OPEN_TELEMETRY.put_entry(ATTRIBUTES, &name, value, 1, &mut with);
                put_bytes(LOG_RECORDS, &with, out);
            }
            None => put_bytes(LOG_RECORDS, bytes, out),
        }
    };
    let mut scope = |place: Range<usize>, out: &mut Vec<u8>| {
        let mut inner = Vec::new();
        each(&batch.bytes, place, LOG_RECORDS, &mut record, &mut inner);
        put_bytes(SCOPE_LOGS, &inner, out);
    };
    let mut resource = |place: Range<usize>, out: &mut Vec<u8>| {
        let mut inner = Vec::new();
        each(&batch.bytes, place, SCOPE_LOGS, &mut scope, &mut inner);
        put_bytes(RESOURCE_LOGS, &inner, out);
    };
    let mut out = Vec::with_capacity(batch.bytes.len() + 1024);
    let all = 0..batch.bytes.len();
    each(&batch.bytes, all, RESOURCE_LOGS, &mut resource, &mut out);
    Ok(out.into())
}

/// Copies a message, but for the fields with this number, which `with` writes.
fn each(
    bytes: &[u8],
    place: Range<usize>,
    number: u64,
    with: &mut impl FnMut(Range<usize>, &mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    // That all fields are whole is known: the batch was made of them.
    for field in fields(bytes, place).filter_map(Result::ok) {
        match field.content {
            Some(content) if field.number == number => with(content, out),
            _ => out.extend_from_slice(bytes.get(field.whole).unwrap_or_default()),
        }
    }
}

/// A request of what came in another form: each record is the body of a log record.
fn of_values(batch: &Batch, edits: &Edits, member: &str, held: &mut Held) -> Result<Bytes, Status> {
    let scope = written(batch, edits, member, held, |value, out| {
        let (mut body, mut record) = (Vec::new(), Vec::new());
        OPEN_TELEMETRY.put_value(value, 1, &mut body);
        put_bytes(BODY, &body, &mut record);
        put_bytes(LOG_RECORDS, &record, out);
        Ok(())
    })?;
    held.more(2 * scope.len())?;
    let (mut resource, mut out) = (Vec::new(), Vec::new());
    put_bytes(SCOPE_LOGS, &scope, &mut resource);
    put_bytes(RESOURCE_LOGS, &resource, &mut out);
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::{lines, made, values};
    use super::*;
    use crate::budget::Budget;

    fn message(parts: &[(u64, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, content) in parts {
            put_bytes(*number, content, &mut out);
        }
        out
    }

    fn attributes(number: u64, of: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, value) in of.as_object().unwrap() {
            OPEN_TELEMETRY.put_entry(number, name, value, 1, &mut out);
        }
        out
    }

    fn log_record(body: Option<&Value>, own: &Value) -> Vec<u8> {
        let mut out = vec![0x09, 1, 2, 3, 4, 5, 6, 7, 8];
        if let Some(body) = body {
            let mut value = Vec::new();
            OPEN_TELEMETRY.put_value(body, 1, &mut value);
            put_bytes(BODY, &value, &mut out);
        }
        out.extend(attributes(ATTRIBUTES, own));
        out
    }

    /// Two resources, the first with two scopes.
    fn request(records: [&[u8]; 3]) -> Bytes {
        let scope = |record: &[u8]| message(&[(1, b"\x0a\x01s"), (2, record), (3, b"url")]);
        let first = message(&[
            (1, &attributes(1, &json!({"service": "x"}))),
            (2, &scope(records[0])),
            (2, &scope(records[1])),
        ]);
        let second = message(&[(2, &scope(records[2])), (3, b"url")]);
        message(&[(1, &first), (1, &second)]).into()
    }

    fn example() -> Bytes {
        request([
            &log_record(Some(&json!({"user": "a"})), &json!({"x": 1})),
            &log_record(Some(&json!("{\"user\":\"b\"}")), &json!({})),
            &log_record(Some(&json!("a text")), &json!({"user": "c"})),
        ])
    }

    #[test]
    fn a_record_is_the_body_or_the_attributes_with_what_surrounds_it() {
        let batch = made::otlp(example()).unwrap();
        assert_eq!(
            values(&batch),
            [
                json!({"user": "a", "otel": {"resource": {"service": "x"}, "attributes": {"x": 1}}}),
                json!({"user": "b", "otel": {"resource": {"service": "x"}}}),
                json!({"user": "c"}),
            ]
        );
    }

    #[test]
    fn a_request_that_nothing_happens_to_is_passed_on_without_a_copy() {
        let bytes = example();
        let batch = made::otlp(bytes.clone()).unwrap();
        let passed = rebuilt(&batch, &Vec::new(), "t", &mut Held::own()).unwrap();
        assert_eq!(passed.as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn records_gain_an_attribute_and_go_while_all_else_stays() {
        let before = made::otlp(example()).unwrap();
        let edits = vec![(0, Edit::Drop), (1, Edit::Gain(json!({"y": [2]})))];
        let after = rebuilt(&before, &edits, "t", &mut Held::own()).unwrap();
        let mut gained = log_record(Some(&json!("{\"user\":\"b\"}")), &json!({}));
        gained.extend(attributes(ATTRIBUTES, &json!({"t": {"y": [2]}})));
        let scope = |parts: &[(u64, &[u8])]| message(parts);
        let first = message(&[
            (1, &attributes(1, &json!({"service": "x"}))),
            (2, &scope(&[(1, b"\x0a\x01s"), (3, b"url")])),
            (2, &scope(&[(1, b"\x0a\x01s"), (2, &gained), (3, b"url")])),
        ]);
        let third = log_record(Some(&json!("a text")), &json!({"user": "c"}));
        let second = message(&[
            (2, &scope(&[(1, b"\x0a\x01s"), (2, &third), (3, b"url")])),
            (3, b"url"),
        ]);
        assert_eq!(after, message(&[(1, &first), (1, &second)]));
    }

    #[test]
    fn records_that_came_as_lines_become_bodies() {
        let came = made::lines("{\"a\":1}\n{\"b\":[null]}\n");
        let edits = vec![(0, Edit::Gain(json!(7)))];
        let after = made::otlp(rebuilt(&came, &edits, "t", &mut Held::own()).unwrap()).unwrap();
        assert_eq!(
            values(&after),
            [json!({"a": 1, "t": 7}), json!({"b": [null]})]
        );
    }

    #[test]
    fn a_resource_with_many_records_takes_no_more_than_may_be_held() {
        let resource = attributes(1, &json!({"service": "x".repeat(10_000)}));
        let record = message(&[(2, &message(&[(2, b"")]))]);
        let mut logs = message(&[(1, &resource)]);
        for _ in 0..10_000 {
            logs.extend(&record);
        }
        let batch = made::otlp(message(&[(1, &logs)]).into()).unwrap();
        assert_eq!(batch.records.len(), 10_000);
        let budget = Budget::new(1_000_000, Arc::default());
        let refused = lines::rebuilt(&batch, &Vec::new(), "t", &mut budget.held(None));
        assert_eq!(refused.unwrap_err().code(), tonic::Code::Unavailable);
    }

    #[test]
    fn a_member_of_the_record_that_is_named_as_what_surrounds_it_stays() {
        let body = json!({"otel": 1, "otel_": 2});
        let record = log_record(Some(&body), &json!({"x": 1}));
        let batch = made::otlp(request([&record, &record, &record])).unwrap();
        let [first, _, third] = values(&batch).try_into().unwrap();
        assert_eq!(
            first,
            json!({
                "otel": 1, "otel_": 2,
                "otel__": {"resource": {"service": "x"}, "attributes": {"x": 1}}
            })
        );
        assert_eq!(
            third,
            json!({"otel": 1, "otel_": 2, "otel__": {"attributes": {"x": 1}}})
        );
    }

    #[test]
    fn a_record_that_is_broken_inside_or_nested_too_deep_goes_without_harm_to_others() {
        let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
        let text = |text: &str| message(&[(BODY, &message(&[(TEXT, text.as_bytes())]))]);
        // A map whose entry says that it is longer than the map.
        let broken = message(&[(BODY, &message(&[(MAP, b"\x0a\x7f")]))]);
        let batch = made::otlp(request([&text(&deep), &broken, &text("{\"b\":1}")])).unwrap();
        let surroundings = json!({"service": "x"});
        assert_eq!(
            values(&batch),
            [
                json!(deep),
                json!({"record_base64": "Cn8=", "otel": {"resource": surroundings}}),
                json!({"b": 1})
            ]
        );
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let whole = example();
        for end in 1..whole.len() {
            let cut = made::otlp(whole.slice(..end));
            if let Err(status) = cut {
                assert_eq!(status.code(), tonic::Code::InvalidArgument);
            }
        }
        assert!(made::otlp(Bytes::from_static(b"\x0a\x05abc")).is_err());
    }
}

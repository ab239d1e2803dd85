//! Vector's `PushEventsRequest` (`proto/vector/vector.proto` and `lib/vector-core/proto/event.proto` of
//! its source): events in field 1, each a log event, a metric or a trace. Log events gain members and are
//! dropped; all else, and whatever a later version of Vector adds, passes as it came.

use std::ops::Range;

use bytes::Bytes;
use serde_json::Value;
use tonic::Status;
use tripline_engine::Encoding;
use tripline_output::annotation::free_name;

use super::encode::VECTOR;
use super::wire::{Field, fields, put_bytes};
use super::{Batch, Edit, Edits, Form, Record, spliced, written};
use crate::budget::Held;

/// The field of an `EventWrapper` that is a log event.
const LOG: u64 = 1;
/// Fields of a log event: its members, or what it is in place of them.
const MEMBERS: u64 = 1;
const VALUE: u64 = 2;
/// The field of an `event.Value` that is a map.
const MAP: u64 = 7;

/// The events of a request.
pub(crate) fn batch(bytes: Bytes, held: Held) -> Result<Batch, Status> {
    let mut batch = Batch::new(bytes.clone(), Form::Vector, held);
    for field in fields(&bytes, 0..bytes.len()) {
        let Field {
            number: 1,
            whole,
            content: Some(event),
        } = field.map_err(broken)?
        else {
            continue;
        };
        match log(&bytes, event)? {
            Some(log) => {
                let content = content(&bytes, log)?;
                batch.add(Record {
                    whole,
                    content,
                    encoding: Encoding::Vector,
                })?;
            }
            None => batch.others += 1,
        }
    }
    Ok(batch)
}

fn broken(at: usize) -> Status {
    Status::invalid_argument(format!(
        "the request is no PushEventsRequest of Vector: the field at byte {at} is not whole"
    ))
}

/// Where the log event is in an event, if it is one. Of several the last counts.
fn log(bytes: &[u8], event: Range<usize>) -> Result<Option<Range<usize>>, Status> {
    let mut log = None;
    for field in fields(bytes, event) {
        let field = field.map_err(broken)?;
        if (1..=3).contains(&field.number) {
            log = field.content.filter(|_| field.number == LOG);
        }
    }
    Ok(log)
}

/// The members of a log event: those that it has in place of all others, if it has such a value, else
/// its own, without what stands behind them, because metadata is another each time an event is sent.
fn content(bytes: &[u8], log: Range<usize>) -> Result<Range<usize>, Status> {
    let mut members = log.start..log.start;
    let mut value = None;
    for field in fields(bytes, log) {
        let field = field.map_err(broken)?;
        match field.number {
            MEMBERS => members.end = field.whole.end,
            VALUE => value = field.content,
            _ => {}
        }
    }
    let Some(value) = value else {
        return Ok(members);
    };
    // What is no map has no members.
    Ok(map(bytes, value.clone())?.unwrap_or(value.start..value.start))
}

/// The map that a value is.
fn map(bytes: &[u8], value: Range<usize>) -> Result<Option<Range<usize>>, Status> {
    let mut map = None;
    for field in fields(bytes, value) {
        let field = field.map_err(broken)?;
        map = field.content.filter(|_| field.number == MAP);
    }
    Ok(map)
}

/// The request with what became of its records, which gain a member of this name.
pub(crate) fn rebuilt(
    batch: &Batch,
    edits: &Edits,
    member: &str,
    held: &mut Held,
) -> Result<Bytes, Status> {
    if batch.form != Form::Vector {
        let events = written(batch, edits, member, held, |value, out| {
            put_event(value, out);
            Ok(())
        })?;
        return Ok(events.into());
    }
    let places = edits.iter().filter_map(|(index, edit)| {
        let record = batch.records.get(*index)?;
        let with = match edit {
            Edit::Drop => Vec::new(),
            Edit::Gain(value) => {
                let mut gained = Vec::new();
                let name = free_name(batch.content(record), record.encoding, member);
                VECTOR.put_entry(MEMBERS, &name, value, 1, &mut gained);
                with_member(&batch.bytes, record, &gained)?
            }
        };
        Some((record.whole.clone(), with))
    });
    spliced(&batch.bytes, places.collect(), held)
}

/// The field of a request with one more entry among the members of its log event. What is no map has
/// no members, and stays.
fn with_member(bytes: &[u8], record: &Record, gained: &[u8]) -> Option<Vec<u8>> {
    let event = fields(bytes, record.whole.clone()).next()?.ok()?.content?;
    let last = fields(bytes, event.clone())
        .filter_map(Result::ok)
        .filter(|field| field.number == LOG)
        .last()?;
    let log = last.content.clone()?;
    let value = fields(bytes, log.clone())
        .filter_map(Result::ok)
        .filter(|field| field.number == VALUE)
        .last();
    let new_log = match value {
        None => {
            let mut out = bytes.get(log)?.to_vec();
            out.extend_from_slice(gained);
            out
        }
        Some(value) => {
            let content = value.content.clone()?;
            let map = fields(bytes, content.clone())
                .filter_map(Result::ok)
                .filter(|field| field.number == MAP)
                .last()?;
            let mut entries = bytes.get(map.content.clone()?)?.to_vec();
            entries.extend_from_slice(gained);
            let new_value = replaced(bytes, content, map.whole, MAP, &entries)?;
            replaced(bytes, log, value.whole, VALUE, &new_value)?
        }
    };
    let new_event = replaced(bytes, event, last.whole, LOG, &new_log)?;
    let mut out = Vec::with_capacity(new_event.len() + 8);
    put_bytes(1, &new_event, &mut out);
    Some(out)
}

/// The message at `message` with the field at `place` written anew.
fn replaced(
    bytes: &[u8],
    message: Range<usize>,
    place: Range<usize>,
    number: u64,
    content: &[u8],
) -> Option<Vec<u8>> {
    let mut out = bytes.get(message.start..place.start)?.to_vec();
    put_bytes(number, content, &mut out);
    out.extend_from_slice(bytes.get(place.end..message.end)?);
    Some(out)
}

/// Appends the field of a request that is this record as a log event.
fn put_event(record: &Value, out: &mut Vec<u8>) {
    let mut log = Vec::new();
    match record {
        Value::Object(members) => {
            for (name, value) in members {
                VECTOR.put_entry(MEMBERS, name, value, 1, &mut log);
            }
        }
        other => VECTOR.put_entry(MEMBERS, "message", other, 1, &mut log),
    }
    let mut event = Vec::new();
    put_bytes(LOG, &log, &mut event);
    put_bytes(1, &event, out);
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::super::wire::put_varint;
    use super::super::{made, values};
    use super::*;

    fn message(parts: &[(u64, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, content) in parts {
            put_bytes(*number, content, &mut out);
        }
        out
    }

    fn entry(name: &str, value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        VECTOR.put_entry(1, name, value, 1, &mut out);
        out
    }

    /// A log event with members, metadata, and a field of a later version.
    fn log_event(members: &[(&str, Value)]) -> Vec<u8> {
        let mut log: Vec<u8> = members
            .iter()
            .flat_map(|(name, value)| entry(name, value))
            .collect();
        log.extend(message(&[
            (4, &message(&[(7, b"0123456789abcdef")])),
            (50, b"later"),
        ]));
        message(&[(1, &log)])
    }

    fn request(events: &[Vec<u8>]) -> Bytes {
        let events: Vec<(u64, &[u8])> = events.iter().map(|event| (1, event.as_slice())).collect();
        message(&events).into()
    }

    #[test]
    fn a_request_that_nothing_happens_to_is_passed_on_as_it_came() {
        let metric = message(&[(2, b"\x0a\x01m")]);
        let bytes = request(&[log_event(&[("a", value!(1))]), metric, log_event(&[])]);
        let batch = made::vector(bytes.clone()).unwrap();
        assert_eq!((batch.records.len(), batch.others), (2, 1));
        let passed = rebuilt(&batch, &Vec::new(), "tripline", &mut Held::own()).unwrap();
        assert_eq!(passed, bytes);
        assert_eq!(passed.as_ptr(), bytes.as_ptr(), "without a copy");
    }

    #[test]
    fn a_log_event_gains_a_member_and_keeps_metadata_and_unknown_fields() {
        let metric = message(&[(2, b"\x0a\x01m")]);
        let bytes = request(&[
            log_event(&[("a", value!(1))]),
            metric.clone(),
            log_event(&[("b", value!(2))]),
        ]);
        let before = made::vector(bytes).unwrap();
        let edits = vec![(0, Edit::Gain(value!({"x": ["y"]}))), (1, Edit::Drop)];
        let after = rebuilt(&before, &edits, "tripline", &mut Held::own()).unwrap();
        let mut expected = log_event(&[("a", value!(1))]);
        // The new entry stands behind everything else of the log event.
        let gained = entry("tripline", &value!({"x": ["y"]}));
        let log = [&expected[2..], &gained].concat();
        expected = message(&[(1, &log)]);
        assert_eq!(after, request(&[expected, metric]));
        let after = made::vector(after).unwrap();
        assert_eq!(values(&after), [value!({"a": 1, "tripline": {"x": ["y"]}})]);
    }

    #[test]
    fn an_event_whose_members_are_in_its_value_gains_one_there() {
        let map = message(&[(7, &entry("a", &value!(1)))]);
        let bytes = request(&[message(&[(1, &message(&[(2, &map), (4, b"")]))])]);
        let before = made::vector(bytes).unwrap();
        assert_eq!(values(&before), [value!({"a": 1})]);
        let edits = vec![(0, Edit::Gain(value!(true)))];
        let after = made::vector(rebuilt(&before, &edits, "t", &mut Held::own()).unwrap()).unwrap();
        assert_eq!(values(&after), [value!({"a": 1, "t": true})]);
        // Vector's receiver takes `value` and ignores `fields`.
        assert_eq!(
            after.bytes[..],
            request(&[message(&[(
                1,
                &message(&[
                    (
                        2,
                        &message(&[(
                            7,
                            &[entry("a", &value!(1)), entry("t", &value!(true))].concat()
                        )])
                    ),
                    (4, b""),
                ])
            )])])[..]
        );
    }

    #[test]
    fn an_event_that_is_a_text_has_no_members_and_passes() {
        let bytes = request(&[message(&[(1, &message(&[(2, &message(&[(1, b"text")]))]))])]);
        let before = made::vector(bytes.clone()).unwrap();
        assert_eq!(values(&before), [value!({})]);
        assert_eq!(
            rebuilt(
                &before,
                &vec![(0, Edit::Gain(value!(1)))],
                "t",
                &mut Held::own()
            )
            .unwrap(),
            bytes
        );
    }

    #[test]
    fn what_identifies_an_event_does_not_change_with_its_metadata() {
        let one = made::vector(request(&[log_event(&[("a", value!(1))])])).unwrap();
        let mut other = entry("a", &value!(1));
        other.extend(message(&[(4, b"other")]));
        let other = made::vector(request(&[message(&[(1, &other)])])).unwrap();
        assert_eq!(
            one.content(&one.records[0]),
            other.content(&other.records[0])
        );
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_place() {
        let mut bytes = request(&[log_event(&[("a", value!(1))])]).to_vec();
        let at = bytes.len();
        put_varint(1 << 3 | 2, &mut bytes);
        put_varint(1000, &mut bytes);
        let status = made::vector(bytes.into()).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
        assert!(
            status.message().contains(&format!("at byte {at}")),
            "{status}"
        );
        assert!(made::vector(Bytes::from_static(b"\x0a\x02\x0a\x05")).is_err());
        assert!(made::vector(Bytes::from_static(b"GET / HTTP/1.1")).is_err());
    }

    #[test]
    fn records_that_came_as_json_become_log_events() {
        let text = "{\"a\":1}\nnonsense\n{\"b\":2}\n";
        let before = made::lines(text);
        let edits = vec![(0, Edit::Gain(value!(7))), (2, Edit::Drop)];
        let after = made::vector(rebuilt(&before, &edits, "t", &mut Held::own()).unwrap()).unwrap();
        assert_eq!(
            values(&after),
            [value!({"a": 1, "t": 7}), value!({"message": "nonsense"})]
        );
    }
}

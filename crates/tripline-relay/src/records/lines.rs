//! Requests of JSON: a record a line, an array of records, or an object with a list of records under
//! `records` (as Azure Monitor sends them) or `value`. Passed on a record a line.

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use tonic::Status;
use tripline_engine::Encoding;
use tripline_output::annotation;

use super::{Batch, Edit, Edits, Form, Record, spliced, values};

/// The members under which an envelope has its records.
const ENVELOPES: [&str; 2] = ["records", "value"];

/// The records of a request in one of the three forms.
pub(crate) fn request(bytes: Bytes) -> Result<Batch, Status> {
    let refused = |error: serde_json::Error| {
        Status::invalid_argument(format!("the request is no JSON: {error}"))
    };
    let text = bytes.trim_ascii_start();
    if text.first() == Some(&b'[') {
        return many(serde_json::from_slice(text).map_err(refused)?);
    }
    // An envelope is one object; where a line follows, it is a record a line.
    if let Ok(envelope) =
        serde_json::from_slice::<std::collections::HashMap<String, &RawValue>>(text)
    {
        let list = ENVELOPES.iter().find_map(|name| envelope.get(*name));
        if let Some(list) = list.filter(|list| list.get().starts_with('[')) {
            return many(serde_json::from_str(list.get()).map_err(refused)?);
        }
    }
    Ok(batch(bytes))
}

/// Records that were in a list, a line each.
fn many(records: Vec<&RawValue>) -> Result<Batch, Status> {
    let mut out = Vec::new();
    for record in records {
        // White space in JSON means nothing, and a line must be one.
        if record.get().contains(['\n', '\r']) {
            let value: Value = serde_json::from_str(record.get())
                .map_err(|error| Status::invalid_argument(error.to_string()))?;
            serde_json::to_writer(&mut out, &value)
                .map_err(|error| Status::internal(error.to_string()))?;
        } else {
            out.extend_from_slice(record.get().as_bytes());
        }
        out.push(b'\n');
    }
    Ok(batch(out.into()))
}

/// The records of a request of lines; lines with nothing but white space are none.
pub(crate) fn batch(bytes: Bytes) -> Batch {
    let mut records = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let (length, next) = match memchr::memchr(b'\n', rest) {
            Some(length) => (length, length + 1),
            None => (rest.len(), rest.len()),
        };
        let line = rest.get(..length).unwrap_or_default();
        let begin = at + (line.len() - line.trim_ascii_start().len());
        let text = line.trim_ascii();
        if !text.is_empty() {
            records.push(Record {
                whole: at..at + next,
                content: begin..begin + text.len(),
                encoding: Encoding::Json,
            });
        }
        at += next;
    }
    Batch {
        bytes,
        form: Form::Lines,
        records,
        others: 0,
    }
}

/// The batch as lines, with what became of its records, which gain a member of this name.
pub(crate) fn rebuilt(batch: &Batch, edits: &Edits, member: &str) -> Result<Bytes, Status> {
    if batch.form != Form::Lines {
        let mut out = Vec::with_capacity(batch.bytes.len());
        for value in values(batch, edits, member) {
            let written = serde_json::to_writer(&mut out, &value?);
            written.map_err(|error| Status::internal(error.to_string()))?;
            out.push(b'\n');
        }
        return Ok(out.into());
    }
    let places = edits.iter().filter_map(|(index, edit)| {
        let record = batch.records.get(*index)?;
        let with = match edit {
            Edit::Drop => return Some((record.whole.clone(), Vec::new())),
            Edit::Gain(value) => with_member(batch.content(record), member, value)?,
        };
        Some((record.content.clone(), with))
    });
    let bytes = spliced(&batch.bytes, places.collect());
    if bytes.is_empty() || bytes.last() == Some(&b'\n') {
        return Ok(bytes);
    }
    Ok([&bytes[..], b"\n"].concat().into())
}

/// A record with one more member, behind those it has.
fn with_member(record: &[u8], name: &str, value: &Value) -> Option<Vec<u8>> {
    let (at, before) = annotation::place(record)?;
    let mut out = record.get(..at)?.to_vec();
    out.extend_from_slice(before.as_bytes());
    serde_json::to_writer(&mut out, name).ok()?;
    out.push(b':');
    serde_json::to_writer(&mut out, value).ok()?;
    out.push(b'}');
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::vector;
    use super::*;

    fn texts(batch: &Batch) -> Vec<&str> {
        let contents = batch.records.iter().map(|record| batch.content(record));
        contents
            .map(|content| std::str::from_utf8(content).unwrap())
            .collect()
    }

    #[test]
    fn the_three_forms_of_a_request_give_the_same_records() {
        for text in [
            "{\"a\":1}\n{\"b\":2}",
            " {\"a\":1}\r\n\n{\"b\":2}\n\n",
            "[{\"a\":1}, {\"b\":2}]",
            "\n{\"records\":[{\"a\":1},{\"b\":2}],\"more\":1}",
            "{\"value\":[{\"a\":1},{\"b\":\n2}]}",
        ] {
            let batch = request(text.into()).unwrap();
            assert_eq!(texts(&batch), ["{\"a\":1}", "{\"b\":2}"], "{text}");
        }
    }

    #[test]
    fn an_object_that_is_no_envelope_is_a_record() {
        for text in ["{\"records\":1}", "{\"value\":\"x\"}", "{\"a\":[1]}"] {
            assert_eq!(texts(&request(text.into()).unwrap()), [text]);
        }
        assert_eq!(
            texts(&request("{\"records\":[]}\n{\"a\":1}".into()).unwrap()),
            ["{\"records\":[]}", "{\"a\":1}"]
        );
    }

    #[test]
    fn an_array_that_is_cut_off_is_refused() {
        let status = request("[{\"a\":1},".into()).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
    }

    #[test]
    fn records_gain_members_and_go_while_every_other_byte_stays() {
        let batch = batch("{ \"a\" : 1 }\r\nnonsense\n{\"b\":2}\n{}".into());
        let edits = vec![
            (0, Edit::Gain(json!(1))),
            (1, Edit::Gain(json!(1))),
            (2, Edit::Drop),
            (3, Edit::Gain(json!([]))),
        ];
        assert_eq!(
            rebuilt(&batch, &edits, "t").unwrap(),
            "{ \"a\" : 1 ,\"t\":1}\r\nnonsense\n{\"t\":[]}\n"
        );
    }

    #[test]
    fn log_events_become_lines() {
        let json = batch("{\"a\":1}\n{\"b\":[{\"c\":null}]}\n{\"d\":2}\n".into());
        let events = vector::batch(vector::rebuilt(&json, &Vec::new(), "t").unwrap()).unwrap();
        let edits = vec![(0, Edit::Drop), (2, Edit::Gain(json!("x")))];
        assert_eq!(
            rebuilt(&events, &edits, "t").unwrap(),
            "{\"b\":[{\"c\":null}]}\n{\"d\":2,\"t\":\"x\"}\n"
        );
    }
}

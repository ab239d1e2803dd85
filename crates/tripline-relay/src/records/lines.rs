//! Requests of JSON: a record a line, an array of records, or an object with a list of records under
//! `records` (as Azure Monitor sends them) or `value`. Passed on a record a line.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tonic::Status;
use tripline_engine::Encoding;
use tripline_output::annotation;

use super::{Batch, Edit, Edits, Form, Record, spliced, written};
use crate::budget::Held;

/// The members under which an envelope has its records.
const ENVELOPES: [&str; 2] = ["records", "value"];

/// What the other members of an envelope begin with (<https://docs.oasis-open.org/odata/odata-json-format/v4.01/>).
const CONTROL: &str = "@odata.";

/// The records of a request in one of the three forms.
pub(crate) fn request(bytes: Bytes, mut held: Held) -> Result<Batch, Status> {
    let text = bytes.trim_ascii_start();
    let list = match text.first() {
        Some(b'[') => Some(text),
        // An envelope is one object; where a line follows, it is a record a line.
        Some(b'{') => serde_json::from_slice::<Envelope>(text)
            .ok()
            .and_then(|envelope| envelope.list),
        _ => None,
    };
    let Some(list) = list else {
        return batch(bytes, held);
    };
    held.more(list.len())?;
    let mut lines = Vec::with_capacity(list.len());
    let read =
        Elements { to: &mut lines }.deserialize(&mut serde_json::Deserializer::from_slice(list));
    match read {
        Ok(()) => {
            held.less(bytes.len());
            drop(bytes);
            batch(lines.into(), held)
        }
        // Such as a line of text that begins with a time in brackets.
        Err(_) if !is_begun(list) => {
            held.less(list.len());
            batch(bytes, held)
        }
        Err(error) => Err(Status::invalid_argument(format!(
            "the request is no JSON: {error}"
        ))),
    }
}

/// Whether it was meant to be a list of records.
fn is_begun(list: &[u8]) -> bool {
    let inside = list.get(1..).unwrap_or_default().trim_ascii_start();
    matches!(inside.first(), None | Some(b'{' | b']'))
}

/// An object that does nothing but hold a list of objects: any other is a record.
struct Envelope<'a> {
    list: Option<&'a [u8]>,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Envelope<'de>;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
                let (mut list, mut others) = (None, false);
                while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if ENVELOPES.contains(&name.as_ref()) {
                        let value: &RawValue = map.next_value()?;
                        others |= list.is_some() || !is_list_of_objects(value.get());
                        list = Some(value.get().as_bytes());
                    } else {
                        others |= !name.starts_with(CONTROL);
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Envelope {
                    list: list.filter(|_| !others),
                })
            }
        }
        from.deserialize_map(Members)
    }
}

/// Whether a value is a list of objects alone, as far as its first element says.
fn is_list_of_objects(value: &str) -> bool {
    let inside = value.strip_prefix('[').map(str::trim_ascii_start);
    inside.is_some_and(|inside| inside.starts_with(['{', ']']))
}

/// Writes the elements of a list, a line each.
struct Elements<'a> {
    to: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Elements<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();
    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<&RawValue>()? {
            let text = record.get();
            // White space between the parts of JSON means nothing, a line must be one, and no text has a
            // line break in it.
            self.to
                .extend(text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')));
            self.to.push(b'\n');
        }
        Ok(())
    }
}

/// The records of a request of lines; lines with nothing but white space are none.
pub(crate) fn batch(bytes: Bytes, held: Held) -> Result<Batch, Status> {
    let mut batch = Batch::new(bytes.clone(), Form::Lines, held);
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
            batch.add(Record {
                whole: at..at + next,
                content: begin..begin + text.len(),
                encoding: Encoding::Json,
            })?;
        }
        at += next;
    }
    Ok(batch)
}

/// The batch as lines, with what became of its records, which gain a member of this name.
pub(crate) fn rebuilt(
    batch: &Batch,
    edits: &Edits,
    member: &str,
    held: &mut Held,
) -> Result<Bytes, Status> {
    if batch.form != Form::Lines {
        let lines = written(batch, edits, member, held, |value, out| {
            let line = serde_json::to_writer(&mut *out, value);
            line.map_err(|error| Status::internal(error.to_string()))?;
            out.push(b'\n');
            Ok(())
        })?;
        return Ok(lines.into());
    }
    let places = edits.iter().filter_map(|(index, edit)| {
        let record = batch.records.get(*index)?;
        let with = match edit {
            Edit::Drop => return Some((record.whole.clone(), Vec::new())),
            Edit::Gain(value) => with_member(batch.content(record), member, value)?,
        };
        Some((record.content.clone(), with))
    });
    let bytes = spliced(&batch.bytes, places.collect(), held)?;
    if bytes.is_empty() || bytes.last() == Some(&b'\n') {
        return Ok(bytes);
    }
    held.more(bytes.len())?;
    Ok([&bytes[..], b"\n"].concat().into())
}

/// A record with one more member, behind those it has.
fn with_member(record: &[u8], name: &str, value: &Value) -> Option<Vec<u8>> {
    let (at, before) = annotation::place(record)?;
    let name = annotation::free_name(record, Encoding::Json, name);
    let mut out = record.get(..at)?.to_vec();
    out.extend_from_slice(before.as_bytes());
    serde_json::to_writer(&mut out, &name).ok()?;
    out.push(b':');
    serde_json::to_writer(&mut out, value).ok()?;
    out.push(b'}');
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::{made, values, vector};
    use super::*;
    use crate::budget::Budget;

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
            "\n{\"records\":[{\"a\":1},{\"b\":2}]}",
            "{\"@odata.context\":\"x\",\"value\":[{\"a\":1},{\"b\":2}],\"@odata.nextLink\":\"y\"}",
            "{\"value\":[{\"a\":1},{\"b\":\n2}]}",
        ] {
            let batch = request(text.into(), Held::own()).unwrap();
            assert_eq!(texts(&batch), ["{\"a\":1}", "{\"b\":2}"], "{text}");
        }
    }

    #[test]
    fn an_object_that_is_no_envelope_is_a_record() {
        for text in [
            "{\"records\":1}",
            "{\"value\":\"x\"}",
            "{\"value\":[\"x\"]}",
            "{\"a\":[1]}",
            // Nothing of it may be lost.
            "{\"user\":\"a\",\"value\":[{}]}",
            "{\"records\":[{}],\"value\":[{}]}",
            "[2026-03-02] a text",
        ] {
            assert_eq!(texts(&request(text.into(), Held::own()).unwrap()), [text]);
        }
        assert_eq!(
            texts(&request("{\"records\":[]}\n{\"a\":1}".into(), Held::own()).unwrap()),
            ["{\"records\":[]}", "{\"a\":1}"]
        );
    }

    #[test]
    fn an_array_that_is_cut_off_is_refused() {
        let status = request("[{\"a\":1},".into(), Held::own()).unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument);
    }

    #[test]
    fn many_records_in_few_bytes_are_held_with_what_they_take() {
        let text = Bytes::from("1\n".repeat(100_000));
        let enough = Budget::new(10_000_000, Arc::default());
        let batch = batch(text.clone(), enough.held(None)).unwrap();
        assert_eq!(batch.records.len(), 100_000);
        let little = Budget::new(2_000_000, Arc::default());
        let refused = super::batch(text, little.held(None)).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unavailable);
    }

    #[test]
    fn records_gain_members_and_go_while_every_other_byte_stays() {
        let batch = made::lines("{ \"a\" : 1 }\r\nnonsense\n{\"b\":2}\n{}");
        let edits = vec![
            (0, Edit::Gain(json!(1))),
            (1, Edit::Gain(json!(1))),
            (2, Edit::Drop),
            (3, Edit::Gain(json!([]))),
        ];
        assert_eq!(
            rebuilt(&batch, &edits, "t", &mut Held::own()).unwrap(),
            "{ \"a\" : 1 ,\"t\":1}\r\nnonsense\n{\"t\":[]}\n"
        );
    }

    #[test]
    fn a_member_of_that_name_that_a_record_has_stays() {
        let batch = made::lines("{\"t\":1}\n{\"t\":1,\"t_2\":0}\n");
        let edits = vec![(0, Edit::Gain(json!(7))), (1, Edit::Gain(json!(7)))];
        assert_eq!(
            rebuilt(&batch, &edits, "t", &mut Held::own()).unwrap(),
            "{\"t\":1,\"t_2\":7}\n{\"t\":1,\"t_2\":0,\"t_3\":7}\n"
        );
        let expected = [
            json!({"t": 1, "t_2": 7}),
            json!({"t": 1, "t_2": 0, "t_3": 7}),
        ];
        let as_events = vector::rebuilt(&batch, &edits, "t", &mut Held::own()).unwrap();
        assert_eq!(values(&made::vector(as_events).unwrap()), expected);
        let events = vector::rebuilt(&batch, &Vec::new(), "t", &mut Held::own()).unwrap();
        let events = made::vector(events).unwrap();
        let gained = vector::rebuilt(&events, &edits, "t", &mut Held::own()).unwrap();
        assert_eq!(values(&made::vector(gained).unwrap()), expected);
    }

    #[test]
    fn log_events_become_lines() {
        let json = made::lines("{\"a\":1}\n{\"b\":[{\"c\":null}]}\n{\"d\":2}\n");
        let events =
            made::vector(vector::rebuilt(&json, &Vec::new(), "t", &mut Held::own()).unwrap())
                .unwrap();
        let edits = vec![(0, Edit::Drop), (2, Edit::Gain(json!("x")))];
        assert_eq!(
            rebuilt(&events, &edits, "t", &mut Held::own()).unwrap(),
            "{\"b\":[{\"c\":null}]}\n{\"d\":2,\"t\":\"x\"}\n"
        );
    }
}

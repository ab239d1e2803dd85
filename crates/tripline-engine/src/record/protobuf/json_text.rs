//! Protobuf values as JSON text, without white space: what a container converts to as `string`, what
//! detections show of it, and whole records for those who take JSON. No recursion: the containers it
//! is in are on a stack of its own.

use std::io::Write;
use std::ops::Range;

use tripline_lang::value::Encoding;
use tripline_lang::value::convert::Rfc3339;

use super::value::{What, text, what};
use super::walk::is_attribute;
use super::wire::{Content, Fields, entry};
use crate::record::MAX_DEPTH;
use crate::record::written::{float_text, quoted};

/// A container that is being written.
struct Container {
    /// Where its next entry or element begins.
    at: usize,
    end: usize,
    is_map: bool,
    /// It is the record itself.
    whole: bool,
    /// Something was written in it.
    written: bool,
}

/// The JSON text that says what `bytes`, which are exactly one value, say: instants as RFC 3339 text,
/// and what JSON cannot say as `null`. `None` if they are no value or one nested deeper than
/// [`MAX_DEPTH`].
pub(in crate::record) fn json_text(bytes: &[u8], encoding: Encoding) -> Option<String> {
    let mut out = Vec::new();
    let mut open = Vec::new();
    value(bytes, 0..bytes.len(), encoding, &mut open, &mut out)?;
    rest(bytes, encoding, open, &mut out)?;
    String::from_utf8(out).ok()
}

/// The same of a whole record, which is a map.
pub(in crate::record) fn record_text(record: &[u8], encoding: Encoding) -> Option<String> {
    let mut out = vec![b'{'];
    let open = vec![Container {
        at: 0,
        end: record.len(),
        is_map: true,
        whole: true,
        written: false,
    }];
    rest(record, encoding, open, &mut out)?;
    String::from_utf8(out).ok()
}

/// Writes the rest of the open containers.
fn rest(
    bytes: &[u8],
    encoding: Encoding,
    mut open: Vec<Container>,
    out: &mut Vec<u8>,
) -> Option<()> {
    while let Some(container) = open.last_mut() {
        let mut fields = Fields::of(bytes, container.at..container.end);
        let item = fields.next().ok()?;
        container.at = fields.at();
        let place = match item {
            Some((1, Content::Bytes(place))) => place,
            Some((number, Content::Bytes(place)))
                if container.whole && is_attribute(number, encoding) =>
            {
                place
            }
            Some(_) => continue,
            None => {
                out.push(if container.is_map { b'}' } else { b']' });
                open.pop();
                continue;
            }
        };
        if std::mem::replace(&mut container.written, true) {
            out.push(b',');
        }
        let place = if container.is_map {
            let (name, value) = entry(bytes, place).ok()?;
            quoted(&String::from_utf8_lossy(bytes.get(name)?), out)?;
            out.push(b':');
            value
        } else {
            place
        };
        value(bytes, place, encoding, &mut open, out)?;
    }
    Some(())
}

/// Writes a value, or of a container its bracket, and opens it.
fn value(
    bytes: &[u8],
    place: Range<usize>,
    encoding: Encoding,
    open: &mut Vec<Container>,
    out: &mut Vec<u8>,
) -> Option<()> {
    let (inside, is_map) = match what(bytes, place, encoding).ok()? {
        What::Map(inside) => (inside, true),
        What::Array(inside) => (inside, false),
        other => return scalar(bytes, other, out),
    };
    if open.len() >= MAX_DEPTH {
        return None;
    }
    out.push(if is_map { b'{' } else { b'[' });
    open.push(Container {
        at: inside.start,
        end: inside.end,
        is_map,
        whole: false,
        written: false,
    });
    Some(())
}

fn scalar(bytes: &[u8], what: What, out: &mut Vec<u8>) -> Option<()> {
    match what {
        What::Bool(value) => write!(out, "{value}").ok()?,
        What::Int(number) => write!(out, "{number}").ok()?,
        What::Float(number) => out.extend_from_slice(float_text(number).as_bytes()),
        What::Text(place) => quoted(&String::from_utf8_lossy(bytes.get(place)?), out)?,
        What::Bytes(place) => match text(bytes, place) {
            Some(text) => quoted(text, out)?,
            None => out.extend_from_slice(b"null"),
        },
        What::Instant(at) => quoted(&Rfc3339(at).to_string(), out)?,
        What::Null | What::Map(_) | What::Array(_) => out.extend_from_slice(b"null"),
    }
    Some(())
}

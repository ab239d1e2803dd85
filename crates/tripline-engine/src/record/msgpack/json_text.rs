//! MessagePack values as JSON text, without white space: what a container converts to as `string`
//! and what detections show of it. No recursion: the containers it is in are on a stack of its own.

use std::io::Write;

use tripline_lang::value::convert::Rfc3339;

use super::head::{Head, What};
use super::step::step_over;
use crate::record::MAX_DEPTH;
use crate::record::written::{float_text, quoted};

/// A container that is being written.
struct Open {
    is_map: bool,
    /// How many members or elements are still to come.
    left: u32,
    /// Something was written in it.
    written: bool,
}

/// The JSON text that says what `bytes`, which are exactly one value, say: instants as RFC 3339
/// text, what JSON cannot say as `null`, and no members whose key is no text. `None` if they are no
/// value or one nested deeper than [`MAX_DEPTH`].
pub(in crate::record) fn json_text(bytes: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    loop {
        let head = Head::read(bytes, at).ok()?;
        at = head.end;
        let container = match head.what {
            What::Array(left) => Some((b'[', false, left)),
            What::Map(left) => Some((b'{', true, left)),
            _ => None,
        };
        match container {
            Some(_) if open.len() >= MAX_DEPTH => return None,
            Some((bracket, is_map, left)) => {
                out.push(bracket);
                open.push(Open {
                    is_map,
                    left,
                    written: false,
                });
            }
            None => scalar(bytes, head, &mut out)?,
        }
        at = match next(bytes, at, &mut open, &mut out)? {
            Some(value) => value,
            None => break,
        };
    }
    String::from_utf8(out).ok()
}

/// Closes what ends at `at` and writes what stands in front of the next value. Gives where that one
/// is, or nothing if all is written.
fn next(
    bytes: &[u8],
    mut at: usize,
    open: &mut Vec<Open>,
    out: &mut Vec<u8>,
) -> Option<Option<usize>> {
    while let Some(container) = open.last_mut() {
        if container.left == 0 {
            out.push(if container.is_map { b'}' } else { b']' });
            open.pop();
            continue;
        }
        container.left -= 1;
        let name = if container.is_map {
            let name = Head::read(bytes, at).ok()?;
            if !name.is_text() {
                at = step_over(bytes, at, at, 2).ok()?;
                continue;
            }
            Some(name)
        } else {
            None
        };
        if container.written {
            out.push(b',');
        }
        container.written = true;
        if let Some(name) = name {
            let name_text = bytes.get(name.start..name.end)?;
            quoted(&String::from_utf8_lossy(name_text), out)?;
            out.push(b':');
            at = name.end;
        }
        return Some(Some(at));
    }
    Some(None)
}

/// Writes a value that is no container.
fn scalar(bytes: &[u8], head: Head, out: &mut Vec<u8>) -> Option<()> {
    let content = || bytes.get(head.start..head.end).unwrap_or(&[]);
    match head.what {
        What::Bool(value) => write!(out, "{value}").ok()?,
        What::Int(number) => write!(out, "{number}").ok()?,
        What::Large(number) => write!(out, "{number}").ok()?,
        What::Float(number) => out.extend_from_slice(float_text(number).as_bytes()),
        What::Text => quoted(&String::from_utf8_lossy(content()), out)?,
        What::Bytes => match std::str::from_utf8(content()) {
            Ok(text) => quoted(text, out)?,
            Err(_) => out.extend_from_slice(b"null"),
        },
        What::Extension(_) => match head.instant(bytes) {
            Some(at) => quoted(&Rfc3339(at).to_string(), out)?,
            None => out.extend_from_slice(b"null"),
        },
        What::Nil | What::Array(_) | What::Map(_) => out.extend_from_slice(b"null"),
    }
    Some(())
}

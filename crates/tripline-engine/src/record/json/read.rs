//! The way into a record: finds its outermost brackets, follows the record read before or walks, and
//! keeps the record where it is to be followed.

use super::follow::follow;
use super::value::{byte, is_space, skip_space, value_end};
use super::walk::walk;
use crate::record::paths::Paths;
use crate::record::{ReadError, ReadErrorKind, Slots};

/// Reads one record: fills `slots` with where the values of `paths` are.
///
/// A record is one JSON object; a byte order mark in front and white space around it are
/// tolerated. Of members of one name the first counts. The module's description says what is
/// verified. After an error what the slots hold has no meaning.
///
/// `slots` must have been made for the same `paths`.
pub fn read(record: &[u8], paths: &Paths, slots: &mut Slots) -> Result<(), ReadError> {
    slots.clear(paths);
    let (start, end) = trim(record)?;
    // The offsets stay those of the record; what follows the closing bracket is white space.
    let bytes = record.get(..end).unwrap_or(record);
    let object = bytes.get(start..).unwrap_or(&[]);
    let mut memory = std::mem::take(&mut slots.memory);
    let known = memory.like(object);
    if let Some(at) = known
        && let Some(template) = memory.get(at)
    {
        if follow(template, bytes, start, paths, slots).is_some() {
            memory.kept(at);
            slots.memory = memory;
            return Ok(());
        }
        slots.clear(paths);
    }
    let read = walk(bytes, start, paths, slots);
    if read.is_ok() {
        memory.left(known, object, paths);
    }
    slots.memory = memory;
    read
}

/// Where the object begins and ends, by its outermost bytes alone: catches what was cut off
/// without reading it.
fn trim(record: &[u8]) -> Result<(usize, usize), ReadError> {
    let bom = if record.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let start = skip_space(record, bom);
    match record.get(start) {
        Some(b'{') => {}
        Some(_) => return Err(ReadError::new(ReadErrorKind::NotAnObject, start)),
        None => return Err(ReadError::new(ReadErrorKind::Empty, start)),
    }
    if record.len() >= u32::MAX as usize {
        return Err(ReadError::new(ReadErrorKind::TooLarge, 0));
    }
    match record.iter().rposition(|byte| !is_space(*byte)) {
        Some(last) if byte(record, last) == b'}' => Ok((start, last + 1)),
        _ => Err(unclosed(record, start)),
    }
}

/// What is wrong with a record whose last byte is not its closing bracket.
#[cold]
fn unclosed(record: &[u8], start: usize) -> ReadError {
    match value_end(record, start) {
        Ok(end) => ReadError::new(ReadErrorKind::TrailingData, skip_space(record, end)),
        Err(error) => error,
    }
}

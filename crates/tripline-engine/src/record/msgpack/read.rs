//! The way into a record: that it is a map, then along the record read before or by the walk, and
//! keeps the record where it is to be followed.

use super::follow::follow;
use super::walk::walk;
use crate::record::paths::Paths;
use crate::record::{ReadError, ReadErrorKind, Slots};

/// Reads one record: fills `slots` with where the values of `paths` are.
///
/// A record is one map. Of members of one name the first counts. The module's description says what
/// is verified. After an error what the slots hold has no meaning.
///
/// `slots` must have been made for the same `paths`.
pub fn read(record: &[u8], paths: &Paths, slots: &mut Slots) -> Result<(), ReadError> {
    slots.clear(paths);
    let members = match record.first() {
        Some(0x80..=0x8f) => record.get(1..),
        Some(0xde) => record.get(3..),
        Some(0xdf) => record.get(5..),
        Some(_) => return Err(ReadError::new(ReadErrorKind::NotAMap, 0)),
        None => return Err(ReadError::new(ReadErrorKind::Empty, 0)),
    };
    if record.len() >= u32::MAX as usize {
        return Err(ReadError::new(ReadErrorKind::TooLarge, 0));
    }
    let mut memory = std::mem::take(&mut slots.packed_memory);
    let known = memory.like(members.unwrap_or(&[]));
    if let Some(at) = known
        && let Some(template) = memory.get(at)
    {
        if follow(template, record, paths, slots).is_some() {
            memory.kept(at);
            slots.packed_memory = memory;
            return Ok(());
        }
        slots.clear(paths);
    }
    let read = walk(record, paths, slots);
    if read.is_ok() {
        memory.left(known, record, paths);
    }
    slots.packed_memory = memory;
    read
}

//! Single wanted values: what kind of value one is and where what it says begins, and whether its
//! texts are UTF-8. Used by the walk and by what follows a record read before.

use super::head::{Head, What};
use super::step::step_over;
use crate::record::json::is_ascii;
use crate::record::paths::Node;
use crate::record::{Kind, ReadError, ReadErrorKind};

/// The kind of a value that is no container, with this head at `at`, and where it begins: a text
/// behind its length, all else with its first byte.
#[inline]
pub(super) fn scalar(bytes: &[u8], at: usize, head: Head) -> Result<(Kind, usize), ReadError> {
    let kind = match head.what {
        What::Text => {
            check_utf8(bytes, head)?;
            if head.start < head.end {
                return Ok((Kind::Text, head.start));
            }
            Kind::Null
        }
        What::Bytes => {
            if head.start < head.end && check_utf8(bytes, head).is_ok() {
                return Ok((Kind::Text, head.start));
            }
            Kind::Null
        }
        What::Int(_) | What::Large(_) => Kind::Number,
        What::Float(number) if number.is_finite() => Kind::Number,
        What::Bool(true) => Kind::True,
        What::Bool(false) => Kind::False,
        What::Extension(_) if head.instant(bytes).is_some() => Kind::Instant,
        What::Nil | What::Float(_) | What::Extension(_) => Kind::Null,
        What::Array(_) => Kind::Array,
        What::Map(_) => Kind::Object,
    };
    Ok((kind, at))
}

/// Whether a reader goes into the value with this head for what is wanted in it.
pub(super) fn goes_in(node: &Node, head: Head) -> bool {
    match head.what {
        What::Array(_) => !node.elements.is_empty(),
        What::Map(_) => !node.keys.is_empty(),
        _ => false,
    }
}

/// The wanted value at `at`, if it is one that is not gone into: its kind, where what it says begins, and
/// where it ends.
pub(super) fn whole_value(bytes: &[u8], at: usize, node: &Node) -> Option<(Kind, usize, usize)> {
    let head = Head::read(bytes, at).ok()?;
    if goes_in(node, head) {
        return None;
    }
    let (kind, start) = scalar(bytes, at, head).ok()?;
    if !matches!(kind, Kind::Array | Kind::Object) {
        return Some((kind, start, head.end));
    }
    let end = step_over(bytes, at, at, 1).ok()?;
    if node.slot.is_some() {
        check_texts(bytes, at, end).ok()?;
    }
    Some((kind, start, end))
}

/// That all texts of the container from `start` to `end` are UTF-8.
pub(super) fn check_texts(bytes: &[u8], start: usize, end: usize) -> Result<(), ReadError> {
    let mut at = start;
    while at < end {
        let head = Head::read(bytes, at)?;
        if head.what == What::Text {
            check_utf8(bytes, head)?;
        }
        // Of a container that is where the first value in it begins.
        at = head.end;
    }
    Ok(())
}

#[inline]
fn check_utf8(bytes: &[u8], head: Head) -> Result<(), ReadError> {
    let text = bytes.get(head.start..head.end).unwrap_or(&[]);
    if is_ascii(text) {
        return Ok(());
    }
    std::str::from_utf8(text).map(|_| ()).map_err(|error| {
        ReadError::new(ReadErrorKind::InvalidUtf8, head.start + error.valid_up_to())
    })
}

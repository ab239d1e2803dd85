//! Whether an input has one record a line or is a JSON document, told by its first line.

use super::super::BLOCK;
use super::values::{Ended, Envelope, envelope, value_end};
use super::{BOM, skip_space};

/// How an input is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One record a line (NDJSON), broken lines and all.
    Lines,
    /// JSON values regardless of lines: an array, an envelope, an object, or several of these.
    Document,
}

/// The shape of an input that begins with this window; `None` if more must be seen.
///
/// A first line that is one whole JSON value means lines, even where it is an array or an envelope
/// (such lines are expanded on their own). It is a document if the line has a second value right
/// behind the first, or leaves open what it began and that is an array, an envelope, or an object
/// broken off where a person or a program would begin a new line.
pub(super) fn of(window: &[u8], at_end: bool) -> Option<Shape> {
    let start = if window.starts_with(BOM) {
        BOM.len()
    } else {
        0
    };
    let start = skip_space(window, start);
    let Some(first) = window.get(start) else {
        return (at_end || window.len() >= BLOCK).then_some(Shape::Lines);
    };
    if !matches!(first, b'{' | b'[') {
        return Some(Shape::Lines);
    }
    let head = window.get(start..).unwrap_or_default();
    let head = head.get(..BLOCK).unwrap_or(head);
    let (line, is_whole) = match memchr::memchr(b'\n', head) {
        Some(end) => (head.get(..end).unwrap_or(head), true),
        None if at_end || head.len() >= BLOCK => (head, at_end),
        None => return None,
    };
    let document = match value_end(line, 0) {
        Ended::At(end) => matches!(line.get(skip_space(line, end)), Some(b'{' | b'[')),
        Ended::Broken(_) => false,
        Ended::Unclosed
            if *first == b'[' || matches!(envelope(line, 0), Envelope::ElementsAt(_)) =>
        {
            true
        }
        // Where a long line is cut by the window says nothing.
        Ended::Unclosed if !is_whole => false,
        Ended::Unclosed => match line.trim_ascii_end().last() {
            Some(b'[' | b':') => true,
            // Here the next thing is a member's name. Where it is an object, the line was a record
            // that is broken off, and the next one is another record, unless it is among the elements of an envelope.
            Some(b'{' | b',') => {
                match window.get(skip_space(window, start.saturating_add(line.len()))) {
                    Some(b'{') => matches!(envelope(window, start), Envelope::ElementsAt(_)),
                    Some(_) => true,
                    None if at_end || window.len() >= BLOCK => true,
                    None => return None,
                }
            }
            _ => false,
        },
    };
    Some(if document {
        Shape::Document
    } else {
        Shape::Lines
    })
}

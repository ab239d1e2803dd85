//! Where JSON values end, and whether an object is an envelope around records.

use tripline_engine::record::json;

use super::skip_space;

/// What became of looking for a value's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The value ends before this place.
    At(usize),
    /// The bytes end before the value does.
    Unclosed,
    /// It is no JSON from about this place on.
    Broken(usize),
}

/// Where the value that begins at `at` ends. Brackets and texts are followed, no more: what the value
/// is worth, the engine's reader says.
pub(super) fn value_end(bytes: &[u8], at: usize) -> Ended {
    match json::value_end(bytes, at) {
        Ok(end) => Ended::At(end),
        Err(error) if error.kind.is_incomplete() => Ended::Unclosed,
        Err(error) => Ended::Broken(error.offset),
    }
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Envelope {
    /// An envelope; the first of its elements (or the `]`) is at or after this place.
    ElementsAt(usize),
    /// A record of its own.
    No,
    /// Not told before the bytes end.
    Unclosed,
}

/// How many members may stand before the one that holds the records. Azure's envelope has none,
/// Microsoft Graph's answers have `@odata.context`, `@odata.count` and `@odata.nextLink`.
const MEMBERS_BEFORE: usize = 4;

/// Whether the object that begins at `at` is an envelope: it has a member `records` (Azure diagnostic
/// settings) or `value` (Microsoft Graph) that is an array of objects, after at most a few members
/// that are neither objects nor arrays.
pub(super) fn envelope(bytes: &[u8], at: usize) -> Envelope {
    let mut at = skip_space(bytes, at.saturating_add(1));
    for _ in 0..=MEMBERS_BEFORE {
        match bytes.get(at) {
            Some(b'"') => {}
            Some(_) => return Envelope::No,
            None => return Envelope::Unclosed,
        }
        let key_end = match value_end(bytes, at) {
            Ended::At(end) => end,
            Ended::Unclosed => return Envelope::Unclosed,
            Ended::Broken(_) => return Envelope::No,
        };
        let key = bytes.get(at..key_end).unwrap_or_default();
        let colon = skip_space(bytes, key_end);
        match bytes.get(colon) {
            Some(b':') => {}
            Some(_) => return Envelope::No,
            None => return Envelope::Unclosed,
        }
        let value = skip_space(bytes, colon.saturating_add(1));
        match bytes.get(value) {
            Some(b'[') if key == b"\"records\"" || key == b"\"value\"" => {
                let element = skip_space(bytes, value.saturating_add(1));
                return match bytes.get(element) {
                    Some(b'{' | b']') => Envelope::ElementsAt(element),
                    Some(_) => Envelope::No,
                    None => Envelope::Unclosed,
                };
            }
            Some(b'[' | b'{') => return Envelope::No,
            Some(_) => {}
            None => return Envelope::Unclosed,
        }
        let value_end = match value_end(bytes, value) {
            Ended::At(end) => end,
            Ended::Unclosed => return Envelope::Unclosed,
            Ended::Broken(_) => return Envelope::No,
        };
        let comma = skip_space(bytes, value_end);
        match bytes.get(comma) {
            Some(b',') => {}
            Some(_) => return Envelope::No,
            None => return Envelope::Unclosed,
        }
        at = skip_space(bytes, comma.saturating_add(1));
    }
    Envelope::No
}

/// Whether a line holds records inside: it is an array of objects or an envelope. Every line is asked:
/// an ordinary record is told by the first letter of its first key.
pub(super) fn holds_records(line: &[u8]) -> bool {
    let inside = skip_space(line, 1);
    match (line.first(), line.get(inside)) {
        (Some(b'['), Some(b'{' | b']')) => true,
        (Some(b'{'), Some(b'"')) => {
            matches!(line.get(inside.saturating_add(1)), Some(b'r' | b'v' | b'@'))
                && matches!(envelope(line, 0), Envelope::ElementsAt(_))
        }
        _ => false,
    }
}

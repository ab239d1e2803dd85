//! Where JSON values end, whether an object is an envelope around records, and where one may be.

use std::ops::Range;

use memchr::memmem::Finder;
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

/// How many members are looked at for the one that holds the records. Azure's envelope has it first;
/// Microsoft Graph's answers begin with `@odata.context`, `@odata.count` and `@odata.nextLink`, and other
/// collectors put a count or an object about the delivery before it.
const MEMBERS: usize = 6;

/// How many elements of `records` are looked at for an object.
const ELEMENTS: usize = 6;

/// Whether the object that begins at `at` is an envelope: among its first members is `records` (Azure
/// diagnostic settings) or `value` (Microsoft Graph), and that is an array with objects in it.
///
/// `records` may begin with other elements and may be empty. `value` is a name that records have too:
/// its first element must be an object, and if it is empty only members about the answer
/// (`@odata.…`) may stand before it.
pub(super) fn envelope(bytes: &[u8], at: usize) -> Envelope {
    match search(bytes, at) {
        Ok(Some(element)) => Envelope::ElementsAt(element),
        Ok(None) | Err(Ended::Broken(_) | Ended::At(_)) => Envelope::No,
        Err(Ended::Unclosed) => Envelope::Unclosed,
    }
}

/// The place of an envelope's first element (or the `]`), if it is one.
fn search(bytes: &[u8], at: usize) -> Result<Option<usize>, Ended> {
    let mut at = skip_space(bytes, at.saturating_add(1));
    let mut about_the_answer = true;
    for _ in 0..MEMBERS {
        if byte(bytes, at)? != b'"' {
            return Ok(None);
        }
        let key_end = end(bytes, at)?;
        let key = bytes.get(at..key_end).unwrap_or_default();
        let colon = skip_space(bytes, key_end);
        if byte(bytes, colon)? != b':' {
            return Ok(None);
        }
        let value = skip_space(bytes, colon.saturating_add(1));
        if byte(bytes, value)? == b'[' {
            let element = skip_space(bytes, value.saturating_add(1));
            let is_envelope = match key {
                b"\"records\"" => has_object(bytes, element)?,
                b"\"value\"" => match byte(bytes, element)? {
                    b'{' => true,
                    b']' => about_the_answer,
                    _ => false,
                },
                _ => false,
            };
            if is_envelope {
                return Ok(Some(element));
            }
        }
        about_the_answer &= key.starts_with(b"\"@");
        let comma = skip_space(bytes, end(bytes, value)?);
        if byte(bytes, comma)? != b',' {
            return Ok(None);
        }
        at = skip_space(bytes, comma.saturating_add(1));
    }
    Ok(None)
}

/// Whether an array, the first element of which is at `at`, is empty or has an object near its front.
fn has_object(bytes: &[u8], mut at: usize) -> Result<bool, Ended> {
    if byte(bytes, at)? == b']' {
        return Ok(true);
    }
    for _ in 0..ELEMENTS {
        if byte(bytes, at)? == b'{' {
            return Ok(true);
        }
        let comma = skip_space(bytes, end(bytes, at)?);
        if byte(bytes, comma)? != b',' {
            return Ok(false);
        }
        at = skip_space(bytes, comma.saturating_add(1));
    }
    Ok(false)
}

/// The byte at a place; the bytes may end before it.
fn byte(bytes: &[u8], at: usize) -> Result<u8, Ended> {
    bytes.get(at).copied().ok_or(Ended::Unclosed)
}

/// The end of the value at a place.
fn end(bytes: &[u8], at: usize) -> Result<usize, Ended> {
    match value_end(bytes, at) {
        Ended::At(end) => Ok(end),
        other => Err(other),
    }
}

/// Whether a line that begins with `[` is an array rather than text, such as `[error] no space`.
pub(super) fn array_of_values(line: &[u8]) -> bool {
    match line.get(skip_space(line, 1)) {
        Some(b'{' | b']') => true,
        Some(_) => value_end(line, 0) == Ended::At(line.len()),
        None => false,
    }
}

/// Whether a line that begins with `{` is an envelope. To be asked where [`Mentions`] says so.
pub(super) fn envelope_on_line(line: &[u8]) -> bool {
    matches!(search(line, 0), Ok(Some(_)))
}

/// The places in many lines at which a member `records` or `value` with an array begins. Looking for them
/// in all lines together costs a fraction of walking through the first members of each.
pub(super) struct Mentions<'b> {
    bytes: &'b [u8],
    /// The names, each with the next place not before the line at hand.
    names: [(Finder<'static>, Option<usize>); 2],
}

impl<'b> Mentions<'b> {
    /// In these lines.
    pub(super) fn new(bytes: &'b [u8]) -> Mentions<'b> {
        let mut mentions = Mentions {
            bytes,
            names: [&b"\"records\""[..], b"\"value\""].map(|name| (Finder::new(name), None)),
        };
        for (name, next) in &mut mentions.names {
            *next = mention(name, mentions.bytes, 0);
        }
        mentions
    }

    /// Whether there is one in this line. Lines must be asked about in their order.
    pub(super) fn within(&mut self, line: Range<usize>) -> bool {
        let mut found = false;
        for (name, next) in &mut self.names {
            while next.is_some_and(|at| at < line.start) {
                *next = mention(name, self.bytes, line.start);
            }
            found |= next.is_some_and(|at| at < line.end);
        }
        found
    }
}

/// The next place at or after `from` where an array of this name begins.
fn mention(name: &Finder<'_>, bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    name.find_iter(rest)
        .map(|found| from.saturating_add(found))
        .find(|at| {
            let colon = skip_space(bytes, at.saturating_add(name.needle().len()));
            bytes.get(colon) == Some(&b':')
                && bytes.get(skip_space(bytes, colon.saturating_add(1))) == Some(&b'[')
        })
}

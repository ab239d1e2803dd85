//! The walk through one record. No recursion: the maps and arrays it has gone into are on a stack in
//! [`Slots`], never more than the longest wanted path has steps.

use std::ops::Range;

use tripline_lang::value::Encoding;

use super::value::{What, check_text, text, what};
use super::wire::{Content, Fields, entry};
use crate::record::paths::{Node, Paths, ROOT};
use crate::record::{Found, Kind, MAX_DEPTH, ReadError, ReadErrorKind, Slots};

/// A map or array that is being read.
#[derive(Debug, Clone, Copy)]
pub(in crate::record) struct Open {
    /// Its node in the paths.
    node: usize,
    /// Where the next entry or element begins.
    at: usize,
    /// Where it ends.
    end: usize,
    /// Of an array, the index of the element that is read next.
    element: u32,
    array: bool,
}

/// Reads one record of this encoding, which is one of protobuf: fills `slots`, which must have been made
/// for the same `paths`.
pub(in crate::record) fn read(
    record: &[u8],
    encoding: Encoding,
    paths: &Paths,
    slots: &mut Slots,
) -> Result<(), ReadError> {
    slots.clear(paths);
    if u32::try_from(record.len()).is_err() {
        return Err(ReadError::new(ReadErrorKind::TooLarge, 0));
    }
    let mut walk = Walk {
        bytes: record,
        encoding,
        paths,
        slots,
    };
    walk.slots.messages.clear();
    walk.slots.messages.push(Open {
        node: ROOT,
        at: 0,
        end: record.len(),
        element: 0,
        array: false,
    });
    walk.run()
}

struct Walk<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    paths: &'a Paths,
    slots: &'a mut Slots,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), ReadError> {
        while let Some(mut open) = self.slots.messages.pop() {
            let Some(node) = self.paths.node(open.node) else {
                break;
            };
            if !self.slots.wants(self.paths, open.node) {
                continue;
            }
            match self.next(&mut open, node)? {
                Some(inner) => self.slots.messages.extend([open, inner]),
                None => self.slots.close(node),
            }
        }
        Ok(())
    }

    /// Reads entries or elements until one is gone into, which is given, or all have been read.
    fn next(&mut self, open: &mut Open, node: &Node) -> Result<Option<Open>, ReadError> {
        let mut fields = Fields::of(self.bytes, open.at..open.end);
        while let Some((number, content)) = fields.next()? {
            let Content::Bytes(place) = content else {
                continue;
            };
            if number != 1 && !(open.node == ROOT && is_attribute(number, self.encoding)) {
                continue;
            }
            let (child, value) = if open.array {
                let index = open.element;
                open.element = index.saturating_add(1);
                let child = node.elements.iter().find(|(wanted, _)| *wanted == index);
                (child.map_or(ROOT, |(_, child)| *child), place)
            } else {
                let (name, value) = entry(self.bytes, place)?;
                let child = if name.is_empty() {
                    node.keys.find_name(&[])
                } else {
                    node.keys.find(self.bytes, name.start, name.end)
                };
                (child, value)
            };
            if child == ROOT || !self.slots.wants(self.paths, child) {
                continue;
            }
            if let Some(inner) = self.value(child, value)? {
                open.at = fields.at();
                return Ok(Some(inner));
            }
            if !self.slots.wants(self.paths, open.node) {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Notes the value of a wanted node; gives it if it is to be gone into.
    #[inline]
    fn value(&mut self, number: usize, place: Range<usize>) -> Result<Option<Open>, ReadError> {
        let Some(node) = self.paths.node(number) else {
            return Ok(None);
        };
        let what = what(self.bytes, place.clone(), self.encoding)?;
        let (kind, place) = match what {
            What::Map(inside) => return self.container(node, number, place, inside, false),
            What::Array(inside) => return self.container(node, number, place, inside, true),
            What::Text(text) => {
                check_text(self.bytes, text.clone())?;
                (Kind::Text, text)
            }
            What::Bytes(bytes) if text(self.bytes, bytes.clone()).is_some() => (Kind::Text, bytes),
            What::Int(_) => (Kind::Number, place),
            What::Float(number) if number.is_finite() => (Kind::Number, place),
            What::Bool(true) => (Kind::True, place),
            What::Bool(false) => (Kind::False, place),
            What::Instant(_) => (Kind::Instant, place),
            What::Null | What::Bytes(_) | What::Float(_) => (Kind::Null, place),
        };
        // Empty text is missing.
        let kind = if kind == Kind::Text && place.is_empty() {
            Kind::Null
        } else {
            kind
        };
        let found = Found::new(self.encoding, kind, place.start, place.end);
        self.slots.note(node, found);
        Ok(None)
    }

    /// Notes a map or array; gives it if something in it is wanted.
    fn container(
        &mut self,
        node: &Node,
        number: usize,
        place: Range<usize>,
        inside: Range<usize>,
        array: bool,
    ) -> Result<Option<Open>, ReadError> {
        if node.slot.is_some() {
            check(self.bytes, place.clone(), self.encoding)?;
        }
        let kind = if array { Kind::Array } else { Kind::Object };
        let found = Found::new(self.encoding, kind, place.start, place.end);
        self.slots.note_begun(node, found);
        let leads_on = if array {
            !node.elements.is_empty()
        } else {
            !node.keys.is_empty()
        };
        if !leads_on || !self.slots.wants(self.paths, number) {
            self.slots.close(node);
            return Ok(None);
        }
        if self.slots.messages.len() >= MAX_DEPTH {
            return Err(ReadError::new(ReadErrorKind::TooDeep, place.start));
        }
        Ok(Some(Open {
            node: number,
            at: inside.start,
            end: inside.end,
            element: 0,
            array,
        }))
    }
}

/// Whether a field of a record with this number is a member as those in field 1 are: an attribute of a
/// `LogRecord`, which has no entries in field 1.
pub(super) fn is_attribute(number: u64, encoding: Encoding) -> bool {
    number == 6 && encoding == Encoding::OpenTelemetry
}

/// That the value at `place` is whole, to its last text.
fn check(bytes: &[u8], place: Range<usize>, encoding: Encoding) -> Result<(), ReadError> {
    // Values that are still to be looked at, and how deep each is.
    let mut waiting = vec![(place, 0)];
    while let Some((place, depth)) = waiting.pop() {
        let (inside, array) = match what(bytes, place.clone(), encoding)? {
            What::Map(inside) => (inside, false),
            What::Array(inside) => (inside, true),
            What::Text(text) => {
                check_text(bytes, text)?;
                continue;
            }
            _ => continue,
        };
        if depth >= MAX_DEPTH {
            return Err(ReadError::new(ReadErrorKind::TooDeep, place.start));
        }
        let mut fields = Fields::of(bytes, inside);
        while let Some((number, content)) = fields.next()? {
            if let (1, Content::Bytes(place)) = (number, content) {
                let value = if array { place } else { entry(bytes, place)?.1 };
                waiting.push((value, depth + 1));
            }
        }
    }
    Ok(())
}

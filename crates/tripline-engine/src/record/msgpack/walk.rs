//! The walk through one record. No recursion: the maps and arrays it has gone into are frames in
//! [`Slots`], never more than the longest wanted path has steps.

use tripline_lang::value::Encoding;

use super::head::{Head, What};
use super::step::{behind, step_over};
use super::value::{check_texts, scalar};
use crate::record::json::is_ascii;
use crate::record::paths::{Node, Paths, ROOT};
use crate::record::slots::Frame;
use crate::record::{Found, Kind, MAX_DEPTH, ReadError, ReadErrorKind, Slots};

/// Reads a record whose first byte is that of a map. `slots` must be clear.
pub(super) fn walk(record: &[u8], paths: &Paths, slots: &mut Slots) -> Result<(), ReadError> {
    let walk = Walk {
        bytes: record,
        at: 0,
        paths,
        slots,
    };
    walk.run()
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    paths: &'a Paths,
    slots: &'a mut Slots,
}

impl Walk<'_> {
    fn run(mut self) -> Result<(), ReadError> {
        if self.paths.is_empty() {
            return Ok(());
        }
        if let Some(end) = self.value(self.at, ROOT)? {
            self.at = end;
        }
        while let Some(frame) = self.slots.frames.last().copied() {
            let Some(node) = self.paths.node(frame.node) else {
                break;
            };
            if !self.slots.wants(self.paths, frame.node) {
                self.finish(frame, node, self.at)?;
            } else if frame.array {
                self.array(frame, node)?;
            } else {
                self.map(frame, node)?;
            }
        }
        if self.at < self.bytes.len() {
            return Err(ReadError::new(ReadErrorKind::TrailingData, self.at));
        }
        Ok(())
    }

    /// Reads members until one is gone into or the map ends.
    fn map(&mut self, frame: Frame, node: &Node) -> Result<(), ReadError> {
        let bytes = self.bytes;
        let mut at = self.at;
        let mut left = frame.left;
        while left > 0 {
            left -= 1;
            let first = bytes.get(at).copied().unwrap_or(0);
            // Nearly every name is a text of 1 to 31 bytes. That it is there whole is known when its
            // value is read.
            let less = first.wrapping_sub(0xa1);
            let (child, value) = if less < 31 {
                let value = at + 2 + usize::from(less);
                (node.keys.find(bytes, at + 1, value), value)
            } else {
                self.name(node, at)?
            };
            if !self.is_wanted(child) {
                at = match behind(bytes, value) {
                    Some(next) => next,
                    None => self.step_over(value)?,
                };
                continue;
            }
            let Some(end) = self.value(value, child)? else {
                self.stay(left, 0);
                return Ok(());
            };
            at = end;
            if !self.slots.wants(self.paths, frame.node) {
                return self.finish(Frame { left, ..frame }, node, at);
            }
        }
        self.leave(frame, node, at)
    }

    /// Reads elements until one is gone into, the last wanted one is behind or the array ends.
    fn array(&mut self, frame: Frame, node: &Node) -> Result<(), ReadError> {
        let mut at = self.at;
        let (mut left, mut index) = (frame.left, frame.element);
        while left > 0 {
            let place = node.elements.partition_point(|(wanted, _)| *wanted < index);
            let Some(&(wanted, child)) = node.elements.get(place) else {
                self.slots.close(node);
                return self.finish(Frame { left, ..frame }, node, at);
            };
            left -= 1;
            if wanted == index && self.slots.wants(self.paths, child) {
                let Some(end) = self.value(at, child)? else {
                    self.stay(left, index.saturating_add(1));
                    return Ok(());
                };
                at = end;
                if !self.slots.wants(self.paths, frame.node) {
                    return self.finish(Frame { left, ..frame }, node, at);
                }
            } else {
                at = self.step_over(at)?;
            }
            index = index.saturating_add(1);
        }
        self.leave(frame, node, at)
    }

    /// Notes how far the container has been read that holds the innermost one, for when it is read
    /// on.
    fn stay(&mut self, left: u32, element: u32) {
        if let [.., frame, _] = self.slots.frames.as_mut_slice() {
            frame.left = left;
            frame.element = element;
        }
    }

    /// The end of the value at `at`.
    #[inline(never)]
    fn step_over(&self, at: usize) -> Result<usize, ReadError> {
        step_over(self.bytes, at, at, 1).map_err(|error| self.placed(error))
    }

    /// Whether the node is a child in which something can still be found.
    #[inline(always)]
    fn is_wanted(&self, child: usize) -> bool {
        child != ROOT && self.slots.wants(self.paths, child)
    }

    /// The child that a name which is not a short text leads to, or [`ROOT`], and where the
    /// member's value begins.
    #[inline(never)]
    fn name(&self, node: &Node, at: usize) -> Result<(usize, usize), ReadError> {
        let head = self.head(at)?;
        let child = match head.what {
            What::Text | What::Bytes if head.start < head.end => {
                node.keys.find(self.bytes, head.start, head.end)
            }
            What::Text | What::Bytes => node.keys.find_name(&[]),
            What::Map(_) | What::Array(_) => {
                return Ok((ROOT, self.step_over(at)?));
            }
            _ => ROOT,
        };
        Ok((child, head.end))
    }

    /// Reads the value of a wanted node, which begins at `at`. Gives its end, or nothing if it is a
    /// container that was gone into.
    #[inline(always)]
    fn value(&mut self, at: usize, number: usize) -> Result<Option<usize>, ReadError> {
        let bytes = self.bytes;
        let first = bytes.get(at).copied().unwrap_or(0);
        // Nearly every value is a text of up to 255 bytes.
        let (start, length) = match first {
            0xa1..=0xbf => (at + 1, usize::from(first & 0x1f)),
            0xd9 => (at + 2, bytes.get(at + 1).copied().map_or(0, usize::from)),
            _ => return self.other_value(at, number),
        };
        let text = bytes.get(start..start + length);
        if length == 0 || !text.is_some_and(is_ascii) {
            return self.other_value(at, number);
        }
        let end = start + length;
        self.note(number, Kind::Text, start, end);
        Ok(Some(end))
    }

    /// Notes a value that is no container.
    #[inline]
    fn note(&mut self, number: usize, kind: Kind, start: usize, end: usize) {
        if let Some(node) = self.paths.node(number) {
            let found = Found::new(Encoding::MessagePack, kind, start, end);
            self.slots.note(node, found);
        }
    }

    /// As [`Walk::value`], of any kind.
    #[inline(never)]
    fn other_value(&mut self, at: usize, number: usize) -> Result<Option<usize>, ReadError> {
        let head = self.head(at)?;
        match head.what {
            What::Array(left) => {
                let frame = Frame {
                    node: number,
                    start: at,
                    element: 0,
                    left,
                    array: true,
                };
                return self.container(frame, head.start);
            }
            What::Map(left) => {
                let frame = Frame {
                    node: number,
                    start: at,
                    element: 0,
                    left,
                    array: false,
                };
                return self.container(frame, head.start);
            }
            _ => {}
        }
        let (kind, start) = scalar(self.bytes, at, head)?;
        self.note(number, kind, start, head.end);
        Ok(Some(head.end))
    }

    /// Goes into a container, whose content begins at `inside`, if something in it is wanted, else
    /// steps over it.
    fn container(&mut self, frame: Frame, inside: usize) -> Result<Option<usize>, ReadError> {
        let Frame {
            node: number,
            start: at,
            array,
            ..
        } = frame;
        let Some(node) = self.paths.node(number) else {
            return Ok(None);
        };
        let kind = if array { Kind::Array } else { Kind::Object };
        // The end is noted when it is known.
        let found = Found::new(Encoding::MessagePack, kind, at, at);
        self.slots.note_begun(node, found);
        let leads_on = if array {
            !node.elements.is_empty()
        } else {
            !node.keys.is_empty()
        };
        if leads_on && self.slots.wants(self.paths, number) {
            if self.slots.frames.len() >= MAX_DEPTH {
                return Err(ReadError::new(ReadErrorKind::TooDeep, at));
            }
            self.slots.frames.push(frame);
            self.at = inside;
            return Ok(None);
        }
        let end = step_over(self.bytes, at, at, 1)?;
        self.end_container(node, at, end)?;
        Ok(Some(end))
    }

    /// Nothing more is wanted from the innermost container: steps over its rest, or ends the walk
    /// if nothing more is wanted at all. `at` is behind a value or in front of one.
    #[inline(never)]
    fn finish(&mut self, frame: Frame, node: &Node, at: usize) -> Result<(), ReadError> {
        let whole = |frame: &Frame| {
            self.paths
                .node(frame.node)
                .is_some_and(|node| node.slot.is_some())
        };
        if !self.slots.wants(self.paths, ROOT) && !self.slots.frames.iter().any(whole) {
            self.slots.frames.clear();
            self.at = self.bytes.len();
            return Ok(());
        }
        let values = if frame.array { 1 } else { 2 };
        let items = values * u64::from(frame.left);
        let end = step_over(self.bytes, frame.start, at, items)?;
        self.leave(frame, node, end)
    }

    /// Leaves the innermost container, which ends at `end`.
    fn leave(&mut self, frame: Frame, node: &Node, end: usize) -> Result<(), ReadError> {
        if end > self.bytes.len() {
            return Err(ReadError::new(ReadErrorKind::Incomplete, frame.start));
        }
        self.end_container(node, frame.start, end)?;
        self.slots.frames.pop();
        self.at = end;
        Ok(())
    }

    fn end_container(&mut self, node: &Node, start: usize, end: usize) -> Result<(), ReadError> {
        if let Some(slot) = node.slot {
            check_texts(self.bytes, start, end).map_err(|error| self.placed(error))?;
            self.slots.complete(slot, start, end);
        }
        self.slots.close(node);
        Ok(())
    }

    #[inline]
    fn head(&self, at: usize) -> Result<Head, ReadError> {
        Head::read(self.bytes, at).map_err(|error| self.placed(error))
    }

    /// The error; past the end it is the innermost container that is incomplete.
    #[cold]
    fn placed(&self, error: ReadError) -> ReadError {
        if error.offset < self.bytes.len() {
            return error;
        }
        let start = self.slots.frames.last().map_or(0, |frame| frame.start);
        ReadError::new(ReadErrorKind::Incomplete, start)
    }
}

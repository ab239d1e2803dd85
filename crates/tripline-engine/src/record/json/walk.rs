//! The walk through one record. No recursion: the objects and arrays it has gone into are frames
//! in [`Slots`], never more than the longest wanted path has steps.

use tripline_lang::value::Encoding;

use super::scan::{self, joint};
use super::value::{
    byte, container_end, skip_space, step_over, strict_number_end, strict_word, text_end,
};
use crate::record::paths::{Node, Paths, ROOT};
use crate::record::slots::Frame;
use crate::record::{Found, Kind, MAX_DEPTH, ReadError, ReadErrorKind, Slots, text};

/// Reads a record whose object begins at `start` and ends with the last byte. `slots` must be clear.
pub(super) fn walk(
    bytes: &[u8],
    start: usize,
    paths: &Paths,
    slots: &mut Slots,
) -> Result<(), ReadError> {
    Walk {
        bytes,
        at: start,
        paths,
        slots,
    }
    .run()
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    paths: &'a Paths,
    slots: &'a mut Slots,
}

/// How the walk through the innermost container ended for now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It went into a container inside; `at` is behind that one's opening bracket.
    In,
    /// It left the container; `at` is behind its closing bracket.
    Out,
}

impl Walk<'_> {
    fn run(mut self) -> Result<(), ReadError> {
        if self.paths.is_empty() {
            return Ok(());
        }
        if let Some(end) = self.value(self.at, ROOT)? {
            self.at = end;
        }
        let mut turn = Turn::In;
        while let Some(frame) = self.slots.frames.last().copied() {
            let Some(node) = self.paths.node(frame.node) else {
                break;
            };
            turn = if frame.array {
                self.array(frame, node, turn)?
            } else {
                self.object(frame, node, turn)?
            };
        }
        let rest = skip_space(self.bytes, self.at);
        if rest < self.bytes.len() {
            return Err(ReadError::new(ReadErrorKind::TrailingData, rest));
        }
        Ok(())
    }

    /// Reads members until one is gone into or the object ends.
    fn object(&mut self, frame: Frame, node: &Node, turn: Turn) -> Result<Turn, ReadError> {
        let bytes = self.bytes;
        let room = MAX_DEPTH - self.slots.frames.len().min(MAX_DEPTH);
        let mut at = skip_space(bytes, self.at);
        match (turn, byte(bytes, at)) {
            (Turn::In, b'}') => return self.leave(frame, node, at + 1),
            (Turn::In, _) => {}
            (Turn::Out, _) if !self.slots.wants(self.paths, frame.node) => {
                return self.finish(frame, node, at);
            }
            (Turn::Out, b',') => at = skip_space(bytes, at + 1),
            (Turn::Out, b'}') => return self.leave(frame, node, at + 1),
            (Turn::Out, _) => return Err(self.error(ReadErrorKind::ExpectedCommaOrEnd, at)),
        }
        loop {
            if byte(bytes, at) != b'"' {
                return Err(self.error(ReadErrorKind::ExpectedName, at));
            }
            let mut start = at + 1;
            let (child, value) = loop {
                let end = scan::name_end(bytes, start);
                let joint = scan::joint(bytes, end);
                if joint != joint::NAME_TEXT {
                    break self.name(node, start, end)?;
                }
                let child = node.keys.find(bytes, start, end);
                if self.is_wanted(child) {
                    break (child, end + 2);
                }
                // The way most members go: a text that is not wanted, then the next name.
                let close = scan::text_close(bytes, end + 3);
                if scan::joint(bytes, close) != joint::TEXT_NAME {
                    break (ROOT, end + 2);
                }
                start = close + 3;
            };
            at = if self.is_wanted(child) {
                let Some(end) = self.value(value, child)? else {
                    return Ok(Turn::In);
                };
                if !self.slots.wants(self.paths, frame.node) {
                    return self.finish(frame, node, end);
                }
                if scan::joint(bytes, end - 1) == joint::TEXT_NAME {
                    at = end + 1;
                    continue;
                }
                end
            } else {
                step_over(bytes, value, room)?
            };
            at = skip_space(bytes, at);
            match byte(bytes, at) {
                b',' => at = skip_space(bytes, at + 1),
                b'}' => return self.leave(frame, node, at + 1),
                _ => return Err(self.error(ReadErrorKind::ExpectedCommaOrEnd, at)),
            }
        }
    }

    /// Whether the node is a child in which something can still be found.
    #[inline(always)]
    fn is_wanted(&self, child: usize) -> bool {
        child != ROOT && self.slots.wants(self.paths, child)
    }

    /// The child that a member's name leads to, or [`ROOT`], and where the member's value begins.
    /// `end` is the first quote or backslash at or after the name's first byte, at `start`.
    #[inline(always)]
    fn name(&self, node: &Node, start: usize, end: usize) -> Result<(usize, usize), ReadError> {
        let bytes = self.bytes;
        let (child, close) = match byte(bytes, end) {
            b'"' => (node.keys.find(bytes, start, end), end),
            _ => self.escaped_name(node, start, end)?,
        };
        let mut at = close + 1;
        if byte(bytes, at) != b':' {
            at = skip_space(bytes, at);
            if byte(bytes, at) != b':' {
                return Err(self.error(ReadErrorKind::ExpectedColon, at));
            }
        }
        Ok((child, skip_space(bytes, at + 1)))
    }

    /// The child that a name with escapes leads to, or [`ROOT`], and the name's closing quote.
    #[cold]
    fn escaped_name(
        &self,
        node: &Node,
        start: usize,
        escape: usize,
    ) -> Result<(usize, usize), ReadError> {
        let end = text_end(self.bytes, start - 1, escape)?;
        let name = text::unescape(self.bytes.get(start..end - 1).unwrap_or(&[]));
        Ok((node.keys.find_name(name.as_bytes()), end - 1))
    }

    /// Reads elements until one is gone into, the last wanted one is behind or the array ends.
    fn array(&mut self, frame: Frame, node: &Node, turn: Turn) -> Result<Turn, ReadError> {
        let bytes = self.bytes;
        let room = MAX_DEPTH - self.slots.frames.len().min(MAX_DEPTH);
        let mut at = skip_space(bytes, self.at);
        let mut index = frame.element;
        match (turn, byte(bytes, at)) {
            (Turn::In, b']') => return self.leave(frame, node, at + 1),
            (Turn::In, _) => {}
            (Turn::Out, _) if !self.slots.wants(self.paths, frame.node) => {
                return self.finish(frame, node, at);
            }
            (Turn::Out, b',') => at = skip_space(bytes, at + 1),
            (Turn::Out, b']') => return self.leave(frame, node, at + 1),
            (Turn::Out, _) => return Err(self.error(ReadErrorKind::ExpectedCommaOrEnd, at)),
        }
        loop {
            let place = node.elements.partition_point(|(wanted, _)| *wanted < index);
            let Some(&(wanted, child)) = node.elements.get(place) else {
                self.slots.close(node);
                return self.finish(frame, node, at);
            };
            if wanted == index && self.slots.wants(self.paths, child) {
                if let Some(frame) = self.slots.frames.last_mut() {
                    frame.element = index + 1;
                }
                let Some(end) = self.value(at, child)? else {
                    return Ok(Turn::In);
                };
                if !self.slots.wants(self.paths, frame.node) {
                    return self.finish(frame, node, end);
                }
                at = end;
            } else {
                at = step_over(bytes, at, room)?;
            }
            at = skip_space(bytes, at);
            match byte(bytes, at) {
                b',' => at = skip_space(bytes, at + 1),
                b']' => return self.leave(frame, node, at + 1),
                _ => return Err(self.error(ReadErrorKind::ExpectedCommaOrEnd, at)),
            }
            index = index.saturating_add(1);
        }
    }

    /// Reads the value of a wanted node, which begins at `at`. Gives its end, or nothing if it is
    /// a container that was gone into.
    fn value(&mut self, at: usize, number: usize) -> Result<Option<usize>, ReadError> {
        let (kind, end) = match byte(self.bytes, at) {
            b'"' => self.text(at)?,
            b'-' | b'0'..=b'9' => (Kind::Number, strict_number_end(self.bytes, at)?),
            b'{' => return self.container(at, number, Kind::Object),
            b'[' => return self.container(at, number, Kind::Array),
            _ => strict_word(self.bytes, at)?,
        };
        if let Some(node) = self.paths.node(number) {
            self.slots.note(node, found(kind, at, end));
        }
        Ok(Some(end))
    }

    /// The kind and the end of a wanted text.
    #[inline]
    fn text(&self, at: usize) -> Result<(Kind, usize), ReadError> {
        let first = scan::name_end(self.bytes, at + 1);
        let (kind, end) = match byte(self.bytes, first) {
            b'"' => (Kind::Text, first + 1),
            _ => (Kind::EscapedText, text_end(self.bytes, at, first)?),
        };
        self.check_utf8(at, end)?;
        Ok((kind, end))
    }

    /// Goes into a container if something in it is wanted, else steps over it.
    fn container(
        &mut self,
        at: usize,
        number: usize,
        kind: Kind,
    ) -> Result<Option<usize>, ReadError> {
        let array = kind == Kind::Array;
        let depth = self.slots.frames.len();
        let Some(node) = self.paths.node(number) else {
            return Ok(None);
        };
        // The end is noted when it is known.
        self.slots.note_begun(node, found(kind, at, at));
        let leads_on = if array {
            !node.elements.is_empty()
        } else {
            !node.keys.is_empty()
        };
        if leads_on && self.slots.wants(self.paths, number) {
            if depth >= MAX_DEPTH {
                return Err(ReadError::new(ReadErrorKind::TooDeep, at));
            }
            self.slots.frames.push(Frame {
                node: number,
                start: at,
                element: 0,
                left: 0,
                array,
            });
            self.at = at + 1;
            return Ok(None);
        }
        let end = container_end(self.bytes, at, at + 1, MAX_DEPTH - depth.min(MAX_DEPTH))?;
        self.end_container(node, at, end)?;
        Ok(Some(end))
    }

    /// Nothing more is wanted from the innermost container: steps over its rest, or ends the walk
    /// if nothing more is wanted at all. `at` is behind a value or in front of one.
    #[inline(never)]
    fn finish(&mut self, frame: Frame, node: &Node, at: usize) -> Result<Turn, ReadError> {
        let whole = |frame: &Frame| {
            self.paths
                .node(frame.node)
                .is_some_and(|node| node.slot.is_some())
        };
        if !self.slots.wants(self.paths, ROOT) && !self.slots.frames.iter().any(whole) {
            self.slots.frames.clear();
            self.at = self.bytes.len();
            return Ok(Turn::Out);
        }
        let depth = self.slots.frames.len().min(MAX_DEPTH);
        let end = container_end(self.bytes, frame.start, at, MAX_DEPTH + 1 - depth)?;
        self.leave(frame, node, end)
    }

    /// Leaves the innermost container, which ends at `end`.
    fn leave(&mut self, frame: Frame, node: &Node, end: usize) -> Result<Turn, ReadError> {
        self.end_container(node, frame.start, end)?;
        self.slots.frames.pop();
        self.at = end;
        Ok(Turn::Out)
    }

    fn end_container(&mut self, node: &Node, start: usize, end: usize) -> Result<(), ReadError> {
        if let Some(slot) = node.slot {
            self.check_utf8(start, end)?;
            self.slots.complete(slot, start, end);
        }
        self.slots.close(node);
        Ok(())
    }

    #[inline]
    fn check_utf8(&self, start: usize, end: usize) -> Result<(), ReadError> {
        let wanted = self.bytes.get(start..end).unwrap_or(&[]);
        match scan::is_ascii(wanted) {
            true => Ok(()),
            false => std::str::from_utf8(wanted).map(|_| ()).map_err(|error| {
                ReadError::new(ReadErrorKind::InvalidUtf8, start + error.valid_up_to())
            }),
        }
    }

    /// `kind` at `at`; past the end it is the innermost container that is incomplete.
    #[cold]
    fn error(&self, kind: ReadErrorKind, at: usize) -> ReadError {
        if at < self.bytes.len() {
            return ReadError::new(kind, at);
        }
        let start = self.slots.frames.last().map_or(0, |frame| frame.start);
        ReadError::new(ReadErrorKind::Incomplete, start)
    }
}

#[inline(always)]
pub(super) fn found(kind: Kind, start: usize, end: usize) -> Found {
    Found::new(Encoding::Json, kind, start, end)
}

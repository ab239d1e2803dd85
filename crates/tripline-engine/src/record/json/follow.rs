//! Reads a record along a [`Template`]: compares the two eight bytes at a time, and where they
//! differ reads only the value that differs. What was compared and found equal needs no reading,
//! because the template's bytes were verified when it was made.
//!
//! Members that only one of the two has are passed; where one that is wanted is new, the ordinary
//! walk takes over from the value before. Where something is wrong, nothing is said of it: the
//! record is to be read from its beginning.
//!
//! INVARIANT: after [`follow`] has come to a place, the slots are as the walk would have left
//! them there, so that whatever comes of the record is what the walk would have made of it.

use super::template::{Event, Happens, NONE, Template, Token, What};
use super::value::{byte, container_end, skip_space, strict_number_end, strict_word, text_end};
use super::{scan, walk};
use crate::record::paths::{Paths, ROOT};
use crate::record::slots::Frame;
use crate::record::{Kind, MAX_DEPTH, Slots};

/// How far a template led.
pub(super) enum Followed {
    /// To the end, or to where nothing more is wanted.
    Whole,
    /// To this place, behind a value or an opening bracket; the slots' frames are those that are
    /// open there.
    Upto(usize, walk::Turn),
    /// The record is to be read without it.
    Nowhere,
}

/// Reads `bytes`, whose object begins at `start` and ends with the last byte, as far as it is like
/// the template. `slots` must be clear.
pub(super) fn follow(
    template: &Template,
    bytes: &[u8],
    start: usize,
    paths: &Paths,
    slots: &mut Slots,
) -> Followed {
    let reader = Follower {
        template,
        bytes,
        paths,
        slots,
        there: 0,
        here: start,
        happened: 0,
        outer: (NONE, 0),
        opaque: template.frames.iter().any(|frame| {
            let node = paths.node(frame.node as usize);
            node.is_some_and(|node| node.slot.is_some())
        }),
    };
    reader.run().unwrap_or(Followed::Nowhere)
}

struct Follower<'a> {
    template: &'a Template,
    bytes: &'a [u8],
    paths: &'a Paths,
    slots: &'a mut Slots,
    /// Where the comparison stands, in the template and in the record.
    there: usize,
    here: usize,
    /// How many of the template's events have happened.
    happened: usize,
    /// The container last read in part, and where it begins in the record.
    outer: (u32, usize),
    /// Some container that is gone into is wanted as a whole too, so its end must be seen.
    opaque: bool,
}

impl Follower<'_> {
    fn run(mut self) -> Option<Followed> {
        loop {
            let known = self.template.bytes.get(self.there..)?;
            let equal = scan::common(known, self.bytes.get(self.here..)?);
            let differs = self.there + equal;
            let last = self.template.token_at(differs);
            let Some((place, token)) = self.concerned(last, differs)? else {
                if self.note(differs)? {
                    return Some(Followed::Whole);
                }
                let ends =
                    differs == self.template.bytes.len() && self.here + equal == self.bytes.len();
                if ends {
                    return Some(Followed::Whole);
                }
                match self.resume(last, differs)? {
                    Some(followed) => return Some(followed),
                    None => continue,
                }
            };
            if self.note(token.start as usize)? || self.read(place, token, differs)? {
                return Some(Followed::Whole);
            }
        }
    }

    /// Where in the record a place of the template is that is not before where they stand.
    #[inline(always)]
    fn place(&self, there: usize) -> usize {
        there.wrapping_sub(self.there).wrapping_add(self.here)
    }

    /// The value to be read where the two differ, given the last token that begins there or
    /// before; none where they differ between values.
    #[inline(always)]
    fn concerned(&self, last: usize, differs: usize) -> Option<Option<(usize, Token)>> {
        let token = *self.template.tokens.get(last)?;
        let (start, end) = (token.start as usize, token.end as usize);
        let inside = match token.what {
            What::Text | What::EscapedText | What::Container => differs < end,
            // More digits may follow in the record; but they are looked for only once.
            What::Plain => differs < end || (differs == end && self.there < end),
            What::Enter | What::Leave => false,
        };
        if token.outer == NONE {
            // What is to be gone into is left to the walk.
            let goes_in = inside
                && token.node as usize != ROOT
                && token.what != What::Container
                && matches!(byte(self.bytes, self.place(start)), b'{' | b'[');
            return Some((inside && !goes_in).then_some((last, token)));
        }
        let alike = match byte(self.bytes, self.place(start)) {
            b'"' => matches!(token.what, What::Text | What::EscapedText),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => token.what == What::Plain,
            _ => false,
        };
        if inside && alike {
            return Some(Some((last, token)));
        }
        let outer = *self.template.tokens.get(token.outer as usize)?;
        Some((differs < outer.end as usize).then_some((token.outer as usize, outer)))
    }

    /// Notes what happens in the template up to a place. Tells whether nothing more is wanted.
    #[inline(always)]
    fn note(&mut self, upto: usize) -> Option<bool> {
        let template = self.template;
        while let Some(event) = template.events.get(self.happened)
            && event.at as usize <= upto
        {
            self.happened += 1;
            if self.happen(event)? {
                return Some(true);
            }
        }
        Some(false)
    }

    fn happen(&mut self, event: &Event) -> Option<bool> {
        let start = self.place(event.start as usize);
        let end = self.place(event.at as usize);
        let number = event.node as usize;
        let node = self.paths.node(number)?;
        match event.what {
            Happens::Value => {
                let found = walk::found(event.kind, start, end);
                self.slots.note(self.paths, number, node, found);
                self.slots.close(self.paths, number);
            }
            Happens::Begin => {
                let found = walk::found(event.kind, start, start);
                self.slots.note(self.paths, number, node, found);
            }
            Happens::End => {
                if let Some(slot) = node.slot
                    && let Some(found) = self.slots.get(slot)
                {
                    let start = found.start as usize;
                    std::str::from_utf8(self.bytes.get(start..end)?).ok()?;
                    self.slots.complete(slot, start, end);
                }
                self.slots.close(self.paths, number);
            }
        }
        Some(self.is_enough())
    }

    #[inline(always)]
    fn is_enough(&self) -> bool {
        self.slots.pending(ROOT) == 0 && !self.opaque
    }

    /// Reads the value that stands in the place of the template's token. Tells whether nothing
    /// more is wanted.
    #[inline(always)]
    fn read(&mut self, place: usize, token: Token, differs: usize) -> Option<bool> {
        let number = token.node as usize;
        let mut start = self.place(token.start as usize);
        if token.outer != NONE && self.outer.0 != token.outer {
            let outer = self.template.tokens.get(token.outer as usize)?;
            self.outer = (token.outer, self.place(outer.start as usize));
        } else if self.outer.0 as usize == place {
            start = self.outer.1;
        }
        let in_text = differs > token.start as usize;
        let end = match token.what {
            // Before the difference there is neither an escape nor a quote.
            What::Text if in_text && number == ROOT => {
                text_end(self.bytes, start, self.place(differs)).ok()?
            }
            What::Text if in_text => self.wanted_text(number, start, self.place(differs))?,
            What::Text | What::EscapedText if token.outer != NONE => {
                text_end(self.bytes, start, start + 1).ok()?
            }
            _ if number == ROOT => self.unwanted(token.frame, start)?,
            _ => self.wanted(number, token, start)?,
        };
        self.there = token.end as usize;
        self.here = end;
        if number == ROOT {
            return Some(false);
        }
        // What happens at the template's own value has happened.
        self.happened += 1;
        Some(self.is_enough())
    }

    /// Steps over a value in a frame; gives its end. Where the walk steps over members one by one
    /// and where it steps over all of them, it takes other bytes for a number that is none, so
    /// here a number must be one.
    #[inline(never)]
    fn unwanted(&self, frame: u32, start: usize) -> Option<usize> {
        let frame = self.template.frames.get(frame as usize)?;
        let end = match byte(self.bytes, start) {
            b'"' => text_end(self.bytes, start, start + 1),
            b'{' | b'[' => {
                let room = MAX_DEPTH - frame.depth as usize;
                container_end(self.bytes, start, start + 1, room)
            }
            b'-' | b'0'..=b'9' => strict_number_end(self.bytes, start),
            _ => strict_word(self.bytes, start).map(|(_, end)| end),
        };
        end.ok()
    }

    /// Reads and notes a wanted text, looking for its end from `from`, before which there is
    /// neither an escape nor a quote; gives its end.
    fn wanted_text(&mut self, number: usize, start: usize, from: usize) -> Option<usize> {
        let first = scan::name_end(self.bytes, from);
        let (kind, end) = match byte(self.bytes, first) {
            b'"' => (Kind::Text, first + 1),
            _ => (Kind::EscapedText, text_end(self.bytes, start, first).ok()?),
        };
        self.found(number, kind, start, end)?;
        Some(end)
    }

    /// Reads and notes a wanted value of any kind; gives its end.
    #[inline(never)]
    fn wanted(&mut self, number: usize, token: Token, start: usize) -> Option<usize> {
        let node = self.paths.node(number)?;
        let (kind, end) = match byte(self.bytes, start) {
            b'"' => return self.wanted_text(number, start, start + 1),
            b'-' | b'0'..=b'9' => (Kind::Number, strict_number_end(self.bytes, start).ok()?),
            opening @ (b'{' | b'[') => {
                let (kind, leads_on) = match opening {
                    b'{' => (Kind::Object, !node.keys.is_empty()),
                    _ => (Kind::Array, !node.elements.is_empty()),
                };
                if leads_on {
                    return None;
                }
                let frame = self.template.frames.get(token.frame as usize)?;
                let room = MAX_DEPTH - frame.depth as usize;
                (
                    kind,
                    container_end(self.bytes, start, start + 1, room).ok()?,
                )
            }
            _ => strict_word(self.bytes, start).ok()?,
        };
        self.found(number, kind, start, end)?;
        Some(end)
    }

    fn found(&mut self, number: usize, kind: Kind, start: usize, end: usize) -> Option<()> {
        let value = self.bytes.get(start..end)?;
        if !scan::is_ascii(value) {
            std::str::from_utf8(value).ok()?;
        }
        let node = self.paths.node(number)?;
        self.slots
            .note(self.paths, number, node, walk::found(kind, start, end));
        self.slots.close(self.paths, number);
        Some(())
    }

    /// Where the two differ between values: from behind the last value or bracket that is the
    /// same, looks for the place in the template from which they are alike again. Members that
    /// only one of the two has are passed. What else is wanted is left to the walk.
    #[cold]
    fn resume(&mut self, last: usize, differs: usize) -> Option<Option<Followed>> {
        let tokens = &self.template.tokens;
        let begun = tokens.get(last)?;
        let last = match (begun.start as usize) < differs {
            true => last,
            false => last.checked_sub(1)?,
        };
        let before = tokens.get(last)?;
        let before = tokens.get(before.outer as usize).unwrap_or(before);
        let (open, mut first) = match before.what {
            What::Enter => (before.frame, true),
            What::Leave if before.frame == 0 => return None,
            What::Leave => (
                self.template.frames.get(before.frame as usize)?.parent,
                false,
            ),
            _ => (before.frame, false),
        };
        if self.template.frames.get(open as usize)?.array {
            return None;
        }
        let node = self
            .paths
            .node(self.template.frames.get(open as usize)?.node as usize)?;
        let rest = tokens.get(last + 1..)?;
        let mut at = self.place(before.end as usize);
        loop {
            let mut begin = skip_space(self.bytes, at);
            match byte(self.bytes, begin) {
                b'}' => {
                    let leave = |token: &&Token| token.what == What::Leave && token.frame == open;
                    let token = rest.iter().find(leave)?;
                    return self.stand(token.start, begin);
                }
                b',' if !first => begin = skip_space(self.bytes, begin + 1),
                b'"' if first => {}
                _ => return None,
            }
            let end = match byte(self.bytes, begin) {
                b'"' => text_end(self.bytes, begin, begin + 1).ok()?,
                _ => return None,
            };
            let name = self.bytes.get(begin..end)?;
            let same = |token: &&Token| {
                let known = token.name as usize;
                let in_it = match token.what {
                    What::Leave => false,
                    What::Enter => {
                        let frame = self.template.frames.get(token.frame as usize);
                        frame.is_some_and(|frame| frame.parent == open)
                    }
                    _ => token.frame == open && token.outer == NONE,
                };
                in_it && self.template.bytes.get(known..known + name.len()) == Some(name)
            };
            let known = rest.iter().find(same);
            let child = match (known, name.contains(&b'\\')) {
                (Some(_), _) => ROOT,
                (None, true) => return None,
                (None, false) => node.keys.find_name(name.get(1..name.len() - 1)?),
            };
            let colon = skip_space(self.bytes, end);
            if byte(self.bytes, colon) != b':' {
                return None;
            }
            let value = skip_space(self.bytes, colon + 1);
            let opening = matches!(byte(self.bytes, value), b'{' | b'[');
            let walks = match known {
                // What is gone into in one of the two only.
                Some(token) if token.what == What::Enter => {
                    self.template.bytes.get(token.start as usize) != self.bytes.get(value)
                }
                Some(token) => {
                    token.node as usize != ROOT && token.what != What::Container && opening
                }
                None => child != ROOT && self.slots.pending(child) > 0,
            };
            if walks {
                self.frames(open)?;
                let turn = if first {
                    walk::Turn::In
                } else {
                    walk::Turn::Out
                };
                return Some(Some(Followed::Upto(at, turn)));
            }
            if let Some(token) = known {
                return self.stand(token.start, value);
            }
            at = self.unwanted(open, value)?;
            first = false;
        }
    }

    /// Goes on comparing at `there` and `here`, without what happens in the template before.
    fn stand(&mut self, there: u32, here: usize) -> Option<Option<Followed>> {
        let events = self.template.events.get(self.happened..)?;
        self.happened += events.partition_point(|event| event.at <= there);
        self.there = there as usize;
        self.here = here;
        Some(None)
    }

    /// The containers that are open at a frame of the template, as the walk has them.
    fn frames(&mut self, mut open: u32) -> Option<()> {
        loop {
            let frame = self.template.frames.get(open as usize)?;
            if frame.array {
                return None;
            }
            let node = self.paths.node(frame.node as usize)?;
            let found = node.slot.and_then(|slot| self.slots.get(slot));
            self.slots.frames.push(Frame {
                node: frame.node as usize,
                start: found.map_or(0, |found| found.start as usize),
                element: 0,
                array: false,
            });
            if open == 0 {
                break;
            }
            open = frame.parent;
        }
        self.slots.frames.reverse();
        Some(())
    }
}

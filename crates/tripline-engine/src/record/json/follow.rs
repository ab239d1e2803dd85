//! Reads a record along a [`Template`]: compares the two eight bytes at a time, and where they
//! differ reads only the value that differs. What was compared and found equal needs no reading,
//! because the template's bytes were verified when it was made. Members that only one of the two
//! has are passed.
//!
//! Where that does not do (a new member is wanted, an array that was gone into has other elements,
//! something is wrong) nothing is said of the record: the walk is to read it from its beginning.
//!
//! INVARIANT: where a record is read along a template to its end, the walk would have found the
//! same; except that a slot which is settled may be found here and not there.

use super::template::{Event, Happens, NONE, Template, Token, What};
use super::value::{byte, container_end, strict_number_end, strict_word, text_end};
use super::{scan, walk};
use crate::record::paths::{Paths, ROOT};
use crate::record::{Kind, MAX_DEPTH, Slots};

/// Reads `bytes`, whose object begins at `start` and ends with the last byte, along the template;
/// nothing if that does not do. `slots` must be clear.
pub(super) fn follow(
    template: &Template,
    bytes: &[u8],
    start: usize,
    paths: &Paths,
    slots: &mut Slots,
) -> Option<()> {
    let mut reader = Follower {
        template,
        bytes,
        paths,
        slots,
        there: 0,
        here: start,
        happened: 0,
        next: template.next(0),
        enough: template.enough,
        patience: PATIENCE,
    };
    reader.run(start)
}

pub(super) struct Follower<'a> {
    pub(super) template: &'a Template,
    pub(super) bytes: &'a [u8],
    pub(super) paths: &'a Paths,
    pub(super) slots: &'a mut Slots,
    /// Where the comparison stands, in the template and in the record.
    pub(super) there: usize,
    pub(super) here: usize,
    /// How many of the template's events have happened.
    happened: usize,
    /// Where the next one happens.
    next: u32,
    /// How many have happened when nothing more is wanted.
    enough: usize,
    /// How many more tokens may be looked through for members to go on from.
    pub(super) patience: usize,
}

/// So much looking through tokens costs about as much as the walk of an ordinary record.
const PATIENCE: usize = 1000;

/// What a record and its template differ in.
enum Differing {
    /// In the value of a token.
    Value,
    /// In what is between the values of a container, of which this is the token.
    Within(usize),
    /// In what is between values otherwise.
    Between,
}

impl Follower<'_> {
    fn run(&mut self, start: usize) -> Option<()> {
        let (template, bytes) = (self.template, self.bytes);
        let (mut there, mut here) = (0, start);
        loop {
            let equal = scan::common(template.bytes.get(there..)?, bytes.get(here..)?);
            let differs = there + equal;
            let last = template.token_at(differs);
            let token = template.tokens.get(last)?;
            // The way most differences go: a text, behind its quote.
            if token.what == What::Text
                && differs < token.end as usize
                && differs > token.start as usize
            {
                // What has happened until here is noted with the places that held until here.
                if self.next <= token.start {
                    (self.there, self.here) = (there, here);
                    self.note(token.start)?;
                }
                // Before the difference there is neither an escape nor a quote.
                let from = here + equal;
                let end = if token.node as usize == ROOT {
                    let close = scan::text_close(bytes, from);
                    if close >= bytes.len() {
                        return None;
                    }
                    close + 1
                } else {
                    let start = here + token.start as usize - there;
                    let (close, is_ascii) = scan::name_end_ascii(bytes, from);
                    // What is before `from` is as in the template; only a character that reaches over
                    // `from` can have become another one.
                    let plain = is_ascii && byte(bytes, close) == b'"';
                    if plain && byte(bytes, from - 1).is_ascii() {
                        self.found(token, Kind::Text, start, close + 1);
                        close + 1
                    } else {
                        self.wanted_text(token, start, close)?
                    }
                };
                if self.happened >= self.enough {
                    return Some(());
                }
                (there, here) = (token.end as usize, end);
                continue;
            }
            (self.there, self.here) = (there, here);
            match self.differing(last, differs)? {
                Differing::Value => {
                    self.note(token.start)?;
                    let start = self.place(token.start as usize);
                    self.here = match token.node as usize {
                        ROOT => self.unwanted(token.frame, start)?,
                        _ => self.wanted(token, start)?,
                    };
                    self.there = token.end as usize;
                }
                Differing::Within(outer) => {
                    let container = template.tokens.get(outer)?;
                    self.note(container.start)?;
                    self.here = self.rest_of(container, last, differs)?;
                    self.there = container.end as usize;
                }
                Differing::Between => {
                    self.note(u32::try_from(differs).ok()?)?;
                    let ends = differs == template.bytes.len() && here + equal == bytes.len();
                    if ends || self.happened >= self.enough {
                        return Some(());
                    }
                    self.resume(last, differs)?;
                }
            }
            if self.happened >= self.enough {
                return Some(());
            }
            (there, here) = (self.there, self.here);
        }
    }

    /// Where in the record a place of the template is that is not before where they stand.
    #[inline(always)]
    pub(super) fn place(&self, there: usize) -> usize {
        there.wrapping_sub(self.there).wrapping_add(self.here)
    }

    /// What the two differ in, given the last token that begins there or before.
    #[inline(always)]
    fn differing(&self, last: usize, differs: usize) -> Option<Differing> {
        let token = self.template.tokens.get(last)?;
        let (start, end) = (token.start as usize, token.end as usize);
        let inside = match token.what {
            What::Text | What::EscapedText | What::Container => differs < end,
            // More digits may follow in the record; but they are looked for only once.
            What::Plain => differs < end || (differs == end && self.there < end),
            What::Enter | What::Leave => false,
        };
        let first = byte(self.bytes, self.place(start));
        if token.outer != NONE {
            let alike = match first {
                b'"' => matches!(token.what, What::Text | What::EscapedText),
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => token.what == What::Plain,
                _ => false,
            };
            let outer = self.template.tokens.get(token.outer as usize)?;
            return Some(match inside && alike {
                true => Differing::Value,
                false if differs < outer.end as usize => Differing::Within(token.outer as usize),
                false => Differing::Between,
            });
        }
        // Going into what the template did not go into is left to the walk.
        let wanted = token.node as usize != ROOT;
        let goes_in = wanted && token.what != What::Container && matches!(first, b'{' | b'[');
        let within = !wanted && token.what == What::Container && differs > start;
        Some(match inside && !goes_in {
            true if within => Differing::Within(last),
            true => Differing::Value,
            false => Differing::Between,
        })
    }

    /// The end of a container that nothing in is wanted of, and in which the two differ: found
    /// from behind the last value in it that is the same.
    #[inline(never)]
    fn rest_of(&self, container: &Token, last: usize, differs: usize) -> Option<usize> {
        let tokens = &self.template.tokens;
        let mut before = tokens.get(last)?;
        if before.outer != NONE && before.end as usize > differs {
            before = tokens.get(last.checked_sub(1)?)?;
        }
        let (from, open) = match before.outer {
            NONE => (container.start + 1, 1),
            _ => (before.end, before.open as usize),
        };
        let frame = self.template.frames.get(container.frame as usize)?;
        let mut at = self.place(from as usize);
        for around in (0..open).rev() {
            let room = MAX_DEPTH - frame.depth as usize - around;
            at = container_end(self.bytes, at, at, room).ok()?;
        }
        Some(at)
    }

    /// Notes what happens in the template up to a place.
    #[inline(never)]
    fn note(&mut self, upto: u32) -> Option<()> {
        let template = self.template;
        while let Some(event) = template.events.get(self.happened)
            && event.at <= upto
        {
            self.happened(1);
            self.happen(event)?;
        }
        Some(())
    }

    /// So many events have happened.
    #[inline(always)]
    fn happened(&mut self, events: usize) {
        self.happened += events;
        self.next = self.template.next(self.happened);
    }

    /// Goes on at a place of the template, without what happens in it before.
    pub(super) fn pass(&mut self, there: u32) -> Option<()> {
        let events = self.template.events.get(self.happened..)?;
        let passed = events.partition_point(|event| event.at <= there);
        if passed > 0 {
            // What is not there settles nothing: others may be wanted then.
            self.happened(passed);
            self.enough = usize::MAX;
        }
        self.there = there as usize;
        Some(())
    }

    #[inline]
    fn happen(&mut self, event: &Event) -> Option<()> {
        let end = self.place(event.at as usize);
        match event.what {
            Happens::Value => {
                let start = self.place(event.start as usize);
                let found = walk::found(event.kind, start, end);
                self.slots.put(event.slot as usize, found);
            }
            Happens::Begin => {
                let start = self.place(event.start as usize);
                let found = walk::found(event.kind, start, start);
                self.slots.put(event.slot as usize, found);
            }
            Happens::End => {
                let found = self.slots.get(event.slot as usize)?;
                let start = found.start as usize;
                std::str::from_utf8(self.bytes.get(start..end)?).ok()?;
                self.slots.complete(event.slot as usize, start, end);
            }
        }
        Some(())
    }

    /// Steps over a value in a frame; gives its end. Where the walk steps over members one by one
    /// and where it steps over all of them, it takes other bytes for a number that is none, so
    /// here a number must be one.
    #[inline(never)]
    pub(super) fn unwanted(&self, frame: u32, start: usize) -> Option<usize> {
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
    #[inline(never)]
    fn wanted_text(&mut self, token: &Token, start: usize, from: usize) -> Option<usize> {
        let bytes = self.bytes;
        let first = scan::name_end(bytes, from);
        let (kind, end) = match byte(bytes, first) {
            b'"' => (Kind::Text, first + 1),
            _ => (Kind::EscapedText, text_end(bytes, start, first).ok()?),
        };
        std::str::from_utf8(bytes.get(start..end)?).ok()?;
        self.found(token, kind, start, end);
        Some(end)
    }

    /// Reads and notes a wanted value of any kind; gives its end.
    #[inline(never)]
    fn wanted(&mut self, token: &Token, start: usize) -> Option<usize> {
        let node = self.paths.node(token.node as usize)?;
        let (kind, end) = match byte(self.bytes, start) {
            b'"' => return self.wanted_text(token, start, start + 1),
            b'-' | b'0'..=b'9' => (Kind::Number, strict_number_end(self.bytes, start).ok()?),
            opening @ (b'{' | b'[') => {
                let (kind, leads_on) = match opening {
                    b'{' => (Kind::Object, !node.keys.is_empty()),
                    _ => (Kind::Array, !node.elements.is_empty()),
                };
                if leads_on {
                    return None;
                }
                (kind, self.unwanted(token.frame, start)?)
            }
            _ => strict_word(self.bytes, start).ok()?,
        };
        if matches!(kind, Kind::Object | Kind::Array) {
            std::str::from_utf8(self.bytes.get(start..end)?).ok()?;
        }
        self.found(token, kind, start, end);
        Some(end)
    }

    #[inline]
    fn found(&mut self, token: &Token, kind: Kind, start: usize, end: usize) {
        // What happens at the template's own value happens here instead.
        if let Some(event) = self.template.events.get(self.happened)
            && event.at == token.end
            && event.what == Happens::Value
        {
            let found = walk::found(kind, start, end);
            self.slots.put(event.slot as usize, found);
            self.happened(1);
            // A value that is missing settles nothing: others may be wanted then.
            if found.is_missing() {
                self.enough = usize::MAX;
            }
        }
    }
}

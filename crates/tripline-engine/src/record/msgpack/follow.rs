//! Reads a record along a [`Template`]: compares the two eight bytes at a time, and where they
//! differ reads only the value that differs, most of them by their length alone. What was compared
//! and found equal needs no reading, because the template's bytes were verified when it was made.
//! Members that only one of the two has are passed (`uneven`).
//!
//! Where that does not do (a new member is wanted, an array that was gone into has other elements,
//! something is wrong) nothing is said of the record: the walk is to read it from its beginning.
//!
//! INVARIANT: where a record is read along a template to its end, the walk would have found the
//! same; except that a slot which is settled may be found here and not there.

use tripline_lang::value::Encoding;

use super::head::{self, Head};
use super::step::{behind, step_over};
use super::template::{Template, Token, What};
use super::uneven::Uneven;
use super::value::{scalar, whole_value};
use crate::record::json::{common, is_ascii};
use crate::record::paths::{Paths, ROOT};
use crate::record::{Found, Kind, Slots};

/// Reads `bytes`, which begin as a map does, along the template; nothing if that does not do.
/// `slots` must be clear.
pub(super) fn follow(
    template: &Template,
    bytes: &[u8],
    paths: &Paths,
    slots: &mut Slots,
) -> Option<()> {
    let follower = Follower {
        template,
        bytes,
        paths,
        slots,
        there: 0,
        here: 0,
        happened: 0,
        next: template.next(0),
        enough: template.enough,
        uneven: Uneven::new(template.bytes.len()),
    };
    follower.run()
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
    /// The maps that have another number of members than the template's.
    pub(super) uneven: Uneven,
}

impl Follower<'_> {
    fn run(mut self) -> Option<()> {
        let (template, bytes) = (self.template, self.bytes);
        loop {
            let (there, here) = (self.there, self.here);
            let known = template.bytes.get(there..self.uneven.stop())?;
            let equal = common(known, bytes.get(here..)?);
            if equal == known.len() {
                self.note(there + equal);
                (self.there, self.here) = (there + equal, here + equal);
                if self.happened >= self.enough || !self.even_out()? {
                    return Some(());
                }
                continue;
            }
            let token = template.token_at(there + equal)?;
            let begins = token.start as usize;
            if self.next as usize <= begins {
                self.note(begins);
                if self.happened >= self.enough {
                    return Some(());
                }
            }
            let start = begins.wrapping_sub(there).wrapping_add(here);
            let first = match token.what {
                What::Text => bytes.get(start).copied().unwrap_or(0),
                _ => 0,
            };
            let short = first.wrapping_sub(0xa1);
            if short >= 31 && first != 0xd9 {
                self.differing(token, start)?;
            } else {
                // The way most differences go: a text of up to 31 bytes, or of up to 255.
                let (content, length) = match short < 31 {
                    true => (start + 1, usize::from(short) + 1),
                    false => (start + 2, usize::from(*bytes.get(start + 1)?)),
                };
                let end = content + length;
                let text = bytes.get(content..end)?;
                if token.node as usize != ROOT {
                    if !is_ascii(text) {
                        std::str::from_utf8(text).ok()?;
                    }
                    // An empty text is missing, and is told with its head as the walk tells it.
                    let (kind, from) = match length {
                        0 => (Kind::Null, start),
                        _ => (Kind::Text, content),
                    };
                    self.found(token, kind, from, end);
                }
                (self.there, self.here) = (token.end as usize, end);
            }
            if self.happened >= self.enough {
                return Some(());
            }
        }
    }

    /// Reads what is in the record at `start` in place of a token.
    #[inline(never)]
    fn differing(&mut self, token: &Token, start: usize) -> Option<()> {
        let end = match token.what {
            What::Name => return self.resume(token.map, token.index as usize, start),
            What::Map => return self.other_map(token, start),
            What::Array => return None,
            What::Text | What::Value if token.node as usize != ROOT => {
                let node = self.paths.node(token.node as usize)?;
                let (kind, from, end) = whole_value(self.bytes, start, node)?;
                self.found(token, kind, from, end);
                end
            }
            What::Text | What::Value | What::Container => self.behind(start)?,
        };
        (self.there, self.here) = (token.end as usize, end);
        Some(())
    }

    /// The end of a value that is not wanted.
    #[inline]
    pub(super) fn behind(&self, at: usize) -> Option<usize> {
        match behind(self.bytes, at) {
            Some(end) => (end <= self.bytes.len()).then_some(end),
            None => step_over(self.bytes, at, at, 1).ok(),
        }
    }

    /// A map that the template goes into has another number of members, or there is none.
    fn other_map(&mut self, token: &Token, start: usize) -> Option<()> {
        let head = Head::read(self.bytes, start).ok()?;
        let map = self.template.maps.get(token.map as usize)?;
        match head.what {
            head::What::Map(count) => {
                (self.there, self.here) = (token.end as usize, head.end);
                self.uneven
                    .begin(self.template, token.map, i64::from(count))
            }
            head::What::Array(_) => None,
            _ => {
                // The walk verifies a text here too.
                scalar(self.bytes, start, head).ok()?;
                self.pass(map.end);
                self.here = head.end;
                Some(())
            }
        }
    }

    /// Where in the record a place of the template is that is not before where they stand.
    #[inline(always)]
    fn place(&self, there: u32) -> usize {
        (there as usize)
            .wrapping_sub(self.there)
            .wrapping_add(self.here)
    }

    /// Notes what happens in the template up to a place.
    #[inline(never)]
    fn note(&mut self, upto: usize) {
        let template = self.template;
        while let Some(event) = template.events.get(self.happened)
            && event.at as usize <= upto
        {
            let (start, end) = (self.place(event.start), self.place(event.at));
            let found = Found::new(Encoding::MessagePack, event.kind, start, end);
            self.slots.put(event.slot as usize, found);
            self.happened(1);
        }
    }

    /// So many events have happened, or were passed.
    #[inline]
    fn happened(&mut self, events: usize) {
        self.happened += events;
        self.next = self.template.next(self.happened);
    }

    /// Goes on at a place of the template, without what happens in it before.
    pub(super) fn pass(&mut self, there: u32) {
        let events = self.template.events.get(self.happened..).unwrap_or(&[]);
        let passed = events.partition_point(|event| event.at <= there);
        if passed > 0 {
            // What is not there settles nothing: others may be wanted then.
            self.happened(passed);
            self.enough = usize::MAX;
        }
        self.there = there as usize;
    }

    /// Notes a value that stands in place of the template's.
    #[inline]
    fn found(&mut self, token: &Token, kind: Kind, start: usize, end: usize) {
        // What happens at the template's own value happens here instead.
        if let Some(event) = self.template.events.get(self.happened)
            && event.at == token.end
        {
            let found = Found::new(Encoding::MessagePack, kind, start, end);
            self.slots.put(event.slot as usize, found);
            self.happened(1);
            // A value that is missing settles nothing: others may be wanted then.
            if kind == Kind::Null {
                self.enough = usize::MAX;
            }
        }
    }
}

//! Takes a record apart, to make a [`Template`] of it. Called for one record of many, so it is
//! written to be plain and strict: what is not well formed in every part is no template.

use tripline_lang::value::Encoding;

use super::template::{Event, Happens, NONE, Template, TemplateFrame, Token, What};
use super::value::{byte, skip_space, strict_number_end, strict_word, text_end};
use crate::record::memory::{self, Example};
use crate::record::paths::{Node, Paths, ROOT};
use crate::record::{Found, Kind, text};

/// Longer records, and records of more levels, are read as they come.
const LONGEST: usize = 1 << 16;
const DEEPEST: usize = 64;

/// A container that is open while a record is taken apart.
struct Level {
    array: bool,
    /// Which element is next.
    index: u32,
    /// Its own token, if it was not gone into.
    token: u32,
    frame: u32,
    start: u32,
    node: usize,
}

impl Example for Template {
    /// Up to the first member's value.
    #[inline]
    fn head(&self) -> &[u8] {
        self.bytes.get(..self.first).unwrap_or(&[])
    }

    /// `bytes` are the record from its opening bracket to its closing one.
    fn learn(bytes: &[u8], paths: &Paths) -> Option<Template> {
        let gone_into = |root: &Node| !root.keys.is_empty();
        if bytes.len() > LONGEST || !paths.node(ROOT).is_some_and(gone_into) {
            return None;
        }
        let mut learner = Learner {
            template: Template {
                bytes: bytes.to_vec(),
                ..Template::default()
            },
            bytes,
            paths,
            seen: vec![false; paths.nodes()],
            open: Vec::new(),
            at: 0,
            name: 0,
        };
        learner.run()?;
        let enough = learner.enough();
        let mut template = learner.template;
        template.enough = enough;
        // Behind the outermost bracket; what is empty is no template.
        template.first = template
            .tokens
            .get(1)
            .filter(|token| token.what != What::Leave)?
            .start as usize;
        for at in 0..template.tokens.len() {
            let (token, next) = (template.tokens.get(at)?, template.tokens.get(at + 1));
            let end = match next {
                None => bytes.len() + 1,
                // Where a number touches a bracket, more digits may follow in another record.
                Some(next) if token.what == What::Plain && token.end == next.start => {
                    next.start as usize + 1
                }
                Some(next) => next.start as usize,
            };
            template.places.resize(end, u16::try_from(at).ok()?);
        }
        Some(template)
    }
}

struct Learner<'a> {
    template: Template,
    bytes: &'a [u8],
    paths: &'a Paths,
    /// For each node, whether its value was met: of members of one name only the first counts, so
    /// what has two of them is no example.
    seen: Vec<bool>,
    open: Vec<Level>,
    at: usize,
    /// Where the name of the member at hand begins.
    name: usize,
}

impl Learner<'_> {
    fn run(&mut self) -> Option<()> {
        let mut node = ROOT;
        let mut wanted = true;
        loop {
            if matches!(byte(self.bytes, self.at), b'{' | b'[') {
                if self.enter(node, wanted)? {
                    (node, wanted) = self.name()?;
                    continue;
                }
            } else {
                self.scalar(node, wanted)?;
            }
            // Behind a value: brackets close, or another one follows.
            loop {
                self.at = skip_space(self.bytes, self.at);
                let Some(level) = self.open.last_mut() else {
                    return (self.at == self.bytes.len()).then_some(());
                };
                match (byte(self.bytes, self.at), level.array) {
                    (b',', _) => {
                        self.at = skip_space(self.bytes, self.at + 1);
                        level.index = level.index.checked_add(1)?;
                        (node, wanted) = self.name()?;
                        break;
                    }
                    (b'}', false) | (b']', true) => self.leave()?,
                    _ => return None,
                }
            }
        }
    }

    /// How many events happen before nothing more is wanted.
    fn enough(&self) -> usize {
        let whole = |frame: &TemplateFrame| {
            let node = self.paths.node(frame.node as usize);
            node.is_some_and(|node| node.slot.is_some())
        };
        if self.template.frames.iter().any(whole) {
            return usize::MAX;
        }
        let values = self.template.events.iter().map(|event| {
            let found = Found {
                kind: event.kind,
                encoding: Encoding::Json,
                start: event.start,
                end: event.at,
            };
            (event.slot as usize, found)
        });
        memory::enough(self.paths, values)
    }

    /// Opens a container; tells whether there is something in it.
    fn enter(&mut self, node: usize, wanted: bool) -> Option<bool> {
        if self.open.len() >= DEEPEST {
            return None;
        }
        let array = byte(self.bytes, self.at) == b'[';
        let start = u32::try_from(self.at).ok()?;
        let kind = kind_of_container(array);
        let number = u32::try_from(node).ok()?;
        let (frame, around) = match self.open.last() {
            Some(level) => (level.frame, level.token),
            None => (0, NONE),
        };
        let leads_on = |node: &Node| {
            if array {
                !node.elements.is_empty()
            } else {
                !node.keys.is_empty()
            }
        };
        let goes_in = around == NONE && wanted && self.paths.node(node).is_some_and(leads_on);
        let (token, frame) = if goes_in {
            let depth = u32::try_from(self.open.len()).ok()? + 1;
            let own = u32::try_from(self.template.frames.len()).ok()?;
            self.template.frames.push(TemplateFrame {
                node: number,
                array,
                parent: frame,
                depth,
            });
            self.token(start, start + 1, What::Enter, ROOT, own, NONE)?;
            self.event(start + 1, start, number, kind, Happens::Begin);
            (NONE, own)
        } else if around == NONE {
            let token = u32::try_from(self.template.tokens.len()).ok()?;
            // The end is filled in when it is known.
            self.token(
                start,
                start,
                What::Container,
                if wanted { node } else { ROOT },
                frame,
                NONE,
            )?;
            (token, frame)
        } else {
            (around, frame)
        };
        self.open.push(Level {
            array,
            index: 0,
            token,
            frame,
            start,
            node: if wanted { node } else { ROOT },
        });
        self.at = skip_space(self.bytes, self.at + 1);
        let close = if array { b']' } else { b'}' };
        Some(byte(self.bytes, self.at) != close)
    }

    fn leave(&mut self) -> Option<()> {
        let level = self.open.pop()?;
        let start = u32::try_from(self.at).ok()?;
        let end = start + 1;
        self.at += 1;
        let number = u32::try_from(level.node).ok()?;
        if level.token == NONE {
            if self.paths.node(level.node)?.slot.is_some() {
                self.check_utf8(level.start, end)?;
            }
            self.token(start, end, What::Leave, ROOT, level.frame, NONE)?;
            self.event(
                end,
                level.start,
                number,
                kind_of_container(level.array),
                Happens::End,
            );
        } else if let Some(token) = self.template.tokens.get_mut(level.token as usize)
            && token.start == level.start
        {
            token.end = end;
            if level.node != ROOT {
                self.check_utf8(level.start, end)?;
                self.event(
                    end,
                    level.start,
                    number,
                    kind_of_container(level.array),
                    Happens::Value,
                );
            }
        }
        Some(())
    }

    fn scalar(&mut self, node: usize, wanted: bool) -> Option<()> {
        let at = self.at;
        let (kind, end) = match byte(self.bytes, at) {
            b'"' => {
                let end = text_end(self.bytes, at, at + 1).ok()?;
                let escaped = self.bytes.get(at..end)?.contains(&b'\\');
                (
                    if escaped {
                        Kind::EscapedText
                    } else {
                        Kind::Text
                    },
                    end,
                )
            }
            b'-' | b'0'..=b'9' => (Kind::Number, strict_number_end(self.bytes, at).ok()?),
            _ => strict_word(self.bytes, at).ok()?,
        };
        let what = match kind {
            Kind::Text => What::Text,
            Kind::EscapedText => What::EscapedText,
            _ => What::Plain,
        };
        let (frame, outer) = self.open.last().map(|level| (level.frame, level.token))?;
        let (start, stop) = (u32::try_from(at).ok()?, u32::try_from(end).ok()?);
        let node = if wanted { node } else { ROOT };
        // What is in a wanted container is read with it, as a whole.
        let alone = outer == NONE
            || self
                .template
                .tokens
                .get(outer as usize)
                .is_some_and(|token| token.node as usize == ROOT);
        if alone {
            self.token(start, stop, what, node, frame, outer)?;
        }
        if node != ROOT {
            self.check_utf8(start, stop)?;
            self.event(stop, start, u32::try_from(node).ok()?, kind, Happens::Value);
        }
        self.at = end;
        Some(())
    }

    /// Passes a member's name, if the innermost container is an object. Gives the node of the
    /// value that follows, and whether it is wanted.
    fn name(&mut self) -> Option<(usize, bool)> {
        let level = self.open.last()?;
        let node = self.paths.node(level.node).filter(|_| level.token == NONE);
        let child = if level.array {
            let element = |node: &Node| {
                let mut elements = node.elements.iter();
                elements
                    .find(|(index, _)| *index == level.index)
                    .map(|(_, child)| *child)
            };
            node.and_then(element).unwrap_or(ROOT)
        } else {
            if byte(self.bytes, self.at) != b'"' {
                return None;
            }
            self.name = self.at;
            let end = text_end(self.bytes, self.at, self.at + 1).ok()?;
            let name = text::unescape(self.bytes.get(self.at + 1..end - 1)?);
            self.at = skip_space(self.bytes, end);
            if byte(self.bytes, self.at) != b':' {
                return None;
            }
            self.at = skip_space(self.bytes, self.at + 1);
            node.map_or(ROOT, |node| node.keys.find_name(name.as_bytes()))
        };
        let wanted = child != ROOT;
        if wanted && std::mem::replace(self.seen.get_mut(child)?, true) {
            return None;
        }
        Some((child, wanted))
    }

    fn check_utf8(&self, start: u32, end: u32) -> Option<()> {
        let bytes = self.bytes.get(start as usize..end as usize)?;
        std::str::from_utf8(bytes).ok().map(|_| ())
    }

    fn token(
        &mut self,
        start: u32,
        end: u32,
        what: What,
        node: usize,
        frame: u32,
        outer: u32,
    ) -> Option<()> {
        let open = match outer {
            NONE => 0,
            _ => self
                .open
                .iter()
                .filter(|level| level.token == outer)
                .count(),
        };
        self.template.tokens.push(Token {
            open: u32::try_from(open).ok()?,
            start,
            end,
            what,
            name: u32::try_from(self.name).ok()?,
            node: u32::try_from(node).ok()?,
            frame,
            outer,
        });
        Some(())
    }

    fn event(&mut self, at: u32, start: u32, node: u32, kind: Kind, what: Happens) {
        let node = self.paths.node(node as usize);
        if let Some(slot) = node.and_then(|node| u32::try_from(node.slot?).ok()) {
            self.template.events.push(Event {
                at,
                start,
                slot,
                kind,
                what,
            });
        }
    }
}

fn kind_of_container(array: bool) -> Kind {
    if array { Kind::Array } else { Kind::Object }
}

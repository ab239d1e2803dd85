//! Takes a record apart, to make a [`Template`] of it. Called for one record of many, so it is
//! written to be plain and strict: what is not well formed in every part is no template.

use tripline_lang::value::Encoding;

use super::head::{self, Head};
use super::step::step_over;
use super::template::{Event, Template, TemplateMap, Token, What};
use super::value::{check_texts, goes_in, scalar};
use crate::record::memory::{self, Example};
use crate::record::paths::{Node, Paths, ROOT};
use crate::record::{Found, Kind};

/// Longer records, and records of more levels, are read as they come.
const LONGEST: usize = 1 << 16;
const DEEPEST: usize = 64;

/// A container that is open while a record is taken apart.
struct Level {
    what: Inside,
    /// How many members, elements or values are still to come.
    left: u64,
}

enum Inside {
    /// A map that was gone into, by its place in the template.
    Map(usize),
    /// An array that was, by its node, and which element is next.
    Array(usize, u32),
    /// A container that nothing in is wanted of, by its token.
    Unwanted(usize),
}

impl Example for Template {
    /// The first member's name: how many members there are may differ.
    #[inline]
    fn head(&self) -> &[u8] {
        let (start, end) = self.first;
        self.bytes.get(start..end).unwrap_or(&[])
    }

    fn learn(bytes: &[u8], paths: &Paths) -> Option<Template> {
        let gone_into = |root: &Node| !root.keys.is_empty() && root.slot.is_none();
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
        };
        learner.run()?;
        let mut template = learner.template;
        let name = template.tokens.get(1)?;
        template.first = (name.start as usize, name.end as usize);
        let values = template.events.iter().map(|event| {
            let found = Found {
                kind: event.kind,
                encoding: Encoding::MessagePack,
                start: event.start,
                end: event.at,
            };
            (event.slot as usize, found)
        });
        template.enough = memory::enough(paths, values);
        for (at, token) in template.tokens.iter().enumerate() {
            let behind = template.tokens.get(at + 1);
            let end = behind.map_or(bytes.len(), |behind| behind.start as usize);
            debug_assert!(token.start as usize <= end);
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
}

impl Learner<'_> {
    fn run(&mut self) -> Option<()> {
        self.value(ROOT, true)?;
        loop {
            let Some(level) = self.open.last_mut() else {
                return (self.at == self.bytes.len()).then_some(());
            };
            if level.left == 0 {
                self.leave()?;
                continue;
            }
            level.left -= 1;
            let child = match &mut level.what {
                Inside::Map(map) => {
                    let map = *map;
                    self.name(map)?
                }
                Inside::Array(node, index) => {
                    let wanted = *index;
                    *index = index.checked_add(1)?;
                    let elements = &self.paths.node(*node)?.elements;
                    let found = elements.iter().find(|(index, _)| *index == wanted);
                    found.map_or(ROOT, |(_, child)| *child)
                }
                Inside::Unwanted(_) => ROOT,
            };
            let wanted = child != ROOT;
            if wanted && std::mem::replace(self.seen.get_mut(child)?, true) {
                return None;
            }
            self.value(child, wanted)?;
        }
    }

    /// Passes a member's name; gives the node of the value that follows.
    fn name(&mut self, map: usize) -> Option<usize> {
        let head = Head::read(self.bytes, self.at).ok()?;
        let (known, token) = (self.template.maps.get_mut(map)?, self.template.tokens.len());
        if head.what != head::What::Text {
            return None;
        }
        let index = known.names.len();
        known.names.push(u32::try_from(token).ok()?);
        let node = self.paths.node(known.node as usize)?;
        let child = node.keys.find_name(self.bytes.get(head.start..head.end)?);
        self.token(What::Name, head, head.end, ROOT, (map, index))?;
        self.at = head.end;
        Some(child)
    }

    fn value(&mut self, number: usize, wanted: bool) -> Option<()> {
        let head = Head::read(self.bytes, self.at).ok()?;
        let node = self.paths.node(number).filter(|_| wanted);
        let items = match head.what {
            head::What::Array(count) => Some(u64::from(count)),
            head::What::Map(count) => Some(2 * u64::from(count)),
            _ => None,
        };
        let Some(items) = items else {
            let text = matches!(head.what, head::What::Text);
            let what = if text { What::Text } else { What::Value };
            self.token(what, head, head.end, number, (0, 0))?;
            if let Some(node) = node {
                let (kind, start) = scalar(self.bytes, self.at, head).ok()?;
                self.event(node, kind, start, head.end)?;
            }
            self.at = head.end;
            return Some(());
        };
        match node {
            Some(node) if goes_in(node, head) => self.enter(number, node, head),
            Some(node) => {
                let end = step_over(self.bytes, self.at, self.at, 1).ok()?;
                check_texts(self.bytes, self.at, end).ok()?;
                let (kind, start) = scalar(self.bytes, self.at, head).ok()?;
                self.token(What::Value, head, end, number, (0, 0))?;
                self.event(node, kind, start, end)?;
                self.at = end;
                Some(())
            }
            None => {
                let token = self.template.tokens.len();
                // The end is filled in when it is known.
                self.token(What::Container, head, head.end, ROOT, (0, 0))?;
                self.open(Inside::Unwanted(token), items, head)
            }
        }
    }

    /// Goes into a container in which something is wanted.
    fn enter(&mut self, number: usize, node: &Node, head: Head) -> Option<()> {
        if node.slot.is_some() {
            return None;
        }
        match head.what {
            head::What::Map(count) => {
                let map = self.template.maps.len();
                self.template.maps.push(TemplateMap {
                    node: u32::try_from(number).ok()?,
                    ..TemplateMap::default()
                });
                self.token(What::Map, head, head.end, number, (map, 0))?;
                self.open(Inside::Map(map), count.into(), head)
            }
            head::What::Array(count) => {
                self.token(What::Array, head, head.end, number, (0, 0))?;
                self.open(Inside::Array(number, 0), count.into(), head)
            }
            _ => None,
        }
    }

    fn open(&mut self, what: Inside, left: u64, head: Head) -> Option<()> {
        if self.open.len() >= DEEPEST {
            return None;
        }
        self.open.push(Level { what, left });
        self.at = head.end;
        Some(())
    }

    fn leave(&mut self) -> Option<()> {
        let level = self.open.pop()?;
        let end = u32::try_from(self.at).ok()?;
        match level.what {
            Inside::Map(map) => self.template.maps.get_mut(map)?.end = end,
            Inside::Unwanted(token) => self.template.tokens.get_mut(token)?.end = end,
            Inside::Array(..) => {}
        }
        Some(())
    }

    fn token(
        &mut self,
        what: What,
        head: Head,
        end: usize,
        node: usize,
        (map, index): (usize, usize),
    ) -> Option<()> {
        self.template.tokens.push(Token {
            start: u32::try_from(self.at).ok()?,
            content: u32::try_from(head.start).ok()?,
            end: u32::try_from(end).ok()?,
            what,
            node: u32::try_from(node).ok()?,
            map: u32::try_from(map).ok()?,
            index: u32::try_from(index).ok()?,
        });
        Some(())
    }

    fn event(&mut self, node: &Node, kind: Kind, start: usize, end: usize) -> Option<()> {
        if let Some(slot) = node.slot {
            self.template.events.push(Event {
                at: u32::try_from(end).ok()?,
                start: u32::try_from(start).ok()?,
                slot: u32::try_from(slot).ok()?,
                kind,
            });
        }
        Some(())
    }
}

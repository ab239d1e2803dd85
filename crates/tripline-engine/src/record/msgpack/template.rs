//! One record read before, kept so that the next ones can be read along it: logs are written by
//! programs, so that from record to record the members and most of their values are the same.
//! `learn` takes the record apart, `follow` reads along it.
//!
//! INVARIANT: a template is a whole well-formed record, verified at least as strictly as
//! [`read`](super::read) verifies one; its tokens, which cover its every byte, and its events are in
//! the order of its bytes; nothing that was gone into is itself wanted.

use crate::record::Kind;

/// A record taken apart.
#[derive(Debug, Clone, Default)]
pub(in crate::record) struct Template {
    pub(super) bytes: Vec<u8>,
    /// Where the first member's name begins and its value.
    pub(super) first: (usize, usize),
    pub(super) tokens: Vec<Token>,
    /// For each byte, the token it belongs to.
    pub(super) places: Vec<u16>,
    pub(super) events: Vec<Event>,
    /// How many events have happened when nothing more is wanted, if every value that is there is
    /// there again.
    pub(super) enough: usize,
    /// Maps that were gone into.
    pub(super) maps: Vec<TemplateMap>,
}

/// A name, a value, or the head of a container that was gone into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) start: u32,
    /// Where the content of a text begins.
    pub(super) content: u32,
    /// Of a container that nothing in is wanted of, the end of all that is in it; of one that was gone
    /// into, where its first member begins.
    pub(super) end: u32,
    pub(super) what: What,
    /// The value's node, if it is wanted, else [`ROOT`](crate::record::paths::ROOT).
    pub(super) node: u32,
    /// Of a name and of a map that was gone into, which map that is.
    pub(super) map: u32,
    /// Of a name, which one it is in its map.
    pub(super) index: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The name of a member of a map that was gone into.
    Name,
    Text,
    /// Any other value; of a container that is wanted as a whole, all of it.
    Value,
    /// The head of a container that nothing in is wanted of; the values in it are tokens too.
    Container,
    /// The head of a map that was gone into.
    Map,
    /// The head of an array that was.
    Array,
}

/// A map that was gone into.
#[derive(Debug, Clone, Default)]
pub(super) struct TemplateMap {
    pub(super) node: u32,
    /// The tokens of its members' names.
    pub(super) names: Vec<u32>,
    pub(super) end: u32,
}

/// What a reader notes once it has come to a place: a whole wanted value was passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    /// The value's end.
    pub(super) at: u32,
    /// Where what is found begins.
    pub(super) start: u32,
    pub(super) slot: u32,
    pub(super) kind: Kind,
}

impl Template {
    /// Where an event happens; the end of everything if there is none.
    #[inline(always)]
    pub(super) fn next(&self, event: usize) -> u32 {
        self.events.get(event).map_or(u32::MAX, |event| event.at)
    }

    /// The token that a byte belongs to.
    #[inline(always)]
    pub(super) fn token_at(&self, at: usize) -> Option<&Token> {
        let token = self.places.get(at)?;
        self.tokens.get(usize::from(*token))
    }
}

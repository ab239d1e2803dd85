//! One record read before, kept so that the next ones can be read along it: logs are written by
//! programs, so that from record to record the members and most of their values are the same.
//! `learn` takes the record apart, `follow` reads along it.
//!
//! INVARIANT: a template is a whole well-formed record, verified at least as strictly as
//! [`read`](super::read) verifies one; its tokens and events are in the order of its bytes.

use crate::record::Kind;

/// A record taken apart.
#[derive(Debug, Clone, Default)]
pub(in crate::record) struct Template {
    /// From the opening bracket to the closing one.
    pub(super) bytes: Vec<u8>,
    /// Where the first member's value begins.
    pub(super) first: usize,
    pub(super) tokens: Vec<Token>,
    /// For each byte, the last token that begins there or before; a number reaches to what stands
    /// directly behind it.
    pub(super) places: Vec<u16>,
    pub(super) events: Vec<Event>,
    /// How many events have happened when nothing more is wanted, if every value that is there is
    /// there again.
    pub(super) enough: usize,
    /// Objects and arrays that were gone into.
    pub(super) frames: Vec<TemplateFrame>,
}

/// A value, or a bracket of an object or array that was gone into.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) what: What,
    /// Of a member's value, where the name begins, with its quote.
    pub(super) name: u32,
    /// The value's node, if it is wanted, else [`ROOT`].
    pub(super) node: u32,
    /// The frame it is directly in; of a bracket, its own.
    pub(super) frame: u32,
    /// The token of the container it is in, if that was not gone into, else [`NONE`].
    pub(super) outer: u32,
    /// How many containers are open around it in that one, itself included.
    pub(super) open: u32,
}

pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Text,
    EscapedText,
    /// A number or a word.
    Plain,
    /// An object or array that was not gone into.
    Container,
    /// The opening bracket of one that was.
    Enter,
    /// Its closing bracket.
    Leave,
}

/// An object or array that was gone into.
#[derive(Debug, Clone, Copy)]
pub(super) struct TemplateFrame {
    pub(super) node: u32,
    pub(super) array: bool,
    /// The frame around it; the first one's is itself.
    pub(super) parent: u32,
    /// How many frames are open in it, itself included.
    pub(super) depth: u32,
}

/// What a reader notes once it has come to a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) at: u32,
    pub(super) start: u32,
    pub(super) slot: u32,
    pub(super) kind: Kind,
    pub(super) what: Happens,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happens {
    /// A whole wanted value was passed.
    Value,
    /// A container that was gone into begins, or ends.
    Begin,
    End,
}

impl Template {
    /// Where an event happens; the end of everything if there is none.
    #[inline(always)]
    pub(super) fn next(&self, event: usize) -> u32 {
        self.events.get(event).map_or(u32::MAX, |event| event.at)
    }

    /// The last token that begins at `at` or before; a number that ends there comes first.
    #[inline]
    pub(super) fn token_at(&self, at: usize) -> usize {
        self.places.get(at).map_or(0, |token| usize::from(*token))
    }
}

//! One retained event, and events packed one behind the other into one block of memory: first a head of
//! fixed length for each, so that a run can be searched by order, then their fields. What packs
//! them is the key's state; they are read through [`super::Run`].
//!
//! INVARIANT: the fields of an event end where those of the next begin, those of the last with the
//! block, so that only what is before the last event of a block must be short.

use std::ops::Range;

use crate::scan::Identity;

/// The order of events: their time and identity.
pub(crate) type Order = (i64, Identity);

/// One retained event, as it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Event<'s> {
    /// Nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) identity: Halves,
    /// The packed fields.
    pub(crate) fields: &'s [u8],
    /// It is a final event that will be looked at again when the watermark passes it.
    pub(crate) waiting: bool,
}

impl Event<'_> {
    /// The order of the runs.
    #[inline]
    pub(crate) fn order(&self) -> Order {
        (self.time, self.identity.whole())
    }
}

/// An identity in two halves: what holds it then needs no more alignment than an allocator gives anyway,
/// where asking for more costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halves {
    high: u64,
    low: u64,
}

impl Halves {
    /// The identity.
    #[inline]
    pub(crate) fn whole(self) -> Identity {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

impl From<Identity> for Halves {
    #[inline]
    fn from(whole: Identity) -> Halves {
        Halves {
            high: (whole >> 64) as u64,
            low: whole as u64,
        }
    }
}

/// The head of a packed event: time, identity, where its fields begin, and whether it waits.
pub(super) const HEAD: usize = 26;

/// The flag beside the place of the fields.
const WAITING: u16 = 1 << 15;

/// The most bytes of fields that may lie before those of another event.
pub(super) const MOST_BEFORE: usize = WAITING as usize - 1;

/// Packed events.
#[derive(Clone, Copy, Default)]
pub(super) struct Packed<'s> {
    heads: &'s [[u8; HEAD]],
    fields: &'s [u8],
}

impl<'s> Packed<'s> {
    /// The events of a block that holds so many, and nothing else.
    #[inline]
    pub(super) fn new(block: &'s [u8], count: usize) -> Packed<'s> {
        let (heads, fields) = block.split_at_checked(count * HEAD).unwrap_or_default();
        let (heads, _) = heads.as_chunks();
        Packed { heads, fields }
    }

    #[inline]
    pub(super) fn len(self) -> usize {
        self.heads.len()
    }

    #[inline]
    pub(super) fn get(self, at: usize) -> Option<Event<'s>> {
        let head = self.heads.get(at)?;
        let (time, identity, flags) = parts(head);
        let fields = self
            .fields
            .get(usize::from(flags & !WAITING)..self.begin(at + 1));
        Some(Event {
            time,
            identity,
            fields: fields.unwrap_or_default(),
            waiting: flags & WAITING != 0,
        })
    }

    /// The events of a part of them.
    #[inline]
    pub(super) fn events(
        self,
        range: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = Event<'s>> + Clone {
        range.filter_map(move |at| self.get(at))
    }

    /// Where the fields of an event begin; at the end of all for the one behind the last.
    #[inline]
    fn begin(self, at: usize) -> usize {
        match self.heads.get(at) {
            Some(head) => usize::from(parts(head).2 & !WAITING),
            None => self.fields.len(),
        }
    }

    /// A block of these events but for those of `gone`, in the place of which there is `new`; behind a `head`.
    pub(super) fn spliced(
        self,
        head: &[u8],
        gone: Range<usize>,
        new: Option<Event<'_>>,
    ) -> Box<[u8]> {
        let heads = self.len() - gone.len() + usize::from(new.is_some());
        let fields =
            self.begin(gone.start) + new.map_or(0, |event| event.fields.len()) + self.fields.len()
                - self.begin(gone.end);
        let mut out = Vec::with_capacity(head.len() + heads * HEAD + fields);
        out.extend_from_slice(head);
        self.splice(gone, new, &mut out);
        out.into_boxed_slice()
    }

    /// Appends to a block what [`Packed::spliced`] makes.
    pub(super) fn splice(self, gone: Range<usize>, new: Option<Event<'_>>, out: &mut Vec<u8>) {
        let (from, upto) = (self.begin(gone.start), self.begin(gone.end));
        let heads = self.heads;
        out.extend_from_slice(heads.get(..gone.start).unwrap_or(heads).as_flattened());
        let mut begin = from;
        if let Some(event) = new {
            out.extend_from_slice(&head(&event, begin));
            begin += event.fields.len();
        }
        for old in heads.get(gone.end..).unwrap_or_default() {
            let (_, _, flags) = parts(old);
            let place = usize::from(flags & !WAITING) - upto + begin;
            let [rest @ .., _, _] = old;
            out.extend_from_slice(rest);
            let flags = place as u16 & !WAITING | flags & WAITING;
            out.extend_from_slice(&flags.to_le_bytes());
        }
        out.extend_from_slice(self.fields.get(..from).unwrap_or_default());
        out.extend_from_slice(new.map_or(&[][..], |event| event.fields));
        out.extend_from_slice(self.fields.get(upto..).unwrap_or_default());
    }
}

/// Marks a packed event as one that waits, or as one that does not; gives what it was.
pub(super) fn mark(block: &mut [u8], at: usize, waiting: bool) -> bool {
    let Some(flags) = block.get_mut(at * HEAD + HEAD - 1) else {
        return false;
    };
    let flag = (WAITING >> 8) as u8;
    let before = *flags & flag != 0;
    *flags = *flags & !flag | if waiting { flag } else { 0 };
    before
}

fn head(event: &Event<'_>, begin: usize) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let flags = begin as u16 & !WAITING | if event.waiting { WAITING } else { 0 };
    let (words, rest) = head.as_chunks_mut();
    if let ([time, high, low], [low_flags, high_flags]) = (words, rest) {
        *time = event.time.to_le_bytes();
        *high = event.identity.high.to_le_bytes();
        *low = event.identity.low.to_le_bytes();
        [*low_flags, *high_flags] = flags.to_le_bytes();
    }
    head
}

/// What a head says: time, identity, and where the fields begin beside the flag.
#[inline]
fn parts(head: &[u8; HEAD]) -> (i64, Halves, u16) {
    let (words, rest) = head.as_chunks();
    let ([time, high, low], [low_flags, high_flags]) = (words, rest) else {
        // Never: the length is that of three words and two bytes.
        return (0, Halves::from(0), 0);
    };
    let identity = Halves {
        high: u64::from_le_bytes(*high),
        low: u64::from_le_bytes(*low),
    };
    let flags = u16::from_le_bytes([*low_flags, *high_flags]);
    (i64::from_le_bytes(*time), identity, flags)
}

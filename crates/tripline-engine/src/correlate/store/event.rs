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

    /// How many of the first events of a range go when the watermark is there, if an event stays for `reach`
    /// after its time; and when the next goes.
    #[inline]
    pub(super) fn due(
        self,
        range: Range<usize>,
        reach: i64,
        watermark: i64,
    ) -> (usize, Option<i64>) {
        let heads = self.heads.get(range).unwrap_or_default();
        for (at, head) in heads.iter().enumerate() {
            let goes = parts(head).0.saturating_add(reach);
            if goes >= watermark {
                return (at, Some(goes));
            }
        }
        (heads.len(), None)
    }

    /// Where the fields of an event begin; at the end of all for the one behind the last.
    #[inline]
    fn begin(self, at: usize) -> usize {
        match self.heads.get(at) {
            Some([.., low, high]) => usize::from(u16::from_le_bytes([*low, *high]) & !WAITING),
            None => self.fields.len(),
        }
    }

    /// A block of a part of these events, with room for nothing else.
    pub(super) fn copied(self, range: Range<usize>) -> Vec<u8> {
        let (from, upto) = (self.begin(range.start), self.begin(range.end));
        let heads = self.heads.get(range).unwrap_or_default().as_flattened();
        let fields = self.fields.get(from..upto).unwrap_or_default();
        let mut out = [heads, fields].concat();
        if let Some(heads) = out.get_mut(..heads.len()) {
            shift(heads, from.wrapping_neg());
        }
        out
    }
}

/// Puts an event into the place `at` of a block's events, of which there are `count` behind a front of some
/// bytes. A block that has no room grows by somewhat more, up to `most` bytes, so that not every event
/// moves it.
pub(super) fn insert(
    block: &mut Vec<u8>,
    front: usize,
    count: usize,
    at: usize,
    event: Event<'_>,
    most: usize,
) {
    let begin = Packed::new(block.get(front..).unwrap_or_default(), count).begin(at);
    let (own, length) = (event.fields.len(), block.len());
    let (head_at, fields_at) = (front + at * HEAD, front + count * HEAD + begin);
    let needed = length + HEAD + own;
    let head = head(&event, begin);
    if needed > block.capacity() {
        let room = (needed + needed / 4).next_multiple_of(32);
        let mut new = Vec::with_capacity(room.min(most).max(needed));
        let (heads, fields) = block.split_at_checked(fields_at).unwrap_or_default();
        let (before, behind) = heads.split_at_checked(head_at).unwrap_or_default();
        for part in [before, &head, behind, event.fields, fields] {
            new.extend_from_slice(part);
        }
        *block = new;
    } else {
        block.extend_from_slice(&head);
        block.extend_from_slice(event.fields);
        if at < count {
            block.copy_within(fields_at..length, fields_at + HEAD + own);
            if let Some(place) = block.get_mut(fields_at + HEAD..fields_at + HEAD + own) {
                place.copy_from_slice(event.fields);
            }
        }
        block.copy_within(head_at..fields_at, head_at + HEAD);
        if let Some(place) = block.get_mut(head_at..head_at + HEAD) {
            place.copy_from_slice(&head);
        }
    }
    if let Some(behind) = block.get_mut(head_at + HEAD..front + (count + 1) * HEAD) {
        shift(behind, own);
    }
}

/// Takes some events out of a block, which has `count` of them behind a front of some bytes.
pub(super) fn remove(bytes: &mut Vec<u8>, front: usize, count: usize, gone: Range<usize>) {
    let packed = Packed::new(bytes.get(front..).unwrap_or_default(), count);
    let (from, upto) = (packed.begin(gone.start), packed.begin(gone.end));
    let (fields_at, heads) = (front + count * HEAD, gone.len() * HEAD);
    let (head_at, behind_at) = (front + gone.start * HEAD, front + gone.end * HEAD);
    if let Some(behind) = bytes.get_mut(behind_at..fields_at) {
        shift(behind, (upto - from).wrapping_neg());
    }
    bytes.copy_within(behind_at..fields_at + from, head_at);
    bytes.copy_within(fields_at + upto.., fields_at + from - heads);
    bytes.truncate(bytes.len() - heads - (upto - from));
}

/// Moves the places of the fields in some heads.
fn shift(heads: &mut [u8], by: usize) {
    let (heads, _) = heads.as_chunks_mut::<HEAD>();
    for [.., low, high] in heads {
        let flags = u16::from_le_bytes([*low, *high]);
        let place = flags.wrapping_add(by as u16) & !WAITING;
        [*low, *high] = (place | flags & WAITING).to_le_bytes();
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

/// The head of an event whose fields begin there.
pub(super) fn head(event: &Event<'_>, begin: usize) -> [u8; HEAD] {
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

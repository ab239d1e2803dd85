//! Identities that must be recognised when they come again: of events, so that one delivered
//! twice counts once, and of detections given early, so that none is given twice. Each is
//! remembered until the watermark passes its time, because after that nothing of that time is
//! taken any more.
//!
//! They lie in small chunks, each of one bucket of time, and an index by hash says where. Which are
//! forgotten is told by their time; their memory is let go a whole bucket at once, so that an identity
//! costs the same however many there are, and nothing has to be in order.

mod frozen;

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::hint::black_box;
use std::ops::Range;

use hashbrown::DefaultHashBuilder;

use self::frozen::Frozen;
use super::index::Index;
use super::store::Halves;
use crate::scan::Identity;

/// Identities with the time until which they matter.
pub(crate) struct Recent {
    /// Where each is: its chunk, and its place in that.
    index: Index,
    keyed: Keyed,
    chunks: Vec<Vec<Known>>,
    /// Chunks that hold nothing.
    free: Vec<u32>,
    /// The chunks of each bucket of time, by its number.
    buckets: BTreeMap<i64, Vec<u32>>,
    /// The chunk that was last added to, and the times of its bucket: nearly always the next goes there too.
    open: (Range<i64>, u32),
    /// Width of a bucket in nanoseconds.
    width: i64,
    /// What is before this time is forgotten.
    passed: i64,
    /// The watermark that lets the first bucket go; the latest time remembered.
    first_end: i64,
    newest: i64,
    len: usize,
    /// The identities as a snapshot in progress has to see them.
    frozen: Option<Box<Frozen>>,
}

/// One identity.
#[derive(Clone, Copy)]
struct Known {
    identity: Halves,
    time: i64,
}

/// Identities in a chunk: few enough that one that is not full wastes little, and a power of two.
const CHUNK: usize = 1 << CHUNK_BITS;
const CHUNK_BITS: u32 = 6;

/// How many chunks that hold nothing keep their memory.
const KEPT: usize = 16;

impl Recent {
    /// About how many bytes one identity takes in its chunk and in the index.
    pub(crate) const BYTES: usize = size_of::<Known>() + 9;

    /// An empty memory for a lateness of `span` nanoseconds.
    pub(crate) fn new(span: i64) -> Recent {
        Recent {
            index: Index::default(),
            keyed: Keyed::new(),
            chunks: Vec::new(),
            free: Vec::new(),
            buckets: BTreeMap::new(),
            open: (0..0, 0),
            width: (span / 64).max(1_000_000),
            passed: i64::MIN,
            first_end: i64::MAX,
            newest: i64::MIN,
            len: 0,
            frozen: None,
        }
    }

    /// Remembers an identity; false if it was known.
    pub(crate) fn insert(&mut self, identity: Identity, time: i64) -> bool {
        let hash = self.keyed.hash(identity);
        let of = Halves::from(identity);
        let found = self.index.find(hash, |at| is_at(&self.chunks, at, of));
        if found.is_some_and(|at| self.is_remembered(at)) {
            return false;
        }
        // What is forgotten by now is until the watermark moves on.
        let time = time.max(self.passed);
        let place = self.put(Known { identity: of, time });
        match found {
            Some(at) => self.index.replace(hash, at, place),
            None => self.index_one(hash, place),
        }
        true
    }

    /// Whether it is known.
    pub(crate) fn contains(&self, identity: Identity) -> bool {
        let (hash, of) = (self.keyed.hash(identity), Halves::from(identity));
        let found = self.index.find(hash, |at| is_at(&self.chunks, at, of));
        found.is_some_and(|at| self.is_remembered(at))
    }

    /// Forgets what the watermark has passed.
    pub(crate) fn forget_before(&mut self, watermark: i64) {
        self.passed = self.passed.max(watermark);
        while self.first_end <= self.passed || self.newest < self.passed {
            let Some((at, chunks)) = self.buckets.pop_first() else {
                break;
            };
            self.let_go(at, &chunks);
            let first = self.buckets.first_key_value();
            self.first_end = first.map_or(i64::MAX, |(at, _)| self.end(*at));
        }
    }

    /// A watermark that passes the earliest, and what is about as early.
    pub(crate) fn passes_earliest(&self) -> Option<i64> {
        let (at, _) = self.buckets.first_key_value()?;
        Some(self.end(*at))
    }

    /// How many take memory: those remembered, and some that were forgotten lately.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many are remembered.
    pub(crate) fn remembered(&self) -> usize {
        // Buckets that the watermark has not reached hold nothing else.
        let reached = self.buckets.range(..=self.passed.div_euclid(self.width));
        let chunks = reached.flat_map(|(_, chunks)| chunks);
        let known = chunks.filter_map(|chunk| self.chunks.get(*chunk as usize));
        let forgotten = known.flatten().filter(|known| known.time < self.passed);
        self.len - forgotten.count()
    }

    /// Whether what is at a place is not forgotten.
    fn is_remembered(&self, place: u32) -> bool {
        known_at(&self.chunks, place).is_some_and(|known| known.time >= self.passed)
    }

    /// The watermark that has passed all of a bucket.
    fn end(&self, bucket: i64) -> i64 {
        bucket.saturating_add(1).saturating_mul(self.width)
    }

    /// Puts an identity into the bucket of its time; gives its place.
    fn put(&mut self, known: Known) -> u32 {
        self.newest = self.newest.max(known.time);
        self.len += 1;
        let (times, open) = &self.open;
        if times.contains(&known.time)
            && let Some(chunk) = self.chunks.get_mut(*open as usize)
            && chunk.len() < CHUNK
        {
            chunk.push(known);
            return place(*open, chunk.len() - 1);
        }
        let at = known.time.div_euclid(self.width);
        let end = self.end(at);
        let times = at.saturating_mul(self.width)..end;
        // Nearly always the newest bucket, at the end of the map.
        let bucket = match self.buckets.last_entry() {
            Some(last) if *last.key() == at => last.into_mut(),
            _ => self.buckets.entry(at).or_insert_with(|| {
                self.first_end = self.first_end.min(end);
                Vec::new()
            }),
        };
        if let Some(last) = bucket.last()
            && let Some(chunk) = self.chunks.get_mut(*last as usize)
            && chunk.len() < CHUNK
        {
            chunk.push(known);
            self.open = (times, *last);
            return place(*last, chunk.len() - 1);
        }
        let chunk = self.free.pop().unwrap_or_else(|| {
            self.chunks.push(Vec::new());
            u32::try_from(self.chunks.len() - 1).unwrap_or(u32::MAX)
        });
        let fills = !bucket.is_empty();
        bucket.push(chunk);
        self.open = (times, chunk);
        if let Some(chunk) = self.chunks.get_mut(chunk as usize) {
            if fills {
                chunk.reserve_exact(CHUNK);
            }
            chunk.push(known);
        }
        place(chunk, 0)
    }

    /// Adds a place that is in the index under no hash.
    fn index_one(&mut self, hash: u64, place: u32) {
        if !self.index.is_full() {
            self.index.add(hash, place);
            return;
        }
        let mut larger = Index::larger(&self.index);
        for (chunk, of) in (0..).zip(&self.chunks) {
            for (at, known) in of.iter().enumerate() {
                // What is forgotten may have come again elsewhere, and needs not be found.
                if known.time >= self.passed {
                    let hash = self.keyed.hash(known.identity.whole());
                    larger.add(hash, self::place(chunk, at));
                }
            }
        }
        self.index = larger;
    }

    /// Lets go of the memory of a bucket.
    fn let_go(&mut self, bucket: i64, chunks: &[u32]) {
        self.open = (0..0, 0);
        let frozen = self.frozen.as_mut();
        let mut unread = frozen.map_or_else(Vec::new, |frozen| frozen.take(bucket));
        let mut hashes = [0; CHUNK];
        for chunk in chunks {
            let Some(place_of_chunk) = self.chunks.get_mut(*chunk as usize) else {
                continue;
            };
            let mut of = std::mem::take(place_of_chunk);
            let mut touched = 0;
            for (hash, known) in hashes.iter_mut().zip(&of) {
                *hash = self.keyed.hash(known.identity.whole());
                touched ^= self.index.touch(*hash);
            }
            black_box(touched);
            for (at, hash) in hashes.iter().enumerate().take(of.len()) {
                // One that came again after it was forgotten is elsewhere.
                self.index.remove(*hash, place(*chunk, at));
            }
            self.len -= of.len();
            if let Some((_, upto)) = unread.pop_if(|(unread, _)| unread == chunk)
                && let Some(frozen) = &mut self.frozen
            {
                frozen.save(of, upto);
            } else if self.free.len() < KEPT {
                of.clear();
                *place_of_chunk = of;
            }
            self.free.push(*chunk);
        }
    }
}

/// The place of an identity: its chunk, and its place in that.
fn place(chunk: u32, at: usize) -> u32 {
    chunk << CHUNK_BITS | at as u32 & (CHUNK as u32 - 1)
}

fn known_at(chunks: &[Vec<Known>], place: u32) -> Option<&Known> {
    let chunk = chunks.get((place >> CHUNK_BITS) as usize)?;
    chunk.get(place as usize & (CHUNK - 1))
}

#[inline]
fn is_at(chunks: &[Vec<Known>], place: u32, identity: Halves) -> bool {
    known_at(chunks, place).is_some_and(|known| known.identity == identity)
}

/// Hashes identities, which are hashes already, once more with a key of this process: who makes up ids
/// cannot make them collide. Multiplied by a random odd number, few of any numbers agree in the upper
/// half, whichever they are.
struct Keyed {
    factor: u64,
}

impl Keyed {
    fn new() -> Keyed {
        Keyed {
            factor: DefaultHashBuilder::default().hash_one(0u64) | 1,
        }
    }

    /// The table takes the place from the lowest bits, which must be of the upper half.
    #[inline]
    fn hash(&self, identity: Identity) -> u64 {
        (identity as u64).wrapping_mul(self.factor).rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_identity_is_known_until_its_time_is_passed_and_a_snapshot_has_each_once(
            steps in proptest::collection::vec(
                (proptest::collection::vec((0u128..300, 0i64..9_000_000), 0..90), 0i64..3_000_000, any::<bool>()),
                0..30,
            ),
        ) {
            let mut recent = Recent::new(0);
            let mut model: HashMap<Identity, i64> = HashMap::new();
            let mut now = -4_000_000;
            let mut frozen: Vec<(i64, Identity)> = vec![];
            let mut read: Option<Vec<(i64, Identity)>> = None;
            for (events, step, freeze) in steps {
                for (identity, ahead) in events {
                    let new = !model.contains_key(&identity);
                    prop_assert_eq!(recent.contains(identity), !new);
                    prop_assert_eq!(recent.insert(identity, now + ahead), new);
                    model.entry(identity).or_insert(now + ahead);
                }
                if freeze && read.is_none() {
                    recent.freeze();
                    frozen = model.iter().map(|(identity, time)| (*time, *identity)).collect();
                    frozen.sort_unstable();
                    read = Some(vec![]);
                }
                now += step;
                recent.forget_before(now);
                model.retain(|_, time| *time >= now);
                prop_assert_eq!(recent.remembered(), model.len());
                if let Some(read) = &mut read {
                    recent.read_frozen(|of| read.extend_from_slice(of));
                }
            }
            if let Some(mut read) = read {
                while recent.read_frozen(|of| read.extend_from_slice(of)).is_some() {}
                read.sort_unstable();
                prop_assert_eq!(read, frozen);
            }
            recent.thaw();
            recent.forget_before(i64::MAX);
            prop_assert_eq!((recent.len(), recent.index.len()), (0, 0));
        }
    }
}

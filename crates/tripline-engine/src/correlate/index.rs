//! Numbers by the hash of what they stand for: what the stores find keys with, and what identities are
//! recognised with. A number lies in a group of twelve that fills one line of the cache, together
//! with a byte of each hash, so that to look up, to add and to remove each wait for memory once,
//! however large the index is.
//!
//! INVARIANT: a group knows how many numbers went past it because it was full. Where there are none, a
//! search ends.

/// Numbers by hash. Who uses it makes a larger one when it is full, from what the numbers stand for.
#[derive(Default)]
pub(super) struct Index {
    groups: Vec<Group>,
    len: usize,
}

/// Numbers of a group.
const GROUP: usize = 12;

/// Numbers for each group in an index that is full.
const FULL: usize = 10;

#[derive(Clone)]
#[repr(align(64))]
struct Group {
    /// Of each number a part of its hash, which is not zero; zero where there is none.
    tags: [u8; GROUP],
    /// Numbers that belong here or before, and are behind.
    past: u32,
    numbers: [u32; GROUP],
}

const _: () = assert!(size_of::<Group>() == 64);

impl Group {
    const EMPTY: Group = Group {
        tags: [0; GROUP],
        past: 0,
        numbers: [0; GROUP],
    };

    /// The first place with this tag whose number is the one that is looked for.
    #[inline]
    fn place(&self, tag: u8, mut is: impl FnMut(u32) -> bool) -> Option<usize> {
        let (first, rest) = self.tags.split_first_chunk().unwrap_or((&[0; 8], &[]));
        let rest = rest.first_chunk().unwrap_or(&[0; 4]);
        let all = u64::from(tag) * LOW;
        let (mut places, mut begin) = (zeros(u64::from_le_bytes(*first) ^ all), 0);
        loop {
            while places != 0 {
                let place = begin + places.trailing_zeros() as usize / 8;
                if self.numbers.get(place).is_some_and(|number| is(*number)) {
                    return Some(place);
                }
                places &= places - 1;
            }
            if begin != 0 {
                return None;
            }
            let rest = u64::from(u32::from_le_bytes(*rest)) ^ all;
            (places, begin) = (zeros(rest) & u64::from(u32::MAX), 8);
        }
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;

/// The top bit of each byte that is zero.
#[inline]
fn zeros(bytes: u64) -> u64 {
    const REST: u64 = LOW * 0x7f;
    let carried = (bytes & REST) + REST;
    !(carried | bytes | REST)
}

/// The part of a hash that is kept.
#[inline]
fn tag(hash: u64) -> u8 {
    (hash >> 57) as u8 | 0x80
}

impl Index {
    /// An empty index with room for half as many again as another has, and one more.
    pub(super) fn larger(other: &Index) -> Index {
        let groups = other.groups.len() + other.groups.len().div_ceil(2) + 1;
        Index {
            groups: vec![Group::EMPTY; groups],
            len: 0,
        }
    }

    /// How many numbers it has.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether a larger one must take its place before another number is added.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len >= self.groups.len() * FULL
    }

    /// The group where a hash belongs.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        let spread = u64::from(hash as u32) * self.groups.len() as u64;
        (spread >> 32) as usize
    }

    #[inline]
    fn next(&self, group: usize) -> usize {
        let next = group + 1;
        if next == self.groups.len() { 0 } else { next }
    }

    /// The number of a hash that is the one that is looked for.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let (group, place) = self.place(hash, &mut is)?;
        self.groups.get(group)?.numbers.get(place).copied()
    }

    /// Where the number is.
    #[inline]
    fn place(&self, hash: u64, is: &mut impl FnMut(u32) -> bool) -> Option<(usize, usize)> {
        let (mut at, tag) = (self.home(hash), tag(hash));
        // Every group is full only if the index is.
        for _ in 0..self.groups.len() {
            let group = self.groups.get(at)?;
            if let Some(place) = group.place(tag, &mut *is) {
                return Some((at, place));
            }
            if group.past == 0 {
                return None;
            }
            at = self.next(at);
        }
        None
    }

    /// Adds a number that is not in it to an index that is not full.
    pub(super) fn add(&mut self, hash: u64, number: u32) {
        let mut at = self.home(hash);
        for _ in 0..self.groups.len() {
            let next = self.next(at);
            let Some(group) = self.groups.get_mut(at) else {
                return;
            };
            if let Some(place) = group.place(0, |_| true)
                && let (Some(of), Some(to)) =
                    (group.tags.get_mut(place), group.numbers.get_mut(place))
            {
                (*of, *to) = (tag(hash), number);
                self.len += 1;
                return;
            }
            group.past += 1;
            at = next;
        }
    }

    /// Puts a number in the place of another.
    pub(super) fn replace(&mut self, hash: u64, old: u32, new: u32) {
        if let Some((group, place)) = self.place(hash, &mut |number| number == old)
            && let Some(group) = self.groups.get_mut(group)
            && let Some(number) = group.numbers.get_mut(place)
        {
            *number = new;
        }
    }

    /// Takes a number out, if it is there.
    pub(super) fn remove(&mut self, hash: u64, number: u32) {
        let Some((found, place)) = self.place(hash, &mut |other| other == number) else {
            return;
        };
        let mut at = self.home(hash);
        while at != found {
            let next = self.next(at);
            if let Some(group) = self.groups.get_mut(at) {
                group.past -= 1;
            }
            at = next;
        }
        if let Some(group) = self.groups.get_mut(found)
            && let Some(tag) = group.tags.get_mut(place)
        {
            *tag = 0;
            self.len -= 1;
        }
    }

    /// Reads where a hash belongs, so that it is in the cache when it is needed: many such reads wait
    /// for memory together.
    #[inline]
    pub(super) fn touch(&self, hash: u64) -> u32 {
        self.groups
            .get(self.home(hash))
            .map_or(0, |group| group.past)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_found_under_its_hash_until_it_is_removed(
            few_hashes in any::<bool>(),
            steps in proptest::collection::vec((0u32..200, 0u8..4), 0..600),
        ) {
            // Few hashes fill groups that others belong to.
            let hash = |number: u32| {
                let spread = if few_hashes { number % 3 } else { number };
                u64::from(spread).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
            };
            let mut index = Index::default();
            let mut model: BTreeMap<u32, ()> = BTreeMap::new();
            for (number, what) in steps {
                if what == 0 {
                    index.remove(hash(number), number);
                    model.remove(&number);
                } else if model.insert(number, ()).is_none() {
                    if index.is_full() {
                        let mut larger = Index::larger(&index);
                        for other in model.keys().filter(|other| **other != number) {
                            larger.add(hash(*other), *other);
                        }
                        index = larger;
                    }
                    index.add(hash(number), number);
                }
                prop_assert_eq!(index.len(), model.len());
                for number in 0..200 {
                    let found = index.find(hash(number), |other| other == number);
                    prop_assert_eq!(found, model.contains_key(&number).then_some(number));
                }
            }
            for number in 0..200 {
                index.remove(hash(number), number);
            }
            prop_assert!(index.groups.iter().all(|group| group.past == 0));
        }
    }
}

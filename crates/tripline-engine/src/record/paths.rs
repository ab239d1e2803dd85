//! The wanted paths as a trie. Compiled once with a rule set, then shared by every reader.
//!
//! INVARIANT: node 0 is the root; nodes are numbered so that a node's descendants are exactly the
//! numbers from it up to its `end`; every index in here is in range.

use tripline_lang::ast::PathStep;

use super::open::Group;

/// Position of a path in the list that [`Paths::new`] was given.
pub type Slot = usize;

/// The root: the record itself.
pub(super) const ROOT: usize = 0;

/// The wanted paths, compiled.
#[derive(Debug, Clone)]
pub struct Paths {
    nodes: Vec<Node>,
    /// The node of each slot.
    node_of: Vec<usize>,
    settles: Vec<Vec<Slot>>,
    depth: usize,
}

/// One place in a record that some wanted path leads to or through.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The path that ends here.
    pub(super) slot: Option<Slot>,
    /// The slots of the paths that end here or below.
    pub(super) below: Group,
    /// The slot of the path that ends here, and those that it settles.
    pub(super) settled: Group,
    /// All of both: what is over with a value that is no container.
    pub(super) done: Group,
    /// One past the last descendant.
    end: usize,
    /// Members, if the value is an object.
    pub(super) keys: Keys,
    /// Elements, if the value is an array, by index.
    pub(super) elements: Vec<(u32, usize)>,
}

impl Paths {
    /// Compiles `paths`. Each path gets the slot of its position; equal paths must already be
    /// merged (of equal ones only the first is ever found). A path has only
    /// [`PathStep::Key`] and [`PathStep::Index`] steps: from the first [`PathStep::Each`] on it
    /// is cut off, and the value in front of it is what is found.
    ///
    /// `settled_by[i]` are the slots that are no longer needed once slot `i` was read with a
    /// usable value (not null, not empty text): the later alternatives of a `??`. A settled slot
    /// may or may not be found.
    pub fn new(paths: &[Vec<PathStep>], settled_by: &[Vec<Slot>]) -> Paths {
        let mut draft = Draft::default();
        for (slot, path) in paths.iter().enumerate() {
            draft.add(path, slot);
        }
        let mut compiled = Paths {
            nodes: Vec::new(),
            node_of: vec![ROOT; paths.len()],
            settles: (0..paths.len())
                .map(|slot| {
                    let settled = settled_by.get(slot).map_or(&[][..], Vec::as_slice);
                    settled
                        .iter()
                        .copied()
                        .filter(|&other| other < paths.len() && other != slot)
                        .collect()
                })
                .collect(),
            depth: paths.iter().map(Vec::len).max().unwrap_or(0) + 1,
        };
        compiled.lay_out(draft);
        compiled
    }

    /// Numbers the draft's nodes in depth-first order, with a stack of its own: a path's length
    /// is not limited here.
    fn lay_out(&mut self, draft: Draft) {
        // (draft node, number of the parent, how the parent reaches it)
        let mut open: Vec<(Draft, usize, Option<PathStep>)> = vec![(draft, ROOT, None)];
        let mut parents = Vec::new();
        while let Some((draft, parent, step)) = open.pop() {
            let number = self.nodes.len();
            if let Some(above) = self.nodes.get_mut(parent) {
                match step {
                    Some(PathStep::Key(name)) => above.keys.add(&name, number),
                    Some(PathStep::Index(index)) => above.elements.push((index, number)),
                    Some(PathStep::Each) | None => {}
                }
            }
            if let Some(place) = draft.slot.and_then(|slot| self.node_of.get_mut(slot)) {
                *place = number;
            }
            parents.push(parent);
            self.nodes.push(Node {
                slot: draft.slot,
                below: Group::default(),
                settled: Group::default(),
                done: Group::default(),
                end: number + 1,
                keys: Keys::default(),
                elements: Vec::new(),
            });
            open.extend(
                draft
                    .below
                    .into_iter()
                    .map(|(step, below)| (below, number, Some(step))),
            );
        }
        // Descendants have higher numbers, so counting backwards sees children before parents.
        for number in (1..self.nodes.len()).rev() {
            let end = self.nodes.get(number).map_or(0, |node| node.end);
            let parent = parents.get(number).copied().unwrap_or(ROOT);
            if let Some(above) = self.nodes.get_mut(parent) {
                above.end = above.end.max(end);
            }
        }
        for number in 0..self.nodes.len() {
            let end = self.nodes.get(number).map_or(number, |node| node.end);
            let within = self.nodes.get(number..end).unwrap_or_default();
            let below: Vec<Slot> = within.iter().filter_map(|node| node.slot).collect();
            let slot = self.nodes.get(number).and_then(|node| node.slot);
            let settled = slot.map_or(&[][..], |slot| self.settled_by(slot));
            let (own, settled) = (slot.iter().copied(), settled.iter().copied());
            let done = Group::new(below.iter().copied().chain(settled.clone()));
            let settled = Group::new(own.chain(settled));
            if let Some(node) = self.nodes.get_mut(number) {
                node.below = Group::new(below);
                node.settled = settled;
                node.done = done;
            }
        }
        for node in &mut self.nodes {
            node.keys.sort();
            node.elements.sort_unstable();
        }
    }

    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.node_of.len()
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.node_of.is_empty()
    }

    #[inline(always)]
    pub(super) fn node(&self, number: usize) -> Option<&Node> {
        self.nodes.get(number)
    }

    pub(super) fn node_of(&self, slot: Slot) -> usize {
        self.node_of.get(slot).copied().unwrap_or(ROOT)
    }

    pub(super) fn settled_by(&self, slot: Slot) -> &[Slot] {
        self.settles.get(slot).map_or(&[], Vec::as_slice)
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The most nodes that lie on one path.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }
}

/// A node while paths are still being added.
#[derive(Default)]
struct Draft {
    slot: Option<Slot>,
    below: Vec<(PathStep, Draft)>,
}

impl Draft {
    fn add(&mut self, path: &[PathStep], slot: Slot) {
        let mut node = self;
        for step in path.iter().take_while(|step| **step != PathStep::Each) {
            let known = node.below.iter().position(|(other, _)| other == step);
            let at = known.unwrap_or_else(|| {
                node.below.push((step.clone(), Draft::default()));
                node.below.len() - 1
            });
            match node.below.get_mut(at) {
                Some((_, below)) => node = below,
                None => return,
            }
        }
        node.slot.get_or_insert(slot);
    }
}

/// The wanted members of one object: found by length and first byte, then compared eight bytes at a
/// time.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    /// In the order of their sums.
    keys: Vec<Key>,
    /// For each sum of length and first byte, modulo 64, one more than the index of the first key that
    /// has it; zero, which tells nearly all other names at once, if none has.
    firsts: [u32; SUMS],
}

#[derive(Debug, Clone)]
struct Key {
    /// The first eight bytes, zeros where it is shorter.
    head: u64,
    /// Which bits of `head` count.
    mask: u64,
    /// The last eight bytes of a name that is longer.
    tail: u64,
    name: Box<[u8]>,
    node: usize,
    /// The next key has another sum.
    last: bool,
}

impl Default for Keys {
    fn default() -> Self {
        Keys {
            keys: Vec::new(),
            firsts: [0; SUMS],
        }
    }
}

impl Keys {
    fn add(&mut self, name: &str, node: usize) {
        let name = name.as_bytes();
        let mut head = [0; 8];
        head.iter_mut().zip(name).for_each(|(to, from)| *to = *from);
        let mask = if name.len() >= 8 {
            u64::MAX
        } else {
            (1 << (8 * name.len())) - 1
        };
        let tail = name
            .last_chunk()
            .map_or(0, |last| u64::from_le_bytes(*last));
        self.keys.push(Key {
            head: u64::from_le_bytes(head),
            mask,
            tail,
            name: name.into(),
            node,
            last: true,
        });
    }

    fn sort(&mut self) {
        self.keys.sort_by_key(Key::sum);
        let mut after = None;
        for (index, key) in self.keys.iter_mut().enumerate().rev() {
            let sum = key.sum();
            key.last = after != Some(sum);
            after = Some(sum);
            if let Some(first) = self.firsts.get_mut(sum) {
                *first = u32::try_from(index + 1).unwrap_or(0);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The node of the member whose name, written without escapes, is `bytes[start..end]`;
    /// [`ROOT`], which is no member, if there is none. Behind an empty name stands a quote.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], start: usize, end: usize) -> usize {
        let first = bytes.get(start).copied().unwrap_or(0);
        let length = end.wrapping_sub(start);
        match self.firsts.get(sum(first, length)) {
            Some(0) | None => ROOT,
            Some(&first) => self.compare(bytes, start, length, first),
        }
    }

    /// As [`Keys::find`], among the keys of one sum. `first` is one more than the first one's index.
    #[inline(never)]
    fn compare(&self, bytes: &[u8], start: usize, length: usize, first: u32) -> usize {
        let Some(from) = bytes.get(start..) else {
            return ROOT;
        };
        // More follows a name, so eight bytes are nearly always there.
        let Some(head) = from.first_chunk() else {
            return self.find_name(from.get(..length).unwrap_or(&[]));
        };
        let head = u64::from_le_bytes(*head);
        let mut tail = 0;
        if length >= 8 {
            let last = from.get(..length).and_then(<[u8]>::last_chunk);
            let Some(last) = last else { return ROOT };
            tail = u64::from_le_bytes(*last);
        }
        let mut index = first as usize - 1;
        while let Some(key) = self.keys.get(index) {
            if key.head == head & key.mask
                && key.tail == tail
                && key.name.len() == length
                && (length <= 16 || same_words(&key.name, from))
            {
                return key.node;
            }
            if key.last {
                break;
            }
            index += 1;
        }
        ROOT
    }

    /// The node of the member called `name`; [`ROOT`] if there is none.
    pub(super) fn find_name(&self, name: &[u8]) -> usize {
        self.keys
            .iter()
            .find(|key| *key.name == *name)
            .map_or(ROOT, |key| key.node)
    }
}

impl Key {
    fn sum(&self) -> usize {
        let first = self.name.first().copied().unwrap_or(b'"');
        sum(first, self.name.len())
    }
}

/// Whether `bytes` begin with a name whose last eight bytes are known to, eight bytes at a time:
/// comparing slices goes byte by byte in WebAssembly.
#[inline(always)]
fn same_words(name: &[u8], bytes: &[u8]) -> bool {
    let (name, bytes) = (name.as_chunks::<8>().0, bytes.as_chunks::<8>().0);
    let mut words = name.iter().zip(bytes);
    words.all(|(left, right)| u64::from_le_bytes(*left) == u64::from_le_bytes(*right))
}

/// How many sums are told apart.
const SUMS: usize = 64;

/// Where [`Keys::firsts`] has a name; an empty name's first byte is its closing quote.
#[inline(always)]
fn sum(first: u8, length: usize) -> usize {
    length.wrapping_add(usize::from(first)) % SUMS
}

//! The wanted paths as a trie. Compiled once with a rule set, then shared by every reader.
//!
//! INVARIANT: node 0 is the root; nodes are numbered so that a node's descendants are exactly the
//! numbers from it up to its `end`; every index in here is in range.

use tripline_lang::ast::PathStep;

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
    /// For each node, what a record that holds everything has at it.
    branches: Vec<Branch>,
    depth: usize,
}

/// What is still wanted at one node; a reader counts it down in a copy of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    /// How many slots at it or below it can still be found.
    pub(super) pending: u32,
    /// The node above; the root's is itself.
    pub(super) parent: u32,
}

/// One place in a record that some wanted path leads to or through.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The path that ends here.
    pub(super) slot: Option<Slot>,
    /// That path settles others.
    pub(super) settles: bool,
    /// One past the last descendant.
    pub(super) end: usize,
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
            branches: Vec::new(),
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
            self.branches.push(Branch {
                pending: u32::from(draft.slot.is_some()),
                parent: u32::try_from(parent).unwrap_or(0),
            });
            self.nodes.push(Node {
                slot: draft.slot,
                settles: draft
                    .slot
                    .is_some_and(|slot| !self.settled_by(slot).is_empty()),
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
            let (Some(end), Some(&Branch { pending, parent })) = (
                self.nodes.get(number).map(|node| node.end),
                self.branches.get(number),
            ) else {
                continue;
            };
            let parent = parent as usize;
            if let Some(above) = self.branches.get_mut(parent) {
                above.pending += pending;
            }
            if let Some(above) = self.nodes.get_mut(parent) {
                above.end = above.end.max(end);
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

    pub(super) fn branches(&self) -> &[Branch] {
        &self.branches
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

/// The wanted members of one object: found by length, then compared eight bytes at a time.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    keys: Vec<Key>,
    /// A bit for each sum of length and first byte, modulo 64, that some name has: tells nearly
    /// all others at once.
    sums: u64,
    /// Where in `keys` those of each length begin; those of `LONG` bytes and more are together.
    starts: [u32; LONG + 2],
}

/// Names of this length and longer share one bucket.
const LONG: usize = 47;

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
}

impl Default for Keys {
    fn default() -> Self {
        Keys {
            keys: Vec::new(),
            sums: 0,
            starts: [0; LONG + 2],
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
        let first = name.first().copied().unwrap_or(b'"');
        self.sums |= 1_u64.wrapping_shl(sum(first, name.len()));
        self.keys.push(Key {
            head: u64::from_le_bytes(head),
            mask,
            tail,
            name: name.into(),
            node,
        });
    }

    fn sort(&mut self) {
        self.keys.sort_by_key(|key| key.name.len().min(LONG));
        for (length, start) in self.starts.iter_mut().enumerate() {
            let before = self
                .keys
                .iter()
                .filter(|key| key.name.len().min(LONG) < length)
                .count();
            *start = u32::try_from(before).unwrap_or(u32::MAX);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The node of the member whose name, written without escapes, is `bytes[start..end]`;
    /// [`ROOT`], which is no member, if there is none. A quote follows the name.
    #[inline(always)]
    pub(super) fn find(&self, bytes: &[u8], start: usize, end: usize) -> usize {
        let first = bytes.get(start).copied().unwrap_or(0);
        if self.sums.wrapping_shr(sum(first, end.wrapping_sub(start))) & 1 == 0 {
            return ROOT;
        }
        self.compare(bytes, start, end)
    }

    #[inline(never)]
    fn compare(&self, bytes: &[u8], start: usize, end: usize) -> usize {
        let name = bytes.get(start..end).unwrap_or(&[]);
        let length = name.len().min(LONG);
        let (Some(&from), Some(&to)) = (self.starts.get(length), self.starts.get(length + 1))
        else {
            return ROOT;
        };
        let among = self.keys.get(from as usize..to as usize).unwrap_or(&[]);
        // The quote, the colon and the value follow, so eight bytes are nearly always there.
        let Some(head) = bytes.get(start..).and_then(|rest| rest.first_chunk()) else {
            return self.find_name(name);
        };
        let head = u64::from_le_bytes(*head);
        let tail = name
            .last_chunk()
            .map_or(0, |last| u64::from_le_bytes(*last));
        let fits = |key: &&Key| {
            key.head == head & key.mask
                && key.tail == tail
                && (name.len() <= 16 || same_words(&key.name, name))
        };
        among.iter().find(fits).map_or(ROOT, |key| key.node)
    }

    /// The node of the member called `name`; [`ROOT`] if there is none.
    pub(super) fn find_name(&self, name: &[u8]) -> usize {
        self.keys
            .iter()
            .find(|key| *key.name == *name)
            .map_or(ROOT, |key| key.node)
    }
}

/// Whether two names whose last eight bytes are the same are the same, eight bytes at a time:
/// comparing slices goes byte by byte in WebAssembly.
#[inline(always)]
fn same_words(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && {
        let (left, right) = (left.as_chunks::<8>().0, right.as_chunks::<8>().0);
        let words = left.iter().zip(right);
        words.fold(0, |unlike, (left, right)| {
            unlike | (u64::from_le_bytes(*left) ^ u64::from_le_bytes(*right))
        }) == 0
    }
}

/// What [`Keys::sums`] has bits for; an empty name's first byte is its closing quote.
#[inline(always)]
fn sum(first: u8, length: usize) -> u32 {
    (length as u32).wrapping_add(u32::from(first))
}

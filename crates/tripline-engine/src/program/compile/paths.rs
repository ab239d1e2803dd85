//! Which paths of raw records are read, and which reads another one makes superfluous.

use std::collections::{BTreeSet, HashMap};

use tripline_lang::ast::PathStep;

use crate::program::node::Node;
use crate::program::schema::FieldProgram;
use crate::record::{Paths, Slot};

/// The paths that are read, each with a slot, and which other paths make each superfluous.
#[derive(Default)]
pub(super) struct SlotTable {
    paths: Vec<Vec<PathStep>>,
    index: HashMap<Vec<PathStep>, Slot>,
    /// For each slot, the slots that stand before it in every `??` chain that reads it; `None`
    /// until it is read for the first time.
    after: Vec<Option<BTreeSet<Slot>>>,
}

impl SlotTable {
    /// The slot of a path.
    pub(super) fn slot(&mut self, path: &[PathStep]) -> Slot {
        if let Some(slot) = self.index.get(path) {
            return *slot;
        }
        let slot = self.paths.len();
        self.paths.push(path.to_vec());
        self.index.insert(path.to_vec(), slot);
        self.after.push(None);
        slot
    }

    /// Notes every read of a path in a lowered expression: `before` are the slots whose value
    /// makes this read superfluous.
    pub(super) fn note_reads(&mut self, node: &Node, before: &BTreeSet<Slot>) {
        match node {
            Node::Slot(slot, _) => {
                if let Some(after) = self.after.get_mut(*slot) {
                    *after = Some(match after.take() {
                        None => before.clone(),
                        Some(seen) => seen.intersection(before).copied().collect(),
                    });
                }
            }
            Node::Coalesce(of) => {
                let mut before = before.clone();
                for node in of {
                    self.note_reads(node, &before);
                    // Only a whole raw value that is there settles the rest of the chain; a
                    // converted one may still turn out to be missing.
                    if let Node::Slot(slot, rest) = node
                        && rest.is_empty()
                    {
                        before.insert(*slot);
                    }
                }
            }
            other => {
                for node in other.operands() {
                    self.note_reads(node, before);
                }
            }
        }
    }

    /// All paths, for the reader.
    pub(super) fn paths(&self) -> Paths {
        let mut settled_by: Vec<Vec<Slot>> = vec![Vec::new(); self.paths.len()];
        for (slot, after) in self.after.iter().enumerate() {
            for earlier in after.iter().flatten() {
                if let Some(settles) = settled_by.get_mut(*earlier) {
                    settles.push(slot);
                }
            }
        }
        Paths::new(&self.paths, &settled_by)
    }
}

/// The slots that an expression of a schema reads, itself or through fields.
pub(super) fn slots_of(node: &Node, fields: &[FieldProgram], out: &mut Vec<Slot>) {
    match node {
        Node::Slot(slot, _) => out.push(*slot),
        Node::Own(field) => {
            if let Some(field) = fields.get(*field) {
                slots_of(&field.value, fields, out);
            }
        }
        other => {
            for node in other.operands() {
                slots_of(node, fields, out);
            }
        }
    }
}

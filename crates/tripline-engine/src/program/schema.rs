//! One schema compiled: what it accepts, how its fields are read, which conditions and packings the
//! rules over it share. Made by `compile`, asked by the scanner and by the event that a record is
//! ([`super::event`]).

use siphasher::sip128::SipHasher13;
use tripline_lang::types::Type;

use super::node::Node;
use crate::record::Slot;

/// One schema.
pub(crate) struct SchemaProgram {
    pub(crate) name: String,
    pub(crate) accept: Node,
    /// The slots that `accept` reads: where none is found, the record may be wrapped.
    pub(crate) accept_slots: Vec<Slot>,
    pub(crate) fields: Vec<FieldProgram>,
    /// How many cells its fields have.
    pub(crate) cells: usize,
    pub(crate) time: usize,
    pub(crate) id: Option<usize>,
    /// Where the identity of an event with an id begins: the hash of what all of them share.
    pub(crate) identity: SipHasher13,
    /// Conditions on one event of this schema, shared by all rules that have them.
    pub(crate) predicates: Vec<Node>,
    /// The steps that take events of this schema.
    pub(crate) steps: Vec<StepScan>,
    /// How those steps want an event packed: rules that keep the same of it share one.
    pub(crate) packings: Vec<Packing>,
    /// The fields that something reads, by index.
    pub(crate) used: Vec<usize>,
}

/// One field.
pub(crate) struct FieldProgram {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) value: Node,
    /// Where the value is kept once it is known; none for a field that nothing needs, which is missing.
    pub(super) cell: Option<usize>,
    /// The shorter way to the value, if there is one.
    pub(super) read: Option<Read>,
}

/// A field that is, or begins with, the first of some slots that has a value, converted: as nearly all
/// are.
pub(super) struct Read {
    pub(super) slots: Vec<Slot>,
    /// Where none of them has a value there is none; else there is more to try, in another way.
    pub(super) all: bool,
    pub(super) to: Type,
    /// What it is converted to is text.
    pub(super) text: bool,
    /// Its letters are lowered.
    pub(super) lowered: bool,
}

impl FieldProgram {
    /// A field of the name and the declared type with the value, which goes into the cell of this
    /// number; without one nothing needs it.
    pub(crate) fn new(name: String, ty: Type, value: Node, cell: Option<usize>) -> FieldProgram {
        let (converted, lowered) = match &value {
            Node::Call(function, args) if function.name == "lower" => (args.first(), true),
            other => (Some(other), false),
        };
        let read = match converted {
            Some(Node::Convert(
                of,
                to @ (Type::String | Type::Int | Type::Timestamp | Type::Ip),
            )) => {
                let mut slots = Vec::new();
                let all = of.slots(&mut slots);
                (all || !slots.is_empty()).then(|| Read {
                    slots,
                    all,
                    text: *to == Type::String,
                    to: to.clone(),
                    lowered,
                })
            }
            _ => None,
        };
        FieldProgram {
            name,
            ty,
            value,
            cell,
            read,
        }
    }
}

/// What decides whether an event is kept for one step of one rule.
pub(crate) struct StepScan {
    pub(crate) rule: u32,
    pub(crate) step: u16,
    /// Indexes into the schema's predicates; all must hold.
    pub(crate) predicates: Vec<u32>,
    /// Index into the schema's packings.
    pub(crate) packing: u32,
}

/// How an event is packed for a step.
pub(crate) struct Packing {
    /// The parts of the key, over the event alone.
    pub(crate) keys: Vec<Node>,
    /// The fields that are kept, by index.
    pub(crate) fields: Vec<usize>,
}

//! Expressions lowered for evaluation: paths are slots of the record reader, lists are compiled
//! sets, and everything that only a person needs (spans, names) is gone.

use std::sync::Arc;

use regex::Regex;
use tripline_lang::ast::PathStep;
use tripline_lang::checked::{ArithmeticOp, CompareOp, Constant, Expr, ExprKind, Table, TextOp};
use tripline_lang::functions::Function;
use tripline_lang::types::Type;
use tripline_lang::value::Value;

use super::set::Set;
use crate::record::Slot;

/// An expression ready to be evaluated. Its `Debug` text is the same for two nodes only if they
/// compute the same, which is how equal conditions of several rules are found.
#[derive(Debug)]
pub(crate) enum Node {
    Constant(Value<'static>),
    Pattern(Arc<Regex>),
    /// A slot of the reader, and the rest of the path from the first `[*]` on.
    Slot(Slot, Vec<PathStep>),
    /// A field of the schema's own event.
    Own(usize),
    /// A field of a bound step.
    Field(usize, usize),
    Key(usize),
    /// What the events of a step add up to.
    Aggregate(usize),
    Local(usize),
    Member(Box<Node>, Vec<PathStep>),
    Convert(Box<Node>, Type),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Coalesce(Vec<Node>),
    Compare(CompareOp, bool, Box<(Node, Node)>),
    Arithmetic(ArithmeticOp, Box<(Node, Node)>),
    InSet(Box<Node>, Arc<Set>),
    /// The row of a key, or what stands in one of its columns.
    Lookup(Box<Node>, Arc<Table>, Option<usize>),
    InComputed(Box<(Node, Node)>, bool),
    InRange(Box<(Node, Node)>),
    Matches(Box<Node>, Arc<Regex>),
    TextTest(TextOp, bool, Box<(Node, Node)>),
    Call(&'static Function, Vec<Node>),
    List(Vec<Node>),
}

impl Node {
    /// Whether it is the first of some whole slots that has a value; adds those slots. If it is not, what
    /// is added are the slots that count before all else: the first of them with a value is its value.
    pub(crate) fn slots(&self, slots: &mut Vec<Slot>) -> bool {
        match self {
            Node::Slot(slot, rest) if rest.is_empty() => {
                slots.push(*slot);
                true
            }
            Node::Coalesce(of) => of.iter().all(|node| node.slots(slots)),
            _ => false,
        }
    }

    /// The operands, in order; the body of a lambda is the operand of its call.
    pub(crate) fn operands(&self) -> Vec<&Node> {
        match self {
            Node::Constant(_)
            | Node::Pattern(_)
            | Node::Slot(..)
            | Node::Own(_)
            | Node::Field(..)
            | Node::Key(_)
            | Node::Aggregate(_)
            | Node::Local(_) => Vec::new(),
            Node::Member(of, _)
            | Node::Convert(of, _)
            | Node::Not(of)
            | Node::InSet(of, _)
            | Node::Lookup(of, ..)
            | Node::Matches(of, _) => vec![of],
            Node::And(of)
            | Node::Or(of)
            | Node::Coalesce(of)
            | Node::Call(_, of)
            | Node::List(of) => of.iter().collect(),
            Node::Compare(_, _, of)
            | Node::Arithmetic(_, of)
            | Node::InComputed(of, _)
            | Node::InRange(of)
            | Node::TextTest(_, _, of) => vec![&of.0, &of.1],
        }
    }
}

/// What lowering needs to know of its surroundings.
pub(crate) struct Lowering<'a> {
    /// The compiled lists, by their index in the checked set.
    pub(crate) sets: &'a [Arc<Set>],
    /// Gives a path of raw record the slot it is read into; called for schemas alone.
    pub(crate) slot: &'a mut dyn FnMut(&[PathStep]) -> Slot,
    /// A field of a step is a field of the event at hand: true for conditions on one event.
    pub(crate) own_event: bool,
}

impl Lowering<'_> {
    /// Lowers one expression.
    pub(crate) fn lower(&mut self, expr: &Expr) -> Node {
        match &expr.kind {
            ExprKind::Constant(constant) => lower_constant(constant),
            ExprKind::Path(path) => {
                let cut = path
                    .iter()
                    .position(|step| *step == PathStep::Each)
                    .unwrap_or(path.len());
                let (read, rest) = path.split_at_checked(cut).unwrap_or((path, &[]));
                Node::Slot((self.slot)(read), rest.to_vec())
            }
            ExprKind::OwnField(field) => Node::Own(*field),
            ExprKind::Field { field, .. } if self.own_event => Node::Own(*field),
            ExprKind::Field { step, field } => Node::Field(*step, *field),
            ExprKind::Key(part) => Node::Key(*part),
            ExprKind::Aggregate(index) => Node::Aggregate(*index),
            ExprKind::Local(depth) => Node::Local(*depth),
            ExprKind::Member { of, path } => Node::Member(self.boxed(of), path.clone()),
            ExprKind::Convert(of) => Node::Convert(self.boxed(of), expr.ty.clone()),
            ExprKind::And(all) => Node::And(self.each(all)),
            ExprKind::Or(any) => Node::Or(self.each(any)),
            ExprKind::Not(of) => Node::Not(self.boxed(of)),
            ExprKind::Coalesce(of) => Node::Coalesce(self.each(of)),
            ExprKind::Compare {
                op,
                nocase,
                left,
                right,
            } => Node::Compare(*op, *nocase, self.pair(left, right)),
            ExprKind::Arithmetic { op, left, right } => {
                Node::Arithmetic(*op, self.pair(left, right))
            }
            ExprKind::InList { value, list } => match self.sets.get(*list) {
                Some(set) => Node::InSet(self.boxed(value), Arc::clone(set)),
                None => Node::Constant(Value::Bool(false)),
            },
            ExprKind::Lookup { table, key, column } => {
                Node::Lookup(self.boxed(key), Arc::clone(table), *column)
            }
            ExprKind::InComputed {
                value,
                list,
                nocase,
            } => Node::InComputed(self.pair(value, list), *nocase),
            ExprKind::InRange { value, range } => Node::InRange(self.pair(value, range)),
            ExprKind::Matches { value, regex } => {
                Node::Matches(self.boxed(value), Arc::clone(regex))
            }
            ExprKind::TextTest {
                op,
                nocase,
                value,
                part,
            } => Node::TextTest(*op, *nocase, self.pair(value, part)),
            ExprKind::Call { function, args } => Node::Call(function, self.each(args)),
            ExprKind::Lambda(body) => self.lower(body),
            ExprKind::List(of) => Node::List(self.each(of)),
        }
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Node> {
        Box::new(self.lower(expr))
    }

    fn pair(&mut self, left: &Expr, right: &Expr) -> Box<(Node, Node)> {
        Box::new((self.lower(left), self.lower(right)))
    }

    fn each(&mut self, exprs: &[Expr]) -> Vec<Node> {
        exprs.iter().map(|expr| self.lower(expr)).collect()
    }
}

fn lower_constant(constant: &Constant) -> Node {
    Node::Constant(match constant {
        Constant::Missing => Value::Missing,
        Constant::Bool(value) => Value::Bool(*value),
        Constant::Int(value) => Value::Int(*value),
        Constant::Float(value) => Value::Float(*value),
        Constant::Text(value) => Value::Text(value.to_string().into()),
        Constant::Timestamp(value) => Value::Timestamp(*value),
        Constant::Duration(value) => Value::Duration(*value),
        Constant::Ip(value) => Value::Ip(*value),
        Constant::Cidr(value) => Value::Cidr(*value),
        Constant::Regex(value) => return Node::Pattern(Arc::clone(value)),
    })
}

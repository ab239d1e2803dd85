//! Checked expressions: what a condition, a field or an emitted value computes, with every name
//! resolved and every type known.

use std::net::IpAddr;
use std::sync::Arc;

use ipnetwork::IpNetwork;
use regex::Regex;

use crate::ast::PathStep;
use crate::functions::Function;
use crate::source::Span;
use crate::types::Type;

use super::Table;

/// A checked expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Where it was written.
    pub span: Span,
}

/// The kinds of checked expression.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A constant.
    Constant(Constant),
    /// A path into the raw record (only in schemas); type `json`, or `[json]` with `[*]`.
    Path(Vec<PathStep>),
    /// An earlier field of the same schema (only in schemas).
    OwnField(usize),
    /// A field of the event bound to a step. In filters the step is 0.
    Field {
        /// Index of the step.
        step: usize,
        /// Index of the field in the step's schema.
        field: usize,
    },
    /// A part of the rule's key (in `emit` and exclusions).
    Key(usize),
    /// An aggregate over the events of a step, by its index in [`crate::checked::Rule::aggregates`].
    Aggregate(usize),
    /// A lambda's parameter: how many lambdas outward from here, 0 for the innermost.
    Local(usize),
    /// A member of a `json` value, or of a list: an index gives an element of a list of any type,
    /// `[*]` goes on in each element and gives a list.
    Member {
        /// The value.
        of: Box<Expr>,
        /// The steps into it.
        path: Vec<PathStep>,
    },
    /// The operand converted to this expression's type; missing where it cannot be.
    Convert(Box<Expr>),
    /// All hold.
    And(Vec<Expr>),
    /// One holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// The first that is not missing.
    Coalesce(Vec<Expr>),
    /// Comparison of two values of one type.
    Compare {
        /// Which.
        op: CompareOp,
        /// Texts are compared without case.
        nocase: bool,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `+ - * /`
    Arithmetic {
        /// Which.
        op: ArithmeticOp,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// Whether the value is in the list with this index in [`crate::checked::Checked::lists`].
    InList {
        /// The value.
        value: Box<Expr>,
        /// Index of the list.
        list: usize,
    },
    /// The row of a table whose key the value is, or what stands in one of its columns; missing where
    /// there is none.
    Lookup {
        /// The table.
        table: Arc<Table>,
        /// The key, a text.
        key: Box<Expr>,
        /// Which column; `None` for the whole row.
        column: Option<usize>,
    },
    /// Whether the value is an element of a list that is computed.
    InComputed {
        /// The value.
        value: Box<Expr>,
        /// The list.
        list: Box<Expr>,
        /// Texts are compared without case.
        nocase: bool,
    },
    /// Whether the address is in a range.
    InRange {
        /// The address.
        value: Box<Expr>,
        /// The range.
        range: Box<Expr>,
    },
    /// Whether the pattern matches somewhere in the text.
    Matches {
        /// The text.
        value: Box<Expr>,
        /// The pattern.
        regex: Arc<Regex>,
    },
    /// The tests on two texts.
    TextTest {
        /// Which.
        op: TextOp,
        /// Without case.
        nocase: bool,
        /// The text.
        value: Box<Expr>,
        /// What is looked for in it.
        part: Box<Expr>,
    },
    /// A call of a function of the table.
    Call {
        /// The function.
        function: &'static Function,
        /// Its arguments; a lambda is an [`ExprKind::Lambda`].
        args: Vec<Expr>,
    },
    /// A lambda's body, in which [`ExprKind::Local`] 0 is its parameter.
    Lambda(Box<Expr>),
    /// A list of computed values.
    List(Vec<Expr>),
}

impl Expr {
    /// The operands of the expression, in the order written; the body of a lambda is its operand.
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Constant(_)
            | ExprKind::Path(_)
            | ExprKind::OwnField(_)
            | ExprKind::Field { .. }
            | ExprKind::Key(_)
            | ExprKind::Aggregate(_)
            | ExprKind::Local(_) => Vec::new(),
            ExprKind::Member { of, .. }
            | ExprKind::Convert(of)
            | ExprKind::Not(of)
            | ExprKind::Lambda(of)
            | ExprKind::Lookup { key: of, .. } => vec![of],
            ExprKind::And(parts)
            | ExprKind::Or(parts)
            | ExprKind::Coalesce(parts)
            | ExprKind::List(parts) => parts.iter().collect(),
            ExprKind::Call { args, .. } => args.iter().collect(),
            ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
                vec![left, right]
            }
            ExprKind::InList { value, .. } | ExprKind::Matches { value, .. } => vec![value],
            ExprKind::InComputed { value, list, .. } => vec![value, list],
            ExprKind::InRange { value, range } => vec![value, range],
            ExprKind::TextTest { value, part, .. } => vec![value, part],
        }
    }

    /// The same, to be changed.
    pub(crate) fn operands_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Constant(_)
            | ExprKind::Path(_)
            | ExprKind::OwnField(_)
            | ExprKind::Field { .. }
            | ExprKind::Key(_)
            | ExprKind::Aggregate(_)
            | ExprKind::Local(_) => Vec::new(),
            ExprKind::Member { of, .. }
            | ExprKind::Convert(of)
            | ExprKind::Not(of)
            | ExprKind::Lambda(of)
            | ExprKind::Lookup { key: of, .. } => vec![of],
            ExprKind::And(parts)
            | ExprKind::Or(parts)
            | ExprKind::Coalesce(parts)
            | ExprKind::List(parts) => parts.iter_mut().collect(),
            ExprKind::Call { args, .. } => args.iter_mut().collect(),
            ExprKind::Compare { left, right, .. } | ExprKind::Arithmetic { left, right, .. } => {
                vec![left, right]
            }
            ExprKind::InList { value, .. } | ExprKind::Matches { value, .. } => vec![value],
            ExprKind::InComputed { value, list, .. } => vec![value, list],
            ExprKind::InRange { value, range } => vec![value, range],
            ExprKind::TextTest { value, part, .. } => vec![value, part],
        }
    }

    /// Calls `seen` for this expression and everything in it.
    pub fn visit(&self, seen: &mut dyn FnMut(&Expr)) {
        seen(self);
        for operand in self.operands() {
            operand.visit(seen);
        }
    }
}

/// What the events of a step add up to.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// How it adds up.
    pub function: &'static crate::functions::aggregates::AggregateFunction,
    /// The step whose events it is about.
    pub step: usize,
    /// What is taken of each event; nothing for `count`. May read that event, and single events bound
    /// to other steps.
    pub args: Vec<Expr>,
    /// Only events that this `bool` holds for take part.
    pub condition: Option<Expr>,
}

/// A constant.
#[derive(Debug, Clone)]
pub enum Constant {
    /// The value that every type has.
    Missing,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text; empty only as an argument that takes one (empty text is missing).
    Text(Arc<str>),
    /// Nanoseconds since 1970.
    Timestamp(i64),
    /// Nanoseconds.
    Duration(i64),
    /// An address.
    Ip(IpAddr),
    /// An address range.
    Cidr(IpNetwork),
    /// A pattern.
    Regex(Arc<Regex>),
}

/// The comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`; missing equals missing.
    Equal,
    /// `!=`, exactly `not ==`.
    NotEqual,
    /// `<`; false where a side is missing.
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The arithmetic operators; a side that is missing, an overflow and a division by zero give missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// The tests on two texts; false where a side is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// `contains`
    Contains,
    /// `starts_with`
    StartsWith,
    /// `ends_with`
    EndsWith,
    /// `has`: the part stands in the text as a whole term, that is, no letter, digit or `_` touches it.
    Has,
}

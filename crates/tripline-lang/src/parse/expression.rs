//! Expressions: the grammar's flat row of operands and operators becomes a tree by precedence.
//! From low to high: `or`; `and`; `not`; comparisons, `in` and the text tests; `??`; `+ -`; `* /`;
//! unary `-`; `.name` and `[…]`.
//!
//! INVARIANT: recursion is bounded by the nesting of brackets and by [`MAX_DEPTH`]; both were or
//! are checked here before a tree grows deeper.

use std::sync::LazyLock;

use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::declarations::Reader;
use super::grammar::Rule;
use super::{MAX_DEPTH, errors, literals};
use crate::ast::{BinaryOp, Expr, ExprKind, Name, PathStep};
use crate::source::Span;

static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::op_or))
        .op(left(Rule::op_and))
        .op(Op::prefix(Rule::op_not))
        .op(left(Rule::comparison))
        .op(left(Rule::coalesce))
        .op(left(Rule::add) | left(Rule::subtract))
        .op(left(Rule::multiply) | left(Rule::divide))
        .op(Op::prefix(Rule::op_minus))
        .op(Op::postfix(Rule::member) | Op::postfix(Rule::index) | Op::postfix(Rule::each))
});

/// An expression under construction.
struct Part {
    expr: Expr,
    /// The depth of its tree.
    depth: u32,
    /// Written in round brackets, so that an operator beside it cannot reach into it.
    grouped: bool,
}

impl Reader<'_> {
    /// The tree of a `Rule::expr`. `None` after a problem that leaves no tree was recorded.
    pub(super) fn expr(&self, pair: Pair<'_, Rule>) -> Option<Expr> {
        self.part(pair).map(|part| part.expr)
    }

    fn part(&self, pair: Pair<'_, Rule>) -> Option<Part> {
        let inner = pair.into_inner();
        self.check_prefixes(inner.clone())?;
        PRECEDENCE
            .map_primary(|pair| self.operand(pair))
            .map_prefix(|op, of| self.prefix(&op, of?))
            .map_postfix(|of, op| self.postfix(of?, op))
            .map_infix(|left, op, right| self.infix(left?, op, right?))
            .parse(inner)
    }

    /// Refuses runs of `not` and `-`, on which the tree would grow at every word.
    fn check_prefixes(&self, pairs: Pairs<'_, Rule>) -> Option<()> {
        let mut run = 0;
        for pair in pairs {
            run = if matches!(pair.as_rule(), Rule::op_not | Rule::op_minus) {
                run + 1
            } else {
                0
            };
            if run > MAX_DEPTH {
                self.problem(errors::too_long_chain(self.span(&pair)));
                return None;
            }
        }
        Some(())
    }

    fn leaf(&self, kind: ExprKind, span: Span) -> Option<Part> {
        Some(Part {
            expr: Expr { kind, span },
            depth: 1,
            grouped: false,
        })
    }

    /// A node above `below` levels of tree.
    fn node(&self, kind: ExprKind, span: Span, below: u32) -> Option<Part> {
        if below >= MAX_DEPTH {
            self.problem(errors::too_long_chain(span));
            return None;
        }
        Some(Part {
            expr: Expr { kind, span },
            depth: below + 1,
            grouped: false,
        })
    }

    fn operand(&self, pair: Pair<'_, Rule>) -> Option<Part> {
        let span = self.span(&pair);
        let written = pair.as_str();
        let kind = match pair.as_rule() {
            Rule::text => ExprKind::Text(self.unescape(&pair)),
            Rule::regex => {
                let (pattern, flags) = literals::regex(written);
                if !flags.is_empty() {
                    self.problem(errors::regex_flags(span, flags, &pattern));
                }
                ExprKind::Regex(pattern)
            }
            Rule::date => ExprKind::Date(written.to_owned()),
            Rule::address => ExprKind::Address(written.to_owned()),
            Rule::quantity => {
                let (number, unit) = literals::quantity(written);
                ExprKind::Quantity {
                    number: number.to_owned(),
                    unit: unit.to_owned(),
                }
            }
            Rule::number => ExprKind::Number(written.to_owned()),
            Rule::kw_true => ExprKind::Bool(true),
            Rule::kw_false => ExprKind::Bool(false),
            Rule::kw_missing => ExprKind::Missing,
            Rule::name => ExprKind::Name(written.to_owned()),
            Rule::path => {
                let steps = pair.into_inner();
                let end = steps
                    .clone()
                    .last()
                    .map_or(span.end, |step| self.span(&step).end);
                let kind = ExprKind::Path(steps.map(|step| self.path_step(step)).collect());
                return self.leaf(kind, Span { end, ..span });
            }
            Rule::group => {
                let inner = pair
                    .into_inner()
                    .find(|inner| inner.as_rule() == Rule::expr)?;
                let part = self.part(inner)?;
                let expr = Expr {
                    kind: part.expr.kind,
                    span,
                };
                return Some(Part {
                    expr,
                    depth: part.depth,
                    grouped: true,
                });
            }
            Rule::list_literal => {
                let (entries, depth) = self.several(pair.into_inner())?;
                return self.node(ExprKind::List(entries), span, depth);
            }
            Rule::call => {
                let mut inner = pair.into_inner();
                let name = self.name(&inner.next()?);
                let condition = inner
                    .clone()
                    .find(|inner| inner.as_rule() == Rule::call_where)
                    .and_then(|inner| inner.into_inner().find(|of| of.as_rule() == Rule::expr));
                let (args, mut depth) = self.several(inner)?;
                let condition = match condition {
                    Some(condition) => {
                        let part = self.part(condition)?;
                        depth = depth.max(part.depth);
                        Some(Box::new(part.expr))
                    }
                    None => None,
                };
                return self.node(
                    ExprKind::Call {
                        name,
                        args,
                        condition,
                    },
                    span,
                    depth,
                );
            }
            Rule::lambda => {
                let mut inner = pair.into_inner();
                let param = self.name(&inner.next()?);
                let body = self.part(inner.find(|inner| inner.as_rule() == Rule::expr)?)?;
                let depth = body.depth;
                return self.node(
                    ExprKind::Lambda {
                        param,
                        body: Box::new(body.expr),
                    },
                    span,
                    depth,
                );
            }
            _ => return None,
        };
        self.leaf(kind, span)
    }

    /// The expressions among the pairs, and the depth of the deepest.
    fn several(&self, pairs: Pairs<'_, Rule>) -> Option<(Vec<Expr>, u32)> {
        let mut exprs = Vec::new();
        let mut depth = 0;
        for pair in pairs {
            let part = match pair.as_rule() {
                Rule::expr => self.part(pair)?,
                Rule::lambda => self.operand(pair)?,
                _ => continue,
            };
            depth = depth.max(part.depth);
            exprs.push(part.expr);
        }
        Some((exprs, depth))
    }

    fn path_step(&self, pair: Pair<'_, Rule>) -> PathStep {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::each => PathStep::Each,
            Rule::index => {
                let digits = pair.as_str().trim_matches(['[', ']', ' ', '\t']);
                PathStep::Index(digits.parse().unwrap_or_else(|_| {
                    self.problem(errors::index_too_large(span));
                    u32::MAX
                }))
            }
            _ => {
                let written = pair.as_str().trim_start_matches('.').to_owned();
                let quoted = pair
                    .into_inner()
                    .find(|inner| inner.as_rule() == Rule::text);
                PathStep::Key(quoted.map_or(written, |text| self.unescape(&text)))
            }
        }
    }

    fn prefix(&self, op: &Pair<'_, Rule>, of: Part) -> Option<Part> {
        let op_span = self.span(op);
        let span = Span {
            end: of.expr.span.end,
            ..op_span
        };
        if op.as_rule() == Rule::op_not {
            return self.node(ExprKind::Not(Box::new(of.expr)), span, of.depth);
        }
        self.refuse_not(&of, op_span);
        match of.expr.kind {
            ExprKind::Number(digits) if !of.grouped && !digits.starts_with('-') => {
                self.leaf(ExprKind::Number(format!("-{digits}")), span)
            }
            kind => self.node(
                ExprKind::Negate(Box::new(Expr { kind, ..of.expr })),
                span,
                of.depth,
            ),
        }
    }

    fn postfix(&self, of: Part, op: Pair<'_, Rule>) -> Option<Part> {
        let step_span = self.span(&op);
        let span = Span {
            end: step_span.end,
            ..of.expr.span
        };
        let step = self.path_step(op);
        self.node(
            ExprKind::Member {
                of: Box::new(of.expr),
                step,
                step_span,
            },
            span,
            of.depth,
        )
    }

    fn infix(&self, left: Part, op: Pair<'_, Rule>, right: Part) -> Option<Part> {
        let span = Span {
            end: right.expr.span.end,
            ..left.expr.span
        };
        let depth = left.depth.max(right.depth);
        let chain = match op.as_rule() {
            Rule::op_or => Some(Chain::Or),
            Rule::op_and => Some(Chain::And),
            Rule::coalesce => Some(Chain::Coalesce),
            _ => None,
        };
        if !matches!(chain, Some(Chain::Or | Chain::And)) {
            let op_span = self.span(&op);
            self.refuse_not(&right, op_span);
        }
        if let Some(chain) = chain {
            return self.chain(chain, left, right, span);
        }
        let (op, op_span, nocase) = self.binary_op(op)?;
        if is_comparison(op)
            && !left.grouped
            && matches!(left.expr.kind, ExprKind::Binary { op, .. } if is_comparison(op))
        {
            self.problem(errors::comparison_chain(op_span, left.expr.span));
        }
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        self.node(
            ExprKind::Binary {
                op,
                op_span,
                nocase,
                left,
                right,
            },
            span,
            depth,
        )
    }

    /// `not` binds looser than everything but `and` and `or`, so beside another operator it must
    /// stand in brackets to say what it covers.
    fn refuse_not(&self, of: &Part, op: Span) {
        if !of.grouped && matches!(of.expr.kind, ExprKind::Not(_)) {
            self.problem(errors::not_needs_brackets(of.expr.span, op));
        }
    }

    /// `a op b` where a chain of the same operator on the left takes `b` in. A chain keeps the
    /// depth of its deepest member plus one.
    fn chain(&self, chain: Chain, left: Part, right: Part, span: Span) -> Option<Part> {
        let grows = !left.grouped
            && matches!(
                (&chain, &left.expr.kind),
                (Chain::Or, ExprKind::Or(_))
                    | (Chain::And, ExprKind::And(_))
                    | (Chain::Coalesce, ExprKind::Coalesce(_))
            );
        let (mut members, below) = match left.expr.kind {
            ExprKind::Or(members) | ExprKind::And(members) | ExprKind::Coalesce(members)
                if grows =>
            {
                (members, left.depth - 1)
            }
            kind => (vec![Expr { kind, ..left.expr }], left.depth),
        };
        members.push(right.expr);
        let kind = match chain {
            Chain::Or => ExprKind::Or(members),
            Chain::And => ExprKind::And(members),
            Chain::Coalesce => ExprKind::Coalesce(members),
        };
        self.node(kind, span, below.max(right.depth))
    }

    fn binary_op(&self, pair: Pair<'_, Rule>) -> Option<(BinaryOp, Span, bool)> {
        let span = self.span(&pair);
        let arithmetic = match pair.as_rule() {
            Rule::add => Some(BinaryOp::Add),
            Rule::subtract => Some(BinaryOp::Subtract),
            Rule::multiply => Some(BinaryOp::Multiply),
            Rule::divide => Some(BinaryOp::Divide),
            _ => None,
        };
        if let Some(op) = arithmetic {
            return Some((op, span, false));
        }
        let mut inner = pair.into_inner();
        let word = inner.next()?;
        let op = match word.as_rule() {
            Rule::equal => BinaryOp::Equal,
            Rule::not_equal => BinaryOp::NotEqual,
            Rule::less => BinaryOp::Less,
            Rule::less_equal => BinaryOp::LessOrEqual,
            Rule::greater => BinaryOp::Greater,
            Rule::greater_equal => BinaryOp::GreaterOrEqual,
            Rule::op_in => BinaryOp::In,
            Rule::not_in => BinaryOp::NotIn,
            Rule::op_matches => BinaryOp::Matches,
            Rule::op_contains => BinaryOp::Contains,
            Rule::op_starts_with => BinaryOp::StartsWith,
            Rule::op_ends_with => BinaryOp::EndsWith,
            Rule::op_has => BinaryOp::Has,
            _ => return None,
        };
        Some((op, self.span(&word), inner.next().is_some()))
    }

    /// A name where the grammar has one.
    pub(super) fn name(&self, pair: &Pair<'_, Rule>) -> Name {
        Name {
            text: pair.as_str().to_owned(),
            span: self.span(pair),
        }
    }
}

/// The operators whose chains are one flat node.
enum Chain {
    Or,
    And,
    Coalesce,
}

fn is_comparison(op: BinaryOp) -> bool {
    !matches!(
        op,
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide
    )
}

//! Conditions in VRL: what holds, as an expression that is `true` or `false` and never `null`.
//!
//! Two values that are missing are equal; every other comparison with a missing one does not hold.
//! Comparisons are put together so that what stands for `null` in them cannot decide.

use tripline_lang::checked::{CompareOp, Constant, Expr, ExprKind, TextOp};
use tripline_lang::source::Span;
use tripline_lang::types::Type;

use crate::expr::{Code, Translate, folded};
use crate::refuse::Construct;
use crate::{lists, literal};

impl Translate<'_> {
    /// A condition: whether it holds.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Constant(Constant::Bool(value)) => Some(value.to_string()),
            ExprKind::Constant(_) => Some("false".to_owned()),
            ExprKind::And(parts) => self.joined(parts, " && "),
            ExprKind::Or(parts) => self.joined(parts, " || "),
            ExprKind::Not(of) => Some(format!("!({})", self.condition(of)?)),
            ExprKind::Compare {
                op,
                nocase,
                left,
                right,
            } => self.compare(*op, *nocase, left, right),
            ExprKind::InList { value, list } => self.in_list(value, *list, expr.span),
            ExprKind::InComputed {
                value,
                list,
                nocase,
            } => self.in_computed(value, list, *nocase),
            ExprKind::InRange { value, range } => {
                let value = self.value(value, None);
                let ExprKind::Constant(Constant::Cidr(range)) = &range.kind else {
                    return self.blame(range, Construct::ComputedRange, range.span);
                };
                let value = value?.exact(&Type::Ip);
                Some(format!("(ip_cidr_contains(\"{range}\", {value}) ?? false)"))
            }
            ExprKind::Matches { value, regex } => {
                let value = self.value(value, None)?;
                let Some(regex) = literal::regex(regex.as_str()) else {
                    return self.refuse(Construct::Pattern, expr.span);
                };
                Some(present_and(
                    &[&value],
                    format!("match({}, {regex})", value.exact(&Type::String)),
                ))
            }
            ExprKind::TextTest {
                op,
                nocase,
                value,
                part,
            } => self.text_test(*op, *nocase, value, part, expr.span),
            ExprKind::Call { function, args } => match (function.name, args.as_slice()) {
                ("present", [of]) => Some(format!("({} != null)", self.value(of, None)?.text)),
                ("missing", [of]) => Some(format!("({} == null)", self.value(of, None)?.text)),
                ("differ", [left, right]) => {
                    Some(format!("!({})", self.equal(left, right, false)?))
                }
                _ => self.truth(expr),
            },
            _ => self.truth(expr),
        }
    }

    /// Whether a value is `true`.
    fn truth(&mut self, expr: &Expr) -> Option<String> {
        let value = self.value(expr, None)?;
        Some(if value.null {
            format!("({} == true)", value.text)
        } else {
            value.text
        })
    }

    fn joined(&mut self, parts: &[Expr], operator: &str) -> Option<String> {
        let parts: Vec<Option<String>> = parts.iter().map(|part| self.condition(part)).collect();
        let parts: Option<Vec<String>> = parts.into_iter().collect();
        Some(format!("({})", parts?.join(operator)))
    }

    fn compare(
        &mut self,
        op: CompareOp,
        nocase: bool,
        left: &Expr,
        right: &Expr,
    ) -> Option<String> {
        let sign = match op {
            CompareOp::Equal => return self.equal(left, right, nocase),
            CompareOp::NotEqual => return Some(format!("!({})", self.equal(left, right, nocase)?)),
            CompareOp::Less => "<",
            CompareOp::LessOrEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterOrEqual => ">=",
        };
        let ty = &left.ty;
        if !matches!(
            ty,
            Type::Int | Type::Float | Type::String | Type::Timestamp | Type::Duration
        ) || right.ty != *ty
        {
            return self.refuse(Construct::Comparison(ty.clone()), left.span);
        }
        let (left, right) = (self.value(left, None), self.value(right, None));
        let (left, right) = (left?, right?);
        let sides = if nocase {
            (folded(&left), folded(&right))
        } else {
            (left.exact(ty), right.exact(ty))
        };
        Some(present_and(
            &[&left, &right],
            format!("{} {sign} {}", sides.0, sides.1),
        ))
    }

    /// Whether two values are the same; two that are missing are.
    fn equal(&mut self, left: &Expr, right: &Expr, nocase: bool) -> Option<String> {
        for (one, other) in [(left, right), (right, left)] {
            if matches!(one.kind, ExprKind::Constant(Constant::Missing)) {
                return Some(format!("({} == null)", self.value(other, None)?.text));
            }
        }
        let comparable = matches!(
            left.ty,
            Type::String
                | Type::Int
                | Type::Float
                | Type::Bool
                | Type::Timestamp
                | Type::Duration
                | Type::Ip
        );
        if !comparable || left.ty != right.ty {
            return self.refuse(Construct::Comparison(left.ty.clone()), left.span);
        }
        let nocase = nocase && left.ty == Type::String;
        let whole = matches!(left.ty, Type::Int | Type::Timestamp | Type::Duration);
        let (left, right) = (self.value(left, None), self.value(right, None));
        let (left, right) = (left?, right?);
        Some(if nocase {
            // Both sides that are missing become the empty text, which nothing else is.
            format!("({} == {})", folded(&left), folded(&right))
        } else if whole && !left.is_small() && !right.is_small() {
            // `==` compares whole numbers as floating-point ones, which great ones are not.
            format!("includes([{}], {})", right.text, left.text)
        } else {
            format!("({} == {})", left.text, right.text)
        })
    }

    fn in_list(&mut self, value: &Expr, list: usize, span: Span) -> Option<String> {
        let code = self.value(value, None);
        let list = self.checked.lists.get(list)?;
        let entries = lists::entries(list);
        if entries > lists::MOST_ENTRIES {
            let name = list.name.clone();
            return self.refuse(Construct::LongList(name, entries), span);
        }
        let code = code?;
        let exact = code.exact(&value.ty);
        match lists::contains(list, &code.text, &exact, || folded(&code)) {
            Some(condition) => Some(condition),
            None => self.refuse(Construct::Pattern, span),
        }
    }

    fn in_computed(&mut self, value: &Expr, list: &Expr, nocase: bool) -> Option<String> {
        let ExprKind::List(elements) = &list.kind else {
            return self.blame(list, Construct::ComputedList, list.span);
        };
        let code = self.value(value, None)?;
        let mut tests = Vec::new();
        for element in elements {
            tests.push(self.equal(value, element, nocase)?);
        }
        if tests.is_empty() {
            return Some("false".to_owned());
        }
        Some(present_and(&[&code], format!("({})", tests.join(" || "))))
    }

    fn text_test(
        &mut self,
        op: TextOp,
        nocase: bool,
        value: &Expr,
        part: &Expr,
        span: Span,
    ) -> Option<String> {
        let (code, part_code) = (self.value(value, None), self.value(part, None));
        let (code, part_code) = (code?, part_code?);
        let text = if nocase {
            folded(&code)
        } else {
            code.exact(&Type::String)
        };
        let name = match op {
            TextOp::Contains => "contains",
            TextOp::StartsWith => "starts_with",
            TextOp::EndsWith => "ends_with",
            TextOp::Has => {
                let term = part_code.constant.clone();
                return self.refuse(Construct::Has(term), span);
            }
        };
        let looked_for = if nocase {
            folded(&part_code)
        } else {
            part_code.exact(&Type::String)
        };
        // No text that is there is empty, so that nothing is in the empty text for a missing one.
        Some(present_and(
            &[&part_code],
            format!("{name}({text}, {looked_for})"),
        ))
    }
}

/// A condition that holds only where these values are there.
fn present_and(values: &[&Code], condition: String) -> String {
    let mut parts: Vec<String> = values
        .iter()
        .filter(|value| value.null)
        .map(|value| format!("{} != null", value.text))
        .collect();
    parts.push(condition);
    match parts.as_slice() {
        [only] => format!("({only})"),
        parts => format!("({})", parts.join(" && ")),
    }
}

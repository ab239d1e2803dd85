//! `in`: a named list, a list of constants (which becomes a list of the set), a computed list,
//! an address range.

use std::sync::Arc;

use crate::ast;
use crate::checked::{Constant, Entries, Expr, ExprKind, List};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;
use crate::value::{case, convert};

use super::super::names::Kind;
use super::super::scope::Scope;
use super::super::{Checker, regexes, words};
use super::fit::{Misfit, unreadable};
use super::operators::Operator;

impl Checker<'_> {
    /// `left in right`
    pub(super) fn membership(
        &mut self,
        op: Operator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let value = self.expr(left, scope);
        if let ast::ExprKind::Name(name) = &right.kind
            && let Some(index) = self.list_named(name, scope)
        {
            let used = self.use_list(index, op.nocase);
            return self.in_named(op, value?, index, used?, right.span, span, scope);
        }
        if let ast::ExprKind::Name(name) = &right.kind
            && self.names_only_lists(name, scope)
        {
            let problem =
                Diagnostic::new("E0202", right.span, format!("there is no list `{name}`"))
                    .maybe_help(super::super::did_you_mean(
                        name,
                        self.names
                            .of_kind(Kind::List)
                            .chain(self.names.of_kind(Kind::Let)),
                    ));
            self.report(problem);
            return None;
        }
        let list = self.expr(right, scope);
        let (value, list) = (value?, list?);
        self.in_value(op, value, list, span, scope)
    }

    /// The list that a name means here, if it means one.
    fn list_named(&self, name: &str, scope: &Scope<'_>) -> Option<usize> {
        let declared = self
            .names
            .get(name)
            .filter(|declared| declared.kind == Kind::List)?;
        self.names_only_globals(name, scope)
            .then_some(declared.index)
    }

    /// Whether the name is none of a parameter, step, key part or field at hand.
    fn names_only_globals(&self, name: &str, scope: &Scope<'_>) -> bool {
        let field = |schema: Option<usize>| {
            schema
                .and_then(|schema| self.schemas.get(schema))
                .is_some_and(|schema| schema.find(name).is_some())
        };
        let near = match scope {
            Scope::Constant(_) => false,
            Scope::Schema { schema, .. } => field(Some(*schema)),
            Scope::Events(events) => {
                events
                    .steps
                    .iter()
                    .any(|step| step.name == name || field(step.schema))
                    || events.keys.iter().any(|key| key.name == name)
                    || field(events.own.and_then(|own| own.schema))
            }
        };
        !near && !self.locals.iter().any(|local| local.name == name)
    }

    /// Whether the name is unknown, so that right of `in` a list must have been meant.
    pub(super) fn names_only_lists(&self, name: &str, scope: &Scope<'_>) -> bool {
        self.names.get(name).is_none() && self.names_only_globals(name, scope)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "the operator with both of its sides and their places"
    )]
    fn in_named(
        &mut self,
        op: Operator,
        value: Expr,
        declared: usize,
        list: usize,
        list_span: Span,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let entries = self
            .used_lists
            .get(list)
            .map(|list| list.entries.type_of())?;
        let wanted = match entries {
            Type::Cidr => Type::Ip,
            Type::Regex => Type::String,
            ref other => other.clone(),
        };
        let found = value.ty.clone();
        let fitted = match found {
            // Text literals are no reason to read the list in another way.
            Type::Float if entries == Type::Int => None,
            _ => self.fit(value.clone(), &wanted).ok(),
        };
        let Some(fitted) = fitted else {
            let (name, at) = self
                .lists
                .get(declared)
                .map(|list| (list.ast.name.text.clone(), list.ast.ty.span))?;
            let mut problem = Diagnostic::new(
                "E0307",
                op.span,
                format!(
                    "the list `{name}` holds {}, but this is {}",
                    words(&entries),
                    words(&found)
                ),
            )
            .also(value.span, format!("this is {}", words(&found)))
            .also(at, "the type of the list's entries");
            problem = match (&found, &entries) {
                (Type::Ip, Type::String) => problem.help(format!(
                    "declare the list as `list {name} : ip`, or `cidr` for ranges"
                )),
                (Type::List(_), _) => problem.help(format!(
                    "ask about each element: `any(list, x => x in {name})`"
                )),
                (
                    Type::Int | Type::Float | Type::String,
                    Type::String | Type::Int | Type::Float,
                ) => problem.help(format!("declare the list as `list {name} : {found}`")),
                _ => problem.maybe_help(self.redeclare(&value, &wanted, scope)),
            };
            self.report(problem);
            return None;
        };
        if op.nocase && entries != Type::String {
            let problem = Diagnostic::new(
                "E0316",
                op.span,
                format!(
                    "`nocase` compares texts, but the list holds {}",
                    words(&entries)
                ),
            )
            .also(list_span, "the list")
            .help(if entries == Type::Regex {
                "write `(?i)` at the start of a pattern"
            } else {
                "leave `nocase` out"
            });
            self.report(problem);
            return None;
        }
        Some(self.folded(
            ExprKind::InList {
                value: Box::new(fitted),
                list,
            },
            Type::Bool,
            span,
        ))
    }

    fn in_value(
        &mut self,
        op: Operator,
        value: Expr,
        list: Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        // A text on the right of an address is a range.
        if let (Type::Ip | Type::Json, ExprKind::Constant(Constant::Text(text))) =
            (&value.ty, &list.kind)
        {
            let Some(range) = convert::cidr(text) else {
                if value.ty == Type::Json {
                    return self.report_no_list(op, &value, &list);
                }
                self.report(unreadable(text, &Type::Cidr, list.span));
                return None;
            };
            let range = Expr {
                kind: ExprKind::Constant(Constant::Cidr(range)),
                ty: Type::Cidr,
                span: list.span,
            };
            return self.in_range(op, value, range, span, scope);
        }
        match &list.ty {
            Type::Cidr | Type::Ip
                if matches!(list.kind, ExprKind::Constant(_)) || list.ty == Type::Cidr =>
            {
                let range = self.converted(list, &Type::Cidr);
                self.in_range(op, value, range, span, scope)
            }
            Type::List(_) => self.in_list_value(op, value, list, span, scope),
            Type::Json => {
                let of = if value.ty == Type::Json {
                    Type::String
                } else {
                    value.ty.clone()
                };
                let list = self.converted(list, &Type::List(Box::new(of)));
                self.in_list_value(op, value, list, span, scope)
            }
            _ => self.report_no_list(op, &value, &list),
        }
    }

    fn report_no_list(&mut self, op: Operator, value: &Expr, list: &Expr) -> Option<Expr> {
        let problem = Diagnostic::new(
            "E0307",
            list.span,
            format!(
                "the right side of `{}` is a list or an address range, but this is {}",
                op.written(),
                words(&list.ty)
            ),
        );
        let problem = match (&value.ty, &list.ty) {
            (Type::String | Type::Json, Type::String) => problem.help(
                "to find a text in a text write `text contains part`; a list is `[\"a\", \"b\"]`",
            ),
            _ => problem.help("a list is written `[1, 2]`; for one value use `==`"),
        };
        self.report(problem);
        None
    }

    fn in_range(
        &mut self,
        op: Operator,
        value: Expr,
        range: Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let found = value.ty.clone();
        match self.fit(value.clone(), &Type::Ip) {
            Ok(value) => {
                self.check_nocase(op, &value)?;
                let kind = ExprKind::InRange {
                    value: Box::new(value),
                    range: Box::new(range),
                };
                Some(self.folded(kind, Type::Bool, span))
            }
            Err(Misfit::Text(text)) => {
                self.report(unreadable(&text, &Type::Ip, value.span));
                None
            }
            Err(Misfit::Type) => {
                let problem = Diagnostic::new(
                    "E0307",
                    op.span,
                    format!(
                        "only addresses lie in an address range, but this is {}",
                        words(&found)
                    ),
                )
                .also(value.span, format!("this is {}", words(&found)))
                .maybe_help(self.redeclare(&value, &Type::Ip, scope));
                self.report(problem);
                None
            }
        }
    }

    fn in_list_value(
        &mut self,
        op: Operator,
        value: Expr,
        list: Expr,
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let Type::List(element) = list.ty.clone() else {
            return None;
        };
        // Texts beside an address are addresses if all are, otherwise ranges.
        let ranges = matches!(&list.kind, ExprKind::List(elements) if elements.iter().any(|element| match &element.kind {
            ExprKind::Constant(Constant::Text(text)) => text.contains('/'),
            ExprKind::Constant(Constant::Cidr(_)) => true,
            _ => false,
        }));
        let (want_value, want_element) = match (&value.ty, &*element) {
            (Type::Ip, _) if ranges => (Type::Ip, Type::Cidr),
            (Type::Json, Type::Cidr) => (Type::Ip, Type::Cidr),
            (Type::String | Type::Json, Type::Regex) => (Type::String, Type::Regex),
            (Type::Json, Type::Json | Type::Missing) => (Type::String, Type::String),
            (Type::Json, of) => (of.clone(), of.clone()),
            (Type::Int, Type::Float) => (Type::Float, Type::Float),
            (Type::Missing, of) => (of.clone(), of.clone()),
            (ty, _) => (ty.clone(), ty.clone()),
        };
        let (value_ty, value_span, list_span) = (value.ty.clone(), value.span, list.span);
        let fitted_value = self.fit(value.clone(), &want_value);
        let fitted_list = self.fit(list, &Type::List(Box::new(want_element.clone())));
        let (value, list) = match (fitted_value, fitted_list) {
            (Ok(value), Ok(list)) => (value, list),
            (_, Err(Misfit::Text(text))) => {
                let problem = unreadable(&text, &want_element, list_span).also(
                    value_span,
                    format!("it is compared with this, which is {}", words(&value_ty)),
                );
                self.report(problem);
                return None;
            }
            _ => {
                let problem = Diagnostic::new(
                    "E0307",
                    op.span,
                    format!(
                        "the list holds {}, but this is {}",
                        words(&element),
                        words(&value_ty)
                    ),
                )
                .also(value_span, format!("this is {}", words(&value_ty)))
                .also(list_span, format!("the elements are {}", words(&element)));
                let problem = match &value_ty {
                    Type::List(_) => {
                        problem.help("ask about each element: `any(list, x => x in [ … ])`")
                    }
                    _ => problem.maybe_help(self.redeclare(&value, &element, scope)),
                };
                self.report(problem);
                return None;
            }
        };
        if want_element != Type::String || want_value != Type::String {
            self.check_nocase(op, &value)?;
        }
        let kind = match self.constant_entries(&list, op.nocase)? {
            Some(entries) => {
                let name = format!("list literal {}", self.used_lists.len());
                self.used_lists.push(Arc::new(List {
                    name,
                    literal: true,
                    entries,
                }));
                ExprKind::InList {
                    value: Box::new(value),
                    list: self.used_lists.len() - 1,
                }
            }
            None => ExprKind::InComputed {
                value: Box::new(value),
                list: Box::new(list),
                nocase: op.nocase,
            },
        };
        Some(self.folded(kind, Type::Bool, span))
    }

    /// The entries of a list of constants; `Some(None)` for a list that is computed.
    fn constant_entries(&mut self, list: &Expr, nocase: bool) -> Option<Option<Entries>> {
        let (ExprKind::List(elements), Type::List(of)) = (&list.kind, &list.ty) else {
            return Some(None);
        };
        let Some(mut entries) = Entries::empty(of, nocase) else {
            return Some(None);
        };
        for element in elements {
            let ExprKind::Constant(constant) = &element.kind else {
                return Some(None);
            };
            match (&mut entries, constant) {
                // Missing is in no list.
                (_, Constant::Missing) => {}
                (Entries::Text { values, .. }, Constant::Text(text)) => {
                    values.push(if nocase {
                        case::fold(text).into()
                    } else {
                        Box::from(&**text)
                    });
                }
                (Entries::Int(values), Constant::Int(number)) => values.push(*number),
                (Entries::Float(values), Constant::Float(number)) => values.push(*number),
                (Entries::Ip(values), Constant::Ip(address)) => values.push(*address),
                (Entries::Cidr(values), Constant::Cidr(range)) => values.push(*range),
                (Entries::Regex(values), Constant::Regex(regex)) if nocase => {
                    match regexes::compile(regex.as_str(), true, element.span) {
                        Ok(regex) => values.push(regex),
                        Err(problem) => {
                            self.report(*problem);
                            return None;
                        }
                    }
                }
                (Entries::Regex(values), Constant::Regex(regex)) => values.push(regex.clone()),
                _ => return Some(None),
            }
        }
        Some(Some(entries))
    }
}

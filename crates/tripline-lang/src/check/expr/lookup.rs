//! `lookup(table, key)` and the columns of the row that it gives.

use crate::ast;
use crate::checked::{Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::functions::Function;
use crate::source::Span;
use crate::types::Type;

use super::super::names::Kind;
use super::super::scope::Scope;
use super::super::{Checker, did_you_mean, listed, tables, words};
use super::made;
use super::signature::signature;

impl Checker<'_> {
    /// A call of `lookup`, whose arguments are counted.
    pub(super) fn lookup(
        &mut self,
        function: &'static Function,
        args: &[ast::Expr],
        span: Span,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let [table, key] = args else { return None };
        let table = self.table_named(function, table);
        let key = self.lookup_key(function, key, scope);
        let (table, key) = (table?, key?);
        let loaded = self.tables.get(table)?.loaded.clone()?;
        let kind = ExprKind::Lookup {
            table: loaded,
            key: Box::new(key),
            column: None,
        };
        Some(made(kind, Type::Row(table), span))
    }

    /// The table that the first argument names.
    fn table_named(&mut self, function: &Function, arg: &ast::Expr) -> Option<usize> {
        let tables = || self.names.of_kind(Kind::Table);
        let name = match &arg.kind {
            ast::ExprKind::Name(name) => Some((name, self.names.get(name))),
            _ => None,
        };
        let problem = match name {
            Some((_, Some(declared))) if declared.kind == Kind::Table => {
                if let Some(table) = self.tables.get_mut(declared.index) {
                    table.used = true;
                }
                return Some(declared.index);
            }
            Some((name, None)) => {
                let help = did_you_mean(name, tables()).or_else(|| {
                    let known = listed(tables());
                    (!known.is_empty()).then(|| format!("the tables of this set are {known}"))
                });
                let help = help.unwrap_or_else(|| declare(name));
                Diagnostic::new("E0202", arg.span, format!("there is no table `{name}`")).help(help)
            }
            other => {
                let mut problem = Diagnostic::new(
                    "E0313",
                    arg.span,
                    format!(
                        "`{}` takes the name of a table as its first argument",
                        function.name
                    ),
                );
                if let Some((name, Some(declared))) = other {
                    let kind = declared.kind.word();
                    problem = problem.also(declared.span, format!("`{name}` is a {kind}"));
                }
                problem
                    .help(format!("it is called as `{}`", signature(function)))
                    .help(declare("vips"))
            }
        };
        self.report(problem);
        None
    }

    /// The second argument as a text.
    fn lookup_key(
        &mut self,
        function: &Function,
        arg: &ast::Expr,
        scope: &Scope<'_>,
    ) -> Option<Expr> {
        let key = self.expr(arg, scope)?;
        if matches!(key.ty, Type::List(_) | Type::Regex | Type::Row(_)) {
            let problem = Diagnostic::new(
                "E0313",
                key.span,
                format!(
                    "`{}` takes a text as its key, but this is {}",
                    function.name,
                    words(&key.ty)
                ),
            );
            let problem = match &key.ty {
                Type::List(_) => problem.help("look each element up: `map(list, x => lookup(table, x))`, or take one with `find(list, x => …)` or `[0]`"),
                Type::Row(_) => problem.help("name one of its columns, such as `lookup(table, key).name`"),
                _ => problem,
            };
            self.report(problem);
            return None;
        }
        Some(self.converted(key, &Type::String))
    }

    /// The column of a row that a member names.
    pub(super) fn column_named(&mut self, table: usize, name: &str, span: Span) -> Option<usize> {
        let declared = self.tables.get(table)?;
        let loaded = declared.loaded.as_ref()?;
        let column = loaded.column(name);
        if column.is_none() {
            let columns: Vec<&str> = loaded.columns().collect();
            let table = &declared.ast.name;
            let problem = Diagnostic::new(
                "E0411",
                span,
                format!("the table `{}` has no column `{name}`", table.text),
            )
            .also(table.span, "the table")
            .help(tables::columns_help(name, &columns));
            self.report(problem);
        }
        column
    }
}

/// How a table is declared.
fn declare(name: &str) -> String {
    format!("a table is declared as `table {name} = file \"{name}.csv\" key upn`")
}

/// What `present` and `missing` ask of a row: its key is there whenever it is.
pub(super) fn asked_of_row(arg: Expr) -> Expr {
    match arg.kind {
        ExprKind::Lookup {
            table,
            key,
            column: None,
        } => {
            let column = Some(table.key());
            let kind = ExprKind::Lookup { table, key, column };
            made(kind, Type::Json, arg.span)
        }
        kind => Expr { kind, ..arg },
    }
}

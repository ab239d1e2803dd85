//! Schemas: one `accept`, a `time`, perhaps an `id`, and fields converted to their types.

use crate::ast;
use crate::checked::{Expr, Field, Schema};
use crate::diagnostic::Diagnostic;
use crate::types::Type;

use super::expr::{Misfit, unreadable};
use super::scope::Scope;
use super::{Checker, facts, words};

impl Checker<'_> {
    /// Checks every schema, in the order of the files.
    pub(super) fn all_schemas(&mut self, files: &[ast::File]) -> Vec<Schema> {
        let mut checked = Vec::new();
        let schemas = files
            .iter()
            .flat_map(|file| &file.items)
            .filter_map(|item| match item {
                ast::Item::Schema(schema) => Some(schema),
                _ => None,
            });
        for (index, schema) in schemas.enumerate() {
            checked.extend(self.schema(index, schema));
        }
        checked
    }

    fn schema(&mut self, index: usize, schema: &ast::Schema) -> Option<Schema> {
        let mut fields = Vec::with_capacity(schema.fields.len());
        for (place, field) in schema.fields.iter().enumerate() {
            let value = self.expr(
                &field.value,
                &Scope::Schema {
                    schema: index,
                    fields: place,
                },
            );
            let ty = self
                .schemas
                .get(index)
                .and_then(|names| names.fields.get(place)?.ty.clone());
            let (Some(value), Some(ty)) = (value, ty) else {
                continue;
            };
            let Some(value) = self.converted_to_declared(value, &ty, field) else {
                continue;
            };
            if let Some(known) = self
                .schemas
                .get_mut(index)
                .and_then(|names| names.fields.get_mut(place))
            {
                known.never_missing = field.name.text == "time" || facts::never_missing(&value);
            }
            fields.push(Field {
                name: field.name.text.clone(),
                ty,
                value,
            });
        }
        let accept = self.accept(index, schema);
        let time = self.special_field(schema, "time", &Type::Timestamp, &fields);
        let id = self.special_field(schema, "id", &Type::String, &fields);
        if time.is_none()
            && !self.is_damaged(schema.span)
            && !schema.fields.iter().any(|field| field.name.text == "time")
        {
            let problem = Diagnostic::new(
                "E0402",
                schema.name.span,
                format!("the schema `{}` has no field `time`", schema.name.text),
            )
            .help("every event has a time: add `time : timestamp = .path.to.it`");
            self.report(problem);
        }
        Some(Schema {
            name: schema.name.text.clone(),
            accept: accept?,
            fields,
            time: time?,
            id,
        })
    }

    fn accept(&mut self, index: usize, schema: &ast::Schema) -> Option<Expr> {
        let scope = Scope::Schema {
            schema: index,
            fields: schema.fields.len(),
        };
        let mut first: Option<&ast::Expr> = None;
        let mut accept = None;
        for clause in &schema.accept {
            // A schema that takes every record says so with `true`.
            let checked = match clause.kind {
                ast::ExprKind::Bool(true) => self.condition(clause, &scope),
                _ => self.root_condition(clause, &scope),
            };
            match first {
                None => {
                    accept = checked;
                    first = Some(clause);
                }
                Some(first) => {
                    let problem = Diagnostic::new(
                        "E0401",
                        clause.span,
                        format!("the schema `{}` has a second `accept`", schema.name.text),
                    )
                    .also(first.span, "the first one")
                    .help("join the two conditions with `or`");
                    self.report(problem);
                }
            }
        }
        if first.is_none() && !self.is_damaged(schema.span) {
            let problem = Diagnostic::new("E0401", schema.name.span, format!("the schema `{}` does not say which records it accepts", schema.name.text))
                .help("add `accept` and a condition, such as `accept .category == \"SignInLogs\"`; `accept true` takes every record");
            self.report(problem);
        }
        accept
    }

    /// The index of a field that the engine itself reads.
    fn special_field(
        &mut self,
        schema: &ast::Schema,
        name: &str,
        want: &Type,
        fields: &[Field],
    ) -> Option<usize> {
        let place = schema
            .fields
            .iter()
            .position(|field| field.name.text == name)?;
        let written = schema.fields.get(place)?;
        let declared = Type::NAMES
            .iter()
            .find(|(word, _)| *word == written.ty.word.text)
            .map(|(_, ty)| ty);
        if declared.is_some_and(|ty| ty != want) || written.ty.list && declared.is_some() {
            let (code, why) = if name == "time" {
                ("E0402", "the field `time` is when the event happened")
            } else {
                (
                    "E0403",
                    "the field `id` is what tells a record from its duplicates",
                )
            };
            let problem = Diagnostic::new(
                code,
                written.ty.span,
                format!("{why}, so it is a {}", words(want)),
            )
            .help(format!("write `{name} : {want}`"));
            self.report(problem);
        }
        fields.iter().position(|field| field.name == name)
    }

    /// The value of a field as its declared type.
    fn converted_to_declared(
        &mut self,
        value: Expr,
        ty: &Type,
        field: &ast::Field,
    ) -> Option<Expr> {
        if value.ty == *ty {
            return Some(value);
        }
        let (found, span) = (value.ty.clone(), value.span);
        match self.fit(value.clone(), ty) {
            Ok(value) => return Some(value),
            Err(Misfit::Text(text)) => {
                self.report(unreadable(&text, ty, span).also(field.ty.span, "the field's type"));
                return None;
            }
            Err(Misfit::Type) => {}
        }
        if converts(&found, ty) {
            return Some(self.converted(value, ty));
        }
        let mut problem = Diagnostic::new(
            "E0317",
            span,
            format!("{} cannot be converted to {}", words(&found), words(ty)),
        )
        .also(field.ty.span, "the field's type");
        problem = match (&found, ty) {
            (Type::List(of), ty) if **of == *ty || converts(of, ty) || **of == Type::Json => {
                problem.help(format!("declare the field as `[{ty}]`, or take one element, such as `[0]` instead of `[*]`"))
            }
            (_, Type::List(of)) => problem.help(format!("write `[*]` for the elements of a list, or declare the field as `{of}`")),
            _ => problem.help(format!("declare the field as `{found}`")),
        };
        self.report(problem);
        None
    }
}

/// Whether a field of one type may be read from a value of another.
pub(super) fn converts(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::List(from), Type::List(to)) => from == to || converts(from, to),
        (Type::String, Type::Regex | Type::Json | Type::List(_)) => false,
        (Type::String, _) => true,
        (
            Type::Int | Type::Float,
            Type::Int | Type::Float | Type::Bool | Type::Timestamp | Type::Duration | Type::String,
        ) => true,
        (Type::Bool, Type::Int | Type::String) => true,
        (Type::Timestamp | Type::Duration | Type::Ip | Type::Cidr, Type::String) => true,
        (Type::Ip, Type::Cidr) => true,
        _ => false,
    }
}

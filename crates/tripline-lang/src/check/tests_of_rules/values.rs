//! The values that a test gives to events and expects of detections: constants, and JSON as it is
//! written for what has no type before it is read.

use std::borrow::Cow;

use crate::ast::{self, ExprKind as Written, GivenValue};
use crate::checked::{Constant, Expr, ExprKind};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;
use crate::value::{Encoding, Raw, Value, convert};

use super::super::expr::{Misfit, example_of, unreadable};
use super::super::schemas::converts;
use super::super::scope::Scope;
use super::super::{Checker, did_you_mean, listed, words};

const A_VALUE: &str = "a value of a test";

impl Checker<'_> {
    /// The field that an event is given, by index, and its value.
    pub(super) fn given_field(
        &mut self,
        schema: usize,
        given: &ast::Given,
    ) -> Option<(usize, Value<'static>)> {
        let name = &given.name;
        if let Some(member) = &given.member {
            let problem = Diagnostic::new(
                "E0315",
                member.span,
                "an event is given whole fields, not members of them",
            )
            .help(format!(
                "give a `json` field all of its value: `{} = {{ \"{}\": … }}`",
                name.text, member.text
            ));
            self.report(problem);
            return None;
        }
        let fields = self.schemas.get(schema)?;
        let Some((index, field)) = fields.find(&name.text) else {
            let names = || fields.fields.iter().map(|field| field.name.as_str());
            let help = did_you_mean(&name.text, names())
                .unwrap_or_else(|| format!("its fields are {}", listed(names())));
            let problem = Diagnostic::new(
                "E0203",
                name.span,
                format!("the schema `{}` has no field `{}`", fields.name, name.text),
            )
            .help(help);
            self.report(problem);
            return None;
        };
        let (ty, declared) = (field.ty.clone()?, field.span);
        let value = self.value_of(&given.value, &ty, (declared, "the field"))?;
        Some((index, value))
    }

    /// The value as the type; `declared` is the place that says so.
    pub(super) fn value_of(
        &mut self,
        value: &GivenValue,
        ty: &Type,
        declared: (Span, &str),
    ) -> Option<Value<'static>> {
        match value {
            GivenValue::Json(json) => self.json_value(&json.text, json.span, ty, declared),
            GivenValue::Expr(value) if *ty == Type::Json => self.as_json(value),
            GivenValue::Expr(value) => self.typed_value(value, ty, declared),
        }
    }

    /// The value of an expression that needs no event and fits a type without being asked.
    pub(super) fn constant_of(&mut self, value: &ast::Expr, ty: &Type) -> Option<Value<'static>> {
        let checked = self.expr(value, &Scope::Constant(A_VALUE))?;
        let checked = self.require_constant(checked, A_VALUE)?;
        match self.fit(checked, ty) {
            Ok(fitted) => constant(&fitted),
            Err(Misfit::Text(text)) => {
                self.report(unreadable(&text, ty, value.span));
                None
            }
            Err(Misfit::Type) => Some(Value::Missing),
        }
    }

    fn typed_value(
        &mut self,
        value: &ast::Expr,
        ty: &Type,
        (declared, what): (Span, &str),
    ) -> Option<Value<'static>> {
        let checked = self.expr(value, &Scope::Constant(A_VALUE))?;
        let checked = self.require_constant(checked, A_VALUE)?;
        let found = checked.ty.clone();
        match self.fit(checked.clone(), ty) {
            Ok(fitted) => return constant(&fitted),
            Err(Misfit::Text(text)) => {
                let problem = unreadable(&text, ty, value.span)
                    .also(declared, format!("{what} is {}", words(ty)));
                self.report(problem);
                return None;
            }
            Err(Misfit::Type) => {}
        }
        let converted = converts(&found, ty).then(|| constant(&self.converted(checked, ty)));
        match converted.flatten() {
            // A value that is written and cannot be read is a slip; what is absent is `missing`.
            Some(Value::Missing) | None => {}
            found => return found,
        }
        let problem = Diagnostic::new(
            "E0317",
            value.span,
            format!("{} cannot be converted to {}", words(&found), words(ty)),
        )
        .also(declared, format!("{what} is {}", words(ty)));
        let problem = match (example_of(ty), ty) {
            (Some(example), _) => problem.help(format!("write for example `{example}`")),
            (None, Type::List(_)) => problem.help("write a list: `[…, …]`"),
            (None, _) => problem.help("write a text in quotes"),
        };
        self.report(problem);
        None
    }

    /// JSON as it is written, for a raw value or a list of them.
    fn json_value(
        &mut self,
        text: &str,
        span: Span,
        ty: &Type,
        (declared, what): (Span, &str),
    ) -> Option<Value<'static>> {
        let elements = match ty {
            Type::Json => return Some(raw(text.to_owned())),
            Type::List(of) if **of == Type::Json => {
                serde_json::from_str::<Vec<serde_json::Value>>(text).ok()
            }
            _ => None,
        };
        match elements {
            Some(elements) => Some(Value::List(
                elements
                    .iter()
                    .filter(|element| !element.is_null())
                    .map(|element| raw(element.to_string()))
                    .collect(),
            )),
            None => {
                let problem =
                    Diagnostic::new("E0317", span, format!("JSON cannot be {}", words(ty)))
                        .also(declared, format!("{what} is {}", words(ty)));
                let problem = match example_of(ty) {
                    Some(example) => problem.help(format!("write for example `{example}`")),
                    None => problem,
                };
                self.report(problem);
                None
            }
        }
    }

    /// A literal as a raw value.
    fn as_json(&mut self, value: &ast::Expr) -> Option<Value<'static>> {
        Some(match self.json_of(value)? {
            serde_json::Value::Null => Value::Missing,
            json => raw(json.to_string()),
        })
    }

    fn json_of(&mut self, value: &ast::Expr) -> Option<serde_json::Value> {
        match &value.kind {
            Written::List(elements) => {
                let elements: Vec<Option<serde_json::Value>> = elements
                    .iter()
                    .map(|element| self.json_of(element))
                    .collect();
                let elements: Option<Vec<serde_json::Value>> = elements.into_iter().collect();
                return elements.map(serde_json::Value::Array);
            }
            Written::Name(name) if name == "null" => return Some(serde_json::Value::Null),
            _ => {}
        }
        let checked = self.expr(value, &Scope::Constant(A_VALUE))?;
        let checked = self.require_constant(checked, A_VALUE)?;
        Some(match constant(&checked)? {
            Value::Missing => serde_json::Value::Null,
            Value::Bool(truth) => truth.into(),
            Value::Int(number) => number.into(),
            Value::Float(number) => number.into(),
            other => convert::text_of(&other)?.into_owned().into(),
        })
    }
}

/// JSON text as a value.
fn raw(text: String) -> Value<'static> {
    Value::Json(Raw {
        bytes: Cow::Owned(text.into_bytes()),
        encoding: Encoding::Json,
    })
}

/// The value of a constant or of a list of constants.
fn constant(expr: &Expr) -> Option<Value<'static>> {
    Some(match &expr.kind {
        ExprKind::Constant(constant) => match constant {
            Constant::Missing => Value::Missing,
            Constant::Bool(truth) => Value::Bool(*truth),
            Constant::Int(number) => Value::Int(*number),
            Constant::Float(number) => Value::Float(*number),
            Constant::Text(text) => Value::Text(Cow::Owned(text.to_string())),
            Constant::Timestamp(at) => Value::Timestamp(*at),
            Constant::Duration(length) => Value::Duration(*length),
            Constant::Ip(address) => Value::Ip(*address),
            Constant::Cidr(range) => Value::Cidr(*range),
            Constant::Regex(_) => return None,
        },
        ExprKind::List(elements) => {
            let elements: Option<Vec<Value<'static>>> = elements.iter().map(constant).collect();
            Value::List(elements?)
        }
        _ => return None,
    })
}

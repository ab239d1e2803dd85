//! Which names an expression may use, by where it stands.

use std::ops::Range;

use crate::ast;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::types::Type;

use super::Checker;

/// Where an expression stands.
pub(super) enum Scope<'s> {
    /// No event is at hand; what it is the value of, for diagnostics.
    Constant(&'static str),
    /// In a schema: paths and the fields before this one (all of them for `accept`).
    Schema {
        /// Which schema.
        schema: usize,
        /// How many of its fields are computed before.
        fields: usize,
    },
    /// In a rule or a filter, with the events of steps at hand.
    Events(Events<'s>),
}

/// The events at hand.
#[derive(Clone)]
pub(super) struct Events<'s> {
    /// All steps of the rule.
    pub(super) steps: &'s [StepNames],
    /// Those that may be named.
    pub(super) visible: Range<usize>,
    /// The step whose fields may be named without it.
    pub(super) own: Option<Own>,
    /// The parts of the key by name, where they may be named.
    pub(super) keys: &'s [KeyName],
    /// What the expression is.
    pub(super) place: Place,
}

/// What an expression over events is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A condition of a step, or of a filter.
    Condition,
    /// What all events of a `count` add up to.
    Having,
    /// What the events of one step add up to.
    StepHaving,
    /// Something of a whole match: what it emits, when it is excluded.
    Match,
    /// A part of a key.
    Key,
}

impl Events<'_> {
    /// Why a field of a step cannot be read where an expression stands; `inside` an aggregate it is
    /// read of each event.
    pub(super) fn refusal(&self, step: usize, at: Span, inside: bool) -> Option<Diagnostic> {
        let named = self.steps.get(step)?;
        let name = &named.name;
        let own = self.own.is_some_and(|own| own.step == step);
        let problem = match (named.kind, self.place) {
            (_, Place::Key) => return None,
            (StepKind::Absent, _) if !own => Diagnostic::new(
                "E0522",
                at,
                format!("no event stands for `{name}`, so it has no fields here"),
            )
            .help("what must not be there is described by its own condition"),
            (StepKind::Optional, Place::Condition) if !own => Diagnostic::new(
                "E0522",
                at,
                format!("`{name}` is one of a choice, so there may be no event of it here"),
            )
            .help("a condition may name its own step and steps that are always there"),
            (StepKind::Many, Place::Having | Place::StepHaving) if !inside => Diagnostic::new(
                "E0228",
                at,
                format!("several events stand for `{name}`, so this has no one value"),
            )
            .help("ask what they add up to: `count(…)`, `distinct(…)`, `min(…)`, `max(…)`"),
            (StepKind::Many, Place::Condition)
                if !own
                    && self.own.is_some_and(|own| {
                        self.steps
                            .get(own.step)
                            .is_some_and(|step| step.kind == StepKind::Many)
                    }) =>
            {
                Diagnostic::new(
                    "E0522",
                    at,
                    format!("several events stand for `{name}` and for this step, so none can be told from another"),
                )
                .help("join both to a step of one event")
            }
            _ => return None,
        };
        Some(problem.also(named.span, "the step"))
    }
}

/// What stands for a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum StepKind {
    /// One event.
    One,
    /// One event, or none: a step of a choice.
    Optional,
    /// Several events together.
    Many,
    /// No event.
    Absent,
}

/// The event whose fields are named bare.
#[derive(Clone, Copy)]
pub(super) struct Own {
    /// Its step.
    pub(super) step: usize,
    /// Its schema, unless that is unknown.
    pub(super) schema: Option<usize>,
}

/// A step as a name.
#[derive(Clone)]
pub(super) struct StepNames {
    pub(super) name: String,
    pub(super) span: Span,
    /// Its schema, unless that is unknown (and reported).
    pub(super) schema: Option<usize>,
    /// What stands for it.
    pub(super) kind: StepKind,
}

/// A part of a key as a name.
pub(super) struct KeyName {
    pub(super) name: String,
    /// Its type, unless the part is in error.
    pub(super) ty: Option<Type>,
}

/// The parameter of a lambda.
pub(super) struct Local {
    pub(super) name: String,
    pub(super) ty: Type,
}

/// The fields of a schema as names.
pub(super) struct SchemaFields {
    pub(super) name: String,
    pub(super) fields: Vec<FieldName>,
}

/// A field as a name.
pub(super) struct FieldName {
    pub(super) name: String,
    pub(super) span: Span,
    /// Its declared type, unless that is in error.
    pub(super) ty: Option<Type>,
    /// It has a value in every event (known once its schema is checked).
    pub(super) never_missing: bool,
}

impl SchemaFields {
    /// Reads the fields' names and types, reporting unknown types and doubled names.
    pub(super) fn of(schema: &ast::Schema, checker: &mut Checker<'_>) -> SchemaFields {
        let mut fields: Vec<FieldName> = Vec::with_capacity(schema.fields.len());
        for field in &schema.fields {
            if let Some(first) = fields.iter().find(|first| first.name == field.name.text) {
                let problem = Diagnostic::new(
                    "E0201",
                    field.name.span,
                    format!(
                        "the field `{}` is declared twice in the schema `{}`",
                        first.name, schema.name.text
                    ),
                )
                .also(first.span, "it is first declared here");
                checker.report(problem);
            }
            let mut ty = checker.type_named(&field.ty);
            if field.ty.word.text == "regex" {
                ty = None;
                let problem =
                    Diagnostic::new("E0407", field.ty.span, "a field cannot be a pattern")
                        .help("read it as `string`");
                checker.report(problem);
            }
            fields.push(FieldName {
                name: field.name.text.clone(),
                span: field.name.span,
                ty,
                never_missing: false,
            });
        }
        SchemaFields {
            name: schema.name.text.clone(),
            fields,
        }
    }

    /// The field of this name and its index.
    pub(super) fn find(&self, name: &str) -> Option<(usize, &FieldName)> {
        self.fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.name == name)
    }
}

impl Checker<'_> {
    /// The type that is written; an unknown one is reported.
    pub(super) fn type_named(&mut self, written: &ast::TypeName) -> Option<Type> {
        let word = &written.word;
        match Type::NAMES.iter().find(|(name, _)| *name == word.text) {
            Some((_, ty)) if written.list => Some(Type::List(Box::new(ty.clone()))),
            Some((_, ty)) => Some(ty.clone()),
            None => {
                let names = || Type::NAMES.iter().map(|(name, _)| *name);
                let meant = match word.text.to_ascii_lowercase().as_str() {
                    "text" | "str" | "varchar" | "guid" | "uuid" => Some("string"),
                    "integer" | "long" | "number" => Some("int"),
                    "double" | "real" | "decimal" => Some("float"),
                    "boolean" => Some("bool"),
                    "datetime" | "time" | "date" | "instant" => Some("timestamp"),
                    "timespan" | "interval" => Some("duration"),
                    "address" | "ipv4" | "ipv6" | "inet" => Some("ip"),
                    "network" | "subnet" | "range" => Some("cidr"),
                    "regexp" | "pattern" => Some("regex"),
                    "object" | "dynamic" | "any" => Some("json"),
                    _ => None,
                };
                let help = meant
                    .map(|name| format!("did you mean `{name}`?"))
                    .or_else(|| super::did_you_mean(&word.text, names()))
                    .unwrap_or_else(|| format!("the types are {}", super::listed(names())));
                let problem = Diagnostic::new(
                    "E0208",
                    word.span,
                    format!("there is no type `{}`", word.text),
                )
                .help(help);
                self.report(problem);
                None
            }
        }
    }
}

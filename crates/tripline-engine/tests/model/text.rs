//! Rules in the language, for the engine and for whoever reads a shrunk case.

use super::event::{Field, SCHEMA};
use super::rule::{
    Aggregate, AggregateKind, Emit, Extent, Form, Holds, Op, Pick, Role, Rule, Term,
};

/// The schemas and all rules.
pub(crate) fn set_text(rules: &[Rule]) -> String {
    let rules: Vec<String> = rules.iter().map(Rule::text).collect();
    format!("{SCHEMA}\n{}", rules.join("\n"))
}

impl Rule {
    pub(crate) fn text(&self) -> String {
        let mut out = format!("rule {} {{\n", self.name);
        let key: Vec<&str> = self.key.iter().map(|field| field.name()).collect();
        let key = format!(" by {}", key.join(", "));
        let within = match self.within {
            0 => String::new(),
            within => format!(" within {within}s"),
        };
        out += &match &self.form {
            Form::Match => "  match {\n".to_owned(),
            Form::Sequence => format!("  sequence{key}{within} {{\n"),
            Form::Together(_) => format!("  together{key}{within} {{\n"),
            Form::Count(_) => format!("  count{key}{within} {{\n"),
        };
        for at in 0..self.steps.len() {
            out += &self.step_text(at);
        }
        if let Form::Count(having) = &self.form {
            out += &format!("    having {}\n", having.text());
        }
        out += "  }\n";
        if !self.emit.is_empty() {
            out += "  emit {\n";
            for (at, emit) in self.emit.iter().enumerate() {
                out += &format!("    v{at} = {}\n", emit.text());
            }
            out += "  }\n";
        }
        for (at, when) in self.exclusions.iter().enumerate() {
            out += &format!("  exclude \"x{at}\" {{ when {} }}\n", when.text());
        }
        out + "}\n"
    }

    fn step_text(&self, at: usize) -> String {
        let step = &self.steps[at];
        let name = Rule::step_name(at);
        let mut out = String::new();
        let choices = match &self.form {
            Form::Together(choices) => choices.as_slice(),
            _ => &[],
        };
        if let Some(choice) = choices.iter().find(|choice| choice.steps.start == at) {
            out += &format!("    {} of {{\n", choice.least);
        }
        let word = match &step.role {
            Role::One(Pick::Last) => "last ".to_owned(),
            Role::One(Pick::Every) => "every ".to_owned(),
            Role::Many { least, .. } => format!("{least}.. "),
            _ => String::new(),
        };
        let without = match step.role {
            Role::Absent(_) => "without ",
            _ => "",
        };
        out += &format!("    {without}{name} = {word}{}", step.kind.name());
        if !step.conditions.is_empty() {
            let conditions: Vec<String> = step.conditions.iter().map(Holds::text).collect();
            out += &format!(" where {}", conditions.join(" and "));
        }
        if let Role::Absent(extent) = step.role {
            let name = Rule::step_name;
            out += &match extent {
                Extent::Between(one, other) => {
                    format!(" between {} and {}", name(one), name(other))
                }
                Extent::After(step, span) => format!(" after {} for {span}s", name(step)),
                Extent::Before(step, span) => format!(" before {} for {span}s", name(step)),
            };
        }
        if let Role::Many {
            having: Some(having),
            ..
        } = &step.role
        {
            out += &format!("\n    having {}", having.text());
        }
        out += "\n";
        if choices.iter().any(|choice| choice.steps.end == at + 1) {
            out += "    }\n";
        }
        out
    }
}

impl Holds {
    fn text(&self) -> String {
        match self {
            Holds::Compare(left, op, right) => {
                let op = match op {
                    Op::Equal => "==",
                    Op::Differs => "!=",
                    Op::Less => "<",
                    Op::AtLeast => ">=",
                };
                format!("{} {op} {}", left.text(), right.text())
            }
            Holds::Either(one, other) => format!("({} or {})", one.text(), other.text()),
            Holds::Not(inner) => format!("not ({})", inner.text()),
        }
    }
}

impl Term {
    fn text(&self) -> String {
        match self {
            Term::Field(step, field) => format!("{}.{}", Rule::step_name(*step), field.name()),
            Term::Constant(field, value) => field.text(*value),
            Term::Between(one, other) => {
                let name = Rule::step_name;
                format!("{}.time - {}.time", name(*other), name(*one))
            }
            Term::Seconds(seconds) => format!("{seconds}s"),
            Term::Adds(aggregate) => match aggregate.kind {
                AggregateKind::Values(_) => format!("len({})", aggregate.text()),
                _ => aggregate.text(),
            },
            Term::Number(number) => number.to_string(),
        }
    }
}

impl Aggregate {
    fn text(&self) -> String {
        let step = Rule::step_name(self.step);
        let only = self.only.as_ref();
        let only = only.map_or(String::new(), |only| format!(" where {}", only.text()));
        let of = |field: &Field| format!("{step}.{}", field.name());
        match &self.kind {
            AggregateKind::Count => format!("count({step}{only})"),
            AggregateKind::Distinct(fields) => {
                let fields: Vec<String> = fields.iter().map(of).collect();
                format!("distinct({}{only})", fields.join(", "))
            }
            AggregateKind::Sum(field) => format!("sum({}{only})", of(field)),
            AggregateKind::Min(field) => format!("min({}{only})", of(field)),
            AggregateKind::Max(field) => format!("max({}{only})", of(field)),
            AggregateKind::Spread => {
                format!("max({step}.time{only}) - min({step}.time{only})")
            }
            AggregateKind::Values(field) => format!("values({}{only})", of(field)),
        }
    }
}

impl Emit {
    fn text(&self) -> String {
        match self {
            Emit::Field(step, field) => format!("{}.{}", Rule::step_name(*step), field.name()),
            Emit::Adds(aggregate) => aggregate.text(),
        }
    }
}

//! The program of a rule set: the event as the engine would read it, then for each schema the fields that
//! something reads and, where the schema accepts the event, its filters and rules; at last what the event
//! gains. The order is that of the engine's scanner, so that tags come in the same order.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveTime};
use tripline_lang::ast::PathStep;
use tripline_lang::checked::{ActionKind, Checked, Exclusion, Expr, ExprKind, Filter, Rule};
use tripline_lang::types::Type;

use crate::expr::{Code, EVENT, Translate, rfc3339};
use crate::literal;
use crate::refuse::{Construct, Refused};
use crate::writer::Writer;

/// Writes the program of these rules and filters.
pub(crate) struct Program<'a> {
    pub(crate) checked: &'a Checked,
    pub(crate) rules: Vec<&'a Rule>,
    pub(crate) filters: Vec<&'a Filter>,
    pub(crate) refused: Vec<Refused>,
}

/// The event with its instants as texts, the spelling in which tripline shows them, and without what the
/// engine has no value for: instants that 64 bits cannot say, leap seconds, numbers that are not finite.
const EVENT_OF: &str = r#"# The event, its instants as texts; missing is null from here on.
event = map_values({"event": .}, recursive: true) -> |value| {
  if is_timestamp(value) {
    at = timestamp(value) ?? now()
    text = format_timestamp(at, "%Y-%m-%dT%H:%M:%S%.9fZ") ?? ""
    if at < t'1677-09-21T00:12:43.145224192Z' || at > t'2262-04-11T23:47:16.854775807Z' || contains(text, ":60.") {
      null
    } else {
      replace(text, r'\.?0+Z\z', "Z")
    }
  } else if is_float(value) && value != 0.0 && value == (float(value) ?? 0.0) * 2.0 {
    # Infinite: no other number but zero is twice itself.
    null
  } else {
    value
  }
}
event = event.event"#;

impl Program<'_> {
    /// The program.
    pub(crate) fn write(&mut self) -> String {
        let mut w = Writer::default();
        if !self.rules.is_empty() {
            w.line("detections = []");
        }
        let tags = self.has(|kind| matches!(kind, ActionKind::Tag(_)));
        let drops = self.has(|kind| matches!(kind, ActionKind::Drop | ActionKind::Keep));
        if tags || !self.rules.is_empty() {
            w.line("tags = []");
        }
        if drops {
            w.line("drop = false");
        }
        w.lines(EVENT_OF);
        self.wrapped(&mut w);
        for at in 0..self.checked.schemas.len() {
            self.schema(&mut w, at);
        }
        w.line("");
        if drops && self.rules.is_empty() {
            w.line("if drop { abort }");
        } else if drops {
            // What is to carry a detection goes on, as through the relay.
            w.line("if drop && length(detections) == 0 { abort }");
        }
        let gains = if self.rules.is_empty() {
            Some(("length(tags) > 0", r#"{"tags": tags}"#)).filter(|_| tags)
        } else {
            Some((
                "length(detections) > 0 || length(tags) > 0",
                r#"{"detections": detections, "tags": tags}"#,
            ))
        };
        if let Some((any, member)) = gains {
            w.open(&format!("if {any}"));
            w.line(&format!(".tripline = {member}"));
            w.close();
        }
        w.finish()
    }

    fn has(&self, of: impl Fn(&ActionKind) -> bool) -> bool {
        let actions = self.filters.iter().flat_map(|filter| &filter.actions);
        actions.into_iter().any(|action| of(&action.kind))
    }

    /// A warning where the record is text in a member, which tripline looks into.
    fn wrapped(&self, w: &mut Writer) {
        let mut asked = BTreeSet::new();
        for schema in &self.checked.schemas {
            let mut exprs = vec![&schema.accept];
            while let Some(expr) = exprs.pop() {
                expr.visit(&mut |expr| match &expr.kind {
                    ExprKind::Path(path) => {
                        let whole = path.iter().take_while(|step| **step != PathStep::Each);
                        let whole: Vec<PathStep> = whole.cloned().collect();
                        asked.insert(literal::path(EVENT, &whole));
                    }
                    ExprKind::OwnField(field) => {
                        exprs.extend(schema.fields.get(*field).map(|field| &field.value));
                    }
                    _ => {}
                });
            }
        }
        // A path through a function is no place that can be asked for.
        let exists: Vec<String> = asked
            .iter()
            .filter(|path| !path.starts_with('('))
            .map(|path| format!("exists({path})"))
            .collect();
        let none = match exists.as_slice() {
            [] => String::new(),
            exists => format!("!({}) && ", exists.join(" || ")),
        };
        for member in ["log", "message"] {
            w.open(&format!(
                "if {none}starts_with(strip_whitespace(string({EVENT}.{member}) ?? \"\"), \"{{\")"
            ));
            w.line(&format!(
                "log(\"tripline: the record is text in `.{member}` and was not looked into: parse it \
                 with parse_json before\", level: \"warn\", rate_limit_secs: 60)"
            ));
            w.close();
        }
    }

    fn schema(&mut self, w: &mut Writer, at: usize) {
        let checked = self.checked;
        let Some(schema) = checked.schemas.get(at) else {
            return;
        };
        let filters: Vec<&Filter> = self
            .filters
            .iter()
            .copied()
            .filter(|f| f.schema == at)
            .collect();
        let of_schema = |rule: &&Rule| rule.form.steps.first().is_some_and(|s| s.schema == at);
        let rules: Vec<&Rule> = self.rules.iter().copied().filter(of_schema).collect();
        if filters.is_empty() && rules.is_empty() {
            return;
        }
        let mut fields: Vec<Option<Code>> = vec![None; schema.fields.len()];
        let by_accept = closed(schema, [&schema.accept], &[]);
        let read = filters
            .iter()
            .flat_map(|filter| filter.actions.iter().map(|action| &action.when))
            .chain(rules.iter().flat_map(|rule| expressions(rule)));
        let time: &[usize] = if rules.is_empty() {
            &[]
        } else {
            &[schema.time]
        };
        let by_rest = closed(schema, read, time);

        w.line("");
        w.line(&format!("# schema {}", schema.name));
        self.fields(w, at, &by_accept, &mut fields);
        let what = format!("schema `{}`", schema.name);
        let accept = self.translate(w, &fields, what, |t| t.condition(&schema.accept));
        w.open(&format!("if {}", accept.unwrap_or_default()));
        self.fields(w, at, &by_rest, &mut fields);
        for filter in filters {
            self.filter(w, filter, &fields);
        }
        let time = fields.get(schema.time).cloned().flatten();
        for rule in rules {
            self.rule(w, rule, &fields, time.as_ref());
        }
        w.close();
    }

    fn translate<T>(
        &mut self,
        w: &mut Writer,
        fields: &[Option<Code>],
        what: String,
        of: impl FnOnce(&mut Translate<'_>) -> T,
    ) -> T {
        of(&mut Translate {
            checked: self.checked,
            w,
            fields,
            locals: Vec::new(),
            what,
            refused: &mut self.refused,
        })
    }

    /// Writes these fields of a schema, as far as they are not there yet.
    fn fields(
        &mut self,
        w: &mut Writer,
        at: usize,
        wanted: &BTreeSet<usize>,
        fields: &mut [Option<Code>],
    ) {
        let checked = self.checked;
        let Some(schema) = checked.schemas.get(at) else {
            return;
        };
        for (index, field) in schema.fields.iter().enumerate() {
            if !wanted.contains(&index) || fields.get(index).is_some_and(Option::is_some) {
                continue;
            }
            let what = format!("field `{}` of schema `{}`", field.name, schema.name);
            let variable = w.named(&format!("{}_{}", schema.name, field.name));
            let code = self.translate(w, fields, what, |t| {
                let code = t.value(&field.value, Some(&variable))?;
                if code.text != variable {
                    t.w.line(&format!("{variable} = {}", code.text));
                }
                Some(Code::variable(&variable, code.null))
            });
            if let Some(place) = fields.get_mut(index) {
                *place = code;
            }
        }
    }

    fn filter(&mut self, w: &mut Writer, filter: &Filter, fields: &[Option<Code>]) {
        let has = |kind: &ActionKind| filter.actions.iter().any(|action| action.kind == *kind);
        let drops_rest = has(&ActionKind::Keep) && !has(&ActionKind::Drop);
        let decides = has(&ActionKind::Keep) || has(&ActionKind::Drop);
        w.line(&format!("# filter {}", filter.name));
        let decided = w.fresh();
        if decides {
            w.line(&format!("{decided} = \"\""));
        }
        for action in &filter.actions {
            let what = format!("filter `{}`", filter.name);
            let when = self.translate(w, fields, what, |t| t.condition(&action.when));
            let when = when.unwrap_or_default();
            match &action.kind {
                ActionKind::Drop => {
                    w.line(&format!(
                        "if {decided} == \"\" && {when} {{ {decided} = \"drop\" }}"
                    ));
                }
                ActionKind::Keep => {
                    w.line(&format!(
                        "if {decided} == \"\" && {when} {{ {decided} = \"keep\" }}"
                    ));
                }
                ActionKind::Tag(tag) => {
                    let tag = literal::text(tag);
                    w.line(&format!(
                        "if {when} && !includes(tags, {tag}) {{ tags = push(tags, {tag}) }}"
                    ));
                }
            }
        }
        if drops_rest {
            w.line(&format!("if {decided} != \"keep\" {{ drop = true }}"));
        } else if decides {
            w.line(&format!("if {decided} == \"drop\" {{ drop = true }}"));
        }
    }

    fn rule(&mut self, w: &mut Writer, rule: &Rule, fields: &[Option<Code>], time: Option<&Code>) {
        let what = || format!("rule `{}`", rule.name);
        w.line(&format!("# rule {}", rule.name));
        let mut conditions: Vec<String> = time
            .filter(|time| time.null)
            .map(|time| format!("{} != null", time.text))
            .into_iter()
            .collect();
        for condition in rule.form.steps.iter().flat_map(|step| &step.conditions) {
            let condition = self.translate(w, fields, what(), |t| t.condition(condition));
            conditions.extend(condition);
        }
        for exclusion in &rule.exclusions {
            let what = format!("exclusion \"{}\" of rule `{}`", exclusion.name, rule.name);
            let when = self.translate(w, fields, what, |t| t.condition(&exclusion.when));
            conditions.extend(when.map(|when| format!("!({})", in_force(exclusion, &when))));
        }
        if conditions.is_empty() {
            conditions.push("true".to_owned());
        }
        w.open(&format!("if {}", conditions.join(" && ")));
        let emitted = w.fresh();
        w.line(&format!("{emitted} = {{}}"));
        for emit in &rule.emit {
            let place = literal::path(&emitted, &[PathStep::Key(emit.name.clone())]);
            let what = format!("`emit` of `{}` in rule `{}`", emit.name, rule.name);
            let value = self.translate(w, fields, what, |t| emitted_value(t, &emit.value));
            match value {
                Some(code) if code.text == "null" => {}
                Some(code) if code.null => {
                    w.line(&format!("if {0} != null {{ {place} = {0} }}", code.text));
                }
                Some(code) => w.line(&format!("{place} = {}", code.text)),
                None => {}
            }
        }
        let texts = |of: &[String]| {
            let texts: Vec<String> = of.iter().map(|text| literal::text(text)).collect();
            format!("[{}]", texts.join(", "))
        };
        let meta = &rule.meta;
        w.open("detections = push(detections,");
        for (name, value) in [
            ("rule", literal::text(&rule.name)),
            ("rule_id", literal::text(&meta.id)),
            ("title", literal::text(&meta.title)),
            ("severity", literal::text(&meta.severity)),
            ("tactics", texts(&meta.tactics)),
            ("techniques", texts(&meta.techniques)),
        ] {
            w.line(&format!("\"{name}\": {value},"));
        }
        w.line(&format!("\"fields\": {emitted}"));
        w.close_with("})");
        w.close();
    }
}

/// A value as a detection shows it.
fn emitted_value(t: &mut Translate<'_>, expr: &Expr) -> Option<Code> {
    match &expr.ty {
        Type::String
        | Type::Int
        | Type::Float
        | Type::Bool
        | Type::Ip
        | Type::Json
        | Type::Missing => t.value(expr, None),
        Type::Timestamp => {
            let code = t.value(expr, None)?;
            let v = t.w.fresh();
            if !code.null {
                t.w.line(&format!("{v} = {}", rfc3339(&code)));
                return Some(Code::variable(&v, false));
            }
            t.w.line(&format!("{v} = null"));
            t.w.line(&format!(
                "if {} != null {{ {v} = {} }}",
                code.text,
                rfc3339(&code)
            ));
            Some(Code::variable(&v, true))
        }
        ty => t.blame(expr, Construct::Emit(ty.clone()), expr.span),
    }
}

/// An exclusion's condition, as long as the exclusion is in force: through the day that it names.
fn in_force(exclusion: &Exclusion, when: &str) -> String {
    let end = exclusion.expires.and_then(|day| {
        let next = day.checked_add_days(Days::new(1))?;
        Some(DateTime::from_naive_utc_and_offset(
            next.and_time(NaiveTime::MIN),
            chrono::Utc,
        ))
    });
    match end {
        Some(end) => {
            let end: DateTime<chrono::Utc> = end;
            format!("{when} && now() < t'{}'", end.format("%Y-%m-%dT%H:%M:%SZ"))
        }
        None => when.to_owned(),
    }
}

/// Every expression of a rule of one event.
fn expressions(rule: &Rule) -> impl Iterator<Item = &Expr> {
    let conditions = rule.form.steps.iter().flat_map(|step| &step.conditions);
    let exclusions = rule.exclusions.iter().map(|exclusion| &exclusion.when);
    let emit = rule.emit.iter().map(|emit| &emit.value);
    conditions.chain(exclusions).chain(emit)
}

/// The fields of a schema that these expressions read, and those that those read.
fn closed<'e>(
    schema: &tripline_lang::checked::Schema,
    exprs: impl IntoIterator<Item = &'e Expr>,
    also: &[usize],
) -> BTreeSet<usize> {
    let mut fields: BTreeSet<usize> = also.iter().copied().collect();
    let note = |expr: &Expr, fields: &mut BTreeSet<usize>| {
        expr.visit(&mut |expr| {
            if let ExprKind::OwnField(field) | ExprKind::Field { field, .. } = expr.kind {
                fields.insert(field);
            }
        });
    };
    for expr in exprs {
        note(expr, &mut fields);
    }
    // Fields read only fields before them, so one pass from the last to the first closes the set.
    for (index, field) in schema.fields.iter().enumerate().rev() {
        if fields.contains(&index) {
            note(&field.value, &mut fields);
        }
    }
    fields
}

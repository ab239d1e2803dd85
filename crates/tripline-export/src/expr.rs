//! Checked expressions in VRL. What needs several steps is written as statements into numbered
//! variables before the place that needs it: no expression of tripline has an effect, so that nothing
//! is lost by computing what turns out not to be needed.
//!
//! Missing is `null`. A text is never empty. An instant and a span are nanoseconds, an address is its
//! one spelling, a raw value is what the event has.
//!
//! INVARIANT: every expression that comes out is infallible for the compiler of VRL, and `null` is only
//! where [`Code::null`] says so.

use tripline_lang::ast::PathStep;
use tripline_lang::checked::{Checked, CompareOp, Constant, Expr, ExprKind, TextOp};
use tripline_lang::source::Span;
use tripline_lang::types::Type;
use tripline_lang::value::case;

use crate::refuse::{Construct, Refused};
use crate::writer::Writer;
use crate::{convert, lists, literal};

/// The variable that holds the event.
pub(crate) const EVENT: &str = "event";

/// A value in VRL.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    /// The expression.
    pub(crate) text: String,
    /// As far as the compiler of VRL knows it may be `null`.
    pub(crate) null: bool,
    /// It is a constant, and this is its text.
    constant: Option<String>,
}

impl Code {
    pub(crate) fn variable(name: &str, null: bool) -> Code {
        Code {
            text: name.to_owned(),
            null,
            constant: None,
        }
    }

    fn sure(text: String) -> Code {
        Code {
            text,
            null: false,
            constant: None,
        }
    }

    fn missing() -> Code {
        Code {
            text: "null".to_owned(),
            null: true,
            constant: None,
        }
    }

    /// Whether it is a whole number that is written in the rule and that a float holds, with nothing
    /// else beside it that is the same float.
    fn is_small(&self) -> bool {
        let number = self.text.parse::<i64>();
        number.is_ok_and(|number| number.unsigned_abs() < 1 << 53)
    }

    /// As exactly this type; something of the type stands for `null`.
    pub(crate) fn exact(&self, ty: &Type) -> String {
        let text = &self.text;
        match ty {
            _ if !self.null => text.clone(),
            Type::String | Type::Ip => format!("(string({text}) ?? \"\")"),
            Type::Float => format!("(float({text}) ?? 0.0)"),
            Type::Bool => format!("(bool({text}) ?? false)"),
            _ => format!("(int({text}) ?? 0)"),
        }
    }
}

/// Translates the expressions of one place.
pub(crate) struct Translate<'a> {
    pub(crate) checked: &'a Checked,
    pub(crate) w: &'a mut Writer,
    /// The variables of the fields of the event's schema, as far as there are any yet.
    pub(crate) fields: &'a [Option<Code>],
    /// What is translated, for refusals.
    pub(crate) what: String,
    pub(crate) refused: &'a mut Vec<Refused>,
}

impl Translate<'_> {
    pub(crate) fn refuse<T>(&mut self, construct: Construct, span: Span) -> Option<T> {
        self.refused.push(Refused {
            what: self.what.clone(),
            why: construct.why(),
            help: construct.help(),
            span,
        });
        None
    }

    /// Refuses what is made of an operand that has no value in VRL: by what the operand is, if that is
    /// refused itself.
    pub(crate) fn blame<T>(&mut self, operand: &Expr, construct: Construct, span: Span) -> Option<T> {
        let before = self.refused.len();
        if self.value(operand, None).is_none() && self.refused.len() > before {
            return None;
        }
        self.refuse(construct, span)
    }

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

    /// The value of an expression, in the variable `into` if that is given and there are statements to
    /// write; the caller assigns it otherwise.
    pub(crate) fn value(&mut self, expr: &Expr, into: Option<&str>) -> Option<Code> {
        match &expr.kind {
            ExprKind::Constant(constant) => Some(constant_code(constant)),
            ExprKind::Path(path) if path.contains(&PathStep::Each) => {
                self.refuse(Construct::Each, expr.span)
            }
            ExprKind::Path(path) => {
                let v = self.begin(into, &literal::path(EVENT, path));
                self.w.line(&format!("if {v} == \"\" {{ {v} = null }}"));
                Some(Code::variable(&v, true))
            }
            ExprKind::OwnField(field) | ExprKind::Field { field, .. } => {
                self.fields.get(*field).cloned().flatten()
            }
            ExprKind::Member { of, path } => self.member(of, path, expr.span, into),
            ExprKind::Convert(of) => self.convert(of, &expr.ty, expr.span, into),
            ExprKind::Coalesce(parts) => {
                let parts: Vec<&Expr> = parts.iter().collect();
                self.coalesce(&parts, into)
            }
            ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_)
            | ExprKind::Compare { .. }
            | ExprKind::InList { .. }
            | ExprKind::InComputed { .. }
            | ExprKind::InRange { .. }
            | ExprKind::Matches { .. }
            | ExprKind::TextTest { .. } => self.condition(expr).map(Code::sure),
            ExprKind::Call { function, args } => match function.name {
                "present" | "missing" | "differ" => self.condition(expr).map(Code::sure),
                "coalesce" => {
                    let parts: Vec<&Expr> = args.iter().collect();
                    self.coalesce(&parts, into)
                }
                name => self.call(name, args, expr.span, into),
            },
            ExprKind::Arithmetic { .. } => self.refuse(Construct::Arithmetic, expr.span),
            ExprKind::Lookup { table, .. } => {
                self.refuse(Construct::Table(table.name().to_owned()), expr.span)
            }
            ExprKind::List(_) | ExprKind::Lambda(_) | ExprKind::Local(_) => {
                self.refuse(Construct::List, expr.span)
            }
            ExprKind::Key(_) | ExprKind::Aggregate(_) => {
                self.refuse(Construct::OtherEvents, expr.span)
            }
        }
    }

    /// A variable with a first value.
    fn begin(&mut self, into: Option<&str>, value: &str) -> String {
        let v = into.map_or_else(|| self.w.fresh(), str::to_owned);
        if v != value {
            self.w.line(&format!("{v} = {value}"));
        }
        v
    }

    fn member(
        &mut self,
        of: &Expr,
        path: &[PathStep],
        span: Span,
        into: Option<&str>,
    ) -> Option<Code> {
        if path.contains(&PathStep::Each) {
            return self.refuse(Construct::Each, span);
        }
        if of.ty != Type::Json {
            return self.blame(of, Construct::List, of.span);
        }
        let of = self.value(of, None)?;
        let v = self.begin(into, &literal::path(&of.text, path));
        self.w.line(&format!("if {v} == \"\" {{ {v} = null }}"));
        Some(Code::variable(&v, true))
    }

    /// The first that is not missing. Of paths it is asked where they are written.
    fn coalesce(&mut self, parts: &[&Expr], into: Option<&str>) -> Option<Code> {
        let mut raw = false;
        let mut result: Option<String> = None;
        for part in parts {
            let path = match &part.kind {
                ExprKind::Path(path) if !path.contains(&PathStep::Each) => {
                    Some(literal::path(EVENT, path))
                }
                _ => None,
            };
            let Some(v) = &result else {
                result = Some(match &path {
                    Some(path) => self.begin(into, path),
                    None => {
                        let code = self.value(part, None)?;
                        self.begin(into, &code.text)
                    }
                });
                raw = path.is_some();
                continue;
            };
            let v = v.clone();
            let value = match &path {
                Some(path) => path.clone(),
                None => self.value(part, None)?.text,
            };
            let absent = if raw {
                format!("{v} == null || {v} == \"\"")
            } else {
                format!("{v} == null")
            };
            self.w.line(&format!("if {absent} {{ {v} = {value} }}"));
            raw |= path.is_some();
        }
        let v = result?;
        if raw {
            self.w.line(&format!("if {v} == \"\" {{ {v} = null }}"));
        }
        Some(Code::variable(&v, true))
    }

    fn convert(&mut self, of: &Expr, to: &Type, span: Span, into: Option<&str>) -> Option<Code> {
        match (&of.ty, to) {
            (Type::Json | Type::String, to) => {
                // Where the value is read from the event, its variable is this one's.
                let fresh = matches!(
                    of.kind,
                    ExprKind::Path(_) | ExprKind::Coalesce(_) | ExprKind::Member { .. }
                );
                let code = self.value(of, into.filter(|_| fresh))?;
                let v = if fresh {
                    code.text
                } else {
                    self.begin(into, &code.text)
                };
                if convert::raw(self.w, &v, to) {
                    Some(Code::variable(&v, true))
                } else {
                    self.refuse(Construct::Conversion(of.ty.clone(), to.clone()), span)
                }
            }
            (Type::Ip, Type::String) => self.value(of, into),
            (Type::Int, Type::Float) => {
                let code = self.value(of, None)?;
                let value = format!("to_float({})", code.exact(&Type::Int));
                Some(self.guarded(&code, &value, into))
            }
            (Type::Int | Type::Bool, Type::String) => {
                let code = self.value(of, None)?;
                let value = format!("to_string({})", code.exact(&of.ty));
                Some(self.guarded(&code, &value, into))
            }
            (Type::Timestamp, Type::String) => {
                let code = self.value(of, None)?;
                let value = rfc3339(&code);
                Some(self.guarded(&code, &value, into))
            }
            (from, to) => self.refuse(Construct::Conversion(from.clone(), to.clone()), span),
        }
    }

    /// A value that is missing where another one is.
    fn guarded(&mut self, of: &Code, value: &str, into: Option<&str>) -> Code {
        if !of.null {
            return Code::sure(value.to_owned());
        }
        let v = self.begin(into, "null");
        self.w
            .line(&format!("if {} != null {{ {v} = {value} }}", of.text));
        Code::variable(&v, true)
    }

    fn call(
        &mut self,
        name: &'static str,
        args: &[Expr],
        span: Span,
        into: Option<&str>,
    ) -> Option<Code> {
        let string = &Type::String;
        match (name, args) {
            ("lower" | "upper", [of]) => {
                let code = self.value(of, None)?;
                let name = if name == "lower" { "downcase" } else { "upcase" };
                let value = format!("{name}({})", code.exact(string));
                Some(self.guarded(&code, &value, into))
            }
            ("trim", [of]) => {
                let code = self.value(of, None)?;
                let value = format!("strip_whitespace({})", code.exact(string));
                Some(self.filled(&value, into))
            }
            ("local_part" | "domain", [of]) => {
                let code = self.value(of, None)?;
                let at = usize::from(name == "domain");
                let parts = self.w.fresh();
                self.w
                    .line(&format!("{parts} = split({}, \"@\")", code.exact(string)));
                Some(self.filled(&format!("{parts}[{at}]"), into))
            }
            ("replace", [of, from, to]) => {
                let (of, from, to) = (
                    self.value(of, None),
                    self.value(from, None),
                    self.value(to, None),
                );
                let (of, from, to) = (of?, from?, to?);
                let v = self.begin(into, "null");
                let value = format!(
                    "replace({}, {}, {})",
                    of.exact(string),
                    from.exact(string),
                    to.exact(string)
                );
                let all = [&of, &from, &to];
                let present: Vec<String> = all
                    .into_iter()
                    .filter(|code| code.null)
                    .map(|code| format!("{} != null", code.text))
                    .collect();
                if present.is_empty() {
                    self.w.line(&format!("{v} = {value}"));
                } else {
                    self.w
                        .line(&format!("if {} {{ {v} = {value} }}", present.join(" && ")));
                }
                self.w.line(&format!("if {v} == \"\" {{ {v} = null }}"));
                Some(Code::variable(&v, true))
            }
            ("capture", [of, pattern, group]) => self.capture(of, pattern, group, into),
            ("len", [of]) if of.ty == *string => {
                let code = self.value(of, None)?;
                let value = format!("strlen({})", code.exact(string));
                Some(self.guarded(&code, &value, into))
            }
            ("in_private", [of]) => {
                let code = self.value(of, None)?;
                let value = format!(
                    "(ip_cidr_contains([{PRIVATE}], {}) ?? false)",
                    code.exact(&Type::Ip)
                );
                Some(self.guarded(&code, &value, into))
            }
            ("hour" | "weekday", [of]) => {
                let code = self.value(of, None)?;
                let format = if name == "hour" { "%H" } else { "%u" };
                let value = format!(
                    "parse_int(format_timestamp({}, \"{format}\") ?? \"\", 10) ?? null",
                    instant(&code)
                );
                let v = self.begin(into, "null");
                let (text, null) = (&code.text, code.null);
                if null {
                    self.w
                        .line(&format!("if {text} != null {{ {v} = {value} }}"));
                } else {
                    self.w.line(&format!("{v} = {value}"));
                }
                Some(Code::variable(&v, true))
            }
            ("len", [of]) => self.blame(of, Construct::Function(name), span),
            _ => self.refuse(Construct::Function(name), span),
        }
    }

    /// A text that is missing where it is empty.
    fn filled(&mut self, value: &str, into: Option<&str>) -> Code {
        let v = self.begin(into, value);
        self.w.line(&format!("if {v} == \"\" {{ {v} = null }}"));
        Code::variable(&v, true)
    }

    fn capture(
        &mut self,
        of: &Expr,
        pattern: &Expr,
        group: &Expr,
        into: Option<&str>,
    ) -> Option<Code> {
        let code = self.value(of, None)?;
        let (ExprKind::Constant(Constant::Regex(regex)), ExprKind::Constant(Constant::Text(group))) =
            (&pattern.kind, &group.kind)
        else {
            return self.refuse(Construct::GroupByNumber, group.span);
        };
        let Some(regex) = literal::regex(regex.as_str()) else {
            return self.refuse(Construct::Pattern, pattern.span);
        };
        let found = self.w.fresh();
        self.w.line(&format!(
            "{found} = parse_regex({}, {regex}) ?? {{}}",
            code.exact(&Type::String)
        ));
        let group = literal::path(&found, &[PathStep::Key(group.to_string())]);
        let v = self.begin(into, &group);
        // A pattern that matches the empty text does not match one that is missing.
        let absent = if code.null {
            format!("{} == null || {v} == \"\"", code.text)
        } else {
            format!("{v} == \"\"")
        };
        self.w.line(&format!("if {absent} {{ {v} = null }}"));
        Some(Code::variable(&v, true))
    }
}

/// What `in_private` takes for private.
const PRIVATE: &str = "\"10.0.0.0/8\", \"172.16.0.0/12\", \"192.168.0.0/16\", \"100.64.0.0/10\", \
                       \"127.0.0.0/8\", \"169.254.0.0/16\", \"fc00::/7\", \"::1/128\", \"fe80::/10\"";

fn constant_code(constant: &Constant) -> Code {
    match constant {
        Constant::Missing => Code::missing(),
        Constant::Text(text) if text.is_empty() => Code::missing(),
        Constant::Text(text) => Code {
            text: literal::text(text),
            null: false,
            constant: Some(text.to_string()),
        },
        Constant::Bool(value) => Code::sure(value.to_string()),
        Constant::Int(value) | Constant::Timestamp(value) | Constant::Duration(value) => {
            Code::sure(value.to_string())
        }
        Constant::Float(value) => Code::sure(literal::float(*value)),
        Constant::Ip(value) => Code::sure(format!("\"{value}\"")),
        Constant::Cidr(value) => Code::sure(format!("\"{value}\"")),
        // Only as an argument, which is looked at as a constant.
        Constant::Regex(_) => Code::missing(),
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

/// A text without case, as `tripline_lang::value::case` folds it; the empty one for a missing one.
/// Lower case differs from that in the final sigma alone.
fn folded(code: &Code) -> String {
    match &code.constant {
        Some(text) => literal::text(&case::fold(text)),
        None => format!("replace(downcase({}), \"ς\", \"σ\")", code.exact(&Type::String)),
    }
}

fn instant(code: &Code) -> String {
    format!(
        "from_unix_timestamp({}, unit: \"nanoseconds\") ?? now()",
        code.exact(&Type::Timestamp)
    )
}

/// An instant as RFC 3339 with the digits that it needs.
pub(crate) fn rfc3339(code: &Code) -> String {
    format!(
        r#"replace(format_timestamp({}, "%Y-%m-%dT%H:%M:%S%.9fZ") ?? "", r'\.?0+Z\z', "Z")"#,
        instant(code)
    )
}

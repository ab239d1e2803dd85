//! Checked expressions in VRL. What needs several steps is written as statements into numbered
//! variables before the place that needs it: no expression of tripline has an effect, so that nothing
//! is lost by computing what turns out not to be needed.
//!
//! Missing is `null`. A text is never empty, but for what `replace` puts in. An instant and a span are
//! nanoseconds, an address is its one spelling, a raw value is what the event has.
//!
//! INVARIANT: every expression that comes out is infallible for the compiler of VRL, and `null` is only
//! where [`Code::null`] says so.

use tripline_lang::ast::PathStep;
use tripline_lang::checked::{Checked, Constant, Expr, ExprKind};
use tripline_lang::source::Span;
use tripline_lang::types::Type;
use tripline_lang::value::case;

use crate::refuse::{Construct, Refused};
use crate::writer::Writer;
use crate::{convert, literal};

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
    pub(crate) constant: Option<String>,
}

impl Code {
    pub(crate) fn variable(name: &str, null: bool) -> Code {
        Code {
            text: name.to_owned(),
            null,
            constant: None,
        }
    }

    pub(crate) fn sure(text: String) -> Code {
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
    pub(crate) fn is_small(&self) -> bool {
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
    /// The elements that the lambdas around stand for, outermost first.
    pub(crate) locals: Vec<Code>,
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
    pub(crate) fn blame<T>(
        &mut self,
        operand: &Expr,
        construct: Construct,
        span: Span,
    ) -> Option<T> {
        let before = self.refused.len();
        if self.value(operand, None).is_none() && self.refused.len() > before {
            return None;
        }
        self.refuse(construct, span)
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
            ExprKind::Local(depth) => {
                let at = self.locals.len().checked_sub(depth + 1)?;
                self.locals.get(at).cloned()
            }
            ExprKind::List(_) | ExprKind::Lambda(_) => self.refuse(Construct::List, expr.span),
            ExprKind::Key(_) | ExprKind::Aggregate(_) => {
                self.refuse(Construct::OtherEvents, expr.span)
            }
        }
    }

    /// A variable with a first value.
    pub(crate) fn begin(&mut self, into: Option<&str>, value: &str) -> String {
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
                        let v = self.begin(into, &code.text);
                        if !code.null {
                            return Some(Code::variable(&v, false));
                        }
                        v
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
                let v = if !code.null {
                    // The compiler must not know that it is a text: it is asked what it is.
                    let v = self.w.fresh();
                    self.w.line(&format!("{v} = null"));
                    self.w
                        .line(&format!("if {v} == null {{ {v} = {} }}", code.text));
                    v
                } else if fresh {
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
    pub(crate) fn guarded(&mut self, of: &Code, value: &str, into: Option<&str>) -> Code {
        if !of.null {
            return Code::sure(value.to_owned());
        }
        let v = self.begin(into, "null");
        self.w
            .line(&format!("if {} != null {{ {v} = {value} }}", of.text));
        Code::variable(&v, true)
    }
}

fn constant_code(constant: &Constant) -> Code {
    match constant {
        Constant::Missing => Code::missing(),
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

/// A text without case, as `tripline_lang::value::case` folds it; the empty one for a missing one.
/// Lower case differs from that in the final sigma alone.
pub(crate) fn folded(code: &Code) -> String {
    match &code.constant {
        Some(text) => literal::text(&case::fold(text)),
        None => format!(
            "replace(downcase({}), \"ς\", \"σ\")",
            code.exact(&Type::String)
        ),
    }
}

pub(crate) fn instant(code: &Code) -> String {
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

//! Calls of functions in VRL. A function that is not here is refused by its name; which is which is
//! compared with the table of functions by a test.

use tripline_lang::ast::PathStep;
use tripline_lang::checked::{Constant, Expr, ExprKind};
use tripline_lang::source::Span;
use tripline_lang::types::Type;

use crate::expr::{Code, Translate, instant};
use crate::literal;
use crate::refuse::Construct;

/// What `in_private` takes for private.
const PRIVATE: &str = "\"10.0.0.0/8\", \"172.16.0.0/12\", \"192.168.0.0/16\", \"100.64.0.0/10\", \
                       \"127.0.0.0/8\", \"169.254.0.0/16\", \"fc00::/7\", \"::1/128\", \"fe80::/10\"";

impl Translate<'_> {
    /// A call of a function that gives a value.
    pub(crate) fn call(
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
                let name = if name == "lower" {
                    "downcase"
                } else {
                    "upcase"
                };
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
            ("any" | "all" | "find", [list, lambda]) => self.elements(name, list, lambda, into),
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

    /// Whether a condition holds for an element of an array of raw values, for all, or the first for
    /// which it does. Elements that are null or empty texts are none.
    fn elements(
        &mut self,
        name: &'static str,
        list: &Expr,
        lambda: &Expr,
        into: Option<&str>,
    ) -> Option<Code> {
        let ExprKind::Lambda(body) = &lambda.kind else {
            return self.refuse(Construct::Function(name), lambda.span);
        };
        let array = match (&list.kind, &list.ty) {
            (ExprKind::Convert(of), Type::List(element))
                if of.ty == Type::Json && **element == Type::Json =>
            {
                self.value(of, None)?.text
            }
            _ => return self.blame(list, Construct::List, list.span),
        };
        let result = self.begin(into, "null");
        let element = self.w.fresh();
        self.w.open(&format!("if is_array({array})"));
        match name {
            "any" => self.w.line(&format!("{result} = false")),
            "all" => self.w.line(&format!("{result} = true")),
            _ => {}
        }
        self.w.open(&format!(
            "for_each(array({array}) ?? []) -> |_index, {element}|"
        ));
        self.w
            .open(&format!("if {element} != null && {element} != \"\""));
        self.locals.push(Code::variable(&element, true));
        let holds = self.condition(body);
        self.locals.pop();
        let holds = holds.unwrap_or_default();
        self.w.line(&match name {
            "any" => format!("if {holds} {{ {result} = true }}"),
            "all" => format!("if !({holds}) {{ {result} = false }}"),
            _ => format!("if {result} == null && {holds} {{ {result} = {element} }}"),
        });
        self.w.close();
        self.w.close();
        self.w.close();
        Some(Code::variable(&result, true))
    }
}

//! What cannot be said exactly in VRL, each with its reason and what can be done about it, and what is
//! not tried at all because it needs events before this one. Made while a set is translated; shown by
//! the command like any other problem of a rule file.
//!
//! INVARIANT: whatever the translation does not know how to say exactly ends here. Nothing is
//! approximated.

use tripline_lang::checked::{Role, Rule, Shape};
use tripline_lang::diagnostic::Diagnostic;
use tripline_lang::source::Span;
use tripline_lang::types::Type;

/// The code under which refusals are shown; a rule set that has them is sound, so that none of the
/// language's own codes fits.
const CODE: &str = "export";

/// One place that cannot be said exactly in VRL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What cannot be exported for it: ``rule `odd_client` ``, or a field and who reads it.
    pub what: String,
    /// The construct, and why VRL cannot say it.
    pub why: String,
    /// What can be done.
    pub help: String,
    /// Where it is written.
    pub span: Span,
}

impl Refused {
    /// As a problem that can be shown with its excerpt.
    pub fn diagnostic(&self) -> Diagnostic {
        let message = format!("{} cannot be exported exactly", self.what);
        Diagnostic::new(CODE, self.span, message)
            .label(self.why.clone())
            .help(self.help.clone())
    }
}

/// A rule that is not exported because it is about more than one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub rule: String,
    /// The word of its form, such as `sequence`.
    pub form: &'static str,
    /// Where it is declared.
    pub span: Span,
}

impl LeftOut {
    /// The rule, if it needs more than the event at hand.
    pub(crate) fn of(rule: &Rule) -> Option<LeftOut> {
        let single = |role: &Role| matches!(role, Role::One(_));
        let form = match rule.form.shape {
            Shape::Match if rule.form.steps.iter().all(|step| single(&step.role)) => return None,
            // The checker has no such rule; if it ever does, it is not for here.
            Shape::Match => "match",
            Shape::Sequence => "sequence",
            Shape::Together { .. } => "together",
            Shape::Count { .. } => "count",
        };
        Some(LeftOut {
            rule: rule.name.clone(),
            form,
            span: rule.span,
        })
    }

    /// As an error that can be shown with its excerpt, where everything has to be exported.
    pub fn diagnostic(&self) -> Diagnostic {
        let message = format!("rule `{}` needs the relay", self.rule);
        Diagnostic::new(CODE, self.span, message)
            .label(format!("a `{}` is about several events", self.form))
            .help("run it with `tripline relay` behind Vector, or leave `--strict` out")
    }
}

/// The constructs that VRL cannot say exactly.
#[derive(Debug, Clone)]
pub(crate) enum Construct {
    /// `+ - * /`
    Arithmetic,
    /// `lookup`
    Table(String),
    /// A list that is computed.
    List,
    /// `[*]`
    Each,
    /// A call of this function.
    Function(&'static str),
    /// `capture` by a number.
    GroupByNumber,
    /// A conversion.
    Conversion(Type, Type),
    /// A range that is not written in the rule.
    ComputedRange,
    /// `has`, with this term if it is written in the rule.
    Has(Option<String>),
    /// `in` with a list that is not written in the rule.
    ComputedList,
    /// Equality or order of values of this type.
    Comparison(Type),
    /// A list of so many entries.
    LongList(String, usize),
    /// A pattern that a configuration file of Vector would change.
    Pattern,
    /// `emit` of a value of this type.
    Emit(Type),
    /// A part of a rule that needs other events.
    OtherEvents,
}

/// What helps where nothing shorter does.
const LEAVE: &str =
    "leave it to the relay: name the rule or filter with `--leave`, or move it to another folder";

impl Construct {
    /// The construct, and why it cannot be said.
    pub(crate) fn why(&self) -> String {
        match self {
            Construct::Arithmetic => {
                "arithmetic: VRL wraps around where tripline gives `missing`".to_owned()
            }
            Construct::Table(name) => {
                format!("`lookup` in table `{name}`: a program in VRL has no tables of its own")
            }
            Construct::List => "a computed list: VRL has no lists of one type".to_owned(),
            Construct::Each => "`[*]`: it gives a list, and VRL has none of one type".to_owned(),
            Construct::Function("json") => {
                "`json`: VRL reads numbers and gives up how they were written".to_owned()
            }
            Construct::Function("distance_km") => {
                "`distance_km`: VRL takes another radius of the earth".to_owned()
            }
            Construct::Function("map") => {
                "`map`: it gives a list, and VRL has none of one type".to_owned()
            }
            Construct::Function(name) => format!("`{name}`: VRL has nothing that gives the same"),
            Construct::GroupByNumber => {
                "`capture` by a number: VRL counts only the groups that took part".to_owned()
            }
            Construct::Conversion(from, to) => {
                format!("a value of type `{from}` read as `{to}`: VRL reads it differently")
            }
            Construct::ComputedRange => "a range that is computed".to_owned(),
            Construct::Has(_) => {
                "`has`: VRL does not know the same letters, which are those of a version of Unicode"
                    .to_owned()
            }
            Construct::ComputedList => "`in` with a list that is computed".to_owned(),
            Construct::Comparison(ty) => format!("a comparison of values of type `{ty}`"),
            Construct::LongList(name, entries) => format!(
                "list `{name}` has {entries} entries, and VRL goes through all of them for each event: \
                 at most {} are exported",
                crate::lists::MOST_ENTRIES
            ),
            Construct::Pattern => {
                "a pattern in verbose mode with a character that a configuration file cannot hold"
                    .to_owned()
            }
            Construct::Emit(ty) => format!("a value of type `{ty}` in `emit`"),
            Construct::OtherEvents => "this needs other events".to_owned(),
        }
    }

    /// What can be done about it.
    pub(crate) fn help(&self) -> String {
        match self {
            Construct::Function("json") => {
                "parse the text before this transform, with `parse_json` in a `remap` of its own, and \
                 read its members by path"
                    .to_owned()
            }
            Construct::Has(Some(term)) => format!(
                "say which letters end the term: `matches /(?:^|[^0-9A-Za-z_]){}(?:[^0-9A-Za-z_]|$)/`",
                regex::escape(term).replace('/', "\\/")
            ),
            Construct::GroupByNumber => {
                "name the group: `(?<name>…)`, and give the name to `capture`".to_owned()
            }
            Construct::Each => format!("read one element, as `[0]`; or {LEAVE}"),
            Construct::ComputedRange | Construct::ComputedList => {
                format!("write it as a constant; or {LEAVE}")
            }
            Construct::LongList(..) => format!("shorten it; or {LEAVE}"),
            Construct::Pattern => "write it without `x`".to_owned(),
            _ => LEAVE.to_owned(),
        }
    }
}

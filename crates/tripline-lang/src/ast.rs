//! What was written, as a tree: one type for each construct of the language, each with the
//! place it stands at. Made by `parse`, read by `check` and `format`. Nothing here is resolved:
//! a name is still a name, a quantity still a number and a unit.

mod test;

pub use test::{
    Count, Expectation, Given, GivenValue, Moment, Records, Setting, Test, TestEvent, TestLine,
};

use crate::source::{FileId, Span};

/// One rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Which file of the set.
    pub id: FileId,
    /// Its declarations in the order written.
    pub items: Vec<Item>,
}

/// A name as written, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The text of the name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A quoted text as written (escapes resolved), and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Quoted {
    /// The text without quotes.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A declaration at the top of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `schema NAME { … }`
    Schema(Schema),
    /// `list NAME : TYPE = …`
    List(List),
    /// `table NAME = file "path" key COLUMN`
    Table(Table),
    /// `let NAME = EXPR`
    Let(Let),
    /// `rule NAME { … }`
    Rule(Rule),
    /// `exclude "name" from RULE { … }`
    Exclude(Exclude),
    /// `filter NAME { … }`
    Filter(Filter),
    /// `test "name" for RULE { … }`
    Test(Test),
}

/// `schema NAME { accept EXPR  field : type = EXPR … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Its name.
    pub name: Name,
    /// The `accept` clauses (one is right; more is the checker's error).
    pub accept: Vec<Expr>,
    /// The fields in the order written.
    pub fields: Vec<Field>,
    /// The whole declaration.
    pub span: Span,
}

/// `name : type = EXPR`
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The field's name.
    pub name: Name,
    /// Its declared type.
    pub ty: TypeName,
    /// What it is read from.
    pub value: Expr,
    /// The whole field.
    pub span: Span,
}

/// A type as written: `string`, or `[string]` for a list of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeName {
    /// The word, not yet known to be a type.
    pub word: Name,
    /// Written in brackets.
    pub list: bool,
    /// The whole type, brackets included.
    pub span: Span,
}

/// `list NAME : TYPE [nocase] = [ … ]` or `= file "path"`
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// Its name.
    pub name: Name,
    /// The type of its entries.
    pub ty: TypeName,
    /// The word after the type (`nocase` is the only one with a meaning).
    pub modifier: Option<Name>,
    /// Where the entries come from.
    pub source: ListSource,
    /// The whole declaration.
    pub span: Span,
}

/// Where a list's entries are.
#[derive(Debug, Clone, PartialEq)]
pub enum ListSource {
    /// `[ …, … ]`
    Inline(Vec<Expr>),
    /// `file "path"`
    File(Quoted),
}

/// `table NAME = file "path" key COLUMN [nocase]`
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// The file that its rows are in.
    pub path: Quoted,
    /// The column that rows are found by.
    pub key: Name,
    /// Keys are compared without case.
    pub nocase: bool,
    /// The whole declaration.
    pub span: Span,
}

/// `let NAME = EXPR`
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// The whole declaration.
    pub span: Span,
}

/// `rule NAME { sections }`
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// Its sections in the order written.
    pub sections: Vec<Section>,
    /// The whole declaration.
    pub span: Span,
}

/// One section of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Section {
    /// `meta { key = value … }`
    Meta {
        /// The entries.
        entries: Vec<MetaEntry>,
        /// The whole section.
        span: Span,
    },
    /// What the rule looks for.
    Form(Form),
    /// `emit { … }`
    Emit {
        /// The entries.
        entries: Vec<EmitEntry>,
        /// The whole section.
        span: Span,
    },
    /// `exclude "name" { … }` inside the rule.
    Exclude(Exclude),
}

/// The words that begin a rule's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormWord {
    /// `match { e = signin where … }`
    Match,
    /// `sequence by KEY [within W] { … }`
    Sequence,
    /// `together by KEY within W { … }`
    Together,
    /// `count by KEY within W { … having … }`
    Count,
}

impl FormWord {
    /// Every form, in the order of the manual.
    pub const ALL: [FormWord; 4] = [
        FormWord::Match,
        FormWord::Sequence,
        FormWord::Together,
        FormWord::Count,
    ];

    /// The word.
    pub fn written(self) -> &'static str {
        match self {
            FormWord::Match => "match",
            FormWord::Sequence => "sequence",
            FormWord::Together => "together",
            FormWord::Count => "count",
        }
    }
}

/// `sequence by KEY within W { … }` and the like.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Which form.
    pub word: FormWord,
    /// The key, one part for each comma; none for `match`.
    pub keys: Vec<KeyPart>,
    /// The window, a duration expression.
    pub within: Option<Expr>,
    /// What stands between the braces, in the order written.
    pub entries: Vec<Entry>,
    /// From the word to the closing brace.
    pub span: Span,
}

/// One entry of a form.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `name = [10..] [last|every|any] schema [where EXPR]`
    Step(Step),
    /// `without name = schema [where EXPR] between a and b`
    Absence(Absence),
    /// `2 of { … }`
    Choice(Choice),
    /// `having EXPR`
    Having(Having),
}

/// `having EXPR`: about the step before it, or about the whole of a `count`.
#[derive(Debug, Clone, PartialEq)]
pub struct Having {
    /// The condition.
    pub condition: Expr,
    /// With the word.
    pub span: Span,
}

/// `2 of { steps }`
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// How many of them, as written.
    pub least: Name,
    /// What stands between the braces.
    pub entries: Vec<Entry>,
    /// The whole choice.
    pub span: Span,
}

/// `without name = schema [where EXPR] EXTENT`
#[derive(Debug, Clone, PartialEq)]
pub struct Absence {
    /// What must not be there, as a step.
    pub step: Step,
    /// When it must not be there.
    pub extent: Extent,
    /// The whole absence.
    pub span: Span,
}

/// When nothing may be there.
#[derive(Debug, Clone, PartialEq)]
pub enum Extent {
    /// `between a and b`
    Between(Name, Name),
    /// `after a for 5m`
    After(Name, Expr),
    /// `before a for 14d`
    Before(Name, Expr),
}

/// `key = value` in `meta`. A value is a text, a bare word (`medium`), a number or a list.
#[derive(Debug, Clone, PartialEq)]
pub struct MetaEntry {
    /// The key.
    pub key: Name,
    /// The value; a bare word is an [`ExprKind::Name`].
    pub value: Expr,
}

/// One part of a key: `user`, or `login.user = token.upn` where the steps differ.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPart {
    /// One expression for all steps, or several joined by `=`, each of its own step.
    pub alternatives: Vec<Expr>,
    /// The whole part.
    pub span: Span,
}

/// `name = [10..] [last|every|any] schema [where EXPR]`
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The step's name.
    pub name: Name,
    /// The least number of its events, as written: `10` of `10..`.
    pub least: Option<Name>,
    /// The word before the schema.
    pub modifier: Option<Name>,
    /// The schema of its events.
    pub schema: Name,
    /// Its conditions.
    pub condition: Option<Expr>,
    /// The whole step.
    pub span: Span,
}

/// `name = EXPR`, or a bare `name`.
#[derive(Debug, Clone, PartialEq)]
pub struct EmitEntry {
    /// The name in the detection.
    pub name: Name,
    /// What it holds; `None` for a bare name, which stands for itself.
    pub value: Option<Expr>,
}

/// `exclude "name" [from RULE, …] { when EXPR  reason "…"  owner "…"  expires DATE }`
#[derive(Debug, Clone, PartialEq)]
pub struct Exclude {
    /// What it is called.
    pub name: Quoted,
    /// The rules it applies to; empty inside a rule.
    pub from: Vec<Name>,
    /// Its clauses in the order written.
    pub clauses: Vec<Clause>,
    /// The whole declaration.
    pub span: Span,
}

/// One clause of an exclusion: a word and a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// `when`, `reason`, `owner`, `expires`.
    pub word: Name,
    /// Its value.
    pub value: Expr,
}

/// `filter NAME { on SCHEMA  drop when EXPR  keep when EXPR  tag "x" when EXPR }`
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Its name.
    pub name: Name,
    /// The `on` clauses (one is right).
    pub on: Vec<Name>,
    /// What it does, in the order written.
    pub actions: Vec<Action>,
    /// The whole declaration.
    pub span: Span,
}

/// `drop when EXPR`, `keep when EXPR`, `tag "x" when EXPR`
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The word: `drop`, `keep` or `tag`.
    pub word: Name,
    /// The tag of `tag`.
    pub tag: Option<Quoted>,
    /// When it applies.
    pub when: Expr,
    /// The whole action.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `"text"`, escapes resolved.
    Text(String),
    /// `10`, `-3`: a whole number, kept as written so that the checker can say it is too large.
    Number(String),
    /// `10m`, `1.5h`, and every other number with letters stuck to it.
    Quantity {
        /// The digits.
        number: String,
        /// The letters.
        unit: String,
    },
    /// `true`, `false`
    Bool(bool),
    /// `missing` as a value.
    Missing,
    /// `2027-06-30` or `2027-06-30T10:00:00Z`, as written.
    Date(String),
    /// `10.0.0.1` or `10.0.0.0/8` without quotes, as written.
    Address(String),
    /// `/pattern/`, with `\/` already turned into `/`.
    Regex(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `.properties.status.errorCode`: a path into the raw record.
    Path(Vec<PathStep>),
    /// A bare name: a field, a step, a list, a constant, a lambda's parameter.
    Name(String),
    /// `of.name`, `of[0]`, `of[*]`
    Member {
        /// The left side.
        of: Box<Expr>,
        /// What is read from it.
        step: PathStep,
        /// Where the step stands.
        step_span: Span,
    },
    /// `name(args)`
    Call {
        /// The function's name.
        name: Name,
        /// Its arguments.
        args: Vec<Expr>,
        /// What stands after `where`: only aggregates have it.
        condition: Option<Box<Expr>>,
    },
    /// `x => body`, only as an argument.
    Lambda {
        /// The parameter.
        param: Name,
        /// The body.
        body: Box<Expr>,
    },
    /// `not x`
    Not(Box<Expr>),
    /// `-x`
    Negate(Box<Expr>),
    /// `a and b and c`, flat.
    And(Vec<Expr>),
    /// `a or b or c`, flat.
    Or(Vec<Expr>),
    /// `a ?? b ?? c`, flat.
    Coalesce(Vec<Expr>),
    /// `a OP [nocase] b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// `nocase` follows the operator.
        nocase: bool,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
}

/// One step of a path or member access.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathStep {
    /// `.name` or `."odd name"`
    Key(String),
    /// `[3]`
    Index(u32),
    /// `[*]`: every element, which makes a list.
    Each,
}

/// The operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `matches`
    Matches,
    /// `contains`
    Contains,
    /// `starts_with`
    StartsWith,
    /// `ends_with`
    EndsWith,
    /// `has`: a whole term
    Has,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

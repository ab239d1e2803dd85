//! Every syntax error: its code, its sentence, its labels and help, in one place.

use super::expected::{self, Expected};
use super::piece::Failure;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

const UNEXPECTED: &str = "E0101";
const UNKNOWN_DECLARATION: &str = "E0102";
const UNKNOWN_SECTION: &str = "E0103";
const UNCLOSED_BRACKET: &str = "E0104";
const UNCLOSED_TEXT: &str = "E0105";
const UNCLOSED_REGEX: &str = "E0106";
const UNCLOSED_COMMENT: &str = "E0107";
const TOO_DEEP: &str = "E0109";
const BAD_ESCAPE: &str = "E0110";
const REGEX_FLAGS: &str = "E0111";
const COMPARISON_CHAIN: &str = "E0112";
const NOT_NEEDS_BRACKETS: &str = "E0113";
const FOREIGN_SPELLING: &str = "E0114";
const RESERVED_WORD: &str = "E0115";
const UNOPENED_BRACKET: &str = "E0116";
const INDEX_TOO_LARGE: &str = "E0117";
const BAD_JSON: &str = "E0118";

fn error(
    code: &'static str,
    message: impl Into<String>,
    at: Span,
    label: impl Into<String>,
) -> Diagnostic {
    Diagnostic {
        code,
        message: message.into(),
        at: Some((at, label.into())),
        also: Vec::new(),
        help: Vec::new(),
    }
}

impl Diagnostic {
    fn and_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help.push(help.into());
        self
    }

    fn and_also(mut self, at: Span, label: impl Into<String>) -> Diagnostic {
        self.also.push((at, label.into()));
        self
    }
}

/// What was found, as a phrase.
pub(super) fn found(token: Option<&str>) -> String {
    match token {
        Some(token) if token.chars().count() <= 40 => format!("`{token}`"),
        Some(token) => format!("`{}…`", token.chars().take(40).collect::<String>()),
        None => "the end of the declaration".to_owned(),
    }
}

fn expected_found(failure: &Failure, token: Option<&str>) -> String {
    let phrase = expected::phrase(&failure.expected);
    if phrase.is_empty() {
        format!("{} cannot stand here", found(token))
    } else {
        format!("expected {phrase}, found {}", found(token))
    }
}

/// The plain syntax error: what would have been right, and what stands there.
pub(super) fn unexpected(failure: &Failure, token: Option<&str>, at: Span) -> Diagnostic {
    let expected = Expected(&failure.expected);
    let is_word =
        token.is_some_and(|token| token.starts_with(|first: char| first.is_ascii_alphabetic()));
    if expected.declaration() && is_word && (failure.begins_line || !expected.operator()) {
        let help = "a file holds `schema`, `list`, `let`, `rule`, `exclude`, `filter` and `test` declarations";
        return error(
            UNKNOWN_DECLARATION,
            format!("{} is not a declaration", found(token)),
            at,
            "",
        )
        .and_help(help);
    }
    if expected.section() && is_word {
        let help = "a rule holds `meta`, one of `match`, `sequence`, `together` and `count`, `emit` and `exclude`";
        return error(
            UNKNOWN_SECTION,
            format!("{} is not a section of a rule", found(token)),
            at,
            "",
        )
        .and_help(help);
    }
    error(UNEXPECTED, expected_found(failure, token), at, "")
}

/// A word that is one of the language's with letters mixed up; `stopped` is where that showed.
pub(super) fn misspelled(
    failure: &Failure,
    word: &str,
    at: Span,
    right: &str,
    is_where_it_stopped: bool,
) -> Diagnostic {
    let help = format!("did you mean `{right}`?");
    if is_where_it_stopped {
        let mut problem = unexpected(failure, Some(word), at);
        problem.help = vec![help];
        return problem;
    }
    error(UNEXPECTED, format!("`{word}` is not known here"), at, "").and_help(help)
}

/// Spellings of other languages: `&&`, `AND`, `;`, `'…'`, `=` for `==`.
pub(super) fn foreign(message: String, at: Span, help: String) -> Diagnostic {
    error(FOREIGN_SPELLING, message, at, "").and_help(help)
}

/// Something is missing before a token, or one too many is there.
pub(super) fn with_help(
    failure: &Failure,
    token: Option<&str>,
    at: Span,
    help: String,
) -> Diagnostic {
    let mut problem = error(UNEXPECTED, expected_found(failure, token), at, "");
    problem.help.push(help);
    problem
}

/// A bracket that is never closed. `at` is where that shows.
pub(super) fn unclosed_bracket(
    bracket: &str,
    opening: Span,
    at: Span,
    help: Option<String>,
) -> Diagnostic {
    let mut problem = error(
        UNCLOSED_BRACKET,
        format!("this `{bracket}` is never closed"),
        at,
        "it should be closed by here",
    )
    .and_also(opening, "opened here");
    problem.help.extend(help);
    problem
}

/// A bracket that closes nothing.
pub(super) fn unopened_bracket(bracket: &str, at: Span) -> Diagnostic {
    error(
        UNOPENED_BRACKET,
        format!("this `{bracket}` closes nothing"),
        at,
        "",
    )
    .and_help(format!("remove this `{bracket}`"))
}

/// What begins with a delimiter and never ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unclosed {
    Text,
    Regex,
    Comment,
}

impl Unclosed {
    /// What ends it.
    pub(super) fn end(self) -> &'static str {
        match self {
            Unclosed::Text => "\"",
            Unclosed::Regex => "/",
            Unclosed::Comment => "*/",
        }
    }
}

/// A text, regex or comment that is never closed. `end` is where its line (or the file) ends.
pub(super) fn unclosed(
    what: Unclosed,
    opening: Span,
    end: Span,
    help: Option<String>,
) -> Diagnostic {
    let (code, message, note) = match what {
        Unclosed::Text => (
            UNCLOSED_TEXT,
            "this text is never closed",
            "the line ends before the text does",
        ),
        Unclosed::Regex => (
            UNCLOSED_REGEX,
            "this regex is never closed",
            "the line ends before the regex does",
        ),
        Unclosed::Comment => (
            UNCLOSED_COMMENT,
            "this comment is never closed",
            "the file ends before the comment does",
        ),
    };
    let mut problem = error(code, message, end, note).and_also(opening, "opened here");
    problem
        .help
        .push(help.unwrap_or_else(|| format!("close it with `{}`", what.end())));
    problem
}

/// Brackets nested beyond the limit.
pub(super) fn too_deep(at: Span) -> Diagnostic {
    error(
        TOO_DEEP,
        format!("brackets nest deeper than {}", super::MAX_NESTING),
        at,
        "",
    )
    .and_help("split the expression, or name a part of it with `let`")
}

/// Operators chained beyond the limit.
pub(super) fn too_long_chain(at: Span) -> Diagnostic {
    error(
        TOO_DEEP,
        format!("an expression nests deeper than {}", super::MAX_DEPTH),
        at,
        "",
    )
    .and_help("split the expression; only `and`, `or` and `??` may be chained without limit")
}

/// An escape in a text that means nothing.
pub(super) fn bad_escape(at: Span, note: &str) -> Diagnostic {
    error(BAD_ESCAPE, "unknown escape in a text", at, "").and_help(note)
}

/// Letters after a regex.
pub(super) fn regex_flags(at: Span, flags: &str, pattern: &str) -> Diagnostic {
    error(
        REGEX_FLAGS,
        format!("a regex takes no flags after it, found `{flags}`"),
        at,
        "",
    )
    .and_help(format!(
        "flags stand inside, at the start: `/(?{flags}){pattern}/`"
    ))
}

/// `a < b < c`.
pub(super) fn comparison_chain(operator: Span, first: Span) -> Diagnostic {
    error(
        COMPARISON_CHAIN,
        "comparisons cannot be chained",
        operator,
        "the second comparison",
    )
    .and_also(first, "the first")
    .and_help("join two comparisons with `and`: `a < b and b < c`")
}

/// `a == not b`.
pub(super) fn not_needs_brackets(at: Span, operator: Span) -> Diagnostic {
    error(
        NOT_NEEDS_BRACKETS,
        "`not` needs brackets beside another operator",
        at,
        "",
    )
    .and_also(operator, "this operator")
    .and_help("write `(not …)`")
}

/// A word of the language where a name must stand.
pub(super) fn reserved(word: &str, at: Span) -> Diagnostic {
    error(
        RESERVED_WORD,
        format!("`{word}` is a word of the language and cannot be a name"),
        at,
        "",
    )
    .and_help("choose another name, such as one with `_` in it")
}

/// `[99999999999]`.
pub(super) fn index_too_large(at: Span) -> Diagnostic {
    error(INDEX_TOO_LARGE, "an index is at most 4294967295", at, "")
}

/// A JSON value that only looks like one.
pub(super) fn bad_json(at: Span, why: &str) -> Diagnostic {
    error(BAD_JSON, format!("this is no JSON: {why}"), at, "")
        .and_help("write it as JSON is written: `{ \"a\": 1, \"b\": [true, null] }`")
}

/// A word that was read as the clause of an exclusion and is a misspelt operator.
pub(super) fn misread_clause(word: &str, at: Span, right: &str) -> Diagnostic {
    error(
        UNEXPECTED,
        format!("`{word}` is neither an operator nor a clause"),
        at,
        "",
    )
    .and_help(format!("did you mean `{right}`?"))
}

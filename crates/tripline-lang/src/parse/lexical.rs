//! A rule file as a row of tokens, comments included. Used before the grammar runs (nesting
//! limits, cutting a file into pieces), after it failed (which word stands there, what was never
//! closed) and by the formatter. Never fails: what is no token is a [`Kind::Stray`].
//!
//! INVARIANT: tokens are in order, do not overlap, and leave only white space between them. A
//! bracket that the grammar reads as one is a [`Kind::Mark`] here.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word: letters, digits and `_`.
    Word,
    /// What starts with a digit: numbers, quantities, dates, addresses.
    Number,
    /// `"…"`
    Text,
    /// `/…/` with the letters that follow it.
    Regex,
    /// `// …` without its line end.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// An operator or bracket.
    Mark,
    /// A text whose line ends before it does.
    OpenText,
    /// A regex whose line ends before it does.
    OpenRegex,
    /// A block comment that the file ends in.
    OpenComment,
    /// What no rule can hold: `;`, `'…'`, `&&`, …
    Stray,
}

/// One token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// The token as written.
    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is a comment.
    pub(crate) fn is_comment(&self) -> bool {
        matches!(
            self.kind,
            Kind::LineComment | Kind::BlockComment | Kind::OpenComment
        )
    }
}

/// Words that cannot be names. The grammar's `reserved` says the same (a test compares them).
pub(crate) const RESERVED: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "has",
    "nocase",
    "true",
    "false",
    "missing",
    "where",
    "when",
    "by",
    "within",
];

/// Marks of two characters, before those of one.
const MARKS: &[&str] = &[
    "==", "=>", "!=", "<=", ">=", "??", "..", "=", "<", ">", "+", "-", "*", "/", "(", ")", "[",
    "]", "{", "}", ",", ":", ".",
];

/// The tokens of a text. Where a `/` may divide or begin a regex, the token before it decides.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    tokens_with(text, None)
}

/// The tokens of a text of which it is known where regexes begin.
pub(crate) fn tokens_with(text: &str, begins_regex: Option<&dyn Fn(usize) -> bool>) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        at: 0,
        operand_ended: false,
        after_dot: false,
        begins_regex,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

struct Lexer<'t> {
    text: &'t str,
    begins_regex: Option<&'t dyn Fn(usize) -> bool>,
    at: usize,
    /// The last token ends an operand, so that a `/` divides and does not begin a regex.
    operand_ended: bool,
    /// The last token is a `.`, so that even a reserved word is a key.
    after_dot: bool,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        let rest = self.text.get(self.at..)?;
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at += blank;
        let rest = self.text.get(self.at..)?;
        let first = rest.chars().next()?;
        let (kind, length) = if rest.starts_with("//") {
            (Kind::LineComment, line_length(rest))
        } else if let Some(inner) = rest.strip_prefix("/*") {
            inner
                .find("*/")
                .map_or((Kind::OpenComment, rest.len()), |end| {
                    (Kind::BlockComment, end + 4)
                })
        } else if first.is_ascii_alphabetic() || first == '_' {
            (Kind::Word, word_length(rest))
        } else if first.is_ascii_digit() {
            (Kind::Number, number_length(rest))
        } else if first == '"' {
            match delimited(rest, '"') {
                Some(length) => (Kind::Text, length),
                // Measured only here: a line may be as long as the file.
                None => (Kind::OpenText, line_length(rest)),
            }
        } else if first == '/'
            && self
                .begins_regex
                .map_or(!self.operand_ended, |begins| begins(self.at))
        {
            match delimited(rest, '/') {
                Some(length) => (
                    Kind::Regex,
                    length + word_length(rest.get(length..).unwrap_or_default()),
                ),
                None => (Kind::OpenRegex, line_length(rest)),
            }
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            (Kind::Mark, mark.len())
        } else if first == '\'' {
            (
                Kind::Stray,
                delimited(rest, '\'').unwrap_or_else(|| line_length(rest)),
            )
        } else if rest.starts_with("&&") || rest.starts_with("||") {
            (Kind::Stray, 2)
        } else {
            (Kind::Stray, first.len_utf8())
        };
        let token = Token {
            kind,
            start: self.at,
            end: self.at + length,
        };
        self.at = token.end;
        if !token.is_comment() {
            let written = token.text(self.text);
            self.operand_ended = match kind {
                Kind::Word => {
                    self.after_dot
                        || !RESERVED.contains(&written)
                        || matches!(written, "true" | "false" | "missing")
                }
                Kind::Mark => matches!(written, ")" | "]"),
                _ => true,
            };
            self.after_dot = written == ".";
        }
        Some(token)
    }
}

fn word_length(text: &str) -> usize {
    text.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

fn line_length(text: &str) -> usize {
    let line = text.find('\n').unwrap_or(text.len());
    text.get(..line)
        .map_or(line, |line| line.trim_end_matches('\r').len())
}

/// The length of a text or regex with its two delimiters, if it ends on its line.
fn delimited(text: &str, delimiter: char) -> Option<usize> {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == delimiter => return Some(at + delimiter.len_utf8()),
            _ => {}
        }
    }
    None
}

/// The length of what starts with a digit: `10`, `1.5h`, `10.0.0.0/8`, `2027-06-30T10:00:00Z`.
fn number_length(text: &str) -> usize {
    if let Some(length) = date_length(text) {
        return length;
    }
    if let Some(length) = clock_length(text) {
        return length;
    }
    let rest = |from: usize| text.get(from..).unwrap_or_default();
    let mut length = digits(text);
    let mut dots = 0;
    while rest(length).starts_with('.') && digits(rest(length + 1)) > 0 {
        length += 1 + digits(rest(length + 1));
        dots += 1;
    }
    if dots == 3 && rest(length).starts_with('/') && digits(rest(length + 1)) > 0 {
        return length + 1 + digits(rest(length + 1));
    }
    length + word_length(rest(length))
}

/// `10:00`, `10:00:00`, `10:00:00.250`
fn clock_length(text: &str) -> Option<usize> {
    let part = |from: usize| {
        let rest = text.get(from..)?.strip_prefix(':')?;
        (digits(rest) == 2).then_some(from + 3)
    };
    let hour = Some(digits(text)).filter(|count| matches!(count, 1 | 2))?;
    let minute = part(hour)?;
    let end = part(minute).map_or(minute, |second| {
        let fraction = text.get(second..).and_then(|rest| rest.strip_prefix('.'));
        second
            + fraction
                .map(digits)
                .filter(|count| *count > 0)
                .map_or(0, |count| 1 + count)
    });
    Some(end + word_length(text.get(end..).unwrap_or_default()))
}

fn date_length(text: &str) -> Option<usize> {
    let rest = |from: usize| text.get(from..).unwrap_or_default();
    let dash = |at: usize| rest(at).starts_with('-').then_some(at + 1);
    let month = dash(Some(digits(text)).filter(|count| *count == 4)?)?;
    let day = dash(month + Some(digits(rest(month))).filter(|count| matches!(count, 1 | 2))?)?;
    let end = day + Some(digits(rest(day))).filter(|count| matches!(count, 1 | 2))?;
    if !rest(end).starts_with('T') {
        return Some(end + word_length(rest(end)));
    }
    let clock = rest(end)
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.'))
        .count();
    let zone = rest(end + clock);
    let offset = zone.starts_with(['+', '-'])
        && zone.get(3..4) == Some(":")
        && digits(zone.get(1..).unwrap_or_default()) == 2;
    Some(
        end + clock
            + if offset {
                4 + digits(zone.get(4..).unwrap_or_default())
            } else {
                0
            },
    )
}

/// The brackets of a row of tokens: which belong together and how deep they nest.
pub(crate) struct Brackets {
    /// For each token: how many pairs of brackets enclose it.
    pub(crate) enclosing: Vec<u32>,
    /// Openings that are never closed, by token.
    pub(crate) unclosed: Vec<usize>,
    /// Closings that close nothing, by token.
    pub(crate) unopened: Vec<usize>,
    /// The first opening that is deeper than the limit, by token.
    pub(crate) too_deep: Option<usize>,
}

impl Brackets {
    /// Pairs the brackets. A `}` closes the nearest `{`, whatever stands open inside it; the
    /// round and square ones close only their own kind.
    pub(crate) fn of(text: &str, tokens: &[Token], limit: usize) -> Brackets {
        let mut open: Vec<(usize, &str)> = Vec::new();
        let mut braces = 0usize;
        // +1 where a closed pair opens, -1 where it closes.
        let mut change = vec![0i32; tokens.len()];
        let mut brackets = Brackets {
            enclosing: Vec::new(),
            unclosed: Vec::new(),
            unopened: Vec::new(),
            too_deep: None,
        };
        for (index, token) in tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.kind == Kind::Mark)
        {
            let written = token.text(text);
            match written {
                "(" | "[" | "{" => {
                    braces += usize::from(written == "{");
                    open.push((index, written));
                    if open.len() > limit && brackets.too_deep.is_none() {
                        brackets.too_deep = Some(index);
                    }
                }
                ")" | "]" | "}" => {
                    let opening = match written {
                        ")" => "(",
                        "]" => "[",
                        _ => "{",
                    };
                    if written == "}" && braces > 0 {
                        while let Some((inner, _)) = open.pop_if(|(_, mark)| *mark != "{") {
                            brackets.unclosed.push(inner);
                        }
                    }
                    match open.pop_if(|(_, mark)| *mark == opening) {
                        Some((from, _)) => {
                            braces -= usize::from(written == "}");
                            if let Some(change) = change.get_mut(from) {
                                *change += 1;
                            }
                            if let Some(change) = change.get_mut(index) {
                                *change -= 1;
                            }
                        }
                        None => brackets.unopened.push(index),
                    }
                }
                _ => {}
            }
        }
        brackets
            .unclosed
            .extend(open.iter().map(|(index, _)| *index));
        brackets.unclosed.sort_unstable();
        let mut depth = 0i32;
        for change in change {
            if change < 0 {
                depth += change;
            }
            brackets.enclosing.push(u32::try_from(depth).unwrap_or(0));
            if change > 0 {
                depth += change;
            }
        }
        brackets
    }
}

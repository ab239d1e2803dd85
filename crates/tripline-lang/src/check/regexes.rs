//! Patterns: compiled once, with limits, so that no rule can make the engine slow or large.

use std::borrow::Cow;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The most bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;
/// The deepest nesting of a pattern.
const NEST_LIMIT: u32 = 50;

/// Compiles a pattern.
///
/// INVARIANT: patterns with equal text match alike, because equal conditions are told by their text:
/// without case is said in the pattern itself.
pub(super) fn compile(
    pattern: &str,
    nocase: bool,
    span: Span,
) -> Result<Arc<Regex>, Box<Diagnostic>> {
    let pattern = if nocase {
        Cow::Owned(format!("(?i){pattern}"))
    } else {
        Cow::Borrowed(pattern)
    };
    RegexBuilder::new(&pattern)
        .size_limit(SIZE_LIMIT)
        .nest_limit(NEST_LIMIT)
        .build()
        .map(Arc::new)
        .map_err(|error| {
            let problem = |message: String| Diagnostic::new("E0309", span, message);
            Box::new(match error {
                regex::Error::CompiledTooBig(limit) => {
                    problem(format!("this pattern is too large: compiled it takes more than {limit} bytes"))
                        .help("use smaller repetition counts, or several patterns")
                }
                regex::Error::Syntax(text) => {
                    // The last line says what is wrong; those before it repeat the pattern.
                    let reason = text.lines().last().unwrap_or_default();
                    let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                    let problem = problem(format!("this pattern is not valid: {reason}"));
                    if reason.contains("look-around") || reason.contains("backreference") {
                        problem.help("patterns run in linear time, so they have no look-around and no backreferences: say the rest as a second condition")
                    } else {
                        problem
                    }
                }
                other => problem(format!("this pattern is not valid: {other}")),
            })
        })
}

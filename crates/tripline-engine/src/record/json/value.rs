//! Single JSON values: where one ends, what kind it is, what is inside it. Used by the walk for
//! what it steps over, and by whoever reads a stream or looks into a value found before.

use super::scan::{self, Unclosed};
use crate::record::{Kind, MAX_DEPTH, ReadError, ReadErrorKind};

/// The byte at `at`; zero, which stands nowhere in JSON, past the end.
#[inline(always)]
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The first byte at or after `at` that is not white space.
#[inline(always)]
pub(super) fn skip_space(bytes: &[u8], at: usize) -> usize {
    if byte(bytes, at) > b' ' {
        at
    } else {
        skip_more_space(bytes, at)
    }
}

#[inline(never)]
fn skip_more_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    at + rest.iter().take_while(|byte| is_space(**byte)).count()
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// The end (exclusive) of the JSON value that begins at or after `at`, white space skipped. The
/// value is verified as far as a value that is stepped over (see the module's description).
///
/// For callers that read a stream: [`ReadErrorKind::is_incomplete`] tells an end that has not come
/// yet from one that cannot come. A number that touches the end of `bytes` is incomplete, because
/// more digits may follow. The caller that extends `bytes` and asks again pays for the whole value
/// again: doubling what it reads keeps that linear.
pub fn value_end(bytes: &[u8], at: usize) -> Result<usize, ReadError> {
    let start = skip_space(bytes, at);
    if start >= bytes.len() {
        return Err(ReadError::new(ReadErrorKind::Empty, start));
    }
    let end = step_over(bytes, start, MAX_DEPTH)?;
    match byte(bytes, start) {
        b'-' | b'0'..=b'9' if end == bytes.len() => {
            Err(ReadError::new(ReadErrorKind::Incomplete, start))
        }
        _ => Ok(end),
    }
}

/// The end of the value that begins exactly at `at`, in which `room` brackets may be open inside
/// one another.
#[inline(always)]
pub(super) fn step_over(bytes: &[u8], at: usize, room: usize) -> Result<usize, ReadError> {
    match byte(bytes, at) {
        b'"' => text_end(bytes, at, at + 1),
        b'{' | b'[' => container_end(bytes, at, at + 1, room),
        b'-' | b'0'..=b'9' => Ok(number_end(bytes, at)),
        _ => word(bytes, at).map(|(_, end)| end),
    }
}

/// The end of the text whose quote is at `at`, looked for from `from`, which is in it and not
/// behind an escaping backslash.
#[inline(always)]
pub(super) fn text_end(bytes: &[u8], at: usize, from: usize) -> Result<usize, ReadError> {
    let close = scan::text_close(bytes, from);
    if close < bytes.len() {
        Ok(close + 1)
    } else {
        Err(ReadError::new(ReadErrorKind::IncompleteText, at))
    }
}

/// The end of the container that began at `start`, looked for from `from`, which is directly in
/// it (not in a text, not in a container inside).
#[inline]
pub(super) fn container_end(
    bytes: &[u8],
    start: usize,
    from: usize,
    room: usize,
) -> Result<usize, ReadError> {
    if room == 0 {
        return Err(ReadError::new(ReadErrorKind::TooDeep, start));
    }
    if matches!(byte(bytes, from), b']' | b'}') {
        return Ok(from + 1);
    }
    scan::container_close(bytes, from, room).map_err(|unclosed| match unclosed {
        Unclosed::Container => ReadError::new(ReadErrorKind::Incomplete, start),
        Unclosed::Text(at) => ReadError::new(ReadErrorKind::IncompleteText, at),
        Unclosed::TooDeep(at) => ReadError::new(ReadErrorKind::TooDeep, at),
    })
}

/// The end of the number at `at`, by where something else begins.
#[inline(always)]
fn number_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    // Every byte of a number is above the comma or is the plus sign.
    let part = |byte: &u8| (*byte > b',' && *byte < b']') || matches!(*byte, b'e' | b'+');
    at + rest.iter().take_while(|byte| part(byte)).count()
}

/// The end of the number at `at`, which must be spelled as JSON spells numbers.
pub(super) fn strict_number_end(bytes: &[u8], at: usize) -> Result<usize, ReadError> {
    let bad = Err(ReadError::new(ReadErrorKind::BadNumber, at));
    let digits = |from: usize| scan::digits_end(bytes, from);
    let whole = if byte(bytes, at) == b'-' { at + 1 } else { at };
    let mut end = digits(whole);
    if end == whole || (byte(bytes, whole) == b'0' && end > whole + 1) {
        return bad;
    }
    if byte(bytes, end) == b'.' {
        let fraction = end + 1;
        end = digits(fraction);
        if end == fraction {
            return bad;
        }
    }
    if matches!(byte(bytes, end), b'e' | b'E') {
        let sign = end + 1;
        let exponent = if matches!(byte(bytes, sign), b'+' | b'-') {
            sign + 1
        } else {
            sign
        };
        end = digits(exponent);
        if end == exponent {
            return bad;
        }
    }
    if stands_behind(byte(bytes, end)) {
        Ok(end)
    } else {
        bad
    }
}

/// Whether the byte can stand directly behind a number or a word.
fn stands_behind(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b',' | b'}' | b']')
}

/// `true`, `false` or `null` at `at` and nothing more, and its end.
pub(super) fn strict_word(bytes: &[u8], at: usize) -> Result<(Kind, usize), ReadError> {
    let (kind, end) = word(bytes, at)?;
    if stands_behind(byte(bytes, end)) {
        Ok((kind, end))
    } else {
        Err(ReadError::new(ReadErrorKind::ExpectedValue, at))
    }
}

/// `true`, `false` or `null` at `at`, and its end.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Result<(Kind, usize), ReadError> {
    let rest = bytes.get(at..).unwrap_or(&[]);
    match rest.first_chunk() {
        Some(b"true") => return Ok((Kind::True, at + 4)),
        Some(b"null") => return Ok((Kind::Null, at + 4)),
        Some(b"fals") if rest.get(4) == Some(&b'e') => return Ok((Kind::False, at + 5)),
        _ => {}
    }
    Err(no_value(rest, at))
}

#[cold]
fn no_value(rest: &[u8], at: usize) -> ReadError {
    let cut_off = ["true", "false", "null"]
        .iter()
        .any(|word| word.as_bytes().starts_with(rest));
    let kind = if cut_off {
        ReadErrorKind::Incomplete
    } else {
        ReadErrorKind::ExpectedValue
    };
    ReadError::new(kind, at)
}

/// What kind of value `bytes`, which are exactly one value, hold.
pub(in crate::record) fn kind_of(bytes: &[u8]) -> Option<Kind> {
    Some(match bytes.first()? {
        b'"' if bytes.contains(&b'\\') => Kind::EscapedText,
        b'"' => Kind::Text,
        b'{' => Kind::Object,
        b'[' => Kind::Array,
        b't' => Kind::True,
        b'f' => Kind::False,
        b'n' => Kind::Null,
        _ => Kind::Number,
    })
}

/// The members of an object or the elements of an array, as ranges of its bytes, in order. Ends
/// early where the bytes are malformed.
pub(in crate::record) struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
    object: bool,
}

/// One member: its name with the quotes (an element has none) and its value.
pub(in crate::record) struct Member {
    pub(in crate::record) name: Option<std::ops::Range<usize>>,
    pub(in crate::record) value: std::ops::Range<usize>,
}

impl<'a> Members<'a> {
    /// Of `bytes`, which are exactly one value; a value that is not a container has none.
    pub(in crate::record) fn of(bytes: &'a [u8]) -> Self {
        let object = bytes.first() == Some(&b'{');
        let container = object || bytes.first() == Some(&b'[');
        Members {
            bytes,
            at: if container { 1 } else { bytes.len() },
            object,
        }
    }
}

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        let mut at = skip_space(self.bytes, self.at);
        if byte(self.bytes, at) == b',' {
            at = skip_space(self.bytes, at + 1);
        }
        let mut name = None;
        if self.object {
            if byte(self.bytes, at) != b'"' {
                return None;
            }
            let end = text_end(self.bytes, at, at + 1).ok()?;
            name = Some(at..end);
            at = skip_space(self.bytes, end);
            if byte(self.bytes, at) != b':' {
                return None;
            }
            at = skip_space(self.bytes, at + 1);
        }
        let end = step_over(self.bytes, at, MAX_DEPTH).ok()?;
        self.at = end;
        Some(Member {
            name,
            value: at..end,
        })
    }
}

//! The scans one byte at a time: short and plainly right. The fast versions are tested against
//! them, and the vector version asks them where exactly the trouble lies once it knows that there
//! is some.
#![cfg(any(target_arch = "x86_64", test))]

use super::Unclosed;

/// See [`super::name_end`].
#[cfg(test)]
pub(super) fn name_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'));
    length.map_or(bytes.len(), |length| at + length)
}

/// See [`super::text_close`].
pub(super) fn text_close(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'"') => return at,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// See [`super::container_close`].
pub(super) fn container_close(bytes: &[u8], mut at: usize, room: usize) -> Result<usize, Unclosed> {
    let mut open = 1_usize;
    loop {
        match bytes.get(at) {
            None => return Err(Unclosed::Container),
            Some(b'"') => match text_close(bytes, at + 1) {
                close if close < bytes.len() => at = close,
                _ => return Err(Unclosed::Text(at)),
            },
            Some(b'{' | b'[') if open == room => return Err(Unclosed::TooDeep(at)),
            Some(b'{' | b'[') => open += 1,
            Some(b'}' | b']') if open == 1 => return Ok(at + 1),
            Some(b'}' | b']') => open -= 1,
            // Nowhere but in a text is a backslash JSON; all versions let it hide the next byte.
            Some(b'\\') => at += 1,
            Some(_) => {}
        }
        at += 1;
    }
}

//! Text without case: one folding for `nocase` comparisons, tests and lists.
//!
//! The fold of a character is its Unicode lower case, and the final sigma is a sigma: so that
//! the fold of a text does not depend on what stands around a character, and a part that is
//! found in a text is also found in its fold. ASCII is compared without allocation.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The text folded; borrowed where it already is.
#[inline]
pub fn fold(text: &str) -> Cow<'_, str> {
    if is_plain_lower(text.as_bytes()) {
        Cow::Borrowed(text)
    } else if text.is_ascii() {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Owned(folded(text).collect())
    }
}

/// Whether the text is ASCII without upper-case letters, as nearly every name and id is. Eight
/// bytes are looked at at a time.
#[inline]
pub fn is_plain_lower(text: &[u8]) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // Added to a byte below 0x80, the top bit says whether it is at least `from`; none carries.
    let at_least = |eight: u64, from: u8| (eight & !HIGH) + LOW * u64::from(0x80 - from);
    let upper_or_high = |eight: u64| eight | (at_least(eight, b'A') & !at_least(eight, b'Z' + 1));
    let (words, rest) = text.as_chunks::<8>();
    let mut wrong = words.iter().fold(0, |wrong, word| {
        wrong | upper_or_high(u64::from_le_bytes(*word))
    });
    // The last eight bytes again, if there are so many, cover the rest.
    match text.last_chunk() {
        Some(last) => wrong |= upper_or_high(u64::from_le_bytes(*last)),
        None => {
            for byte in rest {
                wrong |= upper_or_high(u64::from(*byte));
            }
        }
    }
    wrong & HIGH == 0
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'ς' { 'σ' } else { letter })
}

/// Whether two texts are equal but for case.
#[inline]
pub fn equal(left: &str, right: &str) -> bool {
    if left.len() == right.len() && left.eq_ignore_ascii_case(right) {
        return true;
    }
    if left.is_ascii() && right.is_ascii() {
        return false;
    }
    folded(left).eq(folded(right))
}

/// The order of two folded texts.
#[inline]
pub fn order(left: &str, right: &str) -> Ordering {
    folded(left).cmp(folded(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upper_case_letter_or_another_script_is_seen_at_every_place() {
        for length in 0..40 {
            assert!(is_plain_lower("a".repeat(length).as_bytes()));
            for place in 0..length {
                for byte in 0..0x80u8 {
                    let mut text = "a".repeat(length).into_bytes();
                    text[place] = byte;
                    assert_eq!(
                        is_plain_lower(&text),
                        !byte.is_ascii_uppercase(),
                        "{text:?}"
                    );
                }
                let text = format!("{}ä{}", "a".repeat(place), "a".repeat(length - place));
                assert!(!is_plain_lower(text.as_bytes()));
            }
        }
    }

    #[test]
    fn case_is_folded_in_every_script() {
        assert!(equal("MÜLLER@EXAMPLE.COM", "müller@example.com"));
        assert!(equal("ΟΔΟΣ", "οδος"));
        assert!(!equal("muller", "müller"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert!(matches!(fold("already lower"), Cow::Borrowed(_)));
    }
}

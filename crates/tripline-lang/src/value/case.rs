//! Text without case: one folding for `nocase` comparisons, tests and lists.
//!
//! The fold of a character is its Unicode lower case, and the final sigma is a sigma: so that
//! the fold of a text does not depend on what stands around a character, and a part that is
//! found in a text is also found in its fold. ASCII is compared without allocation.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The text folded; borrowed where it already is.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(text.to_ascii_lowercase());
        }
        return Cow::Borrowed(text);
    }
    Cow::Owned(folded(text).collect())
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| if letter == 'ς' { 'σ' } else { letter })
}

/// Whether two texts are equal but for case.
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
pub fn order(left: &str, right: &str) -> Ordering {
    folded(left).cmp(folded(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_in_every_script() {
        assert!(equal("MÜLLER@EXAMPLE.COM", "müller@example.com"));
        assert!(equal("ΟΔΟΣ", "οδος"));
        assert!(!equal("muller", "müller"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert!(matches!(fold("already lower"), Cow::Borrowed(_)));
    }
}

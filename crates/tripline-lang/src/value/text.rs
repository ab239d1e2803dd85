//! The tests on two texts: `contains`, `starts_with`, `ends_with`, `has`.

use super::case::{equal, fold};
use crate::checked::TextOp;

/// Above this length of the part a search without case folds both texts once, so that the time
/// stays linear whatever the texts are.
const LONG_PART: usize = 64;

/// Whether `part` stands in `text` as `op` says.
#[inline]
pub fn test(op: TextOp, text: &str, part: &str, nocase: bool) -> bool {
    match (op, nocase) {
        (TextOp::Contains, false) => text.contains(part),
        (TextOp::StartsWith, false) => text.starts_with(part),
        (TextOp::EndsWith, false) => text.ends_with(part),
        (TextOp::Has, false) => has(text, part),
        _ if !text.is_ascii() || !part.is_ascii() || part.len() > LONG_PART => {
            test(op, &fold(text), &fold(part), false)
        }
        (TextOp::Contains, true) => ascii_places(text, part).next().is_some(),
        (TextOp::StartsWith, true) => text
            .get(..part.len())
            .is_some_and(|start| equal(start, part)),
        (TextOp::EndsWith, true) => {
            let start = text.len().checked_sub(part.len());
            start
                .and_then(|start| text.get(start..))
                .is_some_and(|end| equal(end, part))
        }
        (TextOp::Has, true) => {
            ascii_places(text, part).any(|start| stands_alone(text, start, part.len()))
        }
    }
}

/// Whether `part` stands in `text` as a whole term: no letter, digit or `_` touches it.
#[inline]
fn has(text: &str, part: &str) -> bool {
    if part.is_empty() {
        return false;
    }
    // Not `match_indices`: a place that overlaps one that does not stand alone may do so.
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find(part)) {
        let start = from + found;
        if stands_alone(text, start, part.len()) {
            return true;
        }
        from = start
            + text
                .get(start..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8);
    }
    false
}

#[inline]
fn stands_alone(text: &str, start: usize, length: usize) -> bool {
    let before = text
        .get(..start)
        .and_then(|before| before.chars().next_back());
    let after = text
        .get(start + length..)
        .and_then(|after| after.chars().next());
    let of_a_term = |letter: char| letter.is_alphanumeric() || letter == '_';
    !before.is_some_and(of_a_term) && !after.is_some_and(of_a_term)
}

/// Where the part stands in the text without case; both are ASCII.
#[inline]
fn ascii_places<'t>(text: &'t str, part: &'t str) -> impl Iterator<Item = usize> + 't {
    let part = part.as_bytes();
    text.as_bytes()
        .windows(part.len().max(1))
        .enumerate()
        .filter(|(_, window)| !part.is_empty() && window.eq_ignore_ascii_case(part))
        .map(|(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_finds_whole_terms_only() {
        for (text, part, expected) in [
            ("Mail.Read Mail.Send", "Mail.Read", true),
            ("Mail.ReadBasic", "Mail.Read", false),
            ("Mail.ReadBasic,Mail.Read", "Mail.Read", true),
            ("xMail.Read", "Mail.Read", false),
            ("aaa aa", "aa", true),
            ("app_id", "app", false),
            ("añ", "a", false),
        ] {
            assert_eq!(
                test(TextOp::Has, text, part, false),
                expected,
                "{part} in {text}"
            );
            assert_eq!(
                test(TextOp::Has, &text.to_uppercase(), part, true),
                expected,
                "{part} in {text} nocase"
            );
        }
    }

    #[test]
    fn texts_are_searched_without_case_when_asked() {
        assert!(test(
            TextOp::Contains,
            "python-requests/2.31 AZURE-cli",
            "azure-CLI",
            true
        ));
        assert!(!test(TextOp::Contains, "AZURE-cli", "azure-CLI", false));
        assert!(test(TextOp::StartsWith, "AzurePowerShell", "azurep", true));
        assert!(!test(TextOp::StartsWith, "Az", "azure", true));
        assert!(test(TextOp::EndsWith, "User@Müller.DE", "MÜLLER.de", true));
        assert!(test(
            TextOp::Contains,
            &"A".repeat(200),
            &"a".repeat(100),
            true
        ));
    }
}

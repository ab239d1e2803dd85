//! The nearest of some names, for "did you mean", for every kind of name that a set declares.

/// The candidate nearest to `word`, if one is near enough to be meant: at most one edit in
/// three letters, where an edit adds, drops, changes or swaps letters. Case does not count.
/// Among equally near ones the first wins.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // What is longer is no misspelt name, and the distance takes the product of the lengths.
    const LONGEST: usize = 64;
    let word = word.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let longer = word.len().max(candidate.len());
        let allowed = (longer / 3).clamp(1, 4);
        if longer > LONGEST || word.len().abs_diff(candidate.len()) > 2 * allowed {
            continue;
        }
        let edits = strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
        if edits <= allowed && best.is_none_or(|(least, _)| edits < least) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_dropped_added_or_changed_letter_is_forgiven() {
        let names = ["interactive", "result", "user", "asn", "ip"];
        for (word, expected) in [
            ("interacitve", Some("interactive")),
            ("resutl", Some("result")),
            ("usr", Some("user")),
            ("userr", Some("user")),
            ("ans", Some("asn")),
            ("pi", Some("ip")),
            ("USER", Some("user")),
            ("zebra", None),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }
}

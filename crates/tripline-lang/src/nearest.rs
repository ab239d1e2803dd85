//! The nearest of some names, for "did you mean", for every kind of name that a set declares.

/// The most names that one question offers.
const MOST_OFFERED: usize = 3;

/// The candidates nearest to `word`, of those near enough to be meant: at most one edit in three
/// letters, where an edit adds, drops, changes or swaps letters. Case does not count. Among equally
/// near ones [`doubt`] decides; those that it holds equal are all given, in their order.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    // What is longer is no misspelt name, and the distance takes the product of the lengths.
    const LONGEST: usize = 64;
    let word = word.to_lowercase();
    let mut least = (usize::MAX, usize::MAX);
    let mut best: Vec<&str> = Vec::new();
    for candidate in candidates {
        let longer = word.len().max(candidate.len());
        let allowed = (longer / 3).clamp(1, 4);
        if longer > LONGEST || word.len().abs_diff(candidate.len()) > 2 * allowed {
            continue;
        }
        let lower = candidate.to_lowercase();
        let edits = strsim::damerau_levenshtein(&word, &lower);
        if edits > allowed {
            continue;
        }
        let rank = (edits, doubt(&word, &lower));
        if rank < least {
            least = rank;
            best.clear();
        }
        if rank == least && !best.contains(&candidate) {
            best.push(candidate);
        }
    }
    best.truncate(MOST_OFFERED);
    best
}

/// How much less likely than others of the same distance a name is: fingers seldom miss the first
/// letter, and leave letters out, double or swap them more often than they hit wrong ones.
pub(crate) fn doubt(word: &str, name: &str) -> usize {
    let other_start = word.chars().next() != name.chars().next();
    let other_letters =
        !(is_within(word, name) || is_within(name, word) || same_letters(word, name));
    2 * usize::from(other_start) + usize::from(other_letters)
}

/// Whether the letters of one word are all in the other, in their order.
fn is_within(part: &str, whole: &str) -> bool {
    let mut letters = whole.chars();
    part.chars()
        .all(|wanted| letters.any(|letter| letter == wanted))
}

fn same_letters(one: &str, other: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(one) == sorted(other)
}

/// ``did you mean `a` or `b`?``; `None` of no names.
pub(crate) fn question<N: std::fmt::Display>(names: &[N]) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (last, others) = quoted.split_last()?;
    Some(if others.is_empty() {
        format!("did you mean {last}?")
    } else {
        format!("did you mean {} or {last}?", others.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_dropped_added_or_changed_letter_is_forgiven() {
        let names = ["interactive", "result", "user", "asn", "ip"];
        for (word, expected) in [
            ("interacitve", &["interactive"][..]),
            ("resutl", &["result"]),
            ("usr", &["user"]),
            ("userr", &["user"]),
            ("ans", &["asn"]),
            ("pi", &["ip"]),
            ("USER", &["user"]),
            ("zebra", &[]),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
    }

    #[test]
    fn of_equally_near_names_the_likelier_slip_wins_and_what_stays_equal_is_all_named() {
        let names = ["id", "ip", "app", "asn"];
        for (word, expected) in [
            ("ap", &["app"][..]),
            ("i", &["id", "ip"]),
            ("ix", &["id", "ip"]),
            ("asp", &["app", "asn"]),
            ("ap", &["app"]),
        ] {
            assert_eq!(nearest(word, names), expected, "{word}");
        }
        assert_eq!(
            question(&["id", "ip"]).as_deref(),
            Some("did you mean `id` or `ip`?")
        );
        assert_eq!(question::<&str>(&[]), None);
    }
}

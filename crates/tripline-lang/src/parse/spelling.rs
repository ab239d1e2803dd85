//! The words of the language, and those that a misspelt word may have been.

/// Every word that the grammar knows, but for those that are short and stand in tests alone.
pub(super) const KEYWORDS: &[&str] = &[
    "schema",
    "accept",
    "list",
    "file",
    "table",
    "key",
    "let",
    "rule",
    "meta",
    "match",
    "sequence",
    "together",
    "count",
    "having",
    "without",
    "between",
    "after",
    "before",
    "for",
    "of",
    "by",
    "within",
    "where",
    "emit",
    "exclude",
    "from",
    "when",
    "filter",
    "on",
    "in",
    "not",
    "and",
    "or",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "has",
    "nocase",
    "true",
    "false",
    "missing",
    "test",
    "records",
    "expect",
    "least",
    "detection",
    "detections",
    "excluded",
    "lateness",
    "emission",
    "today",
];

/// Words that a person may have left out.
pub(super) const INSERTED: &[&str] = &[
    "by", "within", "where", "when", "in", "file", "key", "on", "for", "at",
];

/// The words of `known` that `word` may have been, nearest and likeliest first, each with its distance: at most
/// two letters missing, added, wrong or swapped, fewer for short words.
pub(super) fn nearest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Vec<(usize, &'k str)> {
    let length = word.chars().count();
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|right| *right != word && right.len().abs_diff(length) <= 2)
        .filter_map(|right| {
            let limit = if right.len() <= 3 { 1 } else { 2 };
            let distance = strsim::damerau_levenshtein(word, right);
            (distance <= limit).then_some((distance, right))
        })
        .collect();
    near.sort_by_key(|(distance, right)| (*distance, crate::nearest::doubt(word, right)));
    near
}

//! Membership in lists that are written out where they are asked: VRL has no sets, and goes through the
//! entries for each event, which is why long lists are refused.

use tripline_lang::checked::{Entries, List};

use crate::literal;

/// The most entries that a list may have.
pub(crate) const MOST_ENTRIES: usize = 256;

/// How many entries it has.
pub(crate) fn entries(list: &List) -> usize {
    match &list.entries {
        Entries::Text { values, .. } => values.len(),
        Entries::Int(values) => values.len(),
        Entries::Float(values) => values.len(),
        Entries::Ip(values) => values.len(),
        Entries::Cidr(values) => values.len(),
        Entries::Regex(values) => values.len(),
    }
}

/// Whether a value is in the list, as a condition. `value` may be `null`; `exact` is the same with a text
/// for `null` that is in no list, and `folded` that without case. None for a pattern that cannot be
/// written.
pub(crate) fn contains(
    list: &List,
    value: &str,
    exact: &str,
    folded: impl FnOnce() -> String,
) -> Option<String> {
    if entries(list) == 0 {
        return Some("false".to_owned());
    }
    Some(match &list.entries {
        Entries::Text { values, nocase } => {
            let value = if *nocase { folded() } else { value.to_owned() };
            includes(values.iter().map(|entry| literal::text(entry)), &value)
        }
        Entries::Int(values) => includes(values.iter().map(i64::to_string), value),
        Entries::Float(values) => includes(values.iter().copied().map(literal::float), value),
        Entries::Ip(values) => includes(values.iter().map(|ip| format!("\"{ip}\"")), value),
        Entries::Cidr(values) => {
            let ranges: Vec<String> = values.iter().map(|range| format!("\"{range}\"")).collect();
            format!(
                "(ip_cidr_contains([{}], {exact}) ?? false)",
                ranges.join(", ")
            )
        }
        Entries::Regex(values) => {
            let tests: Option<Vec<String>> = values
                .iter()
                .map(|pattern| {
                    Some(format!(
                        "match({exact}, {})",
                        literal::regex(pattern.as_str())?
                    ))
                })
                .collect();
            format!("({value} != null && ({}))", tests?.join(" || "))
        }
    })
}

fn includes(entries: impl Iterator<Item = String>, value: &str) -> String {
    let entries: Vec<String> = entries.collect();
    format!("includes([{}], {value})", entries.join(", "))
}

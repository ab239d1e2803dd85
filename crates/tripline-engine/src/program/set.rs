//! Lists compiled for fast membership tests: hash sets for exact values, merged and sorted ranges
//! for address ranges. Built once for a rule set; a test allocates only to lower the case of a text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use ipnetwork::IpNetwork;
use tripline_lang::checked::{Entries, List};
use tripline_lang::value::{Value, case};

use crate::pack::same;

/// A list that can be asked whether it holds a value.
pub(crate) struct Set {
    list: Arc<List>,
    index: Index,
}

enum Index {
    /// So few that they are gone through.
    FewTexts {
        nocase: bool,
    },
    Text {
        table: HashTable<u32>,
        hasher: DefaultHashBuilder,
        nocase: bool,
    },
    Int(HashSet<i64>),
    Float(Vec<f64>),
    Ip(HashSet<IpAddr>),
    Range(Ranges),
    Regex,
}

/// Up to how many texts are gone through: their lengths tell most of them apart, which costs less than a
/// hash.
const FEW: usize = 8;

impl fmt::Debug for Set {
    /// Names the list by its name and address: two sets are written alike only when they are the same one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:p}", self.list.name, Arc::as_ptr(&self.list))
    }
}

impl Set {
    /// Compiles a list.
    pub(crate) fn new(list: &Arc<List>) -> Set {
        let index = match &list.entries {
            Entries::Text { values, nocase } if values.len() <= FEW => {
                Index::FewTexts { nocase: *nocase }
            }
            Entries::Text { values, nocase } => {
                let hasher = DefaultHashBuilder::default();
                let mut table = HashTable::with_capacity(values.len());
                let at = |i: &u32| values.get(*i as usize).map_or("", |v| v);
                for (i, value) in values.iter().enumerate() {
                    let hash = hasher.hash_one(value.as_ref());
                    if table
                        .find(hash, |other| at(other) == value.as_ref())
                        .is_none()
                    {
                        let i = u32::try_from(i).unwrap_or(u32::MAX);
                        table.insert_unique(hash, i, |other| hasher.hash_one(at(other)));
                    }
                }
                Index::Text {
                    table,
                    hasher,
                    nocase: *nocase,
                }
            }
            Entries::Int(values) => Index::Int(values.iter().copied().collect()),
            Entries::Float(values) => Index::Float(values.clone()),
            Entries::Ip(values) => Index::Ip(values.iter().copied().collect()),
            Entries::Cidr(values) => Index::Range(Ranges::new(values)),
            Entries::Regex(_) => Index::Regex,
        };
        Set {
            list: Arc::clone(list),
            index,
        }
    }

    /// The list's texts.
    fn texts(&self) -> &[Box<str>] {
        match &self.list.entries {
            Entries::Text { values, .. } => values,
            _ => &[],
        }
    }

    /// Whether the value is in the list; a missing value is in none.
    pub(crate) fn contains(&self, value: &Value<'_>) -> bool {
        match (&self.index, value) {
            (Index::FewTexts { nocase }, Value::Text(text)) => {
                let text = folded(text, *nocase);
                let mut values = self.texts().iter();
                values.any(|value| same(value.as_bytes(), text.as_bytes()))
            }
            (
                Index::Text {
                    table,
                    hasher,
                    nocase,
                },
                Value::Text(text),
            ) => {
                let text = folded(text, *nocase);
                let values = self.texts();
                let same = |i: &u32| {
                    let value = values.get(*i as usize);
                    value.is_some_and(|value| same(value.as_bytes(), text.as_bytes()))
                };
                table.find(hasher.hash_one(text.as_ref()), same).is_some()
            }
            (Index::Int(set), Value::Int(value)) => set.contains(value),
            (Index::Float(values), Value::Float(value)) => values.contains(value),
            (Index::Ip(set), Value::Ip(value)) => set.contains(value),
            (Index::Range(ranges), Value::Ip(value)) => ranges.contain(*value),
            (Index::Regex, Value::Text(text)) => match &self.list.entries {
                Entries::Regex(patterns) => patterns.iter().any(|pattern| pattern.is_match(text)),
                _ => false,
            },
            _ => false,
        }
    }
}

/// The text, folded where case does not count.
fn folded<'t>(text: &'t str, nocase: bool) -> Cow<'t, str> {
    if nocase {
        case::fold(text)
    } else {
        Cow::Borrowed(text)
    }
}

/// Address ranges as sorted intervals that do not overlap.
struct Ranges {
    v4: Vec<(u32, u32)>,
    /// For each first half of a v4 address, how many intervals begin before it: so that a test looks
    /// only at those that begin with the same half. Empty for a list that is small anyway.
    v4_before: Vec<u32>,
    v6: Vec<(u128, u128)>,
}

/// From how many intervals on the first halves are indexed.
const INDEXED: usize = 1024;

impl Ranges {
    fn new(networks: &[IpNetwork]) -> Ranges {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            match network {
                IpNetwork::V4(n) => v4.push((u32::from(n.network()), u32::from(n.broadcast()))),
                IpNetwork::V6(n) => v6.push((u128::from(n.network()), u128::from(n.broadcast()))),
            }
        }
        let (v4, v6) = (merged(v4), merged(v6));
        let before = |half: u32| v4.partition_point(|range: &(u32, u32)| range.0 >> 16 < half);
        let v4_before = match v4.len() {
            0..INDEXED => Vec::new(),
            _ => (0..=1 << 16)
                .map(|half| u32::try_from(before(half)).unwrap_or(u32::MAX))
                .collect(),
        };
        Ranges { v4, v4_before, v6 }
    }

    fn contain(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => {
                let ip = u32::from(ip);
                let half = (ip >> 16) as usize;
                let begins = |half: usize| self.v4_before.get(half).map(|at| *at as usize);
                let (from, to) = match (begins(half), begins(half + 1)) {
                    // The interval before may reach into this half.
                    (Some(from), Some(to)) => (from.saturating_sub(1), to),
                    _ => (0, self.v4.len()),
                };
                within(self.v4.get(from..to).unwrap_or_default(), ip)
            }
            IpAddr::V6(ip) => within(&self.v6, u128::from(ip)),
        }
    }
}

fn merged<T: Ord + Copy>(mut ranges: Vec<(T, T)>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match out.last_mut() {
            Some(last) if low <= last.1 => last.1 = last.1.max(high),
            _ => out.push((low, high)),
        }
    }
    out
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], value: T) -> bool {
    let after = ranges.partition_point(|range| range.0 <= value);
    after
        .checked_sub(1)
        .and_then(|i| ranges.get(i))
        .is_some_and(|range| value <= range.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(entries: Entries) -> Set {
        Set::new(&Arc::new(List {
            name: "l".into(),
            literal: false,
            entries,
        }))
    }

    #[test]
    fn texts_are_found_with_and_without_case() {
        let exact = set(Entries::Text {
            values: vec!["a@x.org".into(), "a@x.org".into()],
            nocase: false,
        });
        assert!(exact.contains(&Value::Text("a@x.org".into())));
        assert!(!exact.contains(&Value::Text("A@x.org".into())));
        assert!(!exact.contains(&Value::Missing));
        let loose = set(Entries::Text {
            values: vec!["straße".into()],
            nocase: true,
        });
        assert!(loose.contains(&Value::Text("STRAßE".into())));
    }

    #[test]
    fn overlapping_and_nested_ranges_hold_their_borders_and_nothing_else() {
        let networks = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32"];
        let ranges = set(Entries::Cidr(
            networks.iter().map(|n| n.parse().unwrap()).collect(),
        ));
        for (ip, inside) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.0.2.255", true),
            ("192.0.3.0", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(
                ranges.contains(&Value::Ip(ip.parse().unwrap())),
                inside,
                "{ip}"
            );
        }
    }

    #[test]
    fn a_long_list_of_ranges_answers_as_a_look_at_each_would() {
        let networks: Vec<IpNetwork> = (0..5_000u32)
            .map(|at| {
                let address = std::net::Ipv4Addr::from(at.wrapping_mul(2_654_435_761));
                format!("{address}/{}", 8 + at % 25).parse().unwrap()
            })
            .filter(|network: &IpNetwork| network.prefix() > 12)
            .collect();
        let ranges = set(Entries::Cidr(networks.clone()));
        let ends = networks.iter().flat_map(|network| {
            let (IpAddr::V4(low), IpAddr::V4(high)) = (network.network(), network.broadcast())
            else {
                unreachable!("they are all v4")
            };
            let (low, high) = (u32::from(low), u32::from(high));
            [low.wrapping_sub(1), low, high, high.wrapping_add(1)]
        });
        for ip in ends
            .step_by(7)
            .map(|ip| IpAddr::from(std::net::Ipv4Addr::from(ip)))
        {
            let inside = networks.iter().any(|network| network.contains(ip));
            assert_eq!(ranges.contains(&Value::Ip(ip)), inside, "{ip}");
        }
    }
}

//! Raw values to types at random: texts near those that can be read, and numbers of every size.

use proptest::prelude::*;

use super::conversions::{agree, agree_text, both};

/// Texts that are near one that can be read: a few characters of one are exchanged, left out or added.
fn near() -> impl Strategy<Value = String> {
    let base = prop_oneof![
        "[+-]?[0-9]{1,20}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?",
        "[0-9]{4}-[01][0-9]-[0-3][0-9]([Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,11})?(Z|z| ?[+-][0-2][0-9]:?([0-5][0-9])?)?)?",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(:[0-9]{1,6})?",
        "\\[?(::ffff:[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}|[0-9a-fA-F:]{2,39})(%[a-z0-9]{0,3})?\\]?(:[0-9]{1,6})?",
        "(?i)true|false|1|0",
        "\\PC{0,12}",
    ];
    let changes = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            "[0-9TtZz:+.eE% \\[\\]\\-\u{2212}\t\n]?",
            any::<bool>(),
        ),
        0..3,
    );
    (base, changes).prop_map(|(text, changes)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (at, with, replaces) in changes {
            let at = at.index(letters.len() + 1);
            if replaces && at < letters.len() {
                letters.remove(at);
            }
            letters.splice(at..at, with.chars());
        }
        letters.into_iter().collect()
    })
}

#[test]
fn texts_at_random_near_those_that_are_read_convert_alike() {
    let mut both = both();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: super::harness::cases(500),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let both = std::cell::RefCell::new(&mut both);
    runner
        .run(&near(), |text| {
            agree_text(&mut both.borrow_mut(), &text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn numbers_at_random_convert_alike() {
    let mut both = both();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: super::harness::cases(300),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let numbers = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        (any::<i64>(), 0u32..64).prop_map(|(n, by)| (n >> by).to_string()),
        prop::num::f64::NORMAL.prop_map(|n| serde_json::to_string(&n).unwrap()),
        (any::<i64>(), -12i32..3)
            .prop_map(|(n, e)| serde_json::to_string(&((n >> 20) as f64 * 10f64.powi(e))).unwrap()),
    ];
    let both = std::cell::RefCell::new(&mut both);
    runner
        .run(&numbers, |number| {
            agree(&mut both.borrow_mut(), &number);
            Ok(())
        })
        .unwrap();
}

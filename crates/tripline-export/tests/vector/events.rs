//! Events at random for the schema of the table of constructs: members that are there, null or absent,
//! of values that its conditions ask for, and of others near them.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::harness::cases;

/// The texts of agents and users, of addresses, of what else.
const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "bb",
    "x",
    "xx",
    " x ",
    "  ",
    "anna",
    "Anna",
    "ANNA",
    "ben",
    "Ben",
    "anna@example.org",
    "anna@EXAMPLE.org",
    "@example.org",
    "a@b@example.org",
    "curl/8",
    "CURL/8.1",
    "a curl/8 b",
    "curl_8",
    "python",
    "azure-cli/2.61",
    "cli/2",
    "ΟΔΟΣ",
    "οδος",
    "οδοσ",
    "straße",
    "STRASSE",
    "aÄΣa",
    "äς",
    "İx",
    "ǅ",
    "ﬁ",
    "é",
    "añé é",
    "a$b",
    "x a$b y",
    "$HOME",
    "a'",
    "aa",
    "ab",
    "bab",
    "é{{x}}",
    "7",
    "true",
    "192.0.2.1",
    "xa",
    "xab",
    "K",
    "ſ",
    "a\nb",
    "\u{301}a",
    "٣",
];
const NUMBERS: &[&str] = &[
    "1",
    "-7",
    "7",
    "3",
    "50126",
    "\"7\"",
    "\"50126\"",
    "0",
    "7.0",
    "0.5",
    "-0.0",
    "2",
    "1e3",
    "\"x\"",
    "true",
    "9007199254740993",
    "9007199254740992.0",
    "-3",
];
const ADDRESSES: &[&str] = &[
    "\"192.0.2.1\"",
    "\"::ffff:192.0.2.1\"",
    "\"192.0.2.1:80\"",
    "\"10.1.2.3\"",
    "\"2001:db8::1\"",
    "\"[2001:DB8::1]:443\"",
    "\"203.0.113.7\"",
    "\"fe80::1%eth0\"",
    "\"127.0.0.1\"",
    "\"host\"",
    "7",
];
const INSTANTS: &[&str] = &[
    "\"2026-03-01T10:00:00Z\"",
    "\"2026-03-01\"",
    "\"@@2026-03-01T10:00:00Z\"",
    "\"@@2026-03-01T10:00:00.5Z\"",
    "1772359200",
    "\"2026-03-02T22:00:00+01:00\"",
    "\"yesterday\"",
    "1772359200.5",
    "\"2026-03-08 01:02:03.4567\"",
];

fn one_of(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(pool).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    let pool = prop::sample::select(TEXTS).prop_map(|text| serde_json::to_string(text).unwrap());
    prop_oneof![
        12 => pool,
        1 => "\\PC{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        1 => one_of(NUMBERS),
        1 => Just("{\"a\": [1, null, \"x\"]}".to_owned()),
    ]
}

/// A value, or null, or nothing.
fn member(
    name: &'static str,
    value: impl Strategy<Value = String> + 'static,
) -> BoxedStrategy<Option<String>> {
    let shown = move |value: String| Some(format!("{name}: {value}"));
    prop_oneof![
        8 => value.prop_map(shown),
        1 => Just(Some(format!("{name}: null"))),
        2 => Just(None),
    ]
    .boxed()
}

/// An array of texts and of objects, some with an array of their own.
fn items() -> impl Strategy<Value = String> {
    let object = |of: Vec<Option<String>>| {
        let members: Vec<String> = of.into_iter().flatten().collect();
        format!("{{{}}}", members.join(", "))
    };
    let array = |of: Vec<String>| format!("[{}]", of.join(", "));
    let kind = || member("\"kind\"", prop_oneof![Just("\"a\"".to_owned()), text()]);
    let n = || member("\"n\"", one_of(NUMBERS));
    let inner = prop_oneof![
        4 => vec![kind(), n()].prop_map(object),
        1 => text(),
        1 => Just("null".to_owned()),
    ];
    let inner = prop::collection::vec(inner, 0..3).prop_map(array);
    let item = prop_oneof![
        4 => vec![kind(), n(), member("\"of\"", inner)].prop_map(object),
        1 => text(),
        1 => Just("null".to_owned()),
        1 => Just("\"a\"".to_owned()),
    ];
    prop::collection::vec(item, 0..4).prop_map(array)
}

/// An event, as JSON.
pub(crate) fn any_event() -> impl Strategy<Value = String> {
    let other = vec![
        member("\"user\"", text()),
        member("\"kind\"", prop_oneof![Just("\"c\"".to_owned()), text()]),
        member("\"number\"", one_of(NUMBERS)),
        member("\"ip\"", one_of(ADDRESSES)),
        member("\"time\"", one_of(INSTANTS)),
        member(
            "\"list\"",
            prop_oneof![
                Just("[]".to_owned()),
                Just("[\"anna\", 7]".to_owned()),
                Just("[null]".to_owned())
            ],
        ),
    ];
    let object = |of: Vec<Option<String>>| {
        let members: Vec<String> = of.into_iter().flatten().collect();
        format!("{{{}}}", members.join(", "))
    };
    let other = prop_oneof![
        6 => other.prop_map(object),
        1 => text(),
    ];
    let members = vec![
        member(
            "\"kind\"",
            prop_oneof![3 => Just("\"a\"".to_owned()), 2 => Just("\"b\"".to_owned()), 1 => text()],
        ),
        member("\"category\"", Just("\"b\"".to_owned())),
        member(
            "\"list\"",
            prop_oneof![
                Just("[\"a\"]".to_owned()),
                Just("[\"\"]".to_owned()),
                Just("[null, \"a\"]".to_owned()),
                text()
            ],
        ),
        member("\"time\"", one_of(INSTANTS)),
        member("\"user\"", text()),
        member("\"agent\"", text()),
        member("\"number\"", one_of(NUMBERS)),
        member("\"ratio\"", one_of(NUMBERS)),
        member(
            "\"flag\"",
            prop_oneof![
                Just("true".to_owned()),
                Just("false".to_owned()),
                one_of(NUMBERS),
                Just("\"TRUE\"".to_owned())
            ],
        ),
        member("\"ip\"", one_of(ADDRESSES)),
        member("\"peer\"", one_of(ADDRESSES)),
        member("\"seen\"", one_of(INSTANTS)),
        member(
            "\"odd key\\\"\\\\ {{x}}\"",
            prop_oneof![Just("{\"$x\": \"x\"}".to_owned()), text()],
        ),
        member("\"other\"", other),
        member("\"items\"", prop_oneof![4 => items(), 1 => text()]),
    ];
    members.prop_map(object)
}

/// Runs a property for events that are always the same ones, because what holds for some of them is
/// counted; for others where more are asked for.
pub(crate) fn for_events(usual: u32, mut of: impl FnMut(&str)) {
    let config = ProptestConfig {
        cases: cases(usual),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    };
    let mut runner = match cases(usual) == usual {
        true => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
        false => TestRunner::new(config),
    };
    let of = std::cell::RefCell::new(&mut of);
    runner
        .run(&any_event(), |event| {
            (of.borrow_mut())(&event);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

//! Raw values to types: tables of hostile texts and numbers, and texts at random near those that are
//! read. Each type is a field that a rule emits, so that values are compared and not only whether there
//! is one.

use proptest::prelude::*;

use super::harness::{Both, event};

const RULES: &str = r#"
schema s {
  accept present(.accept)
  time  : timestamp = .time
  text  : string    = .v
  int   : int       = .v
  float : float     = .v
  bool  : bool      = .v
  at    : timestamp = .v
  ip    : ip        = .v
  raw   : json      = .v
}
rule r {
  match { e = s }
  emit { text int float bool at ip raw private = in_private(ip) hour = hour(at) weekday = weekday(at) }
}
"#;

fn both() -> Both {
    Both::new(RULES)
}

fn agree(both: &mut Both, json_value: &str) {
    let record = format!(r#"{{"accept": 1, "time": "2026-03-02T10:00:00Z", "v": {json_value}}}"#);
    let outcome = both.agree(&event(&record));
    assert_eq!(outcome.detections.len(), 1, "{record}");
}

fn agree_text(both: &mut Both, text: &str) {
    agree(both, &serde_json::to_string(text).unwrap());
}

#[test]
fn raw_values_of_every_kind_convert_as_the_engine_converts_them() {
    let mut both = both();
    for value in [
        "null",
        "\"\"",
        "true",
        "false",
        "0",
        "1",
        "2",
        "-1",
        "7",
        "9223372036854775807",
        "-9223372036854775808",
        "0.0",
        "-0.0",
        "1.0",
        "1.5",
        "1e15",
        "1e16",
        "9007199254740992.0",
        "9007199254740994.0",
        "1e300",
        "1e-7",
        "0.1",
        "123456789.125",
        "1772355600",
        "1772355600.5",
        "1772355600123",
        "1772355600123456",
        "1772355600123456789",
        "-1772355600.25",
        "99999999999",
        "9223372036",
        "9223372037",
        "{}",
        "[]",
        r#"{"a": 1, "b": [1.0, null, "x"]}"#,
        "[\"a\", 2]",
        "\"@@2026-03-02T10:00:00Z\"",
        "\"@@2026-03-02T10:00:00.120Z\"",
        "\"@@1969-12-31T23:59:59.999999999Z\"",
        r#"{"at": "@@2026-03-02T10:00:00.120Z"}"#,
        r#"["@@2026-03-02T10:00:00Z"]"#,
    ] {
        agree(&mut both, value);
    }
}

#[test]
fn texts_that_are_numbers_or_nearly_are_read_alike() {
    let mut both = both();
    for text in [
        " 7 ",
        "\t7\n",
        "\u{b}7",
        "\u{a0}7",
        "+7",
        "-7",
        "--7",
        "+-7",
        "007",
        "7.0",
        "7.00",
        "7.",
        ".7",
        "7.5",
        "7.0.0",
        "1e2",
        "1E2",
        "-1.5e+1",
        "1.500e1",
        "1200e-2",
        "10203.0e1",
        "0e999999",
        "0e2147483647",
        "0e2147483648",
        "0.0e-2147483648",
        "0e-2147483648",
        "9007199254740992e0",
        "9007199254740993e0",
        "-9007199254740992e0",
        "1e15",
        "1e16",
        "9e15",
        "1e-1",
        "15e-2",
        "1e",
        "e2",
        "1.e2",
        ".5e1",
        "1e2.0",
        "1e99999999999",
        "0x10",
        "1_000",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "9223372036854775807.0",
        "1000000000000000000000e-10",
        "123000000000000000000000000000e-27",
        "inf",
        "NaN",
        "infinity",
        "1e999",
        "-1e999",
        "1e308",
        "true",
        "True",
        "TRUE ",
        "fAlSe",
        "yes",
        "t",
        "١",
        "7\u{0}",
        "1,5",
        "5.",
        "-5.",
        "+5.25",
        "-5.25",
        "5.1234567894",
        "-0.5",
        "99999999999.5",
        "9223372036.854775807",
        "9223372036.854775808",
        "-9223372036.854775808",
        "-9223372036.854775809",
        "9223372036854.775807",
        "9223372036854.775808",
        "9223372036854775.807",
        "9223372036854775.8079",
        "9223372036854775.808",
        "922337203685477580.9",
        "9223372036854775807.5",
        "5.5.5",
        "5-5",
        "5+5.0",
        "-",
        "+",
        ".",
    ] {
        agree_text(&mut both, text);
    }
}

#[test]
fn texts_that_are_addresses_or_nearly_are_read_alike() {
    let mut both = both();
    for text in [
        "203.0.113.7",
        "203.0.113.7:54321",
        " 203.0.113.7 ",
        "::ffff:203.0.113.7",
        "[::ffff:203.0.113.7]:80",
        "[2001:db8::1]:443",
        "[2001:db8::1]",
        "fe80::1%eth0",
        "[fe80::1%eth0]:80",
        "fe80::1%",
        "0.0.0.0",
        "203.0.113",
        "203.0.113.7.9",
        "203.0.113.07",
        "203.0.113.256",
        "203.0.113.7:",
        "203.0.113.7:99999",
        "203.0.113.7:65535",
        "203.0.113.7:65536",
        "203.0.113.7:00080",
        "203.0.113.7:+80",
        "[2001:db8::1",
        "2001:db8::1]",
        "[203.0.113.7]",
        "[203.0.113.7]:80",
        "203.0.113.7%eth0",
        "host",
        "::",
        "::1",
        "::1.2.3.4",
        "::ffff:0:1.2.3.4",
        "64:ff9b::203.0.113.7",
        "2001:DB8::A",
        "2001:db8:0:0:0:0:0:1",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "::ffff:0a0a:0a0a",
        "10.0.0.1",
        "100.64.0.1",
        "100.128.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "172.16.0.1",
        "172.32.0.1",
        "192.168.1.1",
        "fc00::1",
        "fe80::1",
        "fec0::1",
        "[::1]x",
        "[::1]:",
        "[::1]:80:",
        "[[::1]]",
        "%",
        "[%]",
        "::1%a]b",
        "::1%\n",
        "[::1%\n]",
        "[::1]:80\n",
        "10.0.0.1:80\u{b}",
    ] {
        agree_text(&mut both, text);
    }
}

#[test]
fn texts_that_are_instants_or_nearly_are_read_alike() {
    let mut both = both();
    for text in [
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:00:00",
        "2026-03-01 09:00:00",
        "2026-03-01t09:00:00z",
        "2026-03-01T09:00:00+00:00",
        "2026-03-01T10:30:00+01:30",
        "2026-03-01T04:00:00-05:00",
        "2026-03-01T10:00:00+0100",
        "2026-03-01T10:00:00+01",
        "2026-03-01 10:00:00 +01:00",
        "2026-03-01 10:00:00 +0100",
        "2026-03-01 10:00:00 Z",
        "2026-03-01T10:00:00 Z",
        " 2026-03-01T09:00:00Z ",
        "2026-03-01T09:00:00.5Z",
        "2026-03-01T09:00:00.1234567Z",
        "2026-03-01T09:00:00.123456789+00:00",
        "2026-03-01T09:00:00.1234567891Z",
        "2026-03-01t09:00:00.1234567891z",
        "2026-03-01 09:00:00.1234567891z",
        "2026-03-01T09:00:00.1234567891",
        "2026-03-01T09:00:60Z",
        "2026-03-01T09:00:60.5Z",
        "2026-03-01T09:00:60.1234567891Z",
        "2026-03-01 09:00:60 +01:00",
        "2026-03-01T23:59:60+01:00",
        "2026-03-01T09:00:61Z",
        "2026-03-01",
        "2024-02-29",
        "2026-02-29",
        "2100-02-29",
        "2000-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-04-31",
        "2026-03-01T24:00:00Z",
        "2026-03-01T09:60:00Z",
        "2026-03-01T09:00Z",
        "2026-03-01T09:00:00.Z",
        "2026-03-01T09:00:00.",
        "2026-03-01T09:00:00+1:00",
        "2026-03-01T09:00:00+24:00",
        "2026-03-01T09:00:00+23:59",
        "2026-03-01T09:00:00+00:60",
        "2026-03-01T09:00:00-00:00",
        "2026-03-01T09:00:00\u{2212}05:00",
        "2026-03-01t09:00:00\u{2212}05:00",
        "2026-03-01 09:00:00\u{2212}05:00",
        "2026-03-01T09:00:00 +05:00",
        "2026-03-01T09:00:00+05 00",
        "2026-03-01T09:00:00+05: 00",
        "2026-3-1T9:0:0Z",
        "2026-3-1 9:0:0+01",
        "+2026-03-01T09:00:00Z",
        "12026-03-01T09:00:00Z",
        "+12026-03-01T09:00:00Z",
        "-2026-03-01T09:00:00Z",
        "0000-01-01T00:00:00Z",
        "0000-01-01",
        "9999-01-01T00:00:00Z",
        "1677-09-21T00:12:43.145224192Z",
        "1677-09-21T00:12:43.145224191Z",
        "1677-09-21T00:12:44Z",
        "2262-04-11T23:47:16.854775807Z",
        "2262-04-11T23:47:16.854775808Z",
        "2262-04-11",
        "2262-04-12",
        "1677-09-21",
        "1969-12-31T23:59:59Z",
        "1969-12-31T23:59:59.999999999Z",
        "2026-03-01T09:00:00ZZ",
        "2026-03-01T09:00:00Z+00:00",
        "2026-03-01T",
        "2026-03-01 ",
        "2026-03-01X09:00:00",
        "2026/03/01",
        "2026-03-01-05",
        "20260301",
        "2026-03-01T090000Z",
        "yesterday",
        "1772355600",
        "1772355600.25",
        "1772355600123",
        "1.7723556e9",
        "2026",
        "2026-03-01T09:00:00,5Z",
        "2026-03-01T09:00:00.٥Z",
        "２026-03-01",
    ] {
        agree_text(&mut both, text);
    }
}

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
        cases: super::harness::cases(1500),
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
        cases: super::harness::cases(1000),
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

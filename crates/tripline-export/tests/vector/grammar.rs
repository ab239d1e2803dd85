//! Conditions at random from a grammar of what can be exported, over the schema of the table of
//! constructs, held against the engine over events at random.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::constructs::SCHEMA;
use super::events::any_event;
use super::harness::{self, Both, event};

fn pick(of: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(of).prop_map(str::to_owned).boxed()
}

/// An expression that is a text.
fn text(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => pick(&["user", "agent", "kind", "copy", "deep", "odd"]),
        2 => pick(&["\"anna\"", "\"x\"", "\"ΟΔΟΣ\"", "\"a\"", "\"a$b\"", "\"7\"", "missing"]),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = move || text(depth - 1);
    prop_oneof![
        3 => leaf,
        1 => (pick(&["lower", "upper", "trim", "local_part", "domain"]), field(depth - 1)).prop_map(|(f, x)| format!("{f}({x})")),
        1 => (field(depth - 1), inner()).prop_map(|(a, b)| format!("({a} ?? {b})")),
        1 => (field(0), pick(&["\"a\"", "\"x\"", "kind"]), pick(&["\"b\"", "\"\"", "user"])).prop_map(|(a, b, c)| format!("replace({a}, {b}, {c})")),
        1 => field(0).prop_map(|a| format!("capture({a}, /(?<first>.)a?(?<rest>.*)/, \"rest\")")),
    ]
    .boxed()
}

/// A text that is no constant.
fn field(depth: u32) -> BoxedStrategy<String> {
    let leaf = pick(&["user", "agent", "kind", "copy", "deep", "odd"]);
    if depth == 0 {
        return leaf;
    }
    prop_oneof![
        3 => leaf,
        1 => (pick(&["lower", "upper", "trim", "local_part", "domain"]), field(depth - 1)).prop_map(|(f, x)| format!("{f}({x})")),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<String> {
    prop_oneof![
        3 => pick(&["number", "ratio", "again", "len(agent)", "hour(time)", "weekday(seen)", "(number ?? again)"]),
        2 => pick(&["7", "-7", "0.5", "3", "limit", "9007199254740993", "50126"]),
    ]
    .boxed()
}

fn address() -> BoxedStrategy<String> {
    pick(&["ip", "peer", "(ip ?? peer)", "coalesce(peer, ip)"])
}

/// A comparison or a test.
fn test() -> BoxedStrategy<String> {
    let equals = || pick(&["==", "!=", "== nocase", "!= nocase"]);
    let orders = || pick(&["<", "<=", ">", ">=", "==", "!="]);
    prop_oneof![
        2 => (field(2), equals(), text(2)).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (field(1), pick(&["<", "<=", ">", ">=", "< nocase", ">= nocase"]), text(1)).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (number(), orders(), number()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (field(2), pick(&["contains", "starts_with", "ends_with", "contains nocase", "starts_with nocase", "ends_with nocase"]), text(1)).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (field(1), pick(&["in", "not in"]), pick(&["words", "names", "agents", "[\"anna\", \"x\"]", "nocase [\"ANNA\", \"οδος\"]", "[agent, kind, \"x\"]"])).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (address(), pick(&["in", "not in"]), pick(&["hosts", "networks", "\"192.0.2.0/24\"", "[\"2001:db8::/33\", \"10.1.0.0/16\"]"])).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (pick(&["number", "again"]), pick(&["in", "not in"]), pick(&["numbers", "[7, 50126]"])).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (field(1), pick(&["/(?i)^a/", "/x$/", "/./", "/^.{0,3}$/", "/[$]/", "/Σ/"])).prop_map(|(a, b)| format!("{a} matches {b}")),
        1 => (address(), pick(&["==", "!="]), pick(&["ip", "peer", "\"192.0.2.1\"", "missing", "whole.ip"])).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (pick(&["time", "seen", "(seen ?? time)"]), orders(), pick(&["time", "seen", "2026-03-01T10:00:00Z", "2026-03-02"])).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (pick(&["present", "missing"]), prop_oneof![text(2), number(), address(), pick(&["whole", "flag", "whole.list[1]", "seen"])]).prop_map(|(f, x)| format!("{f}({x})")),
        1 => (field(1), text(1)).prop_map(|(a, b)| format!("differ({a}, {b})")),
        1 => pick(&["flag", "known", "in_private(ip)", "flag == known", "in_private(peer) == flag", "differ(ip, peer)"]),
        1 => (pick(&["any", "all"]), pick(&["items", "whole.list"]), field(1), pick(&["i.kind == x", "i == x", "not (i.kind contains x)", "i.n > number or i.kind starts_with x", "any(i.of, o => o.kind == x and present(o.n))"]))
            .prop_map(|(f, list, x, body)| format!("{f}({list}, i => {})", body.replace('x', &x))),
        1 => (field(0), equals()).prop_map(|(a, op)| format!("find(items, i => i.kind != {a}).kind {op} {a}")),
    ]
    .boxed()
}

fn condition() -> BoxedStrategy<String> {
    test()
        .prop_recursive(3, 10, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|of| format!("({})", of.join(" and "))),
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|of| format!("({})", of.join(" or "))),
                inner.prop_map(|of| format!("not ({of})")),
            ]
        })
        .boxed()
}

#[test]
fn conditions_at_random_hold_for_the_same_events() {
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let rounds = harness::cases(8);
    let (mut tried, mut held) = (0, 0);
    for _ in 0..rounds {
        // What contradicts itself is no rule.
        let mut tags = Vec::new();
        while tags.len() < 8 {
            let condition = condition().new_tree(&mut runner).unwrap().current();
            let rules = format!("{SCHEMA}\nfilter f {{ on s tag \"t\" when {condition} }}");
            if harness::is_sound(&rules) {
                tags.push(format!("tag \"t{}\" when {condition}", tags.len()));
            }
        }
        let mut both = Both::new(&format!(
            "{SCHEMA}\nfilter f {{ on s\n{} }}",
            tags.join("\n")
        ));
        for _ in 0..25 {
            let json = any_event().new_tree(&mut runner).unwrap().current();
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                both.agree(&event(&json))
            }));
            let outcome = outcome.unwrap_or_else(|_| panic!("{}\n{json}", tags.join("\n")));
            tried += tags.len();
            held += outcome.tags.len();
        }
    }
    assert!(held * 20 > tried, "{held} of {tried} held");
}

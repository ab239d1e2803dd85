//! `examples/signins.ndjson` is what the generator makes, and holds what its page says.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states what it knows, in its helpers too"
)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;
use tripline_samples::{Kind, Role, Sample, example, example_samples, token_replays};

fn written() -> String {
    let mut out = Vec::new();
    example(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn samples() -> Vec<Sample> {
    example_samples().collect()
}

#[test]
fn the_shipped_file_is_what_the_generator_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/signins.ndjson");
    let shipped = std::fs::read_to_string(path).unwrap();
    assert!(
        shipped == written(),
        "examples/signins.ndjson is not what the generator makes; write it anew with \
         `tripline generate --example --output examples/signins.ndjson` and look at its page"
    );
}

#[test]
fn the_example_is_small_and_every_line_is_a_json_object() {
    let text = written();
    assert!(text.len() <= 5_000_000, "{} bytes", text.len());
    assert_eq!(text.lines().count(), 1_800);
    let objects = text
        .lines()
        .filter(|line| serde_json::from_str::<Value>(line).unwrap().is_object());
    assert_eq!(objects.count(), 1_800);
}

#[test]
fn the_example_has_every_shape_and_irregularity() {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for (line, sample) in written().lines().zip(samples()) {
        let record: Value = serde_json::from_str(line).unwrap();
        let facts = sample.facts.as_ref();
        let shapes = [
            ("category", "diagnostic"),
            ("Type", "log analytics"),
            ("signInEventTypes", "graph"),
        ];
        for (member, shape) in shapes
            .iter()
            .chain(&[("log", "under log"), ("message", "under message")])
        {
            *seen.entry(shape).or_default() += u32::from(record.get(member).is_some());
        }
        for (what, holds) in [
            ("other category", sample.kind == Kind::Other),
            ("double", sample.duplicate),
            ("no time", facts.is_some_and(|facts| !facts.timed)),
            ("no user", facts.is_some_and(|facts| facts.user.is_empty())),
            ("no address", facts.is_some_and(|facts| facts.ip.is_none())),
            (
                "no AS number",
                facts.is_some_and(|facts| facts.asn.is_none()),
            ),
            (
                "IPv6",
                facts.is_some_and(|facts| matches!(facts.ip, Some(IpAddr::V6(_)))),
            ),
            ("failed", facts.is_some_and(|facts| facts.result != 0)),
            ("mixed case", line.contains("@Contoso.Example")),
            ("mapped address", line.contains("\"::ffff:")),
            ("offset", line.contains("+05:30")),
        ] {
            *seen.entry(what).or_default() += u32::from(holds);
        }
    }
    assert!(seen.values().all(|count| *count > 0), "{seen:#?}");
    assert_eq!(
        (seen["under log"], seen["under message"], seen["no time"]),
        (1, 1, 1)
    );
}

#[test]
fn the_example_has_four_attacks_one_case_for_each_exclusion_and_one_token_without_as_number() {
    let samples = samples();
    let mut found: HashMap<Role, usize> = HashMap::new();
    for token_replay in token_replays(&samples) {
        let (token, login) = (&samples[token_replay.token], &samples[token_replay.login]);
        let (token, login) = (token.facts.as_ref().unwrap(), login.facts.as_ref().unwrap());
        *found.entry(token.role).or_default() += 1;
        // What the stricter rule does not find is exactly the everyday one.
        assert_eq!(
            token.asn.is_none() || login.asn.is_none(),
            token.role == Role::Everyday
        );
    }
    assert_eq!(
        found.remove(&Role::Attack),
        Some(8),
        "tokens of the four attacks"
    );
    assert_eq!(
        found.remove(&Role::Everyday),
        Some(1),
        "the token without an AS number"
    );
    for role in Role::BENIGN {
        assert_eq!(found.remove(&role), Some(1), "{role:?}");
    }
    assert!(found.is_empty(), "{found:?}");
}

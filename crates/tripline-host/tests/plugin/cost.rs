//! What a record costs in an interpreter, counted in instructions, and that memory does not grow.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tripline_host::{Access, Outcome};
use tripline_samples::Options;

use crate::harness::{bytes, call, folder, instance, message_pack, module, pack, put, records};

/// Records of the size that the aims are stated for.
fn stream(count: u64) -> Vec<Vec<u8>> {
    records(&Options {
        records: count,
        users: 500,
        seed: 7,
        ..Options::default()
    })
}

/// The first rule of the shipped pack alone, with its schema, its exclusions and their lists.
fn one_rule() -> tempfile::TempDir {
    let from = |name: &str| std::fs::read_to_string(pack().join(name)).unwrap();
    let both = "from aitm_token_replay, aitm_token_replay_strict";
    let exclusions = from("exclusions.trip");
    assert!(exclusions.contains(both), "exclusions of both rules");
    let one = folder(&[
        ("schema.trip", &from("schema.trip")),
        ("aitm-token-replay.trip", &from("aitm-token-replay.trip")),
        (
            "exclusions.trip",
            &exclusions.replace(both, "from aitm_token_replay"),
        ),
    ]);
    let lists: Vec<PathBuf> = std::fs::read_dir(pack().join("lists"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for list in lists {
        let name = format!("lists/{}", list.file_name().unwrap().display());
        put(one.path(), &name, &from(&name));
    }
    one
}

/// Mean instructions a record with the rules of a folder, once the module has warmed up.
fn mean(function: &str, rules: &Path) -> u64 {
    let stream: Vec<Vec<u8>> = stream(4_000)
        .into_iter()
        .map(|record| match function.ends_with("msgpack") {
            true => message_pack(&record).unwrap(),
            false => record,
        })
        .collect();
    // The rules, and a filter, so that the function that filters has something to do.
    let settings = format!("rules = [{:?}, \"f.trip\"]", rules.display().to_string());
    let filter = "filter noise { on signin  drop when result == 65001 }";
    let folder = folder(&[("tripline.toml", &settings), ("f.trip", filter)]);
    let accesses = [Access::to(folder.path()), Access::to(rules)];
    let mut instance = match function {
        "tripline_filter" => module().instantiate(&accesses).unwrap(),
        _ => instance(rules),
    };
    let mut sum = 0;
    for (at, record) in stream.iter().enumerate() {
        let outcome = call(&mut instance, function, record);
        assert!(!matches!(outcome, Outcome::Lost(_)), "{outcome:?}");
        if at >= 1_000 {
            sum += instance.fuel_used();
        }
    }
    sum / 3_000
}

/// What was reached, instructions a record, with the shipped pack and with its first rule alone: a change
/// that costs a tenth more must say why here.
const REACHED: [(&str, u64, u64); 4] = [
    ("tripline_annotate", 45_203, 38_709),
    ("tripline_detect", 48_368, 40_128),
    ("tripline_detect_msgpack", 43_884, 35_644),
    ("tripline_filter", 20_631, 20_631),
];

/// The module's bytes that were reached; the same holds for them.
const SIZE: usize = 2_424_792;

#[test]
fn a_record_costs_no_more_than_a_tenth_above_what_was_reached() {
    println!("module: {} bytes", bytes().len());
    let mut over = Vec::new();
    let one_rule = one_rule();
    let (whole, one) = (pack(), one_rule.path());
    for (function, with_all, with_one) in REACHED {
        for (name, rules, reached) in [
            ("the shipped pack", whole.as_path(), with_all),
            ("its first rule alone", one, with_one),
        ] {
            let mean = mean(function, rules);
            println!("{function}: {mean} instructions a record with {name}");
            if mean > reached * 11 / 10 {
                over.push(format!(
                    "{function}: {mean} with {name} where {reached} was reached"
                ));
            }
        }
    }
    if bytes().len() > SIZE * 11 / 10 {
        over.push(format!("{} bytes where {SIZE} were reached", bytes().len()));
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
}

/// Records of one piece of a stream that goes on and on.
const PIECE: u64 = 5_000;

/// How many records go through for [`memory_does_not_grow_once_the_module_has_warmed_up`]; a million
/// by `TRIPLINE_RECORDS=1000000`.
fn wanted() -> u64 {
    let given = std::env::var("TRIPLINE_RECORDS").ok();
    given.and_then(|n| n.parse().ok()).unwrap_or(200_000)
}

#[test]
fn memory_does_not_grow_once_the_module_has_warmed_up() {
    let functions = ["tripline_annotate", "tripline_detect_msgpack"];
    let mut instances = functions.map(|_| instance(&pack()));
    let pieces = (wanted() / PIECE).max(4);
    let mut sizes = Vec::new();
    for piece in 0..pieces {
        let defaults = Options::default();
        let records = records(&Options {
            records: PIECE,
            users: 500,
            seed: piece,
            start: defaults.start + i64::try_from(piece * 3_600_000_000_000).unwrap(),
            span: Duration::from_secs(3600),
            ..defaults
        });
        for record in &records {
            call(&mut instances[0], functions[0], record);
            call(
                &mut instances[1],
                functions[1],
                &message_pack(record).unwrap(),
            );
        }
        sizes.push([instances[0].memory_bytes(), instances[1].memory_bytes()]);
    }
    let warm = sizes[sizes.len() / 2];
    println!(
        "memory of {functions:?} over {} records: {warm:?} bytes",
        pieces * PIECE
    );
    let last = sizes.last().copied().unwrap_or(warm);
    println!("and at the end: {last:?} bytes");
    // A table that is rehashed late may still grow once; what grows with the records grows on.
    for (warm, last) in warm.iter().zip(last) {
        assert!(last <= warm + warm / 10, "it went on growing: {sizes:?}");
    }
}

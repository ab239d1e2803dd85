//! What a record costs in an interpreter, counted in instructions, and that memory does not grow.

use std::time::Duration;

use tripline_host::{Access, Outcome};
use tripline_samples::Options;

use crate::harness::{bytes, call, folder, instance, message_pack, module, pack, records};

/// Records of the size that the aims are stated for.
fn stream(count: u64) -> Vec<Vec<u8>> {
    records(&Options {
        records: count,
        users: 500,
        seed: 7,
        ..Options::default()
    })
}

/// Mean instructions a record, once the module has warmed up.
fn mean(function: &str) -> u64 {
    let stream: Vec<Vec<u8>> = stream(4_000)
        .into_iter()
        .map(|record| match function.ends_with("msgpack") {
            true => message_pack(&record).unwrap(),
            false => record,
        })
        .collect();
    // The shipped rules, and a filter, so that the function that filters has something to do.
    let pack = pack();
    let settings = format!("rules = [{:?}, \"f.trip\"]", pack.display().to_string());
    let filter = "filter noise { on signin  drop when result == 65001 }";
    let folder = folder(&[("tripline.toml", &settings), ("f.trip", filter)]);
    let accesses = [Access::to(folder.path()), Access::to(&pack)];
    let mut instance = match function {
        "tripline_filter" => module().instantiate(&accesses).unwrap(),
        _ => instance(&pack),
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

/// What was reached, instructions a record: a change that costs a tenth more must say why here.
const REACHED: [(&str, u64); 4] = [
    ("tripline_annotate", 47_239),
    ("tripline_detect", 49_340),
    ("tripline_detect_msgpack", 48_248),
    ("tripline_filter", 22_089),
];

#[test]
fn a_record_costs_no_more_than_a_tenth_above_what_was_reached() {
    println!("module: {} bytes", bytes().len());
    let mut over = Vec::new();
    for (function, reached) in REACHED {
        let mean = mean(function);
        println!("{function}: {mean} instructions a record");
        if mean > reached * 11 / 10 {
            over.push(format!("{function}: {mean} where {reached} was reached"));
        }
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

//! How fast records are read, beside what the same bytes cost other readers: run with
//! `cargo bench -p tripline-engine --bench record`. All run in one process over the same
//! generated records, interleaved; each line gives the best of its rounds.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "generated records are well formed"
)]

#[path = "../tests/message_pack/encoder.rs"]
mod encoder;

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Deserialize;
use sonic_rs::{JsonValueTrait, PointerTree};
use tripline_engine::record::{Paths, Slots, json, msgpack};
use tripline_lang::ast::PathStep;
use tripline_samples::{Options, Samples, Shape};

/// The paths of a rule that follows a session from an interactive sign-in to its tokens.
const WANTED: [&str; 15] = [
    "category",
    "Type",
    "properties.createdDateTime",
    "time",
    "TimeGenerated",
    "properties.id",
    "properties.userPrincipalName",
    "properties.ipAddress",
    "properties.autonomousSystemNumber",
    "properties.status.errorCode",
    "resultType",
    "properties.appId",
    "properties.userAgent",
    "properties.correlationId",
    "properties.sessionId",
];

/// The same fields for serde. Texts are borrowed; where one has escapes, reading it fails, which
/// is the fastest that serde can do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not used")]
struct Record<'a> {
    category: Option<&'a str>,
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
    time: Option<&'a str>,
    #[serde(rename = "TimeGenerated")]
    time_generated: Option<&'a str>,
    result_type: Option<&'a str>,
    #[serde(borrow)]
    properties: Option<Properties<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not used")]
struct Properties<'a> {
    created_date_time: Option<&'a str>,
    id: Option<&'a str>,
    user_principal_name: Option<&'a str>,
    ip_address: Option<&'a str>,
    autonomous_system_number: Option<i64>,
    status: Option<Status>,
    app_id: Option<&'a str>,
    user_agent: Option<&'a str>,
    correlation_id: Option<&'a str>,
    session_id: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, not used")]
struct Status {
    error_code: Option<i64>,
}

struct Runner<'a> {
    name: &'a str,
    run: Box<dyn FnMut() -> usize + 'a>,
    best: Duration,
    found: usize,
}

fn main() {
    let argument = |name: &str| {
        std::env::args()
            .skip_while(|argument| argument != name)
            .nth(1)
    };
    let number = |name: &str, default: usize| {
        argument(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (count, rounds) = (number("--records", 20_000), number("--rounds", 9));
    let only = argument("--only");

    let options = Options {
        records: count as u64,
        shape: Shape::Diagnostic,
        ..Options::default()
    };
    let mut file = Vec::new();
    for sample in Samples::new(&options) {
        file.extend_from_slice(sample.record.as_bytes());
        file.push(b'\n');
    }
    let lines: Vec<&[u8]> = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();

    let path = |text: &str| {
        text.split('.')
            .map(|step| PathStep::Key(step.to_owned()))
            .collect::<Vec<_>>()
    };
    let wanted = WANTED.map(path);
    let paths = Paths::new(&wanted, &[]);
    // `createdDateTime ?? time ?? TimeGenerated`, `errorCode ?? resultType`
    let settled_by: Vec<Vec<usize>> = (0..WANTED.len())
        .map(|slot| match slot {
            2 => vec![3, 4],
            3 => vec![4],
            9 => vec![10],
            _ => vec![],
        })
        .collect();
    let settling = Paths::new(&wanted, &settled_by);
    let mut tree = PointerTree::new();
    for text in WANTED {
        tree.add_path(text.split('.'));
    }

    let read_all = |paths: &Paths, slots: &mut Slots| {
        let mut found = 0;
        for line in &lines {
            json::read(line, paths, slots).expect("generated records are well formed");
            found += (0..paths.len())
                .filter(|slot| slots.get(*slot).is_some())
                .count();
        }
        found
    };
    let (mut slots, mut settling_slots) = (Slots::new(&paths), Slots::new(&settling));
    let packed: Vec<Vec<u8>> = lines
        .iter()
        .map(|line| encoder::shortest(&serde_json::from_slice(line).expect("is JSON")))
        .collect();
    let read_packed = |paths: &Paths, slots: &mut Slots| {
        let mut found = 0;
        for record in &packed {
            msgpack::read(record, paths, slots).expect("generated records are well formed");
            found += (0..paths.len())
                .filter(|slot| slots.get(*slot).is_some())
                .count();
        }
        found
    };
    // No record has it, so every value is stepped over.
    let absent = Paths::new(&[path("absent")], &[]);
    let (mut packed_slots, mut absent_slots) = (Slots::new(&paths), Slots::new(&absent));
    let mut runners = vec![
        runner("find line ends (memchr)", || {
            memchr::memchr_iter(b'\n', &file).count()
        }),
        runner("tripline, 15 paths", || read_all(&paths, &mut slots)),
        runner("tripline, 15 paths, alternatives settled", || {
            read_all(&settling, &mut settling_slots)
        }),
        runner("tripline, the same as MessagePack", || {
            read_packed(&paths, &mut packed_slots)
        }),
        runner("tripline, MessagePack, a path that is absent", || {
            read_packed(&absent, &mut absent_slots)
        }),
        runner("sonic-rs get_many_unchecked", || {
            let mut found = 0;
            for line in &lines {
                // SAFETY: the lines are the JSON texts that were generated above.
                #[allow(
                    unsafe_code,
                    reason = "the floor to compare with is an unsafe function"
                )]
                let values = unsafe { sonic_rs::get_many_unchecked(*line, &tree) };
                let values = values.expect("generated records are well formed");
                found += values
                    .iter()
                    .flatten()
                    .filter(|value| !value.is_null())
                    .count();
            }
            found
        }),
        runner("serde_json into a borrowed struct", || {
            lines
                .iter()
                .filter(|line| {
                    serde_json::from_slice::<Record>(line)
                        .map(black_box)
                        .is_ok()
                })
                .count()
        }),
        runner("serde_json to Value", || {
            lines
                .iter()
                .filter(|line| {
                    serde_json::from_slice::<serde_json::Value>(line)
                        .map(black_box)
                        .is_ok()
                })
                .count()
        }),
    ];
    runners.retain(|runner| {
        only.as_deref()
            .is_none_or(|only| runner.name.contains(only))
    });

    for _ in 0..rounds {
        for runner in &mut runners {
            let started = Instant::now();
            runner.found = black_box((runner.run)());
            runner.best = runner.best.min(started.elapsed());
        }
    }
    println!(
        "{} records of {} bytes on average, {} as MessagePack",
        lines.len(),
        file.len() / lines.len(),
        packed.iter().map(Vec::len).sum::<usize>() / lines.len()
    );
    let ours = runners
        .iter()
        .find(|runner| runner.name.contains("tripline"))
        .map(|runner| runner.best);
    for runner in &runners {
        let seconds = runner.best.as_secs_f64();
        println!(
            "{:<44} {:>11.0} records/s {:>7.2} GB/s of JSON {:>7.1} ns/record {:>6.2} x ours  (found {})",
            runner.name,
            lines.len() as f64 / seconds,
            file.len() as f64 / seconds / 1e9,
            seconds * 1e9 / lines.len() as f64,
            ours.map_or(f64::NAN, |ours| seconds / ours.as_secs_f64()),
            runner.found,
        );
    }
}

fn runner<'a>(name: &'a str, run: impl FnMut() -> usize + 'a) -> Runner<'a> {
    Runner {
        name,
        run: Box::new(run),
        best: Duration::MAX,
        found: 0,
    }
}

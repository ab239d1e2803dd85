//! How fast records become detections, beside the floors of the same bytes: run with
//! `cargo bench -p tripline-engine --bench engine [-- --records 60000 --rounds 5]`. Everything runs
//! in one process over the same generated sign-ins, interleaved; each line gives the best of its
//! rounds. The next lines are about growth: rules that share a schema, and users; the last ones about
//! snapshots of the state that those records leave.

#![allow(
    clippy::panic,
    reason = "a benchmark whose rules are wrong must not run"
)]

#[path = "../tests/shipped/mod.rs"]
mod shipped;

use std::hint::black_box;
use std::time::{Duration, Instant};

use shipped::{Count, today, token_replay};
use tripline_engine::{
    Batch, Emission, Engine, EventFields, Options, RuleSet, Scanner, SnapshotProgress,
};
use tripline_samples::{Options as SampleOptions, Samples, Shape};

struct Runner<'a> {
    name: String,
    run: Box<dyn FnMut() -> usize + 'a>,
    best: Duration,
    found: usize,
    records: usize,
    bytes: usize,
}

/// The shipped rule and others that share its schema, each with an application of its own.
fn many(count: usize) -> RuleSet {
    let mut texts = Vec::new();
    for at in 1..count {
        let text = format!(
            r#"rule r{at} {{
                meta {{ id = "00000000-0000-4000-8000-{at:012}" }}
                sequence by user within 10m {{
                    login = last signin where interactive and result == 0 and app_id == "app-{at}"
                    token = signin where not interactive and result == 0 and app_id == "app-{at}"
                        and token.ip != login.ip
                }}
            }}"#
        );
        texts.push((format!("r{at}.trip"), text));
    }
    token_replay(EventFields::Used, &texts)
}

fn file(users: u32, records: usize) -> Vec<u8> {
    let options = SampleOptions {
        records: records as u64,
        users,
        shape: Shape::Diagnostic,
        ..SampleOptions::default()
    };
    let mut file = Vec::new();
    for sample in Samples::new(&options) {
        file.extend_from_slice(sample.record.as_bytes());
        file.push(b'\n');
    }
    file
}

fn lines(file: &[u8]) -> Vec<&[u8]> {
    file.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect()
}

fn detect(rules: &RuleSet, emission: Emission, lines: &[&[u8]]) -> usize {
    let mut engine = Engine::new(
        rules.clone(),
        Options {
            emission,
            ..Options::new(today())
        },
    );
    let mut sink = Count::default();
    for line in lines {
        engine.push(line, &mut sink);
    }
    engine.finish(&mut sink);
    sink.0
}

/// What a snapshot of the state after these records costs, whole and in steps between records.
fn snapshots(name: &str, rules: &RuleSet, lines: &[&[u8]], rounds: usize) {
    let options = Options {
        // So that everything is retained.
        lateness: Duration::from_secs(48 * 3600),
        ..Options::new(today())
    };
    let mut sink = Count::default();
    let mut best = [Duration::MAX; 5];
    let (mut size, mut retained) = (0, 0.0);
    let mut note = |at: usize, took: Duration| {
        if let Some(best) = best.get_mut(at) {
            *best = took.min(*best);
        }
    };
    let Some((before, after)) = lines.split_at_checked(lines.len() * 9 / 10) else {
        return;
    };
    for _ in 0..rounds {
        let mut engine = Engine::new(rules.clone(), options.clone());
        let started = Instant::now();
        for line in before {
            engine.push(line, &mut sink);
        }
        note(
            0,
            started.elapsed() / u32::try_from(before.len()).unwrap_or(1),
        );
        retained = engine.stats().retained_events as f64;
        let started = Instant::now();
        let bytes = black_box(engine.snapshot());
        note(1, started.elapsed());
        size = bytes.len();
        let mut restored = Engine::new(rules.clone(), options.clone());
        let started = Instant::now();
        if restored.restore(&bytes, &mut sink).is_err() {
            panic!("a snapshot is restored");
        }
        note(2, started.elapsed());
        // The longest step of each round, ten records between two steps.
        let started = Instant::now();
        engine.begin_snapshot();
        let begin = started.elapsed();
        note(3, begin);
        let (mut records, mut out, mut longest) = (after.iter().cycle(), Vec::new(), begin);
        loop {
            let started = Instant::now();
            out.clear();
            let progress = engine.continue_snapshot(64 << 10, &mut out);
            longest = longest.max(started.elapsed());
            if progress != SnapshotProgress::InProgress {
                break;
            }
            for line in records.by_ref().take(10) {
                engine.push(line, &mut sink);
            }
        }
        note(4, longest);
    }
    let [push, whole, restore, begin, longest] = best.map(|took| took.as_secs_f64() * 1e9);
    println!(
        "{name}: {retained} events retained, {:.0} bytes an event, {:.0} ns an event to write ({:.3} of a record), {:.0} ns to restore, {:.0} us to begin, {:.0} us the longest step of 64 KiB",
        size as f64 / retained,
        whole / retained,
        whole / retained / push,
        restore / retained,
        begin / 1e3,
        longest / 1e3,
    );
}

fn runner<'a>(name: String, lines: &[&[u8]], run: Box<dyn FnMut() -> usize + 'a>) -> Runner<'a> {
    let bytes = lines.iter().map(|line| line.len() + 1).sum();
    Runner {
        name,
        run,
        best: Duration::MAX,
        found: 0,
        records: lines.len(),
        bytes,
    }
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
    let (count, rounds) = (number("--records", 60_000), number("--rounds", 5));
    let only = argument("--only");

    let day = file(1_500, count);
    let day_lines = lines(&day);
    let (used, declared) = (
        token_replay(EventFields::Used, &[]),
        token_replay(EventFields::Declared, &[]),
    );
    let many: Vec<(usize, RuleSet)> = [10, 100].map(|count| (count, many(count))).into();
    let crowds: Vec<(u32, Vec<u8>)> = [1_000, 100_000]
        .map(|users| (users, file(users, count)))
        .into();

    let crowd_lines: Vec<(u32, Vec<&[u8]>)> = crowds
        .iter()
        .map(|(users, file)| (*users, lines(file)))
        .collect();

    let mut runners: Vec<Runner<'_>> = Vec::new();
    runners.push(runner(
        "floor: find line ends".into(),
        &day_lines,
        Box::new(|| memchr::memchr_iter(b'\n', &day).count()),
    ));
    let (scan_rules, scan_lines) = (used.clone(), &day_lines);
    runners.push(runner(
        "scan only, 1 rule".into(),
        &day_lines,
        Box::new(move || {
            let (mut scanner, mut batch) = (Scanner::new(&scan_rules), Batch::default());
            for line in scan_lines {
                if batch.len() == 256 {
                    batch.clear();
                }
                scanner.scan(line, &mut batch);
            }
            batch.len()
        }),
    ));
    for (name, rules, emission) in [
        (
            "records to detections, 1 rule, final",
            &used,
            Emission::Final,
        ),
        (
            "records to detections, 1 rule, early",
            &used,
            Emission::Early,
        ),
        (
            "records to detections, 1 rule, all declared fields",
            &declared,
            Emission::Final,
        ),
    ] {
        let lines = &day_lines;
        runners.push(runner(
            name.into(),
            lines,
            Box::new(move || detect(rules, emission, lines)),
        ));
    }
    for (rules, set) in &many {
        let lines = &day_lines;
        runners.push(runner(
            format!("records to detections, {rules} rules, final"),
            lines,
            Box::new(move || detect(set, Emission::Final, lines)),
        ));
    }
    for (users, lines) in &crowd_lines {
        let set = &used;
        runners.push(runner(
            format!("records to detections, 1 rule, {users} users"),
            lines,
            Box::new(move || detect(set, Emission::Final, lines)),
        ));
    }
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
        "{count} records of {} bytes on average",
        day.len() / count.max(1)
    );
    let base = runners
        .iter()
        .find(|runner| runner.name.contains("1 rule, final"));
    let base = base.map_or(1.0, |runner| {
        runner.best.as_secs_f64() / runner.records as f64
    });
    for runner in &runners {
        let seconds = runner.best.as_secs_f64();
        let each = seconds / runner.records as f64;
        println!(
            "{:<52} {:>9.0} records/s {:>7.2} GB/s {:>8.0} ns/record {:>6.2} x one rule  (found {})",
            runner.name,
            1.0 / each,
            runner.bytes as f64 / seconds / 1e9,
            each * 1e9,
            each / base,
            runner.found,
        );
    }
    for (users, lines) in &crowd_lines {
        snapshots(&format!("snapshot, {users} users"), &used, lines, rounds);
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!(
            "peak memory of the whole benchmark, its records included: {}",
            peak.unwrap_or("unknown")
        );
    }
}

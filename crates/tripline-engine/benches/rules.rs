//! What rule sets cost before and at the first record: run with
//! `cargo bench -p tripline-engine --bench rules`. Prints the time to check and compile a thousand
//! rules, to load lists of a million entries and tables of a million rows, and what a test against such
//! a list and a lookup in such a table add to a record.

#![allow(
    clippy::panic,
    reason = "a benchmark whose rules are wrong must not run"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Batch, EventFields, RuleSet, Scanner};

const SCHEMA: &str = r#"
schema signin {
  accept present(.time)
  time : timestamp = .time
  user : string    = .user
  ip   : ip        = .ip
}
"#;

fn load(texts: Vec<(String, String)>) -> (Duration, RuleSet) {
    let started = Instant::now();
    let mut sources = SourceSet::from_texts(texts);
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    let checking = lang::check(&mut sources, today);
    match checking.checked {
        Some(checked) => {
            let rules = RuleSet::compile(&checked, EventFields::Used);
            (started.elapsed(), rules)
        }
        None => panic!("the rules check: {:#?}", checking.diagnostics),
    }
}

/// A rule that tests each record against a list of a million entries.
fn with_list(ty: &str, condition: &str, entry: impl Fn(u32) -> String) -> (Duration, RuleSet) {
    let mut list = String::new();
    for at in 0..1_000_000 {
        list.push_str(&entry(at));
        list.push('\n');
    }
    let rule = format!(
        "{SCHEMA} list big : {ty} = file \"big.txt\" rule r {{ match {{ e = signin where {condition} }} }}"
    );
    load(vec![("r.trip".into(), rule), ("big.txt".into(), list)])
}

/// A rule that looks each record up in a table of a million rows, in CSV or NDJSON.
fn with_table(columns: &str, condition: &str, row: impl Fn(u32) -> String) -> (Duration, RuleSet) {
    let mut table = format!("{columns}\n");
    for at in 0..1_000_000 {
        table.push_str(&row(at));
        table.push('\n');
    }
    let rule = format!(
        "{SCHEMA} table big = file \"big\" key upn nocase rule r {{ match {{ e = signin where {condition} }} }}"
    );
    load(vec![("r.trip".into(), rule), ("big".into(), table)])
}

/// Nanoseconds a record.
fn scan(rules: &RuleSet, records: &[String]) -> f64 {
    let (mut scanner, mut batch) = (Scanner::new(rules), Batch::default());
    let mut best = Duration::MAX;
    for _ in 0..9 {
        let started = Instant::now();
        for record in records {
            batch.clear();
            scanner.scan(record.as_bytes(), &mut batch);
            black_box(batch.len());
        }
        best = best.min(started.elapsed());
    }
    best.as_secs_f64() * 1e9 / records.len() as f64
}

fn main() {
    let mut text = SCHEMA.to_owned();
    for at in 0..1_000 {
        let _ = write!(
            text,
            r#"rule r{at} {{
                meta {{ id = "00000000-0000-4000-8000-{at:012}" title = "rule {at}" severity = low }}
                sequence by user within 10m {{
                    first = last signin where user starts_with "u{at}" and user matches /^u{at}[a-z]+/
                    second = signin where user == "u{at}" and present(first.ip) and second.ip != first.ip
                }}
                emit {{ user from = first.ip }}
            }}"#
        );
    }
    let (time, rules) = load(vec![("rules.trip".into(), text)]);
    println!(
        "check and compile {} rules: {:.2} s",
        rules.rules().len(),
        time.as_secs_f64()
    );

    let records: Vec<String> = (0..20_000u32)
        .map(|at| {
            let ip = std::net::Ipv4Addr::from(at.wrapping_mul(2_654_435_761));
            format!(r#"{{"time": "2026-03-02T10:00:00Z", "user": "user{at}@example.org", "ip": "{ip}"}}"#)
        })
        .collect();
    let none =
        format!("{SCHEMA} rule r {{ match {{ e = signin where missing(user) or missing(ip) }} }}");
    let (_, none) = load(vec![("r.trip".into(), none)]);
    let base = scan(&none, &records);
    for (name, (time, rules)) in [
        (
            "address ranges",
            with_list("cidr", "missing(user) or ip in big", |at| {
                let network = std::net::Ipv4Addr::from(at << 12);
                format!("{network}/24")
            }),
        ),
        (
            "texts without case",
            with_list("string nocase", "missing(ip) or user in big", |at| {
                format!("user{}@example.org", at * 2)
            }),
        ),
    ] {
        println!(
            "a million {name}: loaded in {:.2} s; a test adds {:.0} ns to the {base:.0} ns of a small record",
            time.as_secs_f64(),
            scan(&rules, &records) - base,
        );
    }
    // The records of `none` read the user as well.
    let user = format!("{SCHEMA} rule r {{ match {{ e = signin where missing(user) }} }}");
    let (_, user) = load(vec![("r.trip".into(), user)]);
    let base = scan(&user, &records);
    let csv = |at: u32| {
        format!(
            "user{}@example.org,tier {},{at},\"team, {}\"",
            at * 2,
            at % 5,
            at % 100
        )
    };
    let ndjson = |at: u32| {
        let (user, tier, team) = (at * 2, at % 5, at % 100);
        format!(
            r#"{{"upn": "user{user}@example.org", "tier": "tier {tier}", "limit": {at}, "team": "team, {team}"}}"#
        )
    };
    const COLUMNS: &str = "upn,tier,limit,team";
    for (name, condition, csv_too) in [
        ("a text", "lookup(big, user).tier == \"none\"", true),
        ("a number", "lookup(big, user).limit < 0", true),
        (
            "whether there is a row",
            "present(lookup(big, user)) and missing(user)",
            false,
        ),
    ] {
        let formats: [(&str, (Duration, RuleSet)); 2] = [
            ("CSV", with_table(COLUMNS, condition, csv)),
            ("NDJSON", with_table("", condition, ndjson)),
        ];
        for (format, (time, rules)) in formats.iter().take(1 + usize::from(csv_too)) {
            println!(
                "a million rows of {format}: loaded in {:.2} s; looking up {name} adds {:.0} ns to the {base:.0} ns of a small record",
                time.as_secs_f64(),
                scan(rules, &records) - base,
            );
        }
    }
}

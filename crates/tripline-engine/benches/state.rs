//! What the state costs: run with `cargo bench -p tripline-engine --bench state [-- --most 10000000]`.
//!
//! First bytes a retained event, by an allocator that counts what is asked of it, beside what the engine
//! accounts for. Then the cost of a record from a thousand users to `--most`, each user with one retained
//! event, in streams that have been going on for longer than events are retained: as many expire as
//! come; ten million take 1.8 GB. Every number of users is measured in turn with a thousand of them, a piece each.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark whose rules or records are wrong must not run"
)]

#[path = "../tests/crowd/mod.rs"]
mod crowd;
#[path = "../tests/shipped/mod.rs"]
mod shipped;

use std::time::{Duration, Instant};

use crowd::Crowd;
use peak_alloc::PeakAlloc;
use shipped::{Count, today, token_replay};
use tripline_engine::{Emission, Engine, EventFields, Options, RuleSet};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// How long the rule's earlier events are retained: its window and the lateness.
const RETAINED: Duration = Duration::from_secs(40 * 60);

/// Records that are made, then pushed, at once: little enough to stay in the cache.
const PIECE: usize = 64;

/// An engine and the stream that it is fed with.
struct Stream {
    engine: Engine,
    crowd: Crowd,
    records: Vec<u8>,
    lengths: Vec<usize>,
    sink: Count,
}

impl Stream {
    fn new(rules: &RuleSet, emission: Emission, crowd: Crowd) -> Stream {
        let options = Options {
            emission,
            max_state: usize::MAX,
            ..Options::new(today())
        };
        Stream {
            engine: Engine::new(rules.clone(), options),
            crowd,
            records: Vec::new(),
            lengths: Vec::new(),
            sink: Count::default(),
        }
    }

    /// Pushes so many records; how long that took without making them.
    fn push(&mut self, count: u64) -> Duration {
        let (mut left, mut took) = (usize::try_from(count).unwrap(), Duration::ZERO);
        while left > 0 {
            let piece = left.min(PIECE);
            left -= piece;
            self.records.clear();
            self.lengths.clear();
            for _ in 0..piece {
                self.lengths.push(self.crowd.write(&mut self.records));
            }
            let started = Instant::now();
            let mut at = 0;
            for length in &self.lengths {
                self.engine
                    .push(&self.records[at..at + length], &mut self.sink);
                at += length;
            }
            took += started.elapsed();
        }
        took
    }
}

/// Bytes a retained event, with so many of them for each user.
fn bytes(rules: &RuleSet, emission: Emission, events_a_user: u64, interactive: u64) {
    let events = 200_000;
    let crowd = Crowd::new(events / events_a_user + 1, events, RETAINED, interactive);
    let mut stream = Stream::new(rules, emission, crowd);
    stream.push(1);
    stream.records.reserve(PIECE * 4096);
    let before = ALLOCATOR.current_usage();
    stream.push(events * 2);
    let stats = stream.engine.stats();
    let retained = stats.retained_events as f64;
    println!(
        "{emission:?}, {events_a_user} events a user, {:.0} % interactive: {retained} retained, {:.0} bytes an event, {:.0} accounted for",
        100.0 / interactive as f64,
        (ALLOCATOR.current_usage() - before) as f64 / retained,
        stats.state_bytes as f64 / retained,
    );
}

fn main() {
    let argument = |name: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1)
    };
    let most: u64 = argument("--most").map_or(10_000_000, |most| most.parse().unwrap());
    let rules = token_replay(EventFields::Used, &[]);
    for events_a_user in [1, 10, 100] {
        for (emission, interactive) in [
            (Emission::Early, 1),
            (Emission::Early, 7),
            (Emission::Final, 7),
        ] {
            bytes(&rules, emission, events_a_user, interactive);
        }
    }
    let stream = |users: u64| {
        let crowd = Crowd::new(users, users, RETAINED, 1);
        let mut stream = Stream::new(&rules, Emission::Early, crowd);
        stream.push(users + users / 10);
        stream
    };
    let mut users = 1_000;
    while users <= most {
        let (mut few, mut many) = (stream(1_000), stream(users));
        few.push(100_000);
        let (mut of_few, mut of_many) = (Duration::MAX, Duration::MAX);
        let mut ratios = Vec::new();
        for _ in 0..9 {
            let (one, other) = (few.push(100_000), many.push(100_000));
            ratios.push(other.as_secs_f64() / one.as_secs_f64());
            (of_few, of_many) = (of_few.min(one), of_many.min(other));
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{users:>9} users: {:>6.0} ns a record, {:.2} of a thousand users ({:.2} in the median round), {} events retained, {:.0} MB",
            of_many.as_nanos() as f64 / 1e5,
            of_many.as_secs_f64() / of_few.as_secs_f64(),
            ratios[ratios.len() / 2],
            many.engine.stats().retained_events,
            ALLOCATOR.current_usage_as_mb(),
        );
        users *= 10;
    }
}

//! The state takes in memory what the engine accounts for, so that its limit is a limit of memory. One
//! test alone in its process: the allocator counts for all.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may state what it knows"
)]

mod crowd;
mod shipped;

use std::time::Duration;

use crowd::Crowd;
use peak_alloc::PeakAlloc;
use shipped::{Count, today, token_replay};
use tripline_engine::{Emission, Engine, EventFields, Options};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

#[test]
fn the_state_takes_the_memory_that_is_accounted_for() {
    let rules = token_replay(EventFields::Used, &[]);
    // Each user with one event, and with many; early and final.
    for (users, emission) in [
        (20_000, Emission::Early),
        (200, Emission::Early),
        (20_000, Emission::Final),
        (200, Emission::Final),
    ] {
        let options = Options {
            emission,
            ..Options::new(today())
        };
        let mut engine = Engine::new(rules.clone(), options);
        let mut crowd = Crowd::new(users, 20_000, Duration::from_secs(40 * 60), 7);
        let mut record = Vec::new();
        let mut sink = Count::default();
        let mut push = |engine: &mut Engine| {
            record.clear();
            crowd.write(&mut record);
            engine.push(&record, &mut sink);
        };
        push(&mut engine);
        let before = ALLOCATOR.current_usage();
        for _ in 0..40_000 {
            push(&mut engine);
        }
        let (stats, taken) = (engine.stats(), ALLOCATOR.current_usage() - before);
        let what = format!("{users} users, {emission:?}: {stats:?}");
        assert!(stats.retained_events > 10_000, "{what}");
        // Tables grow by doubling, so at one instant they may be half empty.
        let ratio = taken as f64 / stats.state_bytes as f64;
        assert!(
            (0.8..1.3).contains(&ratio),
            "{taken} bytes were taken, {ratio:.2} of what is accounted for; {what}"
        );
        let each = taken as f64 / stats.retained_events as f64;
        assert!(each < 280.0, "{each:.0} bytes an event; {what}");
        engine.finish(&mut sink);
    }
}

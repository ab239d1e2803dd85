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
use shipped::{Count, compiled, today, token_replay};
use tripline_engine::{Emission, Engine, EventFields, Options};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

#[test]
fn the_state_takes_the_memory_that_is_accounted_for() {
    users_with_few_and_many_events();
    long_values_that_are_added_up();
}

fn users_with_few_and_many_events() {
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

/// Whoever sends values that are distinct for ever makes them long.
fn long_values_that_are_added_up() {
    let rule = "schema s { accept true  time : timestamp = .time  id : string = .id
          user : string = .user  value : string = .value }
        rule r { count by user within 1h {
          f = s
          having distinct(f.value) > 4000 and len(values(f.value)) > 2 and max(f.value) != min(f.value)
        } }";
    let rules = compiled([("r.trip", rule)], EventFields::Used);
    for emission in [Emission::Early, Emission::Final] {
        let options = Options {
            emission,
            lateness: Duration::from_secs(1),
            ..Options::new(today())
        };
        let mut engine = Engine::new(rules.clone(), options);
        let mut sink = Count::default();
        let mut push = |engine: &mut Engine, id: usize| {
            let time = 1_800_000_000_000 + id;
            let record = format!(r#"{{"id":"{id}","time":{time},"user":"u","value":"{id:0600}"}}"#);
            engine.push(record.as_bytes(), &mut sink);
        };
        push(&mut engine, 0);
        let before = ALLOCATOR.current_usage();
        for id in 1..4_000 {
            push(&mut engine, id);
        }
        let (stats, taken) = (engine.stats(), ALLOCATOR.current_usage() - before);
        let ratio = taken as f64 / stats.state_bytes as f64;
        assert!(
            (0.8..1.3).contains(&ratio),
            "{taken} bytes were taken, {ratio:.2} of what is accounted for; {emission:?}: {stats:?}"
        );
    }
}

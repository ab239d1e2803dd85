//! The promises about reload: the state of every rule that still looks for the same goes on, another
//! text or not; what a changed rule waited for is said before it goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod model;

use std::sync::LazyLock;

use proptest::prelude::*;
use tripline_engine::{
    Emission, Engine, EventFields, RuleFate, RuleOutcome, RuleSet, SnapshotProgress,
};

use model::{
    CASES, Collected, Event, all_cases, arrival, cases, engine, events, rules, rules_with, today,
};

fn event(id: usize, time: i64, interactive: bool, ip: u8) -> String {
    let event = Event {
        id,
        time,
        user: Some(1),
        interactive,
        ip: Some(ip),
    };
    event.record()
}

fn fates(reloaded: &tripline_engine::Reloaded) -> Vec<(&str, RuleFate, u64)> {
    let rules = reloaded.rules.iter();
    rules
        .map(|rule| (rule.name.as_str(), rule.fate, rule.events))
        .collect()
}

/// The same rules, and the same with another one in front, which moves every index; and both
/// with other fields kept and shown.
static SETS: LazyLock<[RuleSet; 5]> = LazyLock::new(|| {
    let text = all_cases();
    let front = r#"rule front { match { e = signin where ip == "198.51.100.1" } }"#;
    let more = format!("{front}\n{text}");
    [
        rules(&text),
        rules(&text),
        rules(&more),
        rules_with(&text, EventFields::Declared),
        rules_with(&more, EventFields::Declared),
    ]
});

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn reloading_rules_that_look_for_the_same_changes_nothing(
        early in any::<bool>(),
        events in events(),
        delays in proptest::collection::vec(any::<u8>(), 24),
        lateness in 0i64..30,
        later in 0i64..10,
        points in proptest::collection::vec(0usize..24, 0..4),
        first in any::<bool>(),
        declared in any::<bool>(),
    ) {
        let emission = if early { Emission::Early } else { Emission::Final };
        let old = &SETS[0];
        let new = &SETS[1 + usize::from(first) + 2 * usize::from(declared)];
        let mut whole = engine(old, emission, lateness as u64);
        let mut reloaded = engine(old, emission, lateness as u64);
        let (mut expected, mut got) = (Collected::default(), Collected::default());
        for (at, event) in arrival(&events, &delays, lateness + later).into_iter().enumerate() {
            for point in points.iter().filter(|point| **point == at) {
                let set = if point % 2 == 0 { new } else { old };
                let told = reloaded.reload(set.clone(), &mut got);
                let kept = |rule: &RuleOutcome| rule.fate == RuleFate::Kept || rule.name == "front";
                prop_assert!(told.rules.iter().all(kept));
            }
            let record = events[event].record();
            whole.push(record.as_bytes(), &mut expected);
            reloaded.push(record.as_bytes(), &mut got);
        }
        whole.finish(&mut expected);
        reloaded.finish(&mut got);
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(reloaded.stats().records, whole.stats().records);
        let counters = |engine: &Engine| -> Vec<_> {
            let rules = engine.stats().rules.iter();
            rules.filter(|rule| rule.name != "front").cloned().collect()
        };
        prop_assert_eq!(counters(&reloaded), counters(&whole));
    }
}

#[test]
fn an_exclusion_and_an_emit_that_are_added_apply_to_the_state_there_is() {
    let old = rules(CASES[0].text);
    let text = r#"rule r { sequence by user within 10s {
          login = last signin where interactive
          token = signin where not interactive and token.ip != login.ip
        }
        emit { kind = login.interactive } }
        exclude "one" from r { when login.ip == "192.0.2.1" }
        exclude "nine" from r { when token.ip == "192.0.2.3" }"#;
    let mut engine = engine(&old, Emission::Final, 0);
    let mut sink = Collected::default();
    engine.push(event(0, 0, true, 1).as_bytes(), &mut sink);
    let reloaded = engine.reload(rules(text), &mut sink);
    assert_eq!(fates(&reloaded), [("r", RuleFate::Kept, 1)]);
    assert!(!reloaded.snapshot_cancelled);
    engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
    engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
    engine.finish(&mut sink);
    assert_eq!(sink.found.len(), 1);
    assert_eq!((&sink.found[0].2, sink.found[0].3), (&vec![0, 1], true));
    let stats = &engine.stats().rules[0];
    assert_eq!(
        stats.exclusions,
        [("one".to_owned(), 1), ("nine".to_owned(), 0)]
    );
    assert_eq!(stats.steps[0].1, 1);
    assert_eq!(engine.stats().records.duplicate, 1);
}

#[test]
fn a_rule_with_another_window_begins_anew_after_saying_what_it_waited_for() {
    for emission in [Emission::Final, Emission::Early] {
        let old = rules(CASES[0].text);
        let new = rules(&CASES[0].text.replace("within 10s", "within 11s"));
        let mut engine = engine(&old, emission, 60);
        let mut sink = Collected::default();
        engine.push(event(0, 0, true, 1).as_bytes(), &mut sink);
        engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
        // Suppressed: told when it is settled.
        engine.push(event(2, 2, false, 3).as_bytes(), &mut sink);
        let reloaded = engine.reload(new, &mut sink);
        assert_eq!(fates(&reloaded), [("r", RuleFate::Changed, 3)]);
        let mut found: Vec<_> = sink
            .found
            .iter()
            .map(|one| (one.2.clone(), one.3))
            .collect();
        found.sort();
        assert_eq!(found, [(vec![0, 1], false), (vec![0, 2], true)]);
        assert_eq!(engine.stats().retained_events, 0);
        assert_eq!(engine.stats().evicted, 0);
        // What was known is still known, so nothing is given twice.
        engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
        engine.push(event(0, 0, true, 1).as_bytes(), &mut sink);
        engine.finish(&mut sink);
        assert_eq!(sink.found.len(), 2);
        assert_eq!(engine.stats().records.duplicate, 2);
        assert_eq!(
            engine.stats().rules[0].detections,
            1,
            "counted under its id"
        );
    }
}

#[test]
fn a_rule_that_is_gone_says_what_it_waited_for_and_a_new_one_begins() {
    let mut engine = engine(&rules(CASES[4].text), Emission::Final, 60);
    let mut sink = Collected::default();
    engine.push(event(0, 0, false, 1).as_bytes(), &mut sink);
    let other = CASES[0]
        .text
        .replace("rule r ", "rule s ")
        .replace("from r ", "from s ");
    let reloaded = engine.reload(rules(&other), &mut sink);
    assert_eq!(
        fates(&reloaded),
        [("s", RuleFate::New, 0), ("r", RuleFate::Gone, 0)]
    );
    assert_eq!(sink.found.len(), 1);
    assert_eq!(engine.stats().rules.len(), 1);
    assert_eq!(engine.stats().rules[0].detections, 0);
}

#[test]
fn a_snapshot_in_progress_is_given_up_by_a_reload_and_can_be_begun_again() {
    let set = rules(&all_cases());
    let mut engine = engine(&set, Emission::Final, 60);
    let mut sink = Collected::default();
    for id in 0..30 {
        engine.push(event(id, id as i64, id % 3 == 0, 1).as_bytes(), &mut sink);
    }
    let mut bytes = Vec::new();
    engine.begin_snapshot();
    engine.continue_snapshot(64, &mut bytes);
    assert!(engine.reload(set.clone(), &mut sink).snapshot_cancelled);
    assert_eq!(
        engine.continue_snapshot(64, &mut bytes),
        SnapshotProgress::None
    );
    let bytes = engine.snapshot();
    assert!(engine.restore(&bytes, &mut sink).is_ok());
}

#[test]
fn an_exclusion_expires_while_an_engine_runs() {
    let text = CASES[4]
        .text
        .replace("when e.ip", "expires 2026-01-01 when e.ip");
    let mut engine = engine(&rules(&text), Emission::Early, 60);
    let mut sink = Collected::default();
    engine.push(event(0, 0, false, 3).as_bytes(), &mut sink);
    engine.set_today(today().succ_opt().unwrap());
    engine.push(event(1, 1, false, 3).as_bytes(), &mut sink);
    let suppressed: Vec<bool> = sink.found.iter().map(|found| found.3).collect();
    assert_eq!(suppressed, [true, false]);
}

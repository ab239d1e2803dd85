//! The promises about snapshots: an engine restored from one goes on as if it had never been
//! interrupted, whatever came while the snapshot was written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod model;

use std::time::Duration;

use proptest::prelude::*;
use tripline_engine::{
    Emission, Engine, EventFields, Options, RuleFate, RuleSet, SnapshotProgress,
};

use model::{
    Collected, Event, LAST, RULES, affordable, all, arrival, cases, compiled, each, engine, events,
    rules, sample, sampled, sampled_with, today,
};

/// What a run gave from a record on.
fn since(collected: &Collected, given: usize, fates: usize) -> Collected {
    Collected {
        given: collected.given[given..].to_vec(),
        fates: collected.fates[fates..].to_vec(),
    }
}

/// Pushes all records, with a snapshot begun after `cut` of them and written in pieces of `budgets`
/// between those that follow; an engine restored from it must go on in the same way.
fn interrupted(
    rules: &RuleSet,
    emission: Emission,
    lateness: u64,
    records: &[String],
    cut: usize,
    budgets: &[usize],
) -> Result<(), TestCaseError> {
    let mut whole = engine(rules, emission, lateness);
    let mut expected = Collected::default();
    let mut reference = engine(rules, emission, lateness);
    let mut undisturbed = Collected::default();
    let mut budgets = budgets.iter().copied().cycle();
    let mut bytes = Vec::new();
    let mut at_cut = (0, 0);
    for (at, record) in records.iter().enumerate() {
        if at == cut {
            whole.begin_snapshot();
            at_cut = (expected.given.len(), expected.fates.len());
        }
        if at >= cut {
            let budget = budgets.next().unwrap_or(1);
            if budget > 0 {
                whole.continue_snapshot(budget, &mut bytes);
            }
        }
        whole.push(record.as_bytes(), &mut expected);
        reference.push(record.as_bytes(), &mut undisturbed);
    }
    if cut >= records.len() {
        whole.begin_snapshot();
        at_cut = (expected.given.len(), expected.fates.len());
    }
    whole.finish(&mut expected);
    reference.finish(&mut undisturbed);
    while whole.continue_snapshot(budgets.next().unwrap_or(1), &mut bytes)
        == SnapshotProgress::InProgress
    {}
    prop_assert_eq!(&expected, &undisturbed, "a snapshot changes nothing");

    let mut restored = engine(rules, emission, lateness);
    let mut got = Collected::default();
    let told = restored.restore(&bytes, &mut got);
    let told = told.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert!(told.rules.iter().all(|rule| rule.fate == RuleFate::Kept));
    for record in records.iter().skip(cut) {
        restored.push(record.as_bytes(), &mut got);
    }
    restored.finish(&mut got);
    prop_assert_eq!(&got, &since(&expected, at_cut.0, at_cut.1));
    let (one, other) = (restored.stats(), whole.stats());
    prop_assert_eq!(one.records, other.records);
    prop_assert_eq!(&one.rules, &other.rules);
    prop_assert_eq!(&one.schemas, &other.schemas);
    prop_assert_eq!(one.watermark, other.watermark);
    prop_assert_eq!(one.retained_events, 0);
    Ok(())
}

fn emissions() -> impl Strategy<Value = Emission> {
    prop_oneof![Just(Emission::Early), Just(Emission::Final)]
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_restored_engine_goes_on_as_if_it_had_not_been_interrupted(
        events in events(),
        rules in rules(),
        emission in emissions(),
        delays in each(any::<u8>()),
        again in each(any::<bool>()),
        lateness in 0i64..30,
        later in 0i64..10,
        cut in 0usize..40,
        budgets in proptest::collection::vec(prop_oneof![Just(0usize), 1usize..400], 1..20),
    ) {
        let events = affordable(&rules, &events);
        let mut records = vec![];
        // Some come later than the lateness allows.
        for at in arrival(&events, &delays, lateness + later) {
            records.push(events[at].record());
            if again.0[at] {
                records.push(events[at].record());
            }
        }
        let cut = cut.min(records.len());
        let budgets = if budgets.iter().all(|budget| *budget == 0) { vec![64] } else { budgets };
        interrupted(&compiled(&rules), emission, lateness.unsigned_abs(), &records, cut, &budgets)?;
    }

    #[test]
    fn an_engine_of_the_other_emission_gives_what_was_not_given_yet(
        events in events(),
        rules in rules(),
        emission in emissions(),
        delays in each(any::<u8>()),
        lateness in 0i64..30,
        cut in 0usize..24,
    ) {
        let events = affordable(&rules, &events);
        let set = compiled(&rules);
        let order = arrival(&events, &delays, lateness);
        let cut = cut.min(order.len());
        let other = match emission {
            Emission::Early => Emission::Final,
            Emission::Final => Emission::Early,
        };
        let mut before = engine(&set, emission, lateness.unsigned_abs());
        let mut after = engine(&set, other, lateness.unsigned_abs());
        let mut late = engine(&set, Emission::Final, lateness.unsigned_abs());
        let (mut got, mut wanted) = (Collected::default(), Collected::default());
        for (at, event) in order.iter().enumerate() {
            let record = events[*event].record();
            if at == cut {
                let restored = after.restore(&before.snapshot(), &mut got);
                prop_assert!(restored.is_ok());
            }
            let engine = if at < cut { &mut before } else { &mut after };
            engine.push(record.as_bytes(), &mut got);
            late.push(record.as_bytes(), &mut wanted);
        }
        if cut == order.len() {
            prop_assert!(after.restore(&before.snapshot(), &mut got).is_ok());
        }
        after.finish(&mut got);
        late.finish(&mut wanted);
        let mut given = got.reported();
        for id in wanted.reported() {
            prop_assert!(given.contains(&id), "{} is not given", id);
        }
        given.sort();
        given.dedup();
        prop_assert_eq!(given.len(), got.reported().len(), "no detection is given twice");
        prop_assert_eq!(after.stats().retained_events, 0);
        prop_assert_eq!(after.stats().state_bytes, 0);
    }
}

#[test]
fn a_large_state_is_written_in_small_steps_while_records_go_on() {
    let set = RULES.clone();
    let mut seed = 7u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    // With many keys; and with few, whose events are written in several pieces, and which change
    // between those.
    for (users, emission, count, budgets) in [
        (40, Emission::Final, 3_000, &[100][..]),
        (40, Emission::Early, 3_000, &[700]),
        (3, Emission::Final, 1_600, &[35_000, 5_000]),
        (3, Emission::Final, 1_600, &[50_000, 1_000]),
        (3, Emission::Final, 1_600, &[65_000, 5_000]),
    ] {
        let records: Vec<String> = (0..count)
            .map(|id| {
                let (time, user) = (id as i64 / 40 - random(20) as i64, random(users) as u8);
                let event = Event::signin(id, time, user, random(3) == 0, 1 + random(3) as u8);
                event.record()
            })
            .collect();
        interrupted(&set, emission, 30, &records, 1_500, budgets).unwrap();
    }
}

#[test]
fn an_event_costs_a_snapshot_little_more_than_its_fields() {
    let set = sampled(LAST);
    let size = |users: usize| {
        let mut engine = engine(&set, Emission::Final, 3_600);
        let empty = engine.snapshot().len();
        let mut sink = Collected::default();
        for id in 0..10_000usize {
            let mut record: serde_json::Value =
                serde_json::from_str(&Event::signin(id, id as i64 / 20, 0, false, 2).record())
                    .unwrap();
            record["user"] = format!("user-{}", id % users).into();
            engine.push(record.to_string().as_bytes(), &mut sink);
        }
        assert_eq!(engine.stats().retained_events, 10_000);
        (engine.snapshot().len() - empty) as f64 / 10_000.0
    };
    // An id of 7 bytes, a user of 11, an address of 5 and a truth value.
    let fields = 24.0;
    for (users, share_of_key) in [(500, 2.0), (10_000, 17.0)] {
        let size = size(users);
        println!("{users} keys: {size:.1} bytes an event, of which its fields {fields}");
        // The event, and its identity among those that are known.
        assert!(size < fields + share_of_key + 24.0 + 20.0, "{size}");
    }
}

#[test]
fn a_detection_given_early_is_not_given_again_whatever_the_emission_is_afterwards() {
    let (set, records) = sample();
    let mut whole = Collected::default();
    let mut early = engine(&set, Emission::Early, 600);
    let (before, after) = records.split_at(20);
    for record in before {
        early.push(record.as_bytes(), &mut whole);
    }
    let bytes = early.snapshot();
    let given = whole.given.len();
    assert!(given > 0);
    let known = whole.reported();
    for record in after {
        early.push(record.as_bytes(), &mut whole);
    }
    early.finish(&mut whole);
    for emission in [Emission::Early, Emission::Final] {
        let mut restored = engine(&set, emission, 600);
        let mut sink = Collected::default();
        restored.restore(&bytes, &mut sink).unwrap();
        for record in after {
            restored.push(record.as_bytes(), &mut sink);
        }
        restored.finish(&mut sink);
        let got = sink.reported();
        assert!(got.iter().all(|id| !known.contains(id)), "{emission:?}");
        assert!(!got.is_empty(), "{emission:?}");
    }
}

#[test]
fn a_snapshot_is_taken_by_other_rules_as_far_as_theirs_is_the_same_state() {
    let (set, records) = sample();
    let mut sink = Collected::default();
    let mut before = engine(&set, Emission::Final, 30);
    for record in &records {
        before.push(record.as_bytes(), &mut sink);
    }
    let bytes = before.snapshot();
    let retained = before.stats().retained_events;
    // A rule less, a window changed, a rule more in front, other kept fields.
    let text = all()
        .replacen("rule r0 ", "rule new ", 1)
        .replacen("from r0 ", "from new ", 1)
        .replacen("within 7s", "within 8s", 1);
    let others = sampled_with(&text, EventFields::Declared);
    let mut engine = engine(&others, Emission::Final, 30);
    let restored = engine.restore(&bytes, &mut sink).unwrap();
    let fates: Vec<_> = restored
        .rules
        .iter()
        .map(|rule| (rule.name.as_str(), rule.fate))
        .collect();
    assert_eq!(
        fates,
        [
            ("new", RuleFate::New),
            ("r1", RuleFate::Kept),
            ("r2", RuleFate::Changed),
            ("r3", RuleFate::Kept),
            ("r4", RuleFate::Kept),
            ("r5", RuleFate::Kept),
            ("r6", RuleFate::Kept),
            ("r7", RuleFate::Kept),
            ("r8", RuleFate::Kept),
            ("r0", RuleFate::Gone),
        ]
    );
    let events: u64 = restored.rules.iter().map(|rule| rule.events).sum();
    assert_eq!(events, retained);
    let kept: u64 = restored
        .rules
        .iter()
        .filter(|rule| rule.fate == RuleFate::Kept)
        .map(|rule| rule.events)
        .sum();
    assert_eq!(engine.stats().retained_events, kept);
    let (mut one, mut other) = (Collected::default(), Collected::default());
    before.finish(&mut one);
    engine.finish(&mut other);
    let found = |collected: &Collected| -> Vec<Vec<usize>> {
        collected.bound().into_iter().map(|(ids, _)| ids).collect()
    };
    assert!(found(&other).iter().all(|ids| found(&one).contains(ids)));
    assert!(!other.given.is_empty());
}

#[test]
fn what_is_restored_keeps_the_limits_of_the_engine_it_is_restored_into() {
    let (set, records) = sample();
    let mut sink = Collected::default();
    let mut before = engine(&set, Emission::Final, 30);
    for record in &records {
        before.push(record.as_bytes(), &mut sink);
    }
    let bytes = before.snapshot();
    let (peak, retained) = (before.stats().state_bytes, before.stats().retained_events);
    for (max_state, max_events_per_key) in [(peak / 2, 64), (peak * 2, 3)] {
        let options = Options {
            lateness: Duration::from_secs(30),
            max_state,
            max_events_per_key,
            ..Options::new(today())
        };
        let mut engine = Engine::new(set.clone(), options);
        let restored = engine.restore(&bytes, &mut sink).unwrap();
        assert!(restored.evicted > 0);
        assert_eq!(engine.stats().evicted, restored.evicted);
        assert!(engine.stats().retained_events < retained);
        assert!(engine.stats().state_bytes <= max_state);
    }
}

#[test]
fn a_snapshot_that_is_given_up_leaves_nothing_behind() {
    let (set, records) = sample();
    let mut sink = Collected::default();
    let mut engine = engine(&set, Emission::Final, 30);
    let mut bytes = Vec::new();
    assert_eq!(
        engine.continue_snapshot(100, &mut bytes),
        SnapshotProgress::None
    );
    engine.begin_snapshot();
    engine.push(records[0].as_bytes(), &mut sink);
    assert!(engine.cancel_snapshot());
    assert!(!engine.cancel_snapshot());
    assert_eq!(
        engine.continue_snapshot(100, &mut bytes),
        SnapshotProgress::None
    );
    assert!(bytes.is_empty());
    engine.begin_snapshot();
    engine.begin_snapshot();
    while engine.continue_snapshot(100, &mut bytes) == SnapshotProgress::InProgress {}
    assert!(engine.restore(&bytes, &mut sink).is_ok());
}

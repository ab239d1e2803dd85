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

use proptest::prelude::*;
use tripline_engine::{
    Emission, Engine, EventFields, RuleFate, RuleOutcome, RuleSet, SnapshotProgress,
};

use model::{
    Collected, Event, Given, LAST, LONE, Sort, affordable, all, arrival, cases, compile, compiled,
    each, engine, events, retuned, rule, rules, sampled, set_text, sort_of, tape, today,
};

fn event(id: usize, time: i64, interactive: bool, ip: u8) -> String {
    Event::signin(id, time, 1, interactive, ip).record()
}

fn fates(reloaded: &tripline_engine::Reloaded) -> Vec<(&str, RuleFate, u64)> {
    let rules = reloaded.rules.iter();
    rules
        .map(|rule| (rule.name.as_str(), rule.fate, rule.events))
        .collect()
}

/// The same rules, with another in front, which moves every index, or with other fields kept and shown.
fn same(rules: &[model::Rule], front: bool, declared: bool) -> RuleSet {
    let front = if front {
        r#"rule front { match { e = signin where ip == "198.51.100.1" } }"#
    } else {
        ""
    };
    let fields = if declared {
        EventFields::Declared
    } else {
        EventFields::Used
    };
    let text = set_text(rules).replacen("rule ", &format!("{front}\nrule "), 1);
    compile(&text, fields)
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn reloading_rules_that_look_for_the_same_changes_nothing(
        events in events(),
        rules in rules(),
        early in any::<bool>(),
        delays in each(any::<u8>()),
        lateness in 0i64..30,
        later in 0i64..10,
        points in proptest::collection::vec(0usize..24, 0..4),
        front in any::<bool>(),
        declared in any::<bool>(),
    ) {
        let events = affordable(&rules, &events);
        let emission = if early { Emission::Early } else { Emission::Final };
        let old = compiled(&rules);
        let new = same(&rules, front, declared);
        let mut whole = engine(&old, emission, lateness.unsigned_abs());
        let mut reloaded = engine(&old, emission, lateness.unsigned_abs());
        let (mut expected, mut got) = (Collected::default(), Collected::default());
        for (at, event) in arrival(&events, &delays, lateness + later).into_iter().enumerate() {
            for point in points.iter().filter(|point| **point == at) {
                let set = if point % 2 == 0 { &new } else { &old };
                let told = reloaded.reload(set.clone(), &mut got);
                let kept = |rule: &RuleOutcome| rule.fate == RuleFate::Kept || rule.name == "front";
                prop_assert!(told.rules.iter().all(kept), "{:?}", told);
            }
            let record = events[event].record();
            whole.push(record.as_bytes(), &mut expected);
            reloaded.push(record.as_bytes(), &mut got);
        }
        whole.finish(&mut expected);
        reloaded.finish(&mut got);
        prop_assert_eq!(&got, &expected);
        prop_assert_eq!(reloaded.stats().records, whole.stats().records);
        prop_assert_eq!(reloaded.stats().state_bytes, 0);
        let counters = |engine: &Engine| -> Vec<_> {
            let rules = engine.stats().rules.iter();
            rules.filter(|rule| rule.name != "front").cloned().collect()
        };
        prop_assert_eq!(counters(&reloaded), counters(&whole));
    }

    #[test]
    fn after_other_exclusions_emit_and_thresholds_everything_is_as_if_they_had_always_been_so(
        events in events(),
        rules in rules(),
        other in tape(),
        delays in each(any::<u8>()),
        lateness in 0i64..30,
        point in 0usize..24,
    ) {
        let events = affordable(&rules, &events);
        let tuned: Vec<_> = rules.iter().map(|rule| retuned(rule, &other)).collect();
        let new = same(&tuned, false, true);
        // With all fields kept, because those that were not kept before are missing.
        let mut reloaded = engine(&same(&rules, false, true), Emission::Final, lateness.unsigned_abs());
        let mut always = engine(&new, Emission::Final, lateness.unsigned_abs());
        let counts = rules.iter().zip(&tuned).filter(|(rule, tuned)| {
            sort_of(rule) == Sort::Count && rule.form != tuned.form
        });
        let counts: Vec<String> = counts.map(|(rule, _)| rule.name.clone()).collect();
        let (mut got, mut wanted) = (Collected::default(), Collected::default());
        let mut cut = (0, 0);
        for (at, event) in arrival(&events, &delays, lateness).into_iter().enumerate() {
            if at == point {
                let told = reloaded.reload(new.clone(), &mut got);
                prop_assert!(told.rules.iter().all(|rule| rule.fate == RuleFate::Kept));
                cut = (got.given.len(), wanted.given.len());
            }
            let record = events[event].record();
            reloaded.push(record.as_bytes(), &mut got);
            always.push(record.as_bytes(), &mut wanted);
        }
        if point < events.len() {
            reloaded.finish(&mut got);
            always.finish(&mut wanted);
            // Whether a count has been crossed already is told by the threshold that was in force then.
            let since = |collected: &Collected, cut: usize| -> Vec<Given> {
                let given = collected.given[cut..].iter();
                given.filter(|one| !counts.contains(&one.found.rule)).cloned().collect()
            };
            prop_assert_eq!(since(&got, cut.0), since(&wanted, cut.1));
        }
    }

    #[test]
    fn rules_that_come_and_go_change_nothing_for_the_others(
        events in events(),
        rules in rules(),
        sort in 0usize..6,
        other in tape(),
        early in any::<bool>(),
        delays in each(any::<u8>()),
        lateness in 0i64..30,
        points in proptest::collection::vec(0usize..24, 1..4),
    ) {
        let more: Vec<_> = rules.iter().cloned().chain([rule(9, model::SORTS[sort], &other)]).collect();
        let events = affordable(&more, &events);
        let emission = if early { Emission::Early } else { Emission::Final };
        let (few, more) = (compiled(&rules), compiled(&more));
        let mut alone = engine(&few, emission, lateness.unsigned_abs());
        let mut beside = engine(&few, emission, lateness.unsigned_abs());
        let (mut wanted, mut got) = (Collected::default(), Collected::default());
        let mut there = false;
        for (at, event) in arrival(&events, &delays, lateness).into_iter().enumerate() {
            if points.contains(&at) {
                there = !there;
                beside.reload(if there { more.clone() } else { few.clone() }, &mut got);
            }
            let record = events[event].record();
            alone.push(record.as_bytes(), &mut wanted);
            beside.push(record.as_bytes(), &mut got);
        }
        alone.finish(&mut wanted);
        beside.finish(&mut got);
        let got: Vec<Given> = got.given.into_iter().filter(|one| one.found.rule != "r9").collect();
        prop_assert_eq!(&got, &wanted.given);
    }
}

#[test]
fn an_exclusion_and_an_emit_that_are_added_apply_to_the_state_there_is() {
    let old = sampled(LAST);
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
    let reloaded = engine.reload(sampled(text), &mut sink);
    assert_eq!(fates(&reloaded), [("r", RuleFate::Kept, 1)]);
    assert!(!reloaded.snapshot_cancelled);
    engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
    engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
    engine.finish(&mut sink);
    assert_eq!(sink.given.len(), 1);
    assert_eq!(sink.bound(), [(vec![0, 1], true)]);
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
        let old = sampled(LAST);
        let new = sampled(&LAST.replace("within 10s", "within 11s"));
        let mut engine = engine(&old, emission, 60);
        let mut sink = Collected::default();
        engine.push(event(0, 0, true, 1).as_bytes(), &mut sink);
        engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
        // Suppressed: told when it is settled.
        engine.push(event(2, 2, false, 3).as_bytes(), &mut sink);
        let reloaded = engine.reload(new, &mut sink);
        assert_eq!(fates(&reloaded), [("r", RuleFate::Changed, 3)]);
        let mut found = sink.bound();
        found.sort();
        assert_eq!(found, [(vec![0, 1], false), (vec![0, 2], true)]);
        assert_eq!(engine.stats().retained_events, 0);
        assert_eq!(engine.stats().evicted, 0);
        // What was known is still known, so nothing is given twice.
        engine.push(event(1, 1, false, 2).as_bytes(), &mut sink);
        engine.push(event(0, 0, true, 1).as_bytes(), &mut sink);
        engine.finish(&mut sink);
        assert_eq!(sink.given.len(), 2);
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
    let mut engine = engine(&sampled(LONE), Emission::Final, 60);
    let mut sink = Collected::default();
    engine.push(event(0, 0, false, 1).as_bytes(), &mut sink);
    let other = LAST
        .replace("rule r ", "rule s ")
        .replace("from r ", "from s ");
    let reloaded = engine.reload(sampled(&other), &mut sink);
    assert_eq!(
        fates(&reloaded),
        [("s", RuleFate::New, 0), ("r", RuleFate::Gone, 0)]
    );
    assert_eq!(sink.given.len(), 1);
    assert_eq!(engine.stats().rules.len(), 1);
    assert_eq!(engine.stats().rules[0].detections, 0);
}

#[test]
fn a_snapshot_in_progress_is_given_up_by_a_reload_and_can_be_begun_again() {
    let set = sampled(&all());
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
    let text = LONE.replace("when e.ip", "expires 2026-01-01 when e.ip");
    let mut engine = engine(&sampled(&text), Emission::Early, 60);
    let mut sink = Collected::default();
    engine.push(event(0, 0, false, 3).as_bytes(), &mut sink);
    engine.set_today(today().succ_opt().unwrap());
    engine.push(event(1, 1, false, 3).as_bytes(), &mut sink);
    let suppressed: Vec<bool> = sink.bound().into_iter().map(|(_, out)| out).collect();
    assert_eq!(suppressed, [true, false]);
}

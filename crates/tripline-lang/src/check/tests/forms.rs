//! The forms with several events: what they take, what they refuse, and what becomes of them.

use super::*;
use crate::checked::{Choice, Extent, Pick, Role, Shape};
use crate::functions::aggregates::AggregateKind;

fn rule(form: &str) -> String {
    format!("rule r {{ {form} }}")
}

#[test]
fn a_count_has_its_steps_and_what_it_waits_for() {
    let checked = sound(&rule(
        "count by ip within 10m {
           f = signin where result != 0
           g = signin where result == 0
           having distinct(f.user where f.interactive) > 10 * count(g) and sum(f.asn) >= 5
         }
         emit { ip  users = values(f.user)  first = min(f.time)  fails = count(f) }
         exclude \"few\" { when count(f) < 3 }",
    ));
    let rule = &checked.rules[0];
    assert!(matches!(rule.form.shape, Shape::Count { .. }));
    assert!(
        rule.form
            .steps
            .iter()
            .all(|step| matches!(step.role, Role::Counted))
    );
    let kinds: Vec<(AggregateKind, usize)> = rule
        .aggregates
        .iter()
        .map(|aggregate| (aggregate.function.kind, aggregate.step))
        .collect();
    assert_eq!(
        kinds,
        [
            (AggregateKind::Distinct, 0),
            (AggregateKind::Count, 1),
            (AggregateKind::Sum, 0),
            (AggregateKind::Values, 0),
            (AggregateKind::Min, 0),
            // The exclusion's is the one that `emit` has already.
            (AggregateKind::Count, 0),
        ]
    );
}

#[test]
fn a_sequence_has_steps_of_several_events_and_absences_after_those_that_are_there() {
    let checked = sound(&rule(
        "sequence by user within 10m {
           fails = 10.. signin where result != 0
           having distinct(fails.ip) >= 2
           without reset = signin where risk > 0.5 and reset.ip == ok.ip between fails and ok
           ok = signin where result == 0 and ok.ip == fails.ip
           without more = signin where result == 1 after ok for 5m
           without old = signin where result == 0 before fails for 14d
         }
         emit { tries = count(fails)  last_try = fails.time  ok.ip }"
            .replace("  ok.ip }", " }")
            .as_str(),
    ));
    let form = &checked.rules[0].form;
    let names: Vec<&str> = form.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["fails", "ok", "reset", "more", "old"]);
    assert_eq!(form.bound(), 0..2);
    assert!(matches!(
        form.steps[0].role,
        Role::Many {
            least: 10,
            having: Some(_)
        }
    ));
    let extents: Vec<Extent> = form
        .steps
        .iter()
        .filter_map(|step| match step.role {
            Role::Absent(extent) => Some(extent),
            _ => None,
        })
        .collect();
    let minute = 60_000_000_000;
    assert_eq!(
        extents,
        [
            Extent::Between(0, 1),
            Extent::After(1, 5 * minute),
            Extent::Before(0, 14 * 24 * 60 * minute)
        ]
    );
}

#[test]
fn a_sequence_of_one_step_and_an_absence_needs_no_window() {
    let checked = sound(&rule(
        "sequence by user { s = signin  without old = signin where old.asn == s.asn before s for 14d }",
    ));
    assert_eq!(checked.rules[0].form.within, 0);
    one(
        &said(&rule("sequence by user { a = signin  b = signin }")),
        &["E0506", "within 10m"],
    );
    one(
        &said(&rule(
            "sequence by user { a = 3.. signin  without b = signin after a for 5m }",
        )),
        &["E0506"],
    );
}

#[test]
fn a_together_has_needed_steps_and_choices() {
    let checked = sound(&rule(
        "together by user within 1h {
           a = signin where result == 1
           2 of { b = signin where result == 2  c = signin where result == 3 and c.ip != a.ip and present(a.ip)  d = signin where result == 4 }
         }
         emit { a = a.ip  c = c.ip }",
    ));
    let form = &checked.rules[0].form;
    let Shape::Together { choices } = &form.shape else {
        panic!("no together")
    };
    assert_eq!(
        *choices,
        [Choice {
            least: 2,
            steps: 1..4
        }]
    );
    assert!(form.steps.iter().all(|step| step.role.pick() == Pick::Any));
}

#[test]
fn entries_stand_in_the_forms_that_have_them() {
    let two = "a = signin where result == 1  b = signin where result == 2";
    for (form, says) in [
        ("match { a = 5.. signin }".to_owned(), "E0516"),
        (
            "match { a = signin having count(a) > 1 }".to_owned(),
            "E0516",
        ),
        (
            format!("together by user within 1h {{ {two} without c = signin after a for 5m }}"),
            "E0516",
        ),
        (
            format!("together by user within 1h {{ {two} having count(a) > 1 }}"),
            "E0516",
        ),
        (
            format!("sequence by user within 1h {{ {two} 1 of {{ c = signin d = signin }} }}"),
            "E0516",
        ),
        (
            format!("sequence by user within 1h {{ {two} having count(a) > 1 }}"),
            "E0516",
        ),
        (
            "count by user within 1h { a = 5.. signin having count(a) > 1 }".to_owned(),
            "E0516",
        ),
        (
            "count by user within 1h { a = signin having count(a) > 1 having count(a) > 2 }"
                .to_owned(),
            "E0517",
        ),
        (
            format!("together by user within 1h {{ {two} 2 of {{ c = signin d = signin }} }}"),
            "E0518",
        ),
        (
            format!("together by user within 1h {{ {two} 1 of {{ c = signin }} }}"),
            "E0518",
        ),
        (
            "sequence by user within 1h { a = 9999999.. signin b = signin }".to_owned(),
            "E0518",
        ),
        (
            "together by user within 1h { a = signin }".to_owned(),
            "E0503",
        ),
        (
            "sequence by user within 1h { without a = signin after a for 5m }".to_owned(),
            "E0503",
        ),
    ] {
        let told = said(&rule(&form));
        assert!(
            told.iter().any(|line| line.contains(says)),
            "{form}: {told:?}"
        );
    }
}

#[test]
fn absences_name_steps_that_are_there_in_their_order() {
    let absence = |rest: &str| {
        said(&rule(&format!(
            "sequence by user within 1h {{ a = signin where result == 1  b = signin where result == 2  without x = signin {rest} }}"
        )))
    };
    assert!(absence("between a and b").is_empty());
    one(
        &absence("between b and a"),
        &["E0520", "earlier step first"],
    );
    one(&absence("between a and x"), &["E0520", "`a` and `b`"]);
    one(&absence("between a and c"), &["E0205"]);
    one(&absence("after b for 5"), &["E0311", "write 5m"]);
    one(&absence("after b for 0s"), &["E0506", "after login for 5m"]);
}

#[test]
fn what_has_no_one_event_cannot_be_read_as_one() {
    let counted = |having: &str| {
        said(&rule(&format!(
            "count by user within 1h {{ f = signin where result != 0  having {having} }}"
        )))
    };
    one(&counted("ip == 203.0.113.7"), &["E0228"]);
    one(&counted("f.ip == 203.0.113.7"), &["E0228"]);
    one(&counted("count(f where count(f) > 1) > 1"), &["E0225"]);
    one(&counted("count(g) > 1"), &["E0226", "`f`"]);
    one(&counted("distinct(5) > 1"), &["E0226"]);
    one(&counted("sum(f.user) > 1"), &["E0313"]);
    one(&counted("sum(f.asn, f.result) > 1"), &["E0312"]);
    one(
        &counted("cuont(f) > 1"),
        &["E0206", "did you mean `count`?"],
    );
    assert!(counted("distinct(user, ip where interactive) > 1").is_empty());
    one(
        &said(&rule(
            "sequence by user within 1h { a = signin  b = signin  without x = signin where result == 1 between a and b } emit { x = x.ip }",
        )),
        &["E0522", "`x`"],
    );
    one(
        &said(&rule(
            "together by user within 1h { 1 of { a = signin where result == 1  b = signin where b.time > a.time } c = signin where result == 2 }",
        )),
        &["E0522", "`a`"],
    );
    one(
        &said(&rule(
            "sequence by user within 1h { a = 5.. signin  b = signin  c = 5.. signin where c.time > a.time }",
        )),
        &["E0522", "`a`"],
    );
    one(
        &said(&rule(
            "sequence by user within 1h { a = 5.. signin  b = 5.. signin  c = signin }",
        )),
        &["E0521"],
    );
    one(
        &said(&rule(
            "together by user within 1h { a = last signin where result == 1  b = signin where result == 2 }",
        )),
        &["E0523"],
    );
}

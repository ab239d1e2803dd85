//! Rules: their shape, keys, windows and `meta`.

use super::*;
use crate::checked::Pick;

const TWO: &str = "login = last signin where interactive\n token = signin where not interactive";

fn by(key: &str) -> Vec<String> {
    said(&format!(
        "rule r {{ sequence by {key} within 10m {{ {TWO} }} }}"
    ))
}

fn within(window: &str) -> Vec<String> {
    said(&format!(
        "rule r {{ sequence by user within {window} {{ {TWO} }} }}"
    ))
}

#[test]
fn a_key_is_the_same_field_of_every_step_or_one_side_each() {
    let checked = sound(&format!(
        "rule r {{ sequence by lower(user), login.ip = token.ip, details.id within 1.5h {{ {TWO} }} }}"
    ));
    let sequence = &checked.rules[0].form;
    let names: Vec<&str> = sequence.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["lower(user)", "ip", "details.id"]);
    assert!(sequence.keys.iter().all(|key| key.per_step.len() == 2));
    assert_eq!(sequence.within, 5_400_000_000_000);
    assert_eq!(sequence.steps[0].role.pick(), Pick::Last);
}

#[test]
fn a_key_that_leaves_out_a_step_or_has_no_fitting_type_is_an_error() {
    one(&by("login.user"), &["E0507", "`token`"]);
    one(&by("login.user = login.app_id"), &["E0507", "two sides"]);
    one(
        &by("login.user = token.asn"),
        &["E0508", "`string`", "`int`"],
    );
    one(&by("roles"), &["E0508"]);
    one(&by("usre"), &["E0203", "did you mean `user`?"]);
    one(&by("user, user"), &["E0505"]);
}

#[test]
fn a_window_is_a_constant_duration_with_a_unit() {
    one(&within("10"), &["E0311", "write 10m for ten minutes"]);
    one(&within("10min"), &["E0217", "did you mean `10m`?"]);
    one(&within("0s"), &["E0506"]);
    one(&within("\"10m\""), &["E0506"]);
    one(&within("99999999999d"), &["E0310"]);
    assert!(within("5m + 300s").is_empty());
}

#[test]
fn a_rule_has_one_form_with_the_right_number_of_steps() {
    one(&said("rule r { meta { title = \"x\" } }"), &["E0501"]);
    one(
        &said("rule r { match { e = signin } match { f = signin } }"),
        &["E0501", "two things"],
    );
    one(
        &said("rule r { match { e = signin  f = signin } }"),
        &["E0502"],
    );
    one(
        &said("rule r { sequence by user within 1m { e = signin } }"),
        &["E0503"],
    );
    one(
        &said("rule r { sequence by user within 1m { e = signin  e = signin } }"),
        &["E0505"],
    );
    one(
        &said("rule r { match { e = signin } emit { user } emit { ip } }"),
        &["E0504"],
    );
    one(
        &said("rule r { sequence by user within 1m { e = lst signin  f = signin } }"),
        &["E0210", "did you mean `last`?"],
    );
    one(
        &said("rule r { sequence by user within 1m { e = signin  f = every signin } }"),
        &["W0204"],
    );
}

#[test]
fn meta_is_checked_word_by_word() {
    let meta = |entries: &str| {
        said(&format!(
            "rule r {{ meta {{ {entries} }} match {{ e = signin }} }}"
        ))
    };
    one(&meta("titel = \"x\""), &["E0211", "did you mean `title`?"]);
    one(&meta("severity = hihg"), &["E0212", "did you mean `high`?"]);
    one(
        &meta("tactics = [\"Initial Acess\"]"),
        &["E0213", "did you mean `InitialAccess`?"],
    );
    one(
        &meta("techniques = [\"T1539\", \"t1110.003\"]"),
        &["E0214", "did you mean `T1110.003`?"],
    );
    one(&meta("version = 1"), &["E0509", "`\"1\"`"]);
    one(&meta("title = \"x\" title = \"y\""), &["E0505"]);
    one(
        &meta("id = \"2a2c676e-885f-43d9-90cb-2c035772e31\""),
        &["W0402"],
    );
    assert!(meta("id = \"my-rule-1\"").is_empty());
}

#[test]
fn two_rules_have_two_ids() {
    one(
        &said(
            "rule a { meta { id = \"x\" } match { e = signin } } rule b { meta { id = \"x\" } match { e = signin } }",
        ),
        &["E0510"],
    );
    // Without an id, the name stands for it.
    one(
        &said(
            "rule one { match { e = signin } } rule b { meta { id = \"one\" } match { e = signin } }",
        ),
        &["E0510"],
    );
}

#[test]
fn conditions_are_split_at_their_outermost_ands() {
    let conditions =
        conditions("interactive and (result == 0 and (asn == 1 or asn == 2)) and present(ip)");
    assert_eq!(conditions.len(), 4);
}

#[test]
fn conditions_that_exclude_one_another_are_said() {
    for condition in [
        "result == 0 and result == 1",
        "result == 0 and result != 0",
        "interactive and not interactive",
        "result == 0 and result in [1, 2]",
        "result in [1, 2] and result == 0",
        "result > 5 and result < 3",
        "5 < result and result <= 5",
        "user == \"a\" and user starts_with \"b\"",
        "missing(ip) and ip in \"10.0.0.0/8\"",
        "present(asn) and missing(asn)",
        "result == 0 and (result == 1 or result == 2)",
    ] {
        one(&said_of_condition(condition), &["W0202"]);
    }
    for condition in [
        "result == 0 and asn == 1",
        "result > 5 and result < 7",
        "result == 0 or result == 1",
        "not interactive and missing(interactive)",
    ] {
        assert!(said_of_condition(condition).is_empty(), "{condition}");
    }
    one(
        &said(
            "rule r { sequence by user within 1m { a = signin where a.result == 0  b = signin where a.result == 1 } }",
        ),
        &["W0202"],
    );
}

#[test]
fn filters_say_what_they_do_with_which_records() {
    let checked = sound(
        "filter f { on signin  drop when result != 0  tag \"cli\" when user_agent contains \"cli\"  keep when true }",
    );
    assert_eq!(checked.filters[0].actions.len(), 3);
    one(
        &said("filter f { on sigin drop when result == 0 }"),
        &["E0204", "did you mean `signin`?"],
    );
    one(
        &said("filter f { on signin  dropp when result == 0 }"),
        &["E0216", "did you mean `drop`?"],
    );
    one(&said("filter f { drop when true }"), &["E0514"]);
}

#[test]
fn what_was_put_in_to_read_on_is_not_spoken_of() {
    one(
        &said("rule r { sequence within 5m { a = signin b = signin where b.ip == a.ip } }"),
        &["E0101", "`by user`"],
    );
}

#[test]
fn a_window_may_have_several_units() {
    let checked = sound("rule r { sequence by user within 1h30m { a = signin b = signin } }");
    assert_eq!(checked.rules[0].form.within, 5_400_000_000_000);
    one(
        &said("rule r { sequence by user within 30m1h { a = signin b = signin } }"),
        &["E0217", "`1h30m`"],
    );
}

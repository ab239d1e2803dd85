//! Operators of other languages are named with what they are here, and never turned round.

use super::*;

/// The only thing told of one condition.
#[track_caller]
fn help_for(condition: &str) -> String {
    let told = told(&format!("rule r {{ match {{ e = s where {condition} }} }}"));
    assert_eq!(told.len(), 1, "{condition}: {told:?}");
    told.into_iter().next().unwrap()
}

#[test]
fn negated_operators_keep_their_meaning() {
    for (condition, help) in [
        (
            r#"app !contains "x""#,
            r#"put `not` before the condition: `not (app contains "x")`"#,
        ),
        (
            r#"a == 1 and e.app !startswith "x""#,
            r#"`not (e.app starts_with "x")`"#,
        ),
        (r#"lower(app) !has_cs "x""#, r#"`not (lower(app) has "x")`"#),
        (
            r#"app not contains "x""#,
            r#"put `not` before the condition: `not (app contains "x")`"#,
        ),
        ("app not matches /x/", "`not (app matches /x/)`"),
        (
            "app !contains lower(b)",
            "put `not` before the condition: `not (… contains …)`",
        ),
        (r#"app !in ["x"]"#, "write `not in`"),
        (r#"app !in~ ["x"]"#, "write `not in nocase`"),
        ("!app", "write `not`"),
        (r#"app ! contains "x""#, r#"`not (app contains "x")`"#),
        ("a !between (1 .. 5)", "write `not (a >= 1 and a <= 5)`"),
    ] {
        let told = help_for(condition);
        assert!(told.contains(help), "{condition}: {told}");
    }
}

#[test]
fn spellings_of_other_languages_are_named_with_what_they_are_here() {
    for (condition, help) in [
        (r#"app in~ ["x"]"#, "write `in nocase`"),
        ("risk == .5", "write `0.5`"),
        (r#"app === "x""#, "write `==`"),
        ("a => 5", "write `>=`"),
        ("a =< 5", "write `<=`"),
        (r#"app in ("x", "y")"#, r#"write `["x", "y"]`"#),
        (r#"app contains_cs "x""#, "write `contains`"),
        (r#"app startswith_cs "x""#, "write `starts_with`"),
        (r#"app has_cs "x""#, "write `has`"),
        (r#"app like "%x""#, "`matches /…/`"),
        ("a between (1 .. 5)", "write `a >= 1 and a <= 5`"),
        (
            r#"app has_any ("x", "y")"#,
            r#"write `any(["x", "y"], x => app has x)`"#,
        ),
        ("a between 1 and 5", "write `a >= 1 and a <= 5`"),
    ] {
        let told = help_for(condition);
        assert!(told.contains(help), "{condition}: {told}");
    }
}

#[test]
fn no_help_removes_what_may_be_an_operator() {
    for condition in [
        "a ~ 5", "a ! b", "a < > b", "a . . b", "a == = b", "a == * b", "- > b",
    ] {
        for line in told(&format!("rule r {{ match {{ e = s where {condition} }} }}")) {
            assert!(!line.contains("remove"), "{condition}: {line}");
        }
    }
}

#[test]
fn a_sequence_without_key_is_one_error_that_names_it() {
    for (head, help) in [
        ("within 5m", "such as `by user`, before `within`"),
        ("", "such as `by user within 10m`, before `{`"),
        ("within 5m by user, ip", "`by user, ip within 5m`"),
    ] {
        let told = told(&format!(
            "rule r {{ sequence {head} {{ a = s where x > 1 b = s where y == a.y }} emit {{ z }} }}"
        ));
        assert_eq!(told.len(), 1, "{head}: {told:?}");
        assert!(told[0].contains(help), "{head}: {told:?}");
    }
}

//! Keys: names of their parts, keys found inside lists, raw values as keys.

use super::*;
use crate::types::Type;

/// Two schemas of directory events; in one of them a target's number is read as such.
const AUDIT: &str = "
schema audit {
  accept present(.id)
  time    : timestamp = .time
  target  : string    = .target
  number  : int       = .number
  targets : [json]    = .properties.targetResources[*]
  change  : json      = .properties
}
";

fn rule(key: &str) -> String {
    format!(
        "{AUDIT} rule r {{ sequence by {key} within 10m {{ created = audit where present(time) deleted = audit }} emit {{ created = created.time }} }}"
    )
}

fn by(key: &str) -> Vec<String> {
    said(&rule(key))
}

/// The parts of a key by name and type.
fn parts(key: &str) -> Vec<(String, Type)> {
    let checked = sound(&rule(key));
    let keys = checked.rules[0].form.keys.iter();
    keys.map(|key| {
        assert!(
            key.per_step
                .iter()
                .all(|side| side.ty == key.per_step[0].ty)
        );
        (key.name.clone(), key.per_step[0].ty.clone())
    })
    .collect()
}

const USER: &str = "t => t.type == \"User\"";

#[test]
fn a_key_is_found_inside_a_list() {
    for (key, name) in [
        (
            format!("find(targets, {USER}).userPrincipalName"),
            "userPrincipalName",
        ),
        (
            format!("find(change.targetResources, {USER}).ids[0].value"),
            "value",
        ),
        (
            format!("created.target = find(deleted.targets, {USER}).id"),
            "target",
        ),
        (
            format!("lower(find(created.targets, {USER}).upn) = deleted.target"),
            "upn",
        ),
        (
            "lower(created.target) = deleted.target".to_owned(),
            "target",
        ),
        ("change.a.b".to_owned(), "change.a.b"),
        ("lower(target)".to_owned(), "lower(target)"),
        ("targets[0].id".to_owned(), "targets[0].id"),
    ] {
        assert_eq!(parts(&key), [(name.to_owned(), Type::String)], "{key}");
    }
}

#[test]
fn a_part_has_the_name_that_it_is_given() {
    let found =
        |key: &str| -> Vec<String> { parts(key).into_iter().map(|(name, _)| name).collect() };
    assert_eq!(
        found(&format!("user = find(targets, {USER}).id, number")),
        ["user", "number"]
    );
    assert_eq!(found("who = created.target = deleted.change.id"), ["who"]);
    assert_eq!(found("who = lower(target)"), ["who"]);
    // A field's name may be given to something else.
    assert_eq!(found("target = number"), ["target"]);
    let emitted = rule("who = lower(target)").replace("emit { ", "emit { who ");
    assert_eq!(said(&emitted), Vec::<String>::new());
}

#[test]
fn what_only_looks_like_a_name_is_no_name() {
    one(
        &by("target = deleted.target"),
        &["E0507", "says nothing of `created`"],
    );
    one(
        &by("created = deleted.target"),
        &["E0224", "`created` is a step"],
    );
    one(&by("a = created.target = b"), &["E0202", "`b`"]);
    one(
        &by("who = target, who = number"),
        &["E0505", "`who` stands twice"],
    );
    one(
        &by("find(targets, t => t.a == 1).id, find(targets, t => t.a == 2).id"),
        &["E0505", "give one of them a name: `other = …`"],
    );
    one(
        &by("find(created.targets, t => t.a == 1).id"),
        &["E0507", "says nothing of `deleted`"],
    );
    one(
        &by("find(created.targets, t => t.a == deleted.target).id = deleted.target"),
        &["E0507", "of one step alone"],
    );
}

#[test]
fn a_raw_value_becomes_what_the_other_sides_are() {
    let ty = |key: &str| parts(key).remove(0).1;
    assert_eq!(ty("created.change.n = deleted.number"), Type::Int);
    assert_eq!(
        ty("created.number = find(deleted.targets, t => t.a == 1).n"),
        Type::Int
    );
    assert_eq!(ty("created.time = deleted.change.t"), Type::Timestamp);
    assert_eq!(ty("created.change.n = deleted.change.n"), Type::String);
    assert_eq!(ty("change"), Type::String);
    one(
        &by("created.number = deleted.target"),
        &["E0508", "`int`", "`string`"],
    );
    one(&by("targets"), &["E0508", "find(list, x => …)"]);
    one(
        &by("created.targets = deleted.change.t"),
        &["E0508", "a list"],
    );
}

#[test]
fn a_row_of_a_table_is_no_key_but_one_of_its_columns_is() {
    let files = [("t.csv", "upn,team\nanna,blue\n")];
    let table = "table t = file \"t.csv\" key upn";
    let by = |key: &str| said_of(&format!("{table} {}", rule(key)), &files);
    assert_eq!(by("lookup(t, target).team"), Vec::<String>::new());
    one(&by("lookup(t, target)"), &["E0508", "a row of a table"]);
}

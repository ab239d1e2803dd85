//! Conditions on the elements of lists, one in another, and keys that are found in a list: over the
//! shapes of the directory's audit log, where a change names its targets and each target its changed
//! properties.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

use serde_json::{Value, json};
use tripline_engine::lang::{self, source::SourceSet};
use tripline_engine::{Detection, Engine, EventFields, Options, RuleSet, Sink};

#[derive(Default)]
struct Found(Vec<Value>);

impl Sink for Found {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0.push(serde_json::to_value(&detection).unwrap());
    }
}

const SCHEMA: &str = r#"
schema audit {
  accept .category == "AuditLogs"
  time     : timestamp = .time
  id       : string    = .properties.id
  activity : string    = .operationName
  actor    : string    = lower(.properties.initiatedBy.user.userPrincipalName)
  user     : string    = lower(find(.properties.targetResources, t => t.type == "User").userPrincipalName)
  number   : int       = .properties.number
  targets  : [json]    = .properties.targetResources[*]
  whole    : json      = .properties
}
"#;

fn audit(second: u32, activity: &str, targets: Value) -> String {
    json!({
        "time": format!("2026-03-02T10:00:{second:02}Z"),
        "category": "AuditLogs",
        "operationName": activity,
        "properties": {
            "id": format!("audit-{second}"),
            "number": second,
            "initiatedBy": {"user": {"userPrincipalName": "Admin@Example.org"}},
            "targetResources": targets,
        },
    })
    .to_string()
}

fn user(upn: &str) -> Value {
    json!({"type": "User", "id": format!("id of {upn}"), "userPrincipalName": upn, "modifiedProperties": []})
}

fn found(rules: &str, records: &[String]) -> Vec<Value> {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let mut sources = SourceSet::from_texts([("r.trip", format!("{SCHEMA}{rules}"))]);
    let checking = lang::check(&mut sources, today);
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    let rules = RuleSet::compile(&checked, EventFields::Used);
    let mut engine = Engine::new(rules, Options::new(today));
    let mut found = Found::default();
    for record in records {
        engine.push(record.as_bytes(), &mut found);
    }
    engine.finish(&mut found);
    found.0
}

/// Whether a condition holds for the one record.
fn holds(condition: &str, record: &str) -> bool {
    let rules = format!("rule r {{ match {{ e = audit where {condition} }} }}");
    found(&rules, &[record.to_owned()]).len() == 1
}

/// A group that gains an owner, by a change of roles that comes with another one.
fn change() -> String {
    audit(
        1,
        "Add member to role",
        json!([
            {"type": "Role", "displayName": "Global Administrator", "modifiedProperties": [
                {"displayName": "Role.DisplayName", "oldValue": null, "newValue": "\"Global Administrator\""},
                {"displayName": "Role.WellKnownObjectName", "newValue": "\"TenantAdmins\""}]},
            {"type": "User", "userPrincipalName": "Eve@Example.org", "modifiedProperties": [
                {"displayName": "Role.DisplayName", "oldValue": "\"Reader\"", "newValue": "\"Reader\""},
                {"displayName": "AccountEnabled", "oldValue": "[true]", "newValue": "[false]"}]},
        ]),
    )
}

#[test]
fn conditions_on_one_element_stand_in_one_lambda() {
    // Each holds for some property of the user, but for no one property both do.
    let apart = r#"any(targets, t => t.type == "User"
        and any(t.modifiedProperties, p => p.displayName == "Role.DisplayName")
        and any(t.modifiedProperties, p => p.newValue == "[false]"))"#;
    let together = r#"any(targets, t => t.type == "User"
        and any(t.modifiedProperties, p => p.displayName == "Role.DisplayName" and p.newValue == "[false]"))"#;
    assert!(holds(apart, &change()));
    assert!(!holds(together, &change()));
    assert!(holds(
        &together.replace("Role.DisplayName", "AccountEnabled"),
        &change()
    ));
}

#[test]
fn lambdas_in_one_another_read_the_names_around_them() {
    for (condition, expected) in [
        // The outer element, the event's fields bare and qualified, an element of another list.
        (
            r#"any(targets, t => any(t.modifiedProperties, p => p.displayName == "Role.DisplayName" and p.newValue contains t.displayName))"#,
            true,
        ),
        (
            r#"any(targets, t => any(t.modifiedProperties, p => p.newValue contains t.type))"#,
            false,
        ),
        (
            r#"any(targets, t => lower(t.userPrincipalName) == user and t.userPrincipalName != actor)"#,
            true,
        ),
        (
            r#"any(targets, t => any(e.targets, o => o.type != t.type and any(o.modifiedProperties, p => any(t.modifiedProperties, q => q.displayName == p.displayName and q.newValue != p.newValue))))"#,
            true,
        ),
        (
            r#"all(targets, t => all(t.modifiedProperties, p => present(p.newValue)))"#,
            true,
        ),
        (
            r#"all(targets, t => any(t.modifiedProperties, p => p.oldValue == p.newValue))"#,
            false,
        ),
        (
            r#"find(find(targets, t => t.type == "Role").modifiedProperties, p => p.displayName ends_with "ObjectName").newValue == "\"TenantAdmins\"""#,
            true,
        ),
        (
            r#""AccountEnabled" in map(find(targets, t => t.type == "User").modifiedProperties, p => p.displayName)"#,
            true,
        ),
        (
            r#"any(map(targets, t => map(t.modifiedProperties, p => p.displayName)), names => len(names) == 2 and "AccountEnabled" in names)"#,
            true,
        ),
        (
            r#"len(map(targets, t => find(t.modifiedProperties, p => p.displayName == "AccountEnabled").newValue)) == 2"#,
            true,
        ),
        (
            r#"json(find(targets[1].modifiedProperties, p => p.displayName == "AccountEnabled").newValue)[0] == false"#,
            true,
        ),
        (
            r#"missing(targets[*].modifiedProperties[*].newValue)"#,
            false,
        ),
        (
            r#"any(targets[*].modifiedProperties[*], p => p.newValue == "[false]")"#,
            true,
        ),
        (
            r#"any(whole.targetResources, t => any(t.modifiedProperties, p => p.oldValue != p.newValue and t.type == "User" and number == 1))"#,
            true,
        ),
    ] {
        assert_eq!(holds(condition, &change()), expected, "{condition}");
    }
}

#[test]
fn a_key_is_found_in_a_list_of_every_step() {
    let key = |part: &str| {
        format!(
            r#"rule r {{
              sequence by {part} within 10m {{
                created = audit where activity == "Add user"
                deleted = audit where activity == "Delete user"
              }}
            }}"#
        )
    };
    let group = json!({"type": "Group", "userPrincipalName": "anna@example.org", "id": "g"});
    let records = [
        audit(1, "Add user", json!([group, user("Anna@Example.org")])),
        audit(2, "Add user", json!([user("ben@example.org")])),
        audit(
            3,
            "Delete user",
            json!([user("anna@example.org"), user("ben@example.org")]),
        ),
        audit(4, "Delete user", json!([group])),
        audit(5, "Delete user", json!([])),
    ];
    let find = r#"find(targets, t => t.type == "User").userPrincipalName"#;
    let qualified = |step: &str| find.replace("targets", &format!("{step}.targets"));
    for (part, name, value) in [
        (
            format!("lower({find})"),
            format!("lower({find})"),
            "anna@example.org",
        ),
        (
            format!("target = lower({find})"),
            "target".to_owned(),
            "anna@example.org",
        ),
        (
            format!("created.user = {}", qualified("deleted")),
            "user".to_owned(),
            "anna@example.org",
        ),
        (
            format!("who = lower({}) = deleted.user", qualified("created")),
            "who".to_owned(),
            "anna@example.org",
        ),
    ] {
        let found = found(&key(&part), &records);
        assert_eq!(found.len(), 1, "{part}: {found:#?}");
        assert_eq!(found[0]["key"], json!({name: value}), "{part}");
        assert_eq!(found[0]["time"], "2026-03-02T10:00:03Z");
    }
    // Where case counts, Anna is not anna.
    assert!(found(&key(find), &records).is_empty());
}

#[test]
fn a_raw_key_joins_as_the_type_of_the_other_side() {
    let rules = r#"rule r {
        sequence by created.number = find(deleted.targets, t => t.type == "Ref").number within 10m {
          created = audit where activity == "a"
          deleted = audit where activity == "b"
        }
      }"#;
    let reference = |number: Value| json!([{"type": "Ref", "number": number}]);
    for (number, expected) in [
        (json!(1), 1),
        (json!("1"), 1),
        (json!(1.0), 1),
        (json!("01x"), 0),
        (json!(2), 0),
    ] {
        let records = [
            audit(1, "a", json!([])),
            audit(3, "b", reference(number.clone())),
        ];
        let found = found(rules, &records);
        assert_eq!(found.len(), expected, "{number}");
        if expected == 1 {
            assert_eq!(found[0]["key"], json!({"number": 1}));
        }
    }
}

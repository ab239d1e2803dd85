//! The chapter of the manual: its example gives what it shows, and the shipped rules are exported as it
//! says.

use std::path::Path;

use tripline_engine::lang::{self, source::SourceSet};
use tripline_export::{Exported, Options, vector};

use super::harness::{Both, compiled, event, today};

const CHAPTER: &str = include_str!("../../../../docs/vector-export.md");

/// The blocks of the chapter in this language.
fn blocks(language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let parts = CHAPTER.split(&begin).skip(1);
    parts
        .filter_map(|part| part.split("```").next())
        .map(str::to_owned)
        .collect()
}

fn exported(rules: &str) -> Exported {
    vector(&super::harness::checked(rules), &Options::default()).unwrap()
}

#[test]
fn the_example_gives_what_the_chapter_shows() {
    let rules = blocks("tripline");
    let exported = exported(&rules[0]);
    assert_eq!(exported.config, blocks("yaml")[0]);
    compiled(&exported.program);
    // The rule's part of a longer program is shown alone.
    let with_rule = self::exported(&rules.concat());
    let rule = &blocks("coffee")[0];
    assert!(
        with_rule.program.contains(rule.as_str()),
        "{}",
        with_rule.program
    );
}

#[test]
fn the_block_of_the_configuration_is_the_program() {
    let exported = exported(&blocks("tripline")[0]);
    let (_, block) = exported.config.split_once("    source: |-\n").unwrap();
    let lines: Vec<&str> = block
        .lines()
        .map(|line| line.strip_prefix("      ").unwrap_or(line))
        .collect();
    assert_eq!(lines.join("\n").trim_end(), exported.program.trim_end());
    assert!(
        exported
            .config
            .chars()
            .all(|letter| letter == '\n' || !letter.is_control())
    );
}

#[test]
fn the_shipped_rules_are_exported_as_the_chapter_says() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let (mut sources, problems) = SourceSet::read(&[rules]);
    assert!(problems.is_empty(), "{problems:#?}");
    let checked = lang::check(&mut sources, today()).checked.unwrap();
    let exported = vector(&checked, &Options::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    assert_eq!(exported.rules, ["device_made_trusted"]);
    assert_eq!(exported.left_out.len(), checked.rules.len() - 1);
    compiled(&exported.program);
}

#[test]
fn the_shipped_schemas_accept_the_same_and_read_the_same() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/entra");
    let read = |name: &str| std::fs::read_to_string(rules.join(name)).unwrap();
    let device = read("audit/device-made-trusted.trip");
    let mut both = Both::new(&format!(
        "{}\n{}\n{device}\n{}",
        read("schema.trip"),
        read("audit/schema.trip"),
        r#"rule all_signins {
             match { e = signin }
             emit { kind interactive time id user user_id user_type result ip asn app app_id resource client_app user_agent session_id correlation_id token_id risk }
           }
           rule all_audits {
             match { e = audit }
             emit { time id activity service result user user_id app app_sp_id ip target_user target_sp_id correlation_id first = e.targets[0].type }
           }"#
    ));
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for record in samples() {
        for rule in both.agree(&event(&record)).detections.keys() {
            *seen.entry(rule.clone()).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

/// Sign-ins and changes of the directory, in the shapes in which they arrive.
fn samples() -> Vec<String> {
    let change = |old: &str, new: &str| {
        serde_json::json!({
            "category": "AuditLogs", "time": "2026-03-02T10:00:00.1234567Z",
            "properties": {
                "id": "a-1", "activityDateTime": "2026-03-02T09:59:59Z", "activityDisplayName": "Update device", "loggedByService": "Core Directory", "result": "Success",
                "initiatedBy": {"user": {"userPrincipalName": "Admin@Example.org", "id": "u-1", "ipAddress": "203.0.113.7:443"}},
                "targetResources": [
                    {"type": "User", "id": "u-2", "userPrincipalName": "Anna@Example.org", "modifiedProperties": []},
                    {"type": "Device", "displayName": "PC 1", "modifiedProperties": [{"displayName": "DeviceTrustType", "oldValue": old, "newValue": new}]}]
            }
        })
        .to_string()
    };
    let mut samples = vec![
        change("[\"Workplace\"]", "[\"AzureAd\"]"),
        change("[\"AzureAd\"]", "[\"AzureAd\"]"),
        r#"{"activityDateTime": "2026-03-02T10:00:00Z", "id": "a-2", "activityDisplayName": "Add user", "initiatedBy": {"app": {"displayName": "Sync"}}, "targetResources": [{"type": "ServicePrincipal", "id": "sp-1"}]}"#.to_owned(),
    ];
    let example = include_str!("../../../../examples/signins.ndjson");
    samples.extend(example.lines().take(400).map(str::to_owned));
    samples
}

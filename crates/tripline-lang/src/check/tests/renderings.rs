//! How diagnostics look: excerpts, lines, JSON.

use super::*;

fn rich(rules: &str, files: &[(&str, &str)]) -> String {
    let (sources, checking) = check_all(rules, files);
    render::rich(&checking.diagnostics, &sources, false)
}

#[test]
fn excerpts_read_well() {
    insta::assert_snapshot!(
        "a_misspelt_field",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  match { e = signin where interacitve }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "a_name_declared_twice",
        rich("let window = 10m\nlet window = 1h\n", &[])
    );
    insta::assert_snapshot!(
        "values_of_two_types",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  match { e = signin where user == result }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "a_window_without_a_unit",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  sequence by user within 10 {\n    a = signin\n    b = signin\n  }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "a_later_step",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  sequence by user within 10m {\n    a = signin where a.time < b.time\n    b = signin\n  }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "an_ambiguous_field",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  sequence by user within 10m {\n    a = signin\n    b = signin\n  }\n  emit { ip }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "both_can_be_missing",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  sequence by user within 10m {\n    a = signin\n    b = signin where b.asn != a.asn\n  }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "conditions_that_exclude_one_another",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  match { e = signin where result == 0 and result in [1, 2] }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "an_idle_exclusion",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  match { e = signin where result == 0 }\n  exclude \"failures\" { when result == 50126 }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "a_bad_entry_in_a_file",
        rich(
            "list nets : cidr = file \"nets.txt\"\nrule r {\n  meta { id = \"r\" }\n  match { e = signin where ip in nets }\n}\n",
            &[("nets.txt", "10.0.0.0/8\n10.0.0.0/33\n")]
        )
    );
    insta::assert_snapshot!(
        "a_pattern_that_is_not_valid",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  match { e = signin where user_agent matches /azure-(cli/ }\n}\n",
            &[]
        )
    );
    insta::assert_snapshot!(
        "an_expired_exclusion",
        rich(
            "rule r {\n  meta { id = \"r\" }\n  match { e = signin where result == 0 }\n  exclude \"move\" { when user == \"a\"  expires 2027-05-01 }\n}\n",
            &[]
        )
    );
}

#[test]
fn a_line_and_an_object_hold_everything() {
    let (sources, checking) = check_all("let a = 1\nlet a = 2\n", &[]);
    insta::assert_snapshot!("short", render::short(&checking.diagnostics, &sources));
    insta::assert_snapshot!("json", render::json(&checking.diagnostics, &sources));
}

#[test]
fn colour_is_only_added_when_asked_for() {
    let (sources, checking) = check_all("let a = nope\n", &[]);
    assert!(!render::rich(&checking.diagnostics, &sources, false).contains('\u{1b}'));
    let coloured = render::rich(&checking.diagnostics, &sources, true);
    assert!(coloured.contains('\u{1b}') && coloured.contains("E0202"));
}

#[test]
fn an_endless_line_is_not_shown() {
    let rules = format!("list a : int = [{} true]\n", "1, ".repeat(10_000));
    let shown = rich(&rules, &[]);
    assert!(
        shown.len() < 2_000 && shown.contains("rules.trip:1:30018"),
        "{shown}"
    );
}

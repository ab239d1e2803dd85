//! What changes a fingerprint and what does not.

use tripline_lang::source::SourceSet;

use super::*;

const RULE: &str = r#"
    schema s {
      accept present(.user)
      time : timestamp = .time
      id : string = .id
      raw : string = .app
      app : string = raw ?? .application
      user : string = .user
      shown : string = .shown
    }
    list apps : string = ["a", "b"]
    rule r {
      meta { id = "6b0e2f1c-0d7a-4d3c-9a38-2f6a4d1e8c55" }
      sequence by user within 10m {
        first = last s where app in apps and app not in ["x"]
        second = s where second.app matches /curl/ and second.app != first.app
      }
      emit { shown = first.shown }
    }
    exclude "none" from r { when first.shown == "y" }
"#;

fn print(text: &str) -> u128 {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let checking = tripline_lang::check(&mut SourceSet::from_texts([("r.trip", text)]), today);
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    of(&checked, &checked.rules[0])
}

#[test]
fn a_fingerprint_is_the_same_in_every_process_and_on_every_platform() {
    assert_eq!(
        format!("{:032x}", print(RULE)),
        "d6e14f051f7516cbfc53057dc97a6706"
    );
}

#[test]
fn what_decides_nothing_about_the_state_is_no_part_of_the_fingerprint() {
    for (from, to) in [
        ("rule r {", "rule other {"),
        ("from r {", "from r { reason \"because\" "),
        ("shown = first.shown }", "shown = second.shown }"),
        ("shown : string = .shown", "shown : string = .other"),
        ("when first.shown == \"y\"", "when first.shown == \"z\""),
        ("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]"),
        (
            "user : string = .user\n",
            "more : int = .more\n user : string = .user\n",
        ),
        (
            "schema s {",
            "schema before { accept true time : timestamp = .time }\nschema s {",
        ),
        ("list apps", "\n\nlist apps"),
    ] {
        let mut text = RULE.replacen(from, to, 1);
        if from == "rule r {" {
            text = text.replace("from r {", "from other {");
        }
        assert_ne!(text, RULE);
        assert_eq!(print(&text), print(RULE), "{from} -> {to}");
    }
}

#[test]
fn what_decides_about_the_state_changes_the_fingerprint() {
    for (from, to) in [
        ("within 10m", "within 11m"),
        ("by user", "by app"),
        ("= last s", "= s"),
        ("/curl/", "/curls/"),
        ("matches /curl/", "matches nocase /curl/"),
        ("[\"x\"]", "[\"y\"]"),
        ("present(.user)", "present(.user) and present(.id)"),
        ("time : timestamp = .time", "time : timestamp = .at"),
        ("id : string = .id", "id : string = .uid"),
        ("raw : string = .app", "raw : string = .apps"),
        ("app in apps and", "app not in apps and"),
        ("second.app != first.app", "second.app == first.app"),
    ] {
        let text = RULE.replacen(from, to, 1);
        assert_ne!(text, RULE);
        assert_ne!(print(&text), print(RULE), "{from} -> {to}");
    }
}

#[test]
fn a_rule_that_puts_an_empty_text_in_is_another_one_than_when_that_was_missing() {
    let text = RULE.replacen("raw ??", "replace(raw, \"-\", \"\") ??", 1);
    assert_ne!(text, RULE);
    // What such a rule kept before would go on as what it now keeps.
    let before = "8c16ce34f519c0a5c42ff3b82673bd6d";
    assert_ne!(format!("{:032x}", print(&text)), before);
    let missing = RULE.replacen("raw ??", "replace(raw, \"-\", missing) ??", 1);
    assert_ne!(print(&text), print(&missing));
}

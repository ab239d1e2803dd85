//! What the module finds and says: rules, settings, edits, the rules that it carries itself.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tripline_engine::lang::source::bundle;
use tripline_host::{Access, HostError, Instance, Limits, Module, Outcome, carried, embed};

use crate::answers::{RULES, signin};
use crate::harness::{bytes, call, folder, instance, module, put};

/// Calls until an answer comes that is wanted, or three seconds have passed.
fn until(instance: &mut Instance, record: &str, wanted: impl Fn(&Outcome) -> bool) -> bool {
    for _ in 0..60 {
        if wanted(&call(instance, "tripline_annotate", record.as_bytes())) {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn without_rules_every_record_passes_and_it_is_said_where_rules_were_looked_for() {
    let folder = folder(&[("notes.txt", "")]);
    let mut instance = instance(folder.path());
    for function in ["tripline_annotate", "tripline_filter"] {
        for _ in 0..1000 {
            assert_eq!(call(&mut instance, function, b"{}"), Outcome::Passed);
        }
    }
    let said = instance.said();
    assert!(said.contains("accessible_paths"), "{said}");
    assert!(
        said.contains(&folder.path().display().to_string()),
        "{said}"
    );
    assert!(said.lines().count() < 8, "it was said too often:\n{said}");
}

#[cfg(unix)]
#[test]
fn rules_mounted_as_a_config_map_are_read_once() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[("rules/..2026_03_02/a.trip", RULES)]);
    let rules = folder.path().join("rules");
    symlink("..2026_03_02", rules.join("..data")).unwrap();
    symlink("..data/a.trip", rules.join("a.trip")).unwrap();
    let mut instance = instance(folder.path());
    let record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z");
    let outcome = call(&mut instance, "tripline_annotate", record.as_bytes());
    assert!(matches!(outcome, Outcome::Given(_)), "{}", instance.said());
}

#[test]
fn no_accessible_folder_at_all_is_no_trap() {
    let mut instance = module().instantiate(&[]).unwrap();
    assert_eq!(
        call(&mut instance, "tripline_annotate", b"{}"),
        Outcome::Passed
    );
    assert!(instance.said().contains("no folder is accessible"));
}

#[test]
fn rules_in_error_let_every_record_pass_and_are_told_with_their_place() {
    let folder = folder(&[("rules/a.trip", "rule x {\n  match { e = nothing }\n}\n")]);
    let mut instance = instance(folder.path());
    assert_eq!(
        call(&mut instance, "tripline_annotate", b"{}"),
        Outcome::Passed
    );
    let said = instance.said();
    assert!(
        said.contains("error[E") && said.contains("a.trip:2"),
        "{said}"
    );
}

#[test]
fn an_edit_takes_effect_between_two_records_and_a_broken_one_changes_nothing() {
    let (quiet, _) = RULES.split_once("filter noise").unwrap();
    let folder = folder(&[
        ("tripline.toml", "reload = \"200ms\""),
        ("rules/a.trip", quiet),
    ]);
    let mut instance = instance(folder.path());
    let record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z");
    let annotated = |outcome: &Outcome| matches!(outcome, Outcome::Given(_));
    assert!(!annotated(&call(
        &mut instance,
        "tripline_annotate",
        record.as_bytes()
    )));
    put(folder.path(), "rules/a.trip", RULES);
    assert!(
        until(&mut instance, &record, annotated),
        "{}",
        instance.said()
    );
    assert!(instance.said().contains("rules were edited: 2 rules"));

    put(folder.path(), "rules/a.trip", "rule broken {");
    let told = |instance: &Instance| {
        instance
            .said()
            .contains("are in error; the rules that were")
    };
    for _ in 0..60 {
        assert!(annotated(&call(
            &mut instance,
            "tripline_annotate",
            record.as_bytes()
        )));
        if told(&instance) {
            break;
        }
        sleep(Duration::from_millis(50));
    }
    assert!(told(&instance), "{}", instance.said());
    assert_eq!(
        instance.said().matches("rule broken").count(),
        1,
        "told once"
    );

    put(folder.path(), "rules/a.trip", quiet);
    assert!(until(&mut instance, &record, |outcome| !annotated(outcome)));
}

#[test]
fn an_edited_list_takes_effect_and_state_stays() {
    edited(
        "list known : string = file \"known\"",
        "user in known",
        ["ann\n", "bob\nand others\n"],
    );
}

#[test]
fn an_edited_table_takes_effect_and_state_stays() {
    edited(
        "table known = file \"known\" key user",
        "lookup(known, user).trusted == true",
        ["user,trusted\nann,true\n", "user,trusted\nann,no longer\n"],
    );
}

/// What is excluded before a file is edited is found afterwards, with what was kept before.
fn edited(declared: &str, excluded: &str, texts: [&str; 2]) {
    let rules =
        format!("{declared}\n{RULES}\nexclude \"known\" from moved {{ when {excluded} }}\n");
    let folder = folder(&[
        ("tripline.toml", "reload = \"200ms\""),
        ("rules/a.trip", &rules),
        ("rules/known", texts[0]),
    ]);
    let mut instance = instance(folder.path());
    let mut at = 0;
    let mut moves = |instance: &mut Instance| {
        at += 1;
        let record = signin(
            "ann",
            &format!("192.0.2.{}", at % 250),
            &format!("2026-03-02T10:00:{:02}Z", at % 60),
        );
        matches!(
            call(instance, "tripline_annotate", record.as_bytes()),
            Outcome::Given(_)
        )
    };
    assert!(!moves(&mut instance) && !moves(&mut instance), "excluded");
    put(folder.path(), "rules/known", texts[1]);
    let mut noticed = false;
    for _ in 0..55 {
        noticed = moves(&mut instance);
        if noticed {
            break;
        }
        sleep(Duration::from_millis(50));
    }
    assert!(noticed, "{}", instance.said());
}

#[test]
fn settings_in_error_are_told_with_their_line_and_the_rules_still_run() {
    let folder = folder(&[
        ("tripline.toml", "lateness = \"30m\"\nlatenes = \"1h\"\n"),
        ("rules/a.trip", RULES),
    ]);
    let mut instance = instance(folder.path());
    let said = instance.said();
    assert!(said.contains("tripline.toml is in error"), "{said}");
    assert!(
        said.contains("latenes") && said.contains("line 2"),
        "{said}"
    );
    let record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z");
    assert!(matches!(
        call(&mut instance, "tripline_annotate", record.as_bytes()),
        Outcome::Given(_)
    ));
}

#[test]
fn settings_name_the_annotation() {
    let folder = folder(&[
        ("tripline.toml", "annotation = \"aitm\""),
        ("rules/a.trip", RULES),
    ]);
    let mut instance = instance(folder.path());
    let record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z");
    let Outcome::Given(bytes) = call(&mut instance, "tripline_annotate", record.as_bytes()) else {
        panic!("it is tagged")
    };
    let value: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["aitm"]["tags"][0], "vip");
}

#[test]
fn a_module_that_carries_its_rules_needs_no_folder() {
    let large = "x\n".repeat(200_000);
    let rules = format!(
        "list l : string = file \"l.txt\"\ntable t = file \"t.csv\" key name\n{RULES}\nexclude \"l\" from moved {{ when user in l or lookup(t, user).tier == \"gold\" }}"
    );
    let texts = [
        ("a.trip", rules.as_str()),
        ("l.txt", large.as_str()),
        ("t.csv", "name,tier\nann,gold\n"),
        ("tripline.toml", "annotation = \"carried\""),
    ];
    let copy = embed(bytes(), &bundle::write(texts).unwrap(), "a test").unwrap();
    let module = Module::new(&copy, Limits::default()).unwrap();
    let mut instance = module.instantiate(&[]).unwrap();
    let record = signin("ceo", "192.0.2.1", "2026-03-02T10:00:00Z");
    let Outcome::Given(given) = call(&mut instance, "tripline_annotate", record.as_bytes()) else {
        panic!("{}", instance.said())
    };
    assert!(String::from_utf8(given).unwrap().contains("\"carried\":{"));
    assert!(instance.said().contains("from the module itself"));
    assert!(embed(&copy, b"again", "").is_err());
    assert_eq!(carried(&copy).as_deref(), Some("a test"));
    assert_eq!(carried(bytes()), None);
}

#[test]
fn a_module_of_somebody_else_is_told_apart() {
    let foreign = Module::new(b"\0asm\x01\0\0\0", Limits::default()).unwrap();
    assert!(matches!(
        foreign.instantiate(&[]),
        Err(HostError::Foreign(_))
    ));
    assert!(matches!(
        Module::new(b"no module", Limits::default()),
        Err(HostError::NotAModule(_))
    ));
    let gone = Access::to("/nowhere/at/all");
    assert!(matches!(
        module().instantiate(&[gone]),
        Err(HostError::Folder { .. })
    ));
}

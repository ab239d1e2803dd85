//! Tables: what their files may hold, what is wrong with them and where, and what may be asked.

use proptest::prelude::*;

use super::super::tests::{SCHEMA, one, said_of};
use super::MOST_COLUMNS;
use crate::checked::{ExprKind, Table};
use crate::source::{SourceSet, Watch};
use crate::value::Value;

const USE: &str = "rule r { match { e = signin where present(lookup(vips, user)) } }";

/// What is said of a table's file.
fn said_of_file(declared: &str, path: &str, text: &str) -> Vec<String> {
    let rules = format!("table vips = file \"{path}\" key {declared} {USE}");
    said_of(&rules, &[(path, text)])
}

fn said_of_csv(text: &str) -> Vec<String> {
    said_of_file("upn", "vips.csv", text)
}

fn said_of_ndjson(text: &str) -> Vec<String> {
    said_of_file("upn", "vips.ndjson", text)
}

/// What is said of a condition beside a sound table.
fn said_of_condition(condition: &str) -> Vec<String> {
    let rules = format!(
        "table vips = file \"vips.csv\" key upn list l : string = [\"x\"]
         rule r {{ match {{ e = signin where user in l and present(lookup(vips, user)) and {condition} }} }}"
    );
    said_of(
        &rules,
        &[("vips.csv", "upn,tier,limit,cost centre\nanna,gold,5,x\n")],
    )
}

/// The table of a file that is sound.
#[track_caller]
fn table(declared: &str, text: &str) -> std::sync::Arc<Table> {
    let rules = format!("table vips = file \"vips\" key {declared} {USE}");
    let texts = [
        ("a.trip", SCHEMA),
        ("r.trip", rules.as_str()),
        ("vips", text),
    ];
    let mut sources = SourceSet::from_texts(texts);
    let checking = super::super::check(&mut sources, chrono::NaiveDate::default());
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    let mut found = None;
    checked.rules[0].form.steps[0].conditions[0].visit(&mut |expr| {
        if let ExprKind::Lookup { table, .. } = &expr.kind {
            found = Some(table.clone());
        }
    });
    found.unwrap()
}

/// What a row has in a column.
fn cell(table: &Table, key: &str, column: &str) -> String {
    let row = table.row(key).unwrap_or_else(|| panic!("no row {key}"));
    match table.value(row, table.column(column).unwrap()) {
        Value::Json(raw) => String::from_utf8(raw.bytes.into_owned()).unwrap(),
        Value::Text(text) => format!("\"{text}\""),
        value => format!("{value:?}"),
    }
}

#[test]
fn cells_of_csv_are_trimmed_and_may_be_quoted_or_empty() {
    let table = table(
        "upn",
        "\u{feff} upn , tier,note\r\n\r\n anna ,gold,\"a, \"\"b\"\"\nc\"\r\n   \r\nben,,x\r\n\"c d\", silver ,",
    );
    assert_eq!(table.len(), 3);
    assert_eq!(cell(&table, "anna", "tier"), "\"gold\"");
    assert_eq!(cell(&table, "anna", "note"), "\"a, \"b\"\nc\"");
    assert_eq!(cell(&table, "ben", "tier"), "Missing");
    assert_eq!(cell(&table, "c d", "tier"), "\"silver\"");
    assert_eq!(cell(&table, "c d", "note"), "Missing");
    assert!(table.row("Anna").is_none() && table.row("").is_none());
}

#[test]
fn lines_of_ndjson_have_members_of_any_kind_and_not_all_of_them() {
    let table = table(
        "id",
        "\n{\"id\": 7, \"a\": \"x\\u0041\", \"b\": 1.50, \"a\": \"second\"}\n\r\n{\"b\": null, \"id\": \"é\", \"c\": [1, {\"d\": 2}], \"a\": \"\"}\r\n{\"id\": true}",
    );
    assert_eq!(table.len(), 3);
    assert_eq!(cell(&table, "7", "a"), "\"xA\"");
    assert_eq!(cell(&table, "7", "b"), "1.50");
    assert_eq!(cell(&table, "7", "c"), "Missing");
    assert_eq!(cell(&table, "é", "c"), "[1, {\"d\": 2}]");
    assert_eq!(cell(&table, "é", "a"), "Missing");
    assert_eq!(cell(&table, "true", "b"), "Missing");
}

#[test]
fn a_key_is_found_without_case_where_the_table_says_so() {
    for text in [
        "upn,tier\nMÜLLER@Example.org,gold\n",
        "{\"upn\":\"MÜLLER@Example.org\",\"tier\":\"gold\"}",
    ] {
        let table = table("upn nocase", text);
        assert_eq!(cell(&table, "müller@EXAMPLE.org", "tier"), "\"gold\"");
        assert_eq!(
            cell(&table, "müller@example.org", "upn"),
            "\"MÜLLER@Example.org\""
        );
    }
    let column = table("\"user name\"", "x,user name\n1,anna\n");
    assert_eq!(cell(&column, "anna", "x"), "\"1\"");
}

#[test]
fn what_is_wrong_with_a_row_of_csv_is_told_at_its_place() {
    one(
        &said_of_csv("upn,tier\nanna,gold\n\nben\n"),
        &[
            "vips.csv:4:1",
            "E0408",
            "1 cell, but the header has 2 columns",
        ],
    );
    one(
        &said_of_csv("upn,tier\nanna,gold,x\n"),
        &["vips.csv:2:1", "E0408", "3 cells"],
    );
    one(
        &said_of_csv("tier,upn\n\"a\n,b\",  \n"),
        &["vips.csv:3:7", "E0409"],
    );
    one(
        &said_of_csv("tier,upn\ngold, anna\nx,\"ben\"\nsilver,  ben\n"),
        &["vips.csv:4:10", "E0410", "`ben` stands twice"],
    );
    one(
        &said_of_csv("upn,tier\nanna,gold\nben,\"silver\ncarl,gold\n"),
        &["vips.csv:3:5", "E0408", "never closed"],
    );
    one(
        &said_of_file("upn nocase", "vips.csv", "upn\nanna\nANNA\n"),
        &["vips.csv:3:1", "E0410"],
    );
    assert!(said_of_csv("upn\nanna\nANNA\n").is_empty());
}

#[test]
fn what_is_wrong_with_a_header_is_told_at_its_place() {
    one(
        &said_of_csv("user,uqn,tier\nanna,x,gold\n"),
        &["rules.trip:1:34", "E0411", "did you mean `uqn`?"],
    );
    one(
        &said_of_csv("name;tier\nanna;gold\n"),
        &["E0411", "separated by commas"],
    );
    one(&said_of_csv("upn,,tier\n"), &["vips.csv:1:5", "E0412"]);
    one(
        &said_of_csv("upn,tier, tier\n"),
        &["vips.csv:1:11", "E0412", "`tier`"],
    );
    one(&said_of_csv("upn,\"tier\n"), &["vips.csv:1:5", "E0408"]);
    for empty in ["", "\n\n"] {
        one(&said_of_csv(empty), &["rules.trip:1:19", "E0412", "empty"]);
    }
    one(&said_of_csv("upn,tier\n"), &["W0105"]);
    let wide = format!("upn{}\n", ",x".repeat(MOST_COLUMNS));
    one(&said_of_csv(&wide), &["E0412", "4097 columns"]);
}

#[test]
fn what_is_wrong_with_a_line_of_ndjson_is_told_at_its_place() {
    one(
        &said_of_ndjson("{\"upn\": \"anna\"}\n  {\"upn\": \"ben\",}\n"),
        &["vips.ndjson:2:17", "E0408", "cannot be read as a row"],
    );
    one(
        &said_of_ndjson("{\"upn\": \"anna\"}\n[1]\n"),
        &["vips.ndjson:2:1", "E0408", "expected a JSON object"],
    );
    one(
        &said_of_ndjson("[{\"upn\": \"anna\"}]\n"),
        &["vips.ndjson:1:1", "E0408"],
    );
    one(
        &said_of_ndjson("{\"upn\": \"anna\"} x\n"),
        &["vips.ndjson:1:17", "E0408"],
    );
    one(
        &said_of_ndjson("{\"upn\": \"anna\"}\n{\"tier\": 1}\n"),
        &["vips.ndjson:2:1", "E0409"],
    );
    for none in ["null", "\"\"", "{\"a\": 1}", "[]"] {
        one(
            &said_of_ndjson(&format!("{{\"upn\": \"anna\"}}\n{{\"upn\": {none}}}\n")),
            &["vips.ndjson:2:9", "E0409"],
        );
    }
    one(
        &said_of_ndjson("{\"upn\": \"anna\"}\n{\"x\": 1, \"upn\": \"anna\"}\n"),
        &["vips.ndjson:2:17", "E0410"],
    );
    one(
        &said_of_ndjson("{\"upn\": \"a\", \"t\": \"\\ud800\"}\n"),
        &["vips.ndjson:1:19", "E0408"],
    );
    one(
        &said_of_ndjson("{\"uqn\": \"anna\", \"tier\": 1}\n"),
        &["E0411", "did you mean `uqn`?"],
    );
    let wide: String = (0..=MOST_COLUMNS)
        .map(|at| format!("{{\"upn\": {at}, \"c{at}\": 1}}\n"))
        .collect();
    one(&said_of_ndjson(&wide), &["E0412", "more than 4096 columns"]);
}

#[test]
fn files_that_are_wrong_everywhere_take_linear_time() {
    let started = std::time::Instant::now();
    for text in [
        ",".repeat(4_000_000),
        format!("upn,\"{}", ",".repeat(4_000_000)),
        format!("upn{}", ",\"\"".repeat(MOST_COLUMNS - 1)),
        format!(
            "x,upn\n{},a\n{}",
            "y".repeat(1_000_000),
            ",a\n".repeat(400_000)
        ),
        format!("x,upn\n{}", "y,\n".repeat(400_000)),
    ] {
        assert!(!said_of_csv(&text).is_empty());
    }
    let long = format!("{{\"x\": \"{}\", \"upn\": 1}}\n", "y".repeat(1_000_000));
    for text in [
        format!("{long}{}", "{\"upn\": 1}\n".repeat(200_000)),
        format!("{{{}\"upn\": 1}}", "\"\": 1, ".repeat(1_000_000)),
        "{\n".repeat(400_000),
        format!("{{\"upn\": 1, \"x\": {}", "[".repeat(1_000_000)),
    ] {
        assert!(!said_of_ndjson(&text).is_empty());
    }
    // Far above what it takes, also unoptimised on a busy machine.
    assert!(started.elapsed().as_secs() < 60);
}

#[test]
fn many_problems_of_one_file_are_counted() {
    let lines = said_of_csv(&format!("upn,tier\n{}", "x\n".repeat(50)));
    assert_eq!(lines.len(), 21, "{lines:#?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("30 more rows of `vips.csv`")),
        "{lines:#?}"
    );
}

#[test]
fn a_file_that_is_not_there_or_outside_is_an_error() {
    let rules = format!("table vips = file \"vps.csv\" key upn {USE}");
    one(
        &said_of(&rules, &[("vips.csv", "upn\n")]),
        &[
            "E0405",
            "the table `vips` cannot be loaded",
            "did you mean `vips.csv`?",
        ],
    );
    let rules = format!("table vips = file \"../vips.csv\" key upn {USE}");
    one(&said_of(&rules, &[]), &["E0405", "outside"]);
}

#[test]
fn a_table_is_named_as_the_first_argument_and_is_no_value_elsewhere() {
    one(
        &said_of_condition("lookup(vps, user).tier == \"x\""),
        &["E0202", "there is no table `vps`", "did you mean `vips`?"],
    );
    one(
        &said_of_condition("lookup(l, user).tier == \"x\""),
        &["E0313", "the name of a table"],
    );
    one(
        &said_of_condition("lookup(\"vips\", user).tier == \"x\""),
        &["E0313", "the name of a table"],
    );
    one(
        &said_of_condition("lookup(vips).tier == \"x\""),
        &["E0312", "lookup(table, key)"],
    );
    one(
        &said_of_condition("vips == \"x\""),
        &["E0224", "is a table, not a value", "lookup(vips, key)"],
    );
    one(
        &said_of_condition("user in vips"),
        &["E0224", "present(lookup(vips, key))"],
    );
    one(&said_of_condition("vips.tier == \"x\""), &["E0224"]);
    one(
        &said_of_condition("any(roles, vips => vips == \"x\")"),
        &["E0222", "a table"],
    );
    one(
        &said_of_condition("_GetWatchlist(user).tier == \"x\""),
        &["E0206", "lookup(table, key)"],
    );
    let hidden = "table vips = file \"vips.csv\" key upn rule r { match { vips = signin where present(lookup(vips, vips.user)) } }";
    one(
        &said_of(hidden, &[("vips.csv", "upn\na\n")]),
        &["E0515", "the table"],
    );
    let twice = format!("list vips : string = [\"a\"] table vips = file \"v.csv\" key upn {USE}");
    assert!(said_of(&twice, &[("v.csv", "upn\na\n")])[0].contains("E0201"));
}

#[test]
fn a_key_is_any_value_that_has_a_text() {
    for key in [
        "user",
        "ip",
        "asn",
        "e.time",
        "interactive",
        "details.upn",
        "risk",
        "5m",
        "\"anna\"",
        "10.0.0.0/8",
    ] {
        let said = said_of_condition(&format!("lookup(vips, {key}).tier == \"gold\""));
        assert!(said.is_empty(), "{key}: {said:#?}");
    }
    one(
        &said_of_condition("lookup(vips, roles).tier == \"x\""),
        &["E0313", "map(list, x => lookup(table, x))"],
    );
    one(&said_of_condition("present(lookup(vips, /x/))"), &["E0313"]);
    one(
        &said_of_condition("present(lookup(vips, lookup(vips, user)))"),
        &["E0313", "a row of a table"],
    );
}

#[test]
fn columns_are_checked_however_a_row_is_come_by() {
    for ok in [
        "lookup(vips, user).limit > 4",
        "lookup(vips, user).\"cost centre\" == \"x\"",
        "lookup(vips, user).tier in [\"gold\"]",
        "any(roles, r => lookup(vips, r).tier == \"gold\")",
        "any(map(roles, r => lookup(vips, r)), row => row.tier == \"gold\")",
        "\"gold\" in map(roles, r => lookup(vips, r))[*].tier",
        "(lookup(vips, user) ?? lookup(vips, app_id)).tier == \"gold\"",
        "lookup(vips, lookup(vips, user).tier).limit == 5",
        "lookup(vips, user).tier.inner[0] == \"x\"",
        "missing(lookup(vips, app_id)) or lookup(vips, app_id) != missing",
    ] {
        let said = said_of_condition(ok);
        assert!(said.is_empty(), "{ok}: {said:#?}");
    }
    for wrong in [
        "lookup(vips, user).teir == \"gold\"",
        "any(roles, r => lookup(vips, r).teir == \"gold\")",
        "any(map(roles, r => lookup(vips, r)), row => row.teir == \"gold\")",
        "(lookup(vips, user) ?? lookup(vips, app_id)).teir == \"gold\"",
    ] {
        one(
            &said_of_condition(wrong),
            &[
                "E0411",
                "`vips` has no column `teir`",
                "did you mean `tier`?",
            ],
        );
    }
    one(
        &said_of_condition("lookup(vips, user).nothing == 1"),
        &["E0411", "`upn`, `tier`, `limit` and `cost centre`"],
    );
    one(
        &said_of_condition("lookup(vips, user)[0] == 1"),
        &["E0315", "read by name"],
    );
}

#[test]
fn a_row_is_no_value_of_another_type() {
    one(
        &said_of_condition("lookup(vips, user) == \"gold\""),
        &["E0301", "name one of its columns"],
    );
    one(
        &said_of_condition("lookup(vips, user)"),
        &["E0302", "a row of a table"],
    );
    one(
        &said_of_condition("len(lookup(vips, user)) > 1"),
        &["E0313"],
    );
    one(
        &said_of_condition("lookup(vips, user) < lookup(vips, app_id)"),
        &["E0303"],
    );
    one(
        &said_of_condition("(lookup(vips, user) ?? details).x == 1"),
        &["E0318"],
    );
    one(
        &said_of_condition("lookup(vips, user) contains \"x\""),
        &["E0306"],
    );
}

#[test]
fn a_constant_looks_nothing_up_and_a_lookup_is_never_folded() {
    let files = [("vips.csv", "upn,tier\nanna,gold\n")];
    let rules = "table vips = file \"vips.csv\" key upn let tier = lookup(vips, \"anna\").tier";
    one(&said_of(rules, &files), &["E0319"]);
    let rules = "table vips = file \"vips.csv\" key upn rule r { match { e = signin where lookup(vips, \"anna\").tier == \"gold\" } }";
    assert_eq!(said_of(rules, &files), Vec::<String>::new());
}

#[test]
fn conditions_on_one_column_that_contradict_each_other_are_told() {
    one(
        &said_of_condition(
            "lookup(vips, user).tier == \"gold\" and lookup(vips, user).tier == \"silver\"",
        ),
        &["W02"],
    );
    let said = said_of_condition(
        "lookup(vips, user).tier == \"gold\" and lookup(vips, app_id).tier == \"silver\"",
    );
    assert!(said.is_empty(), "{said:#?}");
}

#[test]
fn schemas_look_up_what_they_read() {
    let rules = "table vips = file \"vips.csv\" key upn
        schema other { accept present(.x) time : timestamp = .t tier : string = lookup(vips, .user).tier who : json = lookup(vips, .user) limit : int = lookup(vips, .user).limit }
        rule r { match { e = other where tier == \"gold\" and who.limit == 5 and limit == 5 } }";
    let files = [("vips.csv", "upn,tier,limit\nanna,gold,5\n")];
    assert_eq!(said_of(rules, &files), Vec::<String>::new());
}

#[test]
fn a_table_that_nothing_uses_is_told() {
    one(
        &said_of(
            "table vips = file \"vips.csv\" key upn",
            &[("vips.csv", "upn\na\n")],
        ),
        &["W0104"],
    );
}

#[test]
fn a_million_rows_load_at_once() {
    let mut text = "upn,tier,limit\n".to_owned();
    let mut lines = String::new();
    for row in 0..1_000_000 {
        text.push_str(&format!("user{row}@example.com,gold,{row}\n"));
        if row < 300_000 {
            lines.push_str(&format!(
                "{{\"upn\":\"user{row}@example.com\",\"tier\":\"gold\",\"limit\":{row}}}\n"
            ));
        }
    }
    let started = std::time::Instant::now();
    let of_csv = table("upn nocase", &text);
    let of_lines = table("upn nocase", &lines);
    assert_eq!((of_csv.len(), of_lines.len()), (1_000_000, 300_000));
    assert_eq!(
        cell(&of_csv, "USER777777@example.com", "limit"),
        "\"777777\""
    );
    assert_eq!(cell(&of_lines, "user299999@example.com", "limit"), "299999");
    // Far above what it takes, also unoptimised on a busy machine: a quadratic reader would not end.
    assert!(started.elapsed().as_secs() < 40);
}

#[test]
fn an_edited_table_is_noticed_as_an_edited_list_is() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.trip",
        &format!("{SCHEMA} table vips = file \"vips.csv\" key upn {USE}"),
    );
    write("vips.csv", "upn\nanna\n");
    let read = || {
        let mut watch = Watch::new(&[folder.path()]);
        let (mut set, _) = SourceSet::read(&[folder.path()]);
        let checking = super::super::check(&mut set, chrono::NaiveDate::default());
        watch.reads(&set);
        (watch, checking.checked.is_some())
    };
    let (mut watch, sound) = read();
    assert!(sound && !watch.changed() && !watch.changed());
    write("vips.csv", "upn\nanna\nanna\n");
    assert!(!watch.changed() && watch.changed(), "the table was edited");
    let (mut watch, sound) = read();
    assert!(!sound, "a table in error");
    std::fs::remove_file(folder.path().join("vips.csv")).unwrap();
    assert!(!watch.changed() && watch.changed(), "the table went away");
    let (mut watch, sound) = read();
    assert!(!sound, "a table that is not there");
    write("vips.csv", "upn\nben\n");
    assert!(!watch.changed() && watch.changed(), "the table came");
}

#[test]
fn what_is_no_text_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let rules = format!("{SCHEMA} table vips = file \"vips.csv\" key upn {USE}");
    std::fs::write(folder.path().join("a.trip"), rules).unwrap();
    std::fs::write(folder.path().join("vips.csv"), b"upn\nann\xe9\n").unwrap();
    let (mut set, _) = SourceSet::read(&[folder.path()]);
    let checking = super::super::check(&mut set, chrono::NaiveDate::default());
    let said = crate::diagnostic::render::short(&checking.diagnostics, &set);
    assert!(
        said.contains("E0405") && said.contains("not UTF-8 text (first bad byte at offset 7)"),
        "{said}"
    );
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_is_refused(text in "([a\",;\n\r é{}:\\[\\]\\\\u0-9]|upn|\"upn\"){0,60}") {
        for text in [text.clone(), format!("upn,{text}"), format!("{{\"upn\": \"a\"}}\n{text}")] {
            let _ = said_of_csv(&text);
        }
    }
}

#[test]
fn two_spellings_of_an_address_are_one_key() {
    one(
        &said_of_csv("upn,tier\n2001:db8::1,gold\n 2001:DB8:0::1 ,silver\n"),
        &[
            "vips.csv:3:2",
            "E0410",
            "`2001:DB8:0::1`",
            "however it is written",
        ],
    );
    one(
        &said_of_ndjson("{\"upn\": \"192.0.2.7\"}\n{\"upn\": \"::ffff:192.0.2.7\"}\n"),
        &["vips.ndjson:2:9", "E0410"],
    );
    // What is more than an address is a text like any other.
    for text in [
        "192.0.2.7:1",
        "[2001:db8::1]:1",
        "2001:db8::1%a",
        "2001:db8::1/64",
    ] {
        let other = text.replace(['1', 'a'], "2");
        assert!(
            said_of_csv(&format!("upn\n{text}\n{other}\n")).is_empty(),
            "{text}"
        );
    }
    let table = table(
        "upn nocase",
        "upn,tier\n2001:DB8:0:0::A,gold\n0:0::FFFF:c000:0207,x\n",
    );
    for key in ["2001:db8::a", "2001:0db8::000A", "2001:DB8:0:0::A"] {
        assert_eq!(cell(&table, key, "tier"), "\"gold\"");
        assert_eq!(cell(&table, key, "upn"), "\"2001:DB8:0:0::A\"");
    }
    assert_eq!(cell(&table, "192.0.2.7", "tier"), "\"x\"");
}

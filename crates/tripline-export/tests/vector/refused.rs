//! What cannot be said exactly is refused by name, each with its place and what can be done, and what
//! needs several events is left out and named.

use tripline_export::{Options, Refused, vector};

use super::harness::checked;

const SCHEMA: &str = r#"
table vips = file "t.csv" key k
schema s {
  accept present(.a)
  time  : timestamp  = .time
  id    : string     = .id
  text  : string     = .text
  n     : int        = .n
  x     : float      = .x
  ip    : ip         = .ip
  raw   : json       = .raw
  many  : [string]   = .many
  names : [json]     = .list[*].name
  span  : duration   = .span
  net   : cidr       = .net
  said  : string     = json(.said).what
  flag  : bool       = .flag
}
"#;

fn refused(rules: &str) -> Vec<Refused> {
    let text = format!("{SCHEMA}{rules}");
    let mut sources = tripline_engine::lang::source::SourceSet::from_texts([
        ("r.trip", text.as_str()),
        ("t.csv", "k,tier\na,gold\n"),
    ]);
    let checking = tripline_engine::lang::check(&mut sources, super::harness::today());
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{rules}\n{:#?}", checking.diagnostics));
    let Err(refused) = vector(&checked, &Options::default()) else {
        panic!("{rules} was exported")
    };
    for one in &refused {
        let shown = one.diagnostic();
        let text = tripline_engine::lang::diagnostic::render::short(&[shown], &sources);
        assert!(
            text.starts_with("r.trip:") && text.contains("help:"),
            "{text}"
        );
    }
    refused
}

/// A condition, and what its refusal says.
const REFUSED: &[(&str, &str)] = &[
    ("n + 1 == 2", "arithmetic"),
    ("time - 5m > 2026-01-01", "arithmetic"),
    ("x * 2.0 > 1", "arithmetic"),
    ("lookup(vips, text).tier == \"gold\"", "table `vips`"),
    ("\"a\" in many", "type `json` read as `[string]`"),
    (
        "any(many, m => m == \"a\")",
        "type `json` read as `[string]`",
    ),
    ("any(names, m => m == \"a\")", "`[*]`"),
    ("any([text, id], m => m == \"a\")", "a computed list"),
    ("any(raw, m => m.a + 1 == 2)", "arithmetic"),
    ("map(many, m => m)[0] == \"a\"", "`map`"),
    ("len(split(text, \",\")) == 1", "`split`"),
    ("len([text, id]) == 2", "a computed list"),
    ("present(names)", "`[*]`"),
    ("present(many)", "type `json` read as `[string]`"),
    ("present(raw[*].a)", "`[*]`"),
    ("span > 5m", "type `json` read as `duration`"),
    ("ip in net", "type `json` read as `cidr`"),
    ("ip_prefix(ip, 24) == \"10.0.0.0/24\"", "type `cidr`"),
    ("present(ip_prefix(ip, 24))", "`ip_prefix`"),
    ("said == \"a\"", "`json`"),
    ("split(text, \",\")[0] == \"a\"", "`split`"),
    ("distance_km(x, x, 1.0, 2.0) > 5", "`distance_km`"),
    ("text has \"a.b/c\"", "`has`"),
    ("text has nocase text", "`has`"),
    ("capture(text, /(a)/, 1) == \"a\"", "`capture` by a number"),
    ("ip < \"10.0.0.0\"", "type `ip`"),
    ("text matches /(?x) a ' b/", "a pattern in verbose mode"),
];

#[test]
fn every_construct_that_cannot_be_said_is_refused_by_name() {
    for (condition, why) in REFUSED {
        let rules = format!("rule r {{ match {{ e = s where {condition} }} }}");
        let refused = refused(&rules);
        assert!(
            refused.iter().any(|one| one.why.contains(why)),
            "{condition}: {refused:#?}"
        );
        assert!(
            refused
                .iter()
                .all(|one| one.what == "rule `r`" || one.what.starts_with("field `")),
            "{refused:#?}"
        );
        let rules = format!("filter f {{ on s drop when {condition} }}");
        let of_filter = self::refused(&rules);
        assert!(
            of_filter.iter().any(|one| one.why.contains(why)),
            "{of_filter:#?}"
        );
    }
}

#[test]
fn every_function_is_exported_or_refused() {
    for function in tripline_engine::lang::functions::all() {
        let call = format!("{}(", function.name);
        let said = super::constructs::CONDITIONS.iter();
        let said = said.into_iter().any(|condition| condition.contains(&call));
        let name = format!("`{}`", function.name);
        let refused = REFUSED.iter().any(|(_, why)| {
            why.starts_with(&name) || (function.name == "lookup" && why.contains("table"))
        });
        // A group is said by its name, and refused by its number.
        assert!(
            said != refused || function.name == "capture",
            "{}",
            function.name
        );
    }
}

#[test]
fn what_is_emitted_and_what_excludes_is_refused_too() {
    let rules =
        r#"rule r { match { e = s } emit { flag span text } exclude "x" { when n + 1 == 2 } }"#;
    let refused = refused(rules);
    let whats: Vec<&str> = refused.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(
        whats,
        [
            "field `span` of schema `s`",
            "`emit` of `span` in rule `r`",
            "exclusion \"x\" of rule `r`"
        ],
        "{refused:#?}"
    );
    let rules = r#"rule r { match { e = s } emit { never = 90s ever = 1 } }"#;
    assert!(self::refused(rules)[0].why.contains("`emit`"));
}

#[test]
fn a_long_list_is_refused_with_its_length() {
    let entries: Vec<String> = (0..300).map(|at| at.to_string()).collect();
    let rules = format!(
        "list l : int = [{}]\nrule r {{ match {{ e = s where n in l }} }}",
        entries.join(", ")
    );
    let refused = refused(&rules);
    assert!(
        refused[0].why.contains("list `l` has 300 entries"),
        "{refused:#?}"
    );
}

#[test]
fn fields_that_nothing_exported_reads_are_not_refused() {
    let rules = SCHEMA.replace("table vips = file \"t.csv\" key k", "");
    let rules = format!("{rules} rule r {{ match {{ e = s where text == \"a\" }} }}");
    assert!(vector(&checked(&rules), &Options::default()).is_ok());
}

#[test]
fn what_needs_several_events_is_left_out_and_named() {
    let rules = r#"
        schema s { accept present(.a) time : timestamp = .time user : string = .user n : int = .n }
        rule one { match { e = s where n + 1 == 2 } }
        rule two { sequence by user within 10m { a = s where n == 1 b = s where n == 2 } }
        rule three { together by user within 10m { a = s where n == 1 b = s where n == 2 } }
        rule four { count by user within 10m { f = s having count(f) > 3 } }
        filter drops { on s drop when n == 7 }
    "#;
    let options = Options {
        leave: vec!["one".to_owned()],
    };
    let exported = vector(&checked(rules), &options).unwrap();
    let left: Vec<(&str, &str)> = exported
        .left_out
        .iter()
        .map(|left| (left.rule.as_str(), left.form))
        .collect();
    assert_eq!(
        left,
        [
            ("two", "sequence"),
            ("three", "together"),
            ("four", "count")
        ]
    );
    assert_eq!(exported.filters, ["drops"]);
    assert!(exported.rules.is_empty());
    let head = "#   needs the relay: two (sequence), three (together), four (count)\n#   left to the relay: one\n";
    assert!(exported.config.contains(head), "{}", exported.config);
    super::harness::compiled(&exported.program);
    for left in &exported.left_out {
        assert!(left.diagnostic().message.contains("needs the relay"));
    }
}

#[test]
fn a_set_with_nothing_to_export_gives_a_program_that_does_nothing() {
    let exported = vector(
        &checked("schema s { accept present(.a) time : timestamp = .time }"),
        &Options::default(),
    )
    .unwrap();
    super::harness::compiled(&exported.program);
}

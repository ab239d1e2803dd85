//! Where values are found: keys that are no names, what Vector would take for variables, records that
//! have something else at a path, records that are text in a member.

use super::harness::{Both, event};

/// Keys that a path has to quote, or that cannot stand in one.
const KEYS: &[&str] = &[
    "a",
    "if",
    "true",
    "null",
    "abort",
    "a-b",
    "a b",
    "0",
    "0a",
    "@timestamp",
    "a@b",
    "é",
    "a.b",
    "a\"b",
    "a\\b",
    "{{a}}",
    "{a}",
    "}}",
    "a'b",
    "#a",
    "$schema",
    "a$b$c",
    "$$",
    "${a}",
    "a$",
    "a\nb",
    "\t",
    "a/b",
    "[0]",
    "%a",
    "event",
    "value",
    "_",
    "A",
];

#[test]
fn every_key_is_found() {
    let mut rules = String::from("schema s { accept present(.found)\n time : timestamp = .time\n");
    for (at, key) in KEYS.iter().enumerate() {
        let key = key
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
            .replace('\t', "\\t");
        rules.push_str(&format!("f{at} : string = .\"{key}\"\n g{at} : string = .in.\"{key}\"[1].\"{key}\"\n j{at} : string = inner.\"{key}\"[1]\n"));
    }
    rules.push_str("inner : json = .in }\nfilter f { on s\n");
    // What a field reads stands before it.
    let rules = rules
        .replace("schema s {", "schema s { ")
        .replace(
            " time : timestamp = .time\n",
            " time : timestamp = .time\n inner : json = .in\n",
        )
        .replace("inner : json = .in }\n", "}\n");
    let mut rules = rules;
    for at in 0..KEYS.len() {
        rules.push_str(&format!("tag \"f{at}\" when f{at} == \"x\"\n tag \"g{at}\" when g{at} == \"y\"\n tag \"j{at}\" when j{at} contains \"y\"\n"));
    }
    rules.push_str("}\n");
    let mut both = Both::new(&rules);
    for key in KEYS {
        let record = serde_json::json!({"found": 1, *key: "x", "in": {*key: [0, {*key: "y"}]}});
        let outcome = both.agree(&event(&record.to_string()));
        assert_eq!(outcome.tags.len(), 3, "{key:?}: {outcome:?}");
    }
}

#[test]
fn what_is_something_else_at_a_path_is_missing() {
    let mut both = Both::new(
        r#"schema s {
          accept present(.a.b) or missing(.c[1].d)
          time : timestamp = .time
          whole : json = .a
          b : string = .a.b[0].c
          c : string = whole[0]
        }
        filter f { on s tag "b" when present(b) tag "c" when present(c) tag "whole" when present(whole) tag "d" when missing(whole.d) }"#,
    );
    for record in [
        r#"{"a": null}"#,
        r#"{"a": "x"}"#,
        r#"{"a": ""}"#,
        r#"{"a": "{\"b\": 1}"}"#,
        r#"{"a": 7}"#,
        r#"{"a": [1]}"#,
        r#"{"a": {"b": "x"}}"#,
        r#"{"a": {"b": {"c": 1}}}"#,
        r#"{"a": {"b": [{"c": "x"}]}}"#,
        r#"{"a": {"b": [{"c": ""}]}}"#,
        r#"{"a": {"b": [[]]}}"#,
        r#"{"a": {"b": [], "0": 1}}"#,
        r#"{"a": {}}"#,
        r#"{"a": []}"#,
        r#"{"c": [1, {"d": 1}]}"#,
        r#"{"c": {"1": {"d": 1}}}"#,
        r#"{"a": {"d": ""}}"#,
        r#"{}"#,
    ] {
        both.agree(&event(record));
    }
}

#[test]
fn a_record_that_is_text_in_a_member_is_not_looked_into() {
    let mut both = Both::new(
        r#"schema s { accept .kind == "a" time : timestamp = .time }
           filter f { on s tag "a" when .kind == "a" }"#
            .replace("when .kind == \"a\"", "when present(time)")
            .as_str(),
    );
    let wrapped = event(r#"{"message": " {\"kind\": \"a\", \"time\": 1772359200}"}"#);
    assert_eq!(both.by_vrl(&wrapped).0.tags, Vec::<String>::new());
    let json = serde_json::to_vec(&wrapped).unwrap();
    let by_engine = both.by_engine(&json, tripline_engine::Encoding::Json);
    assert_eq!(by_engine.tags, ["a"]);
    assert!(both.text.contains("was not looked into"));
    both.agree(&event(
        r#"{"kind": "a", "time": 1772359200, "message": "{\"kind\": \"b\"}"}"#,
    ));
}

#[test]
fn no_program_has_what_vector_replaces_in_its_configuration() {
    let texts = ["$HOME", "${HOME}", "$$", "a$", "$ a", "é$é"];
    let mut rules = String::from(
        "schema s { accept present(.\"$k\") time : timestamp = .\"${t}\" text : string = .t }\nfilter f { on s\n",
    );
    for (at, text) in texts.iter().enumerate() {
        rules.push_str(&format!("tag \"{text}\" when text == \"{text}\" or text in [\"{text}\", \"x{at}\"] or text matches /^{0}$|$b|[$a]/\n", text.replace('$', "\\$").replace(['{', '}'], ".")));
    }
    rules.push('}');
    let mut both = Both::new(&rules);
    let variable = regex::Regex::new(r"\$\$|\$[\w.]|\$\{").unwrap();
    assert!(!variable.is_match(&both.text), "{}", both.text);
    for text in texts {
        let record = serde_json::json!({"$k": 1, "t": text});
        assert!(
            both.agree(&event(&record.to_string()))
                .tags
                .contains(&text.to_owned())
        );
    }
}

#[test]
fn fields_with_names_that_look_alike_stay_apart() {
    let mut both = Both::new(
        r#"schema a { accept present(.a) time : timestamp = .time b_c : string = .x }
           schema a_b { accept present(.b) time : timestamp = .time c : string = .y }
           schema _s { accept present(.s) time : timestamp = .time t1 : string = .z event : string = .x }
           filter f { on a tag "a" when b_c == "1" }
           filter g { on a_b tag "b" when c == "2" }
           filter h { on _s tag "s" when t1 == "3" and event == "1" }
           rule tags { match { e = _s where t1 == "3" } emit { drop = e.t1 detections = e.event } }"#,
    );
    let outcome = both.agree(&event(
        r#"{"a": 1, "b": 1, "s": 1, "x": "1", "y": "2", "z": "3", "time": 1}"#,
    ));
    assert_eq!(outcome.tags, ["a", "b", "s"]);
    both.agree(&event(
        r#"{"a": 1, "b": 1, "s": 1, "x": "2", "y": "1", "z": "1", "time": 1}"#,
    ));
}

#[test]
fn a_replacement_by_nothing_takes_out_what_it_finds() {
    let mut both = Both::new(
        r#"schema s { accept present(.a) time : timestamp = .time text : string = .text }
           rule r { match { e = s } emit { text cut = replace(text, "a", "") none = replace(text, "", "x") } }"#,
    );
    for (text, fields) in [
        ("abab", serde_json::json!({"text": "abab", "cut": "bb"})),
        ("a", serde_json::json!({"text": "a"})),
        ("b", serde_json::json!({"text": "b", "cut": "b"})),
        ("", serde_json::json!({})),
    ] {
        let outcome = both.agree(&event(&format!(
            r#"{{"a": 1, "time": 1, "text": "{text}"}}"#
        )));
        assert_eq!(outcome.detections["r"]["fields"], fields, "{text}");
    }
}

#[test]
fn values_that_are_never_missing_are_values_like_others() {
    let mut both = Both::new(
        r#"schema s {
             accept true
             time  : timestamp = .time
             known : bool      = .a == 1
             word  : string    = known
             back  : bool      = word
             whole : int       = word
             size  : float     = len(word)
             still : bool      = known ?? .b
             bare  : string    = coalesce(word, .text, "none")
             last  : string    = .text ?? "none"
             again : int       = coalesce(.n, 7)
             yes   : bool      = present(.a)
           }
           filter f {
             on s
             tag "back" when back
             tag "still" when still == known
             tag "not still" when not still
             tag "bare" when bare == nocase "TRUE"
             tag "last" when last == "none" or last < bare
             tag "again" when again >= 7 and again != 8
             tag "size" when size < 3 or whole == 1
             tag "yes" when yes == known and not (yes and missing(known))
             tag "none" when missing(missing) and known != missing
             keep when known
             drop when true
           }
           rule always { match { e = s } emit { known word back whole size still bare last again yes nothing = missing } }"#,
    );
    for record in [
        r#"{"time": 1}"#,
        r#"{"a": 1, "time": 1}"#,
        r#"{"a": 1, "time": 1, "b": true, "text": "TRUE", "n": 8}"#,
        r#"{"a": 2, "text": "a", "n": "7"}"#,
        r#"{"a": 1, "text": "a", "n": null}"#,
    ] {
        both.agree(&event(record));
    }
}

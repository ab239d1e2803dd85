//! Tests of rules: what is checked of them, and what they become.

use super::*;
use crate::checked::test::{Arrival, Place};
use crate::value::Value;

/// A rule to be tested, and a test with these lines.
fn with(lines: &str) -> String {
    format!(
        r#"
let known = "anna"
list none : string = ["x"]
rule r {{
  sequence by user within 10m {{
    login = last signin where interactive and user not in none
    token = signin where user != known
  }}
  emit {{ app = token.app_id  what = token.details }}
  exclude "inside" {{ when token.asn == 1 }}
}}
test "t" for r {{
{lines}
}}
"#
    )
}

/// What is said of a test with these lines beside a sound rest.
fn said_of_test(lines: &str) -> Vec<String> {
    said(&with(&format!(
        "{lines}\nsignin at 10:00 {{}}\nexpect no detections"
    )))
}

#[test]
fn values_are_converted_to_the_type_of_their_field() {
    let checked = sound(&with(
        r#"
        signin at 10:00 {
          user = known  ip = "192.0.2.1:443"  asn = "64500"  result = 0  risk = 1  app_id = 7
          roles = ["a", "b"]  details = { "a": [1, null] }  interactive = true
          seen = "2026-03-02"
        }
        signin at 9:00:00.5 { roles = []  details = "text"  user = missing  seen = 2026-03-02T10:00:00Z }
        signin at 2026-03-03 { details = [1, "b", null] }
        expect 1 detection
        "#,
    ));
    let arrivals = &checked.tests[0].arrivals;
    let shown: Vec<String> = arrivals
        .iter()
        .map(|arrival| match arrival {
            Arrival::Event(event) => {
                let value = |value: &Value<'_>| match value {
                    Value::Json(raw) => String::from_utf8_lossy(&raw.bytes).into_owned(),
                    other => format!("{other:?}"),
                };
                let fields = event.fields.iter();
                let fields: Vec<String> = fields.map(|(_, field)| value(field)).collect();
                format!("{}: {}", event.time, fields.join(", "))
            }
            Arrival::Records(_) => "records".to_owned(),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn what_cannot_be_given_is_said() {
    for (line, texts) in [
        (
            "signin at 10:00 { usr = \"a\" }",
            &["E0203", "did you mean `user`?"][..],
        ),
        ("signing at 10:00 { }", &["E0204", "did you mean `signin`?"]),
        ("signin at 10:00 { ip = \"here\" }", &["E0304", "\"here\""]),
        ("signin at 10:00 { asn = true  asn = 1 }", &["E0505"]),
        ("signin at 10:00 { ip = 5 }", &["E0317", "203.0.113.7"]),
        ("signin at 10:00 { asn = 1.5 }", &["E0317"]),
        (
            "signin at 10:00 { user = ip }",
            &["E0202", "known before the first event"],
        ),
        (
            "signin at 10:00 { user = { \"a\": 1 } }",
            &["E0317", "JSON"],
        ),
        ("signin at 10:00 { details.a = 1 }", &["E0315"]),
        ("signin at 10:00 { time = 2026-03-02 }", &["E0602"]),
        ("signin at 25:00 { }", &["E0603"]),
        ("signin at 2026-02-30T10:00:00Z { }", &["E0603"]),
        ("records \"/etc/passwd\"", &["E0604"]),
        ("records \"../above.ndjson\"", &["E0604"]),
        ("records \"missing.ndjson\"", &["W0501"]),
        ("lateness 10", &["E0605"]),
        ("lateness -1h", &["E0605"]),
        ("emission erly", &["E0605", "did you mean `early`?"]),
        ("today 2026-02-30", &["E0605"]),
        ("today 2026-02-01 today 2026-02-02", &["E0505"]),
    ] {
        one(&said_of_test(line), texts);
    }
}

#[test]
fn what_cannot_be_expected_is_said() {
    for (line, texts) in [
        (
            "expect 1 detection { ap = \"x\" }",
            &["E0609", "did you mean `app`?"][..],
        ),
        (
            "expect 1 detection { ip = \"192.0.2.1\" }",
            &["E0609", "`login.ip` or `token.ip`"],
        ),
        (
            "expect 1 detection { lgin.ip = \"192.0.2.1\" }",
            &["E0205", "did you mean `login`?"],
        ),
        (
            "expect 1 detection { login.ipp = \"192.0.2.1\" }",
            &["E0203", "did you mean `ip`?"],
        ),
        ("expect 1 detection { login.ip = \"no\" }", &["E0304"]),
        (
            "expect 1 detection { app = \"x\"  app = \"y\" }",
            &["E0505"],
        ),
        ("expect 1 detection of q", &["E0207"]),
        (
            "expect 1 excluded by \"insider\"",
            &["E0608", "did you mean `inside`?"],
        ),
        (
            "expect 1 detection by \"inside\"",
            &["E0606", "expect 1 excluded by \"inside\""],
        ),
        (
            "expect no detections excluded by \"insider\"",
            &["E0608", "did you mean `inside`?"],
        ),
        ("expect at least 0 detections", &["E0606"]),
        ("expect 99999999999999999999999 detections", &["E0606"]),
    ] {
        one(&said_of_test(line), texts);
    }
}

#[test]
fn a_test_needs_events_and_expectations_and_a_name_of_its_own() {
    one(
        &said(&with("expect no detections")),
        &["E0601", "has no events"],
    );
    one(
        &said(&with("signin at 10:00 { }")),
        &["E0601", "expects nothing"],
    );
    let rest = "{ signin at 10:00 { } expect no detections }";
    let twice =
        with("signin at 10:00 { } expect no detections") + &format!("test \"t\" for r {rest}");
    one(&said(&twice), &["E0505", "two tests of the name \"t\""]);
    one(
        &said(&format!("test \"t\" for q {rest}")),
        &["E0207", "`q`"],
    );
}

#[test]
fn names_in_expectations_are_what_is_emitted_parts_of_the_key_and_fields_of_steps() {
    let checked = sound(&with(
        "signin at 10:00 { }
         expect at least 2 excluded of r by \"inside\" { app = \"a\"  user = known  token.asn = missing  what = { \"a\": 1 } }",
    ));
    let expected = &checked.tests[0].expectations[0];
    assert!(expected.at_least && expected.excluded && expected.count == 2);
    let of = &expected.of[0];
    assert_eq!(of.by, ["inside"]);
    let places: Vec<Place> = of.values.iter().map(|wanted| wanted.place).collect();
    assert_eq!(
        places,
        [
            Place::Emitted(0),
            Place::Key(0),
            Place::Field { step: 1, field: 4 },
            Place::Emitted(1)
        ]
    );
}

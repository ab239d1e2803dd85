//! Names: what they may mean where, and what is said when they mean nothing.

use super::*;

const TWO: &str = "login = last signin where interactive\n token = signin where not interactive";

fn sequence(steps: &str, rest: &str) -> Vec<String> {
    said(&format!(
        "rule r {{ sequence by user within 10m {{ {steps} }} {rest} }}"
    ))
}

#[test]
fn a_name_declared_twice_shows_both_places() {
    let (_, checking) = check_all("let a = 1 list a : int = [1]", &[]);
    let [problem] = checking.diagnostics.as_slice() else {
        panic!("{:?}", checking.diagnostics)
    };
    assert_eq!(problem.code, "E0201");
    assert_eq!(problem.also.len(), 1);
}

#[test]
fn names_are_global_over_files() {
    assert!(
        said_of(
            "rule r { match { e = signin where user in vips } }",
            &[("z.trip", "list vips : string = [\"a\"]")]
        )
        .is_empty()
    );
}

#[test]
fn a_misspelt_field_is_named_in_every_place() {
    one(
        &said_of_condition("interacitve"),
        &["E0203", "did you mean `interactive`?"],
    );
    one(
        &sequence(
            "login = last signin where interactive\n token = signin where token.ipp == login.ip",
            "",
        ),
        &["E0203", "did you mean `ip`?"],
    );
    one(
        &sequence(TWO, "emit { usr }"),
        &["E0202", "did you mean `user`?"],
    );
    one(
        &said("filter f { on signin drop when reslt == 0 }"),
        &["E0203", "did you mean `result`?"],
    );
}

#[test]
fn every_error_of_every_file_is_reported_at_once() {
    let lines = said_of(
        "rule r { match { e = sigin } }",
        &[("z.trip", "let a = 10min let b = nope")],
    );
    let codes: Vec<_> = ["E0204", "E0217", "E0202"]
        .iter()
        .filter(|code| lines.iter().any(|line| line.contains(**code)))
        .collect();
    assert_eq!(codes.len(), 3, "{lines:#?}");
}

#[test]
fn a_later_step_cannot_be_used_and_an_earlier_one_can() {
    one(
        &sequence(
            "login = last signin where login.ip != token.ip and present(login.ip)\n token = signin",
            "",
        ),
        &["E0218", "comes later"],
    );
    assert!(
        sequence(
            "login = last signin\n token = signin where present(ip) and ip != login.ip",
            ""
        )
        .is_empty()
    );
}

#[test]
fn a_bare_field_after_the_match_says_how_to_qualify_it() {
    one(
        &sequence(TWO, "emit { ip }"),
        &["E0220", "`login.ip` or `token.ip`"],
    );
    one(
        &sequence(TWO, "exclude \"x\" { when ip in \"10.0.0.0/8\" }"),
        &["E0220", "`login.ip` or `token.ip`"],
    );
    assert!(sequence(TWO, "emit { user  local = local_part(user) }").is_empty());
    assert!(
        said("rule r { match { e = signin where result == 0 } emit { ip  also = e.ip } }")
            .is_empty()
    );
}

#[test]
fn a_path_is_read_in_schemas_only() {
    one(
        &said_of_condition(".properties.risk == \"high\""),
        &["E0221", "risk : string = .properties.risk"],
    );
}

#[test]
fn steps_and_lists_are_no_values() {
    one(
        &sequence(TWO, "emit { x = login }"),
        &["E0224", "`login.time`"],
    );
    one(
        &said("list vips : string = [\"a\"] rule r { match { e = signin where user == vips } }"),
        &["E0224", "`x in vips`"],
    );
}

#[test]
fn a_field_reads_earlier_fields_only() {
    let lines = said(
        "schema s { accept true  time : timestamp = .time  a : string = b  b : string = .b  c : string = lower(b) }",
    );
    one(&lines, &["E0219", "move it up"]);
}

#[test]
fn constants_are_put_in_and_may_name_each_other_but_not_themselves() {
    let checked = sound(
        "let b = a + 5m let a = 5m rule r { sequence by user within b { x = signin  y = signin } }",
    );
    assert_eq!(checked.rules[0].form.within, 600_000_000_000);
    assert!(
        said("let a = b let b = a")
            .iter()
            .any(|line| line.contains("E0223"))
    );
}

#[test]
fn a_misspelt_name_causes_no_further_errors() {
    assert_eq!(
        said_of_condition("interacitve and lower(usr) == 5 and result == 0").len(),
        2
    );
    assert_eq!(said("rule r { sequence by user within 10m { login = sigin where interactive and foo  token = signin where token.ip == login.bar } }").len(), 1);
}

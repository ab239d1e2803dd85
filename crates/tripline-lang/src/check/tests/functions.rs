//! The examples of the table of functions, computed by constant folding; those of `lookup`, which is
//! no constant, run in the engine's tests.

use super::*;
use crate::checked::Constant;
use crate::functions;

/// What a constant condition folds to, by way of the warning that it decides nothing.
fn folded(expression: &str) -> Result<bool, String> {
    let lines = said_of_condition(expression);
    match lines.as_slice() {
        [line] if line.contains("always true") => Ok(true),
        [line] if line.contains("always false") => Ok(false),
        _ => Err(format!("{expression}: {lines:?}")),
    }
}

#[test]
fn every_example_of_every_function_gives_what_it_says() {
    for function in functions::all().filter(|function| function.name != "lookup") {
        for (call, gives) in function.examples {
            let comparison = match (
                *gives,
                call.contains(" > ") || call.contains(" < ") || call.contains(" == "),
            ) {
                ("true" | "false", true) if !call.ends_with(')') => format!("({call}) == {gives}"),
                _ => format!("{call} == {gives}"),
            };
            assert_eq!(folded(&comparison), Ok(true), "{call} gives {gives}");
        }
    }
}

#[test]
fn a_misspelt_or_foreign_function_is_named() {
    one(
        &said_of_condition("lowre(user) == \"a\""),
        &["E0206", "did you mean `lower`?"],
    );
    one(
        &said_of_condition("isnotempty(user)"),
        &["E0206", "`present(value)`"],
    );
}

#[test]
fn arguments_are_counted_and_typed() {
    one(
        &said_of_condition("split(user) == \"a\""),
        &["E0312", "takes 2 arguments", "split(text, separator)"],
    );
    one(
        &said_of_condition("hour(user) < 6"),
        &[
            "E0313",
            "`timestamp`",
            "declare the field as `user : timestamp`",
        ],
    );
    one(&said_of_condition("len(details) > 1"), &["E0313", "`[*]`"]);
    one(
        &said_of_condition("capture(user, /a(b)/, 2) == \"b\""),
        &["E0313", "there is no group 2"],
    );
    one(
        &said_of_condition("any(roles, \"admin\")"),
        &["E0314", "`x => …`"],
    );
    assert_eq!(
        said_of_condition("distance_km(1, 2, risk, 4.5) > 3"),
        Vec::<String>::new()
    );
}

#[test]
fn a_lambda_reads_outer_names_and_members_of_raw_elements() {
    assert!(said_of_condition("any(roles, r => r == user)").is_empty());
    assert!(
        said_of_condition("find(details.users, u => u.type == \"User\").upn == user").is_empty()
    );
    assert!(
        said_of_condition("any(details.a, a => any(a.b, b => b.c == a.c and b.d == result))")
            .is_empty()
    );
    one(
        &said_of_condition("any(roles, user => user == \"a\")"),
        &["E0222", "`user` already names a field"],
    );
    one(
        &said_of_condition("any(details.a, a => any(a.b, a => a.c == 1))"),
        &["E0222"],
    );
}

#[test]
fn differ_is_unequal_and_coalesce_is_the_operator() {
    assert!(matches!(
        kind("differ(user, app_id)"),
        ExprKind::Compare {
            op: crate::checked::CompareOp::NotEqual,
            ..
        }
    ));
    let ExprKind::Compare { left, .. } = kind("coalesce(user, app_id) == \"a\"") else {
        panic!("a comparison")
    };
    assert!(matches!(left.kind, ExprKind::Coalesce(_)));
}

#[test]
fn an_empty_text_is_missing_except_as_what_to_put_in() {
    let ExprKind::Compare { right, .. } = kind("user == \"\"") else {
        panic!("a comparison")
    };
    assert!(matches!(right.kind, ExprKind::Constant(Constant::Missing)));
    assert_eq!(folded("replace(\"a-b\", \"-\", \"\") == \"ab\""), Ok(true));
    for call in [
        "replace(\"a-b\", \"\", \"x\")",
        "replace(\"\", \"a\", \"x\")",
        "split(\"a-b\", \"\")",
        "lower(\"\")",
        "len(\"\")",
        "json(\"\")",
    ] {
        assert_eq!(folded(&format!("missing({call})")), Ok(true), "{call}");
    }
}

#[test]
fn a_way_with_several_each_gives_one_flat_list() {
    for list in [
        r#"json("[[{\"a\": [1, 2]}, {\"a\": [3]}], [{\"b\": 4}]]")[*][*].a[*]"#,
        r#"map([1, 2], x => json("[{\"a\": [1]}, {\"a\": [2, 3]}]"))[*][*].a[*]"#,
    ] {
        let last = if list.starts_with("json") { 3 } else { 6 };
        assert_eq!(
            folded(&format!("len({list}) == {last}")),
            Ok(true),
            "{list}"
        );
        assert_eq!(
            folded(&format!("any({list}, x => x == 3)")),
            Ok(true),
            "{list}"
        );
    }
}

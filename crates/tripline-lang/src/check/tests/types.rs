//! Types: what converts by itself, what does not and how that is said.

use super::*;
use crate::checked::{CompareOp, Constant};
use crate::types::Type;

#[test]
fn raw_values_take_the_type_of_the_other_side() {
    let ExprKind::Compare { left, .. } = kind("details.level == 3") else {
        panic!("a comparison")
    };
    assert_eq!(left.ty, Type::Int);
    assert!(matches!(left.kind, ExprKind::Convert(_)));
    let ExprKind::Compare { left, right, .. } = kind("details.a == details.b") else {
        panic!("a comparison")
    };
    assert_eq!((left.ty, right.ty), (Type::String, Type::String));
    let condition = &conditions("details.compliant")[0];
    assert_eq!(condition.ty, Type::Bool);
}

#[test]
fn literal_texts_are_read_as_the_type_of_the_other_side() {
    let ExprKind::Compare { right, .. } = kind("ip == \"::ffff:10.0.0.1\"") else {
        panic!("a comparison")
    };
    assert!(
        matches!(right.kind, ExprKind::Constant(Constant::Ip(address)) if address.to_string() == "10.0.0.1")
    );
    assert!(matches!(
        kind("ip in \"10.1.2.3/8\""),
        ExprKind::InRange { .. }
    ));
    assert!(matches!(kind("ip in 10.0.0.0/8"), ExprKind::InRange { .. }));
    assert!(matches!(
        kind("seen < \"2027-06-30\""),
        ExprKind::Compare {
            op: CompareOp::Less,
            ..
        }
    ));
    one(
        &said_of_condition("ip == \"10.0.0.300\""),
        &["E0304", "`ip` (an address)", "203.0.113.7"],
    );
    one(
        &said_of_condition("ip == \"10.0.0.0/8\""),
        &["E0304", "`in \"10.0.0.0/8\"`"],
    );
}

#[test]
fn whole_numbers_meet_floats_as_floats() {
    let ExprKind::Compare { left, right, .. } = kind("risk > result") else {
        panic!("a comparison")
    };
    assert_eq!((left.ty, right.ty), (Type::Float, Type::Float));
    let ExprKind::Compare { right, .. } = kind("risk > 1") else {
        panic!("a comparison")
    };
    assert!(matches!(right.kind, ExprKind::Constant(Constant::Float(_))));
}

#[test]
fn values_that_do_not_compare_are_named_in_words_with_the_fix() {
    one(
        &said_of_condition("user == result"),
        &[
            "E0301",
            "`string` (text)",
            "`int` (a whole number)",
            "declare the field as `user : int`",
        ],
    );
    one(
        &said_of_condition("interactive == 1"),
        &["E0301", "`true` or `false`"],
    );
    one(
        &said_of_condition("time - seen > 10"),
        &["E0301", "a duration needs a unit"],
    );
    one(&said_of_condition("interactive > false"), &["E0303"]);
    one(&said_of_condition("result"), &["E0302", "`!= 0`"]);
    one(
        &said_of_condition("roles contains \"admin\""),
        &["E0306", "`value in list`"],
    );
    one(&said_of_condition("result == nocase 5"), &["E0316"]);
    one(
        &said_of_condition("user matches \"azure\""),
        &["E0308", "`/azure/`"],
    );
    one(
        &said_of_condition("user matches /a(?=b)/"),
        &["E0309", "linear time"],
    );
    one(
        &said_of_condition("user.name == \"a\""),
        &["E0315", "json(text)"],
    );
}

#[test]
fn arithmetic_joins_times_and_durations() {
    assert!(said_of_condition("time - seen < 1.5h and seen + 10m > time").is_empty());
    assert!(
        said_of_condition("-result < -5 and result * 2 - 1 >= 3 and risk / 2 > 0.25").is_empty()
    );
    assert!(
        said_of_condition(
            "time - seen > 2 * 15m and (time - seen) / 1h > 1.5 and time + details.skew > seen"
        )
        .is_empty()
    );
    one(
        &said_of_condition("time - 10 > seen"),
        &["E0305", "needs a unit"],
    );
    one(&said_of_condition("user + \"x\" == \"ax\""), &["E0305"]);
    one(&said_of_condition("result == 1 / 0"), &["E0310"]);
    one(
        &said_of_condition("result == 9223372036854775808"),
        &["E0310", "64 bits"],
    );
    assert!(said_of_condition("result == -9223372036854775808").is_empty());
}

#[test]
fn fields_convert_to_their_declared_type_or_say_why_not() {
    let lines = said(
        "schema s { accept true  time : timestamp = .t  a : string = .a[*]  b : [string] = .b  c : [int] = .c[*]  d : ip = lower(.d) }",
    );
    one(&lines, &["E0317", "`[string]`"]);
    let lines = said("schema s { accept true  time : timestamp = .t  a : ip = hour(time) }");
    one(&lines, &["E0317", "`int`", "`ip`"]);
}

#[test]
fn a_schema_needs_accept_and_time_and_a_text_as_id() {
    let lines = said("schema s { id : int = .id }");
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("E0401")
                || line.contains("E0402")
                || line.contains("E0403"))
            .count(),
        3,
        "{lines:#?}"
    );
}

#[test]
fn constants_are_folded_and_what_decides_nothing_is_said() {
    one(
        &said_of_condition("result == 0 and 1 + 1 == 2"),
        &["W0201", "always true"],
    );
    let ExprKind::Compare { right, .. } = kind("result == 2 * (3 + 4)") else {
        panic!("a comparison")
    };
    assert!(matches!(right.kind, ExprKind::Constant(Constant::Int(14))));
}

#[test]
fn every_list_element_has_one_type() {
    one(&said_of_condition("result in [0, interactive]"), &["E0318"]);
    assert!(said_of_condition("ip in [\"10.0.0.1\", \"192.168.0.0/16\"]").is_empty());
    assert!(said_of_condition("user in [app_id, \"x\"]").is_empty());
    assert!(said_of_condition("\"admin\" in roles and user not in details.owners").is_empty());
    one(
        &said_of_condition("user in \"abc\""),
        &["E0307", "contains"],
    );
}

#[test]
fn a_text_is_an_instant_only_as_a_date() {
    for text in ["2026", "1767225600", "2026-13-01", "1.5", "x"] {
        one(
            &said_of_condition(&format!("time > \"{text}\"")),
            &["E0304", "`2027-06-30T10:00:00Z`"],
        );
    }
    for text in [
        "2026-01-01",
        "2026-01-01T10:00:00+02:00",
        " 2026-01-01 10:00:00",
    ] {
        let said = said_of_condition(&format!("time > \"{text}\""));
        assert!(said.is_empty(), "{said:?}");
    }
}

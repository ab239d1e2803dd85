//! Functions over instants. The calendar is that of UTC.

use super::{Accepts, Eval, Function, Returns, param};
use crate::types::Type;
use crate::value::Value;

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
const INSTANT: Accepts = Accepts::Type(Type::Timestamp);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "hour",
        params: &[param("time", INSTANT)],
        returns: Returns::Type(Type::Int),
        summary: "The hour of the day in UTC, 0 to 23.",
        examples: &[("hour(2026-03-01T09:30:00Z)", "9")],
        eval: Eval::Values(|args| match args {
            [Value::Timestamp(at)] => Value::Int(at.rem_euclid(DAY) / HOUR),
            _ => Value::Missing,
        }),
    },
    Function {
        name: "weekday",
        params: &[param("time", INSTANT)],
        returns: Returns::Type(Type::Int),
        summary: "The day of the week in UTC as ISO 8601 counts: 1 is Monday, 7 is Sunday.",
        examples: &[
            ("weekday(2026-03-01T09:30:00Z)", "7"),
            ("weekday(2026-03-02)", "1"),
        ],
        eval: Eval::Values(|args| match args {
            // 1970-01-01 was a Thursday.
            [Value::Timestamp(at)] => Value::Int((at.div_euclid(DAY) + 3).rem_euclid(7) + 1),
            _ => Value::Missing,
        }),
    },
];

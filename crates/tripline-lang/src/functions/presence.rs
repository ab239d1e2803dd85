//! Functions about missing values. The only ones that take a missing argument and give something.

use super::{Accepts, Eval, Function, Param, Returns, param};
use crate::types::Type;
use crate::value::Value;
use crate::value::compare::equal;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "present",
        params: &[param("value", Accepts::Any)],
        returns: Returns::Type(Type::Bool),
        summary: "Whether there is a value. Never missing itself.",
        examples: &[("present(0)", "true"), ("present(missing)", "false")],
        eval: Eval::Values(|args| Value::Bool(!matches!(args, [Value::Missing] | []))),
    },
    Function {
        name: "missing",
        params: &[param("value", Accepts::Any)],
        returns: Returns::Type(Type::Bool),
        summary: "Whether there is no value: absent, null, empty text or not convertible. Never missing itself.",
        examples: &[
            ("missing(missing)", "true"),
            (r#"missing("")"#, "true"),
            ("missing(0)", "false"),
        ],
        eval: Eval::Values(|args| Value::Bool(matches!(args, [Value::Missing] | []))),
    },
    Function {
        name: "differ",
        params: &[param("left", Accepts::Any), param("right", Accepts::Any)],
        returns: Returns::Type(Type::Bool),
        summary: "Whether two values are not the same, where missing is the same as missing and different from every value: exactly `left != right`, said on purpose about values that can be missing.",
        examples: &[
            ("differ(1, 2)", "true"),
            ("differ(1, missing)", "true"),
            ("differ(missing, missing)", "false"),
        ],
        eval: Eval::Values(|args| match args {
            [left, right] => Value::Bool(!equal(left, right, false)),
            _ => Value::Missing,
        }),
    },
    Function {
        name: "coalesce",
        params: &[
            param("value", Accepts::Any),
            Param {
                name: "otherwise",
                accepts: Accepts::Any,
                optional: false,
                repeats: true,
                takes_empty: false,
            },
        ],
        returns: Returns::Argument(0),
        summary: "The first of its arguments that is not missing: `coalesce(a, b)` is `a ?? b`.",
        examples: &[("coalesce(missing, 2, 3)", "2")],
        eval: Eval::Values(|args| {
            args.iter()
                .find(|value| !matches!(value, Value::Missing))
                .cloned()
                .unwrap_or(Value::Missing)
        }),
    },
];

//! Functions over lists. A lambda may read the names around it.

use super::{Accepts, Eval, Function, Returns, param};
use crate::types::Type;
use crate::value::Value;

const LIST: Accepts = Accepts::AnyList;
const CONDITION: Accepts = Accepts::Lambda(Some(Type::Bool));

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "len",
        params: &[param("value", Accepts::TextOrList)],
        returns: Returns::Type(Type::Int),
        summary: "The number of characters of a text, or of elements of a list.",
        examples: &[(r#"len("añb")"#, "3"), ("len([1, 2])", "2")],
        eval: Eval::Values(|args| match args {
            [Value::Text(text)] => {
                i64::try_from(text.chars().count()).map_or(Value::Missing, Value::Int)
            }
            [Value::List(values)] => i64::try_from(values.len()).map_or(Value::Missing, Value::Int),
            _ => Value::Missing,
        }),
    },
    Function {
        name: "any",
        params: &[param("list", LIST), param("condition", CONDITION)],
        returns: Returns::Type(Type::Bool),
        summary: "Whether the condition holds for an element. False for an empty list.",
        examples: &[
            ("any([1, 2, 3], x => x > 2)", "true"),
            ("any([1], x => x > 2)", "false"),
        ],
        eval: Eval::Elements(|list, holds| {
            Value::Bool(list.iter().any(|element| is_true(&holds(element))))
        }),
    },
    Function {
        name: "all",
        params: &[param("list", LIST), param("condition", CONDITION)],
        returns: Returns::Type(Type::Bool),
        summary: "Whether the condition holds for every element. True for an empty list, missing for a missing one.",
        examples: &[
            ("all([1, 2, 3], x => x > 2)", "false"),
            ("all([3, 4], x => x > 2)", "true"),
        ],
        eval: Eval::Elements(|list, holds| {
            Value::Bool(list.iter().all(|element| is_true(&holds(element))))
        }),
    },
    Function {
        name: "find",
        params: &[param("list", LIST), param("condition", CONDITION)],
        returns: Returns::Element(0),
        summary: "The first element for which the condition holds; missing where there is none. Its members are then read: `find(list, x => …).name`.",
        examples: &[
            ("find([1, 2, 3], x => x > 1)", "2"),
            ("find([1], x => x > 1)", "missing"),
        ],
        eval: Eval::Elements(|list, holds| {
            list.into_iter()
                .find(|element| is_true(&holds(element)))
                .unwrap_or(Value::Missing)
        }),
    },
    Function {
        name: "map",
        params: &[param("list", LIST), param("value", Accepts::Lambda(None))],
        returns: Returns::ListOfLambda(1),
        summary: "The list of what the lambda gives for each element.",
        examples: &[("map([1, 2], x => x * 10)", "[10, 20]")],
        eval: Eval::Elements(|list, value| Value::List(list.iter().map(value).collect())),
    },
];

fn is_true(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(true))
}

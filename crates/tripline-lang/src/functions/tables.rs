//! Functions over tables. The checker makes what they stand for of a call (`check::expr::lookup`): a
//! table is no value, so there is nothing to compute from arguments alone.

use super::{Accepts, Eval, Function, Returns, param};
use crate::types::Type;
use crate::value::Value;

/// The examples run in the engine's tests, with the table of `docs/language.md`.
pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "lookup",
    params: &[
        param("table", Accepts::Table),
        param("key", Accepts::Type(Type::String)),
    ],
    returns: Returns::Row,
    summary: "The row of the table that has the key; missing where there is none. A key of another type is converted to text. The columns of the row are then read as its members: `lookup(vips, user).tier`.",
    examples: &[
        (r#"lookup(vips, "anna@example.org").tier"#, r#""gold""#),
        (r#"present(lookup(vips, "nobody@example.org"))"#, "false"),
    ],
    eval: Eval::Values(|_| Value::Missing),
}];

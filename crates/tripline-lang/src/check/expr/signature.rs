//! How functions are called, and what those of other query languages are called here.

use crate::functions::{Accepts, Function};

/// `capture(text, pattern, group)`
pub(super) fn signature(function: &Function) -> String {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|param| match (&param.accepts, param.repeats) {
            (Accepts::Lambda(_), _) => format!("x => {}", param.name),
            (_, true) => format!("{}, …", param.name),
            _ => param.name.to_owned(),
        })
        .collect();
    format!("{}({})", function.name, params.join(", "))
}

/// What functions of other query languages are called here.
pub(super) fn other_name(name: &str) -> Option<String> {
    let here = match name.to_ascii_lowercase().as_str() {
        "tolower" | "lowercase" | "to_lower" => "lower(text)",
        "toupper" | "uppercase" | "to_upper" => "upper(text)",
        "strlen" | "length" | "array_length" => "len(value)",
        "isnotempty" | "isnotnull" | "exists" | "is_present" => "present(value)",
        "isempty" | "isnull" | "is_missing" => "missing(value)",
        "extract" => "capture(text, /pattern/, group)",
        "parse_json" | "todynamic" | "from_json" => "json(text)",
        "_getwatchlist" | "get_watchlist" | "lookup_table" => "lookup(table, key)",
        "hourofday" => "hour(time)",
        "dayofweek" => "weekday(time)",
        "ipv4_is_private" | "is_private" => "in_private(address)",
        "geo_distance_2points" => "distance_km(latitude_1, longitude_1, latitude_2, longitude_2)",
        "iff" | "iif" | "if" => {
            return Some("there is no branching: write two conditions joined by `or`".to_owned());
        }
        "now" | "ago" | "datetime_now" | "utcnow" | "current_timestamp" => {
            return Some(
                "rules see event time only, so that a replay says the same as the live run: \
                 compare the `time` of two steps, or write an instant such as `2027-06-30`"
                    .to_owned(),
            );
        }
        "datetime" | "todatetime" => {
            return Some("an instant stands for itself: `2027-06-30T10:00:00Z`".to_owned());
        }
        _ => return None,
    };
    Some(format!("did you mean `{here}`?"))
}

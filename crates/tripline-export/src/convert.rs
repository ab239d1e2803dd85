//! Raw values as values of a type, in VRL. A raw value is whatever JSON has: a text, a number, a truth
//! value, an object, an array; instants of Vector have become texts before. What cannot be read is `null`.
//!
//! Each function works on one variable, which holds a raw value before (never an empty text) and the
//! value of the type after. They follow `tripline_lang::value::convert` to the letter; the tests of this
//! crate compare both over hostile texts.

use tripline_lang::types::Type;

use crate::writer::Writer;

/// White space as `trim_ascii` knows it, at both ends.
const TRIM: &str = r"r'\A[\t\n\x0C\r ]+|[\t\n\x0C\r ]+\z'";

/// A port: at most 65535, zeros in front allowed.
const PORT: &str =
    r"0*(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})";

/// Writes the conversion of a variable's raw value to a type; false where there is none.
pub(crate) fn raw(w: &mut Writer, variable: &str, to: &Type) -> bool {
    match to {
        Type::String => string(w, variable),
        Type::Int => int(w, variable),
        Type::Float => float(w, variable),
        Type::Bool => bool(w, variable),
        Type::Timestamp => timestamp(w, variable),
        Type::Ip => ip(w, variable),
        _ => return false,
    }
    true
}

/// What is no text becomes the JSON that says the same.
fn string(w: &mut Writer, v: &str) {
    w.open(&format!("if {v} != null && !is_string({v})"));
    w.line(&format!("{v} = encode_json({v})"));
    w.close();
}

/// The trimmed text of `v`, which is a text, in a variable of its own.
fn trimmed(w: &mut Writer, v: &str) -> String {
    let s = w.fresh();
    w.line(&format!("{s} = replace(string({v}) ?? \"\", {TRIM}, \"\")"));
    s
}

fn int(w: &mut Writer, v: &str) {
    w.open(&format!("if is_float({v})"));
    w.line(&format!("{v} = encode_json({v})"));
    w.close();
    w.open(&format!("if is_string({v})"));
    let s = trimmed(w, v);
    int_of_text(w, &s, v);
    w.otherwise(&format!("if !is_integer({v})"));
    w.line(&format!("{v} = null"));
    w.close();
}

/// The whole number that the trimmed text `s` is, in `v`: digits, `7.0`, or `1.2e3` within ±2^53.
fn int_of_text(w: &mut Writer, s: &str, v: &str) {
    let [digits, fraction, power, zeros] = [w.fresh(), w.fresh(), w.fresh(), w.fresh()];
    let n = w.fresh();
    w.line(&format!("{v} = parse_int({s}, 10) ?? null"));
    w.open(&format!(
        r"if {v} == null && match({s}, r'\A[+-]?[0-9]+\.0+\z')"
    ));
    w.line(&format!(
        r#"{v} = parse_int(replace({s}, r'\.0+\z', ""), 10) ?? null"#
    ));
    w.otherwise(&format!(
        r"if {v} == null && match({s}, r'\A[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+\z')"
    ));
    w.lines(&format!(
        r#"{power} = parse_int(replace({s}, r'\A.*[eE]', ""), 10) ?? 9999999999
{digits} = replace(replace({s}, r'[eE].*', ""), r'\A[+-]', "")
{fraction} = replace({digits}, r'\A[0-9]+\.?', "")
{power} = if {power} >= -2147483648 && {power} <= 2147483647 {{ {power} - strlen({fraction}) }} else {{ -9999999999 }}
{digits} = replace(replace({digits}, ".", ""), r'\A0+', "")
{zeros} = {digits}
{digits} = replace({digits}, r'0+\z', "")
if {digits} == "" && {power} >= -2147483648 {{
  {v} = 0
}} else {{
  {power} = {power} + strlen({zeros}) - strlen({digits})
  if {power} >= 0 && {power} <= 15 {{
    {n} = parse_int({digits} + (slice("000000000000000", 0, {power}) ?? ""), 10) ?? 9007199254740993
    if {n} <= 9007199254740992 {{
      {v} = if starts_with({s}, "-") {{ 0 - {n} }} else {{ {n} }}
    }}
  }}
}}"#
    ));
    w.close();
}

fn float(w: &mut Writer, v: &str) {
    w.open(&format!("if is_string({v})"));
    let s = trimmed(w, v);
    w.line(&format!("{v} = null"));
    w.open(&format!("if match({s}, r'[0-9]')"));
    w.line(&format!("{v} = parse_float({s}) ?? null"));
    // JSON has no infinite number.
    w.open(&format!("if encode_json({v}) == \"null\""));
    w.line(&format!("{v} = null"));
    w.close();
    w.close();
    w.otherwise(&format!("if is_integer({v})"));
    w.line(&format!("{v} = to_float(int({v}) ?? 0)"));
    w.otherwise(&format!("if !is_float({v})"));
    w.line(&format!("{v} = null"));
    w.close();
}

fn bool(w: &mut Writer, v: &str) {
    w.open(&format!("if is_integer({v})"));
    w.line(&format!("{v} = encode_json({v})"));
    w.close();
    w.open(&format!("if is_string({v})"));
    let s = trimmed(w, v);
    w.lines(&format!(
        r#"{s} = downcase({s})
if {s} == "true" || {s} == "1" {{
  {v} = true
}} else if {s} == "false" || {s} == "0" {{
  {v} = false
}} else {{
  {v} = null
}}"#
    ));
    w.otherwise(&format!("if !is_boolean({v})"));
    w.line(&format!("{v} = null"));
    w.close();
}

/// An address in the one form that it is written in; an IPv4-mapped one as the IPv4 address.
fn ip(w: &mut Writer, v: &str) {
    w.open(&format!("if is_string({v})"));
    let s = trimmed(w, v);
    w.lines(&format!(
        r#"if match({s}, r'\A[0-9.]+:{PORT}\z') {{
  {s} = replace({s}, r':.*', "")
}} else if match({s}, r'\A\[[^\]]*\](?::{PORT})?\z') {{
  {s} = replace(replace({s}, r'\A\[|\].*\z', ""), r'(?s)%.*\z', "")
  if !contains({s}, ":") {{ {s} = "" }}
}} else if contains({s}, "%") {{
  {s} = replace({s}, r'(?s)%.*\z', "")
  if !contains({s}, ":") {{ {s} = "" }}
}}
{v} = ip_to_ipv6({s}) ?? null
if match(string({v}) ?? "", r'\A::ffff:[0-9]+\.') {{
  {v} = replace(string({v}) ?? "", "::ffff:", "")
}}"#
    ));
    w.otherwise(&format!("if {v} != null"));
    w.line(&format!("{v} = null"));
    w.close();
}

/// Nanoseconds since 1970.
fn timestamp(w: &mut Writer, v: &str) {
    w.open(&format!("if is_float({v})"));
    w.line(&format!("{v} = encode_json({v})"));
    w.close();
    w.open(&format!("if is_string({v})"));
    let s = trimmed(w, v);
    w.open(&format!(
        r"if match({s}, r'\A[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[Tt ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?)?\z')"
    ));
    common_instant(w, &s, v);
    w.otherwise("");
    int_of_text(w, &s, v);
    w.open(&format!("if {v} != null"));
    epoch(w, v);
    w.otherwise(&format!(r"if match({s}, r'\A[+-]?[0-9]+\.[0-9]*\z')"));
    epoch_with_fraction(w, &s, v);
    w.otherwise("");
    other_instant(w, &s, v);
    w.close();
    w.close();
    w.otherwise(&format!("if is_integer({v})"));
    epoch(w, v);
    w.otherwise("");
    w.line(&format!("{v} = null"));
    w.close();
}

/// `2026-03-01`, `2026-03-01T09:00:00[.fraction][Z|±hh:mm]`; a leap second is the second before it.
fn common_instant(w: &mut Writer, s: &str, v: &str) {
    let [clock, rest] = [w.fresh(), w.fresh()];
    w.lines(&format!(
        r#"{clock} = "00:00:00"
{rest} = ""
if strlen({s}) > 10 {{
  {clock} = slice({s}, 11, 19) ?? ""
  {rest} = slice({s}, 19) ?? ""
}}
if ends_with({clock}, ":60") {{ {clock} = (slice({clock}, 0, 6) ?? "") + "59" }}
if !match({rest}, r'[+-]') {{ {rest} = replace({rest}, r'[Zz]', "") + "+00:00" }}
{v} = parse_timestamp((slice({s}, 0, 10) ?? "") + "T" + {clock} + {rest}, "%Y-%m-%dT%H:%M:%S%.f%:z") ?? null"#
    ));
    nanoseconds(w, v);
}

/// The other spellings of RFC 3339 and ISO 8601 that tripline takes.
fn other_instant(w: &mut Writer, s: &str, v: &str) {
    w.lines(&format!(
        r#"if match({s}, r'\A[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]+)?(?:[Zz]|[-+\x{{2212}}][0-9]{{2}}:[0-9]{{2}})\z') {{
  {s} = (slice({s}, 0, 10) ?? "") + "T" + (slice({s}, 11) ?? "")
}}
{v} = parse_timestamp({s}, "%Y-%m-%dT%H:%M:%S%.f%#z") ?? (parse_timestamp({s}, "%Y-%m-%d %H:%M:%S%.f%#z") ?? (parse_timestamp({s}, "%Y-%m-%d %H:%M:%S%.f %#z") ?? null))"#
    ));
    nanoseconds(w, v);
}

/// A timestamp, or null, as nanoseconds since 1970, if 64 bits can say that. By way of microseconds, which
/// never fail: whether asking for nanoseconds can fail is not the same in every version of VRL, and each
/// refuses what the other asks for.
fn nanoseconds(w: &mut Writer, v: &str) {
    let [at, whole, rest] = [w.fresh(), w.fresh(), w.fresh()];
    // The first microsecond is not whole, and would not fit before its rest is added.
    w.lines(&format!(
        r#"{at} = timestamp({v}) ?? t'9999-01-01T00:00:00Z'
{whole} = to_unix_timestamp({at}, unit: "microseconds")
{rest} = parse_int(slice(format_timestamp({at}, "%9f") ?? "", 6) ?? "", 10) ?? 0
{v} = null
if {whole} >= -9223372036854775 {{
  if {whole} < 9223372036854775 || ({whole} <= 9223372036854775 && {rest} <= 807) {{
    {v} = {whole} * 1000 + {rest}
  }}
}} else if {whole} >= -9223372036854776 && {rest} >= 192 {{
  {v} = ({rest} - 193) - 9223372036854775807
}}"#
    ));
}

/// Seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.
fn epoch(w: &mut Writer, v: &str) {
    let n = w.fresh();
    w.lines(&format!(
        r#"{n} = int({v}) ?? 0
if {n} > -100000000000 && {n} < 100000000000 {{
  {v} = if {n} >= -9223372036 && {n} <= 9223372036 {{ {n} * 1000000000 }} else {{ null }}
}} else if {n} > -100000000000000 && {n} < 100000000000000 {{
  {v} = if {n} >= -9223372036854 && {n} <= 9223372036854 {{ {n} * 1000000 }} else {{ null }}
}} else if {n} > -100000000000000000 && {n} < 100000000000000000 {{
  {v} = if {n} >= -9223372036854775 && {n} <= 9223372036854775 {{ {n} * 1000 }} else {{ null }}
}} else {{
  {v} = {n}
}}"#
    ));
}

/// The same with a fraction: `whole × unit + fraction`, where the unit is a power of ten, so that the
/// fraction is its first digits.
fn epoch_with_fraction(w: &mut Writer, s: &str, v: &str) {
    let [n, part, most, over] = [w.fresh(), w.fresh(), w.fresh(), w.fresh()];
    w.lines(&format!(
        r#"{v} = parse_int(replace({s}, r'\A[+-]|\..*\z', ""), 10) ?? null
{n} = int({v}) ?? 0
{part} = replace({s}, r'\A[^.]*\.', "") + "000000000"
{most} = 9223372036854775807
{over} = 0
if {n} < 100000000000 {{
  {part} = slice({part}, 0, 9) ?? ""
  {most} = 9223372036
  {over} = 854775807
}} else if {n} < 100000000000000 {{
  {part} = slice({part}, 0, 6) ?? ""
  {most} = 9223372036854
  {over} = 775807
}} else if {n} < 100000000000000000 {{
  {part} = slice({part}, 0, 3) ?? ""
  {most} = 9223372036854775
  {over} = 807
}} else {{
  {part} = ""
}}
if starts_with({s}, "-") {{ {over} = {over} + 1 }}
if {v} != null {{
  if {n} > {most} || ({n} >= {most} && (parse_int({part}, 10) ?? 0) > {over}) {{
    {v} = null
  }} else if starts_with({s}, "-") {{
    {v} = parse_int("-" + encode_json({n}) + {part}, 10) ?? null
  }} else {{
    {v} = parse_int(encode_json({n}) + {part}, 10) ?? null
  }}
}}"#
    ));
}

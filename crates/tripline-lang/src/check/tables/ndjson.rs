//! Tables in NDJSON: one object a line. The names of its members are the columns, those of all lines
//! together; what a line does not have is missing in its row. Values that are no texts stay as they
//! are written, and have members of their own.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::super::files::place;
use super::{MOST_COLUMNS, Source};
use crate::checked::{Cell, Table};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// One line.
struct Row<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'t> Deserialize<'t> for Row<'t> {
    fn deserialize<D: Deserializer<'t>>(from: D) -> Result<Row<'t>, D::Error> {
        struct Members;
        impl<'t> Visitor<'t> for Members {
            type Value = Row<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'t>>(self, mut map: M) -> Result<Row<'t>, M::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some(Text(name)) = map.next_key()? {
                    if members.len() >= MOST_COLUMNS {
                        let told = format!("more than {MOST_COLUMNS} members");
                        return Err(M::Error::custom(told));
                    }
                    members.push((name, map.next_value()?));
                }
                Ok(Row(members))
            }
        }
        from.deserialize_map(Members)
    }
}

/// Reads the rows; problems are left in `source`.
pub(super) fn read(source: &mut Source<'_>) -> Option<Table> {
    const KEY: usize = 0;
    let declared = source.declared;
    let key = declared.key.text.as_str();
    let mut table = Table::new(&declared.name.text, declared.nocase, &[key], KEY);
    let mut columns: HashMap<String, usize> = HashMap::from([(key.to_owned(), KEY)]);
    let mut key_seen = false;
    let mut keyless = Vec::new();
    // Where each row begins.
    let mut starts: Vec<usize> = Vec::new();
    let mut next = 0;
    for line in source.text.split_inclusive('\n') {
        let start = next + (line.len() - line.trim_start().len());
        next += line.len();
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let Row(members) = match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => {
                source.report(|source| unreadable(source, line, start, &error));
                continue;
            }
        };
        let written = members.iter().find(|(name, _)| name == key);
        key_seen |= written.is_some();
        let found = written.map(|(_, value)| (*value, key_text(value)));
        let (at, found) = match found {
            Some((value, Some(found))) if !found.is_empty() => (place_of(source, value), found),
            Some((value, _)) => {
                keyless.push(place_of(source, value));
                continue;
            }
            None => {
                keyless.push(place(source.file, start, line.len()));
                continue;
            }
        };
        table.fill(KEY, Cell::Text(&found));
        for (name, value) in &members {
            if name == key {
                continue;
            }
            let column = match columns.get(name.as_ref()) {
                Some(column) => *column,
                None if columns.len() >= MOST_COLUMNS => {
                    let problem = Diagnostic::new(
                        "E0412",
                        place(source.file, start, line.len()),
                        format!(
                            "the rows of this table have more than {MOST_COLUMNS} columns together"
                        ),
                    )
                    .help("leave out the members that no rule reads");
                    source.problems.push(problem);
                    return None;
                }
                None => {
                    let column = table.add_column(name.to_string());
                    columns.insert(name.to_string(), column);
                    column
                }
            };
            match value.get().as_bytes().first() {
                Some(b'"') => match text(value) {
                    Some(text) => table.fill(column, Cell::Text(&text)),
                    None => {
                        source.report(|source| {
                            Diagnostic::new(
                                "E0408",
                                place_of(source, value),
                                "this text has an escape that stands for no character",
                            )
                            .help("correct or remove it")
                        });
                    }
                },
                Some(b'n') => table.fill(column, Cell::Text("")),
                _ => table.fill(column, Cell::Json(value.get())),
            }
        }
        if let Some(first) = table.end_row() {
            let first = usize::try_from(first).ok().and_then(|row| starts.get(row));
            source.report(|source| {
                let first = first.and_then(|start| key_place(source, *start));
                source.twice(&found, at, first)
            });
        }
        starts.push(start);
    }
    if !key_seen && source.problems.is_empty() {
        let known: Vec<&str> = table.columns().skip(1).collect();
        // Members of rows without a key were not looked at.
        let problem = match known.as_slice() {
            [] => source.no_key_column(&first_names(source.text), None),
            known => source.no_key_column(known, None),
        };
        source.problems.push(problem);
        return None;
    }
    for at in keyless {
        source.report(|source| source.without_key(at));
    }
    Some(table)
}

/// The names of the members of the first line.
fn first_names(text: &str) -> Vec<&str> {
    let line = text.lines().find(|line| !line.trim().is_empty());
    let row = line.and_then(|line| serde_json::from_str::<Row<'_>>(line).ok());
    let names = row.into_iter().flat_map(|Row(members)| members);
    names
        .filter_map(|(name, _)| match name {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(_) => None,
        })
        .collect()
}

/// A key as a text: a number or a truth value as it is written; none for anything else.
fn key_text(value: &RawValue) -> Option<Cow<'_, str>> {
    match value.get().as_bytes().first()? {
        b'"' => text(value),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(value.get())),
    }
}

fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(value.get())
        .ok()
        .map(|Text(text)| text)
}

/// The place of a value, which lies within the file's text.
fn place_of(source: &Source<'_>, value: &RawValue) -> Span {
    let start = value.get().as_ptr() as usize - source.text.as_ptr() as usize;
    place(source.file, start, value.get().len())
}

/// The place of the key of the row that begins at an offset.
fn key_place(source: &Source<'_>, start: usize) -> Option<Span> {
    let line = source.text.get(start..)?.lines().next()?;
    let Row(members) = serde_json::from_str(line.trim_end()).ok()?;
    let key = source.declared.key.text.as_str();
    let (_, value) = members.into_iter().find(|(name, _)| name == key)?;
    Some(place_of(source, value))
}

/// The problem of a line that is no object.
fn unreadable(
    source: &Source<'_>,
    line: &str,
    start: usize,
    error: &serde_json::Error,
) -> Diagnostic {
    let told = error.to_string();
    let told = told.split(" at line ").next().unwrap_or_default();
    // What is of another kind is wrong as a whole.
    let at = match error.classify() {
        serde_json::error::Category::Data => place(source.file, start, line.len()),
        _ => {
            let before = line.char_indices().map(|(at, _)| at);
            let column = error.column().saturating_sub(1);
            let at = before.take_while(|at| *at <= column).last().unwrap_or(0);
            let length = line.get(at..).and_then(|rest| rest.chars().next());
            place(source.file, start + at, length.map_or(0, char::len_utf8))
        }
    };
    Diagnostic::new("E0408", at, format!("this line cannot be read as a row: {told}")).help(
        "a table in JSON has one object on each line, such as `{\"upn\": \"anna@example.com\", \"tier\": \"gold\"}`",
    )
}

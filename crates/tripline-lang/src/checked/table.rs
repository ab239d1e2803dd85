//! A keyed table as it is kept: the cells of each column in one text, and a hash of the keys. Filled
//! row by row by the checker; asked by the engine for each `lookup`, which allocates nothing but to
//! fold a key's case or to spell an address as every other.
//!
//! INVARIANT: what a table takes grows with what its file holds, however its rows are made up: a
//! column that few rows of NDJSON have keeps the numbers of those rows instead of a place for each.

use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::value::{Encoding, Raw, Value, case, convert};

/// How many places of rows without a value a column may have for each row with one, before it keeps
/// the numbers of its rows.
const SPARSE: usize = 8;

/// The rows of a file, found by the text in one of their columns.
pub struct Table {
    name: String,
    nocase: bool,
    /// Index of the column of the keys; every row has a value there.
    key: usize,
    columns: Vec<Column>,
    rows: u32,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// One column.
#[derive(Default)]
struct Column {
    name: String,
    /// All its values, one after another.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    /// The rows that the values are of, ascending; `None` where they are the first ones.
    rows: Option<Vec<u32>>,
    /// Which values are JSON; shorter than `ends` where the rest are texts.
    json: Vec<bool>,
}

/// What stands in a row in one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'t> {
    /// A text; an empty one is missing.
    Text(&'t str),
    /// A JSON value that is no text.
    Json(&'t str),
}

impl fmt::Debug for Table {
    /// By name and address: two tables are written alike only when they are the same one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:p}", self.name, self)
    }
}

impl Table {
    /// A table without rows; `columns` holds the key's name at `key`.
    pub(crate) fn new(name: &str, nocase: bool, columns: &[&str], key: usize) -> Table {
        Table {
            name: name.to_owned(),
            nocase,
            key,
            columns: columns
                .iter()
                .map(|name| Column::of((*name).to_owned()))
                .collect(),
            rows: 0,
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether keys are compared without case.
    pub fn nocase(&self) -> bool {
        self.nocase
    }

    /// Index of the column of the keys.
    pub fn key(&self) -> usize {
        self.key
    }

    /// The names of its columns, in the order of the file.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The name of a column.
    pub fn column_name(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", |column| &column.name)
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows as usize
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The row of a key.
    pub fn row(&self, key: &str) -> Option<u32> {
        let key = folded(key, self.nocase);
        let hash = self.hasher.hash_one(key.as_ref());
        let same = |row: &u32| self.is_key_of(*row, &key);
        self.index.find(hash, same).copied()
    }

    /// What stands in a row in a column; missing where there is nothing.
    pub fn value(&self, row: u32, column: usize) -> Value<'_> {
        match self.cell(row, column) {
            Some(Cell::Text(text)) if !text.is_empty() => Value::Text(Cow::Borrowed(text)),
            Some(Cell::Json(json)) => Value::Json(Raw {
                bytes: Cow::Borrowed(json.as_bytes()),
                encoding: Encoding::Json,
            }),
            _ => Value::Missing,
        }
    }

    /// A whole row as a JSON object of what stands in it.
    pub fn whole(&self, row: u32) -> Value<'static> {
        let mut object = String::from("{");
        for (index, column) in self.columns.iter().enumerate() {
            let value = match self.cell(row, index) {
                Some(Cell::Text(text)) if !text.is_empty() => quoted(text),
                Some(Cell::Json(json)) => json.to_owned(),
                _ => continue,
            };
            if object.len() > 1 {
                object.push(',');
            }
            object.push_str(&quoted(&column.name));
            object.push(':');
            object.push_str(&value);
        }
        object.push('}');
        Value::Json(Raw {
            bytes: Cow::Owned(object.into_bytes()),
            encoding: Encoding::Json,
        })
    }

    fn cell(&self, row: u32, column: usize) -> Option<Cell<'_>> {
        self.columns.get(column)?.cell(row)
    }

    fn is_key_of(&self, row: u32, folded: &str) -> bool {
        match self.cell(row, self.key) {
            Some(Cell::Text(key)) => self::folded(key, self.nocase) == folded,
            _ => false,
        }
    }

    /// Adds a column that the rows so far have no value in.
    pub(crate) fn add_column(&mut self, name: String) -> usize {
        self.columns.push(Column::of(name));
        self.columns.len() - 1
    }

    /// Gives the row that is being filled a value; the first one for a column counts.
    pub(crate) fn fill(&mut self, column: usize, cell: Cell<'_>) {
        if let Some(column) = self.columns.get_mut(column) {
            column.push(self.rows, cell);
        }
    }

    /// Ends the row that was filled, which must have a key. Gives the row that has that key already,
    /// if there is one; the new one is then not found by it.
    pub(crate) fn end_row(&mut self) -> Option<u32> {
        let row = self.rows;
        self.rows += 1;
        let key = match self.cell(row, self.key) {
            Some(Cell::Text(key)) => folded(key, self.nocase).into_owned(),
            _ => return None,
        };
        let hash = self.hasher.hash_one(key.as_str());
        let same = |row: &u32| self.is_key_of(*row, &key);
        if let Some(first) = self.index.find(hash, same) {
            return Some(*first);
        }
        let Table {
            index,
            hasher,
            columns,
            key: column,
            nocase,
            ..
        } = self;
        let column = columns.get(*column);
        index.insert_unique(hash, row, |row| {
            let key = match column.and_then(|column| column.cell(*row)) {
                Some(Cell::Text(key)) => folded(key, *nocase),
                _ => Cow::Borrowed(""),
            };
            hasher.hash_one(key.as_ref())
        });
        None
    }
}

impl Column {
    fn of(name: String) -> Column {
        Column {
            name,
            ..Column::default()
        }
    }

    fn cell(&self, row: u32) -> Option<Cell<'_>> {
        let at = match &self.rows {
            None => row as usize,
            Some(rows) => rows.binary_search(&row).ok()?,
        };
        let end = *self.ends.get(at)? as usize;
        let start = match at.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        let text = self.text.get(start..end)?;
        Some(match self.json.get(at) {
            Some(true) => Cell::Json(text),
            _ => Cell::Text(text),
        })
    }

    /// Adds the value of a row, which is none of those so far or the last one.
    fn push(&mut self, row: u32, cell: Cell<'_>) {
        let end = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let last = match &self.rows {
            Some(rows) => rows.last().map(|last| *last as usize),
            None => self.ends.len().checked_sub(1),
        };
        if last == Some(row as usize) {
            return;
        }
        if self.rows.is_none() && self.ends.len() < row as usize {
            if row as usize <= SPARSE * (self.ends.len() + SPARSE) {
                self.ends.resize(row as usize, end(&self.text));
            } else {
                self.rows = Some((0..).take(self.ends.len()).collect());
            }
        }
        if let Some(rows) = &mut self.rows {
            rows.push(row);
        }
        let (Cell::Text(text) | Cell::Json(text)) = cell;
        if matches!(cell, Cell::Json(_)) {
            self.json.resize(self.ends.len(), false);
            self.json.push(true);
        }
        self.text.push_str(text);
        self.ends.push(end(&self.text));
    }
}

/// What two keys share exactly when they are one: the same letters, or the same address, which IPv6 lets
/// be spelled in several ways.
fn folded(key: &str, nocase: bool) -> Cow<'_, str> {
    match convert::spelling(key) {
        Some(address) => address,
        None if nocase => case::fold(key),
        None => Cow::Borrowed(key),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    fn shown(value: Value<'_>) -> String {
        match value {
            Value::Json(raw) => String::from_utf8_lossy(&raw.bytes).into_owned(),
            value => format!("{value:?}"),
        }
    }

    #[test]
    fn a_column_that_hardly_any_row_has_takes_no_place_for_the_others() {
        let mut table = Table::new("t", false, &["k"], 0);
        for row in 0..100_000 {
            table.fill(0, Cell::Text(&row.to_string()));
            if row % 1_000 == 999 {
                let column = table.add_column(format!("c{row}"));
                table.fill(column, Cell::Json("1"));
            }
            assert_eq!(table.end_row(), None);
        }
        let places: usize = table.columns.iter().map(|column| column.ends.len()).sum();
        assert!(places < 110_000, "{places}");
        let row = table.row("1999").unwrap();
        let value = |name: &str| shown(table.value(row, table.column(name).unwrap()));
        assert_eq!((&*value("c1999"), &*value("c999")), ("1", "Missing"));
        assert_eq!(shown(table.whole(row)), r#"{"k":"1999","c1999":1}"#);
    }

    proptest! {
        #[test]
        fn a_table_gives_what_a_plain_map_of_maps_gives(
            nocase in any::<bool>(),
            rows in prop::collection::vec(
                ("[a-cA-C]{1,2}|[äÄσςΣ]", prop::collection::btree_map(0..60usize, "[a-z\"é]{0,3}", 0..5)),
                0..120,
            ),
        ) {
            let fold = |key: &str| if nocase { case::fold(key).into_owned() } else { key.to_owned() };
            let mut table = Table::new("t", nocase, &["k"], 0);
            let columns: Vec<usize> = (0..60).map(|column| table.add_column(format!("c{column}"))).collect();
            let mut model: HashMap<String, BTreeMap<usize, String>> = HashMap::new();
            let mut numbers: HashMap<String, u32> = HashMap::new();
            for (number, (key, cells)) in (0..).zip(&rows) {
                table.fill(0, Cell::Text(key));
                for (column, text) in cells {
                    table.fill(columns[*column], Cell::Text(text));
                    table.fill(columns[*column], Cell::Text("the first one counts"));
                }
                let first = numbers.get(&fold(key)).copied();
                prop_assert_eq!(table.end_row(), first);
                numbers.entry(fold(key)).or_insert(number);
                model.entry(fold(key)).or_insert_with(|| cells.clone());
            }
            for key in rows.iter().map(|(key, _)| key.as_str()).chain(["a", "B", "cc", "Σ", "none"]) {
                let row = table.row(key);
                let wanted = model.get(&fold(key));
                prop_assert_eq!(row.is_some(), wanted.is_some(), "{}", key);
                let (Some(row), Some(wanted)) = (row, wanted) else { continue };
                for (number, column) in columns.iter().enumerate() {
                    let text = wanted.get(&number).filter(|text| !text.is_empty());
                    let expected = text.map_or("Missing".to_owned(), |text| format!("Text({text:?})"));
                    prop_assert_eq!(shown(table.value(row, *column)), expected);
                }
                let whole: serde_json::Value = serde_json::from_str(&shown(table.whole(row))).unwrap();
                let there = wanted.values().filter(|text| !text.is_empty()).count();
                prop_assert_eq!(whole.as_object().unwrap().len(), there + 1);
            }
        }
    }
}

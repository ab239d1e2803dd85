//! The texts of a rule set as one run of bytes, for where there are no files: a WebAssembly module
//! that carries its rules within it.
//!
//! Layout: the magic, then for each text its path and itself, both with their length in front (32
//! bits, little endian). Read back, it is a set in memory, so a list is found where it was found.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{FileId, Root, SourceSet, Span, show};
use crate::ast::Item;

/// What a bundle begins with; the last byte is the version.
const MAGIC: &[u8; 8] = b"tripset\x01";

/// Why bytes are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BundleError {
    /// They begin differently.
    #[error("these bytes are no bundle of rules, or one of another version")]
    Foreign,
    /// They end before the bundle does, or hold what is no text.
    #[error("the bundle of rules is damaged at byte {0}")]
    Damaged(usize),
    /// A text is too long to be told.
    #[error("`{0}` is too large to be bundled")]
    TooLarge(String),
}

/// Every text of a set with the path that it has in a set in memory, in the order of the files.
/// List files are among them once the set has been checked.
pub fn texts(set: &SourceSet) -> Vec<(String, &str)> {
    let mut roots: Vec<&Path> = Vec::new();
    for file in &set.files {
        if let Root::Disk(root) = &file.root
            && !roots.contains(&root.as_path())
        {
            roots.push(root);
        }
    }
    let placed = set.files.iter().map(|file| {
        let path: PathBuf = match &file.root {
            Root::Memory => file.location.clone(),
            Root::Disk(root) => {
                let below = file.location.strip_prefix(root).unwrap_or(&file.location);
                // Files of two roots must not fall together, nor find each other's lists.
                match roots.iter().position(|other| other == root) {
                    Some(at) if roots.len() > 1 => Path::new(&at.to_string()).join(below),
                    _ => below.to_path_buf(),
                }
            }
        };
        (show(&path).replace('\\', "/"), file.text.as_str())
    });
    placed.collect()
}

/// As [`texts`], without the tests in them: where the rules only run, nobody reads those. Files that hold
/// nothing else are left out; in the others every line stays where it is.
pub fn texts_without_tests(set: &SourceSet) -> Vec<(String, Cow<'_, str>)> {
    let without = texts(set).into_iter().enumerate();
    let without = without.filter_map(|(index, (path, text))| {
        let id = FileId(super::offset(index));
        if !set.rules.contains(&id) {
            return Some((path, Cow::Borrowed(text)));
        }
        let (file, _) = crate::parse::parse(id, text);
        let tests: Vec<Span> = file
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Test(test) => Some(test.span),
                _ => None,
            })
            .collect();
        if tests.is_empty() {
            return Some((path, Cow::Borrowed(text)));
        }
        if tests.len() == file.items.len() {
            return None;
        }
        let mut kept = String::with_capacity(text.len());
        let mut from = 0;
        for span in tests {
            let (start, end) = (span.start as usize, span.end as usize);
            kept.push_str(text.get(from..start).unwrap_or_default());
            let left_out = text.get(start..end).unwrap_or_default();
            kept.extend(left_out.chars().filter(|char| *char == '\n'));
            from = end;
        }
        kept.push_str(text.get(from..).unwrap_or_default());
        Some((path, Cow::Owned(kept)))
    });
    without.collect()
}

/// Writes texts as one run of bytes.
///
/// # Errors
/// [`BundleError::TooLarge`] for a text of 4 GiB or more.
pub fn write<'a>(
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<u8>, BundleError> {
    let mut out = MAGIC.to_vec();
    for (path, text) in texts {
        for part in [path, text] {
            let length =
                u32::try_from(part.len()).map_err(|_| BundleError::TooLarge(path.to_owned()))?;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(part.as_bytes());
        }
    }
    Ok(out)
}

/// Reads back what [`write()`] wrote: each text with its path.
///
/// # Errors
/// When the bytes are no bundle, or a damaged one.
pub fn read(bytes: &[u8]) -> Result<Vec<(String, String)>, BundleError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(BundleError::Foreign)?;
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let mut part = || {
            let (length, behind) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (part, behind) = behind.split_at_checked(length)?;
            rest = behind;
            Some(std::str::from_utf8(part).ok()?.to_owned())
        };
        match (part(), part()) {
            (Some(path), Some(text)) => texts.push((path, text)),
            _ => return Err(BundleError::Damaged(at)),
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let texts = [("rules/a.trip", "// ä"), ("rules/lists/b.txt", "")];
        let bytes = write(texts).unwrap();
        let read = read(&bytes).unwrap();
        assert_eq!(
            read,
            texts.map(|(path, text)| (path.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn tests_are_left_out_and_every_line_stays_where_it_is() {
        let rules = "let a = 1\ntest \"t\" for r {\n  expect no detections\n}\nlet b = 2\n";
        let set = SourceSet::from_texts([
            ("a.trip", rules),
            ("list.txt", "test \"no rule file\" for r { }"),
            ("tests/t.trip", "// all\ntest \"t\" for r { }\n"),
        ]);
        let without = texts_without_tests(&set);
        let shown: Vec<(&str, &str)> = without
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_ref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("a.trip", "let a = 1\n\n\n\nlet b = 2\n"),
                ("list.txt", "test \"no rule file\" for r { }"),
            ]
        );
    }

    #[test]
    fn every_cut_off_bundle_is_an_error() {
        let bytes = write([("a.trip", "rule"), ("b", "text")]).unwrap();
        let whole = [MAGIC.len(), MAGIC.len() + 4 + 6 + 4 + 4, bytes.len()];
        for end in 0..bytes.len() {
            assert_eq!(
                read(&bytes[..end]).is_ok(),
                whole.contains(&end),
                "cut at {end}"
            );
        }
        assert_eq!(read(b"{}"), Err(BundleError::Foreign));
    }

    #[test]
    fn a_set_from_two_folders_finds_its_lists_in_memory_too() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("one/a.trip", "list a : string = file \"l.txt\"\nlet x = 1"),
            ("one/l.txt", "first\n"),
            ("two/b.trip", "list b : string = file \"l.txt\""),
            ("two/l.txt", "second\n"),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let paths = ["one", "two"].map(|name| folder.path().join(name));
        let (mut set, problems) = SourceSet::read(&paths);
        assert!(problems.is_empty());
        let ids: Vec<_> = set.rule_files().map(|(id, _)| id).collect();
        for id in ids {
            set.list_file(id, "l.txt").unwrap();
        }
        let placed = texts(&set);
        let bytes = write(placed.iter().map(|(path, text)| (path.as_str(), *text))).unwrap();
        let mut set = SourceSet::from_texts(read(&bytes).unwrap());
        let ids: Vec<_> = set.rule_files().map(|(id, _)| id).collect();
        let lists: Vec<String> = ids
            .iter()
            .map(|id| {
                let list = set.list_file(*id, "l.txt").unwrap();
                set.get(list).unwrap().text.clone()
            })
            .collect();
        assert_eq!(lists, ["first\n", "second\n"]);
    }
}

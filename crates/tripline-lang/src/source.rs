//! The texts of a rule set: rule files, list files (which a `list` or a `table` names), and places in
//! them.
//!
//! Texts come from folders ([`SourceSet::read`]; [`Watch`] notices edits), from memory
//! ([`SourceSet::from_texts`]) or from bytes that hold a whole set ([`bundle`]). A file that a rule
//! names is found beside the file that names it and may not leave the set's root.
//!
//! INVARIANT: a [`FileId`] indexes the set that made it, and spans lie within their file.

pub mod bundle;
mod disk;
mod nearby;
mod watch;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;
use std::{fs, io};

use thiserror::Error;

use crate::diagnostic::Diagnostic;
pub use watch::Watch;

use disk::{Candidate, ReadError, below_root, collect, read_text, real_path, show, unreadable};

/// The most bytes a rule file may have.
pub const MAX_RULE_FILE: u64 = 16 << 20;

/// The most bytes the file of a list or a table may have.
pub const MAX_LIST_FILE: u64 = 512 << 20;

/// The ending of rule files.
const RULE_ENDING: &str = "trip";

/// Which file of a [`SourceSet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a file: a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// Where the files of a set live, and the folder that none of them may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// This folder on disk, without symbolic links.
    Disk(PathBuf),
    /// The set's own texts.
    Memory,
}

/// One text of a set.
#[derive(Debug)]
pub struct SourceFile {
    /// Its path as shown to a person.
    pub path: String,
    /// Its text; a byte order mark at the start is not part of it.
    pub text: String,
    /// What it may not leave.
    pub root: Root,
    /// Its place under the root, or the path it is known by in memory.
    location: PathBuf,
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    fn new(path: String, text: String, root: Root, location: PathBuf) -> SourceFile {
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        SourceFile {
            path,
            text,
            root,
            location,
            line_starts: OnceLock::new(),
        }
    }

    /// Offsets of the first byte of each line. Made at the first call, in one pass.
    pub fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let ends = self
                .text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0)
                .chain(ends.map(|(at, _)| offset(at + 1)))
                .collect()
        })
    }

    /// The line (from 0) that an offset lies in; the last line for an offset past the end.
    pub fn line_index(&self, at: u32) -> usize {
        self.line_starts()
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    /// Line and column of an offset, both from 1; the column counts characters.
    pub fn line_column(&self, at: u32) -> (usize, usize) {
        let line = self.line_index(at);
        let start = self.line_starts().get(line).copied().unwrap_or(0);
        let before = self
            .text
            .get(start as usize..at as usize)
            .unwrap_or_default();
        (line + 1, before.chars().count() + 1)
    }

    /// The bytes of a line (from 0) with its line end.
    pub fn line_range(&self, line: usize) -> Option<std::ops::Range<usize>> {
        let start = *self.line_starts().get(line)? as usize;
        let end = self
            .line_starts()
            .get(line + 1)
            .map_or(self.text.len(), |next| *next as usize);
        Some(start..end)
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }
}

/// Why a list file could not be had.
#[derive(Debug, Error)]
pub enum ListFileError {
    /// The path starts at the file system's root or names a drive.
    #[error(
        "a file is named relative to the rule file that names it, so `{0}` must not be absolute"
    )]
    Absolute(String),
    /// The path leads out of the set's root, by `..` or by a symbolic link.
    #[error("`{0}` lies outside the rule set's root")]
    OutsideRoot(String),
    /// There is no such file.
    #[error("there is no file `{0}`")]
    NotFound(String),
    /// What is there is a folder, a device or a pipe; it was not opened.
    #[error("`{0}` is not a regular file")]
    NotRegular(String),
    /// The file is there but cannot be read.
    #[error("`{path}` cannot be read: {error}")]
    Unreadable {
        /// The path as resolved.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The file is not UTF-8 text.
    #[error("`{path}` is not UTF-8 text (first bad byte at offset {offset})")]
    NotUtf8 {
        /// The path as resolved.
        path: String,
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// The file has more bytes than a list or a table may have.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// The path as resolved.
        path: String,
        /// The most bytes allowed.
        limit: u64,
    },
}

/// The texts of one rule set.
#[derive(Debug, Default)]
pub struct SourceSet {
    files: Vec<SourceFile>,
    rules: Vec<FileId>,
    /// Every text by where it is: the real path on disk, or the path in memory.
    by_location: BTreeMap<PathBuf, FileId>,
    /// The list files on disk that were asked for, also those that are not there, as they were then.
    sought: BTreeMap<PathBuf, watch::Stamp>,
}

impl SourceSet {
    /// Reads every rule file under the given files and folders, each once, in path order. What
    /// cannot be read is a diagnostic (`E0001` to `E0003`) and the rest is still read. A file is
    /// read whatever its ending; in folders only `.trip` files are. Links are followed as long as
    /// they stay below the folder given.
    pub fn read(paths: &[impl AsRef<Path>]) -> (SourceSet, Vec<Diagnostic>) {
        let mut set = SourceSet::default();
        let mut problems = Vec::new();
        let mut found: BTreeMap<PathBuf, Candidate> = BTreeMap::new();
        for given in paths {
            collect(given.as_ref(), &mut found, &mut problems);
        }
        let mut candidates: Vec<Candidate> = found.into_values().collect();
        candidates.sort_by(|a, b| a.shown.cmp(&b.shown));
        for Candidate { shown, real, root } in candidates {
            let path = show(&shown);
            match read_text(&real, MAX_RULE_FILE) {
                Ok(text) => {
                    let id = set.insert(SourceFile::new(path, text, Root::Disk(root), real));
                    set.rules.push(id);
                }
                Err(error) => problems.push(unreadable(&path, &error)),
            }
        }
        (set, problems)
    }

    /// A set of texts in memory: `.trip` paths are rule files, read in path order; every other
    /// text can be named by a `list` or a `table`. Paths use `/` and are relative to the set's root.
    pub fn from_texts<P: Into<String>, T: Into<String>>(
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> SourceSet {
        let mut set = SourceSet::default();
        let texts: BTreeMap<String, String> = texts
            .into_iter()
            .map(|(path, text)| (path.into(), text.into()))
            .collect();
        for (path, text) in texts {
            let location =
                below_root(Path::new(""), Path::new(&path)).unwrap_or_else(|| PathBuf::from(&path));
            let is_rule = location
                .extension()
                .is_some_and(|ending| ending == RULE_ENDING);
            let id = set.insert(SourceFile::new(path, text, Root::Memory, location));
            if is_rule {
                set.rules.push(id);
            }
        }
        set
    }

    /// The rule files in path order.
    pub fn rule_files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.rules
            .iter()
            .filter_map(|id| Some((*id, self.get(*id)?)))
    }

    /// A file of the set.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Reads the file of a list or a table that the rule file `from` names, once, and keeps its text in the set so
    /// that diagnostics can point into it.
    ///
    /// # Errors
    /// When the path is absolute, leaves the set's root, or the file cannot be read as UTF-8.
    pub fn list_file(&mut self, from: FileId, relative: &str) -> Result<FileId, ListFileError> {
        let named = self.named(from, relative)?;
        let (root, wanted) = match named.place {
            Place::Memory(found) => {
                return found.ok_or(ListFileError::NotFound(named.shown));
            }
            Place::Disk { root, wanted } => (root, wanted),
        };
        self.sought.insert(wanted.clone(), watch::stamp(&wanted));
        let real = on_disk(&root, &wanted, (relative, &named.shown))?;
        if let Some(id) = self.by_location.get(&real) {
            return Ok(*id);
        }
        regular(&real, &named.shown)?;
        let shown = named.shown;
        let text = read_text(&real, MAX_LIST_FILE).map_err(|error| match error {
            ReadError::Io(error) => list_error(&shown, error),
            ReadError::NotUtf8(offset) => ListFileError::NotUtf8 {
                path: shown.clone(),
                offset,
            },
            ReadError::TooLarge(limit) => ListFileError::TooLarge {
                path: shown.clone(),
                limit,
            },
        })?;
        Ok(self.insert(SourceFile::new(shown, text, Root::Disk(root), real)))
    }

    /// Where the file is that the rule file `from` names beside itself; it is not read.
    ///
    /// # Errors
    /// When the path is absolute, leaves the set's root, or there is no regular file.
    pub fn locate(&self, from: FileId, relative: &str) -> Result<Located, ListFileError> {
        let named = self.named(from, relative)?;
        match named.place {
            Place::Memory(found) => found
                .map(Located::Memory)
                .ok_or(ListFileError::NotFound(named.shown)),
            Place::Disk { root, wanted } => {
                let real = on_disk(&root, &wanted, (relative, &named.shown))?;
                regular(&real, &named.shown)?;
                Ok(Located::Disk(real))
            }
        }
    }

    /// What the rule file `from` names by a path relative to itself.
    fn named(&self, from: FileId, relative: &str) -> Result<Named, ListFileError> {
        let named = Path::new(relative);
        if named.is_absolute()
            || relative.starts_with(['/', '\\'])
            || named
                .components()
                .any(|part| matches!(part, Component::Prefix(_)))
        {
            return Err(ListFileError::Absolute(relative.to_owned()));
        }
        let Some(namer) = self.get(from) else {
            return Err(ListFileError::NotFound(relative.to_owned()));
        };
        let outside = || ListFileError::OutsideRoot(relative.to_owned());
        let shown = Path::new(&namer.path)
            .parent()
            .unwrap_or(Path::new(""))
            .join(named);
        let shown = show(&below_root(Path::new(""), &shown).unwrap_or(shown));
        let folder = namer.location.parent().unwrap_or(Path::new(""));
        let place = match &namer.root {
            Root::Memory => {
                let location = below_root(folder, named).ok_or_else(outside)?;
                Place::Memory(self.by_location.get(&location).copied())
            }
            Root::Disk(root) => {
                let inner = folder.strip_prefix(root).map_err(|_| outside())?;
                let wanted = root.join(below_root(inner, named).ok_or_else(outside)?);
                Place::Disk {
                    root: root.clone(),
                    wanted,
                }
            }
        };
        Ok(Named { shown, place })
    }

    fn insert(&mut self, file: SourceFile) -> FileId {
        let id = FileId(offset(self.files.len()));
        self.by_location.insert(file.location.clone(), id);
        self.files.push(file);
        id
    }
}

/// Where a file is that a rule file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// At this path, without symbolic links.
    Disk(PathBuf),
    /// Among the set's own texts.
    Memory(FileId),
}

/// A file as a rule file names it.
struct Named {
    /// Its path as shown to a person.
    shown: String,
    place: Place,
}

/// Where it would be.
enum Place {
    /// Below this root on disk.
    Disk { root: PathBuf, wanted: PathBuf },
    /// Among the set's own texts, if it is there.
    Memory(Option<FileId>),
}

/// The real path of a file, which must not leave the root.
fn on_disk(
    root: &Path,
    wanted: &Path,
    (relative, shown): (&str, &str),
) -> Result<PathBuf, ListFileError> {
    let real = real_path(wanted).map_err(|error| list_error(shown, error))?;
    match real.starts_with(root) {
        true => Ok(real),
        false => Err(ListFileError::OutsideRoot(relative.to_owned())),
    }
}

/// Opening a pipe would wait for its other end, reading a device need never end.
fn regular(real: &Path, shown: &str) -> Result<(), ListFileError> {
    let kind = fs::metadata(real).map_err(|error| list_error(shown, error))?;
    match kind.is_file() {
        true => Ok(()),
        false => Err(ListFileError::NotRegular(shown.to_owned())),
    }
}

fn list_error(path: &str, error: io::Error) -> ListFileError {
    match error.kind() {
        io::ErrorKind::NotFound => ListFileError::NotFound(path.to_owned()),
        _ => ListFileError::Unreadable {
            path: path.to_owned(),
            error,
        },
    }
}

/// An offset as kept in spans. Texts are limited far below 4 GiB, so nothing is cut.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

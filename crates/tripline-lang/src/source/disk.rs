//! Rule and list files on disk: found under folders, read within limits, kept below their root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::RULE_ENDING;
use crate::diagnostic::Diagnostic;

/// A rule file that was found and is still to be read.
pub(super) struct Candidate {
    pub(super) shown: PathBuf,
    pub(super) real: PathBuf,
    pub(super) root: PathBuf,
}

/// Finds the rule files at or under one given path.
pub(super) fn collect(
    given: &Path,
    found: &mut BTreeMap<PathBuf, Candidate>,
    problems: &mut Vec<Diagnostic>,
) {
    let unreadable = |path: &Path, error: io::Error| unreadable(&show(path), &ReadError::Io(error));
    let real = match real_path(given) {
        Ok(real) => real,
        Err(error) => {
            problems.push(unreadable(given, error));
            return;
        }
    };
    if !real.is_dir() {
        let root = real.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        found.entry(real.clone()).or_insert(Candidate {
            shown: given.to_path_buf(),
            real,
            root,
        });
        return;
    }
    let root = real.clone();
    let mut any = false;
    let mut seen = BTreeSet::from([real]);
    let mut folders = vec![given.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(unreadable(&folder, error));
                continue;
            }
        };
        for entry in entries.flatten() {
            let shown = entry.path();
            // Editors' drafts, and the folders behind the links of a mounted ConfigMap, whose files are
            // seen through those links already.
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let is_rule = shown
                .extension()
                .is_some_and(|ending| ending == RULE_ENDING);
            let is_folder = shown.is_dir();
            if !is_rule && !is_folder {
                continue;
            }
            any |= is_rule;
            let real = match real_path(&shown) {
                Ok(real) => real,
                Err(error) => {
                    problems.push(unreadable(&shown, error));
                    continue;
                }
            };
            if !real.starts_with(&root) {
                let text = format!(
                    "`{}` is a link that leads out of `{}`",
                    show(&shown),
                    show(given)
                );
                problems.push(problem("E0001", text));
            } else if is_folder {
                if seen.insert(real) {
                    folders.push(shown);
                }
            } else {
                // A folder reaches further than a file given on its own: lists may lie beside it.
                found.insert(
                    real.clone(),
                    Candidate {
                        shown,
                        real,
                        root: root.clone(),
                    },
                );
            }
        }
    }
    if !any {
        problems.push(problem(
            "E0003",
            format!("there is no `.trip` file in `{}`", show(given)),
        ));
    }
}

/// Why a text could not be read.
pub(super) enum ReadError {
    Io(io::Error),
    NotUtf8(usize),
    TooLarge(u64),
}

pub(super) fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    let file = fs::File::open(path).map_err(ReadError::Io)?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(ReadError::Io)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge(limit));
    }
    String::from_utf8(bytes).map_err(|error| ReadError::NotUtf8(error.utf8_error().valid_up_to()))
}

pub(super) fn unreadable(path: &str, error: &ReadError) -> Diagnostic {
    match error {
        ReadError::Io(error) => problem("E0001", format!("`{path}` cannot be read: {error}")),
        ReadError::TooLarge(limit) => problem(
            "E0001",
            format!("`{path}` cannot be read: it is larger than {limit} bytes"),
        ),
        ReadError::NotUtf8(at) => problem(
            "E0002",
            format!("`{path}` is not UTF-8 text (first bad byte at offset {at})"),
        ),
    }
}

fn problem(code: &'static str, message: String) -> Diagnostic {
    Diagnostic {
        code,
        message,
        at: None,
        also: Vec::new(),
        help: Vec::new(),
    }
}

/// The path without links. Under WASI, which keeps its own fences and shows only what lies within them,
/// a path cannot be followed from the root, and a folder is known by the very text it was given as:
/// there only what stands for nothing (`.`) is left out.
pub(super) fn real_path(path: &Path) -> io::Result<PathBuf> {
    if cfg!(not(target_os = "wasi")) {
        return fs::canonicalize(path);
    }
    fs::metadata(path)?;
    let parts = path.components();
    Ok(parts.filter(|part| *part != Component::CurDir).collect())
}

/// `folder/named` without `.` and `..`; `None` where it would climb above the root that `folder`
/// is relative to, or is not relative.
pub(super) fn below_root(folder: &Path, named: &Path) -> Option<PathBuf> {
    let mut path = folder.to_path_buf();
    for part in named.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

pub(super) fn show(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

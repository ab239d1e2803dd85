//! Which inputs there are: the files named, the log files in the folders named, standard input.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One input that is to be read.
#[derive(Debug)]
pub(crate) enum Input {
    /// Standard input.
    Standard,
    /// A file.
    File(PathBuf),
    /// A path of which nothing can be read, and why.
    Unreadable(PathBuf, io::Error),
}

/// The names of log files: these endings, and behind them one of [`COMPRESSED`] or none.
const ENDINGS: [&str; 5] = ["json", "ndjson", "jsonl", "log", "txt"];

/// The endings of compressed files. Whether a file is compressed is told by its content; the ending only
/// decides whether a file found in a folder is one of ours.
const COMPRESSED: [&str; 2] = ["gz", "zst"];

/// The inputs of a run, in order: `-` is standard input, a folder stands for the log files in it and
/// its folders in path order, and nothing named means standard input. Folders that hold no log file
/// are given back too: that is worth a warning.
pub(crate) fn inputs(named: &[PathBuf]) -> (Vec<Input>, Vec<PathBuf>) {
    let mut inputs = Vec::new();
    let mut empty = Vec::new();
    if named.is_empty() {
        inputs.push(Input::Standard);
    }
    for path in named {
        if path.as_os_str() == "-" {
            inputs.push(Input::Standard);
        } else if path.is_dir() {
            let before = inputs.len();
            folder(path, &mut inputs);
            if inputs.len() == before {
                empty.push(path.clone());
            }
        } else {
            inputs.push(Input::File(path.clone()));
        }
    }
    (inputs, empty)
}

/// The log files of a folder and the folders in it. Links to folders are not followed, so that a loop of
/// them ends.
fn folder(top: &Path, inputs: &mut Vec<Input>) {
    // A stack instead of recursion; what is pushed last is taken first, hence the reversed order.
    let mut waiting = vec![top.to_path_buf()];
    while let Some(path) = waiting.pop() {
        let is_link = path.is_symlink();
        if path.is_dir() && (!is_link || path == top) {
            match entries(&path) {
                Ok(entries) => waiting.extend(entries.into_iter().rev()),
                Err(error) => inputs.push(Input::Unreadable(path, error)),
            }
        } else if is_log_file(&path) && !path.is_dir() {
            inputs.push(Input::File(path));
        }
    }
}

/// What is in a folder, in path order.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

/// Whether a file's name is that of a log file.
fn is_log_file(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    // The endings are ASCII: what else a name has need not be UTF-8.
    let name = name.to_string_lossy().to_ascii_lowercase();
    let plain = COMPRESSED
        .iter()
        .find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'))
        .unwrap_or(&name);
    ENDINGS.iter().any(|ending| {
        plain
            .strip_suffix(ending)
            .is_some_and(|stem| stem.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_log_files_in_path_order() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "b.json",
            "a/2.LOG.gz",
            "a/1.jsonl",
            "c.txt.zst",
            "notes.md",
            "d.gz",
            "a.d/x.ndjson",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        let (inputs, empty) = inputs(&[folder.path().to_path_buf()]);
        let found: Vec<_> = inputs
            .iter()
            .map(|input| match input {
                Input::File(path) => path
                    .strip_prefix(folder.path())
                    .expect("within")
                    .display()
                    .to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            found,
            [
                "a/1.jsonl",
                "a/2.LOG.gz",
                "a.d/x.ndjson",
                "b.json",
                "c.txt.zst"
            ]
        );
        assert!(empty.is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_log_file_whose_name_is_not_utf_8_is_one_all_the_same() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        for name in [&b"caf\xe9.json.gz"[..], b"caf\xe9.md"] {
            fs::write(folder.path().join(OsStr::from_bytes(name)), "").expect("a file");
        }
        let (inputs, _) = inputs(&[folder.path().to_path_buf()]);
        match inputs.as_slice() {
            [Input::File(path)] => {
                let name = path.file_name().map(OsStr::as_bytes);
                assert_eq!(name, Some(&b"caf\xe9.json.gz"[..]));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_named_is_standard_input() {
        assert!(matches!(inputs(&[]).0.as_slice(), [Input::Standard]));
    }
}

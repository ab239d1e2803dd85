//! Keeps the files that a run writes apart from those that it reads. Called once before anything is
//! created: writing begins by emptying the file, and an input (or a rule file) that was emptied is lost.
//!
//! INVARIANT: nothing is created or changed here.

use std::fs;
use std::path::{Path, PathBuf};

use super::Arguments;
use crate::exit::Failure;
use crate::input::Input;

/// How many links are followed to where a file would be created; Linux follows as many.
const LINKS: usize = 40;

/// Refuses `--output`, `--dead-letter`, `--stats` and `--state` that name an input, a rule file or one
/// another, in whatever spelling and through whatever links.
pub(super) fn keep_apart(arguments: &Arguments, inputs: &[Input]) -> Result<(), Failure> {
    let outputs = [
        ("--output", arguments.output.as_deref()),
        ("--dead-letter", arguments.dead_letter.as_deref()),
        ("--stats", arguments.stats.as_deref()),
        ("--state", arguments.state.as_deref()),
    ];
    for (option, path) in outputs {
        let Some(path) = path else { continue };
        let file = Identity::of(path);
        // Only a file can be emptied; a device such as /dev/null may be everything at once.
        if !path.metadata().is_ok_and(|about| about.is_file()) {
            continue;
        }
        for input in inputs {
            let (input, name) = match input {
                Input::File(input) => (input.as_path(), input.display().to_string()),
                Input::Standard => (Path::new("/dev/stdin"), "standard input".to_owned()),
                Input::Unreadable(..) => continue,
            };
            if Identity::of(input) == file {
                return Err(Failure::Usage(format!(
                    "{option} {} would overwrite an input, {name}; name another file, outside the \
                     folders that are read",
                    path.display()
                )));
            }
        }
        if arguments
            .rules
            .iter()
            .any(|rule| Identity::of(rule) == file)
        {
            return Err(Failure::Usage(format!(
                "{option} {} would overwrite a rule file; name another file",
                path.display()
            )));
        }
    }
    let named = outputs
        .iter()
        .filter_map(|(option, path)| Some((option, (*path)?)));
    let named: Vec<_> = named.filter(|(_, path)| !is_device(path)).collect();
    for (at, (option, path)) in named.iter().enumerate() {
        let mut before = named.iter().take(at);
        let same = before.find(|(_, other)| Identity::of(other) == Identity::of(path));
        if let Some((other, _)) = same {
            return Err(Failure::Usage(format!(
                "{other} and {option} both name {}; give each a file of its own",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Whether something other than a file is there.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| !about.is_file())
}

/// What two paths to the same file have in common.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Device and inode: hard links too.
    #[cfg(unix)]
    Inode(u64, u64),
    /// The path without links, also of a file that is still to be created.
    Path(PathBuf),
}

impl Identity {
    fn of(path: &Path) -> Identity {
        #[cfg(unix)]
        if let Ok(about) = path.metadata() {
            use std::os::unix::fs::MetadataExt as _;
            return Identity::Inode(about.dev(), about.ino());
        }
        Identity::Path(fs::canonicalize(path).unwrap_or_else(|_| to_be_created(path)))
    }
}

/// Where a file that is not there would be created: a link to nothing leads to its target.
fn to_be_created(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
        path = match path.file_name() {
            Some(name) => folder.join(name),
            None => return path,
        };
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => break,
        }
    }
    path
}

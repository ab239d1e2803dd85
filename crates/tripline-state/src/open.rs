//! Opens the state that an earlier run left: takes the lock, reads the file, and sets it aside where it
//! is not understood.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::envelope;
use super::{Failure, Kind, StateError};

/// Keeps other runs away from a state for as long as it lives; a run that is killed lets go of it.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, or says that another process has it.
    ///
    /// # Errors
    /// When another process has it, or the file beside the state cannot be written.
    pub fn take(kind: Kind, state: &Path) -> Result<Lock, Failure> {
        let path = beside(state, ".lock");
        let failed = |source| Failure::File {
            doing: "cannot write",
            path: path.display().to_string(),
            source,
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Failure::InUse(format!(
                "another {noun} keeps its state in {}; give each {noun} a file of its own",
                state.display(),
                noun = kind.noun()
            ))),
            // Not every file system has locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Lock { _file: file })
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// A file beside the state.
pub(super) fn beside(state: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = state.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// What there is of an earlier run.
pub enum Found<H> {
    /// Nothing: this is the first one.
    Nothing,
    /// Its state.
    Kept(Box<H>, Vec<u8>),
    /// Something that is not understood.
    Not(StateError),
}

/// Reads what there is.
///
/// # Errors
/// When there is a file that cannot be read.
pub fn read<H: DeserializeOwned>(kind: Kind, state: &Path) -> Result<Found<H>, Failure> {
    let mut bytes = match fs::read(state) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(source) => {
            return Err(Failure::File {
                doing: "cannot read",
                path: state.display().to_string(),
                source,
            });
        }
    };
    let (head, place) = match envelope::open(kind, &bytes) {
        Ok((head, engine)) => {
            let end = bytes.len().saturating_sub(envelope::TAIL);
            (head, end.saturating_sub(engine.len())..end)
        }
        Err(error) => return Ok(Found::Not(error)),
    };
    bytes.truncate(place.end);
    bytes.drain(..place.start);
    Ok(Found::Kept(Box::new(head), bytes))
}

/// Renames a file beside itself, to a name that nothing has, and says which.
///
/// # Errors
/// What the system says.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1u32;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(".set-aside");
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let aside = PathBuf::from(name);
        if fs::symlink_metadata(&aside).is_err() {
            fs::rename(path, &aside)?;
            return Ok(aside);
        }
        number = number.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let lock = Lock::take(Kind::Run, &state).unwrap();
        let refused = Lock::take(Kind::Run, &state).unwrap_err().to_string();
        assert!(
            refused.contains("another run keeps its state in"),
            "{refused}"
        );
        drop(lock);
        Lock::take(Kind::Run, &state).unwrap();
    }

    #[test]
    fn nothing_that_was_set_aside_before_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for text in ["first", "second", "third"] {
            fs::write(&path, text).unwrap();
            set_aside(&path).unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read("state.set-aside"), "first");
        assert_eq!(read("state.set-aside.2"), "second");
        assert_eq!(read("state.set-aside.3"), "third");
    }
}

//! Opens the state that an earlier run left: takes the lock, reads the file, and sets it aside where it
//! is not understood.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::envelope;
use super::{Head, StateError};
use crate::exit::Failure;
use crate::output::files;

/// Keeps other runs away from a state for as long as it lives; a run that is killed lets go of it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, or says that another run has it.
    pub(crate) fn take(state: &Path) -> Result<Lock, Failure> {
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
            Err(TryLockError::WouldBlock) => Err(Failure::Usage(format!(
                "another run keeps its state in {}; give each run a file of its own",
                state.display()
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
pub(crate) enum Found {
    /// Nothing: this is the first one.
    Nothing,
    /// Its state.
    Kept(Box<Head>, Vec<u8>),
    /// Something that is not understood.
    Not(StateError),
}

/// Reads what there is.
pub(crate) fn read(state: &Path) -> Result<Found, Failure> {
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
    let (head, place) = match envelope::open(&bytes) {
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

/// Renames a state that is not gone on with, and says why and to what.
pub(crate) fn set_aside(state: &Path, why: &StateError) -> Result<String, Failure> {
    let aside = files::set_aside(state).map_err(|source| Failure::File {
        doing: "cannot set aside",
        path: state.display().to_string(),
        source,
    })?;
    Ok(format!(
        "{} is not gone on with, so the run begins anew: {why}; it was set aside as {}",
        state.display(),
        aside.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let lock = Lock::take(&state).unwrap();
        let refused = Lock::take(&state).unwrap_err().to_string();
        assert!(
            refused.contains("another run keeps its state in"),
            "{refused}"
        );
        drop(lock);
        Lock::take(&state).unwrap();
    }
}

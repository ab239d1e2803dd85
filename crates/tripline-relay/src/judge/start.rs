//! How the thread begins where a process before it was: the snapshot, then the journals after it.

use std::io;
use std::path::{Path, PathBuf};

use chrono::Utc;
use tripline_output::outcome::restored_text;
use tripline_state::{Failure, Found, Keeper, Kind, Lock, StateError, read, set_aside};

use super::journal::{self, Entry, Journal, Tail};
use super::kept::{Head, Kept};
use super::pending::{Pending, record_id};
use super::worker::Worker;
use crate::settings::{RelayError, StateSettings};

impl Worker {
    /// Goes on from the state there is, and keeps it from now on.
    pub(super) fn go_on_from(&mut self, state: &StateSettings) -> Result<(), RelayError> {
        let path = &state.path;
        let lock = Lock::take(Kind::Relay, path)?;
        let mut first = 0;
        match read::<Head>(Kind::Relay, path)? {
            Found::Nothing => {}
            Found::Not(why) => aside(path, &why)?,
            Found::Kept(head, snapshot) => match self.engine.restore(&snapshot, &mut self.found) {
                Ok(restored) => {
                    first = head.journal;
                    self.pending = Pending::restored(head.pending);
                    self.hold_alone();
                    let said = restored_text(&restored, "--max-state");
                    tracing::info!(state = %path.display(), "goes on from {said}");
                }
                Err(why) => aside(path, &why.into())?,
            },
        }
        let mut last = first;
        let files =
            journal::files(path).map_err(failed("cannot look for the journals of", path))?;
        for (number, file) in files {
            last = last.max(number);
            if number >= first {
                self.replay(&file)?;
            }
        }
        let number = last + 1;
        let keeper = Keeper::new(Kind::Relay, path, state.every, lock);
        let journal =
            Journal::begin(path, number).map_err(failed("cannot write the journal of", path))?;
        self.kept = Some(Kept::new(keeper, journal, number, first));
        // What was gone through need not be again.
        self.keep_all();
        Ok(())
    }

    /// Goes through a journal.
    fn replay(&mut self, file: &Path) -> Result<(), RelayError> {
        let mut records = 0u64;
        let read = journal::read(file, |entry| match entry {
            Entry::Delivered(of) => {
                for record in of {
                    self.pending.let_go(record);
                }
            }
            Entry::Records(of) => {
                for (encoding, content) in of {
                    records += 1;
                    self.engine
                        .push_encoded(&content, encoding, &mut self.found);
                    let texts = std::mem::take(&mut self.found.texts);
                    if !texts.is_empty() {
                        let now = Utc::now().timestamp();
                        self.pending.hold(record_id(&content), &texts, now);
                    }
                }
            }
        });
        match read {
            Ok(Tail::Damaged(bytes)) => {
                journal_aside(file, &format!("{bytes} bytes of it are damaged"))?;
                tracing::info!(records, "went through what is whole of it");
            }
            Ok(Tail::Whole) => {
                tracing::info!(journal = %file.display(), records, "went through a journal");
            }
            Ok(Tail::Torn(bytes)) => tracing::info!(
                journal = %file.display(), records, torn = bytes, "went through a journal"
            ),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                journal_aside(file, &error.to_string())?;
            }
            Err(source) => return Err(failed("cannot read", file)(source).into()),
        }
        Ok(())
    }
}

/// Renames a journal that is not gone through, or not to its end.
fn journal_aside(file: &Path, why: &str) -> Result<(), RelayError> {
    let to = renamed(file)?;
    tracing::warn!(journal = %file.display(), to = %to.display(), "set aside a journal: {why}");
    Ok(())
}

/// Renames a state that is not gone on with.
fn aside(path: &Path, why: &StateError) -> Result<(), RelayError> {
    let to = renamed(path)?;
    tracing::warn!(
        state = %path.display(), to = %to.display(),
        "the state is not gone on with, so the relay begins anew: {why}; it was set aside"
    );
    Ok(())
}

/// Renames a file, and gives its new name.
fn renamed(path: &Path) -> Result<PathBuf, RelayError> {
    set_aside(path).map_err(|source| failed("cannot set aside", path)(source).into())
}

/// What could not be done with a file.
fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure::File {
        doing,
        path,
        source,
    }
}

//! What survives a restart of the shipper: the engine's snapshot, written to a folder beside the
//! counters. A snapshot is written a piece a record, so that no record waits for it; it counts when it
//! is whole, synced and renamed.
//!
//! What a kill loses: what happened since the last snapshot was begun, at most the interval and the
//! time that the pieces take. No call comes when the shipper stops, so an orderly stop is a kill too.
//!
//! INVARIANT: whatever fails here is said and costs no record; a file that is not understood is set
//! aside, never overwritten and never trusted.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tripline_engine::{Engine, Sink, SnapshotProgress};
use tripline_output::outcome::restored_text;

use crate::counters::Counters;
use crate::mode::Mode;
use crate::settings::StateSettings;
use crate::voice::{Topic, Voice};

/// Bytes of a snapshot that are written at once.
const PIECE: usize = 64 << 10;

/// Keeps the state of one filter.
pub struct Keeper {
    folder: PathBuf,
    /// The names of all files begin with this.
    stem: String,
    name: String,
    every: i64,
    /// When the next snapshot is begun, nanoseconds since 1970.
    due: i64,
    writing: Option<Writing>,
    /// What this filter wrote into the file that says whose the state is.
    token: String,
    /// The files are not this filter's to write: another one does, or what is there was not understood
    /// and could not be set aside.
    disowned: bool,
    /// There is state: a filter that only filters has none, and shows its counters alone.
    snapshots: bool,
}

/// A snapshot that is being written.
struct Writing {
    file: File,
    piece: Vec<u8>,
}

impl Keeper {
    /// Restores what is kept for a filter of this name and mode into its engine, which must be
    /// new, and says what came of it. `now` is nanoseconds since 1970.
    pub fn open(
        folder: &Path,
        settings: &StateSettings,
        mode: Mode,
        engine: &mut Engine,
        sink: &mut dyn Sink,
        now: i64,
        voice: &mut Voice,
    ) -> Keeper {
        let every = i64::try_from(settings.every.as_nanos()).unwrap_or(i64::MAX);
        let token = format!("{:016x}\n", RandomState::new().hash_one(now));
        let mut keeper = Keeper {
            folder: folder.to_owned(),
            stem: format!("{}.{}", settings.name, mode.name()),
            name: settings.name.clone(),
            every,
            due: now.saturating_add(every),
            writing: None,
            token,
            disowned: false,
            snapshots: mode != Mode::Filter,
        };
        let owned = fs::create_dir_all(folder)
            .and_then(|()| fs::write(keeper.path("owner"), &keeper.token));
        if let Err(error) = owned {
            voice.warn(&format!(
                "the state cannot be written to {}, so it will not survive a restart: {error}; is the folder \
                 writable and below one of `accessible_paths`?",
                folder.display()
            ));
        }
        if keeper.snapshots {
            keeper.restore(engine, sink, voice);
        }
        keeper
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.stem))
    }

    fn restore(&mut self, engine: &mut Engine, sink: &mut dyn Sink, voice: &mut Voice) {
        let path = self.path("state");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                self.disowned = true;
                voice.warn(&format!(
                    "{} cannot be read, so it is left alone and no state is kept: {error}",
                    path.display()
                ));
                return;
            }
        };
        match engine.restore(&bytes, sink) {
            Ok(restored) => voice.announce(&format!(
                "goes on from {}: {}",
                path.display(),
                restored_text(&restored, "max_state")
            )),
            Err(error) => {
                let aside = self.path("state.set-aside");
                let moved = match fs::rename(&path, &aside) {
                    Ok(()) => format!("it was set aside as {}", aside.display()),
                    Err(error) => {
                        self.disowned = true;
                        format!("it cannot be set aside, so no state is kept: {error}")
                    }
                };
                voice.warn(&format!(
                    "{} is not restored, so correlation begins anew: {error}; {moved}",
                    path.display()
                ));
            }
        }
    }

    /// Writes what is due: a piece of a snapshot, the counters.
    pub fn keep(&mut self, engine: &mut Engine, counters: &Counters, now: i64, voice: &mut Voice) {
        // A clock that was set back must not make the next time a distant one.
        let waits = (self.due.saturating_sub(self.every)..self.due).contains(&now);
        if self.writing.is_none() && waits {
            return;
        }
        if let Err(error) = self.step(engine, counters, now, voice) {
            self.writing = None;
            engine.cancel_snapshot();
            // Half a snapshot is of no use, and on a full disk in the way.
            let _ = fs::remove_file(self.path("state.new"));
            let folder = self.folder.display().to_string();
            voice.complain(Topic::State, now, || {
                format!("the state cannot be written to {folder}: {error}; records go on")
            });
        }
    }

    fn step(
        &mut self,
        engine: &mut Engine,
        counters: &Counters,
        now: i64,
        voice: &mut Voice,
    ) -> io::Result<()> {
        let temporary = self.path("state.new");
        let Some(writing) = &mut self.writing else {
            self.due = now.saturating_add(self.every);
            if self.disowned(voice) {
                return Ok(());
            }
            if let Err(error) = self.show(engine, counters, now) {
                let folder = self.folder.display().to_string();
                voice.complain(Topic::Counters, now, || {
                    format!("the counters cannot be written to {folder}: {error}; records go on")
                });
            }
            if !self.snapshots {
                return Ok(());
            }
            let file = File::create(&temporary)?;
            engine.begin_snapshot();
            let piece = Vec::with_capacity(PIECE);
            self.writing = Some(Writing { file, piece });
            return Ok(());
        };
        writing.piece.clear();
        let progress = engine.continue_snapshot(PIECE, &mut writing.piece);
        writing.file.write_all(&writing.piece)?;
        match progress {
            SnapshotProgress::InProgress => {}
            SnapshotProgress::Complete => {
                writing.file.sync_all()?;
                self.writing = None;
                if self.disowned(voice) {
                    return Ok(());
                }
                fs::rename(&temporary, self.path("state"))?;
            }
            SnapshotProgress::None => {
                // A reload gave it up: it is begun again with the next record.
                self.writing = None;
                self.due = now;
            }
        }
        Ok(())
    }

    /// Whether another filter has taken the files over since.
    fn disowned(&mut self, voice: &mut Voice) -> bool {
        if self.disowned {
            return true;
        }
        match fs::read_to_string(self.path("owner")) {
            Ok(token) if token != self.token => {
                self.disowned = true;
                voice.warn(&format!(
                    "another filter of the same mode keeps its state in {} too, so the state of this one is not \
                     kept any more: give each its own folder, or its own `name` under [state] in {}",
                    self.folder.display(),
                    crate::settings::FILE,
                ));
                true
            }
            _ => false,
        }
    }

    /// Writes the counters in both forms.
    fn show(&self, engine: &Engine, counters: &Counters, now: i64) -> io::Result<()> {
        let json = counters.json(engine.stats(), now)?;
        replace(&self.path("json"), &json)?;
        let text = counters.prometheus(engine.stats(), &self.name);
        replace(&self.path("prom"), text.as_bytes())
    }
}

/// Replaces a file at once, so that no reader sees half of it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .inspect_err(|_| {
            // Half a file is of no use, and on a full disk in the way.
            let _ = fs::remove_file(&temporary);
        })
}

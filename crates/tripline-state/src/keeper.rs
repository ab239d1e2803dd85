//! Decides when a state is written, and hands it to the writer a piece at a time: something between two
//! blocks, so that no record waits for long.
//!
//! INVARIANT: a state is begun only where nothing is half done: between two blocks, with everything
//! given written to the outputs.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use tripline_engine::{Engine, SnapshotProgress};

use super::writer::{Message, Report, Writer};
use super::{Failure, Kind, Lock, envelope};

/// Bytes of a snapshot that are written between two blocks.
const PIECE: usize = 4 << 20;

/// Writes the state of a process.
pub struct Keeper {
    kind: Kind,
    path: PathBuf,
    every: Duration,
    due: Instant,
    /// Something has happened since the last state was begun.
    stale: bool,
    writer: Writer,
    /// The engine's snapshot is being taken.
    taking: bool,
    /// What the writer could not take yet.
    held_back: Option<Message>,
    /// States begun of which there has been no report.
    unreported: u32,
    /// The last one could not be written, which has been told.
    failing: bool,
    /// One was written since that was asked last.
    written: bool,
    _lock: Lock,
}

impl Keeper {
    /// Writes to this path, which the lock is for.
    pub fn new(kind: Kind, path: &Path, every: Duration, lock: Lock) -> Keeper {
        Keeper {
            kind,
            path: path.to_owned(),
            every,
            due: Instant::now() + every,
            stale: false,
            writer: Writer::new(path),
            taking: false,
            held_back: None,
            unreported: 0,
            failing: false,
            written: false,
            _lock: lock,
        }
    }

    /// Whether a state was written since this was asked last.
    pub fn was_written(&mut self) -> bool {
        std::mem::take(&mut self.written)
    }

    /// Takes note that something has happened.
    pub fn happened(&mut self) {
        self.stale = true;
    }

    /// Whether a state is to be begun now.
    pub fn is_due(&self) -> bool {
        self.stale && !self.taking && self.unreported == 0 && Instant::now() >= self.due
    }

    /// Begins a state with this head and these outputs.
    pub fn begin<H: Serialize>(
        &mut self,
        engine: &mut Engine,
        head: &H,
        outputs: Vec<File>,
    ) -> Result<(), Failure> {
        let front = envelope::front(self.kind, head).map_err(|error| self.failure(error.into()))?;
        self.due = Instant::now() + self.every;
        self.stale = false;
        engine.begin_snapshot();
        self.taking = true;
        self.unreported = self.unreported.saturating_add(1);
        self.held_back = Some(Message::Begin(front, outputs));
        self.go_on(engine);
        Ok(())
    }

    /// Writes a piece more of what was begun. Gives what there is to be said about it.
    pub fn go_on(&mut self, engine: &mut Engine) -> Option<String> {
        let mut said = None;
        while let Some(report) = self.writer.report() {
            said = self.heard(report, engine).or(said);
        }
        if let Some(message) = self.held_back.take() {
            self.tell(message);
        }
        if !self.taking || self.held_back.is_some() {
            return said;
        }
        let mut piece = Vec::new();
        let progress = engine.continue_snapshot(PIECE, &mut piece);
        match progress {
            SnapshotProgress::InProgress => self.tell(Message::Piece(piece)),
            SnapshotProgress::Complete => {
                self.taking = false;
                self.tell(Message::Piece(piece));
                self.tell(Message::End);
            }
            // A reload gave it up: it is begun again at once.
            SnapshotProgress::None => {
                self.taking = false;
                self.stale = true;
                self.due = Instant::now();
                self.tell(Message::Cancel);
            }
        }
        said
    }

    /// Writes a state to its end and waits for it: before the first record, and after the last one. One
    /// that is being written is given up.
    pub fn finish<H: Serialize>(
        &mut self,
        engine: &mut Engine,
        head: &H,
        outputs: Vec<File>,
    ) -> Result<(), Failure> {
        let front = envelope::front(self.kind, head).map_err(|error| self.failure(error.into()))?;
        if let Some(message) = self.held_back.take() {
            self.writer.tell(message);
        }
        if std::mem::take(&mut self.taking) {
            engine.cancel_snapshot();
            self.writer.tell(Message::Cancel);
        }
        while self.unreported > 0 {
            let report = self.writer.wait();
            self.heard(report, engine);
        }
        engine.begin_snapshot();
        self.writer.tell(Message::Begin(front, outputs));
        loop {
            let mut piece = Vec::new();
            let progress = engine.continue_snapshot(PIECE, &mut piece);
            self.writer.tell(Message::Piece(piece));
            if progress != SnapshotProgress::InProgress {
                break;
            }
        }
        self.writer.tell(Message::End);
        self.due = Instant::now() + self.every;
        match self.writer.wait() {
            Report::Failed(error) => Err(self.failure(error)),
            Report::Written | Report::Cancelled => Ok(()),
        }
    }

    /// Tells the writer something, now or later.
    fn tell(&mut self, message: Message) {
        if self.held_back.is_some() {
            // Nothing overtakes what waits. It is at most the end behind the last piece.
            if let Some(before) = self.held_back.take() {
                self.writer.tell(before);
            }
            self.writer.tell(message);
        } else if let Err(message) = self.writer.try_tell(message) {
            self.held_back = Some(message);
        }
    }

    /// Takes note of what became of a state; gives what is to be said of it.
    fn heard(&mut self, report: Report, engine: &mut Engine) -> Option<String> {
        self.unreported = self.unreported.saturating_sub(1);
        match report {
            Report::Written => {
                self.failing = false;
                self.written = true;
                None
            }
            Report::Cancelled => None,
            Report::Failed(error) => {
                if std::mem::take(&mut self.taking) {
                    engine.cancel_snapshot();
                }
                self.held_back = None;
                self.stale = true;
                let told = std::mem::replace(&mut self.failing, true);
                (!told).then(|| {
                    format!(
                        "{}; the {} goes on, and tries again every time",
                        self.failure(error),
                        self.kind.noun()
                    )
                })
            }
        }
    }

    fn failure(&self, source: io::Error) -> Failure {
        Failure::File {
            doing: "cannot write the state",
            path: self.path.display().to_string(),
            source,
        }
    }
}

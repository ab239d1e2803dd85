//! Writes states to the disk in a thread of its own, so that the run does not wait for it: what it is
//! given goes to a file beside the state, and takes its place when all of it is safely there.
//!
//! INVARIANT: the state is renamed into its place only when it is whole and synced, and what it says of
//! the outputs is synced too; for everything begun there is exactly one report.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;

use super::envelope::Sum;
use super::open::beside;

/// How many messages may wait: each holds a piece of a snapshot.
const WAITING: usize = 2;

/// What the thread is told.
pub(super) enum Message {
    /// A state begins; these bytes come before the engine's snapshot. What these files hold must be
    /// on the disk before the state says so.
    Begin(Vec<u8>, Vec<File>),
    /// A piece of the engine's snapshot.
    Piece(Vec<u8>),
    /// It was the last.
    End,
    /// What was begun is given up.
    Cancel,
}

/// What became of a state that was begun.
pub(super) enum Report {
    /// It is in its place.
    Written,
    /// It was given up.
    Cancelled,
    /// It could not be written.
    Failed(io::Error),
}

/// The thread, seen from the run.
pub(super) struct Writer {
    messages: Option<SyncSender<Message>>,
    reports: Receiver<Report>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Begins a thread that writes to this path.
    pub(super) fn new(state: &Path) -> Writer {
        let (messages, inbox) = sync_channel(WAITING);
        let (outbox, reports) = channel();
        let state = state.to_owned();
        let thread = std::thread::spawn(move || work(&state, &inbox, &outbox));
        Writer {
            messages: Some(messages),
            reports,
            thread: Some(thread),
        }
    }

    /// Tells it something, if it can take that at once.
    pub(super) fn try_tell(&self, message: Message) -> Result<(), Message> {
        match self.messages.as_ref().map(|to| to.try_send(message)) {
            Some(Err(TrySendError::Full(message))) => Err(message),
            // Without the thread there is nobody to tell; the reports say so.
            None | Some(Ok(()) | Err(TrySendError::Disconnected(_))) => Ok(()),
        }
    }

    /// Tells it something, when it can take that.
    pub(super) fn tell(&self, message: Message) {
        if let Some(to) = &self.messages {
            let _ = to.send(message);
        }
    }

    /// A report, if there is one.
    pub(super) fn report(&self) -> Option<Report> {
        self.reports.try_recv().ok()
    }

    /// The next report.
    pub(super) fn wait(&self) -> Report {
        let lost = |_| Report::Failed(io::Error::other("a thread was lost"));
        self.reports.recv().unwrap_or_else(lost)
    }
}

impl Drop for Writer {
    /// What was begun and not ended is given up.
    fn drop(&mut self) {
        self.messages = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread does until nobody tells it anything any more.
fn work(state: &Path, inbox: &Receiver<Message>, outbox: &Sender<Report>) {
    let mut writing: Option<Writing> = None;
    for message in inbox {
        let told = match message {
            Message::Begin(front, outputs) => match Writing::begin(state, &front, outputs) {
                Ok(begun) => {
                    writing = Some(begun);
                    None
                }
                Err(error) => Some(Report::Failed(error)),
            },
            Message::Piece(piece) => {
                let failed = writing
                    .as_mut()
                    .and_then(|writing| writing.add(&piece).err());
                // What still comes of it is not written.
                failed.map(|error| {
                    writing = None;
                    Report::Failed(error)
                })
            }
            Message::End => writing.take().map(|writing| match writing.end(state) {
                Ok(()) => Report::Written,
                Err(error) => Report::Failed(error),
            }),
            Message::Cancel => writing.take().map(|_| Report::Cancelled),
        };
        if let Some(report) = told {
            let _ = outbox.send(report);
        }
    }
}

/// A state that is being written. Half of one is of no use, and on a full disk in the way.
struct Writing {
    temporary: PathBuf,
    file: Option<File>,
    sum: Sum,
    outputs: Vec<File>,
}

impl Writing {
    fn begin(state: &Path, front: &[u8], outputs: Vec<File>) -> io::Result<Writing> {
        let temporary = beside(state, ".new");
        let mut writing = Writing {
            file: Some(File::create(&temporary)?),
            temporary,
            sum: Sum::new(),
            outputs,
        };
        writing.add(front)?;
        Ok(writing)
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.add(bytes);
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(bytes))
    }

    fn end(mut self, state: &Path) -> io::Result<()> {
        let tail = std::mem::replace(&mut self.sum, Sum::new()).tail();
        self.add(&tail)?;
        for output in &self.outputs {
            output.sync_data()?;
        }
        if let Some(file) = &self.file {
            file.sync_all()?;
        }
        fs::rename(&self.temporary, state)?;
        self.file = None;
        sync_folder(state)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Makes the renaming of a file to this path last.
///
/// # Errors
/// What the system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

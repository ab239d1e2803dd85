//! What came since the last snapshot, on disk before it is acknowledged: a process that is killed goes on
//! from the snapshot and this. [Entries](entry) are appended to a [file] by a thread of its own, which makes
//! one write and one sync of all that waits, so that the cost of a sync is shared.
//!
//! INVARIANT: an answer is given only when the entry, and all before it, are on the disk, in a file that a
//! restart goes through. What could not be written is kept and written first: the engine has it already, so
//! that a batch that comes again would not bring it once more. A file that could not be written is cut back
//! to its last whole entry before anything is appended again; one that could not be begun is begun before
//! anything is.

mod entry;
mod file;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

pub(super) use self::entry::{Entry, Records};
use self::file::Appending;
pub(super) use self::file::{files, read};

/// How many entries may wait for the thread.
const WAITING: usize = 64;

/// Called when an entry is on the disk, or cannot be.
pub(super) type Answer = Box<dyn FnOnce(io::Result<()>) + Send>;

enum Message {
    Records(Records, Answer),
    Delivered(u64),
    /// What comes from now on goes to the file with this number.
    Turn(u64),
    /// Files with smaller numbers are needed no more.
    Forget(u64),
}

/// The journal, seen from the worker.
pub(super) struct Journal {
    to: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    /// Something could not be written and still is to be.
    owes: Arc<AtomicBool>,
}

impl Journal {
    /// Begins the file with this number beside the state.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin(state: &Path, number: u64) -> io::Result<Journal> {
        let owes = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            state: state.to_owned(),
            file: Appending::create(state, number)?,
            bytes: Vec::new(),
            answers: Vec::new(),
            owes: owes.clone(),
        };
        let (to, inbox) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.work(&inbox))?;
        Ok(Journal {
            to: Some(to),
            thread: Some(thread),
            owes,
        })
    }

    /// Whether something could not be written yet. Then nothing more is to be given to the engine, so that
    /// what waits for the disk does not grow.
    pub(super) fn owes(&self) -> bool {
        self.owes.load(Ordering::Relaxed)
    }

    /// Appends records; the answer comes when they are on the disk, and all that was told before: none of
    /// its own are needed where a batch brings again what another brought.
    pub(super) fn records(&self, records: Records, answer: Answer) {
        self.tell(Message::Records(records, answer));
    }

    /// Appends that a batch was delivered. Nobody waits for that: where it is lost, the batch's
    /// detections are held for a sender that does not come back.
    pub(super) fn delivered(&self, number: u64) {
        self.tell(Message::Delivered(number));
    }

    /// Goes on in the file with this number.
    pub(super) fn turn(&self, number: u64) {
        self.tell(Message::Turn(number));
    }

    /// Removes the files before this number.
    pub(super) fn forget_before(&self, number: u64) {
        self.tell(Message::Forget(number));
    }

    fn tell(&self, message: Message) {
        if let Some(to) = &self.to
            && let Err(lost) = to.send(message)
            && let Message::Records(_, answer) = lost.0
        {
            answer(Err(io::Error::other("the journal's thread is gone")));
        }
    }
}

impl Drop for Journal {
    /// What was told is written.
    fn drop(&mut self) {
        self.to = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's belongings.
struct Writer {
    state: PathBuf,
    file: Appending,
    /// What is to be written: what has gathered, and what could not be.
    bytes: Vec<u8>,
    /// Who waits for that.
    answers: Vec<Answer>,
    owes: Arc<AtomicBool>,
}

impl Writer {
    /// Does what it is told until nobody tells it anything any more.
    fn work(mut self, inbox: &Receiver<Message>) {
        while let Ok(first) = inbox.recv() {
            let mut next = Some(first);
            while let Some(message) = next {
                self.hear(message);
                next = inbox.try_recv().ok();
            }
            self.append();
        }
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Records(records, answer) => {
                match entry::put_records(&records, &mut self.bytes) {
                    Ok(()) => self.answers.push(answer),
                    Err(error) => answer(Err(error)),
                }
            }
            Message::Delivered(number) => entry::put_delivered(number, &mut self.bytes),
            Message::Turn(number) => {
                self.append();
                if let Err(error) = self.file.turn(&self.state, number) {
                    tracing::error!(%error, "cannot begin a journal yet");
                }
            }
            Message::Forget(number) => {
                let old = files(&self.state)
                    .into_iter()
                    .filter(|(of, _)| *of < number);
                for (_, path) in old {
                    if let Err(error) = fs::remove_file(&path) {
                        tracing::warn!(%error, path = %path.display(), "cannot remove a journal");
                    }
                }
            }
        }
    }

    /// Writes what is to be written, and answers.
    fn append(&mut self) {
        let written = if self.bytes.is_empty() {
            Ok(())
        } else {
            // Whoever is answered next counts on what was owed.
            let sync = !self.answers.is_empty() || self.owes.load(Ordering::Relaxed);
            self.file.append(&self.state, &self.bytes, sync)
        };
        match &written {
            Ok(()) => self.bytes.clear(),
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written; nothing is acknowledged until it can be");
            }
        }
        self.owes.store(written.is_err(), Ordering::Relaxed);
        for answer in self.answers.drain(..) {
            answer(match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use tripline_engine::Encoding;

    use super::file::{MAGIC, path};
    use super::*;

    fn write(state: &Path) -> Vec<Entry> {
        let journal = Journal::begin(state, 3).unwrap();
        let (told, answers) = channel();
        for number in 0..4u64 {
            let mut records = Records::of(number);
            records.add(Encoding::Json, format!("{{\"n\":{number}}}").as_bytes());
            records.add(Encoding::Vector, &[number as u8; 100]);
            let told = told.clone();
            journal.records(
                records,
                Box::new(move |written| told.send(written.is_ok()).unwrap()),
            );
            journal.delivered(number);
        }
        drop(journal);
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [true; 4]);
        let mut entries = Vec::new();
        let rest = read(&path(state, 3), |entry| entries.push(entry)).unwrap();
        assert_eq!(rest, 0);
        entries
    }

    #[test]
    fn what_was_answered_is_read_again_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let entries = write(&folder.path().join("state"));
        assert_eq!(entries.len(), 8);
        assert_eq!(
            entries[2],
            Entry::Records(
                1,
                vec![
                    (Encoding::Json, b"{\"n\":1}".to_vec()),
                    (Encoding::Vector, vec![1; 100])
                ]
            )
        );
        assert_eq!(entries[3], Entry::Delivered(1));
    }

    #[test]
    fn a_file_that_is_cut_off_or_damaged_gives_the_whole_entries_before_that() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let whole = write(&state);
        let path = path(&state, 3);
        let bytes = fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            let mut entries = Vec::new();
            read(&path, |entry| entries.push(entry)).unwrap();
            assert!(entries.len() < whole.len(), "{length} bytes");
            assert_eq!(entries, whole[..entries.len()]);
        }
        for at in MAGIC.len() + 2..bytes.len() {
            let mut harmed = bytes.clone();
            harmed[at] ^= 0x20;
            fs::write(&path, &harmed).unwrap();
            let mut entries = Vec::new();
            let rest = read(&path, |entry| entries.push(entry)).unwrap();
            assert!(rest > 0, "byte {at}");
            assert_eq!(entries, whole[..entries.len()]);
        }
        fs::write(&path, b"TRIPX\r\n\x1a\x01\x00").unwrap();
        assert!(read(&path, |_| ()).is_err());
    }

    #[test]
    fn files_before_the_snapshot_are_removed_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let journal = Journal::begin(&state, 1).unwrap();
        journal.turn(2);
        journal.turn(12);
        fs::write(folder.path().join("state.journal-x"), "").unwrap();
        fs::write(folder.path().join("other.journal-1"), "").unwrap();
        journal.forget_before(12);
        drop(journal);
        let numbers: Vec<u64> = files(&state)
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        assert_eq!(numbers, [12]);
        assert!(folder.path().join("other.journal-1").exists());
    }

    #[test]
    fn nothing_is_answered_while_the_next_file_cannot_be_begun() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let in_the_way = path(&state, 2);
        fs::create_dir(&in_the_way).unwrap();
        let journal = Journal::begin(&state, 1).unwrap();
        let (told, answers) = channel();
        let answered = |records| {
            let told = told.clone();
            let answer = move |written: io::Result<()>| told.send(written.is_ok()).unwrap();
            journal.records(records, Box::new(answer));
            answers.recv().unwrap()
        };
        let record = |number| {
            let mut records = Records::of(number);
            records.add(Encoding::Json, b"{}");
            records
        };
        journal.turn(2);
        assert!(!answered(record(1)), "it would be read by nobody");
        assert!(journal.owes());
        assert!(
            !answered(Records::none()),
            "what another brought is not on the disk"
        );
        fs::remove_dir(&in_the_way).unwrap();
        assert!(answered(Records::none()));
        assert!(!journal.owes());
        assert!(answered(record(2)));
        let mut entries = Vec::new();
        read(&in_the_way, |entry| entries.push(entry)).unwrap();
        let records = |number| Entry::Records(number, vec![(Encoding::Json, b"{}".to_vec())]);
        assert_eq!(entries, [records(1), records(2)]);
    }
}

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
pub(super) use self::file::{Tail, files, read};

use super::pending::RecordId;

/// How many entries may wait for the thread.
const WAITING: usize = 64;

/// Called when an entry is on the disk, or cannot be.
pub(super) type Answer = Box<dyn FnOnce(io::Result<()>) + Send>;

enum Message {
    Records(Records, Answer),
    Delivered(Vec<RecordId>, Answer),
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

    /// Appends that the receiver has the detections of these records; the answer comes as for records.
    pub(super) fn delivered(&self, records: Vec<RecordId>, answer: Answer) {
        self.tell(Message::Delivered(records, answer));
    }

    /// Whether nothing can be written any more, because the thread ended for no reason that is known.
    pub(super) fn is_gone(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
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
            && let Message::Records(_, answer) | Message::Delivered(_, answer) = lost.0
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
                let put = entry::put_records(&records, &mut self.bytes);
                self.waits(put, answer);
            }
            Message::Delivered(records, answer) => {
                let put = entry::put_delivered(&records, &mut self.bytes);
                self.waits(put, answer);
            }
            Message::Turn(number) => {
                self.append();
                if let Err(error) = self.file.turn(&self.state, number) {
                    tracing::error!(%error, "cannot begin a journal yet");
                }
            }
            Message::Forget(number) => {
                let all = files(&self.state).unwrap_or_else(|error| {
                    tracing::warn!(%error, "cannot look for journals that are needed no more");
                    Vec::new()
                });
                for (_, path) in all.into_iter().filter(|(of, _)| *of < number) {
                    if let Err(error) = fs::remove_file(&path) {
                        tracing::warn!(%error, path = %path.display(), "cannot remove a journal");
                    }
                }
            }
        }
    }

    /// Answers when what was put is on the disk.
    fn waits(&mut self, put: io::Result<()>, answer: Answer) {
        match put {
            Ok(()) => self.answers.push(answer),
            Err(error) => answer(Err(error)),
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

    fn some(number: u8) -> Vec<(Encoding, Vec<u8>)> {
        vec![
            (Encoding::Json, format!("{{\"n\":{number}}}").into_bytes()),
            (Encoding::Vector, vec![number; 100]),
        ]
    }

    fn records(of: &[(Encoding, Vec<u8>)]) -> Records {
        let mut records = Records::default();
        for (encoding, content) in of {
            records.add(*encoding, content);
        }
        records
    }

    fn write(state: &Path) -> Vec<Entry> {
        let journal = Journal::begin(state, 3).unwrap();
        let (told, answers) = channel();
        for number in 0..4 {
            let answer = || -> Answer {
                let told = told.clone();
                Box::new(move |written| told.send(written.is_ok()).unwrap())
            };
            journal.records(records(&some(number)), answer());
            journal.delivered(vec![number.into(), RecordId::MAX], answer());
        }
        drop(journal);
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [true; 8]);
        let (entries, tail) = all(&path(state, 3));
        assert_eq!(tail, Tail::Whole);
        entries
    }

    fn all(path: &Path) -> (Vec<Entry>, Tail) {
        let mut entries = Vec::new();
        let tail = read(path, |entry| entries.push(entry)).unwrap();
        (entries, tail)
    }

    #[test]
    fn what_was_answered_is_read_again_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let entries = write(&folder.path().join("state"));
        assert_eq!(entries.len(), 8);
        assert_eq!(entries[2], Entry::Records(some(1)));
        assert_eq!(entries[3], Entry::Delivered(vec![1, RecordId::MAX]));
    }

    #[test]
    fn a_file_that_is_cut_off_or_damaged_gives_the_whole_entries_before_that_and_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let whole = write(&state);
        let path = path(&state, 3);
        let bytes = fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            // Room that was made, and never written to.
            for room in [0, 7, 5000] {
                fs::write(&path, [&bytes[..length], &vec![0; room]].concat()).unwrap();
                if room > 0 && length < MAGIC.len() + 2 {
                    continue;
                }
                let (entries, tail) = all(&path);
                assert!(entries.len() < whole.len(), "{length} bytes");
                assert_eq!(entries, whole[..entries.len()]);
                if room == 0 {
                    assert!(!matches!(tail, Tail::Damaged(_)), "{length} bytes");
                }
            }
        }
        fs::write(&path, [&bytes[..], &[0; 5000]].concat()).unwrap();
        let (entries, tail) = all(&path);
        assert_eq!((&entries, tail), (&whole, Tail::Torn(5000)));
        for at in MAGIC.len() + 2..bytes.len() {
            let mut harmed = bytes.clone();
            harmed[at] ^= 0x20;
            fs::write(&path, &harmed).unwrap();
            let (entries, tail) = all(&path);
            assert_ne!(tail, Tail::Whole, "byte {at}");
            assert_eq!(entries, whole[..entries.len()]);
        }
        let mut harmed = bytes.clone();
        harmed[MAGIC.len() + 2 + 12] ^= 1;
        fs::write(&path, &harmed).unwrap();
        let rest = bytes.len() - MAGIC.len() - 2;
        assert_eq!(all(&path), (Vec::new(), Tail::Damaged(rest as u64)));
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
            .unwrap()
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
        journal.turn(2);
        assert!(!answered(records(&some(1))), "it would be read by nobody");
        assert!(journal.owes());
        assert!(
            !answered(Records::default()),
            "what another brought is not on the disk"
        );
        fs::remove_dir(&in_the_way).unwrap();
        assert!(answered(Records::default()));
        assert!(!journal.owes());
        assert!(answered(records(&some(2))));
        let (entries, _) = all(&in_the_way);
        let expected = [some(1), some(2)].map(Entry::Records);
        assert_eq!(entries, expected);
    }
}

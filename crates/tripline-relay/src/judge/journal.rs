//! What came since the last snapshot, on disk before it is acknowledged: a process that is killed goes on
//! from the snapshot and this. Entries are appended by a thread of its own, which makes one write and one
//! sync of all that waits, so that the cost of a sync is shared.
//!
//! INVARIANT: an answer is given only when the entry, and all before it, are on the disk, in a file that a
//! restart goes through. A file that could not be written is cut back to its last whole entry before
//! anything is appended again; one that could not be begun is begun before anything is.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tripline_engine::Encoding;
use xxhash_rust::xxh64::xxh64;

/// What a journal begins with. The last bytes show when it was sent as text.
const MAGIC: [u8; 8] = *b"TRIPJ\r\n\x1a";

/// Goes up with every change of what is written.
const VERSION: u16 = 1;

/// Length and checksum in front of an entry.
const HEAD: usize = 4 + 8;

/// The longest entry that is believed, so that a damaged length asks for no memory: twice the largest
/// request ([`Limits::MOST_REQUEST`](crate::Limits::MOST_REQUEST)), because lengths stand between records.
const LONGEST: u32 = 2 << 30;

/// How many entries may wait for the thread.
const WAITING: usize = 64;

/// Kinds of entry.
const RECORDS: u8 = 1;
const DELIVERED: u8 = 2;

/// Called when an entry is on the disk, or cannot be.
pub(super) type Answer = Box<dyn FnOnce(io::Result<()>) + Send>;

/// An entry that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Records of the batch with this number that took part in correlation.
    Records(u64, Vec<(Encoding, Vec<u8>)>),
    /// The receiver has the batch.
    Delivered(u64),
}

/// Collects the records of one entry.
pub(super) struct Records {
    number: u64,
    bytes: Vec<u8>,
}

impl Records {
    /// Of the batch with this number.
    pub(super) fn of(number: u64) -> Records {
        Records {
            number,
            bytes: Vec::new(),
        }
    }

    /// Adds a record.
    pub(super) fn add(&mut self, encoding: Encoding, record: &[u8]) {
        let Ok(length) = u32::try_from(record.len()) else {
            return;
        };
        self.bytes.push(match encoding {
            Encoding::Json => 0,
            Encoding::MessagePack => 1,
            Encoding::Vector => 2,
            Encoding::OpenTelemetry => 3,
        });
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(record);
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

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
}

impl Journal {
    /// Begins the file with this number beside the state.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin(state: &Path, number: u64) -> io::Result<Journal> {
        let mut file = Appending::create(state, number)?;
        let (to, inbox) = sync_channel(WAITING);
        let state = state.to_owned();
        let thread = std::thread::spawn(move || work(&state, &mut file, &inbox));
        Ok(Journal {
            to: Some(to),
            thread: Some(thread),
        })
    }

    /// Appends records; the answer comes when they are on the disk.
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

/// What the thread does until nobody tells it anything any more.
fn work(state: &Path, file: &mut Appending, inbox: &Receiver<Message>) {
    let mut bytes = Vec::new();
    let mut answers: Vec<Answer> = Vec::new();
    while let Ok(first) = inbox.recv() {
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Records(records, answer) => {
                    put_records(&records, &mut bytes);
                    answers.push(answer);
                }
                Message::Delivered(number) => {
                    let body = [&[DELIVERED][..], &number.to_le_bytes()].concat();
                    put(&body, &mut bytes);
                }
                Message::Turn(number) => {
                    append(state, file, &mut bytes, &mut answers);
                    if let Err(error) = file.turn(state, number) {
                        tracing::error!(%error, "cannot begin a journal yet");
                    }
                }
                Message::Forget(number) => {
                    for (_, path) in files(state).into_iter().filter(|(of, _)| *of < number) {
                        if let Err(error) = fs::remove_file(&path) {
                            tracing::warn!(%error, path = %path.display(), "cannot remove a journal");
                        }
                    }
                }
            }
            next = inbox.try_recv().ok();
        }
        append(state, file, &mut bytes, &mut answers);
    }
}

/// Writes what has gathered, and answers.
fn append(state: &Path, file: &mut Appending, bytes: &mut Vec<u8>, answers: &mut Vec<Answer>) {
    if bytes.is_empty() {
        return;
    }
    let written = file.append(state, bytes, !answers.is_empty());
    bytes.clear();
    if let Err(error) = &written {
        tracing::error!(%error, "the journal cannot be written; nothing is acknowledged until it can be");
    }
    for answer in answers.drain(..) {
        answer(match &written {
            Ok(()) => Ok(()),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        });
    }
}

fn put_records(records: &Records, out: &mut Vec<u8>) {
    let mut body = vec![RECORDS];
    body.extend_from_slice(&records.number.to_le_bytes());
    // The fastest level: logs still shrink several times.
    match zstd::bulk::compress(&records.bytes, 1) {
        Ok(packed) => {
            let length = u32::try_from(records.bytes.len()).unwrap_or(u32::MAX);
            body.extend_from_slice(&length.to_le_bytes());
            body.extend_from_slice(&packed);
        }
        Err(error) => tracing::error!(%error, "cannot compress for the journal"),
    }
    put(&body, out);
}

fn put(body: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&xxh64(body, 0).to_le_bytes());
    out.extend_from_slice(body);
}

/// A file that is appended to.
struct Appending {
    /// Its number.
    number: u64,
    /// None: it is still to be begun.
    open: Option<Open>,
}

struct Open {
    file: File,
    /// How long it is, to the end of its last whole entry.
    length: u64,
    /// Something may stand behind that.
    ragged: bool,
}

impl Appending {
    fn create(state: &Path, number: u64) -> io::Result<Appending> {
        Ok(Appending {
            number,
            open: Some(Open::create(state, number)?),
        })
    }

    /// Goes on in the file with this number; where it cannot be begun now, that is tried again whenever
    /// something is appended.
    fn turn(&mut self, state: &Path, number: u64) -> io::Result<()> {
        *self = Appending { number, open: None };
        self.begun(state).map(drop)
    }

    fn append(&mut self, state: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
        self.begun(state)?.append(bytes, sync)
    }

    fn begun(&mut self, state: &Path) -> io::Result<&mut Open> {
        match &mut self.open {
            Some(open) => Ok(open),
            none => Ok(none.insert(Open::create(state, self.number)?)),
        }
    }
}

impl Open {
    fn create(state: &Path, number: u64) -> io::Result<Open> {
        let path = path(state, number);
        let mut file = File::create(&path)?;
        file.write_all(&MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        file.sync_all()?;
        tripline_state::sync_folder(&path)?;
        Ok(Open {
            file,
            length: MAGIC.len() as u64 + 2,
            ragged: false,
        })
    }

    fn append(&mut self, bytes: &[u8], sync: bool) -> io::Result<()> {
        if self.ragged {
            self.file.set_len(self.length)?;
            io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.length))?;
            self.ragged = false;
        }
        let written = self
            .file
            .write_all(bytes)
            .and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => self.length += bytes.len() as u64,
            Err(_) => self.ragged = true,
        }
        written
    }
}

/// The file of this number.
fn path(state: &Path, number: u64) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(format!(".journal-{number}"));
    PathBuf::from(name)
}

/// The files there are beside a state, by number.
pub(super) fn files(state: &Path) -> Vec<(u64, PathBuf)> {
    let (Some(folder), Some(name)) = (state.parent(), state.file_name()) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let prefix = format!("{}.journal-", name.to_string_lossy());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(&prefix)?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    files.sort_unstable();
    files
}

/// Reads the entries of a file. Gives how many bytes at its end are not understood: an entry that was
/// being written when the process ended, or damage.
///
/// # Errors
/// When it cannot be read, or is no journal of this version.
pub(super) fn read(path: &Path, mut each: impl FnMut(Entry)) -> io::Result<u64> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut from = BufReader::new(file);
    let mut head = [0; MAGIC.len() + 2];
    // A process that ended while it began the file left less.
    if from.read_exact(&mut head).is_err() {
        return Ok(length);
    }
    let (magic, version) = head.split_at(MAGIC.len());
    if magic != MAGIC || version != VERSION.to_le_bytes() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no journal of this version",
        ));
    }
    let mut at = head.len() as u64;
    while let Some((entry, size)) = next(&mut from) {
        at += size;
        each(entry);
    }
    Ok(length.saturating_sub(at))
}

/// The next entry, and how many bytes it takes.
fn next(from: &mut impl Read) -> Option<(Entry, u64)> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head).ok()?;
    let (length, sum) = head.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length);
    if length > LONGEST {
        return None;
    }
    let mut body = Vec::new();
    from.take(length.into()).read_to_end(&mut body).ok()?;
    if body.len() != length as usize || xxh64(&body, 0).to_le_bytes() != *sum {
        return None;
    }
    Some((entry(&body)?, (HEAD + body.len()) as u64))
}

fn entry(body: &[u8]) -> Option<Entry> {
    let (kind, rest) = body.split_first()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    match *kind {
        DELIVERED => Some(Entry::Delivered(number)),
        RECORDS => {
            let (length, packed) = rest.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            let bytes = zstd::bulk::decompress(packed, length).ok()?;
            let mut records = Vec::new();
            let mut rest = bytes.as_slice();
            while let Some((encoding, behind)) = rest.split_first() {
                let (length, behind) = behind.split_first_chunk::<4>()?;
                let length = u32::from_le_bytes(*length) as usize;
                let (record, behind) = behind.split_at_checked(length)?;
                let encoding = match encoding {
                    0 => Encoding::Json,
                    1 => Encoding::MessagePack,
                    2 => Encoding::Vector,
                    3 => Encoding::OpenTelemetry,
                    _ => return None,
                };
                records.push((encoding, record.to_vec()));
                rest = behind;
            }
            Some(Entry::Records(number, records))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

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
        let record = |number| {
            let mut records = Records::of(number);
            records.add(Encoding::Json, b"{}");
            let told = told.clone();
            let answer = move |written: io::Result<()>| told.send(written.is_ok()).unwrap();
            journal.records(records, Box::new(answer));
            answers.recv().unwrap()
        };
        journal.turn(2);
        assert!(!record(1), "it would be read by nobody");
        fs::remove_dir(&in_the_way).unwrap();
        assert!(record(2));
        let mut entries = Vec::new();
        read(&in_the_way, |entry| entries.push(entry)).unwrap();
        assert_eq!(
            entries,
            [Entry::Records(2, vec![(Encoding::Json, b"{}".to_vec())])]
        );
    }
}

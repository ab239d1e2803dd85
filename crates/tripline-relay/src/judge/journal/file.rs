//! A file that entries are appended to, and how it is read again. Each has a number: a later one has what
//! came later.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::entry::{self, Entry, Next};

/// What a journal begins with. The last bytes show when it was sent as text.
pub(super) const MAGIC: [u8; 8] = *b"TRIPJ\r\n\x1a";

/// Goes up with every change of what is written.
const VERSION: u16 = 2;

/// A file that is appended to.
pub(super) struct Appending {
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
    /// Begins the file with this number beside the state.
    pub(super) fn create(state: &Path, number: u64) -> io::Result<Appending> {
        Ok(Appending {
            number,
            open: Some(Open::create(state, number)?),
        })
    }

    /// Goes on in the file with this number; where it cannot be begun now, that is tried again whenever
    /// something is appended.
    pub(super) fn turn(&mut self, state: &Path, number: u64) -> io::Result<()> {
        *self = Appending { number, open: None };
        self.begun(state).map(drop)
    }

    /// Appends bytes, and has them on the disk where that is asked for.
    pub(super) fn append(&mut self, state: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
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
pub(super) fn path(state: &Path, number: u64) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(format!(".journal-{number}"));
    PathBuf::from(name)
}

/// The files there are beside a state, by number.
///
/// # Errors
/// When its folder cannot be read.
pub(in crate::judge) fn files(state: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let (Some(folder), Some(name)) = (state.parent(), state.file_name()) else {
        return Ok(Vec::new());
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let number = |file: &OsStr| {
        let rest = file
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes())?;
        let digits = rest.strip_prefix(b".journal-")?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.extend(number(&entry.file_name()).map(|number| (number, entry.path())));
    }
    files.sort_unstable();
    Ok(files)
}

/// What is at the end of a journal that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::judge) enum Tail {
    /// Nothing.
    Whole,
    /// So many bytes of an entry that was being written when the process ended.
    Torn(u64),
    /// So many bytes that nobody wrote like this.
    Damaged(u64),
}

/// Reads the entries of a file.
///
/// # Errors
/// When it cannot be read, or is no journal of this version.
pub(in crate::judge) fn read(path: &Path, mut each: impl FnMut(Entry)) -> io::Result<Tail> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut from = BufReader::new(file);
    let mut head = Vec::new();
    (&mut from)
        .take(MAGIC.len() as u64 + 2)
        .read_to_end(&mut head)?;
    let whole = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
    if head != whole {
        // A process that ended while it began the file left less.
        if whole.starts_with(&head) {
            return Ok(Tail::Torn(length));
        }
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is no journal of this version",
        ));
    }
    let mut at = head.len() as u64;
    loop {
        match entry::next(&mut from)? {
            Next::Entry(entry, size) => {
                at += size;
                each(entry);
            }
            Next::End => return Ok(Tail::Whole),
            Next::Torn => return Ok(Tail::Torn(length.saturating_sub(at))),
            Next::Damage => return Ok(Tail::Damaged(length.saturating_sub(at))),
        }
    }
}

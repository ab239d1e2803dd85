//! Files that a run writes. [`Growing`] is written from front to end, and knows how long it is, so that a
//! later run can take it up where a state says; [`replace`] is for files that others read while they are written.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::input::FileId;

/// Writes a file beside its place and renames it into it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = Path::new(&temporary);
    fs::write(temporary, bytes)?;
    fs::rename(temporary, path).inspect_err(|_| {
        // What is left behind is of no use to anybody.
        let _ = fs::remove_file(temporary);
    })
}

/// Whether there is a file with something in it.
pub(crate) fn has_content(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|about| about.is_file() && about.len() > 0)
}

/// A file that was written up to some length, as a later run finds it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Left {
    path: String,
    id: Option<FileId>,
    length: u64,
}

/// A file that is written from front to end.
#[derive(Debug)]
pub(crate) struct Growing {
    name: String,
    path: String,
    file: File,
    id: Option<FileId>,
    /// It is a file and no device, so that it has a length.
    is_file: bool,
    length: u64,
}

impl Growing {
    /// Begins a file, in place of one that is there.
    pub(crate) fn create(path: &Path) -> Result<Growing, Failure> {
        File::create(path)
            .and_then(|file| Growing::of(path, file, 0))
            .map_err(|error| cannot_write(&path.display().to_string(), error))
    }

    /// Takes a file up where a state says that it was. With `cut` what was written after that is cut off:
    /// it is going to be written again. Says what there is to know where the file is not what it was.
    pub(crate) fn resume(
        path: &Path,
        left: Option<&Left>,
        cut: bool,
    ) -> Result<(Growing, Option<String>), Failure> {
        let name = path.display().to_string();
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        let taken = options.open(path).and_then(|file| {
            let length = file.metadata()?.len();
            let growing = Growing::of(path, file, length)?;
            let mut note = None;
            let goes_on_at = match left {
                _ if !growing.is_file => length,
                Some(left) if left.path == growing.path && left.id == growing.id => {
                    if length < left.length {
                        note = Some(format!(
                            "{name} has {length} bytes, fewer than the {} that were written; what comes is \
                             added at its end",
                            left.length
                        ));
                    }
                    if cut { length.min(left.length) } else { length }
                }
                Some(left) => {
                    note = Some(format!(
                        "{name} is not the file that was written before ({}, with {} bytes); what comes is \
                         added at its end",
                        left.path, left.length
                    ));
                    length
                }
                None => length,
            };
            let mut growing = Growing {
                length: goes_on_at,
                ..growing
            };
            if growing.is_file {
                if goes_on_at < length {
                    growing.file.set_len(goes_on_at)?;
                }
                growing.file.seek(SeekFrom::Start(goes_on_at))?;
            }
            Ok((growing, note))
        });
        taken.map_err(|error| cannot_write(&name, error))
    }

    fn of(path: &Path, file: File, length: u64) -> io::Result<Growing> {
        let about = file.metadata()?;
        Ok(Growing {
            name: path.display().to_string(),
            path: crate::input::lasting(path),
            id: FileId::of(&about),
            is_file: about.is_file(),
            length: if about.is_file() { length } else { 0 },
            file,
        })
    }

    /// Its name, as it was given.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Nothing has been written to it.
    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether what is written next begins a line.
    pub(crate) fn ends_line(&mut self) -> bool {
        let Some(last) = self.length.checked_sub(1).filter(|_| self.is_file) else {
            return true;
        };
        let mut byte = [0];
        let read = self.file.seek(SeekFrom::Start(last));
        let read = read.and_then(|_| self.file.read_exact(&mut byte));
        let back = self.file.seek(SeekFrom::Start(self.length));
        read.is_err() || back.is_err() || byte == *b"\n"
    }

    /// How far it has been written; none for what has no length.
    pub(crate) fn left(&self) -> Option<Left> {
        self.is_file.then(|| Left {
            path: self.path.clone(),
            id: self.id,
            length: self.length,
        })
    }

    /// Another handle, to see to it that what is written reaches the disk.
    pub(crate) fn handle(&self) -> Option<File> {
        self.is_file.then(|| self.file.try_clone().ok()).flatten()
    }
}

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.length = self.length.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file cannot be written.
pub(crate) fn cannot_write(name: &str, source: io::Error) -> Failure {
    Failure::File {
        doing: "cannot write",
        path: name.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_up_where_it_was_and_what_came_after_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut growing = Growing::create(&path).unwrap();
        assert!(growing.is_empty() && growing.ends_line());
        growing.write_all(b"one\n").unwrap();
        let left = growing.left().unwrap();
        growing.write_all(b"tw").unwrap();
        drop(growing);
        let (mut growing, note) = Growing::resume(&path, Some(&left), true).unwrap();
        assert_eq!(note, None);
        assert!(growing.ends_line());
        growing.write_all(b"two").unwrap();
        assert!(!growing.ends_line());
        growing.write_all(b"!\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo!\n");
        let (mut growing, note) = Growing::resume(&path, Some(&left), false).unwrap();
        assert_eq!(note, None);
        growing.write_all(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo!\nthree\n");
    }

    #[test]
    fn a_file_that_is_not_what_was_written_keeps_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut growing = Growing::create(&path).unwrap();
        growing.write_all(b"one\ntwo\n").unwrap();
        let left = growing.left().unwrap();
        fs::write(&path, "cut\n").unwrap();
        let (mut growing, note) = Growing::resume(&path, Some(&left), true).unwrap();
        assert!(note.unwrap().contains("fewer than the 8"));
        growing.write_all(b"more\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "cut\nmore\n");
        let other = folder.path().join("other");
        fs::write(&other, "precious, and longer than what was written\n").unwrap();
        let (mut growing, note) = Growing::resume(&other, Some(&left), true).unwrap();
        assert!(
            note.unwrap()
                .contains("not the file that was written before")
        );
        growing.write_all(b"more\n").unwrap();
        assert!(fs::read_to_string(&other).unwrap().starts_with("precious"));
    }
}

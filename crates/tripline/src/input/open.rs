//! Opens one input: maps a plain file, streams everything else, and tells compression by the first
//! bytes, never by the name.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{Advice, Mmap};

use super::live::{Live, Pauses};
use super::paths::Input;
use super::place::{About, FileId, Fingerprint, Mark, Passed};
use crate::interrupt::Interrupt;

/// An input that has been opened.
pub(super) struct Opened {
    /// What there is to read.
    pub(super) content: Content,
    /// Which input it is.
    pub(super) about: About,
}

/// What there is to read.
pub(super) enum Content {
    /// A plain file, all of it in the address space.
    Mapped(Arc<Mmap>),
    /// Anything else.
    Stream(Stream),
}

/// An input that is read piece by piece.
pub(super) struct Stream {
    /// Its bytes, decompressed.
    pub(super) reader: Box<dyn Read + Send>,
    /// How many bytes of it as stored have been read.
    pub(super) stored: Arc<AtomicU64>,
    /// What is there is to be worked on at once, because more may be long in coming.
    pub(super) live: bool,
}

/// The name of standard input among the inputs.
pub(crate) const STANDARD: &str = "<stdin>";

/// The longest sign of a compression, in bytes.
const SIGN: usize = 4;

/// Whether all inputs are plain files, which are mapped.
pub(crate) fn will_be_mapped(inputs: &[Input]) -> bool {
    let plain = |path: &Path| -> io::Result<bool> {
        if !can_be_read_twice(path) {
            return Ok(false);
        }
        let mut sign = Vec::with_capacity(SIGN);
        File::open(path)?.take(SIGN as u64).read_to_end(&mut sign)?;
        Ok(!sign.is_empty() && compression(&sign) == Compression::None)
    };
    inputs.iter().all(|input| match input {
        Input::Standard => false,
        Input::File(path) => plain(path).unwrap_or(true),
        Input::Unreadable(..) => true,
    })
}

/// Whether a path is content on a disk, which can be opened again, and not a pipe or a device.
pub(super) fn can_be_read_twice(path: &Path) -> bool {
    path.metadata().is_ok_and(|about| about.is_file())
}

/// Opens a file by its path.
pub(super) fn file(path: &Path, interrupt: &Interrupt) -> io::Result<Opened> {
    opened(File::open(path)?, &lasting(path), interrupt)
}

/// A path that means the same in whatever folder the next run is started.
pub(crate) fn lasting(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.to_string_lossy().into_owned()
}

/// Standard input, where it is a file that is read from its beginning.
#[cfg(unix)]
fn redirected() -> io::Result<Option<File>> {
    use std::os::fd::AsFd;
    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    Ok((file.metadata()?.is_file() && file.stream_position()? == 0).then_some(file))
}

/// Standard input, where it is a file that is read from its beginning.
#[cfg(not(unix))]
fn redirected() -> io::Result<Option<File>> {
    Ok(None)
}

/// Opens standard input; one that is redirected from a file is as good as the file.
pub(super) fn standard(interrupt: &Interrupt) -> io::Result<Opened> {
    match redirected()? {
        Some(file) => opened(file, STANDARD, interrupt),
        None => live(io::stdin(), STANDARD, interrupt),
    }
}

/// Opens what something writes to while it is read.
fn live(
    source: impl Read + Send + 'static,
    path: &str,
    interrupt: &Interrupt,
) -> io::Result<Opened> {
    let pauses = Pauses::default();
    let reader = Box::new(Live::new(source, interrupt, pauses.clone()));
    Ok(Opened {
        content: stream(reader, Some(pauses))?,
        about: About {
            path: path.to_owned(),
            id: None,
            live: true,
            length: 0,
            first: Fingerprint::of_first(&[]),
        },
    })
}

/// Opens what a file is: content on a disk, or a pipe or device that something writes to.
fn opened(file: File, path: &str, interrupt: &Interrupt) -> io::Result<Opened> {
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    if !about.is_file() {
        return live(file, path, interrupt);
    }
    // Files of the kernel say that they are empty although something can be read.
    let map = (about.len() > 0).then(|| map(&file)).flatten();
    let about = told(path, &about, map.as_ref());
    let content = match map {
        None => stream(Box::new(file), None)?,
        Some(map) => {
            refuse_utf16(&map)?;
            match compression(&map) {
                Compression::None => Content::Mapped(Arc::new(map)),
                _ => stream(Box::new(Cursor::new(map)), None)?,
            }
        }
    };
    Ok(Opened { content, about })
}

/// Which file it is that was opened.
fn told(path: &str, about: &Metadata, map: Option<&Mmap>) -> About {
    About {
        path: path.to_owned(),
        id: FileId::of(about),
        live: false,
        length: map.map_or(0, |map| map.len() as u64),
        first: Fingerprint::of_first(map.map_or(&[], |map| map)),
    }
}

/// A file as it is now, to be compared with one that was read.
pub(crate) struct Look {
    /// Which file it is.
    pub(crate) about: About,
    map: Option<Arc<Mmap>>,
}

impl Look {
    /// Looks at an input; none where it is no file that can be read twice.
    pub(crate) fn at(input: &Input) -> Option<Look> {
        let (file, path) = match input {
            Input::Standard => (redirected().ok()??, STANDARD.to_owned()),
            Input::File(path) if can_be_read_twice(path) => (File::open(path).ok()?, lasting(path)),
            Input::File(_) | Input::Unreadable(..) => return None,
        };
        let about = file.metadata().ok()?;
        let map = (about.len() > 0).then(|| map(&file)).flatten();
        Some(Look {
            about: told(&path, &about, map.as_ref()),
            map: map.map(Arc::new),
        })
    }

    /// Whether its content is still what was read, up to the mark.
    pub(crate) fn is_still(&self, read: &About, mark: Option<&Mark>) -> bool {
        let bytes = self.map.as_ref().map_or(&[][..], |map| map);
        let Some(mark) = mark else { return true };
        if !read.first.begins(bytes) {
            return false;
        }
        // What is compressed is compared when it is read.
        compression(bytes) != Compression::None || starts_behind(bytes, mark).is_some()
    }

    /// The file in the address space, if it is a plain one.
    pub(crate) fn plain(self) -> Option<Arc<Mmap>> {
        self.map.filter(|map| compression(map) == Compression::None)
    }
}

/// Where reading goes on behind a mark, if the bytes before it are those that were read.
pub(super) fn starts_behind(bytes: &[u8], mark: &Mark) -> Option<usize> {
    let offset = usize::try_from(mark.offset).ok()?;
    mark.before.ends(bytes.get(..offset)?).then_some(offset)
}

/// Passes over what lies before a mark in a stream; false where that is not what was read.
pub(super) fn pass_over(reader: &mut dyn Read, mark: &Mark) -> io::Result<bool> {
    let mut piece = vec![0; 64 << 10];
    let mut left = mark.offset;
    let mut passed = Passed::default();
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        let read = match reader.read(piece.get_mut(..wanted).unwrap_or_default()) {
            Ok(0) => return Ok(false),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        passed.over(piece.get(..read).unwrap_or_default());
        left = left.saturating_sub(read as u64);
    }
    Ok(passed.are_before(mark))
}

/// Maps a file, where its file system can.
#[allow(unsafe_code, reason = "mapping a file; see the comment")]
fn map(file: &File) -> Option<Mmap> {
    // SAFETY: the map is only read. If another process changes the file meanwhile, the bytes may
    // differ from one look to the next: every reader of them checks bounds and takes any bytes at all.
    // If another process cuts the file short, the system ends this one: log files are appended to or
    // replaced, and a file that is being rotated by truncation can be piped in instead.
    let map = unsafe { Mmap::map(file) }.ok()?;
    // Only a hint: reading ahead is all that it changes.
    let _ = map.advise(Advice::Sequential);
    Some(map)
}

/// Streams bytes, decompressing them if they are compressed. With `pauses` they are live.
fn stream(mut reader: Box<dyn Read + Send>, pauses: Option<Pauses>) -> io::Result<Content> {
    let stored = Arc::new(AtomicU64::new(0));
    let mut sign = Vec::with_capacity(SIGN);
    reader.by_ref().take(SIGN as u64).read_to_end(&mut sign)?;
    refuse_utf16(&sign)?;
    let compression = compression(&sign);
    let counted = Counted {
        reader: Cursor::new(sign).chain(reader),
        stored: Arc::clone(&stored),
    };
    if let Some(pauses) = &pauses
        && compression == Compression::None
    {
        pauses.tell();
    }
    let reader: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(counted),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(
            BufReader::with_capacity(64 << 10, counted),
        )),
        Compression::Zstd => Box::new(zstd::Decoder::new(counted)?),
    };
    Ok(Content::Stream(Stream {
        reader,
        stored,
        live: pauses.is_some(),
    }))
}

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Told by the first bytes: RFC 1952 section 2.3.1, RFC 8878 section 3.1.1.
fn compression(bytes: &[u8]) -> Compression {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        Compression::Gzip
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Compression::Zstd
    } else {
        Compression::None
    }
}

/// Says what is wrong where every record would be unparsable: some programs on Windows write UTF-16.
fn refuse_utf16(bytes: &[u8]) -> io::Result<()> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is UTF-16; records are read as UTF-8",
        ));
    }
    Ok(())
}

/// Counts what is read through it.
struct Counted<R> {
    reader: R,
    stored: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(into)?;
        self.stored.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

//! Opens one input: maps a plain file, streams everything else, and tells compression by the first
//! bytes, never by the name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{Advice, Mmap};

use super::live::Live;
use super::paths::Input;
use crate::interrupt::Interrupt;

/// An input that has been opened.
pub(super) enum Opened {
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
    opened(File::open(path)?, interrupt)
}

/// Opens standard input; one that is redirected from a file is as good as the file.
pub(super) fn standard(interrupt: &Interrupt) -> io::Result<Opened> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let mut file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        if file.metadata()?.is_file() && file.stream_position()? == 0 {
            return opened(file, interrupt);
        }
    }
    stream(Box::new(Live::new(io::stdin(), interrupt)), true)
}

/// Opens what a file is: content on a disk, or a pipe or device that something writes to.
fn opened(file: File, interrupt: &Interrupt) -> io::Result<Opened> {
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    if !about.is_file() {
        return stream(Box::new(Live::new(file, interrupt)), true);
    }
    // Files of the kernel say that they are empty although something can be read.
    if about.len() == 0 {
        return stream(Box::new(file), false);
    }
    let Some(map) = map(&file) else {
        return stream(Box::new(file), false);
    };
    refuse_utf16(&map)?;
    if compression(&map) == Compression::None {
        return Ok(Opened::Mapped(Arc::new(map)));
    }
    stream(Box::new(Cursor::new(map)), false)
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

/// Streams bytes, decompressing them if they are compressed.
fn stream(mut reader: Box<dyn Read + Send>, live: bool) -> io::Result<Opened> {
    let stored = Arc::new(AtomicU64::new(0));
    let mut sign = Vec::with_capacity(SIGN);
    reader.by_ref().take(SIGN as u64).read_to_end(&mut sign)?;
    refuse_utf16(&sign)?;
    let compression = compression(&sign);
    let counted = Counted {
        reader: Cursor::new(sign).chain(reader),
        stored: Arc::clone(&stored),
    };
    let reader: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(counted),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(
            BufReader::with_capacity(64 << 10, counted),
        )),
        Compression::Zstd => Box::new(zstd::Decoder::new(counted)?),
    };
    Ok(Opened::Stream(Stream {
        reader,
        stored,
        live,
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

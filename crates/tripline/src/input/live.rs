//! Pipes and terminals: read in a thread of their own, so that Ctrl-C is heeded, and what is done now and
//! then gets done, while nothing comes.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::interrupt::Interrupt;

/// How much is read at once; a pipe holds as much on Linux.
const CHUNK: usize = 64 << 10;

/// How many chunks may wait.
const WAITING: usize = 16;

/// How often it is looked whether the run has been interrupted, and a pause is told.
const LOOK: Duration = Duration::from_millis(50);

/// A reader that gives what has come so far, and ends when the run is interrupted.
pub(super) struct Live {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    interrupt: Interrupt,
    tells_pauses: Pauses,
}

/// Whether a reader ends a read with [`io::ErrorKind::WouldBlock`] where nothing comes for a while. Not
/// every reader of it can take that: a decompressor may be in the middle of something.
#[derive(Debug, Clone, Default)]
pub(super) struct Pauses(Arc<AtomicBool>);

impl Pauses {
    /// From now on pauses are told.
    pub(super) fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Live {
    /// Reads from this source, which may keep its reader waiting.
    pub(super) fn new(
        source: impl Read + Send + 'static,
        interrupt: &Interrupt,
        tells_pauses: Pauses,
    ) -> Live {
        let (sender, chunks) = sync_channel(WAITING);
        std::thread::spawn(move || read_all(source, &sender));
        Live {
            chunks,
            chunk: io::Cursor::default(),
            interrupt: interrupt.clone(),
            tells_pauses,
        }
    }

    /// The next chunk, waited for.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => return chunk.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.interrupt.is_set() => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.tells_pauses.0.load(Ordering::Relaxed) => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

impl Read for Live {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut read = self.chunk.read(into)?;
        while let Some(room) = into.get_mut(read..).filter(|room| !room.is_empty()) {
            // The first chunk is waited for, further ones are taken if they are there.
            let chunk = match read {
                0 => self.next()?,
                _ => self.chunks.try_recv().ok().transpose()?,
            };
            let Some(chunk) = chunk else { break };
            self.chunk = io::Cursor::new(chunk);
            read = read.saturating_add(self.chunk.read(room)?);
        }
        Ok(read)
    }
}

/// Reads a source to its end. Ends too when nobody takes the chunks any more.
fn read_all(mut source: impl Read, chunks: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = match source.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = chunks.send(Err(error));
                return;
            }
        };
        chunk.truncate(read);
        if chunks.send(Ok(chunk)).is_err() {
            return;
        }
    }
}

//! Lines at the end of a file, or on standard output. One request after the other.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tonic::Status;

use crate::settings::RelayError;

/// What is written to, and its name.
pub(crate) struct Appending {
    to: Arc<Mutex<To>>,
    name: String,
    /// How long writing may take.
    timeout: Duration,
}

enum To {
    /// A file, and how long it is with whole requests. Devices have no length.
    File(File, Option<u64>),
    Standard,
}

impl Appending {
    /// A file, which need not be there.
    pub(super) fn open(path: &Path, timeout: Duration) -> Result<Appending, RelayError> {
        let opened = || {
            let is_new = !path.exists();
            let mut file = File::options()
                .create(true)
                .append(true)
                .read(true)
                .open(path)?;
            let length = if file.metadata()?.is_file() {
                end_line(&mut file)?;
                if is_new {
                    // So that it is found after the power was lost.
                    tripline_state::sync_folder(path)?;
                }
                Some(file.seek(SeekFrom::End(0))?)
            } else {
                None
            };
            Ok(To::File(file, length))
        };
        let file = opened().map_err(|source| RelayError::File {
            doing: "cannot write",
            path: path.to_owned(),
            source,
        })?;
        Ok(Appending {
            to: Arc::new(Mutex::new(file)),
            name: path.display().to_string(),
            timeout,
        })
    }

    /// Standard output.
    pub(super) fn standard(timeout: Duration) -> Appending {
        Appending {
            to: Arc::new(Mutex::new(To::Standard)),
            name: "standard output".to_owned(),
            timeout,
        }
    }

    /// Appends lines; of a file they are on the disk then. What they are made of is let go of when they are
    /// written, though nobody should wait for that any more.
    pub(super) async fn send(
        &self,
        lines: Bytes,
        made_of: impl Send + 'static,
    ) -> Result<(), Status> {
        let to = Arc::clone(&self.to);
        let written = tokio::task::spawn_blocking(move || {
            let _made_of = made_of;
            let mut to = to.lock().unwrap_or_else(PoisonError::into_inner);
            append(&mut to, &lines)
        });
        let name = &self.name;
        match tokio::time::timeout(self.timeout, written).await {
            Ok(written) => {
                let written = written.map_err(io::Error::other).flatten();
                written
                    .map_err(|error| Status::unavailable(format!("cannot write {name}: {error}")))
            }
            Err(_) => Err(Status::unavailable(format!(
                "{name} could not be written within {} s",
                self.timeout.as_secs_f64()
            ))),
        }
    }
}

/// Ends a line that was being written when a process was killed: its record was not acknowledged, and comes
/// again.
fn end_line(file: &mut File) -> io::Result<()> {
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == [b'\n'] {
        Ok(())
    } else {
        file.write_all(b"\n")
    }
}

fn append(to: &mut To, lines: &[u8]) -> io::Result<()> {
    match to {
        To::Standard => {
            let mut out = io::stdout().lock();
            out.write_all(lines)?;
            out.flush()
        }
        To::File(file, None) => file.write_all(lines),
        To::File(file, Some(length)) => {
            let written = file.write_all(lines).and_then(|()| file.sync_data());
            match written {
                Ok(()) => *length += lines.len() as u64,
                // What is there of a request that comes again is cut off; where that fails too, its
                // lines stand twice, which is better than not at all.
                Err(_) => drop(file.set_len(*length)),
            }
            written
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_line_that_was_cut_off_is_ended_before_others_follow() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        for before in ["", "whole\n", "cut o"] {
            std::fs::write(&path, before).unwrap();
            let file = Appending::open(&path, TIMEOUT).unwrap();
            file.send(Bytes::from_static(b"next\n"), ()).await.unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().last(), Some("next"));
            assert_eq!(text.lines().next(), before.lines().next().or(Some("next")));
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_cannot_be_written_is_told_with_the_name_of_the_file() {
        let full = Appending::open(Path::new("/dev/full"), TIMEOUT).unwrap();
        let status = full.send(Bytes::from_static(b"x\n"), ()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
        let said = status.message();
        assert!(
            said.starts_with("cannot write /dev/full: No space left"),
            "{said}"
        );
    }
}

//! Files that others read while they are written: replaced at once, never seen half.

use std::fs;
use std::io;
use std::path::Path;

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

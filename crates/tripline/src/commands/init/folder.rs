//! What all folders have in common: they are written where nothing is, with rules that were looked at first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tripline_engine::lang::source::bundle;

use super::pack::ENTRA;
use crate::exit::Failure;
use crate::rules;

/// Refuses a folder that has something in it.
pub(super) fn must_be_free(folder: &Path) -> Result<(), Failure> {
    let taken = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken || folder.is_file() {
        return Err(Failure::Usage(format!(
            "{} is there and not empty; name a folder that is not there",
            folder.display()
        )));
    }
    Ok(())
}

/// Rule files and their lists, by path: those under `own`, or the shipped pack. None where they are in
/// error, which is shown: a folder with rules in error is of no use.
pub(super) fn rule_texts(own: Option<&PathBuf>) -> Option<Vec<(String, String)>> {
    let Some(own) = own else {
        let pack = ENTRA.iter();
        return Some(
            pack.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        );
    };
    let loaded = rules::load(std::slice::from_ref(own), rules::today());
    if loaded.checked.is_none() {
        loaded.report();
        return None;
    }
    // The rule files and the lists that they name, and nothing else of where they lie.
    let texts = bundle::texts(&loaded.sources).into_iter();
    Some(texts.map(|(path, text)| (path, text.to_owned())).collect())
}

/// Writes a file, and the folders that it lies in.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| failed("cannot make", folder, source))?;
    }
    fs::write(path, bytes).map_err(|source| failed("cannot write", path, source))
}

/// Makes folders that are there from the beginning, because nothing makes them.
pub(super) fn make(folder: &Path, below: &[&str]) -> Result<(), Failure> {
    for empty in below {
        let empty = folder.join(empty);
        fs::create_dir_all(&empty).map_err(|source| failed("cannot make", &empty, source))?;
    }
    Ok(())
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> Failure {
    Failure::File {
        doing,
        path: path.display().to_string(),
        source,
    }
}

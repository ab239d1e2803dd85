//! The list file that a rule may have meant where the one it names is not there: the nearest name
//! in the same folder. Called by the checker for the help of an error, so nothing here fails.

use std::fs;
use std::path::{Path, PathBuf};

use super::disk::{below_root, real_path};
use super::{FileId, RULE_ENDING, Root, SourceSet};

/// The most names of a folder that are looked at.
const MOST_NAMES: usize = 10_000;

impl SourceSet {
    /// The paths, relative to the rule file `from`, of the files whose names are nearest to that
    /// of `relative`, in its folder. Empty where none is near or the folder lies outside the root.
    pub fn list_files_near(&self, from: FileId, relative: &str) -> Vec<String> {
        let named = Path::new(relative);
        let wanted = named.file_name().and_then(|name| name.to_str());
        let (Some(wanted), Some(names)) = (wanted, self.names_beside(from, named)) else {
            return Vec::new();
        };
        let near = crate::nearest::nearest(wanted, names.iter().map(String::as_str));
        let folder = relative.strip_suffix(wanted).unwrap_or_default();
        near.into_iter()
            .map(|name| format!("{folder}{name}"))
            .collect()
    }

    /// The files, none of them a rule file, of the folder that a list file is named in.
    fn names_beside(&self, from: FileId, named: &Path) -> Option<Vec<String>> {
        let namer = self.get(from)?;
        let folder = namer.location.parent().unwrap_or(Path::new(""));
        let paths: Vec<PathBuf> = match &namer.root {
            Root::Memory => {
                let location = below_root(folder, named)?;
                let beside = location.parent()?;
                self.by_location
                    .keys()
                    .filter(|path| path.parent() == Some(beside))
                    .cloned()
                    .collect()
            }
            Root::Disk(root) => {
                let inner = below_root(folder.strip_prefix(root).ok()?, named)?;
                let beside = real_path(&root.join(inner.parent()?)).ok()?;
                if !beside.starts_with(root) {
                    return None;
                }
                fs::read_dir(beside)
                    .ok()?
                    .take(MOST_NAMES)
                    .filter_map(|entry| Some(entry.ok()?.path()))
                    .filter(|path| path.is_file())
                    .collect()
            }
        };
        let mut names: Vec<String> = paths
            .iter()
            .filter(|path| path.extension().is_none_or(|ending| ending != RULE_ENDING))
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        // A folder has no order of its own; what is said does not hang on it.
        names.sort_unstable();
        Some(names)
    }
}

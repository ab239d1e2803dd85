//! Notices that the files of a rule set were edited, so that a face can reload them. Files are told
//! apart by size and time of modification; nothing is read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::SourceSet;
use super::disk::{collect, real_path};

/// Watches the files of one rule set. The face decides when to look.
#[derive(Debug)]
pub struct Watch {
    given: Vec<PathBuf>,
    /// The list files that the set asked for.
    lists: Vec<PathBuf>,
    /// The files as they were when the set was read.
    read: Stamps,
    /// The files as they were at the last look, if they were different.
    seen: Option<Stamps>,
}

/// A file's size and time of modification; one that is not there has neither.
pub(super) type Stamp = Option<(u64, Option<SystemTime>)>;

/// Each file with its stamp.
type Stamps = BTreeMap<PathBuf, Stamp>;

impl Watch {
    /// Watches what [`SourceSet::read`] read from the paths `given`. To be made before the files are
    /// read and told of their lists afterwards ([`Watch::reads`]), so that no edit goes unnoticed.
    pub fn new(given: &[impl AsRef<Path>]) -> Watch {
        let given: Vec<PathBuf> = given.iter().map(|path| path.as_ref().into()).collect();
        let mut watch = Watch {
            given,
            lists: Vec::new(),
            read: Stamps::new(),
            seen: None,
        };
        watch.read = watch.stamps();
        watch
    }

    /// Watches the lists too that the set asked for, also those that are not there, as they were when
    /// they were asked for.
    pub fn reads(&mut self, set: &SourceSet) {
        self.lists = set.sought.keys().cloned().collect();
        self.read.extend(set.sought.clone());
    }

    /// Whether the files differ from what was read, and did so in the same way at the last look: who
    /// saves a file may write it in several steps, and a half-written list must not count.
    pub fn changed(&mut self) -> bool {
        let now = self.stamps();
        if now == self.read {
            self.seen = None;
            return false;
        }
        if self.seen.as_ref() == Some(&now) {
            return true;
        }
        self.seen = Some(now);
        false
    }

    fn stamps(&self) -> Stamps {
        let mut found = BTreeMap::new();
        for given in &self.given {
            collect(given, &mut found, &mut Vec::new());
        }
        let rules = found.into_keys();
        // A path given that is not there any more must not look like an empty set.
        let given = self
            .given
            .iter()
            .filter(|path| real_path(path).is_err())
            .cloned();
        rules
            .chain(given)
            .chain(self.lists.iter().cloned())
            .map(|path| {
                let stamp = stamp(&path);
                (path, stamp)
            })
            .collect()
    }
}

pub(super) fn stamp(path: &Path) -> Stamp {
    let meta = fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(folder: &Path) -> (SourceSet, Watch) {
        let mut watch = Watch::new(&[folder]);
        let (mut set, problems) = SourceSet::read(&[folder]);
        assert!(problems.is_empty());
        let rule = set.rule_files().next().map(|(id, _)| id);
        if let Some(id) = rule {
            set.list_file(id, "list.txt").unwrap();
        }
        watch.reads(&set);
        (set, watch)
    }

    /// The same, whether or not the list is there.
    fn again(folder: &Path) -> Watch {
        let mut watch = Watch::new(&[folder]);
        let (mut set, _) = SourceSet::read(&[folder]);
        let rule = set.rule_files().next().map(|(id, _)| id).unwrap();
        let _ = set.list_file(rule, "list.txt");
        watch.reads(&set);
        watch
    }

    #[test]
    fn an_edit_counts_when_it_looked_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.trip", "let x = 1");
        write("list.txt", "one\n");
        let (_, mut watch) = watched(folder.path());
        assert!(!watch.changed());
        write("list.txt", "one\ntwo\n");
        assert!(!watch.changed(), "seen for the first time");
        write("list.txt", "one\ntwo\nthree\n");
        assert!(!watch.changed(), "still being written");
        assert!(watch.changed());
        let (_, mut watch) = watched(folder.path());
        assert!(!watch.changed());
    }

    #[test]
    fn an_edit_while_the_set_is_read_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.trip", "let x = 1");
        write("list.txt", "one\n");
        let mut watch = Watch::new(&[folder.path()]);
        let (mut set, _) = SourceSet::read(&[folder.path()]);
        let rule = set.rule_files().next().map(|(id, _)| id).unwrap();
        set.list_file(rule, "list.txt").unwrap();
        write("list.txt", "one\ntwo\n");
        watch.reads(&set);
        watch.changed();
        assert!(watch.changed());
    }

    #[test]
    fn new_removed_and_renamed_rule_files_are_edits() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.trip"), "let x = 1").unwrap();
        fs::write(path("list.txt"), "one\n").unwrap();
        fs::write(path("other.txt"), "not read by any rule").unwrap();
        let edits: [&dyn Fn(); 4] = [
            &|| fs::write(path("b.trip"), "let y = 1").unwrap(),
            &|| fs::rename(path("b.trip"), path("c.trip")).unwrap(),
            &|| fs::remove_file(path("c.trip")).unwrap(),
            &|| fs::remove_file(path("list.txt")).unwrap(),
        ];
        for (at, edit) in edits.iter().enumerate() {
            let mut watch = again(folder.path());
            edit();
            watch.changed();
            assert!(watch.changed(), "edit {at}");
        }
        let mut watch = again(folder.path());
        fs::write(path("other.txt"), "what nothing reads is no edit").unwrap();
        assert!(!watch.changed() && !watch.changed());
    }

    #[test]
    fn a_list_that_was_not_there_and_comes_is_an_edit() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.trip"), "let x = 1").unwrap();
        let mut watch = Watch::new(&[folder.path()]);
        let (mut set, _) = SourceSet::read(&[folder.path()]);
        let rule = set.rule_files().next().map(|(id, _)| id).unwrap();
        assert!(set.list_file(rule, "list.txt").is_err());
        watch.reads(&set);
        assert!(!watch.changed() && !watch.changed());
        fs::write(folder.path().join("list.txt"), "one\n").unwrap();
        watch.changed();
        assert!(watch.changed());
    }

    #[test]
    fn a_folder_that_went_away_is_an_edit() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("rules");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.trip"), "let x = 1").unwrap();
        fs::write(folder.join("list.txt"), "").unwrap();
        let (_, mut watch) = watched(&folder);
        fs::remove_dir_all(&folder).unwrap();
        watch.changed();
        assert!(watch.changed());
    }
}

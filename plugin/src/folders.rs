//! Where the module finds its settings, its rules and the folder for its state: in the folders that
//! the shipper made accessible, in their order. No arguments and no environment reach a module.

use std::path::{Path, PathBuf};

use crate::settings::{FILE, Settings};

/// Where rules come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files and folders.
    Files(Vec<PathBuf>),
    /// Texts by path that the module carries within it.
    Embedded(Vec<(String, String)>),
    /// None were found; where they were looked for.
    Nowhere(Vec<PathBuf>),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The settings, with paths from where the module is.
    pub settings: Settings,
    /// Why a settings file does not count.
    pub problem: Option<String>,
    /// The rules.
    pub origin: Origin,
    /// The folder for the state, if there is one.
    pub state: Option<PathBuf>,
}

impl Deployment {
    /// Looks through the accessible folders. `embedded` are the texts that the module carries; its
    /// rules then are those, and settings among them count where no folder has a settings file.
    pub fn find(accessible: &[PathBuf], embedded: Option<Vec<(String, String)>>) -> Deployment {
        let carried = embedded.iter().flatten().find(|(path, _)| path == FILE);
        let file = accessible
            .iter()
            .map(|folder| (folder.as_path(), folder.join(FILE)))
            .find(|(_, file)| file.is_file());
        let (read, named) = match (&file, carried) {
            (Some((folder, file)), _) => {
                let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
                let read = text.and_then(|text| Settings::read(&text));
                (
                    read.map(|settings| settings.rooted(folder)),
                    file.display().to_string(),
                )
            }
            // Carried settings speak of the first accessible folder; their rules are carried too.
            (None, Some((_, text))) => {
                let folder = accessible.first().map_or(Path::new(""), PathBuf::as_path);
                let read = Settings::read(text).map(|settings| settings.rooted(folder));
                (read, format!("{FILE} in the module"))
            }
            (None, None) => (Ok(Settings::default()), String::new()),
        };
        let (settings, problem) = match read {
            Ok(settings) => (settings, None),
            Err(error) => {
                let text = format!("{named} is in error, so the defaults hold:\n{error}");
                (Settings::default(), Some(text))
            }
        };
        let origin = match embedded {
            Some(texts) => Origin::Embedded(texts),
            None if !settings.rules.is_empty() => Origin::Files(settings.rules.clone()),
            None => match accessible.iter().find_map(|folder| rules_in(folder)) {
                Some(rules) => Origin::Files(vec![rules]),
                None => Origin::Nowhere(accessible.to_vec()),
            },
        };
        let state = settings.state.folder.clone().or_else(|| {
            let folders = accessible.iter().map(|folder| folder.join("state"));
            folders.into_iter().find(|folder| folder.is_dir())
        });
        Deployment {
            settings,
            problem,
            origin,
            state,
        }
    }
}

/// The rules of an accessible folder: its folder `rules`, or itself if a rule file lies in it. A
/// folder without either is not searched deeper: it may be the root of a machine.
fn rules_in(folder: &Path) -> Option<PathBuf> {
    let rules = folder.join("rules");
    if rules.is_dir() {
        return Some(rules);
    }
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    let is_rule = |path: &Path| path.extension().is_some_and(|ending| ending == "trip");
    entries
        .any(|entry| is_rule(&entry.path()))
        .then(|| folder.to_owned())
}

/// The folders that the shipper made accessible, in its order.
#[cfg(target_os = "wasi")]
pub fn accessible() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    // 0, 1 and 2 are the standard streams; the first descriptor that is no such folder ends them.
    for descriptor in 3.. {
        match crate::exports::preopened(descriptor) {
            Some(folder) => folders.push(folder),
            None => break,
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn find(folder: &tempfile::TempDir) -> Deployment {
        Deployment::find(&[folder.path().to_path_buf()], None)
    }

    #[test]
    fn a_folder_rules_is_found_before_rule_files_beside_it() {
        let folder = folder(&[("a.trip", ""), ("rules/b.trip", ""), ("state/x", "")]);
        let found = find(&folder);
        assert_eq!(
            found.origin,
            Origin::Files(vec![folder.path().join("rules")])
        );
        assert_eq!(found.state, Some(folder.path().join("state")));
    }

    #[test]
    fn rule_files_of_the_folder_itself_are_found_and_deeper_ones_are_not() {
        let own = folder(&[("a.trip", "")]);
        let deep = folder(&[("x/y/a.trip", "")]);
        assert_eq!(
            find(&own).origin,
            Origin::Files(vec![own.path().to_path_buf()])
        );
        assert_eq!(
            find(&deep).origin,
            Origin::Nowhere(vec![deep.path().to_path_buf()])
        );
        assert_eq!(find(&deep).state, None);
    }

    #[test]
    fn settings_name_paths_relative_to_their_own_folder() {
        let folder = folder(&[
            (
                "tripline.toml",
                "rules = [\"mine\"]\n[state]\nfolder = \"var\"",
            ),
            ("rules/a.trip", ""),
        ]);
        let found = find(&folder);
        assert_eq!(
            found.origin,
            Origin::Files(vec![folder.path().join("mine")])
        );
        assert_eq!(found.state, Some(folder.path().join("var")));
        assert_eq!(found.problem, None);
    }

    #[test]
    fn settings_in_error_leave_the_defaults_and_are_told() {
        let folder = folder(&[("tripline.toml", "reload = 3"), ("rules/a.trip", "")]);
        let found = find(&folder);
        assert_eq!(found.settings, Settings::default());
        let problem = found.problem.unwrap();
        assert!(problem.contains("tripline.toml") && problem.contains("line 1"));
    }

    #[test]
    fn what_the_module_carries_is_its_rules() {
        let folder = folder(&[("rules/a.trip", "")]);
        let texts = vec![
            ("r.trip".to_owned(), String::new()),
            (FILE.to_owned(), "lateness = \"1h\"".to_owned()),
        ];
        let found = Deployment::find(&[folder.path().to_path_buf()], Some(texts.clone()));
        assert_eq!(found.origin, Origin::Embedded(texts));
        assert_eq!(found.settings.lateness.as_secs(), 3600);
    }
}

//! What a rule set reads from disk and memory, and what it refuses.

use std::fs;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn names(set: &SourceSet, below: &Path) -> Vec<String> {
    set.rule_files()
        .map(|(_, file)| show(Path::new(&file.path).strip_prefix(below).unwrap()))
        .collect()
}

#[test]
fn a_folder_gives_its_trip_files_in_path_order_each_once() {
    let folder = folder(&[
        ("b.trip", "b"),
        ("a/z.trip", "z"),
        ("a/notes.txt", ""),
        ("c/d/e.trip", "e"),
    ]);
    let root = folder.path().to_path_buf();
    let (set, problems) = SourceSet::read(&[root.clone(), root.join("b.trip")]);
    assert_eq!(problems, []);
    assert_eq!(names(&set, &root), ["a/z.trip", "b.trip", "c/d/e.trip"]);
}

#[test]
fn what_cannot_be_read_is_a_diagnostic_and_the_rest_is_read() {
    let folder = folder(&[("good.trip", "x"), ("empty/readme", "")]);
    fs::write(folder.path().join("bad.trip"), b"ab\xff").unwrap();
    let (set, problems) = SourceSet::read(&[
        folder.path().to_path_buf(),
        folder.path().join("nowhere"),
        folder.path().join("empty"),
    ]);
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["E0001", "E0003", "E0002"]);
    assert!(problems[2].message.contains("offset 2"), "{problems:?}");
    assert_eq!(names(&set, folder.path()), ["good.trip"]);
}

#[test]
fn a_rule_file_over_the_limit_is_refused() {
    let folder = folder(&[]);
    fs::write(
        folder.path().join("big.trip"),
        vec![b' '; MAX_RULE_FILE as usize + 1],
    )
    .unwrap();
    let (set, problems) = SourceSet::read(&[folder.path()]);
    assert_eq!(set.rule_files().count(), 0);
    assert_eq!(problems[0].code, "E0001");
}

#[cfg(unix)]
#[test]
fn links_may_not_lead_out_of_the_root_or_around_in_circles() {
    let outside = folder(&[("secret.trip", "s"), ("secret.txt", "s")]);
    let inside = folder(&[("rules/a.trip", "a"), ("rules/real.txt", "r")]);
    let rules = inside.path().join("rules");
    std::os::unix::fs::symlink(outside.path(), rules.join("out")).unwrap();
    std::os::unix::fs::symlink(&rules, rules.join("round")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.txt"), rules.join("list.txt")).unwrap();
    let (mut set, problems) = SourceSet::read(std::slice::from_ref(&rules));
    assert_eq!(names(&set, &rules), ["a.trip"]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("leads out of"));
    let (from, _) = set.rule_files().next().unwrap();
    assert!(matches!(
        set.list_file(from, "list.txt"),
        Err(ListFileError::OutsideRoot(_))
    ));
    assert!(set.list_file(from, "real.txt").is_ok());
}

#[test]
fn a_list_file_is_found_beside_its_namer_and_read_once() {
    let folder = folder(&[
        ("entra/a.trip", ""),
        ("entra/lists/users.txt", "u\nv\n"),
        ("shared.txt", "s"),
    ]);
    let (mut set, _) = SourceSet::read(&[folder.path()]);
    let (from, _) = set.rule_files().next().unwrap();
    let id = set.list_file(from, "lists/users.txt").unwrap();
    assert_eq!(set.get(id).unwrap().text, "u\nv\n");
    assert_eq!(
        set.list_file(from, "./lists/../lists/users.txt").unwrap(),
        id
    );
    assert_eq!(
        set.list_file(from, "../shared.txt")
            .map(|id| set.get(id).unwrap().text.clone())
            .unwrap(),
        "s"
    );
    assert!(matches!(
        set.list_file(from, "../../etc/passwd"),
        Err(ListFileError::OutsideRoot(_))
    ));
    assert!(matches!(
        set.list_file(from, "/etc/passwd"),
        Err(ListFileError::Absolute(_))
    ));
    assert!(matches!(
        set.list_file(from, "lists/none.txt"),
        Err(ListFileError::NotFound(_))
    ));
}

#[test]
fn a_file_given_alone_has_its_own_folder_as_root() {
    let folder = folder(&[
        ("rules/a.trip", ""),
        ("rules/l.txt", "l"),
        ("other.txt", "o"),
    ]);
    let (mut set, _) = SourceSet::read(&[folder.path().join("rules/a.trip")]);
    let (from, _) = set.rule_files().next().unwrap();
    assert!(set.list_file(from, "l.txt").is_ok());
    assert!(matches!(
        set.list_file(from, "../other.txt"),
        Err(ListFileError::OutsideRoot(_))
    ));
}

#[test]
fn texts_in_memory_resolve_lists_like_files() {
    let mut set = SourceSet::from_texts([
        ("rules/a.trip", ""),
        ("rules/lists/l.txt", "one"),
        ("top.txt", "two"),
    ]);
    let (from, _) = set.rule_files().next().unwrap();
    let id = set.list_file(from, "lists/l.txt").unwrap();
    assert_eq!(set.get(id).unwrap().text, "one");
    assert!(set.list_file(from, "../top.txt").is_ok());
    assert!(matches!(
        set.list_file(from, "../../top.txt"),
        Err(ListFileError::OutsideRoot(_))
    ));
    assert!(matches!(
        set.list_file(from, "/top.txt"),
        Err(ListFileError::Absolute(_))
    ));
    assert!(matches!(
        set.list_file(from, "lists/m.txt"),
        Err(ListFileError::NotFound(_))
    ));
}

#[test]
fn lines_and_columns_count_from_one_and_in_characters() {
    let set = SourceSet::from_texts([("a.trip", "\u{feff}ab\nä🦀c\n")]);
    let (_, file) = set.rule_files().next().unwrap();
    assert_eq!(file.line_column(0), (1, 1));
    assert_eq!(file.line_column(3), (2, 1));
    assert_eq!(file.line_column(9), (2, 3));
    assert_eq!(file.line_column(99), (3, 1));
    assert_eq!(file.line_range(1), Some(3..11));
    assert_eq!(file.line_range(3), None);
}

#[test]
fn what_is_near_a_list_file_that_is_not_there_is_found_on_disk() {
    let folder = folder(&[
        ("rules/a.trip", ""),
        ("rules/admns.trip", ""),
        ("lists/admins.txt", ""),
    ]);
    let (set, problems) = SourceSet::read(&[folder.path()]);
    assert_eq!(problems, []);
    let (rule, _) = set.rule_files().next().unwrap();
    assert_eq!(
        set.list_files_near(rule, "../lists/admns.txt"),
        ["../lists/admins.txt"]
    );
    for far in [
        "../lists/zebra.txt",
        "../../passwd",
        "admns",
        "",
        "no/x.txt",
    ] {
        assert!(set.list_files_near(rule, far).is_empty(), "{far}");
    }
}

#[cfg(unix)]
#[test]
fn a_list_file_that_is_a_pipe_is_refused_without_waiting_for_it() {
    let folder = folder(&[("a.trip", ""), ("folder/x", "")]);
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let (mut set, _) = SourceSet::read(&[folder.path()]);
    let (rule, _) = set.rule_files().next().unwrap();
    for named in ["pipe", "folder"] {
        let refused = set.list_file(rule, named);
        assert!(
            matches!(refused, Err(ListFileError::NotRegular(_))),
            "{named}: {refused:?}"
        );
    }
}

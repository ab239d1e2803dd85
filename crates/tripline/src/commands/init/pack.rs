//! The shipped rule pack as part of the command, so that a folder can be written on a machine that has
//! nothing else of tripline.

/// Every file of `rules/entra` by its path in there, but for the tests: where the rules run, nobody reads
/// those.
pub(super) const ENTRA: [(&str, &str); 10] = [
    (
        "aitm-token-replay.trip",
        include_str!("../../../../../rules/entra/aitm-token-replay.trip"),
    ),
    (
        "aitm-token-replay-strict.trip",
        include_str!("../../../../../rules/entra/aitm-token-replay-strict.trip"),
    ),
    (
        "exclusions.trip",
        include_str!("../../../../../rules/entra/exclusions.trip"),
    ),
    (
        "schema.trip",
        include_str!("../../../../../rules/entra/schema.trip"),
    ),
    (
        "lists/admin-networks.txt",
        include_str!("../../../../../rules/entra/lists/admin-networks.txt"),
    ),
    (
        "lists/admin-workstations.txt",
        include_str!("../../../../../rules/entra/lists/admin-workstations.txt"),
    ),
    (
        "lists/approved-sessions.txt",
        include_str!("../../../../../rules/entra/lists/approved-sessions.txt"),
    ),
    (
        "lists/automation-apps.txt",
        include_str!("../../../../../rules/entra/lists/automation-apps.txt"),
    ),
    (
        "lists/cicd-apps.txt",
        include_str!("../../../../../rules/entra/lists/cicd-apps.txt"),
    ),
    (
        "lists/service-accounts.txt",
        include_str!("../../../../../rules/entra/lists/service-accounts.txt"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn files(folder: &Path, below: &Path, out: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, below, out);
            } else {
                let path = path.strip_prefix(below).unwrap();
                if path.starts_with("tests") {
                    continue;
                }
                out.insert(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_of_the_shipped_pack_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/entra");
        let mut found = BTreeSet::new();
        files(&folder, &folder, &mut found);
        let carried: BTreeSet<String> = ENTRA.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(found, carried);
    }
}

//! The rules about replayed tokens as part of the command, so that a folder can be written on a machine that has
//! nothing else of tripline.

/// Every file of `rules/entra` by its path in there, but for the tests, which nobody reads where the rules
/// run, and the analytics in folders of their own.
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
                // Tests are not read where rules run, and the analytics are for who asks for them.
                if ["tests", "sign-ins", "audit"]
                    .iter()
                    .any(|of| path.starts_with(of))
                {
                    continue;
                }
                out.insert(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }

    #[test]
    fn every_file_of_the_rules_about_replayed_tokens_is_carried() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/entra");
        let mut found = BTreeSet::new();
        files(&folder, &folder, &mut found);
        let carried: BTreeSet<String> = ENTRA.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(found, carried);
    }
}

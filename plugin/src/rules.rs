//! Loads the rule set, and again when its files were edited. A set in error is told with its
//! diagnostics and changes nothing.

use chrono::NaiveDate;
use tripline_engine::lang::check;
use tripline_engine::lang::diagnostic::{Severity, render};
use tripline_engine::lang::source::{SourceSet, Watch};
use tripline_engine::{EventFields, RuleSet};

use crate::folders::Origin;
use crate::settings::FILE;

/// Loads a rule set from where it is.
pub struct Rules {
    origin: Origin,
    event_fields: EventFields,
    watch: Option<Watch>,
}

/// A set that was loaded, and what there is to say of it.
pub struct Loaded {
    /// The set.
    pub set: RuleSet,
    /// What it is made of.
    pub summary: String,
    /// Its warnings, as they are shown; empty if there are none.
    pub warnings: String,
}

impl Rules {
    /// Rules of this origin.
    pub fn new(origin: Origin, event_fields: EventFields) -> Rules {
        Rules {
            origin,
            event_fields,
            watch: None,
        }
    }

    /// Loads them. `today` (UTC) decides which exclusions are said to be expired.
    ///
    /// # Errors
    /// What is to be said: where rules were looked for, or the diagnostics.
    pub fn load(&mut self, today: NaiveDate) -> Result<Loaded, String> {
        let (mut sources, mut diagnostics) = match &self.origin {
            Origin::Files(paths) => {
                self.watch = Some(Watch::new(paths));
                SourceSet::read(paths)
            }
            Origin::Embedded(texts) => {
                let rules = texts.iter().filter(|(path, _)| path != FILE);
                (SourceSet::from_texts(rules.cloned()), Vec::new())
            }
            Origin::Nowhere(looked) => return Err(nowhere(looked)),
        };
        let checking = check(&mut sources, today);
        diagnostics.extend(checking.diagnostics);
        if let Some(watch) = &mut self.watch {
            watch.reads(&sources);
        }
        let shown = || render::rich(&diagnostics, &sources, false);
        let in_error = |severity| severity >= Severity::Error;
        if diagnostics.iter().any(|one| in_error(one.severity())) {
            return Err(shown());
        }
        let Some(checked) = checking.checked else {
            return Err(shown());
        };
        let exclusions: usize = checked.rules.iter().map(|rule| rule.exclusions.len()).sum();
        let files = sources.rule_files().count();
        let from = match &self.origin {
            Origin::Files(paths) => {
                let paths: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
                paths.join(", ")
            }
            _ => "the module itself".to_owned(),
        };
        Ok(Loaded {
            summary: format!(
                "{}, {}, {} from {from} ({})",
                number(checked.rules.len(), "rule"),
                number(exclusions, "exclusion"),
                number(checked.filters.len(), "filter"),
                number(files, "file"),
            ),
            warnings: shown(),
            set: RuleSet::compile(&checked, self.event_fields),
        })
    }

    /// Whether the files were edited since they were loaded.
    pub fn changed(&mut self) -> bool {
        self.watch.as_mut().is_some_and(Watch::changed)
    }
}

fn nowhere(looked: &[std::path::PathBuf]) -> String {
    let looked: Vec<String> = looked
        .iter()
        .map(|folder| format!("`{}`", folder.display()))
        .collect();
    if looked.is_empty() {
        return "there are no rules, because no folder is accessible: name one with `accessible_paths`, and restart"
            .to_owned();
    }
    format!(
        "there are no rules: neither a folder `rules` nor a `.trip` file is in {}; name the folder that \
         has them with `accessible_paths`, or the rules in {FILE}, and restart",
        looked.join(" or ")
    )
}

/// A number of things.
fn number(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
    }

    #[test]
    fn no_rules_are_told_with_the_remedy() {
        let mut rules = Rules::new(Origin::Nowhere(vec!["/etc/x".into()]), EventFields::Used);
        let error = rules.load(day()).err().unwrap();
        assert!(error.contains("`/etc/x`") && error.contains("accessible_paths"));
    }

    #[test]
    fn a_set_in_error_is_told_with_its_diagnostics() {
        let texts = vec![("a.trip".to_owned(), "rule x {".to_owned())];
        let mut rules = Rules::new(Origin::Embedded(texts), EventFields::Used);
        let error = rules.load(day()).err().unwrap();
        assert!(
            error.contains("error[E") && error.contains("a.trip"),
            "{error}"
        );
    }
}

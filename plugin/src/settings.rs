//! `tripline.toml`: how the module behaves, where the defaults do not fit. Read once, when the module
//! is instantiated; a file in error is told with its line, and the defaults hold.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use tripline_engine::{Emission, EventFields, units};
use tripline_output::annotation::MEMBER;

/// The name of the file.
pub const FILE: &str = "tripline.toml";

/// How the module behaves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Rule files and folders, relative to the file's own folder. None: they are looked for.
    pub rules: Vec<PathBuf>,
    /// How much later than the newest event an event may arrive and still be correlated.
    #[serde(deserialize_with = "duration")]
    pub lateness: Duration,
    /// When detections are given.
    #[serde(deserialize_with = "emission")]
    pub emission: Emission,
    /// Which fields of events a detection shows.
    #[serde(deserialize_with = "event_fields")]
    pub event_fields: EventFields,
    /// The most bytes of retained state.
    #[serde(deserialize_with = "bytes")]
    pub max_state: usize,
    /// Name of the member that an annotated record gains.
    #[serde(deserialize_with = "name")]
    pub annotation: String,
    /// How soon an edit of a rule or list takes effect; zero: never.
    #[serde(deserialize_with = "duration")]
    pub reload: Duration,
    /// What survives a restart.
    pub state: StateSettings,
}

/// Where the state is kept, and how often it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StateSettings {
    /// The folder, relative to the file's own folder. None: a folder `state` is looked for.
    pub folder: Option<PathBuf>,
    /// The first part of the names of its files: two filters that share a folder and a mode need two.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// How often it is written.
    #[serde(deserialize_with = "duration")]
    pub every: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rules: Vec::new(),
            lateness: Duration::from_secs(30 * 60),
            emission: Emission::Early,
            event_fields: EventFields::Used,
            max_state: 64 << 20,
            annotation: MEMBER.to_owned(),
            reload: Duration::from_secs(10),
            state: StateSettings::default(),
        }
    }
}

impl Default for StateSettings {
    fn default() -> StateSettings {
        StateSettings {
            folder: None,
            name: "tripline".to_owned(),
            every: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Reads the text of a settings file.
    ///
    /// # Errors
    /// What is wrong, with the line: what TOML does not know, a setting that there is not, a value
    /// that does not fit.
    pub fn read(text: &str) -> Result<Settings, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
        if settings.state.every < Duration::from_secs(1) {
            return Err("state.every is less than a second: 30s is usual".to_owned());
        }
        Ok(settings)
    }

    /// The same with its paths relative to `folder` made paths from where the module is.
    #[must_use]
    pub fn rooted(mut self, folder: &Path) -> Settings {
        for path in &mut self.rules {
            *path = folder.join(&*path);
        }
        self.state.folder = self.state.folder.map(|path| folder.join(path));
        self
    }
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    units::duration(&String::deserialize(from)?).map_err(de::Error::custom)
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    units::bytes(&String::deserialize(from)?).map_err(de::Error::custom)
}

fn emission<'de, D: Deserializer<'de>>(from: D) -> Result<Emission, D::Error> {
    match String::deserialize(from)?.as_str() {
        "early" => Ok(Emission::Early),
        "final" => Ok(Emission::Final),
        other => Err(de::Error::custom(format!(
            "`{other}` is neither `early` nor `final`"
        ))),
    }
}

fn event_fields<'de, D: Deserializer<'de>>(from: D) -> Result<EventFields, D::Error> {
    match String::deserialize(from)?.as_str() {
        "used" => Ok(EventFields::Used),
        "declared" => Ok(EventFields::Declared),
        other => Err(de::Error::custom(format!(
            "`{other}` is neither `used` nor `declared`"
        ))),
    }
}

/// A name that can be part of a file's name and a member of a record.
fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@');
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(de::Error::custom(format!(
            "`{name}` is no name: up to 64 letters, digits, `_`, `-` and `@`"
        )));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(Settings::read(""), Ok(Settings::default()));
    }

    #[test]
    fn every_setting_can_be_given() {
        let settings = Settings::read(
            r#"
            rules = ["rules", "more/extra.trip"]
            lateness = "1h30m"
            emission = "final"
            event_fields = "declared"
            max_state = "256MB"
            annotation = "aitm"
            reload = "1m"
            [state]
            folder = "var"
            name = "east"
            every = "5s"
            "#,
        )
        .unwrap()
        .rooted(Path::new("/etc/tripline"));
        assert_eq!(
            settings,
            Settings {
                rules: vec![
                    "/etc/tripline/rules".into(),
                    "/etc/tripline/more/extra.trip".into()
                ],
                lateness: Duration::from_secs(5400),
                emission: Emission::Final,
                event_fields: EventFields::Declared,
                max_state: 256_000_000,
                annotation: "aitm".into(),
                reload: Duration::from_secs(60),
                state: StateSettings {
                    folder: Some("/etc/tripline/var".into()),
                    name: "east".into(),
                    every: Duration::from_secs(5),
                },
            }
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, part) in [
            ("latenes = \"5m\"", "unknown field `latenes`"),
            ("lateness = \"5\"", "not a span of time such as"),
            ("lateness = 5", "expected a string"),
            ("max_state = \"lots\"", "not an amount of memory"),
            ("emission = \"now\"", "neither `early` nor `final`"),
            ("annotation = \"a b\"", "is no name"),
            ("[state]\nevery = \"10ms\"", "less than a second"),
            ("rules = [", "line 1"),
        ] {
            let error = Settings::read(text).expect_err(text);
            assert!(error.contains(part), "{text} gave {error}");
        }
    }
}

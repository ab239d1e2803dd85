//! The deployed module as the engine of a relay: the very file that runs in Fluent Bit, called as there.

use std::path::PathBuf;

use chrono::Utc;
use serde_json::Value;
use tripline_host::{Access, Format, Instance, Limits, Module, Outcome};
use tripline_plugin::mode::Mode;
use tripline_relay::JsonEngine;

use crate::exit::Failure;

/// The tag that records have for the module.
const TAG: &str = "relay";

/// What the module says at its start where nothing is judged.
const NO_RULES: &str = "no rules are in force";

/// An instance, and what it was heard to say.
pub(super) struct Deployed {
    // Before the module, which ends what it needs.
    instance: Instance,
    heard: usize,
    _module: Module,
}

impl Deployed {
    /// The module with these bytes, which sees these folders.
    pub(super) fn new(bytes: &[u8], folders: &[PathBuf]) -> Result<Deployed, Failure> {
        let system = |error: tripline_host::HostError| Failure::System(error.to_string());
        let module = Module::new(bytes, Limits::default()).map_err(system)?;
        let access: Vec<Access> = folders.iter().map(Access::to).collect();
        let instance = module.instantiate(&access).map_err(system)?;
        let said = instance.said();
        // In a shipper records pass all the same; here somebody is there to read why nothing would be found.
        if said.contains(NO_RULES) {
            return Err(Failure::Usage(format!("the module has no rules:\n{said}")));
        }
        Ok(Deployed {
            instance,
            heard: 0,
            _module: module,
        })
    }

    /// Calls the module's function of a mode.
    fn call(&mut self, mode: Mode, record: &str) -> Result<Outcome, String> {
        let now = Utc::now();
        let time = (
            u32::try_from(now.timestamp()).unwrap_or(u32::MAX),
            now.timestamp_subsec_nanos(),
        );
        let called =
            self.instance
                .call(mode.function(), TAG, time, record.as_bytes(), Format::Json);
        match called {
            Ok(Outcome::Lost(trap)) => Err(trap),
            Ok(outcome) => Ok(outcome),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The members that a record gained: the last one is what the module gives it.
fn gained(answer: &[u8]) -> Result<(Vec<Value>, Vec<String>), String> {
    let value: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let Some(Value::Object(mut gained)) = value
        .as_object()
        .and_then(|members| members.values().next_back().cloned())
    else {
        return Ok((Vec::new(), Vec::new()));
    };
    let detections = match gained.remove("detections") {
        Some(Value::Array(detections)) => detections,
        _ => Vec::new(),
    };
    let tags = gained
        .remove("tags")
        .and_then(|tags| serde_json::from_value(tags).ok());
    Ok((detections, tags.unwrap_or_default()))
}

impl JsonEngine for Deployed {
    fn annotate(&mut self, record: &str) -> Result<(Vec<Value>, Vec<String>), String> {
        match self.call(Mode::Annotate, record)? {
            Outcome::Given(answer) => gained(&answer),
            _ => Ok((Vec::new(), Vec::new())),
        }
    }

    fn detect(&mut self, record: &str) -> Result<Vec<Value>, String> {
        let Outcome::Given(answer) = self.call(Mode::Detect, record)? else {
            return Ok(Vec::new());
        };
        let mut first: Value =
            serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        // The others of the same record are in the first.
        let also = first.as_object_mut().and_then(|first| first.remove("also"));
        let mut all = vec![first];
        if let Some(Value::Array(also)) = also {
            all.extend(also);
        }
        Ok(all)
    }

    fn filter(&mut self, record: &str) -> Result<(bool, Vec<String>), String> {
        Ok(match self.call(Mode::Filter, record)? {
            Outcome::Dropped => (true, Vec::new()),
            Outcome::Given(answer) => (false, gained(&answer)?.1),
            _ => (false, Vec::new()),
        })
    }

    fn said(&mut self) -> Vec<String> {
        let all = self.instance.said();
        let new = all.get(self.heard..).unwrap_or_default().to_owned();
        self.heard = all.len();
        new.lines().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_record_gained_is_its_last_member() {
        let answer =
            br#"{"tripline":1,"a":{},"tripline2":{"detections":[{"id":"x"}],"tags":["t"]}}"#;
        let (detections, tags) = gained(answer).unwrap();
        assert_eq!(detections[0]["id"], "x");
        assert_eq!(tags, ["t"]);
        assert!(gained(b"{}").unwrap().0.is_empty());
        assert!(gained(b"nonsense").is_err());
    }
}

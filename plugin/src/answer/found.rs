//! The detections that one record's arrival gave, and the one record that the host can be given for
//! them: the most severe of them, with the others in its member `also`.

use serde_json::{Map, Value};
use tripline_engine::Detection;
use tripline_output::record;

/// The detections of one record. Kept from record to record.
#[derive(Debug, Default)]
pub struct Found {
    detections: Vec<Value>,
    /// Detections beyond what one record can carry.
    omitted: u64,
}

/// The most detections that one record carries.
const MOST: usize = 1_000;

/// The member that holds the further detections.
const ALSO: &str = "also";

/// From the most severe to the least.
const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "informational"];

impl Found {
    /// Takes a detection; beyond the most that one record carries, it is only counted.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn add(&mut self, detection: &Detection<'_>) -> serde_json::Result<()> {
        if self.detections.len() < MOST {
            self.detections.push(record::value(detection)?);
        } else {
            self.omitted += 1;
        }
        Ok(())
    }

    /// How many detections there was no room for since this was last asked.
    pub fn omitted(&mut self) -> u64 {
        std::mem::take(&mut self.omitted)
    }

    /// The one record: the most severe detection, of equals the one that came first. Takes them all.
    pub fn take(&mut self) -> Option<Value> {
        let rank = |detection: &Value| {
            let severity = detection.get("severity").and_then(Value::as_str);
            let known = severity.and_then(|of| SEVERITIES.iter().position(|other| *other == of));
            known.unwrap_or(SEVERITIES.len())
        };
        // A stable sort: of equals the one that came first stays first.
        self.detections.sort_by_key(rank);
        let mut rest = self.detections.drain(..);
        let mut first = rest.next()?;
        let also: Vec<Value> = rest.collect();
        if let (Value::Object(members), false) = (&mut first, also.is_empty()) {
            let members: &mut Map<String, Value> = members;
            members.insert(ALSO.to_owned(), Value::Array(also));
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_most_severe_detection_carries_the_others() {
        let mut found = Found {
            omitted: 0,
            detections: vec![
                json!({"id": "1", "severity": "medium"}),
                json!({"id": "2", "severity": "high"}),
                json!({"id": "3", "severity": "medium"}),
            ],
        };
        assert_eq!(
            found.take(),
            Some(json!({"id": "2", "severity": "high", "also": [
                {"id": "1", "severity": "medium"},
                {"id": "3", "severity": "medium"},
            ]}))
        );
        assert!(found.take().is_none());
    }

    #[test]
    fn one_detection_stands_alone() {
        let one = json!({"id": "1", "severity": "low"});
        let mut found = Found {
            omitted: 0,
            detections: vec![one.clone()],
        };
        assert_eq!(found.take(), Some(one));
    }
}

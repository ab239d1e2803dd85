//! The detections that one record's arrival gave, and the one record that the host can be given for
//! them: the most severe of them, with the others in its member `also`.

use serde_json::{Map, Value};
use tripline_engine::Detection;

/// The detections of one record. Kept from record to record.
#[derive(Debug, Default)]
pub struct Found {
    detections: Vec<Value>,
}

/// The member that holds the further detections.
const ALSO: &str = "also";

/// From the most severe to the least.
const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "informational"];

impl Found {
    /// Makes ready for the next record.
    pub fn clear(&mut self) {
        self.detections.clear();
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.detections.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.detections.len()
    }

    /// Takes a detection.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn add(&mut self, detection: &Detection<'_>) -> serde_json::Result<()> {
        self.detections.push(serde_json::to_value(detection)?);
        Ok(())
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
        assert!(found.is_empty() && found.take().is_none());
    }

    #[test]
    fn one_detection_stands_alone() {
        let one = json!({"id": "1", "severity": "low"});
        let mut found = Found {
            detections: vec![one.clone()],
        };
        assert_eq!(found.take(), Some(one));
    }
}

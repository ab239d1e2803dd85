//! The record that gained a member, every other byte as it came.

use tripline_engine::Encoding;
use tripline_output::annotation::{Annotation, free_name, place};

/// Writes a JSON record with what it gains as the member `name`; false if it cannot gain anything,
/// because it is no object. A record that already has such a member, because it went through another
/// filter, keeps it: the new one is called `name_2`, then `name_3`.
pub fn annotate(record: &[u8], name: &str, gain: &Annotation, out: &mut Vec<u8>) -> bool {
    let Some((brace, comma)) = place(record) else {
        return false;
    };
    let name = free_name(record, Encoding::Json, name);
    out.extend_from_slice(record.get(..brace).unwrap_or_default());
    out.extend_from_slice(comma.as_bytes());
    gain.write_member(&name, out);
    out.push(b'}');
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotated(record: &str, name: &str) -> String {
        let mut gain = Annotation::default();
        gain.tag(["t".to_owned()]);
        let mut out = Vec::new();
        assert!(annotate(record.as_bytes(), name, &gain, &mut out));
        String::from_utf8(out).unwrap()
    }

    const GAIN: &str = r#"{"detections":[],"tags":["t"]}"#;

    #[test]
    fn a_member_that_is_there_stays_and_the_new_one_has_another_name() {
        for (record, name, expected) in [
            ("{}", "tripline", format!(r#"{{"tripline":{GAIN}}}"#)),
            (r#"{"a":1}"#, "x", format!(r#"{{"a":1,"x":{GAIN}}}"#)),
            (r#"{"x":1}"#, "x", format!(r#"{{"x":1,"x_2":{GAIN}}}"#)),
            (
                r#"{"a_b":1,"a_b_2":0}"#,
                "a_b",
                format!(r#"{{"a_b":1,"a_b_2":0,"a_b_3":{GAIN}}}"#),
            ),
        ] {
            assert_eq!(annotated(record, name), expected);
        }
    }

    #[test]
    fn what_is_no_object_gains_nothing() {
        let mut out = Vec::new();
        assert!(!annotate(b"[1]", "x", &Annotation::default(), &mut out));
        assert!(out.is_empty());
    }
}

//! The member that a record gains: the detections that its arrival completes, and the tags that
//! filters give it. It goes in front of the record's last brace, so that every byte that was there
//! stays as it was.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tripline_engine::lang::ast::PathStep;
use tripline_engine::lang::value::Raw;
use tripline_engine::record::{member, record_text};
use tripline_engine::{Detection, Encoding, JsonValue, lang};

/// The name of the member where nothing else is asked for.
pub const MEMBER: &str = "tripline";

/// What one record gains. Kept from record to record, so that nothing is allocated for the next.
#[derive(Debug, Default)]
pub struct Annotation {
    /// The detections as JSON, with commas between them.
    detections: Vec<u8>,
    tags: Vec<String>,
}

impl Annotation {
    /// Whether the record gains nothing.
    pub fn is_empty(&self) -> bool {
        self.detections.is_empty() && self.tags.is_empty()
    }

    /// Makes ready for the next record.
    pub fn clear(&mut self) {
        self.detections.clear();
        self.tags.clear();
    }

    /// Adds a detection.
    ///
    /// # Errors
    /// When it cannot be written as JSON; the annotation is then as it was.
    pub fn add(&mut self, detection: &Detection<'_>) -> serde_json::Result<()> {
        let before = self.detections.len();
        if before > 0 {
            self.detections.push(b',');
        }
        let written = write_brief(detection, &mut self.detections);
        if written.is_err() {
            self.detections.truncate(before);
        }
        written
    }

    /// Adds a detection that [`write_brief`] wrote.
    pub fn add_written(&mut self, detection: &[u8]) {
        if !self.detections.is_empty() {
            self.detections.push(b',');
        }
        self.detections.extend_from_slice(detection);
    }

    /// What the record gains as JSON: `{"detections":[…],"tags":[…]}`.
    ///
    /// # Errors
    /// When what [`Annotation::add_written`] took was no JSON.
    pub fn value(&self) -> serde_json::Result<Value> {
        let mut text = Vec::new();
        self.write_value(&mut text);
        serde_json::from_slice(&text)
    }

    /// Adds tags.
    pub fn tag(&mut self, tags: impl IntoIterator<Item = String>) {
        self.tags.extend(tags);
    }

    /// Appends the member `name`: `"tripline":{"detections":[…],"tags":[…]}`.
    pub fn write_member(&self, name: &str, out: &mut Vec<u8>) {
        write_json(name, out);
        out.push(b':');
        self.write_value(out);
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"detections\":[");
        out.extend_from_slice(&self.detections);
        out.extend_from_slice(b"],\"tags\":");
        write_json(&self.tags, out);
        out.push(b'}');
    }
}

/// Appends what a record says of a detection that its arrival gives, as JSON.
///
/// # Errors
/// When it cannot be written as JSON; something may have been appended then.
pub fn write_brief(detection: &Detection<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(out, &Brief(detection))
}

/// Appends the member that a record gains from filters alone: `"tripline":{"tags":[…]}`.
pub fn write_tags(name: &str, tags: &[String], out: &mut Vec<u8>) {
    write_json(name, out);
    out.extend_from_slice(b":{\"tags\":");
    write_json(tags, out);
    out.push(b'}');
}

/// Where a record, whose last byte is its closing brace, takes one more member: the index of the
/// brace, and what must stand between the last member and the new one. `None` for what is no object.
pub fn place(record: &[u8]) -> Option<(usize, &'static str)> {
    let inside = record.strip_suffix(b"}")?;
    let empty = inside.trim_ascii_end().last() == Some(&b'{') && inside.trim_ascii().len() == 1;
    Some((inside.len(), if empty { "" } else { "," }))
}

/// How many names are tried where a record already has a member of the wanted one.
const NAMES: u32 = 99;

/// What the member is called that a record gains. One of that name, which the record has because it went
/// through another engine or because whoever made it wanted to, is kept: the new one is `name_2`, then
/// `name_3`.
pub fn free_name<'n>(record: &[u8], encoding: Encoding, name: &'n str) -> Cow<'n, str> {
    let bytes = match encoding {
        Encoding::Json => Cow::Borrowed(record),
        // Records are read as values are in JSON alone.
        _ => match record_text(record, encoding) {
            Some(text) => Cow::Owned(text.into_owned().into_bytes()),
            None => return Cow::Borrowed(name),
        },
    };
    let raw = Raw {
        bytes,
        encoding: Encoding::Json,
    };
    let taken = |name: &str| {
        let path = [PathStep::Key(name.to_owned())];
        !matches!(member(&raw, &path), lang::value::Value::Missing)
    };
    let mut name = Cow::Borrowed(name);
    for at in 2..=NAMES {
        if !taken(&name) {
            break;
        }
        let base = name.rsplit_once('_').map_or(&*name, |(base, _)| base);
        name = Cow::Owned(if at == 2 {
            format!("{name}_2")
        } else {
            format!("{base}_{at}")
        });
    }
    name
}

/// Texts and lists of texts are always JSON, and memory takes everything.
fn write_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let before = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(before);
        out.extend_from_slice(b"null");
    }
}

/// What an annotated record says of a detection: without the events, of which it is one itself.
struct Brief<'a>(&'a Detection<'a>);

impl Serialize for Brief<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Fields<'a>(&'a Detection<'a>);
        impl Serialize for Fields<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let fields = self.0.fields.iter();
                serializer.collect_map(fields.map(|(name, value)| (name, JsonValue(value))))
            }
        }
        let meta = &self.0.rule.meta;
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("id", &self.0.id.to_string())?;
        map.serialize_entry("rule", &self.0.rule.name)?;
        map.serialize_entry("title", &meta.title)?;
        map.serialize_entry("severity", &meta.severity)?;
        map.serialize_entry("tactics", &meta.tactics)?;
        map.serialize_entry("techniques", &meta.techniques)?;
        map.serialize_entry("fields", &Fields(self.0))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_member_goes_in_front_of_the_last_brace() {
        assert_eq!(place(b"{\"a\":1}"), Some((6, ",")));
        assert_eq!(place(b"{ }"), Some((2, "")));
        assert_eq!(place(b"{\"a\":{}}"), Some((7, ",")));
        assert_eq!(place(b"[1]"), None);
        assert_eq!(place(b""), None);
    }

    #[test]
    fn the_name_of_the_member_is_written_as_json() {
        let mut out = Vec::new();
        write_tags("a\"b", &["x\ny".to_owned()], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#""a\"b":{"tags":["x\ny"]}"#
        );
    }

    #[test]
    fn an_annotation_without_detections_still_has_both_lists() {
        let mut annotation = Annotation::default();
        annotation.tag(["noisy".to_owned()]);
        let mut out = Vec::new();
        annotation.write_member(MEMBER, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#""tripline":{"detections":[],"tags":["noisy"]}"#
        );
        annotation.clear();
        assert!(annotation.is_empty());
    }
}

//! What the readers of protobuf promise: the same values as JSON for random documents in both
//! dialects, however a writer may order and pad fields, and no panic for any bytes.

use proptest::prelude::*;
use serde_json::Value as Json;
use tripline_lang::types::Type;

use super::encodings::agrees_in;
use super::random::{all_paths, any_path, any_record, some_paths};
use super::*;

/// Writes documents as protobuf; picks by a seed what a writer is free in.
struct Writer {
    encoding: Encoding,
    seed: u64,
}

impl Writer {
    /// True one time in four.
    fn chance(&mut self) -> bool {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 62 == 3
    }

    fn varint(&mut self, mut number: u64, out: &mut Vec<u8>) {
        let small = number < 1 << 32;
        while number >= 0x80 {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        // A number may be longer than it has to be, up to ten bytes.
        if small && self.chance() {
            out.extend([number as u8 | 0x80, 0]);
        } else {
            out.push(number as u8);
        }
    }

    fn bytes(&mut self, number: u64, content: &[u8], out: &mut Vec<u8>) {
        self.unknown(out);
        self.varint(number << 3 | 2, out);
        self.varint(content.len() as u64, out);
        out.extend_from_slice(content);
    }

    /// A field that no reader knows.
    fn unknown(&mut self, out: &mut Vec<u8>) {
        if self.chance() {
            self.varint(99 << 3, out);
            self.varint(7, out);
            self.varint(98 << 3 | 1, out);
            out.extend([1; 8]);
            self.varint(97 << 3 | 5, out);
            out.extend([1; 4]);
            self.varint(96 << 3 | 2, out);
            out.extend([2, 8, 1]);
        }
    }

    /// The message of a value.
    fn value(&mut self, json: &Json) -> Vec<u8> {
        let telemetry = self.encoding == Encoding::OpenTelemetry;
        let mut out = Vec::new();
        match json {
            Json::Null if telemetry => {}
            Json::Null => {
                self.varint(9 << 3, &mut out);
                self.varint(0, &mut out);
            }
            Json::Bool(value) => {
                self.varint(if telemetry { 2 } else { 6 } << 3, &mut out);
                self.varint(u64::from(*value), &mut out);
            }
            Json::Number(number) => match number.as_i64() {
                Some(number) => {
                    self.varint(if telemetry { 3 } else { 4 } << 3, &mut out);
                    self.varint(number.cast_unsigned(), &mut out);
                }
                None => {
                    self.varint(if telemetry { 4 } else { 5 } << 3 | 1, &mut out);
                    out.extend(number.as_f64().unwrap().to_le_bytes());
                }
            },
            Json::String(text) => {
                let number = if telemetry && self.chance() { 7 } else { 1 };
                self.bytes(number, text.as_bytes(), &mut out);
            }
            Json::Array(elements) => {
                let mut inside = Vec::new();
                for element in elements {
                    let element = self.value(element);
                    self.bytes(1, &element, &mut inside);
                }
                self.bytes(if telemetry { 5 } else { 8 }, &inside, &mut out);
            }
            Json::Object(_) => {
                let inside = self.map(json);
                self.bytes(if telemetry { 6 } else { 7 }, &inside, &mut out);
            }
        }
        self.unknown(&mut out);
        out
    }

    /// The entries of an object.
    fn map(&mut self, json: &Json) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, value) in json.as_object().unwrap() {
            let (value, mut entry) = (self.value(value), Vec::new());
            let backwards = self.chance();
            if backwards {
                self.bytes(2, &value, &mut entry);
            }
            self.bytes(1, name.as_bytes(), &mut entry);
            if !backwards {
                self.bytes(2, &value, &mut entry);
            }
            self.bytes(1, &entry, &mut out);
        }
        out
    }
}

fn encoded(record: &Json, encoding: Encoding, seed: u64) -> Vec<u8> {
    Writer { encoding, seed }.map(record)
}

const DIALECTS: [Encoding; 2] = [Encoding::Vector, Encoding::OpenTelemetry];

fn agrees(record: &Json, seed: u64, wanted: &[Vec<PathStep>], settled: &[Vec<Slot>]) {
    let text = record.to_string();
    for encoding in DIALECTS {
        let bytes = encoded(record, encoding, seed);
        agrees_in(encoding, &text, &bytes, wanted, settled);
        let said: Json = serde_json::from_str(&record_text(&bytes, encoding).unwrap()).unwrap();
        assert_eq!(said, *record, "{encoding:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_has_the_same_values_as_in_json(
        record in any_record(),
        seed in any::<u64>(),
        random in prop::collection::vec(any_path(), 0..6),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        settled in prop::collection::vec(prop::collection::vec(0..14usize, 0..3), 0..6),
    ) {
        let mut wanted = some_paths(&record, random, &picks);
        // Of a record there is no path to the whole.
        wanted.retain(|path| !path.is_empty());
        agrees(&record, seed, &wanted, &[]);
        agrees(&record, seed, &wanted, &settled);
    }

    #[test]
    fn changed_bytes_never_panic_and_what_is_found_lies_in_the_record(
        record in any_record(),
        seed in any::<u64>(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        rest in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        let known = all_paths(&record);
        let wanted: Vec<_> = picks.iter().map(|pick| pick.get(&known).clone()).collect();
        let paths = Paths::new(&wanted, &[]);
        for encoding in DIALECTS {
            let mut bytes = encoded(&record, encoding, seed);
            bytes.extend_from_slice(&rest);
            for (place, byte) in &changes {
                if !bytes.is_empty() {
                    let place = place.index(bytes.len());
                    bytes[place] = *byte;
                }
            }
            for end in [bytes.len(), cut.index(bytes.len() + 1)] {
                let bytes = &bytes[..end];
                let mut slots = Slots::new(&paths);
                if let Err(error) = super::super::read(bytes, encoding, &paths, &mut slots) {
                    prop_assert!(error.offset <= bytes.len(), "{error}");
                    prop_assert!(!error.to_string().is_empty());
                    continue;
                }
                for found in (0..paths.len()).filter_map(|slot| slots.get(slot)) {
                    prop_assert!(found.end as usize <= bytes.len());
                    let value = value_of(bytes, found);
                    for ty in [Type::String, Type::Int, Type::List(Type::String.into())] {
                        convert(value.clone(), &ty);
                    }
                }
                record_text(bytes, encoding);
            }
        }
    }
}

/// A log event with one member whose value has this message.
fn of_value(value: &[u8]) -> Vec<u8> {
    let entry = [&[0x0a, 1, b'a', 0x12, value.len() as u8], value].concat();
    [&[0x0a, entry.len() as u8], &entry[..]].concat()
}

fn read_a(record: &[u8], encoding: Encoding) -> Result<String, ReadError> {
    let paths = paths(&["a"]);
    let mut slots = Slots::new(&paths);
    super::super::read(record, encoding, &paths, &mut slots)?;
    Ok(format!(
        "{:?}",
        slots.get(0).map(|found| value_of(record, found))
    ))
}

#[test]
fn instants_byte_strings_and_what_json_cannot_say() {
    for (value, expected) in [
        // Seconds 1, nanoseconds 5.
        (&[0x12, 4, 8, 1, 16, 5][..], "Some(Timestamp(1000000005))"),
        (&[0x12, 0], "Some(Timestamp(0))"),
        // More nanoseconds than a second has.
        (&[0x12, 6, 16, 0xff, 0xff, 0xff, 0xff, 7], "Some(Missing)"),
        (&[0x0a, 2, b'x', b'y'], "Some(Text(\"xy\"))"),
        (&[0x0a, 2, b'x', 0xff], "Some(Missing)"),
        (&[0x0a, 0], "Some(Missing)"),
        (&[0x29, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f], "Some(Missing)"),
        (&[], "Some(Missing)"),
        // Two values: the last counts.
        (&[0x20, 1, 0x20, 2], "Some(Int(2))"),
    ] {
        assert_eq!(
            read_a(&of_value(value), Encoding::Vector).unwrap(),
            expected,
            "{value:?}"
        );
    }
}

#[test]
fn of_a_log_event_its_metadata_and_unknown_fields_are_no_members() {
    let mut record = of_value(&[0x20, 1]);
    // `value`, `metadata`, `metadata_full`, and a field of a later version.
    record.extend([
        0x12, 2, 0x20, 9, 0x1a, 2, 0x20, 9, 0x22, 2, 0x0a, 0, 0x52, 0,
    ]);
    assert_eq!(read_a(&record, Encoding::Vector).unwrap(), "Some(Int(1))");
    assert_eq!(
        record_text(&record, Encoding::Vector).unwrap(),
        r#"{"a":1}"#
    );
}

#[test]
fn a_record_that_is_no_message_is_refused_with_the_place() {
    for (record, kind, offset) in [
        (&[0x0a, 9, 1][..], ReadErrorKind::Incomplete, 0),
        (&[0x0b], ReadErrorKind::BadField, 0),
        (&[0x0a, 0, 0x07], ReadErrorKind::BadField, 2),
        (&[0x02, 0], ReadErrorKind::BadField, 0),
        (&[0xff; 11], ReadErrorKind::Incomplete, 0),
        (&[0x09, 1], ReadErrorKind::Incomplete, 0),
        (&[0x0d, 1], ReadErrorKind::Incomplete, 0),
    ] {
        let error = read_a(record, Encoding::Vector).unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{record:?}");
    }
    let text = of_value(&[0x0a, 1, 0xff]);
    let error = read_a(&text, Encoding::OpenTelemetry).unwrap_err();
    assert_eq!((error.kind, error.offset), (ReadErrorKind::InvalidUtf8, 9));
}

#[test]
fn nesting_beyond_the_limit_is_refused_and_not_a_stack_that_overflows() {
    let mut value: Vec<u8> = vec![0x20, 1];
    let field = |number: u8, content: &[u8]| {
        let mut out = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            out.push(length as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend_from_slice(content);
        out
    };
    for _ in 0..2 * MAX_DEPTH {
        value = field(8, &field(1, &value));
    }
    let record = field(1, &[field(1, b"a"), field(2, &value)].concat());
    let error = read_a(&record, Encoding::Vector).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooDeep);
    assert_eq!(record_text(&record, Encoding::Vector), None);
}

#[test]
fn the_attributes_of_a_log_record_are_its_members_and_its_body_is_not() {
    // time_unix_nano, body "a" as text, and the attribute a = 1.
    let attribute = [0x0a, 1, b'a', 0x12, 2, 0x18, 1];
    let mut record = vec![0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x2a, 3, 0x0a, 1, b'a'];
    record.extend([0x32, attribute.len() as u8]);
    record.extend(attribute);
    assert_eq!(
        read_a(&record, Encoding::OpenTelemetry).unwrap(),
        "Some(Int(1))"
    );
    assert_eq!(
        record_text(&record, Encoding::OpenTelemetry).unwrap(),
        r#"{"a":1}"#
    );
    assert_eq!(read_a(&record, Encoding::Vector).unwrap(), "None");
}

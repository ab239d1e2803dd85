//! What the MessagePack reader promises, by example.

use tripline_lang::types::Type;
use tripline_lang::value::{Raw, Value};

use super::super::msgpack::read;
use super::encoder::shortest;
use super::*;

/// A map with the members `a`, `b`, … whose values have these bytes.
fn map(values: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0xde];
    bytes.extend(u16::try_from(values.len()).unwrap().to_be_bytes());
    for (name, value) in (b'a'..).zip(values) {
        bytes.extend([0xa1, name]);
        bytes.extend_from_slice(value);
    }
    bytes
}

fn slots(record: &[u8], wanted: &[&str]) -> Result<Slots, ReadError> {
    let paths = paths(wanted);
    let mut slots = Slots::new(&paths);
    read(record, &paths, &mut slots).map(|()| slots)
}

/// What the one value is as `to`.
fn converted(value: &[u8], to: &Type) -> String {
    let record = map(&[value]);
    let slots = slots(&record, &["a"]).unwrap();
    match convert(value_of(&record, slots.get(0).unwrap()), to) {
        Value::Json(raw) => json_text(&raw).unwrap().into_owned(),
        value => format!("{value:?}"),
    }
}

fn error(record: &[u8], wanted: &[&str]) -> ReadError {
    slots(record, wanted).expect_err("this record is not well formed")
}

#[test]
fn values_of_every_format_convert() {
    let float32 = [&[0xca][..], &1.5_f32.to_be_bytes()].concat();
    for (bytes, to, expected) in [
        (&b"\x07"[..], Type::Int, "Int(7)"),
        (b"\xe0", Type::Int, "Int(-32)"),
        (b"\xcd\xda\x1c", Type::String, "Text(\"55836\")"),
        (b"\xd0\x80", Type::Int, "Int(-128)"),
        (b"\xd1\xff\xfe", Type::Int, "Int(-2)"),
        (b"\xd2\xff\xff\xff\xfe", Type::Int, "Int(-2)"),
        (
            b"\xd3\x80\0\0\0\0\0\0\0",
            Type::Int,
            "Int(-9223372036854775808)",
        ),
        (b"\xcf\x80\0\0\0\0\0\0\0", Type::Int, "Missing"),
        (
            b"\xcf\x80\0\0\0\0\0\0\0",
            Type::String,
            "Text(\"9223372036854775808\")",
        ),
        (b"\xcf\x80\0\0\0\0\0\0\0", Type::Json, "9223372036854775808"),
        (&float32, Type::Float, "Float(1.5)"),
        (&float32, Type::String, "Text(\"1.5\")"),
        (&float32, Type::Json, "1.5"),
        (b"\xcb\x40\0\0\0\0\0\0\0", Type::String, "Text(\"2.0\")"),
        (b"\xcb\x40\0\0\0\0\0\0\0", Type::Int, "Int(2)"),
        (b"\xcb\x7f\xf0\0\0\0\0\0\0", Type::Float, "Missing"),
        (b"\xca\x7f\xc0\0\0", Type::String, "Missing"),
        (b"\xc0", Type::String, "Missing"),
        (b"\xc3", Type::Bool, "Bool(true)"),
        (b"\xc3", Type::String, "Text(\"true\")"),
        (b"\xc3", Type::Int, "Missing"),
        (b"\xa0", Type::String, "Missing"),
        (b"\xa1x", Type::String, "Text(\"x\")"),
        (b"\xd9\x0510.0.", Type::String, "Text(\"10.0.\")"),
        (b"\xda\0\x0810.0.0.1", Type::Ip, "Ip(10.0.0.1)"),
        (b"\xdb\0\0\0\x01x", Type::Json, "\"x\""),
        (b"\xc4\x02ab", Type::String, "Text(\"ab\")"),
        (b"\xc4\x02a\xff", Type::String, "Missing"),
        (b"\xc4\0", Type::String, "Missing"),
        (b"\x92\x01\xc2", Type::String, "Text(\"[1,false]\")"),
        (
            b"\x81\xa1k\xa1\"",
            Type::String,
            "Text(\"{\\\"k\\\":\\\"\\\\\\\"\\\"}\")",
        ),
        (b"\x82\x01\x02\xa1k\xc0", Type::Json, "{\"k\":null}"),
        (b"\x92\x01\xc2", Type::Ip, "Missing"),
    ] {
        assert_eq!(converted(bytes, &to), expected, "{bytes:x?} to {to}");
    }
    let texts = Type::List(Box::new(Type::String));
    assert_eq!(
        converted(b"\x95\x01\xc0\xa0\xa1x\xc3", &texts),
        r#"List([Text("1"), Text("x"), Text("true")])"#
    );
}

#[test]
fn timestamps_are_instants() {
    let event_time = b"\xd7\x00\x69\xa4\x00\x00\x1d\xcd\x65\x00";
    let at = (0x69a4_0000_i64 * 1_000_000_000 + 500_000_000).to_string();
    for (bytes, expected) in [
        (&event_time[..], at.as_str()),
        (b"\xc7\x08\x00\x69\xa4\x00\x00\x1d\xcd\x65\x00", &at),
        (b"\xd6\xff\0\0\0\x01", "1000000000"),
        // 30 bits of nanoseconds, 34 of seconds.
        (b"\xd7\xff\0\0\0\x08\0\0\0\x01", "1000000002"),
        (
            b"\xc7\x0c\xff\0\0\0\x02\xff\xff\xff\xff\xff\xff\xff\xff",
            "-999999998",
        ),
    ] {
        assert_eq!(
            converted(bytes, &Type::Timestamp),
            format!("Timestamp({expected})"),
            "{bytes:x?}"
        );
    }
    assert_eq!(
        converted(b"\xd6\xff\0\0\0\x01", &Type::String),
        "Text(\"1970-01-01T00:00:01Z\")"
    );
    assert_eq!(
        converted(b"\x91\xd6\xff\0\0\0\x01", &Type::Json),
        "[\"1970-01-01T00:00:01Z\"]"
    );
    for bytes in [
        // A thousand million nanoseconds, times beyond 64 bits, other types and lengths.
        &b"\xd7\0\0\0\0\x01\x3b\x9a\xca\0"[..],
        b"\xc7\x0c\xff\0\0\0\x02\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xd7\x01\0\0\0\x01\0\0\0\0",
        b"\xd6\0\0\0\0\x01",
        b"\xc7\0\xff",
        b"\xd4\xff\0",
    ] {
        assert_eq!(converted(bytes, &Type::Timestamp), "Missing", "{bytes:x?}");
        assert_eq!(converted(bytes, &Type::String), "Missing", "{bytes:x?}");
    }
}

#[test]
fn kinds_are_told_and_what_is_missing_is_null() {
    let values: [&[u8]; 10] = [
        b"\xc0",
        b"\xc2",
        b"\xc3",
        b"\x01",
        b"\xa1x",
        b"\x80",
        b"\x90",
        b"\xd6\xff\0\0\0\0",
        b"\xa0",
        b"\xd4\x05\0",
    ];
    let record = map(&values);
    let wanted = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let slots = slots(&record, &wanted).unwrap();
    use Kind::*;
    let kinds: Vec<Kind> = (0..10).map(|slot| slots.get(slot).unwrap().kind).collect();
    let expected = [
        Null, False, True, Number, Text, Object, Array, Instant, Null, Null,
    ];
    assert_eq!(kinds, expected);
    let bytes: Vec<&[u8]> = (0..8)
        .map(|slot| slots.get(slot).unwrap().bytes(&record))
        .collect();
    assert_eq!(
        bytes,
        [
            values[0], values[1], values[2], values[3], b"x", values[5], values[6], values[7]
        ]
    );
}

#[test]
fn a_text_of_one_letter_settles_its_alternatives_and_an_empty_one_does_not() {
    let wanted = Paths::new(&[path("a"), path("b")], &[vec![1]]);
    for (value, found) in [
        (&b"\xa1x"[..], false),
        (b"\xa0", true),
        (b"\xc0", true),
        (b"\xc4\x01\xff", true),
    ] {
        let record = map(&[value, b"\x01"]);
        let mut slots = Slots::new(&wanted);
        read(&record, &wanted, &mut slots).unwrap();
        assert_eq!(slots.get(1).is_some(), found, "{value:x?}");
    }
}

#[test]
fn names_are_texts_or_bytes_of_any_width_and_others_are_stepped_over() {
    let long = "k".repeat(40);
    let mut record = b"\x8a\xd9\x01a\x01\xc4\x01b\x02\xdb\0\0\0\x01c\x03\xa0\x04".to_vec();
    record.extend(b"\x05\xa1a\xc0\xa1b\x92\xa1d\x81\xa1d\x00\x06\xca\0\0\0\0\x07");
    record.extend([0xd9, 40]);
    record.extend(long.as_bytes());
    record.extend(b"\x08\xa1d\x09");
    let wanted = [
        path("a"),
        path("b"),
        path("c"),
        vec![PathStep::Key(String::new())],
        path("d"),
        vec![PathStep::Key(long)],
    ];
    let paths = Paths::new(&wanted, &[]);
    let mut slots = Slots::new(&paths);
    read(&record, &paths, &mut slots).unwrap();
    let values: Vec<_> = (0..6)
        .map(|slot| slots.get(slot).unwrap().bytes(&record))
        .collect();
    assert_eq!(values, [[1], [2], [3], [4], [9], [8]]);
}

#[test]
fn the_first_of_two_members_of_one_name_counts_in_every_place() {
    let record = b"\x84\xa1a\x01\xa1a\x02\xa1o\x82\xa1x\x03\xa1x\x04\xa1o\x81\xa1x\x05";
    let slots = slots(record, &["a", "o.x", "o.y"]).unwrap();
    assert_eq!(slots.get(0).unwrap().bytes(record), [1]);
    assert_eq!(slots.get(1).unwrap().bytes(record), [3]);
    assert_eq!(slots.get(2), None);
    let raw = Raw {
        bytes: record.into(),
        encoding: Encoding::MessagePack,
    };
    assert!(matches!(member(&raw, &path("o.x")), Value::Int(3)));
}

#[test]
fn nothing_is_read_behind_the_last_wanted_value() {
    let record = b"\x83\xa1a\x01\xa1b\xc1";
    assert!(slots(record, &["a"]).is_ok());
    assert_eq!(
        error(record, &["a", "zz"]).kind,
        ReadErrorKind::ReservedByte
    );
}

#[test]
fn every_problem_has_its_kind_and_place() {
    use ReadErrorKind::*;
    for (record, kind, offset) in [
        (&b""[..], Empty, 0),
        (b"\x91\x01", NotAMap, 0),
        (b"{\"a\":1}", NotAMap, 0),
        (b"\xc1", NotAMap, 0),
        (b"\x81", Incomplete, 0),
        (b"\xde\x00", Incomplete, 0),
        (b"\x81\xa1a", Incomplete, 0),
        (b"\x81\xa5a", Incomplete, 0),
        (b"\x82\xa1a\x01", Incomplete, 0),
        (b"\x81\xa1a\xa3x", Incomplete, 0),
        (b"\x81\xa1a\xd9", Incomplete, 0),
        (b"\x81\xa1a\xda\x01\x00x", Incomplete, 3),
        (b"\x81\xa1a\x92\x01", Incomplete, 3),
        (b"\x81\xa1a\xc1", ReservedByte, 3),
        (b"\x81\xc1\x01", ReservedByte, 1),
        (b"\x81\xa1a\x92\x01\xc1", ReservedByte, 5),
        (b"\x81\xa2zz\xa3x", IncompleteText, 4),
        (b"\x81\xa2zz\xcd\x01", Incomplete, 4),
        (b"\x81\xa2zz\xa3x\xffy", InvalidUtf8, 6),
        (b"\x81\xa2zz\x92\x01\xa1\xff", InvalidUtf8, 7),
        (b"\x81\xa1a\x01\xc0", TrailingData, 4),
    ] {
        assert_eq!(
            error(record, &["zz"]),
            ReadError::new(kind, offset),
            "of {record:x?}"
        );
    }
    assert!(
        slots(b"\x82\xa1a\xa1\xff\xa2zz\x01", &["zz"]).is_ok(),
        "not verified where not wanted"
    );
}

#[test]
fn every_prefix_of_a_sign_in_is_incomplete() {
    let record = include_str!("../../../benches/record/signin.json");
    let record = shortest(&serde_json::from_str(record).unwrap());
    let wanted = [
        "properties.status.errorCode",
        "properties.userAgent",
        "zz",
        "properties.location",
    ];
    assert!(slots(&record, &wanted).is_ok());
    for length in 0..record.len() {
        let error = error(&record[..length], &wanted);
        assert!(error.kind.is_incomplete(), "{length} bytes: {error}");
    }
}

#[test]
fn nesting_as_deep_as_a_record_is_long_is_stepped_over() {
    for open in [
        &b"\x91"[..],
        b"\x81\xa1a",
        b"\xdd\0\0\0\x01",
        b"\xdf\0\0\0\x01\xa0",
    ] {
        let mut record = b"\x82\xa1x".to_vec();
        record.extend(open.repeat(1_000_000));
        record.extend(b"\x01\xa1b\x02");
        let slots = slots(&record, &["b"]).unwrap();
        assert_eq!(slots.get(0).unwrap().bytes(&record), [2]);
        // Wanted, it is a value that no text can be made of.
        let slots = super::msgpack::slots(&record, &["x"]).unwrap();
        let value = value_of(&record, slots.get(0).unwrap());
        assert!(matches!(convert(value, &Type::String), Value::Missing));
    }
    let long = vec![
        path(&"0.".repeat(600)),
        path(&format!("a.{}", "0.".repeat(600))),
    ];
    let record = [&b"\x81\xa1a"[..], &[0x91].repeat(600), b"\x01"].concat();
    let paths = Paths::new(&long, &[]);
    let error = read(&record, &paths, &mut Slots::new(&paths)).unwrap_err();
    assert_eq!(error, ReadError::new(ReadErrorKind::TooDeep, 2 + MAX_DEPTH));
}

#[test]
fn lengths_and_counts_of_four_gibibytes_are_only_claims() {
    for first in [0xc6, 0xc9, 0xdb, 0xdd, 0xdf] {
        for wanted in ["a", "a.b", "a.9", "zz"] {
            let claim = [first, 0xff, 0xff, 0xff, 0xff, 0x01];
            let error = error(&map(&[&claim]), &[wanted]);
            assert!(error.kind.is_incomplete(), "{first:x} at {wanted}: {error}");
        }
        let raw = Raw {
            bytes: vec![first, 0xff, 0xff, 0xff, 0xff, 0x01].into(),
            encoding: Encoding::MessagePack,
        };
        assert!(elements(&raw).len() <= 1);
        assert_eq!(json_text(&raw), None);
    }
    let error = error(b"\xdf\xff\xff\xff\xff\xa1a\x01", &["zz"]);
    assert_eq!(error, ReadError::new(ReadErrorKind::Incomplete, 0));
}

#[test]
fn hostile_records_of_ten_megabytes_take_linear_time() {
    let started = std::time::Instant::now();
    for part in [
        &b"\xa1a\x01"[..],
        b"\x90\x80",
        b"\xa1a\x91\x90",
        b"\xd9\x01a\xc0",
    ] {
        let count = 10_000_000 / part.len();
        let mut record = b"\xdf".to_vec();
        record.extend(u32::try_from(count).unwrap().to_be_bytes());
        record.extend(part.repeat(count));
        assert!(slots(&record, &["zz", "a.0", ""]).is_ok(), "of {part:x?}");
    }
    // Quadratic time would be hours.
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

//! What the reader promises, by example; `random` holds what it promises for any bytes at all.

mod along;
#[path = "../../../tests/message_pack/encoder.rs"]
mod encoder;
mod encodings;
mod msgpack;
mod protobuf;
mod random;

use tripline_lang::ast::PathStep;

use super::json::{read, value_end};
use super::*;

/// `a.b.0` as a path; a step of digits is an index.
fn path(text: &str) -> Vec<PathStep> {
    let step = |step: &str| match step.parse() {
        Ok(index) => PathStep::Index(index),
        Err(_) if step == "*" => PathStep::Each,
        Err(_) => PathStep::Key(step.to_owned()),
    };
    text.split('.')
        .filter(|step| !step.is_empty())
        .map(step)
        .collect()
}

fn paths(texts: &[&str]) -> Paths {
    Paths::new(
        &texts.iter().map(|text| path(text)).collect::<Vec<_>>(),
        &[],
    )
}

/// The bytes found for each path.
fn found<'r>(record: &'r [u8], paths: &Paths) -> Result<Vec<Option<&'r str>>, ReadError> {
    let mut slots = Slots::new(paths);
    read(record, paths, &mut slots)?;
    let text = |found: Found| std::str::from_utf8(found.bytes(record)).unwrap();
    Ok((0..paths.len())
        .map(|slot| slots.get(slot).map(text))
        .collect())
}

fn problem(record: &[u8]) -> ReadErrorKind {
    found(record, &paths(&["zz"]))
        .expect_err("this record is not well formed")
        .kind
}

#[test]
fn finds_values_of_every_kind_at_any_depth() {
    let record = br#"{"a":{"b":[10,{"c":"x"},[true]],"d":null},"e":"q\"","f":false,"g":-1.5e3}"#;
    let wanted = [
        "a.b.0", "a.b.1.c", "a.b.2.0", "a.d", "e", "f", "g", "a.b", "a", "nope", "a.b.7", "e.x",
    ];
    let values = found(record, &paths(&wanted)).unwrap();
    let expected = [
        Some("10"),
        Some("\"x\""),
        Some("true"),
        Some("null"),
        Some(r#""q\"""#),
        Some("false"),
        Some("-1.5e3"),
        Some(r#"[10,{"c":"x"},[true]]"#),
        Some(r#"{"b":[10,{"c":"x"},[true]],"d":null}"#),
        None,
        None,
        None,
    ];
    assert_eq!(values, expected);
}

#[test]
fn kinds_are_told() {
    let paths = paths(&["a", "b", "c", "d", "e", "f", "g", "h"]);
    let record = br#"{"a":null,"b":false,"c":true,"d":0,"e":"t","f":"\n","g":{},"h":[]}"#;
    let mut slots = Slots::new(&paths);
    read(record, &paths, &mut slots).unwrap();
    let kinds: Vec<Kind> = (0..8)
        .filter_map(|slot| slots.get(slot))
        .map(|found| found.kind)
        .collect();
    use Kind::*;
    assert_eq!(
        kinds,
        [Null, False, True, Number, Text, EscapedText, Object, Array]
    );
}

#[test]
fn the_first_of_two_members_of_one_name_counts() {
    let paths = paths(&["a", "o.x", "o.y", "s.x"]);
    let record = br#"{"a":1,"a":2,"o":{"x":1},"o":{"x":2,"y":2},"s":0,"s":{"x":9}}"#;
    assert_eq!(
        found(record, &paths).unwrap(),
        [Some("1"), Some("1"), None, None]
    );
}

#[test]
fn names_with_escapes_are_compared_as_what_they_say() {
    let paths = paths(&["category", "a\"b", "é"]);
    let record = br#"{"cate\u0067ory":1,"a\"b":2,"\u00e9":3,"\u00e9x":4}"#;
    assert_eq!(
        found(record, &paths).unwrap(),
        [Some("1"), Some("2"), Some("3")]
    );
}

#[test]
fn names_of_every_length_are_told_apart() {
    let name = |length: usize, last: char| format!("{}{last}", "k".repeat(length));
    for length in 0..80 {
        let (wanted, other) = (name(length, 'a'), name(length, 'b'));
        let first = format!("x{}", &wanted[1..]);
        let record = format!(r#"{{"{other}":1,"{first}":2,"{wanted}":3,"{wanted}a":4}}"#);
        let paths = Paths::new(&[vec![PathStep::Key(wanted)]], &[]);
        assert_eq!(
            found(record.as_bytes(), &paths).unwrap(),
            [Some("3")],
            "with {length} letters"
        );
    }
}

#[test]
fn byte_order_mark_white_space_and_line_ends_around_a_record_are_tolerated() {
    let record = b"\xef\xbb\xbf \t\r\n{ \"a\" : 1 , \"b\" :\n[ ] }\r\n";
    assert_eq!(
        found(record, &paths(&["a", "b"])).unwrap(),
        [Some("1"), Some("[ ]")]
    );
}

#[test]
fn a_settled_path_is_not_waited_for() {
    // Behind `b` nothing is read any more, so the missing colon is not noticed.
    let record = br#"{"b":"x","c" 1}"#;
    let wanted = [path("a"), path("b")];
    let settled = Paths::new(&wanted, &[vec![], vec![0]]);
    assert_eq!(found(record, &settled).unwrap(), [None, Some("\"x\"")]);
    let waiting = Paths::new(&wanted, &[]);
    assert_eq!(
        found(record, &waiting).unwrap_err().kind,
        ReadErrorKind::ExpectedColon
    );
}

#[test]
fn null_and_empty_text_settle_nothing() {
    let settled = Paths::new(&[path("a"), path("b")], &[vec![1], vec![]]);
    assert_eq!(
        found(br#"{"a":"","b":2}"#, &settled).unwrap(),
        [Some("\"\""), Some("2")]
    );
    assert_eq!(
        found(br#"{"a":null,"b":2}"#, &settled).unwrap(),
        [Some("null"), Some("2")]
    );
}

#[test]
fn what_is_settled_inside_an_object_does_not_disturb_its_siblings() {
    let settled = Paths::new(
        &[path("o.a"), path("o.b"), path("p.c"), path("d")],
        &[vec![1, 2]],
    );
    let record = br#"{"o":{"a":1,"x":0},"p":{"c":2},"d":4}"#;
    let values = found(record, &settled).unwrap();
    assert_eq!((values[0], values[3]), (Some("1"), Some("4")));
    // The object that held the settled path was closed before.
    let late = Paths::new(&[path("a"), path("o.b"), path("d")], &[vec![1]]);
    assert_eq!(
        found(br#"{"o":{},"a":1,"d":2}"#, &late).unwrap(),
        [Some("1"), None, Some("2")]
    );
}

#[test]
fn the_whole_record_can_be_wanted() {
    assert_eq!(
        found(b" {\"a\":1} ", &paths(&["", "a"])).unwrap(),
        [Some("{\"a\":1}"), Some("1")]
    );
}

#[test]
fn slots_forget_the_record_before() {
    let paths = paths(&["a", "b.c"]);
    let mut slots = Slots::new(&paths);
    read(br#"{"a":1,"b":{"c":2}}"#, &paths, &mut slots).unwrap();
    read(br#"{"b":{}}"#, &paths, &mut slots).unwrap();
    assert_eq!((slots.get(0), slots.get(1)), (None, None));
}

#[test]
fn every_problem_has_its_kind() {
    use ReadErrorKind::*;
    for (record, kind) in [
        ("", Empty),
        (" \r\n", Empty),
        ("[1]", NotAnObject),
        ("\"a\"", NotAnObject),
        ("\0", NotAnObject),
        ("{", Incomplete),
        (r#"{"a":1"#, Incomplete),
        (r#"{"a":{"b":1}"#, Incomplete),
        (r#"{"a":"b}"#, IncompleteText),
        (r#"{"a":"b"#, IncompleteText),
        (r#"{"a":1}x"#, TrailingData),
        (r#"{"a":1}{"b":1}"#, TrailingData),
        (r#"{"a":1},}"#, TrailingData),
        ("{a:1}", ExpectedName),
        (r#"{"a":1,}"#, ExpectedName),
        (r#"{,"a":1}"#, ExpectedName),
        (r#"{"a" 1}"#, ExpectedColon),
        (r#"{"a":}"#, ExpectedValue),
        (r#"{"a":tru}"#, ExpectedValue),
        (r#"{"a":1 2}"#, ExpectedCommaOrEnd),
        (r#"{"a":1"b":2}"#, ExpectedCommaOrEnd),
        ("{\"a\":\0}", ExpectedValue),
    ] {
        assert_eq!(problem(record.as_bytes()), kind, "of {record:?}");
    }
}

#[test]
fn wanted_values_are_verified() {
    let paths = paths(&["zz"]);
    let outcome = |record: &[u8]| {
        found(record, &paths)
            .map(|values| values[0].is_some())
            .map_err(|error| error.kind)
    };
    for number in ["01", "1.", "+1", ".5", "1e", "1e+", "-", "1x", "--1", "0x1"] {
        let record = format!(r#"{{"zz":{number}}}"#);
        assert!(
            outcome(record.as_bytes()).is_err(),
            "{number} is not a number"
        );
    }
    assert_eq!(
        outcome(b"{\"zz\":\"\xff\"}"),
        Err(ReadErrorKind::InvalidUtf8)
    );
    assert_eq!(
        outcome(b"{\"zz\":[\"\xff\"]}"),
        Err(ReadErrorKind::InvalidUtf8)
    );
    assert_eq!(
        outcome(b"{\"a\":\"\xff\",\"zz\":1}"),
        Ok(true),
        "not verified where not wanted"
    );
}

#[test]
fn errors_are_sentences_with_their_place() {
    let error = found(br#"{"a":1,"bc":"x}"#, &paths(&["zz"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the record ends inside a text that began at byte 12"
    );
    let error = found(b"  {\"a\":1 \"b\":2}", &paths(&["zz"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a comma or a closing bracket was expected at byte 9"
    );
}

#[test]
fn every_prefix_of_a_record_is_incomplete() {
    let record = include_str!("../../../benches/record/signin.json").trim_end();
    let wanted = paths(&[
        "properties.status.errorCode",
        "properties.userAgent",
        "zz",
        "properties.location",
    ]);
    assert!(found(record.as_bytes(), &wanted).is_ok());
    for length in 0..record.len() {
        let error =
            found(&record.as_bytes()[..length], &wanted).expect_err("a prefix is not a record");
        assert!(error.kind.is_incomplete(), "{length} bytes: {error}");
        let end =
            value_end(&record.as_bytes()[..length], 0).map_err(|error| error.kind.is_incomplete());
        assert_eq!(end, Err(true));
    }
    assert_eq!(value_end(record.as_bytes(), 0), Ok(record.len()));
}

#[test]
fn brackets_may_be_nested_as_deep_as_the_limit_and_no_deeper() {
    let nested = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    for wanted in ["zz", "a", "a.0.0.0"] {
        let paths = paths(&[wanted]);
        assert!(
            found(nested(MAX_DEPTH).as_bytes(), &paths).is_ok(),
            "{wanted}"
        );
        let error = found(nested(MAX_DEPTH + 1).as_bytes(), &paths).unwrap_err();
        assert_eq!(
            error,
            ReadError::new(ReadErrorKind::TooDeep, 4 + MAX_DEPTH),
            "{wanted}"
        );
    }
    let long = vec![
        path(&"0.".repeat(600))[..].to_vec(),
        path(&format!("a.{}", "0.".repeat(600))),
    ];
    let error = found(nested(601).as_bytes(), &Paths::new(&long, &[])).unwrap_err();
    assert_eq!(error, ReadError::new(ReadErrorKind::TooDeep, 4 + MAX_DEPTH));
}

#[test]
fn a_million_brackets_are_refused_at_once() {
    for text in ["[", "{\"a\":", "[{\"a\":"] {
        let record = format!("{{\"a\":{}}}", text.repeat(1_000_000));
        assert_eq!(
            problem(record.as_bytes()),
            ReadErrorKind::TooDeep,
            "of {text}"
        );
        assert_eq!(
            value_end(record.as_bytes(), 0).unwrap_err().kind,
            ReadErrorKind::TooDeep
        );
    }
}

#[test]
fn hostile_texts_of_fifty_megabytes_take_linear_time() {
    let started = std::time::Instant::now();
    for part in ["x", "\\\\", "\\\"", "\u{e9}", "{", "\\u0041"] {
        let text = part.repeat(50_000_000 / part.len());
        let record =
            format!("{{\"skipped\":\"{text}\",\"in\":{{\"a\":\"{text}\"}},\"zz\":\"{text}\"}}");
        let value = found(record.as_bytes(), &paths(&["zz"])).unwrap()[0].map(str::len);
        assert_eq!(value, Some(text.len() + 2), "of {part}");
    }
    // Eighteen texts of 50 MB; quadratic time would be days.
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}

#[test]
fn the_end_of_a_value_in_a_stream() {
    for (bytes, at, end) in [
        (&b"{\"a\":1} {"[..], 0, 7),
        (b"[1,2],", 1, 2),
        (b" \"a\\\"\" ", 0, 6),
        (b"true", 0, 4),
        (b"-1.5e3,", 0, 6),
        (b"[]x", 0, 2),
    ] {
        assert_eq!(
            value_end(bytes, at),
            Ok(end),
            "of {}",
            String::from_utf8_lossy(bytes)
        );
    }
    for bytes in [
        &b"12"[..],
        b"",
        b"  ",
        b"nul",
        b"\"a",
        b"\"a\\",
        b"{\"a\"",
        b"[",
    ] {
        let error = value_end(bytes, 0).unwrap_err();
        assert!(
            error.kind.is_incomplete(),
            "of {}: {error}",
            String::from_utf8_lossy(bytes)
        );
    }
    for bytes in [&b"x"[..], b"nulx", b"}", b",", b"\0", b"\xff"] {
        let error = value_end(bytes, 0).unwrap_err();
        assert!(
            !error.kind.is_incomplete(),
            "of {}: {error}",
            String::from_utf8_lossy(bytes)
        );
    }
    assert_eq!(value_end(b"1", 99).unwrap_err().kind, ReadErrorKind::Empty);
}

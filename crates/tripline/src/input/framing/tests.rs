//! What framing promises: blocks put together are the input, and records are found the same whether
//! the input is seen at once or in pieces.

use proptest::prelude::*;

use super::super::{Block, Kind, Source};
use super::{Cut, Framer};
use std::sync::Arc;

/// The records of an input that is shown in pieces of these sizes (over and over), the bytes of all
/// blocks, and whether the input ended where it may.
fn records(input: &[u8], pieces: &[usize], limit: usize) -> (Vec<String>, Vec<u8>, bool) {
    let mut framer = Framer::new(limit);
    let source = Arc::new(Source {
        name: "test".into(),
        index: 0,
        about: None,
    });
    let (mut found, mut all) = (Vec::new(), Vec::new());
    let mut pieces = pieces.iter().cycle();
    let (mut start, mut seen) = (0usize, 0usize);
    while start < input.len() {
        seen = seen
            .saturating_add(*pieces.next().unwrap_or(&usize::MAX))
            .min(input.len());
        let window = &input[start..seen];
        match framer.cut(window, seen == input.len()) {
            Cut::More(_) => assert!(seen < input.len(), "the last window asks for more"),
            Cut::Block(len, kind) => {
                assert!(len > 0 && len <= window.len(), "{len} of {}", window.len());
                if let Kind::TooLong { first: true } = kind {
                    found.push("TOO LONG".to_owned());
                }
                let block = Block::owned(Arc::clone(&source), window[..len].to_vec(), kind, 0);
                let mut places = Vec::new();
                block.records(&mut places);
                for place in places {
                    found.push(String::from_utf8_lossy(&block.bytes()[place]).into_owned());
                }
                all.extend_from_slice(block.bytes());
                start += len;
            }
        }
    }
    (found, all, framer.is_complete())
}

/// The records of an input seen at once, which is also the input seen byte by byte.
fn whole(input: &str) -> Vec<String> {
    let (found, all, _) = records(input.as_bytes(), &[usize::MAX], 1 << 20);
    assert_eq!(all, input.as_bytes());
    let (slow, all, _) = records(input.as_bytes(), &[1], 1 << 20);
    assert_eq!(all, input.as_bytes());
    assert_eq!(slow, found, "byte by byte");
    found
}

#[test]
fn a_record_a_line_with_blank_lines_crlf_a_mark_and_no_last_line_end() {
    let input = "\u{feff}{\"a\":1}\r\n\r\n  {\"a\":2} \n\n{\"a\":3}";
    assert_eq!(whole(input), [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]);
}

#[test]
fn a_line_that_cannot_be_read_is_a_record_of_its_own() {
    let input = "{\"a\":1}\n{\"a\":\nnot json\n[2026-05-04 10:00:00] text\n{\"a\":2}\n";
    assert_eq!(
        whole(input),
        [
            r#"{"a":1}"#,
            r#"{"a":"#,
            "not json",
            "[2026-05-04 10:00:00] text",
            r#"{"a":2}"#
        ]
    );
}

#[test]
fn a_first_line_that_is_broken_off_does_not_take_the_others_with_it() {
    for broken in ["{\"a\":1,", "{", "{\"a\":\"x", "{\"a\":[1,2"] {
        let input = format!("{broken}\n{{\"a\":2}}\n{{\"a\":3}}\n");
        assert_eq!(whole(&input), [broken, r#"{"a":2}"#, r#"{"a":3}"#]);
    }
}

#[test]
fn envelopes_and_arrays_on_lines_are_taken_apart() {
    let input = concat!(
        "{\"records\":[{\"a\":1},{\"a\":2}]}\n",
        "[{\"a\":3} , {\"a\":4}]\n",
        "{\"a\":5}\n",
        "{ \"records\" : [ {\"a\":6} ] }\n",
        "{\"records\":[]}\n",
        "{\"@odata.context\":\"x\",\"value\":[{\"a\":7}],\"@odata.nextLink\":\"y\"}\n",
    );
    let expected: Vec<_> = (1..=7).map(|a| format!("{{\"a\":{a}}}")).collect();
    assert_eq!(whole(input), expected);
}

#[test]
fn an_envelope_gives_the_same_records_on_one_line_on_a_long_one_and_on_many() {
    for before in [
        "",
        r#""count":2,"#,
        r#""meta":{"source":["x",{"records":1}],"of":{}},"#,
        r#""@odata.context":"c","a":1,"b":[],"c":null,"d":"}","#,
    ] {
        for name in ["records", "value"] {
            let envelope =
                format!(r#"{{{before}"{name}":[{{"a":1}},{{"a":2}}],"z":{{"b":[{{}}]}}}}"#);
            assert_eq!(whole(&envelope), [r#"{"a":1}"#, r#"{"a":2}"#], "{envelope}");
            let second = format!("{{\"a\":0}}\n{envelope}\n{envelope}");
            assert_eq!(whole(&second).len(), 5, "{envelope}");
            let pretty = envelope
                .replace(',', ",\n  ")
                .replace('{', "{\n ")
                .replace('[', "[\n");
            assert_eq!(whole(&pretty).len(), 2, "{pretty}");
            // Longer than a block, so that the shape is told from its beginning.
            let text = "x".repeat(super::super::BLOCK);
            let long = envelope.replace(r#"{"a":2}"#, &format!(r#"{{"a":"{text}"}}"#));
            for long in [format!("{long}\n"), format!("{{\"a\":0}}\n{long}\n")] {
                let found = whole_at_once(&long);
                let lengths: Vec<_> = found.iter().rev().take(2).map(String::len).collect();
                assert_eq!(lengths, [text.len() + 8, 7], "{before}{name}");
            }
        }
    }
}

#[test]
fn elements_that_are_no_objects_are_a_record_each() {
    let object = r#"{"a":1}"#;
    for (input, others) in [
        (r#"{"records":["x",{"a":1}]}"#, vec![r#""x""#]),
        (r#"{"n":1,"records":[null,7,{"a":1}]}"#, vec!["null", "7"]),
        (r#"[null,{"a":1},{"a":1}]"#, vec!["null"]),
        (r#"[{"a":1},["x"],3]"#, vec![r#"["x"]"#, "3"]),
        (r#"[[{"a":1}],{"a":1}]"#, vec![r#"[{"a":1}]"#]),
    ] {
        for input in [
            input.to_owned(),
            format!("{object}\n{input}\n"),
            input.replace(',', ",\n"),
        ] {
            let mut found = whole(&input);
            found.retain(|record| record != object);
            assert_eq!(found, others, "{input}");
        }
    }
}

#[test]
fn a_record_that_only_resembles_an_envelope_stays_whole() {
    for input in [
        r#"{"name":"x","value":[]}"#,
        r#"{"name":"x","value":[1,{"a":1}]}"#,
        r#"{"a":{"records":[{"b":1}]}}"#,
        r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"records":[{"b":1}]}"#,
        "[error] no space",
        "[error]",
        r#"{"value":[1,2]}"#,
        r#"{"records":3}"#,
        r#"{"value":"[{}]"}"#,
        r#"{"reason":"x"}"#,
    ] {
        assert_eq!(whole(input), [input]);
    }
}

#[test]
fn a_whole_document_gives_its_elements() {
    let elements = [
        r#"{"a": 1}"#,
        "{\n    \"a\": [1, 2],\n    \"b\": \"]}\"\n  }",
    ];
    let array = format!("[\n  {},\n  {}\n]\n", elements[0], elements[1]);
    assert_eq!(whole(&array), elements);
    let envelope = format!(
        "{{\n  \"records\": [\n  {},\n  {}\n  ]\n}}\n",
        elements[0], elements[1]
    );
    assert_eq!(whole(&envelope), elements);
    let graph = format!(
        "{{\n  \"@odata.context\": \"c\",\n  \"value\": [{}, {}],\n  \"more\": {{\"x\": [1]}}\n}}",
        elements[0], elements[1]
    );
    assert_eq!(whole(&graph), elements);
    let one = elements[1];
    assert_eq!(whole(one), [one]);
    let several = format!("{}\n{}{}", one, one, elements[0]);
    assert_eq!(whole(&several), [one, one, elements[0]]);
    assert_eq!(
        whole("{\"a\":1}{\"a\":2}  {\"a\":3}"),
        [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]
    );
}

#[test]
fn a_document_that_is_cut_off_gives_what_was_whole_and_says_so() {
    let input = b"[\n {\"a\": 1},\n {\"a\": 2,\n  \"b\": ";
    let (found, _, complete) = records(input, &[usize::MAX], 1 << 20);
    assert_eq!(found, ["{\"a\": 1}", "{\"a\": 2,\n  \"b\":"]);
    assert!(!complete);
    let (_, _, complete) = records(b"[\n {\"a\": 1}\n]", &[usize::MAX], 1 << 20);
    assert!(complete);
}

#[test]
fn an_empty_input_and_one_of_white_space_have_no_records() {
    for input in [
        "",
        "\n",
        " \r\n\t\n",
        "\u{feff}",
        "[]",
        "{\"records\": [\n]}",
    ] {
        assert!(whole(input).is_empty(), "{input:?}");
    }
}

#[test]
fn a_record_longer_than_the_limit_is_one_record_and_the_next_is_found() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(100));
    let lines = format!("{{\"a\":1}}\n{long}\n{{\"a\":2}}\n");
    for pieces in [vec![1], vec![7], vec![usize::MAX]] {
        let (found, all, _) = records(lines.as_bytes(), &pieces, 50);
        assert_eq!(
            found,
            [r#"{"a":1}"#, "TOO LONG", r#"{"a":2}"#],
            "{pieces:?}"
        );
        assert_eq!(all, lines.as_bytes());
    }
    let document = format!("[\n{{\"a\":1}},\n{long},\n{{\"a\":2}}\n]");
    for pieces in [vec![1], vec![7], vec![usize::MAX]] {
        let (found, all, _) = records(document.as_bytes(), &pieces, 50);
        assert_eq!(
            found,
            [r#"{"a":1}"#, "TOO LONG", r#"{"a":2}"#],
            "{pieces:?}"
        );
        assert_eq!(all, document.as_bytes());
    }
}

#[test]
fn values_nested_deeper_than_any_stack_are_a_record_that_cannot_be_read() {
    let deep = "[".repeat(200_000);
    assert_eq!(whole_at_once(&deep).len(), 1);
    let deep = format!("{{\"a\":{}\n{{\"a\":1}}\n", "[".repeat(200_000));
    assert_eq!(
        whole_at_once(&deep).last().map(String::as_str),
        Some(r#"{"a":1}"#)
    );
}

fn whole_at_once(input: &str) -> Vec<String> {
    let (found, all, _) = records(input.as_bytes(), &[usize::MAX], 64 << 20);
    assert_eq!(all, input.as_bytes());
    found
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_come_out_again(
        input in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b','),
                Just(b':'), Just(b' '), Just(b'\\'), Just(b'a'), any::<u8>()],
            0..200,
        ),
        pieces in proptest::collection::vec(1usize..40, 1..5),
        limit in 1usize..100,
    ) {
        let (_, all, _) = records(&input, &pieces, limit);
        prop_assert_eq!(&all, &input);
        let (_, all, _) = records(&input, &[usize::MAX], limit);
        prop_assert_eq!(&all, &input);
    }

    #[test]
    fn records_do_not_depend_on_the_pieces(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("{\"a\":1}"), Just("{\"records\":[{\"a\":2},{\"a\":3}]}"), Just("[{\"a\":4}]"), Just(""),
                Just("broken"), Just("{\"a\":[1,2,{}]}"), Just("  {\"b\":\"x,[{\"}\r"),
            ],
            1..20,
        ),
        pieces in proptest::collection::vec(1usize..40, 1..5),
    ) {
        let input = lines.join("\n");
        let (found, _, _) = records(input.as_bytes(), &pieces, 1 << 20);
        let (expected, _, _) = records(input.as_bytes(), &[usize::MAX], 1 << 20);
        prop_assert_eq!(found, expected);
    }
}

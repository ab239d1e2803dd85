//! What a reader finds in a record does not depend on the records it has read before.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::random::{all_paths, any_json, any_path, any_record};
use super::*;

type Read = Result<Vec<Option<Found>>, ReadError>;

/// What is found, but for slots that others may settle: those may be found or not.
fn read_with(slots: &mut Slots, record: &[u8], paths: &Paths) -> Read {
    read(record, paths, slots)?;
    let settled = |slot| (0..paths.len()).any(|other| paths.settled_by(other).contains(&slot));
    let kept = (0..paths.len()).filter(|slot| !settled(*slot));
    Ok(kept.map(|slot| slots.get(slot)).collect())
}

/// Reads the records one after the other with one reader and with a new one each.
fn same_as_alone<R: AsRef<[u8]>>(records: &[R], paths: &Paths) {
    let mut slots = Slots::new(paths);
    for record in records.iter().map(AsRef::as_ref) {
        let along = read_with(&mut slots, record, paths);
        let alone = read_with(&mut Slots::new(paths), record, paths);
        let texts: Vec<_> = records
            .iter()
            .map(|record| String::from_utf8_lossy(record.as_ref()).into_owned())
            .collect();
        assert_eq!(
            along,
            alone,
            "of {} in {texts:#?}",
            String::from_utf8_lossy(record)
        );
    }
}

#[test]
fn a_value_of_another_length_or_kind_is_found_where_it_is() {
    let wanted = paths(&["a", "b.c", "b.d.0", "b.d.1.e", "f", "g"]);
    let first = r#"{"a":"x","n":[1,"t",{"u":null}],"b":{"c":12,"d":["p",{"e":true}],"z":"zz"},"f":[],"g":"end"}"#;
    let mut records = vec![first.to_owned()];
    for (old, new) in [
        (r#""x""#, r#""longer than before""#),
        (r#""x""#, r#""""#),
        (r#""x""#, r#""esc\"aped\\""#),
        (r#""x""#, "null"),
        (r#""x""#, r#"{"a":1}"#),
        (r#""x""#, r#"["a"]"#),
        ("12", "123"),
        ("12", "1"),
        ("12", "-0.5e3"),
        ("12", "012"),
        ("12", "12 "),
        ("12", r#""12""#),
        ("12", r#"[{"c":"]"}]"#),
        (r#"[1,"t",{"u":null}]"#, "[]"),
        (r#"[1,"t",{"u":null}]"#, r#"{"n":{}}"#),
        (r#"[1,"t",{"u":null}]"#, "7"),
        (r#"[1,"t",{"u":null}]"#, r#"[1,"tt",{"u":"\\"}]"#),
        (r#"[1,"t",{"u":null}]"#, r#"[1,"tt",{"u":"\\"},4,[[]]]"#),
        (r#"[1,"t",{"u":null}]"#, r#"[2,"t",{"uu":null}]"#),
        (r#""p""#, "[]"),
        (r#""p","#, ""),
        (r#"{"e":true}"#, "{}"),
        (r#""e""#, r#""d""#),
        ("true", "tru"),
        (r#""z":"zz""#, r#""y":1,"z":"zz""#),
        (r#","z":"zz""#, ""),
        (r#""b":{"#, r#""b":null,"b":{"#),
        (r#""b":"#, r#""b" : "#),
        (r#","f":[]"#, ""),
        ("[]", r#"[1,2,"3"]"#),
        ("[]", r#""[]""#),
        (r#""end""#, r#""end","h":1"#),
        (r#""end""#, r#""end"} "#),
        (r#""end"}"#, r#""end"}}"#),
        (r#""g""#, r#""\u0067""#),
        (r#"{"a""#, r#" {"a""#),
    ] {
        assert!(first.contains(old), "{old}");
        records.push(first.replacen(old, new, 1));
    }
    same_as_alone(&records, &wanted);
    for settled in [
        vec![vec![1]],
        vec![vec![], vec![4, 5]],
        vec![vec![5], vec![5]],
    ] {
        let texts = ["a", "b.c", "b.d.0", "b.d.1.e", "f", "g"].map(path);
        same_as_alone(&records, &Paths::new(&texts, &settled));
    }
}

#[test]
fn a_number_that_touches_a_bracket_is_read_to_its_end() {
    let wanted = paths(&["a.1", "b.c"]);
    same_as_alone(
        &[
            r#"{"a":[null,10],"b":{"c":1}}"#,
            r#"{"a":[null,100],"b":{"c":12}}"#,
            r#"{"a":[null,10x],"b":{"c":1}}"#,
            r#"{"a":[null,10],"b":{"c":1x}}"#,
            r#"{"a":[null,10 ],"b":{"c":1.5}}"#,
            r#"{"a":[null,10,3],"b":{"c":1,"d":2}}"#,
        ],
        &wanted,
    );
}

#[test]
fn a_container_that_is_wanted_and_gone_into_is_found_whole() {
    let wanted = paths(&["b", "b.c", "b.d"]);
    same_as_alone(
        &[
            r#"{"a":1,"b":{"c":"x","e":"y"},"z":1}"#,
            r#"{"a":22,"b":{"c":"xx","e":"yyy"},"z":1}"#,
            r#"{"a":22,"b":{"c":"xx","d":"yyy"},"z":2}"#,
            r#"{"a":333,"b":{"c":"é","e":"é"},"z":3}"#,
        ],
        &wanted,
    );
    let damaged: [&[u8]; 3] = [
        br#"{"a":1,"b":{"c":"x","e":"y"},"z":1}"#,
        b"{\"a\":1,\"b\":{\"c\":\"x\",\"e\":\"\xff\"},\"z\":1}",
        b"{\"a\":1,\"b\":{\"c\":\"\xff\",\"e\":\"y\"},\"z\":1}",
    ];
    same_as_alone(&damaged, &wanted);
}

#[test]
fn a_reader_follows_a_stream_that_has_changed_its_shape() {
    let wanted = paths(&["a", "b"]);
    let before = (0..50).map(|at| format!(r#"{{"a":{at},"b":"x{at}","c":[{at}]}}"#));
    let after = (0..150).map(|at| format!(r#"{{"c":[{at}],"b":{{}},"a":"{at}"}}"#));
    same_as_alone(&before.chain(after).collect::<Vec<_>>(), &wanted);
}

#[test]
fn records_of_several_shapes_take_turns() {
    let wanted = paths(&["a", "b"]);
    let records = (0..1_000).map(|at| match at % 6 {
        0 => format!(r#"{{"a":{at},"b":"x{at}","first":1}}"#),
        1 => format!(r#"{{"b":"{at}","second":[{at}],"a":{{}}}}"#),
        shape => format!(r#"{{"shape{shape}":{at},"b":"x{at}","a":[{at}]}}"#),
    });
    same_as_alone(&records.collect::<Vec<_>>(), &wanted);
}

#[test]
fn many_members_that_the_record_before_did_not_have_take_linear_time() {
    let members = |name: &str, count: usize| -> String {
        (0..count)
            .map(|at| format!(r#""{name}{at}":{at},"#))
            .collect()
    };
    let first = format!(r#"{{{}"a":1}}"#, members("x", 4_000));
    let other = format!(r#"{{{}"a":2}}"#, members("y", 300_000));
    same_as_alone(&[first, other], &paths(&["a"]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_read_before_changes_nothing(
        first in any_record(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
        random in prop::collection::vec(any_path(), 0..3),
        settled in prop::collection::vec(prop::collection::vec(0..6usize, 0..3), 0..6),
        pretty in any::<bool>(),
        replaced in prop::collection::vec((any::<prop::sample::Index>(), any_json()), 0..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            any::<u8>(),
            prop::sample::select(&b"\"\\{}[],:0 "[..]),
        ]), 0..12),
    ) {
        let known = all_paths(&first);
        let mut wanted = random;
        wanted.extend(picks.iter().map(|pick| pick.get(&known).clone()));
        wanted.sort();
        wanted.dedup();
        let paths = Paths::new(&wanted, &settled);
        let text = |json: &Json| match pretty {
            true => serde_json::to_string_pretty(json),
            false => serde_json::to_string(json),
        }.unwrap().into_bytes();
        let mut records = vec![text(&first), text(&first)];
        let mut other = first.clone();
        for (place, json) in replaced {
            let pointer: String = place.get(&known).iter().map(|step| match step {
                PathStep::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
                PathStep::Index(index) => format!("/{index}"),
                PathStep::Each => String::new(),
            }).collect();
            if let Some(value) = other.pointer_mut(&pointer).filter(|_| !pointer.is_empty()) {
                *value = json;
            }
            records.push(text(&other));
        }
        for (place, byte) in changes {
            let mut bytes = text(&first);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            records.push(bytes);
        }
        same_as_alone(&records, &paths);
    }
}

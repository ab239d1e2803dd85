//! What a reader finds in a record does not depend on the records it has read before.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::encoder::{chosen, shortest};
use super::random::{all_paths, any_json, any_path, any_record};
use super::*;

type Read = Result<Vec<Option<Found>>, ReadError>;

/// What is found, but for slots that others may settle: those may be found or not.
fn read_with(slots: &mut Slots, record: &[u8], encoding: Encoding, paths: &Paths) -> Read {
    super::super::read(record, encoding, paths, slots)?;
    let settled = |slot| (0..paths.len()).any(|other| paths.settled_by(other).contains(&slot));
    let kept = (0..paths.len()).filter(|slot| !settled(*slot));
    Ok(kept.map(|slot| slots.get(slot)).collect())
}

/// Reads the records one after the other with one reader and with a new one each, and likewise those
/// of them that are JSON as MessagePack.
fn same_as_alone<R: AsRef<[u8]>>(records: &[R], paths: &Paths) {
    same_in(Encoding::Json, records, paths);
    let packed: Vec<Vec<u8>> = records
        .iter()
        .filter_map(|record| serde_json::from_slice(record.as_ref()).ok())
        .map(|record: Json| shortest(&record))
        .collect();
    same_in(Encoding::MessagePack, &packed, paths);
}

fn same_in<R: AsRef<[u8]>>(encoding: Encoding, records: &[R], paths: &Paths) {
    let mut slots = Slots::new(paths);
    for record in records.iter().map(AsRef::as_ref) {
        let along = read_with(&mut slots, record, encoding, paths);
        let alone = read_with(&mut Slots::new(paths), record, encoding, paths);
        let texts: Vec<_> = records
            .iter()
            .map(|record| String::from_utf8_lossy(record.as_ref()).into_owned())
            .collect();
        assert_eq!(
            along,
            alone,
            "of {encoding:?} {} in {texts:#?}",
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

    #[test]
    fn what_was_read_before_changes_nothing_in_message_pack(
        first in any_record(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
        random in prop::collection::vec(any_path(), 0..3),
        settled in prop::collection::vec(prop::collection::vec(0..6usize, 0..3), 0..6),
        changed in prop::collection::vec(any_change(), 0..12),
        damaged in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        mut seed in any::<u64>(),
    ) {
        let known = all_paths(&first);
        let mut wanted = random;
        wanted.extend(picks.iter().map(|pick| pick.get(&known).clone()));
        wanted.sort();
        wanted.dedup();
        let paths = Paths::new(&wanted, &settled);
        let mut choose = |choices: usize| {
            seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            // The shortest one most of the time.
            usize::try_from(seed % 64).unwrap_or(0).saturating_sub(60) % choices.max(1)
        };
        let mut records = vec![shortest(&first), shortest(&first)];
        let mut other = first.clone();
        for (at, (place, change)) in changed.iter().enumerate() {
            if at % 3 == 0 {
                other = first.clone();
            }
            alter(&mut other, place.get::<Vec<PathStep>>(&known), change);
            records.push(chosen(&other, &mut choose));
        }
        for (place, byte) in damaged {
            let mut bytes = shortest(&first);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            records.push(bytes);
        }
        for length in cut {
            let bytes = shortest(&first);
            records.push(bytes[..length.index(bytes.len())].to_vec());
        }
        same_in(Encoding::MessagePack, &records, &paths);
    }
}

/// What can happen to a value, or in the object that it is in.
#[derive(Debug, Clone)]
enum Change {
    Replace(Json),
    Remove,
    /// Another member in front of it.
    Insert(String, Json),
}

fn any_change() -> impl Strategy<Value = (prop::sample::Index, Change)> {
    let change = prop_oneof![
        any_json().prop_map(Change::Replace),
        Just(Change::Remove),
        ("[abcd]{1,2}", any_json()).prop_map(|(name, json)| Change::Insert(name, json)),
    ];
    (any::<prop::sample::Index>(), change)
}

/// Changes what is at a path, if it is still there.
fn alter(record: &mut Json, path: &[PathStep], change: &Change) {
    let Some((last, above)) = path.split_last() else {
        return;
    };
    let around = above.iter().try_fold(record, |json, step| match step {
        PathStep::Key(key) => json.get_mut(key),
        PathStep::Index(index) => json.get_mut(*index as usize),
        PathStep::Each => None,
    });
    let (Some(around), PathStep::Key(name)) = (around, last) else {
        return;
    };
    let Some(members) = around.as_object_mut() else {
        return;
    };
    let at = members.keys().position(|other| other == name);
    match (change, at) {
        (Change::Replace(json), Some(_)) => {
            members.insert(name.clone(), json.clone());
        }
        (Change::Remove, Some(_)) => {
            members.shift_remove(name);
        }
        (Change::Insert(name, json), Some(at)) if !members.contains_key(name) => {
            members.shift_insert(at, name.clone(), json.clone());
        }
        _ => {}
    }
}

#[test]
fn a_text_in_place_of_a_map_that_was_gone_into_is_verified() {
    let wanted = paths(&["a.b"]);
    let first = shortest(&serde_json::json!({ "a": { "b": 1 } }));
    let mut damaged = shortest(&serde_json::json!({ "a": "xy" }));
    damaged[4] = 0xff;
    same_in(
        Encoding::MessagePack,
        &[first.clone(), first, damaged],
        &wanted,
    );
}

/// How many of the records are read along the one before.
fn kept(records: &[Vec<u8>], paths: &Paths) -> usize {
    let mut slots = Slots::new(paths);
    let follows = |record: &&Vec<u8>| {
        let before = slots.packed_memory.strayed();
        super::super::read(record, Encoding::MessagePack, paths, &mut slots).unwrap();
        slots.packed_memory.strayed() == before
    };
    records.iter().filter(follows).count()
}

#[test]
fn members_that_come_and_go_do_not_make_a_reader_leave_what_it_follows() {
    let wanted = paths(&["a", "b.c", "b.d", "f"]);
    let packed = |text: &str| shortest(&serde_json::from_str(text).unwrap());
    let records: Vec<Vec<u8>> = [
        r#"{"a":"x","n":[1,"t",{"u":null}],"b":{"c":12,"x":1,"d":"d"},"f":"end"}"#,
        r#"{"a":"x","n":[1,"t",{"u":null}],"b":{"c":12,"x":1,"d":"d","y":"more"},"f":"end"}"#,
        r#"{"a":"x","n":[1,"t",{"u":null}],"b":{"c":12,"d":"d"},"f":"end"}"#,
        r#"{"a":"x","n":[1,"t",{"u":null}],"b":{"c":12,"x":1},"f":"end"}"#,
        r#"{"a":"x","n":[1,"t",{"u":null}],"b":{},"f":"end"}"#,
        r#"{"a":"x","n":[1,"t",{"u":null}],"b":null,"f":"end"}"#,
        r#"{"a":"x","b":{"c":12,"x":1,"d":"d"},"f":"end"}"#,
        r#"{"a":"x","n":{"n":[]},"o":[],"b":{"c":12,"x":1,"d":"d"},"f":"end","z":0}"#,
        r#"{"a":"x"}"#,
    ]
    .map(packed)
    .into();
    // The first one is walked through, and kept.
    assert_eq!(kept(&records, &wanted), records.len() - 1);
    same_in(Encoding::MessagePack, &records, &wanted);
}

//! What the reader promises, as properties over random documents and damaged bytes.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tripline_lang::types::Type;
use tripline_lang::value::Value;

use super::*;

/// Texts of JSON as a machine or a person might write it.
pub(super) fn any_json() -> impl Strategy<Value = Json> {
    let text = prop_oneof![
        "[abc]{0,3}",
        "\\PC{0,12}",
        "[\\\\\"{}\\[\\],: a]{0,20}",
        "x{0,70}"
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        // Eighths are exact in either direction.
        any::<i32>().prop_map(|eighths| Json::from(f64::from(eighths) / 8.0)),
        text.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        let name = prop_oneof![8 => "[abc]{1,2}", 1 => text.clone()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

pub(super) fn any_record() -> impl Strategy<Value = Json> {
    let name = prop_oneof!["[abc]{1,2}", "\\PC{0,9}"];
    prop::collection::vec((name, any_json()), 0..10)
        .prop_map(|members| members.into_iter().collect())
}

pub(super) fn any_path() -> impl Strategy<Value = Vec<PathStep>> {
    let step = prop_oneof![4 => "[abc]{1,2}".prop_map(PathStep::Key), 1 => (0..4u32).prop_map(PathStep::Index)];
    prop::collection::vec(step, 1..5)
}

/// What serde_json has at a path.
fn theirs<'j>(json: &'j Json, path: &[PathStep]) -> Option<&'j Json> {
    path.iter().try_fold(json, |at, step| match step {
        PathStep::Key(key) => at.as_object()?.get(key),
        PathStep::Index(index) => at.as_array()?.get(*index as usize),
        PathStep::Each => None,
    })
}

/// Every path there is in a document, so that many random ones lead somewhere.
pub(super) fn all_paths(json: &Json) -> Vec<Vec<PathStep>> {
    let mut paths = Vec::new();
    let mut open = vec![(Vec::new(), json)];
    while let Some((path, json)) = open.pop() {
        let mut below = |step: PathStep, json| {
            let mut path: Vec<PathStep> = path.clone();
            path.push(step);
            open.push((path, json));
        };
        match json {
            Json::Object(members) => members
                .iter()
                .for_each(|(name, json)| below(PathStep::Key(name.clone()), json)),
            Json::Array(elements) => (0..)
                .zip(elements)
                .for_each(|(index, json)| below(PathStep::Index(index), json)),
            _ => {}
        }
        paths.push(path);
    }
    paths
}

/// Paths at random, and some of those that there are.
pub(super) fn some_paths(
    record: &Json,
    random: Vec<Vec<PathStep>>,
    picks: &[prop::sample::Index],
) -> Vec<Vec<PathStep>> {
    let known = all_paths(record);
    let mut wanted = random;
    wanted.extend(picks.iter().map(|pick| pick.get(&known).clone()));
    wanted.sort();
    wanted.dedup();
    wanted
}

fn agrees(record: &Json, text: &str, wanted: &[Vec<PathStep>]) {
    let paths = Paths::new(wanted, &[]);
    let values = found(text.as_bytes(), &paths).unwrap_or_else(|error| panic!("{error} in {text}"));
    for (path, ours) in wanted.iter().zip(values) {
        let ours: Option<Json> = ours.map(|text| serde_json::from_str(text).unwrap());
        assert_eq!(ours.as_ref(), theirs(record, path), "at {path:?} of {text}");
        let whole = value_of(
            text.as_bytes(),
            Found {
                kind: Kind::Object,
                encoding: Encoding::Json,
                start: 0,
                end: text.len() as u32,
            },
        );
        let Value::Json(raw) = whole else {
            panic!("an object is a json value")
        };
        let member: Option<Json> = match member(&raw, path) {
            Value::Json(raw) => Some(serde_json::from_slice(&raw.bytes).unwrap()),
            _ => None,
        };
        assert_eq!(
            member.as_ref(),
            theirs(record, path).filter(|json| !json.is_null() && **json != ""),
            "at {path:?} of {text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_what_serde_json_reads(
        record in any_record(),
        random in prop::collection::vec(any_path(), 0..6),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        pretty in any::<bool>(),
    ) {
        let wanted = some_paths(&record, random, &picks);
        let text = if pretty { serde_json::to_string_pretty(&record) } else { serde_json::to_string(&record) };
        agrees(&record, &text.unwrap(), &wanted);
    }

    #[test]
    fn the_end_of_a_document_is_found_whatever_follows(json in any_json(), behind in "[ ,\\]}x]{1,9}") {
        let text = json.to_string();
        prop_assert_eq!(value_end(format!("{text} {behind}").as_bytes(), 0), Ok(text.len()));
    }

    #[test]
    fn changed_bytes_never_panic(
        record in any_record(),
        wanted in prop::collection::vec(any_path(), 0..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            any::<u8>(),
            prop::sample::select(&b"\"\\{}[],:0 "[..]),
        ]), 1..6),
        settled in prop::collection::vec(prop::collection::vec(0..6usize, 0..4), 0..6),
    ) {
        let mut bytes = record.to_string().into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let paths = Paths::new(&wanted, &settled);
        let mut slots = Slots::new(&paths);
        if let Err(error) = read(&bytes, &paths, &mut slots) {
            prop_assert!(error.offset <= bytes.len(), "{error}");
            prop_assert!(!error.to_string().is_empty());
            return Ok(());
        }
        for found in (0..paths.len()).filter_map(|slot| slots.get(slot)) {
            let value = value_of(&bytes, found);
            for ty in [Type::String, Type::Int, Type::Timestamp, Type::Ip, Type::List(Type::String.into())] {
                convert(value.clone(), &ty);
            }
        }
    }

    #[test]
    fn any_bytes_at_all_never_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(prop::sample::select(&b"\"\"\\{}[],:01eatrufl\xff \n"[..]), 0..200),
        ],
        wanted in prop::collection::vec(any_path(), 0..4),
    ) {
        let paths = Paths::new(&wanted, &[]);
        let mut slots = Slots::new(&paths);
        let _ = read(&bytes, &paths, &mut slots);
        let mut object = b"{\"a\":".to_vec();
        object.extend_from_slice(&bytes);
        object.push(b'}');
        let _ = read(&object, &paths, &mut slots);
        for at in 0..bytes.len().min(20) {
            let _ = value_end(&bytes, at);
        }
    }
}

#[test]
fn a_document_with_two_of_a_name_reads_as_its_first() {
    let record = json!({"a": {"b": 1}});
    agrees(&record, r#"{"a":{"b":1,"b":2},"a":3}"#, &[path("a.b")]);
}

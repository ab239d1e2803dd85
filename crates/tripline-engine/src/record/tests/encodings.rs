//! The promise that the encoding of a record does not matter: random documents read as JSON and as
//! MessagePack, in every width of header, give the same values in every type. And what MessagePack
//! that is damaged may and may not do.

use proptest::prelude::*;
use tripline_lang::types::Type;
use tripline_lang::value::{Raw, Value};

use super::encoder::chosen;
use super::random::{all_paths, any_path, any_record, some_paths};
use super::*;

/// Picks headers by a seed; the same seed, the same bytes.
fn encoded(record: &serde_json::Value, mut seed: u64) -> Vec<u8> {
    chosen(record, &mut |count| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Half of the headers are the shortest, as shippers write them.
        match seed >> 63 {
            0 => 0,
            _ => (seed >> 32) as usize % count,
        }
    })
}

/// A value as text that shows its type, whatever its encoding.
fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Json(raw) => format!("json {}", json_text(raw).unwrap()),
        Value::List(values) => format!("{:?}", values.iter().map(shown).collect::<Vec<_>>()),
        value => format!("{value:?}"),
    }
}

/// What the value is in every type, and in a list of every type.
fn in_every_type(value: &Value<'_>) -> Vec<String> {
    let types = Type::NAMES.iter().map(|(_, ty)| ty);
    types
        .flat_map(|ty| [ty.clone(), Type::List(Box::new(ty.clone()))])
        .map(|ty| format!("{ty}: {}", shown(&convert(value.clone(), &ty))))
        .collect()
}

fn whole(bytes: &[u8], encoding: Encoding) -> Raw<'_> {
    Raw {
        bytes: bytes.into(),
        encoding,
    }
}

fn slots(bytes: &[u8], encoding: Encoding, paths: &Paths) -> Result<Slots, ReadError> {
    let mut slots = Slots::new(paths);
    super::super::read(bytes, encoding, paths, &mut slots).map(|()| slots)
}

fn agrees(text: &str, bytes: &[u8], wanted: &[Vec<PathStep>], settled: &[Vec<Slot>]) {
    agrees_in(Encoding::MessagePack, text, bytes, wanted, settled);
}

/// That a record has the same values in JSON and in another encoding.
pub(super) fn agrees_in(
    encoding: Encoding,
    text: &str,
    bytes: &[u8],
    wanted: &[Vec<PathStep>],
    settled: &[Vec<Slot>],
) {
    let paths = Paths::new(wanted, settled);
    let json = slots(text.as_bytes(), Encoding::Json, &paths).unwrap();
    let other = slots(bytes, encoding, &paths).unwrap();
    for (slot, path) in wanted.iter().enumerate() {
        let value = |slots: &Slots, bytes| {
            let found = slots.get(slot)?;
            Some(in_every_type(&value_of(bytes, found)))
        };
        assert_eq!(
            value(&other, bytes),
            value(&json, text.as_bytes()),
            "{encoding:?} at {path:?} of {text}"
        );
    }
}

/// A path that may also go into all elements.
fn any_member() -> impl Strategy<Value = Vec<PathStep>> {
    (any_path(), prop::option::of(0..4usize)).prop_map(|(mut path, each)| {
        if let Some(at) = each {
            path.insert(at.min(path.len()), PathStep::Each);
        }
        path
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_has_the_same_values_in_both_encodings(
        record in any_record(),
        seed in any::<u64>(),
        random in prop::collection::vec(any_path(), 0..6),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        settled in prop::collection::vec(prop::collection::vec(0..14usize, 0..3), 0..6),
    ) {
        let wanted = some_paths(&record, random, &picks);
        let (text, bytes) = (record.to_string(), encoded(&record, seed));
        agrees(&text, &bytes, &wanted, &[]);
        agrees(&text, &bytes, &wanted, &settled);
    }

    #[test]
    fn a_number_converts_as_its_digits_in_json_do(
        number in prop_oneof![
            any::<i64>().prop_map(serde_json::Value::from),
            any::<u64>().prop_map(serde_json::Value::from),
            (-300..300i64).prop_map(serde_json::Value::from),
            (1_000_000_000..2_000_000_000_000i64).prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            any::<f32>().prop_map(|number| serde_json::Value::from(f64::from(number))),
            any::<i32>().prop_map(|number| serde_json::Value::from(f64::from(number))),
        ],
        seed in any::<u64>(),
    ) {
        let record = serde_json::json!({"a": number});
        agrees(&record.to_string(), &encoded(&record, seed), &[path("a")], &[]);
    }

    #[test]
    fn what_is_inside_a_value_is_the_same_in_both_encodings(
        record in any_record(),
        seed in any::<u64>(),
        random in prop::collection::vec(any_member(), 0..6),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let known = all_paths(&record);
        let (text, bytes) = (record.to_string(), encoded(&record, seed));
        let json = whole(text.as_bytes(), Encoding::Json);
        let msgpack = whole(&bytes, Encoding::MessagePack);
        let owned = Raw { bytes: bytes.clone().into(), encoding: Encoding::MessagePack };
        prop_assert_eq!(json_text(&msgpack).unwrap(), text.as_str());
        for path in random.iter().chain(picks.iter().map(|pick| pick.get(&known))) {
            let expected = in_every_type(&member(&json, path));
            prop_assert_eq!(&in_every_type(&member(&msgpack, path)), &expected, "at {:?} of {}", path, text);
            prop_assert_eq!(&in_every_type(&member(&owned, path)), &expected, "at {:?} of {}", path, text);
            if let (Value::Json(json), Value::Json(msgpack)) = (member(&json, path), member(&msgpack, path)) {
                let all = |raw| elements(raw).iter().flat_map(in_every_type).collect::<Vec<_>>();
                prop_assert_eq!(all(&msgpack), all(&json), "inside {:?} of {}", path, text);
            }
        }
    }

    #[test]
    fn a_wanted_record_that_is_cut_off_is_incomplete(record in any_record(), seed in any::<u64>()) {
        let bytes = encoded(&record, seed);
        let paths = paths(&[""]);
        for length in 0..bytes.len() {
            let error = slots(&bytes[..length], Encoding::MessagePack, &paths).unwrap_err();
            prop_assert!(error.kind.is_incomplete(), "{length} of {bytes:x?}: {error}");
        }
        let behind = [&bytes[..], &[0xc0]].concat();
        let error = slots(&behind, Encoding::MessagePack, &paths).map(|_| ()).unwrap_err();
        prop_assert_eq!(error, ReadError::new(ReadErrorKind::TrailingData, bytes.len()));
    }

    #[test]
    fn changed_bytes_never_panic_in_any_encoding(
        record in any_record(),
        seed in any::<u64>(),
        wanted in prop::collection::vec(any_path(), 0..6),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encoded(&record, seed);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        survives(&bytes, &wanted);
        survives(&bytes[..cut.index(bytes.len())], &wanted);
    }

    #[test]
    fn any_bytes_at_all_never_panic_as_message_pack(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        wanted in prop::collection::vec(any_path(), 0..4),
    ) {
        survives(&bytes, &wanted);
        let map = [&b"\x82\xa1a"[..], &bytes].concat();
        survives(&map, &wanted);
    }
}

/// Reads the bytes and looks into all that is found.
fn survives(bytes: &[u8], wanted: &[Vec<PathStep>]) {
    let mut wanted = wanted.to_vec();
    wanted.push(vec![PathStep::Key("a".to_owned())]);
    let paths = Paths::new(&wanted, &[]);
    match slots(bytes, Encoding::MessagePack, &paths) {
        Err(error) => {
            assert!(error.offset <= bytes.len(), "{error}");
            assert!(!error.to_string().is_empty());
        }
        Ok(slots) => {
            for found in (0..paths.len()).filter_map(|slot| slots.get(slot)) {
                in_every_type(&value_of(bytes, found));
            }
        }
    }
    let raw = whole(bytes, Encoding::MessagePack);
    for path in &wanted {
        member(&raw, path);
    }
    elements(&raw);
    json_text(&raw);
}

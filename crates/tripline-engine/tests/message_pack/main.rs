//! The promise that a shipper's encoding does not matter: the same records as JSON and as
//! MessagePack give the same detections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

mod encoder;

use serde_json::{Value, json};
use tripline_engine::lang;
use tripline_engine::{
    Batch, Detection, Emission, Encoding, Engine, EventFields, Fate, Options, ReadErrorKind,
    RuleSet, Scanner, Sink,
};
use tripline_samples::{Noise, Options as SampleOptions, Samples, Shape, Wrap};

use self::encoder::{chosen, shortest};

const RULES: &str = r#"
schema signin {
  accept .category in ["SignInLogs", "NonInteractiveUserSignInLogs"]
      or .Type in ["SigninLogs", "AADNonInteractiveUserSignInLogs"]
  time        : timestamp = .properties.createdDateTime ?? .CreatedDateTime ?? .TimeGenerated ?? .time
  id          : string    = .properties.id ?? .Id
  user        : string    = lower(.properties.userPrincipalName ?? .UserPrincipalName)
  ip          : ip        = .properties.ipAddress ?? .IPAddress
  asn         : int       = .properties.autonomousSystemNumber ?? .AutonomousSystemNumber
  result      : string    = .properties.status.errorCode ?? .resultType ?? .ResultType
  device      : json      = .properties.deviceDetail ?? .DeviceDetail
  latitude    : string    = .properties.location.geoCoordinates.latitude
  policies    : [string]  = .properties.appliedConditionalAccessPolicies[*].displayName
  interactive : bool      = .category == "SignInLogs" or .Type == "SigninLogs"
}

rule moved {
  sequence by user within 10m {
    login = last signin where interactive
    token = signin where not interactive and present(login.ip) and token.ip != login.ip
  }
  emit {
    from = login.ip
    asn = token.asn
    result = token.result
    device = login.device
    os = login.device.operatingSystem
    latitude = login.latitude
    policies = login.policies
  }
}
exclude "known" from moved { when token.asn == 64500 }

filter quiet {
  on signin
  drop when present(result) and result != "0"
  tag "interactive" when interactive
}
"#;

#[derive(Default)]
struct Lines {
    detections: Vec<Value>,
    fates: Vec<Fate>,
}

impl Sink for Lines {
    fn detection(&mut self, detection: Detection<'_>) {
        self.detections
            .push(serde_json::to_value(&detection).unwrap());
    }

    fn fate(&mut self, _record: usize, fate: Fate) {
        self.fates.push(fate);
    }
}

fn compiled(rules: &str) -> RuleSet {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let mut sources = lang::source::SourceSet::from_texts([("rules.trip", rules)]);
    let checking = lang::check(&mut sources, today);
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:?}", checking.diagnostics));
    RuleSet::compile(&checked, EventFields::Declared)
}

fn engine(rules: &RuleSet, emission: Emission) -> Engine {
    let mut options = Options::new(chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap());
    options.emission = emission;
    Engine::new(rules.clone(), options)
}

/// A day in the given shape, with irregularities.
fn samples(shape: Shape, wrap: Wrap) -> Vec<String> {
    let options = SampleOptions {
        records: 1500,
        users: 40,
        attacks: 10,
        shape,
        wrap,
        noise: Noise {
            broken: 0.0,
            ..Noise::REALISTIC
        },
        ..SampleOptions::default()
    };
    Samples::new(&options).map(|sample| sample.record).collect()
}

/// Every third header is wider than it needs to be.
fn encoded(record: &str) -> Vec<u8> {
    let mut headers = 0;
    chosen(&serde_json::from_str(record).unwrap(), &mut |count| {
        headers += 1;
        if headers % 3 == 0 { headers % count } else { 0 }
    })
}

fn run(rules: &RuleSet, emission: Emission, records: &[(Vec<u8>, Encoding)]) -> Lines {
    let mut engine = engine(rules, emission);
    let mut lines = Lines::default();
    for (record, encoding) in records {
        engine.push_encoded(record, *encoding, &mut lines);
    }
    engine.finish(&mut lines);
    lines
}

#[test]
fn a_stream_gives_the_same_detections_in_both_encodings() {
    let rules = compiled(RULES);
    for (shape, wrap) in [
        (Shape::Diagnostic, Wrap::None),
        (Shape::LogAnalytics, Wrap::None),
        (Shape::Diagnostic, Wrap::Log),
    ] {
        let records = samples(shape, wrap);
        let json: Vec<_> = records
            .iter()
            .map(|record| (record.clone().into_bytes(), Encoding::Json))
            .collect();
        let msgpack: Vec<_> = records
            .iter()
            .map(|record| (encoded(record), Encoding::MessagePack))
            .collect();
        // A shipper may change from one to the other.
        let mixed: Vec<_> = json
            .iter()
            .zip(&msgpack)
            .enumerate()
            .map(|(at, (json, msgpack))| if at % 2 == 0 { json } else { msgpack })
            .cloned()
            .collect();
        for emission in [Emission::Final, Emission::Early] {
            let expected = run(&rules, emission, &json);
            assert!(expected.detections.len() > 3);
            for records in [&msgpack, &mixed] {
                let lines = run(&rules, emission, records);
                assert_eq!(lines.fates, expected.fates);
                assert_eq!(lines.detections, expected.detections);
            }
        }
    }
}

#[test]
fn filters_say_the_same_of_both_encodings() {
    let rules = compiled(RULES);
    let mut scanner = Scanner::new(&rules);
    let mut dropped = 0;
    for wrap in [Wrap::None, Wrap::Message] {
        for record in samples(Shape::Diagnostic, wrap) {
            let verdict = scanner.filter(record.as_bytes());
            dropped += usize::from(verdict.drop.is_some());
            let other = scanner.filter_encoded(&encoded(&record), Encoding::MessagePack);
            assert_eq!(other, verdict, "of {record}");
        }
    }
    assert!(dropped > 10);
}

#[test]
fn only_a_text_under_log_or_message_is_a_wrapped_record() {
    let rules = compiled(RULES);
    let record = json!({
        "category": "SignInLogs",
        "properties": {"id": "s-1", "createdDateTime": "2026-03-01T10:00:00Z"},
    });
    let text = record.to_string();
    for (wrapped, fate) in [
        (json!({"log": text, "other": 1}), Fate::Processed),
        (
            json!({"message": format!(" {text}"), "log": 7}),
            Fate::Processed,
        ),
        (json!({"message": text}), Fate::Processed),
        (json!({"log": record}), Fate::NotAccepted),
        (json!({"log": [text]}), Fate::NotAccepted),
        (json!({"log": "{}"}), Fate::NotAccepted),
        (json!({"log": "plain"}), Fate::NotAccepted),
    ] {
        let mut json = engine(&rules, Emission::Final);
        let mut msgpack = engine(&rules, Emission::Final);
        let bytes = shortest(&wrapped);
        let expected = json.push(wrapped.to_string().as_bytes(), &mut Lines::default());
        assert_eq!(expected, fate, "of {wrapped}");
        let got = msgpack.push_encoded(&bytes, Encoding::MessagePack, &mut Lines::default());
        assert_eq!(got, fate, "of {wrapped}");
    }
}

#[test]
fn a_record_without_an_id_is_known_by_its_bytes() {
    let rules = compiled(
        r#"
        schema signin { accept present(.user)  time : timestamp = .time  user : string = .user }
        rule seen { match { e = signin } }
        "#,
    );
    let mut engine = engine(&rules, Emission::Final);
    let record = json!({"user": "anna", "time": 1_772_359_200});
    let (short, wide) = (shortest(&record), chosen(&record, &mut |count| count - 1));
    let mut push =
        |record: &[u8]| engine.push_encoded(record, Encoding::MessagePack, &mut Lines::default());
    assert_eq!(push(&short), Fate::Processed);
    assert_eq!(push(&short), Fate::Duplicate);
    assert_eq!(push(&wide), Fate::Processed);
}

#[test]
fn the_time_that_a_shipper_adds_can_be_the_event_time() {
    let rules = compiled(
        r#"
        schema any { accept present(.at)  time : timestamp = .at  at : json = .at }
        rule seen { match { e = any } emit { at = e.at } }
        "#,
    );
    let event_time = b"\x81\xa2at\xd7\0\x69\xa4\x0e\x20\x1d\xcd\x65\0".to_vec();
    let lines = run(
        &rules,
        Emission::Final,
        &[(event_time, Encoding::MessagePack)],
    );
    assert_eq!(lines.detections[0]["time"], "2026-03-01T10:00:00.5Z");
    assert_eq!(
        lines.detections[0]["fields"]["at"],
        "2026-03-01T10:00:00.5Z"
    );
}

#[test]
fn what_is_no_map_is_unparsable() {
    let mut scanner = Scanner::new(&compiled(RULES));
    let verdict = scanner.filter_encoded(b"{\"category\": 1}", Encoding::MessagePack);
    let error = verdict.unreadable.unwrap();
    assert_eq!(error.kind, ReadErrorKind::NotAMap);
    assert_eq!(error.to_string(), "the record is not a MessagePack map");
    let mut batch = Batch::default();
    scanner.scan_encoded(b"\x80", Encoding::MessagePack, &mut batch);
    assert_eq!(batch.len(), 1);
}

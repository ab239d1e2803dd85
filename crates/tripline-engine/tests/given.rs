//! Events that are given by their fields are what records with the same fields are.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::borrow::Cow;

use tripline_engine::lang::value::{Encoding, Raw, Value};
use tripline_engine::lang::{check, source::SourceSet};
use tripline_engine::{
    Batch, Detection, Engine, EventFields, Fate, GivenEvent, Options, RuleSet, Scanner, Sink,
};

const RULES: &str = r#"
    schema signin {
      accept kind in ["SignInLogs"]
      kind        : string    = .category
      time        : timestamp = .time
      id          : string    = .id
      user        : string    = lower(.user)
      interactive : bool      = kind == "SignInLogs"
      ip          : ip        = .ip
      details     : json      = .details
      roles       : [string]  = .roles[*]
      app         : string    = .app ?? .details.app
      f0 : int = .f0  f1 : int = .f1  f2 : int = .f2  f3 : int = .f3  f4 : int = .f4
      f5 : int = .f5  f6 : int = .f6  f7 : int = .f7
      last        : string    = .last
    }
    rule moved {
      sequence by user within 10m {
        first  = last signin where interactive
        second = signin where present(first.ip) and second.ip != first.ip and second.details.browser == "x"
      }
      emit { last = second.last  roles = second.roles  app = second.app }
    }
"#;

const MINUTE: i64 = 60_000_000_000;

#[derive(Default)]
struct Seen {
    detections: Vec<serde_json::Value>,
    origins: Vec<Vec<Option<u64>>>,
    fates: Vec<Fate>,
}

impl Sink for Seen {
    fn detection(&mut self, detection: Detection<'_>) {
        let origins = detection.events.iter().map(|event| event.origin);
        self.origins.push(origins.collect());
        self.detections
            .push(serde_json::to_value(&detection).unwrap());
    }

    fn fate(&mut self, _: usize, fate: Fate) {
        self.fates.push(fate);
    }
}

fn field(name: &str) -> usize {
    const FIELDS: [&str; 17] = [
        "kind",
        "time",
        "id",
        "user",
        "interactive",
        "ip",
        "details",
        "roles",
        "app",
        "f0",
        "f1",
        "f2",
        "f3",
        "f4",
        "f5",
        "f6",
        "f7",
    ];
    FIELDS.iter().position(|field| *field == name).unwrap_or(17)
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

fn run(events: &[(i64, Vec<(usize, Value<'_>)>)]) -> Seen {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let mut sources = SourceSet::from_texts([("rules.trip", RULES)]);
    let checking = check(&mut sources, today);
    let rules = RuleSet::compile(&checking.checked.unwrap(), EventFields::Declared);
    let mut scanner = Scanner::new(&rules);
    let mut engine = Engine::new(rules, Options::new(today));
    let mut seen = Seen::default();
    for (number, (time, fields)) in events.iter().enumerate() {
        let mut batch = Batch::default();
        let number = number as u64;
        scanner.scan_given(
            &GivenEvent {
                schema: 0,
                time: *time,
                fields,
                number,
            },
            &mut batch,
        );
        engine.push_batch(&batch, &mut seen);
    }
    engine.finish(&mut seen);
    seen
}

fn first() -> Vec<(usize, Value<'static>)> {
    vec![
        (field("kind"), text("SignInLogs")),
        (field("user"), text("anna")),
        (field("ip"), Value::Ip("192.0.2.1".parse().unwrap())),
    ]
}

fn second() -> Vec<(usize, Value<'static>)> {
    let details = Raw {
        bytes: Cow::Borrowed(br#"{"browser": "x", "app": "a"}"#),
        encoding: Encoding::Json,
    };
    vec![
        (field("user"), text("anna")),
        (field("ip"), Value::Ip("192.0.2.9".parse().unwrap())),
        (field("details"), Value::Json(details)),
        (field("roles"), Value::List(vec![text("reader")])),
        (field("last"), text("the seventeenth field")),
    ]
}

#[test]
fn fields_that_are_given_count_and_the_others_follow_from_them() {
    let seen = run(&[(0, first()), (MINUTE, second())]);
    assert_eq!(seen.detections.len(), 1, "{:?}", seen.fates);
    let detection = &seen.detections[0];
    assert_eq!(detection["events"]["first"]["interactive"], true);
    assert_eq!(detection["fields"]["last"], "the seventeenth field");
    assert_eq!(detection["fields"]["roles"][0], "reader");
    // A path goes into the record, which is empty.
    assert!(detection["fields"].get("app").is_none());
    assert_eq!(seen.origins, [[Some(0), Some(1)]]);
}

#[test]
fn equal_events_without_an_id_are_two_and_those_of_one_id_are_one() {
    let with_id = |mut fields: Vec<(usize, Value<'static>)>| {
        fields.push((field("id"), text("one")));
        fields
    };
    let seen = run(&[(0, first()), (0, first())]);
    assert_eq!(seen.fates, [Fate::Processed, Fate::Processed]);
    let seen = run(&[(0, with_id(first())), (0, with_id(first()))]);
    assert_eq!(seen.fates, [Fate::Processed, Fate::Duplicate]);
}

#[test]
fn an_event_of_no_schema_is_not_accepted() {
    let today = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let mut sources = SourceSet::from_texts([("rules.trip", RULES)]);
    let checked = check(&mut sources, today).checked.unwrap();
    let rules = RuleSet::compile(&checked, EventFields::Used);
    let mut batch = Batch::default();
    Scanner::new(&rules).scan_given(
        &GivenEvent {
            schema: 7,
            time: 0,
            fields: &[],
            number: 0,
        },
        &mut batch,
    );
    let mut seen = Seen::default();
    Engine::new(rules, Options::new(today)).push_batch(&batch, &mut seen);
    assert_eq!(seen.fates, [Fate::NotAccepted]);
}

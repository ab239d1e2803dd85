//! Sign-ins and alerts as the model sees them: small numbers, so that ties, equal windows and equal fields
//! are frequent. What stands here of identity and of `missing` is what the documentation says.

use std::hash::Hasher;

use proptest::prelude::*;
use siphasher::sip128::{Hasher128, SipHasher13};

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const START: i64 = 1_800_000_000 * SECOND;

/// The most events of a case.
pub(crate) const MOST: usize = 24;

/// The schemas of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Signin,
    Alert,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Signin => "signin",
            Kind::Alert => "alert",
        }
    }
}

/// A field that conditions, keys and aggregates read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Field {
    User,
    Ip,
    Result,
    Risk,
    Interactive,
    Time,
}

impl Field {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Field::User => "user",
            Field::Ip => "ip",
            Field::Result => "result",
            Field::Risk => "risk",
            Field::Interactive => "interactive",
            Field::Time => "time",
        }
    }

    /// A value of the field in the language and in a detection's JSON, from its number.
    pub(crate) fn text(self, value: i64) -> String {
        match self {
            Field::User => format!("\"u{value}\""),
            Field::Ip => format!("\"192.0.2.{value}\""),
            Field::Result => value.to_string(),
            // Of quarters, which a float holds exactly.
            Field::Risk => format!("{:?}", value as f64 / 4.0),
            Field::Interactive => (value != 0).to_string(),
            Field::Time => format!("\"{}\"", time_text(value)),
        }
    }
}

/// An event. Two schemas have the same fields; a record of both is two events, which is why its number
/// and its kind together tell an event.
#[derive(Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: usize,
    pub(crate) kind: Kind,
    /// The record is an event of the other schema too.
    pub(crate) both: bool,
    /// Seconds after the start.
    pub(crate) time: i64,
    pub(crate) user: Option<u8>,
    pub(crate) interactive: bool,
    pub(crate) ip: Option<u8>,
    pub(crate) result: Option<i64>,
    /// In quarters.
    pub(crate) risk: Option<i64>,
    /// The documented identity: the hash of the schema's name and the event's id.
    pub(crate) identity: u128,
}

/// A list of events is to be read by whoever looks for a fault: one line each.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Event { id, time, .. } = self;
        let kind = if self.both { "both" } else { self.kind.name() };
        write!(
            f,
            "e{id} {kind} at {time}s order {:03x}",
            self.identity >> 116
        )?;
        for field in [Field::User, Field::Ip, Field::Result, Field::Risk] {
            if let Some(value) = self.value(field) {
                write!(f, " {}={}", field.name(), field.text(value))?;
            }
        }
        write!(f, "{}", if self.interactive { " interactive" } else { "" })
    }
}

impl Event {
    /// A sign-in with a result and without a risk.
    pub(crate) fn signin(id: usize, time: i64, user: u8, interactive: bool, ip: u8) -> Event {
        Event {
            id,
            kind: Kind::Signin,
            both: false,
            time,
            user: Some(user),
            interactive,
            ip: Some(ip),
            result: Some(i64::from(ip) % 3),
            risk: None,
            identity: identity(Kind::Signin, id),
        }
    }

    /// The field as a number; `None` where it is missing.
    pub(crate) fn value(&self, field: Field) -> Option<i64> {
        match field {
            Field::User => self.user.map(i64::from),
            Field::Ip => self.ip.map(i64::from),
            Field::Result => self.result,
            Field::Risk => self.risk,
            Field::Interactive => Some(i64::from(self.interactive)),
            Field::Time => Some(self.time),
        }
    }

    pub(crate) fn record(&self) -> String {
        let kind = if self.both { "both" } else { self.kind.name() };
        let mut record = serde_json::json!({
            "kind": kind,
            "id": format!("e{}", self.id),
            "time": time_text(self.time),
            "interactive": self.interactive,
        });
        if let Some(user) = self.user {
            record["user"] = format!("u{user}").into();
        }
        if let Some(ip) = self.ip {
            record["ip"] = format!("192.0.2.{ip}").into();
        }
        if let Some(result) = self.result {
            record["result"] = result.into();
        }
        if let Some(risk) = self.risk {
            record["risk"] = (risk as f64 / 4.0).into();
        }
        record.to_string()
    }

    /// The events that the record is.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = vec![self.clone()];
        if self.both {
            events[0].kind = Kind::Signin;
            events.push(Event {
                kind: Kind::Alert,
                identity: identity(Kind::Alert, self.id),
                ..self.clone()
            });
        }
        events
    }

    /// Its place among all events.
    pub(crate) fn order(&self) -> (i64, u128) {
        (self.time, self.identity)
    }
}

fn identity(kind: Kind, id: usize) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(kind.name().as_bytes());
    hasher.write(&[1]);
    hasher.write(format!("e{id}").as_bytes());
    hasher.finish128().as_u128()
}

/// RFC 3339, from seconds after the start.
pub(crate) fn time_text(seconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp_nanos(START + seconds * SECOND);
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

pub(crate) const SCHEMA: &str = r#"
schema signin {
  accept .kind in ["signin", "both"]
  time : timestamp = .time
  id : string = .id
  user : string = .user
  ip : ip = .ip
  result : int = .result
  risk : float = .risk
  interactive : bool = .interactive
}
schema alert {
  accept .kind in ["alert", "both"]
  time : timestamp = .time
  id : string = .id
  user : string = .user
  ip : ip = .ip
  result : int = .result
  risk : float = .risk
  interactive : bool = .interactive
}
"#;

/// Up to [`MOST`] records, mostly many, of one to three users within less than a minute.
pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (
        prop_oneof![
            8 => Just((Kind::Signin, false)),
            3 => Just((Kind::Alert, false)),
            1 => Just((Kind::Signin, true)),
        ],
        0i64..60,
        proptest::option::weighted(0.97, 0u8..3),
        any::<bool>(),
        proptest::option::weighted(0.9, 1u8..4),
        proptest::option::weighted(0.9, 0i64..3),
        proptest::option::weighted(0.7, 0i64..8),
    );
    let span = prop_oneof![2 => 3i64..20, 1 => 20i64..60];
    let users = prop_oneof![4 => Just(1u8), 3 => Just(2), 1 => Just(3)];
    let all = proptest::collection::vec(event, 0..=2 * MOST);
    (span, users, all).prop_map(|(span, users, events)| {
        let events = events.into_iter().take(MOST).enumerate();
        let event = |(id, of)| {
            let ((kind, both), time, user, interactive, ip, result, risk) = of;
            let user: Option<u8> = user;
            Event {
                id,
                kind,
                both,
                time: time * span / 60,
                user: user.map(|user| user % users),
                interactive,
                ip,
                result,
                risk,
                identity: identity(kind, id),
            }
        };
        events.map(event).collect()
    })
}

/// Values that a failing case shows in one line.
#[derive(Clone)]
pub(crate) struct Row<T>(pub(crate) Vec<T>);

impl<T: std::fmt::Debug> std::fmt::Debug for Row<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<String> = self.0.iter().map(|value| format!("{value:?}")).collect();
        write!(f, "[{}]", values.join(" "))
    }
}

/// A value for each event.
pub(crate) fn each<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Row<T>> {
    proptest::collection::vec(value, MOST).prop_map(Row)
}

/// An order of arrival in which no event is more than `late` seconds behind the newest before it.
pub(crate) fn arrival(events: &[Event], delays: &Row<u8>, late: i64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|at| {
        let delay = i64::from(delays.0.get(*at).copied().unwrap_or(0)) % (late + 1);
        (events[*at].time + delay, *at)
    });
    order
}

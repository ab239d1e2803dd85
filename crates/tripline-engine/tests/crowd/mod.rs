//! A stream of sign-ins in which many users take turns: what the benchmark and the tests of the state
//! are fed with. Every user has as many events as every other, at equal distances.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};

const SIGN_IN: &str = include_str!("../../benches/record/signin.json");

/// Whom the sample record is of, and the texts in it that differ from record to record.
const USER: &str = "Alma.Koch@";
const ID: &str = "7b2f1c9e-52aa-4b1e-9d0c-1f2e3d4c5b00";
const TIME: &str = "2026-03-01T09:00:00.1234567+00:00";

/// When the stream begins: 2026-03-01T09:00:00Z.
const BEGIN: i64 = 1_772_355_600_000_000_000;

/// A stream that never ends.
pub(crate) struct Crowd {
    users: u64,
    /// Between two events.
    step: i64,
    next: u64,
    /// Every so many events one is interactive, the others are tokens.
    interactive: u64,
    /// An interactive sign-in and a token.
    templates: [Template; 2],
}

/// A record, and where in it is what differs.
struct Template {
    text: Vec<u8>,
    user: usize,
    id: usize,
    time: usize,
}

impl Crowd {
    /// So many users, whose events within `span` are so many in all; every `interactive`-th one is an
    /// interactive sign-in.
    pub(crate) fn new(users: u64, events: u64, span: Duration, interactive: u64) -> Crowd {
        let span = i64::try_from(span.as_nanos()).unwrap();
        let token = SIGN_IN.replacen("SignInLogs", "NonInteractiveUserSignInLogs", 1);
        Crowd {
            users,
            step: span / i64::try_from(events).unwrap(),
            next: 0,
            interactive,
            templates: [SIGN_IN, &token].map(Template::new),
        }
    }

    /// Appends the next record, without a line's end; gives its length.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) -> usize {
        let at = self.next;
        self.next += 1;
        // Neighbours in the stream are no neighbours in anything that is kept by number. A stride that
        // has no factor in common with the users comes to each of them in turn.
        let stride = 982_451_653;
        let user = u64::try_from(u128::from(at) * stride % u128::from(self.users)).unwrap();
        let time = BEGIN + i64::try_from(at).unwrap() * self.step;
        let template = &self.templates[usize::from(!at.is_multiple_of(self.interactive))];
        let begin = out.len();
        out.extend_from_slice(&template.text);
        let record = &mut out[begin..];
        record[template.user..][..9].copy_from_slice(format!("{user:09}").as_bytes());
        record[template.id + 20..][..16].copy_from_slice(format!("{at:016x}").as_bytes());
        let time = DateTime::from_timestamp_nanos(time).to_rfc3339_opts(SecondsFormat::Nanos, true);
        record[template.time..][..27].copy_from_slice(&time.as_bytes()[..27]);
        out.len() - begin
    }
}

impl Template {
    fn new(text: &str) -> Template {
        Template {
            text: text.as_bytes().to_vec(),
            user: text.find(USER).unwrap(),
            id: text.find(ID).unwrap(),
            time: text.find(TIME).unwrap(),
        }
    }
}

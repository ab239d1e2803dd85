//! A few fixed rules, one or two of each form, and records that leave something of every kind in the
//! state: for tests about snapshots, reloads and limits that need to know what they look at.

use std::sync::LazyLock;

use tripline_engine::{EventFields, RuleSet};

use super::event::{Event, SCHEMA};
use super::running::compile;

/// The most recent sign-in of a step alone.
pub(crate) const LAST: &str = r#"rule r { sequence by user within 10s {
      login = last signin where interactive
      token = signin where not interactive and token.ip != login.ip
    } }
    exclude "nine" from r { when token.ip == "192.0.2.3" }"#;

/// Any sign-in of a step.
const ANY: &str = r#"rule r { sequence by user within 10s {
      login = signin where interactive
      token = signin where not interactive and token.ip != login.ip
    } }
    exclude "login" from r { when login.ip == "192.0.2.1" }"#;

/// Three steps, with a detection for each event of the first.
const EACH: &str = r#"rule r { sequence by user within 7s {
      a = every signin where interactive
      b = last signin
      c = signin where not interactive and c.ip != a.ip
    } }
    exclude "b" from r { when b.ip == a.ip }"#;

/// A single event.
pub(crate) const LONE: &str = r#"rule r { match { e = signin where not interactive and present(ip) } }
    exclude "three" from r { when e.ip == "192.0.2.3" }"#;

/// The other forms.
const OTHERS: [&str; 5] = [
    r#"rule r { sequence by user within 9s {
      a = 2.. signin where interactive
      having distinct(a.ip) >= 2
      b = signin where not interactive
    }
    emit { tries = count(a)  which = values(a.ip) } }
    exclude "b" from r { when b.ip == "192.0.2.3" }"#,
    r#"rule r { sequence by user within 9s {
      a = signin where interactive
      b = 2.. signin where not interactive
    } }
    exclude "a" from r { when a.ip == "192.0.2.2" }"#,
    r#"rule r { sequence by user {
      a = signin where interactive
      without b = signin where not interactive and b.ip == a.ip after a for 3s
      without c = signin where not interactive and c.ip == a.ip before a for 4s
    } }
    exclude "a" from r { when a.ip == "192.0.2.2" }"#,
    r#"rule r { together by user within 6s {
      a = signin where interactive
      1 of { b = signin where not interactive and b.ip != a.ip  c = signin where ip == "192.0.2.1" }
    } }
    exclude "a" from r { when a.ip == "192.0.2.2" }"#,
    r#"rule r { count by user within 8s {
      f = signin where not interactive
      g = signin where interactive
      having count(f) >= 3 and distinct(f.ip) > 1 and count(g) < 4
    }
    emit { which = values(f.ip) } }
    exclude "few" from r { when count(g) == 2 }"#,
];

/// All of them as one set of rules, `r0` and on, with their exclusions.
pub(crate) fn all() -> String {
    let texts = [LAST, ANY, EACH, LONE]
        .into_iter()
        .chain(OTHERS)
        .enumerate();
    let texts = texts.map(|(at, text)| {
        text.replacen("rule r ", &format!("rule r{at} "), 1)
            .replacen("from r ", &format!("from r{at} "), 1)
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// A text of rules compiled with the schemas.
pub(crate) fn sampled(text: &str) -> RuleSet {
    sampled_with(text, EventFields::Used)
}

pub(crate) fn sampled_with(text: &str, fields: EventFields) -> RuleSet {
    compile(&format!("{SCHEMA}{text}"), fields)
}

/// All rules.
pub(crate) static RULES: LazyLock<RuleSet> = LazyLock::new(|| sampled(&all()));

/// Rules and records that leave something of every kind in the state.
pub(crate) fn sample() -> (RuleSet, Vec<String>) {
    let records = (0..40).map(|id| {
        let (user, ip) = ((id % 3) as u8, (id % 5) as u8);
        Event::signin(id, id as i64 / 2, user, id % 4 == 0, ip).record()
    });
    (RULES.clone(), records.collect())
}

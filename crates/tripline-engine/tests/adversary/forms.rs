//! Every form of a rule, with events that give a detection of each: what an adversary's events are sent
//! through. A step takes the events whose `part` it names, so that one stream has events for every step.

use std::fmt::Write;
use std::sync::LazyLock;

use tripline_engine::{EventFields, RuleSet};

use crate::model::{SECOND, START, compile_files};

/// How many keys the table of owners has.
pub(crate) const OWNED: usize = 1_000;

const SCHEMA: &str = r#"
schema s {
  accept true
  time    : timestamp = .time
  id      : string    = .id
  user    : string    = .user
  part    : int       = .part
  n       : int       = .n
  value   : string    = .value
  targets : json      = .targets
}
table owners = file "owners.csv" key user
"#;

/// One form.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// The rule's steps.
    pub(crate) steps: usize,
    rule: &'static str,
    /// The parts of events, a second apart, that give a detection.
    pub(crate) parts: &'static [u8],
}

impl Form {
    /// The rule compiled.
    pub(crate) fn rules(&self) -> RuleSet {
        let text = format!("{SCHEMA} rule r {{ {} }}", self.rule);
        compile_files(
            &[("r.trip", &text), ("owners.csv", &OWNERS)],
            EventFields::Used,
        )
    }
}

static OWNERS: LazyLock<String> = LazyLock::new(|| {
    (0..OWNED).fold("user,team,limit\n".to_owned(), |mut rows, key| {
        let _ = writeln!(rows, "u{key},t{key},{}", key % 7);
        rows
    })
});

/// An event.
pub(crate) struct Event {
    pub(crate) id: usize,
    /// Nanoseconds after the start.
    pub(crate) time: i64,
    pub(crate) key: usize,
    pub(crate) part: u8,
    pub(crate) value: String,
}

impl Event {
    pub(crate) fn record(&self) -> String {
        let time = chrono::DateTime::from_timestamp_nanos(START + self.time);
        serde_json::json!({
            "id": format!("e{}", self.id),
            "time": time.to_rfc3339(),
            "user": format!("u{}", self.key),
            "part": self.part,
            "n": self.id % 10,
            "value": self.value,
            "targets": [{"type": "App", "id": "x"}, {"type": "User", "id": format!("u{}", self.key)}],
        })
        .to_string()
    }
}

/// The events that give a detection.
pub(crate) fn normal(form: &Form) -> Vec<Event> {
    let events = form.parts.iter().enumerate().map(|(id, part)| Event {
        id,
        time: id as i64 * SECOND,
        key: 1,
        part: *part,
        value: format!("v{id}"),
    });
    events.collect()
}

const fn form(name: &'static str, steps: usize, parts: &'static [u8], rule: &'static str) -> Form {
    Form {
        name,
        steps,
        rule,
        parts,
    }
}

/// All of them.
pub(crate) const FORMS: &[Form] = &[
    form(
        "match",
        1,
        &[0],
        r#"match { e = s where part < 2 }
        exclude "n" { when e.n == 3 }"#,
    ),
    form(
        "any",
        2,
        &[0, 1],
        r#"sequence by user within 60s {
        a = s where part == 0
        b = s where part == 1 and b.value != a.value
      } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "last",
        2,
        &[0, 1],
        r#"sequence by user within 60s {
        a = last s where part == 0
        b = s where part == 1 and b.n != a.n
      } exclude "n" { when b.n == 5 }"#,
    ),
    form(
        "every",
        3,
        &[0, 2, 1],
        r#"sequence by user within 60s {
        a = every s where part == 0
        b = last s where part < 3
        c = s where part == 1 and c.value != a.value
      } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "many first",
        2,
        &[0, 0, 1],
        r#"sequence by user within 60s {
        a = 2.. s where part == 0
        having distinct(a.value) >= 2
        b = s where part == 1 and b.n != a.n
      } emit { n = count(a)  which = values(a.value) }
      exclude "n" { when b.n == 5 }"#,
    ),
    form(
        "many last",
        2,
        &[0, 1, 1],
        r#"sequence by user within 60s {
        a = s where part == 0
        b = 2.. s where part == 1
        having max(b.n) - min(b.n) >= 1
      } emit { n = sum(b.n) } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "many twice",
        3,
        &[0, 2, 1, 2],
        r#"sequence by user within 60s {
        a = 1.. s where part < 3
        b = s where part == 1
        c = 1.. s where part < 3 and part != 1
      } emit { n = count(a)  m = count(c) }"#,
    ),
    form(
        "without between",
        3,
        &[0, 1],
        r#"sequence by user within 60s {
        a = s where part == 0
        b = s where part == 1
        without c = s where part == 3 and c.n == b.n between a and b
      } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "without after",
        2,
        &[0],
        r#"sequence by user {
        a = s where part == 0
        without b = s where part == 3 and b.n == a.n after a for 30s
      } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "without before",
        2,
        &[2, 2, 2, 2, 0],
        r#"sequence by user {
        a = s where part == 0
        without b = s where part == 0 and b.value == a.value before a for 3s
      } exclude "n" { when a.n == 6 }"#,
    ),
    form(
        "together",
        2,
        &[1, 0],
        r#"together by user within 60s {
        a = s where part == 0
        b = s where part == 1 and b.value != a.value
      } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "some of",
        4,
        &[2, 0, 3],
        r#"together by user within 60s {
        a = s where part == 0
        2 of { b = s where part == 1 and b.n != a.n  c = s where part == 2  d = s where part == 3 }
      } exclude "n" { when a.n == 4 }"#,
    ),
    form(
        "any of",
        2,
        &[0],
        r#"together by user within 60s {
        1 of { a = s where part < 2  b = s where part > 0 }
      }"#,
    ),
    form(
        "count",
        1,
        &[0, 0, 0],
        r#"count by user within 60s {
        f = s where part < 3
        having count(f) >= 3
      } emit { which = values(f.value) } exclude "n" { when max(f.n) == 5 }"#,
    ),
    form(
        "distinct",
        1,
        &[0, 0, 0],
        r#"count by user within 60s {
        f = s where part < 3
        having distinct(f.value) >= 3 and distinct(f.value, f.n) >= 3
      } emit { n = count(f) }"#,
    ),
    form(
        "sum",
        1,
        &[0, 0, 0],
        r#"count by user within 60s {
        f = s where part < 3
        having sum(f.n) >= 3 and max(f.n) > min(f.n) and max(f.value) != min(f.value)
      } emit { since = min(f.time) }"#,
    ),
    form(
        "conditional",
        1,
        &[0, 0, 0],
        r#"count by user within 60s {
        f = s where part < 3
        having count(f where f.n > 0) >= 2 and distinct(f.value where f.part == 0) >= 2
      }"#,
    ),
    form(
        "two aggregates",
        2,
        &[0, 1, 0],
        r#"count by user within 60s {
        f = s where part == 0
        g = s where part == 1
        having count(f) > count(g)
      } emit { f = count(f)  g = count(g) } exclude "n" { when count(g) == 7 }"#,
    ),
    form(
        "key in a list",
        2,
        &[0, 1],
        r#"sequence by find(targets, t => t.type == "User").id within 60s {
        a = s where part == 0
        b = s where part == 1 and b.value != a.value
      }"#,
    ),
    form(
        "key in a table",
        2,
        &[0, 1],
        r#"sequence by lookup(owners, user).team within 60s {
        a = s where part == 0 and lookup(owners, user).limit < 7
        b = s where part == 1 and lookup(owners, b.user).limit == lookup(owners, a.user).limit
      } emit { team = lookup(owners, b.user).team }"#,
    ),
    form(
        "count by a table",
        1,
        &[0, 0],
        r#"count by lookup(owners, user).team within 60s {
        f = s where present(lookup(owners, user))
        having distinct(f.value where lookup(owners, f.user).limit >= 0) >= 2
      }"#,
    ),
];

//! A table of every construct that can be exported. Each condition is a tag of one filter, so that one
//! program holds them all; random events are judged by both sides, and every condition has to hold for
//! some of them and not for others.

use super::events::for_events;
use super::harness::{Both, event};

pub(crate) const SCHEMA: &str = r#"
let limit = 3
list words     : string        = ["anna", "Ben", "a$b", "", "é{{x}}"]
list names     : string nocase = ["ANNA", "straße", "ΟΔΟΣ", "x"]
list numbers   : int           = [1, -7, 50126]
list fractions : float         = [0.5, 2, -0.0]
list hosts     : ip            = ["192.0.2.1", "2001:db8::1"]
list networks  : cidr          = ["10.0.0.0/8", "2001:db8::/32", "::ffff:192.0.2.0/120"]
list agents    : regex         = [/(?i)^curl/, /\d+$/, /x*/]
schema s {
  accept kind in ["a", "b"] or .other.kind == "c" or present(.list[0])

  kind   : string    = .kind ?? .category ?? .list[0]
  time   : timestamp = .time ?? .other.time
  user   : string    = lower(.user ?? .other.user ?? .number)
  agent  : string    = .agent
  number : int       = .number ?? .other.number
  ratio  : float     = .ratio
  flag   : bool      = .flag
  known  : bool      = .kind == "a" or .kind == "A"
  ip     : ip        = .ip ?? .other.ip
  peer   : ip        = .peer
  seen   : timestamp = .seen
  whole  : json      = .other
  items  : json      = .items
  odd    : string    = ."odd key\"\\ {{x}}"."$x"
  copy   : string    = number
  again  : int       = agent
  deep   : string    = whole.user ?? whole.list[0] ?? user
}
"#;

/// Conditions that can be exported; in each some event's `true` and `false` are found.
pub(crate) const CONDITIONS: &[&str] = &[
    r#"user == "anna""#,
    r#"user != "anna""#,
    r#"user == nocase "ANNA""#,
    r#"agent == nocase "ΟΔΟΣ""#,
    r#"agent != nocase kind"#,
    r#"agent == user"#,
    r#"differ(ip, peer)"#,
    r#"ip == peer"#,
    r#"number == 7"#,
    r#"number != limit"#,
    r#"number < 7"#,
    r#"number <= 7"#,
    r#"number > -7 and number >= limit"#,
    r#"ratio == 0.5"#,
    r#"ratio < 0.5"#,
    r#"ratio >= number"#,
    r#"ratio == number"#,
    r#"number == ratio"#,
    r#"ratio in fractions"#,
    r#"flag"#,
    r#"not flag"#,
    r#"flag == true"#,
    r#"flag == known"#,
    r#"known"#,
    r#"user < "b""#,
    r#"agent > user"#,
    r#"agent >= nocase "Anna""#,
    r#"user in words"#,
    r#"user not in words"#,
    r#"agent in names"#,
    r#"agent in nocase ["ΟΔΟΣ", "Curl"]"#,
    r#"user in ["anna", "ben"]"#,
    r#"number in numbers"#,
    r#"number in [1, 2, 3]"#,
    r#"ip in hosts"#,
    r#"ip in networks"#,
    r#"ip not in networks"#,
    r#"ip in "192.0.2.0/24""#,
    r#"ip in ["10.0.0.0/8", "2001:db8::/48"]"#,
    r#"ip == "192.0.2.1""#,
    r#"agent in agents"#,
    r#"agent in [/^a/, /b$/]"#,
    r#"agent matches /(?i)^(curl|python)\b/"#,
    r#"agent matches /^$|x*/"#,
    r#"agent matches /\$HOME|[$a]'|\/|a$$|b{2}/"#,
    r#"agent contains "a""#,
    r#"agent contains nocase "ÄΣ""#,
    r#"agent starts_with "curl""#,
    r#"agent starts_with nocase "CURL""#,
    r#"agent ends_with "x""#,
    r#"agent ends_with nocase "ς""#,
    r#"agent contains user"#,
    r#"agent starts_with nocase user"#,
    r#"user ends_with agent"#,
    r#"present(ip)"#,
    r#"missing(ip)"#,
    r#"present(whole)"#,
    r#"present(whole.list)"#,
    r#"missing(whole.list[1])"#,
    r#"whole.user == "anna""#,
    r#"whole.number == 7"#,
    r#"whole.number > ratio"#,
    r#"whole.user == whole.kind"#,
    r#"whole.ip == ip"#,
    r#"whole.ip in networks"#,
    r#"(ip ?? peer) == "192.0.2.1""#,
    r#"coalesce(user, agent, "nobody") == "nobody""#,
    r#"lower(agent) == "curl/8""#,
    r#"upper(agent) == "STRASSE""#,
    r#"trim(agent) == "x""#,
    r#"missing(trim(agent))"#,
    r#"local_part(user) == "anna""#,
    r#"domain(user) == "example.org""#,
    r#"missing(domain(user))"#,
    r#"replace(agent, "a", "x") == "xb""#,
    r#"missing(replace(agent, "x", "y"))"#,
    r#"replace(agent, user, kind) == agent"#,
    r#"replace(agent, "a", "") == "b""#,
    r#"missing(replace(agent, "a", ""))"#,
    r#"capture(agent, /cli\/(?<major>\d+)(?<minor>\.\d+)?/, "major") == "2""#,
    r#"present(capture(agent, /cli\/(?<major>\d+)(?<minor>\.\d+)?/, "minor"))"#,
    r#"missing(capture(agent, /(?<any>x*)/, "any"))"#,
    r#"len(agent) > 3"#,
    r#"len(agent) == 3"#,
    r#"any(items, i => i == "x")"#,
    r#"not any(items, i => i.kind == "a" and i.n > number)"#,
    r#"any(items, i => any(i.of, o => o.kind == kind and o.n == i.n))"#,
    r#"any(items, i => i.n in numbers) == any(whole.list, i => present(i))"#,
    r#"all(items, i => i contains "a")"#,
    r#"not all(items, i => present(i.n))"#,
    r#"find(items, i => i.kind == "a").n == 7"#,
    r#"lower(find(items, i => i.n > 1).kind) == user"#,
    r#"present(find(find(items, i => present(i.of)).of, o => o.n == 7).kind)"#,
    r#"any(items, i => lower(i.kind) starts_with "a" and i.n matches /7/)"#,
    r#"in_private(ip)"#,
    r#"not in_private(ip)"#,
    r#"in_private(ip) == in_private(peer)"#,
    r#"hour(time) < 12"#,
    r#"weekday(seen) == 7"#,
    r#"seen < time"#,
    r#"seen == time"#,
    r#"seen >= 2026-03-01T10:00:00Z"#,
    r#"seen == "2026-03-01""#,
    r#"copy == "7""#,
    r#"again == number"#,
    r#"deep == user"#,
    r#"odd == "x""#,
    r#"user in [agent, kind, "x"]"#,
    r#"agent in nocase [user, kind]"#,
    r#"present(user) and (missing(agent) or not (agent contains "x")) and not (flag and known)"#,
];

#[test]
fn every_condition_that_is_exported_holds_for_the_same_events() {
    let tags: Vec<String> = CONDITIONS
        .iter()
        .enumerate()
        .map(|(at, condition)| format!("tag \"c{at}\" when {condition}"))
        .collect();
    let rules = format!("{SCHEMA}\nfilter all {{ on s {} }}", tags.join("\n"));
    let mut both = Both::new(&rules);
    let mut held = vec![0; CONDITIONS.len()];
    let mut accepted = 0;
    for_events(800, |json| {
        let outcome = both.agree(&event(json));
        accepted += i32::from(!outcome.tags.is_empty());
        for tag in &outcome.tags {
            held[tag[1..].parse::<usize>().unwrap()] += 1;
        }
    });
    for (condition, held) in CONDITIONS.iter().zip(held) {
        assert!(
            held > 0 && held < accepted,
            "{condition} held for {held} of {accepted} events"
        );
    }
}

#[test]
fn filters_drop_keep_and_tag_in_the_order_that_is_written() {
    for filters in [
        r#"filter f { on s drop when user == "anna" tag "t" when flag keep when known drop when number == 7 }"#,
        r#"filter f { on s keep when known keep when flag tag "t" when present(ip) tag "t" when present(peer) tag "u" when flag }"#,
        r#"filter f { on s keep when known }
           filter g { on s drop when flag tag "a$b" when known tag "t\"{{x}}" when number == 7 }"#,
        r#"filter f { on s drop when flag } schema z { accept present(.agent) time : timestamp = .time agent : string = .agent }
           filter g { on z tag "z" when agent contains "a" keep when agent contains "x" }"#,
    ] {
        let mut both = Both::new(&format!("{SCHEMA}{filters}"));
        let (mut dropped, mut tagged) = (0, 0);
        for_events(120, |json| {
            let outcome = both.agree(&event(json));
            dropped += i32::from(outcome.dropped);
            tagged += i32::from(!outcome.tags.is_empty());
        });
        assert!(
            dropped > 0 && (tagged > 0 || !filters.contains("tag")),
            "{filters}"
        );
    }
}

#[test]
fn an_event_that_carries_a_detection_is_not_dropped() {
    let mut both = Both::new(&format!(
        r#"{SCHEMA}
        filter f {{ on s drop when known tag "t" when flag }}
        rule anna {{ match {{ e = s where user == "anna" }} exclude "seven" {{ when number == 7 }} }}"#
    ));
    for (members, dropped, detected) in [
        (r#""user": "anna", "flag": true"#, false, true),
        (r#""user": "anna", "number": 7"#, true, false),
        (r#""user": "ben""#, true, false),
    ] {
        let outcome = both.agree(&event(&format!(
            r#"{{"kind": "a", "time": 1772359200, {members}}}"#
        )));
        assert_eq!(outcome.dropped, dropped, "{members}");
        assert_eq!(outcome.detections.len(), usize::from(detected), "{members}");
        // It gains what else the filters say of it.
        assert_eq!(outcome.tags.len(), usize::from(detected), "{members}");
    }
}

#[test]
fn rules_of_one_event_give_the_same_detections_less_their_exclusions() {
    let rules = r#"
        rule anna {
          meta { id = "one$x" title = "Anna \"{{x}}\" $HOME" severity = high tactics = ["CredentialAccess"] techniques = ["T1539"] }
          match { e = s where user starts_with "a" }
          emit { user  ip = e.ip  peer = e.peer ?? e.ip  number  ratio  flag  known  seen  at = time  raw = e.whole  item = e.whole.list[0]  fixed = "a$b"  seven = 7  day = 2026-03-01  host = 192.0.2.1  private = in_private(ip)  half = 0.5 }
          exclude "numbers" { when number == 7 }
          exclude "over" { when known expires 2020-01-01 }
          exclude "in force" { when flag expires 2999-12-31 }
        }
        rule all { match { e = s } }
        rule some { match { e = s where present(e.ip) and missing(e.peer) } emit { user } }
        exclude "shared" from all, some { when agent contains "x" and e.flag }
        schema z { accept present(.agent) time : timestamp = .seen agent : string = .agent }
        rule of_z { match { e = z where agent contains "a" } emit { agent } }
        filter f { on s drop when number == 50126 tag "t" when known }
    "#;
    let mut both = Both::new(&format!("{SCHEMA}{rules}"));
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for_events(500, |json| {
        for rule in both.agree(&event(json)).detections.keys() {
            *seen.entry(rule.clone()).or_default() += 1;
        }
    });
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn an_exclusion_applies_through_the_day_that_it_names() {
    let today = super::harness::today();
    let rules = |expires: chrono::NaiveDate| {
        format!(
            "{SCHEMA} rule all {{ match {{ e = s }} exclude \"x\" {{ when known expires {expires} }} }}"
        )
    };
    let known = event(r#"{"kind": "a", "time": 1772359200}"#);
    for (expires, detections) in [
        (today.pred_opt().unwrap(), 1),
        (today, 0),
        (today.succ_opt().unwrap(), 0),
    ] {
        let outcome = Both::new(&rules(expires)).agree(&known);
        // Over midnight the day is another one.
        if super::harness::today() == today {
            assert_eq!(outcome.detections.len(), detections, "{expires}");
        }
    }
}

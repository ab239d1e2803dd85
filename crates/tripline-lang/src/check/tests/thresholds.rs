//! Numbers of events that are never reached, because no more than so many are retained: where the checker
//! warns, and where it must not.

use super::*;
use crate::checked::MOST_EVENTS;

fn having(condition: &str) -> Vec<String> {
    said(&format!(
        "rule r {{ count by ip within 10m {{
           f = signin where result != 0
           g = signin where result == 0
           having {condition}
         }} }}"
    ))
}

fn least(number: usize) -> Vec<String> {
    said(&format!(
        "rule r {{ sequence by user within 1h {{ a = {number}.. signin  b = signin }} }}"
    ))
}

#[test]
fn a_number_of_events_above_what_is_retained_is_warned_of_at_the_number() {
    assert_eq!(MOST_EVENTS, 4096);
    for condition in [
        "count(f) >= 4097",
        "count(f) > 4096",
        "count(f) == 4097",
        "4097 <= count(f)",
        "4096 < count(f)",
        "4097 == count(f)",
        "count(f) > 4096.5",
        "count(f where f.interactive) >= 4097",
        "distinct(f.user) >= 4097",
        "4096 < distinct(f.user, f.ip where f.interactive)",
        "not (count(f) <= 4096)",
        "not (4097 > count(f))",
        "count(g) > 0 and count(f) >= 2 * 2049",
        "not (count(g) == 0 or count(f) < 4097)",
    ] {
        let said = having(condition);
        one(&said, &["W0205", "4,096", "can never be met"]);
        let column = 11 + "having ".len() + condition.find(['4', '2']).unwrap() + 1;
        assert!(
            said[0].contains(&format!(":4:{column}:")),
            "{condition}: {}",
            said[0]
        );
    }
    one(&least(4097), &["W0205", "rules.trip:1:43"]);
    one(
        &said(
            "rule r { sequence by user within 1h {
               a = 2.. signin having distinct(a.ip) > 5000
               b = signin
             } }",
        ),
        &["W0205", ":2:55"],
    );
}

#[test]
fn each_of_the_alternatives_is_warned_of_where_none_can_be_met() {
    let said = having("count(f) > 5000 or distinct(f.user) > 6000");
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(said.iter().all(|line| line.contains("W0205")));
}

#[test]
fn what_can_be_met_is_not_warned_of() {
    for condition in [
        "count(f) >= 4096",
        "count(f) > 4095",
        "count(f) == 4096",
        "4096 <= count(f)",
        "4095 < count(f)",
        "distinct(f.user where f.interactive) >= 4096",
        "count(f) > 4095.9",
        // These hold for small numbers.
        "count(f) < 5000",
        "count(f) != 5000",
        "5000 >= count(f)",
        "not (count(f) >= 5000)",
        // One of the alternatives can be met.
        "count(f) > 5000 or distinct(f.user) > 20",
        "not (count(f) < 5000 and count(g) < 10)",
        // Values are as large as they are, and two steps have twice as many events.
        "sum(f.asn) > 5000",
        "max(f.asn) >= 1000000",
        "min(f.risk) > 5000.0",
        "count(f) + count(g) > 5000",
        "count(f) > 5000 * count(g)",
    ] {
        let said = having(condition);
        assert!(said.is_empty(), "{condition}: {said:#?}");
    }
    assert!(least(4096).is_empty());
}

//! `lookup`: what it gives in every place that an expression stands in, and what a table that is edited
//! changes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may state what it knows"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use tripline_engine::lang::{self, functions, source::SourceSet, source::bundle};
use tripline_engine::{Detection, Engine, EventFields, Options, RuleFate, RuleSet, Sink};

#[derive(Default)]
struct Found(Vec<Value>);

impl Sink for Found {
    fn detection(&mut self, detection: Detection<'_>) {
        self.0.push(serde_json::to_value(&detection).unwrap());
    }
}

const SCHEMA: &str = r#"
schema signin {
  accept present(.user)
  time  : timestamp = .time
  id    : string    = .id
  user  : string    = .user
  ip    : ip        = .ip
  asn   : int       = .asn
  users : [string]  = .users[*]
}
"#;

const VIPS: &str = "upn,tier,limit,owner\nanna@example.org,gold,500,\"Board, chair\"\nben@example.org,silver,50,\n";

/// The same in NDJSON, with more to it.
const LINES: &str = r#"{"upn": "anna@example.org", "tier": "gold", "limit": 500, "owner": "Board, chair", "groups": [{"n": "board"}, {"n": "it"}]}
{"upn": "ben@example.org", "tier": "silver", "limit": 50, "owner": null, "more": {"deep": ["x"]}}
"#;

fn today() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

fn sources(rules: &str, table: &str) -> SourceSet {
    SourceSet::from_texts([
        (
            "r.trip",
            format!("{SCHEMA} table vips = file \"tables/vips\" key upn nocase {rules}"),
        ),
        ("tables/vips", table.to_owned()),
    ])
}

fn compiled(mut sources: SourceSet) -> RuleSet {
    let checking = lang::check(&mut sources, today());
    let checked = checking
        .checked
        .unwrap_or_else(|| panic!("{:#?}", checking.diagnostics));
    RuleSet::compile(&checked, EventFields::Used)
}

fn rules(rules: &str, table: &str) -> RuleSet {
    compiled(sources(rules, table))
}

fn record(second: u32, more: Value) -> String {
    let mut record =
        json!({"time": format!("2026-03-02T10:00:{second:02}Z"), "id": format!("i{second}{more}")});
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record.to_string()
}

/// What a set finds in records.
fn found(rules: RuleSet, records: &[String]) -> Vec<Value> {
    let mut engine = Engine::new(rules, Options::new(today()));
    let mut found = Found::default();
    for record in records {
        engine.push(record.as_bytes(), &mut found);
    }
    engine.finish(&mut found);
    found.0
}

/// What an expression gives for the event of one record; `null` where it is missing.
fn given(expression: &str, table: &str, event: Value) -> Value {
    let set = rules(
        &format!("rule r {{ match {{ e = signin }} emit {{ it = {expression} }} }}"),
        table,
    );
    let found = found(set, &[record(0, event)]);
    assert_eq!(found.len(), 1, "{expression}");
    found[0]["fields"]["it"].clone()
}

#[test]
fn the_examples_of_lookup_give_what_they_say() {
    let function = functions::find("lookup").unwrap();
    assert!(!function.examples.is_empty());
    for (call, gives) in function.examples {
        for table in [VIPS, LINES] {
            let event = json!({"user": "x"});
            assert_eq!(
                given(&format!("{call} == {gives}"), table, event),
                json!(true),
                "{call}"
            );
        }
    }
}

#[test]
fn columns_are_given_as_they_are_written_and_converted_where_a_type_is_needed() {
    for (table, limit) in [(VIPS, json!("500")), (LINES, json!(500))] {
        for (expression, gives) in [
            ("lookup(vips, user).tier", json!("gold")),
            ("lookup(vips, user).limit", limit.clone()),
            (
                "lookup(vips, user).limit > 499 and lookup(vips, user).limit < 500.5",
                json!(true),
            ),
            ("lookup(vips, user).limit + 1", json!(501)),
            ("upper(lookup(vips, user).tier)", json!("GOLD")),
            ("lookup(vips, user).owner", json!("Board, chair")),
            ("lookup(vips, lower(user)).upn", json!("anna@example.org")),
            ("lookup(vips, \"ben@example.org\").owner", Value::Null),
            ("lookup(vips, \"nobody\").tier", Value::Null),
            ("lookup(vips, \"nobody\")", Value::Null),
            ("lookup(vips, ip).tier", Value::Null),
            ("present(lookup(vips, user))", json!(true)),
            (
                "missing(lookup(vips, ip)) and missing(lookup(vips, missing))",
                json!(true),
            ),
            (
                "lookup(vips, ip) ?? lookup(vips, user) != missing",
                json!(true),
            ),
            (
                "(lookup(vips, ip) ?? lookup(vips, user)).tier",
                json!("gold"),
            ),
            (
                "map(users, u => lookup(vips, u).tier)",
                json!(["silver", "gold"]),
            ),
            (
                "map(users, u => lookup(vips, u))[*].tier",
                json!(["silver", "gold"]),
            ),
            (
                "find(map(users, u => lookup(vips, u)), row => row.limit > 100).upn",
                json!("anna@example.org"),
            ),
            (
                "any(users, u => lookup(vips, u).tier == lookup(vips, user).tier)",
                json!(true),
            ),
        ] {
            let event = json!({"user": "ANNA@example.org", "users": ["ben@example.org", "Anna@example.org"]});
            assert_eq!(given(expression, table, event), gives, "{expression}");
        }
    }
}

#[test]
fn what_ndjson_nests_has_members() {
    let event = json!({"user": "anna@example.org"});
    for (expression, gives) in [
        (
            "any(lookup(vips, user).groups, g => g.n == \"board\")",
            json!(true),
        ),
        ("lookup(vips, user).groups[*].n", json!(["board", "it"])),
        ("lookup(vips, user).groups[1].n", json!("it")),
        ("lookup(vips, \"ben@example.org\").more.deep[0]", json!("x")),
        (
            "present(lookup(vips, \"ben@example.org\").groups)",
            json!(false),
        ),
        (
            "\"board\" in map(lookup(vips, user).groups, g => g.n)",
            json!(true),
        ),
    ] {
        assert_eq!(
            given(expression, LINES, event.clone()),
            gives,
            "{expression}"
        );
    }
}

#[test]
fn a_whole_row_is_emitted_as_an_object_of_what_is_there() {
    let event = || json!({"user": "ben@example.org"});
    assert_eq!(
        given("lookup(vips, user)", VIPS, event()),
        json!({"upn": "ben@example.org", "tier": "silver", "limit": "50"})
    );
    assert_eq!(
        given("lookup(vips, user)", LINES, event()),
        json!({"upn": "ben@example.org", "tier": "silver", "limit": 50, "more": {"deep": ["x"]}})
    );
}

#[test]
fn a_key_that_is_no_text_is_looked_up_as_its_text() {
    let table = "upn,tier\n192.0.2.7,a\n64500,b\n2026-03-02T10:00:00Z,c\n";
    let event = json!({"user": "u", "ip": "::ffff:192.0.2.7", "asn": "64500"});
    for (key, gives) in [("ip", "a"), ("asn", "b"), ("e.time", "c")] {
        let expression = format!("lookup(vips, {key}).tier");
        assert_eq!(
            given(&expression, table, event.clone()),
            json!(gives),
            "{key}"
        );
    }
}

#[test]
fn an_address_is_looked_up_however_the_file_writes_it() {
    let csv = "upn,tier\n2001:DB8:0:0::7,a\n::ffff:192.0.2.7,b\n";
    let ndjson = r#"{"upn": "2001:db8:0::0007", "tier": "a"}
{"upn": "0:0:0:0:0:ffff:c000:207", "tier": "b"}"#;
    for (ip, gives) in [
        ("2001:db8::7", json!("a")),
        ("[2001:0DB8::0:7]:443", json!("a")),
        ("192.0.2.7", json!("b")),
        ("2001:db8::8", Value::Null),
    ] {
        for table in [csv, ndjson] {
            let event = json!({"user": "u", "ip": ip});
            assert_eq!(given("lookup(vips, ip).tier", table, event), gives, "{ip}");
        }
    }
}

#[test]
fn schemas_keys_joins_exclusions_and_filters_look_up() {
    let text = r#"
        schema device {
          accept present(.device)
          time : timestamp = .time
          id : string = .id
          tier : string = lookup(vips, .device).tier
          owner : json = lookup(vips, .device)
        }
        rule team {
          sequence by lookup(vips, user).team within 1m {
            first = signin where lookup(vips, user).limit >= 1
            second = signin where second.user != first.user and lookup(vips, second.user).limit < lookup(vips, first.user).limit
          }
          emit { team = lookup(vips, second.user).team }
        }
        exclude "trusted" from team { when lookup(vips, second.user).trusted == true }
        rule devices { match { d = device where tier == "gold" and owner.team == "blue" } }
        filter gold { on signin  keep when lookup(vips, user).tier == "gold" }
    "#;
    let table =
        "upn,tier,team,limit,trusted\na,gold,blue,9,\nb,x,blue,5,\nc,x,blue,4,true\nd,x,red,1,\n";
    let records = [
        record(1, json!({"user": "a"})),
        record(2, json!({"user": "d"})),
        record(3, json!({"user": "b"})),
        record(4, json!({"user": "nobody"})),
        record(5, json!({"user": "c"})),
        record(6, json!({"device": "a"})),
        record(7, json!({"device": "b"})),
    ];
    let set = rules(text, table);
    let found = found(set.clone(), &records);
    let told: Vec<(&str, &str)> = found
        .iter()
        .map(|found| {
            (
                found["rule"].as_str().unwrap(),
                found["time"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("team", "2026-03-02T10:00:03Z"),
            ("devices", "2026-03-02T10:00:06Z")
        ]
    );
    assert_eq!(found[0]["fields"]["team"], "blue");
    assert_eq!(found[0]["key"], json!({"team": "blue"}));
}

#[test]
fn an_edited_table_keeps_the_state_and_applies_to_what_is_retained() {
    let text = r#"rule r {
        sequence by user within 1m {
          first = signin where lookup(vips, user).tier == "gold"
          second = signin where second.ip != first.ip
        }
        emit { owner = lookup(vips, user).owner }
      }
      exclude "ours" from r { when lookup(vips, user).limit == 1 }"#;
    let edited =
        "more,tier,upn,limit,owner\nx,silver,ANNA@example.org,7,new\nx,gold,ben@example.org,1,\n";
    let mut engine = Engine::new(rules(text, VIPS), Options::new(today()));
    let mut sink = Found::default();
    let event = |second: u32, user: &str, ip: u8| {
        record(second, json!({"user": user, "ip": format!("192.0.2.{ip}")}))
    };
    engine.push(event(1, "anna@example.org", 1).as_bytes(), &mut sink);
    let told = engine.reload(rules(text, edited), &mut sink);
    assert_eq!(told.rules[0].fate, RuleFate::Kept);
    for record in [
        event(2, "anna@example.org", 2),
        event(3, "ben@example.org", 1),
        event(4, "ben@example.org", 2),
    ] {
        engine.push(record.as_bytes(), &mut sink);
    }
    engine.finish(&mut sink);
    assert_eq!(sink.0.len(), 1, "ben's is excluded: {:#?}", sink.0);
    assert_eq!(sink.0[0]["fields"]["owner"], "new");

    // Another key, another column or another comparison is another condition.
    for (from, to) in [
        ("lookup(vips, user).tier ==", "lookup(vips, user).owner =="),
        ("lookup(vips, user).tier", "lookup(vips, lower(user)).tier"),
    ] {
        let mut engine = Engine::new(rules(text, VIPS), Options::new(today()));
        engine.push(event(1, "anna@example.org", 1).as_bytes(), &mut sink);
        let told = engine.reload(rules(&text.replace(from, to), VIPS), &mut sink);
        assert_eq!(told.rules[0].fate, RuleFate::Changed, "{to}");
    }
}

#[test]
fn a_bundle_of_rules_carries_its_tables() {
    let text = "rule r { match { e = signin where lookup(vips, user).tier == \"gold\" } }";
    let mut set = sources(text, VIPS);
    assert!(lang::check(&mut set, today()).checked.is_some());
    let texts = bundle::texts(&set);
    assert!(texts.iter().any(|(path, _)| path == "tables/vips"));
    let bytes = bundle::write(texts.iter().map(|(path, text)| (path.as_str(), *text))).unwrap();
    let carried = compiled(SourceSet::from_texts(bundle::read(&bytes).unwrap()));
    assert_eq!(
        found(carried, &[record(1, json!({"user": "anna@example.org"}))]).len(),
        1
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_lookup_gives_what_a_map_made_of_the_file_gives(
        contents in prop::collection::btree_map("[a-e]{1,3}", ("[a-z \",é]{0,6}", any::<Option<i32>>()), 0..30),
        users in prop::collection::vec("[a-eA-E]{1,3}", 1..30),
        lines in any::<bool>(),
    ) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut table = String::new();
        if lines {
            for (key, (text, number)) in &contents {
                table.push_str(&json!({"note": text, "upn": key, "limit": number}).to_string());
                table.push('\n');
            }
        } else {
            table.push_str("note,upn,limit\n");
            for (key, (text, number)) in &contents {
                let number = number.map_or(String::new(), |number| number.to_string());
                table.push_str(&format!("{},{key},{number}\n", quoted(text)));
            }
        }
        if contents.is_empty() && lines {
            return Ok(());
        }
        let text = "rule r { match { e = signin } emit { note = lookup(vips, user).note limit = lookup(vips, user).limit > 0 there = present(lookup(vips, user)) } }";
        let records: Vec<String> = (0..).zip(&users).map(|(second, user)| record(second, json!({"user": user}))).collect();
        let mut told = found(rules(text, &table), &records);
        told.sort_by_key(|found| found["time"].to_string());
        prop_assert_eq!(told.len(), users.len());
        for (found, user) in told.iter().zip(&users) {
            let row = contents.get(&user.to_lowercase());
            let note = row.map(|(text, _)| if lines { text.as_str() } else { text.trim() });
            let note = note.filter(|note| !note.is_empty());
            prop_assert_eq!(&found["fields"]["note"], &json!(note));
            let positive = row.and_then(|(_, number)| *number).is_some_and(|number| number > 0);
            prop_assert_eq!(&found["fields"]["limit"], &json!(positive));
            prop_assert_eq!(&found["fields"]["there"], &json!(row.is_some()));
        }
    }
}

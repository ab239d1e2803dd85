//! What the formatter promises: the same meaning, every comment, one form.

use proptest::prelude::*;

use super::*;
use crate::parse::tests::{EVERYTHING, SEED_EXCLUSIONS, SEED_RULE};
use crate::parse::{ast_eq, lexical};

fn formatted(text: &str) -> String {
    format(FileId(0), text).unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"))
}

fn comments(text: &str) -> Vec<String> {
    let tokens = lexical::tokens(text);
    tokens
        .iter()
        .filter(|token| token.is_comment())
        .map(|token| token.text(text).replace('\r', "").trim_end().to_owned())
        .collect()
}

/// All promises on one text.
fn check(text: &str) {
    let once = formatted(text);
    let (before, _) = parse(FileId(0), text);
    let (after, problems) = parse(FileId(0), &once);
    assert_eq!(problems, [], "in\n{once}");
    assert!(
        ast_eq(&before, &after),
        "another meaning:\n{text}\n====\n{once}"
    );
    assert_eq!(comments(text), comments(&once), "in\n{text}\n====\n{once}");
    let twice = formatted(&once);
    assert!(
        once == twice,
        "not stable:\n{text}\n==== once\n{once}\n==== twice\n{twice}"
    );
    assert!(
        once.is_empty() || (once.ends_with('\n') && !once.ends_with("\n\n")),
        "{once:?}"
    );
}

const NASTY: &str = r#"
// first


// second
/* a block
     of lines */ list a:string=["x","y",] // trailing
list longer_name :string nocase=file"lists/a.txt"
let w=10m let v = -w - -3   /* inline */ * 2

list c : cidr = ["10.0.0.0/8", /* between */ "192.168.0.0/16"
  // own line
  , "172.16.0.0/12" /* last */ , // after
]
rule r /* name */ { // opening
  // before meta
  meta{id="x" // the id
    longer_key=medium tags=["a","b"]


    // apart
    x = /* why */ 1
  }
  sequence by a.user=b.upn,c .d [*] within 10m*2{ a=last signin where x and /* mid */ y // end of a
    b = signin
      // own in the middle
      where token.ip != login.ip and token.asn != login.asn and token.user_agent matches /(?i)azure-?cli|azurepowershell/ or not result in nocase ["aaaaaaaaaa", "bbbbbbbbbbbbb"] and x } // closing
  emit{user ip=b.ip asn = b .asn  session_identifier=a.session_id
    // last in emit
  }
  exclude "e" { when a.ip in b reason "because" owner "me" expires 2027-06-30 }
  emit {}
  emit { /* nothing */ }
  emit {
    // nothing
  }
} /* after */ let after = [1,2,3] filter f{on signin drop when a and (b or c) tag "t" when any(list, x=>x.y == "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" and x.z == "yyyyyyyyyyyyyyyyyyyyyyyyyyyyy") }
schema s{accept .category in ["SignInLogs","NonInteractiveUserSignInLogs"] or .Type in ["SigninLogs","AADNonInteractiveUserSignInLogs"]
 time:timestamp=.properties  .createdDateTime ?? .TimeGenerated??.time // required
 id:[string]=.properties.id
 user_principal_name : string = lower(.properties.userPrincipalName ?? .UserPrincipalName ?? .userPrincipalName ?? .upn) }
// the end"#;

#[test]
fn tables_stand_together_and_line_up_at_their_equals_sign() {
    let text = "table  vips=file \"a.csv\"   key upn   nocase\ntable longer_name = file\n \"b.ndjson\" key \"odd name\" // why\nlet a=1\nrule r{sequence by target=find(targets,t=>t.type==\"User\").id within 1h{a=s b=s}}";
    assert_eq!(
        format(FileId(0), text).unwrap(),
        "table vips        = file \"a.csv\" key upn nocase\ntable longer_name = file \"b.ndjson\" key \"odd name\"  // why\nlet a = 1\n\nrule r {\n  sequence by target = find(targets, t => t.type == \"User\").id within 1h {\n    a = s\n    b = s\n  }\n}\n"
    );
}

#[test]
fn hand_written_texts_keep_meaning_and_comments_and_are_stable() {
    for text in [
        SEED_RULE,
        SEED_EXCLUSIONS,
        EVERYTHING,
        NASTY,
        "",
        "\n\n",
        "// only a comment",
        "/* a */ // b",
        "rule a{}",
    ] {
        check(text);
        check(&text.replace('\n', "\r\n"));
    }
}

#[test]
fn the_seed_texts_in_canonical_form() {
    insta::assert_snapshot!(
        "seed",
        [SEED_RULE, SEED_EXCLUSIONS].map(formatted).join("\n")
    );
}

#[test]
fn a_nasty_text_in_canonical_form() {
    insta::assert_snapshot!("nasty", formatted(NASTY));
}

#[test]
fn tests_of_rules_in_canonical_form() {
    let tests = EVERYTHING.find("\ntest ").unwrap();
    insta::assert_snapshot!("tests_of_rules", formatted(&EVERYTHING[tests..]));
}

#[test]
fn no_line_passes_the_limit_where_it_can_be_broken() {
    for text in [SEED_RULE, SEED_EXCLUSIONS, EVERYTHING, NASTY] {
        for line in formatted(text)
            .lines()
            .filter(|line| !line.contains("//") && line.contains(" and "))
        {
            assert!(line.chars().count() <= LINE_LIMIT, "{line}");
        }
    }
}

/// The code of a text with every gap between tokens written as `gap`.
fn respaced(text: &str, gap: &str) -> String {
    let mut respaced = String::new();
    let mut before = 0;
    for token in lexical::tokens(text)
        .iter()
        .filter(|token| !token.is_comment())
    {
        if token.start > before && before > 0 {
            respaced.push_str(gap);
        }
        respaced.push_str(token.text(text));
        before = token.end;
    }
    respaced
}

#[test]
fn line_breaks_of_the_input_do_not_matter() {
    for text in [SEED_RULE, SEED_EXCLUSIONS, EVERYTHING, NASTY] {
        let one_line = formatted(&respaced(text, " "));
        assert_eq!(one_line, formatted(&respaced(text, "\n")));
        assert_eq!(one_line, formatted(&respaced(&one_line, " ")));
    }
}

#[test]
fn a_text_with_errors_is_not_formatted() {
    assert_eq!(format(FileId(0), "let a = ").unwrap_err().len(), 1);
}

#[test]
fn deep_and_long_texts_format() {
    let calls = format!("let x = {}1{}", "function_name(".repeat(40), ")".repeat(40));
    check(&calls);
    let chain = format!("let x = {}a", "a or ".repeat(5_000));
    check(&chain);
    let list = format!("list x : int = [{}]", "1, ".repeat(5_000));
    check(&list);
}

/// The tokens of an expression.
fn expression() -> impl Strategy<Value = Vec<String>> {
    let leaf = prop::sample::select(vec![
        "a",
        "login.ip",
        ".p.q[*].\"odd key\"",
        "\"text // no comment\"",
        "12",
        "-3",
        "1.5h",
        "10.0.0.0/8",
        "2027-06-30",
        "true",
        "missing",
        "/re\\/g/",
        "a_rather_long_name_of_a_field",
        "\"a rather long text that fills its line\"",
        "[ ]",
        "x [0]",
    ]);
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let leaf = leaf.prop_map(move |leaf| {
        if leaf.contains('"') {
            vec![leaf.to_owned()]
        } else {
            words(leaf)
        }
    });
    leaf.prop_recursive(4, 40, 5, |inner| {
        let operator = prop::sample::select(vec![
            "and",
            "or",
            "??",
            "+",
            "-",
            "*",
            "/",
            "== nocase",
            "in",
            "not in",
            "matches",
            "has",
        ]);
        let join = |parts: Vec<Vec<String>>, by: &str| {
            let mut joined: Vec<String> = Vec::new();
            for part in parts {
                if !joined.is_empty() {
                    joined.extend(by.split(' ').map(str::to_owned));
                }
                joined.extend(part);
            }
            joined
        };
        let wrap = |open: &str, inside: Vec<String>, close: &str| {
            let open = open.split(' ').map(str::to_owned);
            open.chain(inside)
                .chain([close.to_owned()])
                .collect::<Vec<String>>()
        };
        prop_oneof![
            (
                prop::collection::vec(inner.clone(), 2..6),
                prop::sample::select(vec!["and", "or", "??"])
            )
                .prop_map(move |(parts, by)| {
                    let parts = parts.into_iter().map(|part| wrap("(", part, ")")).collect();
                    join(parts, by)
                }),
            (inner.clone(), operator, inner.clone()).prop_map(move |(left, op, right)| join(
                vec![wrap("(", left, ")"), wrap("(", right, ")")],
                op
            )),
            prop::collection::vec(inner.clone(), 1..5).prop_map(move |parts| wrap(
                "[",
                join(parts, ","),
                "]"
            )),
            prop::collection::vec(inner.clone(), 1..4).prop_map(move |parts| wrap(
                "call (",
                join(parts, ","),
                ")"
            )),
            inner
                .clone()
                .prop_map(move |body| wrap("any ( a , x =>", body, ")")),
            inner.clone().prop_map(move |of| wrap("not (", of, ")")),
            inner.prop_map(move |of| wrap("- (", of, ")")),
        ]
    })
}

/// The tokens of a rule file.
fn file() -> impl Strategy<Value = Vec<String>> {
    let tokens = |text: &str| {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let around = move |before: &'static str, after: &'static str| {
        move |inside: Vec<String>| {
            tokens(before)
                .into_iter()
                .chain(inside)
                .chain(tokens(after))
                .collect::<Vec<String>>()
        }
    };
    let item = prop_oneof![
        expression().prop_map(around("let x =", "")),
        expression().prop_map(around("list name : string nocase = [", ", \"last\" , ]")),
        Just(tokens("table t = file \"t.csv\" key upn nocase")),
        Just(tokens("table longer = file \"t.csv\" key \"odd-name\"")),
        expression().prop_map(around(
            "rule r { meta { id = \"x\" longer = [ a , 1 ] } match { e = signin where",
            "} emit { a b = c } }"
        )),
        expression().prop_map(around(
            "rule r { sequence by a = b , c within 10m { a = last signin b = every s where",
            "c = s } emit { } }"
        )),
        expression().prop_map(around(
            "exclude \"e\" from a , b { when",
            "reason \"r\" expires 2027-06-30 }"
        )),
        expression().prop_map(around(
            "schema s { accept",
            "time : timestamp = .t other : [ ip ] = .a ?? .b }"
        )),
        expression().prop_map(around(
            "filter f { on signin drop when",
            "tag \"t\" when x }"
        )),
        expression().prop_map(around(
            "test \"t\" for a , b { signin at 10:00 { user =",
            "details = {\"a\":[1,{\"b\":null}]} } s at 2027-06-30 { } expect at least 1 excluded of a by \"x\" , \"y\" { a . b = [ x ] } lateness 1h }"
        )),
    ];
    prop::collection::vec(item, 1..4).prop_map(|items| items.concat())
}

/// What can stand between two tokens.
fn between() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        20 => Just(" "),
        3 => Just("\n"),
        1 => Just("\n\n\n"),
        1 => Just(" // trailing\n"),
        1 => Just("\n// own line  \n"),
        1 => Just(" /* inline */ "),
        1 => Just("\n\n/* own block */ "),
        1 => Just(" /* two\n   lines */ /* and */ // more\n"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_files_keep_meaning_and_comments_and_are_stable(
        (tokens, gaps) in file().prop_flat_map(|tokens| {
            let gaps = prop::collection::vec(between(), tokens.len() + 1);
            (Just(tokens), gaps)
        })
    ) {
        let (first, gaps) = gaps.split_first().unwrap();
        let mut text = (*first).to_owned();
        for (token, gap) in tokens.iter().zip(gaps) {
            text.push_str(token);
            text.push_str(gap);
        }
        check(&text);
    }

    #[test]
    fn any_text_formats_or_is_refused(text in "\\PC*") {
        let _ = format(FileId(0), &text);
    }
}

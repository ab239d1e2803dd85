//! A typo in any name of the seed rule set gets a diagnostic that names the right word.

use super::*;

pub(super) const LISTS: &str = r#"
list service_accounts : string nocase = ["svc@example.com"]
list admin_networks   : cidr          = ["203.0.113.0/24"]

exclude "service accounts" from aitm_token_replay {
  when    user in service_accounts
  reason  "Jobs"
  owner   "identity-team"
  expires 2030-06-30
}
exclude "admin networks" from aitm_token_replay { when token.ip in admin_networks }
"#;

pub(super) const RULE: &str = r#"
rule aitm_token_replay {
  meta {
    id         = "2a2c676e-885f-43d9-90cb-2c035772e31c"
    title      = "Anomalous token"
    severity   = medium
    tactics    = ["InitialAccess", "CredentialAccess"]
    techniques = ["T1539", "T1550"]
    version    = "1.0.0"
  }

  sequence by user within 10m {
    login = last signin where interactive and result == 0
    token =      signin where not interactive and result == 0
                 and differ(token.ip, login.ip) and differ(token.asn, login.asn)
  }

  emit {
    user
    account_name    = local_part(user)
    upn_suffix      = domain(user)
    app             = token.app_id
    interactive_asn = login.asn
    at              = login.time
  }
}
"#;

/// Where a word stands as a whole in a text.
fn places(text: &str, word: &str) -> Vec<usize> {
    let inner =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    let alone =
        |at: &usize| !inner(bytes.get(at.wrapping_sub(1))) && !inner(bytes.get(at + word.len()));
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(alone)
        .collect()
}

/// The word with two letters swapped, one doubled, one left out.
fn mutations(word: &str) -> Vec<String> {
    let middle = word.len() / 2;
    let mut swapped = word.as_bytes().to_vec();
    swapped.swap(middle - 1, middle);
    let doubled = format!("{}{}", &word[..middle], &word[middle - 1..]);
    let mut all = vec![String::from_utf8(swapped).unwrap(), doubled];
    if word.len() > 3 {
        all.push(format!("{}{}", &word[..middle], &word[middle + 1..]));
    }
    all.retain(|mutated| mutated != word);
    all
}

#[test]
fn the_seed_rule_set_is_without_problems() {
    assert_eq!(said(&format!("{RULE}{LISTS}")), Vec::<String>::new());
}

#[test]
fn a_typo_in_any_name_is_named() {
    let text = format!("{RULE}{LISTS}");
    let words = [
        // meta keys, severities, tactics
        "title",
        "severity",
        "tactics",
        "techniques",
        "version",
        "medium",
        "InitialAccess",
        "CredentialAccess",
        // schema, modifier, fields, functions, types
        "signin",
        "last",
        "interactive",
        "result",
        "local_part",
        "domain",
        "differ",
        "app_id",
        "time",
        "string",
        "cidr",
        // clauses, the modifier of lists
        "reason",
        "owner",
        "expires",
        "nocase",
    ];
    let mut unnamed = Vec::new();
    let mut tried = 0;
    let mut try_at = |word: &str, at: usize| {
        for mutated in mutations(word) {
            let text = format!("{}{mutated}{}", &text[..at], &text[at + word.len()..]);
            let lines = said(&text);
            tried += 1;
            if !lines.iter().any(|line| line.contains(&format!("`{word}`"))) {
                unnamed.push(format!("{mutated} at {at}: {lines:#?}"));
            }
        }
    };
    for word in words {
        let places = places(&text, word);
        assert!(!places.is_empty(), "{word}");
        places.iter().for_each(|at| try_at(word, *at));
    }
    // Names that the set declares itself: every use after the declaration (a misspelt declaration
    // is the name that is then near).
    for word in [
        "login",
        "token",
        "user",
        "asn",
        "ip",
        "service_accounts",
        "admin_networks",
        "aitm_token_replay",
    ] {
        let places = places(&text, word);
        let declared = [
            "login",
            "token",
            "service_accounts",
            "admin_networks",
            "aitm_token_replay",
        ]
        .contains(&word);
        for at in places.into_iter().skip(usize::from(declared)) {
            try_at(word, at);
        }
    }
    assert!(tried > 120, "{tried}");
    assert!(
        unnamed.is_empty(),
        "{} of {tried}:\n{}",
        unnamed.len(),
        unnamed.join("\n")
    );
}

#[test]
fn a_wrong_unit_or_technique_is_named() {
    for (right, wrong, named) in [
        ("10m", "10min", "`10m`"),
        ("10m", "10mn", "`m`"),
        ("10m", "10", "10m"),
        ("T1539", "T1539.1", "`T1539`"),
        ("T1539", "1539", "`T1539`"),
    ] {
        let lines = said(&RULE.replace(right, wrong));
        assert!(
            lines.iter().any(|line| line.contains(named)),
            "{wrong}: {lines:#?}"
        );
    }
}

#[test]
fn equally_near_names_are_all_offered_and_the_likelier_slip_alone() {
    one(
        &said_of_condition("i == 1.2.3.4"),
        &["did you mean `id` or `ip`?"],
    );
    one(
        &said_of_condition("usr == \"x\""),
        &["did you mean `user`?"],
    );
    one(
        &said_of_condition("time - seen > 1xm"),
        &["did you mean `1m`?"],
    );
}

#[test]
fn a_slip_in_a_declaration_is_one_error_there() {
    let rule = "rule r { sequence by user within 10m { loin = signin
        b = signin where b.ip != login.ip and b.asn != login.asn } emit { b.id x = login.id } }";
    let rule = rule.replace("b.id x", "x");
    one(
        &said(&rule),
        &[
            "rules.trip:1:40",
            "E0205",
            "declared as `loin` but used as `login` 3 times",
        ],
    );
    // Where the declared name is used too, the other uses are what is wrong.
    let said_of_both = said(&rule.replace("b.ip != login.ip", "b.ip != loin.ip"));
    assert_eq!(said_of_both.len(), 2, "{said_of_both:#?}");
    assert!(
        said_of_both[0].contains("did you mean `loin`?"),
        "{said_of_both:#?}"
    );
    // One use is as likely to be wrong as the declaration.
    one(
        &said(
            "rule r { sequence by user within 10m { loin = signin b = signin where b.ip != login.ip } }",
        ),
        &["there is no step `login`", "did you mean `loin`?"],
    );
}

#[test]
fn a_slip_in_the_name_of_a_rule_is_one_error_there() {
    let exclude = |name: &str| {
        format!(
            "exclude \"{name}\" from replay {{ when user == \"{name}\" reason \"x\" owner \"y\" expires 2027-11-30 }} "
        )
    };
    let rules = format!(
        "rule repay {{ match {{ e = signin }} }} {}{}",
        exclude("a"),
        exclude("b")
    );
    one(
        &said(&rules),
        &["E0207", "declared as `repay` but used as `replay` 2 times"],
    );
}

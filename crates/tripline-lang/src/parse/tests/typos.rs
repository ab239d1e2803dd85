//! A slip in any word of a rule gives an error whose help names the right word.

use super::super::lexical::{Kind, tokens};
use super::*;

/// Words of the seed texts that read as names with whatever letters, so that the checker and not
/// the parser knows them: names, fields, functions, types, keys and values of `meta`, step
/// modifiers, a list's `nocase`, and the clauses of an exclusion.
const NAMES: &[&str] = &[
    "aitm_token_replay",
    "id",
    "title",
    "severity",
    "medium",
    "tactics",
    "techniques",
    "version",
    "user",
    "login",
    "token",
    "last",
    "signin",
    "interactive",
    "result",
    "ip",
    "asn",
    "account_name",
    "local_part",
    "account_upn_suffix",
    "domain",
    "app",
    "non_interactive_ip",
    "non_interactive_asn",
    "interactive_ip",
    "interactive_asn",
    "interactive_time",
    "time",
    "session_id",
    "correlation_id",
    "service_accounts",
    "string",
    "nocase",
    "cli_apps",
    "admin_networks",
    "cidr",
    "when",
    "reason",
    "owner",
    "expires",
    "app_id",
    "user_agent",
];

/// What fingers do to a word: a letter left out, two swapped, one hit wrong.
fn slips(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut slips = Vec::new();
    for at in 0..letters.len() {
        let mut missing = letters.clone();
        missing.remove(at);
        slips.push(missing.iter().collect());
        let mut wrong = letters.clone();
        wrong[at] = 'x';
        slips.push(wrong.iter().collect());
        if at + 1 < letters.len() {
            let mut swapped = letters.clone();
            swapped.swap(at, at + 1);
            slips.push(swapped.iter().collect());
        }
    }
    slips.retain(|slip: &String| slip != word && !slip.is_empty());
    slips
}

#[test]
fn a_slip_in_any_keyword_of_the_seed_texts_is_named() {
    let mut tried = 0;
    let mut unnamed = Vec::new();
    for text in [SEED_RULE, SEED_EXCLUSIONS] {
        for token in tokens(text)
            .into_iter()
            .filter(|token| token.kind == Kind::Word)
        {
            let word = token.text(text);
            if NAMES.contains(&word) {
                continue;
            }
            for slip in slips(word) {
                let broken = [&text[..token.start], &slip, &text[token.end..]].concat();
                let told = told(&broken);
                tried += 1;
                if !told
                    .iter()
                    .any(|line| line.ends_with(&format!("did you mean `{word}`?")))
                {
                    unnamed.push(format!(
                        "`{slip}` for `{word}` at {}: {told:?}",
                        token.start
                    ));
                }
            }
        }
    }
    assert!(tried > 200, "only {tried} slips tried");
    assert!(
        unnamed.is_empty(),
        "{} of {tried} slips are not named:\n{}",
        unnamed.len(),
        unnamed.join("\n")
    );
}

#[test]
fn a_named_slip_is_mended_in_the_tree() {
    let right = read(SEED_RULE);
    for (wrong, word) in [
        ("seqeunce", "sequence"),
        ("wihtin", "within"),
        ("whre", "where"),
        ("emitt", "emit"),
        ("nto", "not"),
    ] {
        let (file, problems) = parse(&SEED_RULE.replacen(word, wrong, 1));
        assert_eq!(problems.len(), 1, "{wrong}: {problems:?}");
        assert!(super::super::ast_eq(&file, &right), "{wrong}");
    }
}

#[test]
fn every_missing_bracket_or_quote_of_the_seed_texts_is_named() {
    let mut unnamed = Vec::new();
    for text in [SEED_RULE, SEED_EXCLUSIONS] {
        let found = tokens(text);
        let brackets = found
            .iter()
            .filter(|token| token.kind == Kind::Mark && "{}()[]=,:".contains(token.text(text)));
        let quotes = found
            .iter()
            .filter(|token| token.kind == Kind::Text)
            .flat_map(|token| [token.start, token.end - 1]);
        for at in brackets.map(|token| token.start).chain(quotes) {
            let mark = &text[at..=at];
            let broken = [&text[..at], &text[at + 1..]].concat();
            let told = told(&broken);
            let close = |line: &String| {
                line.contains(&format!("add `{mark}`")) || line.contains("closes nothing")
            };
            if told.len() > 2 || !told.iter().any(close) {
                unnamed.push(format!(
                    "without the `{mark}` at {at} ({}): {told:?}",
                    &text[at.saturating_sub(12)..at]
                ));
            }
        }
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
}

#[test]
fn every_doubled_bracket_or_quote_of_the_seed_texts_is_an_error() {
    for text in [SEED_RULE, SEED_EXCLUSIONS] {
        let found = tokens(text);
        let brackets = found
            .iter()
            .filter(|token| token.kind == Kind::Mark && "{}[],:".contains(token.text(text)));
        let quotes = found
            .iter()
            .filter(|token| token.kind == Kind::Text)
            .flat_map(|token| [token.start, token.end - 1]);
        for at in brackets.map(|token| token.start).chain(quotes) {
            let doubled = [&text[..=at], &text[at..]].concat();
            let told = told(&doubled);
            assert!(
                !told.is_empty() && told.len() <= 2,
                "`{}` twice at {at}: {told:?}",
                &text[at..=at]
            );
        }
    }
}

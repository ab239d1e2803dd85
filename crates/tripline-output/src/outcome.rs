//! What became of the state of rules, as one line for a person: after a reload, and when a run goes on
//! from what an earlier one kept.

use std::fmt::Write as _;

use tripline_engine::{Restored, RuleFate, RuleOutcome};

/// How many events rules go on with, and the rules that begin anew, with the reason.
pub fn rules_text(rules: &[RuleOutcome]) -> String {
    let kept = rules.iter().filter(|rule| rule.fate == RuleFate::Kept);
    let (rules_kept, events) = kept.fold((0u64, 0), |(count, events), rule| {
        (count + 1, events + rule.events)
    });
    let mut text = format!("{events} events of {rules_kept} rules");
    for rule in rules {
        let why = match rule.fate {
            RuleFate::Kept => continue,
            RuleFate::New => "begins anew: it is new",
            RuleFate::Changed => "begins anew: its steps, key or window changed",
            RuleFate::Gone => "is gone",
        };
        let _ = write!(text, "; `{}` {why}", rule.name);
    }
    text
}

/// What of a snapshot is gone on with. `limit` is the name of the setting that limits the state.
pub fn restored_text(restored: &Restored, limit: &str) -> String {
    let mut text = rules_text(&restored.rules);
    if restored.evicted > 0 {
        let _ = write!(
            text,
            "; {} events were dropped, because `{limit}` is smaller now",
            restored.evicted
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_does_not_go_on_is_named_with_the_reason() {
        let rule = |name: &str, fate, events| RuleOutcome {
            id: String::new(),
            name: name.to_owned(),
            fate,
            events,
        };
        let restored = Restored {
            rules: vec![
                rule("a", RuleFate::Kept, 3),
                rule("b", RuleFate::Kept, 4),
                rule("c", RuleFate::New, 0),
                rule("d", RuleFate::Gone, 9),
            ],
            newest: None,
            evicted: 2,
        };
        assert_eq!(
            restored_text(&restored, "--max-state"),
            "7 events of 2 rules; `c` begins anew: it is new; `d` is gone; 2 events were dropped, because \
             `--max-state` is smaller now"
        );
    }
}

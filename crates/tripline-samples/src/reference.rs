//! The shipped rule's definition, as plainly as it can be written and with all records at hand:
//! what tests compare the engine with. It reads [`Sample::facts`], never a record.

use std::collections::HashMap;

use crate::plan::Kind;
use crate::stream::{Facts, Sample};

/// The window of the rule, in nanoseconds.
const WINDOW: i64 = 600_000_000_000;

/// A token and the sign-in that it is bound to, as indexes into the samples given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Match {
    /// The token.
    pub token: usize,
    /// The sign-in.
    pub login: usize,
}

/// Every match of `aitm_token_replay` before exclusions: for each successful token its user's most
/// recent successful interactive sign-in at or before it, if that is at most ten minutes old and both
/// the address and the AS number differ. In order of the token's time; doubles count once.
pub fn token_replays(samples: &[Sample]) -> Vec<Match> {
    let mut signins: Vec<(usize, &Sample, &Facts)> = samples
        .iter()
        .enumerate()
        .filter(|(_, sample)| !sample.duplicate)
        .filter_map(|(index, sample)| Some((index, sample, sample.facts.as_ref()?)))
        .filter(|(_, _, facts)| facts.timed && facts.result == 0 && !facts.user.is_empty())
        .collect();
    signins.sort_by_key(|(_, sample, _)| (sample.event_time, sample.kind != Kind::Interactive));
    let mut last: HashMap<&str, (usize, i64, &Facts)> = HashMap::new();
    let mut found = Vec::new();
    for (token, sample, facts) in signins {
        if sample.kind == Kind::Interactive {
            last.insert(facts.user.as_str(), (token, sample.event_time, facts));
            continue;
        }
        let Some((login, at, bound)) = last.get(facts.user.as_str()) else {
            continue;
        };
        if sample.event_time - at <= WINDOW && facts.ip != bound.ip && facts.asn != bound.asn {
            found.push(Match {
                token,
                login: *login,
            });
        }
    }
    found
}

//! What an engine has counted: nothing that happens to a record or an event goes uncounted.

use serde::Serialize;

use crate::fate::FateCounts;
use crate::program::RuleSet;

/// The counters of an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Records by fate.
    pub records: FateCounts,
    /// Each rule, in the order of the rule set.
    pub rules: Vec<RuleStats>,
    /// Events dropped before their time because a limit was reached.
    pub evicted: u64,
    /// Bytes of state now, as accounted for.
    pub state_bytes: usize,
    /// The most bytes of state there have been.
    pub peak_state_bytes: usize,
    /// Events retained now.
    pub retained_events: u64,
    /// The watermark, nanoseconds since 1970; none before the first event.
    pub watermark: Option<i64>,
}

/// The counters of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleStats {
    /// The rule's name.
    pub name: String,
    /// Detections given.
    pub detections: u64,
    /// Matches that exclusions suppressed.
    pub excluded: u64,
    /// Events that satisfied each step's own conditions.
    pub steps: Vec<(String, u64)>,
    /// Suppressed matches that each exclusion held for.
    pub exclusions: Vec<(String, u64)>,
    /// Events of a step whose key was missing: they correlate with nothing.
    pub no_key: u64,
    /// Events dropped before their time because a limit was reached.
    pub evicted: u64,
    /// Final events for which not every binding could be tried.
    pub search_limited: u64,
}

impl Stats {
    pub(crate) fn new(rules: &RuleSet) -> Stats {
        let rules = rules.rules().iter().map(|rule| RuleStats {
            name: rule.name.clone(),
            steps: rule.steps.iter().map(|step| (step.clone(), 0)).collect(),
            exclusions: rule
                .exclusions
                .iter()
                .map(|e| (e.name.clone(), 0))
                .collect(),
            ..RuleStats::default()
        });
        Stats {
            rules: rules.collect(),
            ..Stats::default()
        }
    }
}

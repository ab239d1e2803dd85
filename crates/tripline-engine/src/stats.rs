//! What an engine has counted: nothing that happens to a record or an event goes uncounted.

use serde::Serialize;

use crate::correlate::Successor;
use crate::fate::FateCounts;
use crate::program::RuleSet;
use crate::scan::Presence;

/// The counters of an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Records by fate.
    pub records: FateCounts,
    /// Each rule, in the order of the rule set.
    pub rules: Vec<RuleStats>,
    /// Each schema, in the order of the rule set.
    pub schemas: Vec<SchemaStats>,
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
    /// Final events without a match because the rule asks for a longer time before them than is known.
    pub unknown_before: u64,
}

/// What is known of the events of one schema: from a sample of one in sixteen, which depends on the
/// events alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SchemaStats {
    /// The schema's name.
    pub name: String,
    /// Events in the sample.
    pub sampled: u64,
    /// For each field that a rule or filter reads, how many of them had it.
    pub present: Vec<(String, u64)>,
}

impl Stats {
    /// Adds what a batch's sample shows.
    pub(crate) fn add_presence(&mut self, presence: &[Presence]) {
        for (schema, sample) in self.schemas.iter_mut().zip(presence) {
            schema.sampled += sample.events;
            for ((_, sum), present) in schema.present.iter_mut().zip(&sample.present) {
                *sum += present;
            }
        }
    }

    /// Goes on with the counters of another set's time: the totals, those of rules of the same id, of
    /// exclusions, schemas and fields of the same name.
    pub(crate) fn go_on(&mut self, before: Stats, successors: &[Option<Successor>]) {
        self.records = before.records;
        self.evicted = before.evicted;
        self.peak_state_bytes = before.peak_state_bytes;
        self.watermark = before.watermark;
        for (was, successor) in before.rules.into_iter().zip(successors) {
            let Some(successor) = successor else { continue };
            let Some(now) = self.rules.get_mut(successor.rule) else {
                continue;
            };
            now.detections = was.detections;
            now.excluded = was.excluded;
            now.no_key = was.no_key;
            now.evicted = was.evicted;
            now.search_limited = was.search_limited;
            now.unknown_before = was.unknown_before;
            take_counts(&mut now.exclusions, &was.exclusions);
            if successor.repack.is_some() {
                // The same steps, whatever they are called now.
                for ((_, now), (_, was)) in now.steps.iter_mut().zip(&was.steps) {
                    *now = *was;
                }
            } else {
                take_counts(&mut now.steps, &was.steps);
            }
        }
        for now in &mut self.schemas {
            let was = before.schemas.iter().find(|was| was.name == now.name);
            if let Some(was) = was {
                now.sampled = was.sampled;
                take_counts(&mut now.present, &was.present);
            }
        }
    }

    pub(crate) fn new(rules_set: &RuleSet) -> Stats {
        let rules = rules_set.rules().iter().map(|rule| RuleStats {
            name: rule.name.clone(),
            steps: rule.steps.iter().map(|step| (step.clone(), 0)).collect(),
            exclusions: rule
                .exclusions
                .iter()
                .map(|e| (e.name.clone(), 0))
                .collect(),
            ..RuleStats::default()
        });
        let schemas = rules_set
            .program()
            .schemas
            .iter()
            .map(|schema| SchemaStats {
                name: schema.name.clone(),
                sampled: 0,
                present: schema
                    .used
                    .iter()
                    .filter_map(|field| Some((schema.fields.get(*field)?.name.clone(), 0)))
                    .collect(),
            });
        Stats {
            rules: rules.collect(),
            schemas: schemas.collect(),
            ..Stats::default()
        }
    }
}

/// Takes over what is counted under the same name.
fn take_counts(now: &mut [(String, u64)], was: &[(String, u64)]) {
    for (name, count) in now {
        if let Some((_, was)) = was.iter().find(|(other, _)| other == name) {
            *count = *was;
        }
    }
}

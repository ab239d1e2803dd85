//! What the numbers of a summary mean for its reader: where detections may be missing, why, and what to
//! do about it. Called by the summary; says nothing where all is well.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::HumanCount;
use tripline_engine::{RuleStats, Stats};

use super::text::{delta, time};

/// So many records that came too late are worth a word, however many were in time.
const MANY_TOO_LATE: u64 = 100;

/// Below this a limit is for trying things out, and what reached it is not to be told by its size.
const SERIOUS_LIMIT: usize = 1_000_000;

/// Fewer events than this say nothing about a field that none of them has.
const ENOUGH_SAMPLED: u64 = 20;

/// The options of a run that its numbers are judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How late an event may be.
    pub(crate) lateness: Duration,
    /// How many bytes of state may be kept.
    pub(crate) max_state: usize,
    /// How far ahead of the clock an event may be dated.
    pub(crate) max_skew: Option<Duration>,
}

/// The advice, a paragraph a line.
pub(super) fn advice(stats: &Stats, ahead: u64, limits: Limits) -> String {
    let mut said = String::new();
    dated_ahead(&mut said, ahead, limits.max_skew);
    too_late(&mut said, stats, limits.lateness);
    evicted(&mut said, stats, limits.max_state);
    let partly = rules(stats, |rule| rule.search_limited);
    if !partly.is_empty() {
        let _ = writeln!(
            said,
            "searched in part: too many events of one key for every combination to be tried ({partly}): \
             detections may be missing; make the steps' conditions or the key narrower, or the window shorter"
        );
    }
    let unknown = rules(stats, |rule| rule.unknown_before);
    if !unknown.is_empty() {
        let _ = writeln!(
            said,
            "not known before: rules that ask for something not to have happened before stay silent until \
             records go back that far ({unknown})"
        );
    }
    never_present(&mut said, stats);
    said
}

/// A field that no event has is most often a path with a slip in it.
fn never_present(said: &mut String, stats: &Stats) {
    for schema in &stats.schemas {
        if schema.sampled < ENOUGH_SAMPLED {
            continue;
        }
        let never = schema.present.iter().filter(|(_, events)| *events == 0);
        let never: Vec<_> = never.map(|(name, _)| format!("`{name}`")).collect();
        if !never.is_empty() {
            let _ = writeln!(
                said,
                "never present: no event of schema `{}` had a value for {} ({} were looked at): are the \
                 paths right, and of these records?",
                schema.name,
                never.join(", "),
                HumanCount(schema.sampled)
            );
        }
    }
}

fn dated_ahead(said: &mut String, ahead: u64, max_skew: Option<Duration>) {
    let Some(skew) = max_skew.filter(|_| ahead > 0) else {
        return;
    };
    let were = if ahead == 1 {
        "record is"
    } else {
        "records are"
    };
    let _ = writeln!(
        said,
        "dated ahead: {} {were} dated more than {} ahead of this machine's clock and took no part, because \
         one such record would make all that follow too late: mend the clock that wrote them, or this \
         machine's; --max-skew says how far ahead is too far, and --max-skew off lets everything in",
        HumanCount(ahead),
        span(skew)
    );
}

/// A span of time in words such as `30m`.
fn span(of: Duration) -> String {
    let span = delta(i64::try_from(of.as_nanos()).unwrap_or(i64::MAX));
    let mut span = span.trim_start_matches('+');
    for nothing in [" 0s", " 0m", " 0h"] {
        span = span.strip_suffix(nothing).unwrap_or(span);
    }
    span.to_owned()
}

fn too_late(said: &mut String, stats: &Stats, lateness: Duration) {
    let records = &stats.records;
    let late = records.too_late;
    let accepted = late + records.processed + records.duplicate + records.out_of_range;
    if late <= MANY_TOO_LATE && late.saturating_mul(100) <= accepted {
        return;
    }
    let nanos = i64::try_from(lateness.as_nanos()).unwrap_or(i64::MAX);
    let span = span(lateness);
    let newest = stats.watermark.map_or_else(String::new, |watermark| {
        let newest = time(watermark.saturating_add(nanos), false);
        format!(
            " The newest event is of {newest} UTC; if that is ahead of the others, a wrong clock caused this."
        )
    });
    let were = if late == 1 {
        "record was"
    } else {
        "records were"
    };
    let _ = writeln!(
        said,
        "too late: {} {were} not correlated, so detections may be missing. Inputs are correlated by event \
         time, and what is more than {span} older than the newest event so far comes too late; a greater \
         --lateness lets it in.{newest}",
        HumanCount(late)
    );
}

fn evicted(said: &mut String, stats: &Stats, max_state: usize) {
    if stats.evicted == 0 {
        return;
    }
    let far_below = max_state >= SERIOUS_LIMIT && stats.peak_state_bytes < max_state / 2;
    let _ = if far_below {
        writeln!(
            said,
            "evicted: one key had more events than are kept for a step ({}): detections may be missing; \
             make the steps' conditions or the key narrower, or the window shorter",
            rules(stats, |rule| rule.evicted)
        )
    } else {
        writeln!(
            said,
            "evicted: events were dropped because the limit of the state was reached: detections may be \
             missing (see --max-state)"
        )
    };
}

/// The rules of which there is such a count, with it.
fn rules(stats: &Stats, count: impl Fn(&RuleStats) -> u64) -> String {
    let named: Vec<_> = stats
        .rules
        .iter()
        .map(|rule| (rule, count(rule)))
        .filter(|(_, count)| *count > 0)
        .map(|(rule, count)| format!("{}: {} events", rule.name, HumanCount(count)))
        .collect();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        lateness: Duration::from_secs(1800),
        max_state: 512_000_000,
        max_skew: Some(Duration::from_secs(86_400)),
    };

    fn with_rule(change: impl FnOnce(&mut RuleStats)) -> Stats {
        let mut rule = RuleStats {
            name: "replay".to_owned(),
            ..RuleStats::default()
        };
        change(&mut rule);
        Stats {
            rules: vec![rule],
            ..Stats::default()
        }
    }

    #[test]
    fn where_all_is_well_nothing_is_said() {
        let mut stats = Stats::default();
        stats.records.processed = 10_000;
        stats.records.too_late = 100;
        assert_eq!(advice(&stats, 0, LIMITS), "");
    }

    #[test]
    fn records_dated_ahead_name_the_clock_and_the_option() {
        let said = advice(&Stats::default(), 2, LIMITS);
        assert!(
            said.starts_with("dated ahead: 2 records are dated more than 1d"),
            "{said}"
        );
        assert!(said.contains("--max-skew off"), "{said}");
    }

    #[test]
    fn many_late_records_name_the_lateness_and_the_newest_event() {
        let mut stats = Stats::default();
        stats.records.processed = 1_000;
        stats.records.too_late = 101;
        stats.watermark = Some(1_777_881_600_000_000_000);
        let said = advice(&stats, 0, LIMITS);
        assert!(said.contains("more than 30m older"), "{said}");
        assert!(
            said.contains("newest event is of 2026-05-04 08:30:00 UTC"),
            "{said}"
        );
        stats.records.processed = 1_000_000;
        assert!(
            advice(&stats, 0, LIMITS).contains("101 records"),
            "many in number"
        );
        stats.records.too_late = 3;
        stats.records.processed = 100;
        assert!(
            advice(&stats, 0, LIMITS).contains("3 records"),
            "many in proportion"
        );
    }

    #[test]
    fn evictions_of_one_key_do_not_point_to_the_state() {
        let mut stats = with_rule(|rule| rule.evicted = 7);
        stats.evicted = 7;
        stats.peak_state_bytes = 20_000_000;
        let said = advice(&stats, 0, LIMITS);
        assert!(
            said.contains("one key") && said.contains("replay: 7 events"),
            "{said}"
        );
        assert!(!said.contains("--max-state"), "{said}");
        stats.peak_state_bytes = 511_000_000;
        assert!(advice(&stats, 0, LIMITS).contains("--max-state"));
    }

    #[test]
    fn a_search_that_was_cut_short_is_said_to_miss_detections() {
        let said = advice(&with_rule(|rule| rule.search_limited = 2), 0, LIMITS);
        assert!(said.contains("replay: 2 events"), "{said}");
        assert!(said.contains("detections may be missing"), "{said}");
    }

    #[test]
    fn a_rule_that_is_silent_because_too_little_was_seen_is_named() {
        let said = advice(&with_rule(|rule| rule.unknown_before = 3), 0, LIMITS);
        assert!(
            said.contains("not known before") && said.contains("replay: 3 events"),
            "{said}"
        );
    }

    #[test]
    fn a_field_that_no_event_has_is_named() {
        let with = |sampled| Stats {
            schemas: vec![tripline_engine::SchemaStats {
                name: "signin".to_owned(),
                sampled,
                present: vec![("user".to_owned(), sampled), ("asn".to_owned(), 0)],
            }],
            ..Stats::default()
        };
        let said = advice(&with(20), 0, LIMITS);
        assert!(said.contains("`asn`") && !said.contains("`user`"), "{said}");
        assert_eq!(advice(&with(19), 0, LIMITS), "");
    }
}

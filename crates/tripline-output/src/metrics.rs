//! An engine's counters in the text format that Prometheus reads
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>, version 0.0.4).
//!
//! Names and labels are part of the contract with dashboards: they are only ever added to.

use std::fmt::Write as _;

use tripline_engine::Stats;

/// A label and its value, given to every sample: which face, which mode.
pub type Label<'a> = (&'a str, &'a str);

/// Appends the counters of an engine.
pub fn write(stats: &Stats, labels: &[Label<'_>], out: &mut String) {
    let mut text = Text { labels, out };
    let records = &stats.records;
    text.head(
        "records_total",
        "counter",
        "Records by what became of them.",
    );
    for (fate, count) in [
        ("processed", records.processed),
        ("not_accepted", records.not_accepted),
        ("unparsable", records.unparsable),
        ("no_time", records.no_time),
        ("too_late", records.too_late),
        ("duplicate", records.duplicate),
        ("out_of_range", records.out_of_range),
    ] {
        text.sample("records_total", &[("fate", fate)], count);
    }
    for (name, help, count) in RULE_COUNTERS {
        text.head(name, "counter", help);
        for rule in &stats.rules {
            text.sample(name, &[("rule", &rule.name)], count(rule));
        }
    }
    text.head(
        "step_events_total",
        "counter",
        "Events that satisfied a step's own conditions.",
    );
    for rule in &stats.rules {
        for (step, count) in &rule.steps {
            let labels = [("rule", rule.name.as_str()), ("step", step)];
            text.sample("step_events_total", &labels, *count);
        }
    }
    text.head(
        "exclusion_matches_total",
        "counter",
        "Suppressed matches that an exclusion held for.",
    );
    for rule in &stats.rules {
        for (exclusion, count) in &rule.exclusions {
            let labels = [("rule", rule.name.as_str()), ("exclusion", exclusion)];
            text.sample("exclusion_matches_total", &labels, *count);
        }
    }
    for (name, kind, help, value) in [
        (
            "evicted_events_total",
            "counter",
            "Events dropped before their time because a limit was reached.",
            stats.evicted,
        ),
        (
            "state_bytes",
            "gauge",
            "Bytes of retained state, as accounted for.",
            stats.state_bytes as u64,
        ),
        (
            "state_peak_bytes",
            "gauge",
            "The most bytes of state there have been.",
            stats.peak_state_bytes as u64,
        ),
        (
            "retained_events",
            "gauge",
            "Events retained.",
            stats.retained_events,
        ),
    ] {
        text.head(name, kind, help);
        text.sample(name, &[], value);
    }
    if let Some(watermark) = stats.watermark {
        text.head(
            "watermark_seconds",
            "gauge",
            "The watermark, seconds since 1970: no event before it is taken any more.",
        );
        text.sample(
            "watermark_seconds",
            &[],
            watermark.max(0).unsigned_abs() / 1_000_000_000,
        );
    }
}

/// A counter that every rule has.
type RuleCounter = (
    &'static str,
    &'static str,
    fn(&tripline_engine::RuleStats) -> u64,
);

const RULE_COUNTERS: [RuleCounter; 6] = [
    ("detections_total", "Detections given.", |rule| {
        rule.detections
    }),
    (
        "excluded_matches_total",
        "Matches that exclusions suppressed.",
        |rule| rule.excluded,
    ),
    (
        "events_without_key_total",
        "Events of a step whose key was missing.",
        |rule| rule.no_key,
    ),
    (
        "rule_evicted_events_total",
        "Events of a rule dropped before their time.",
        |rule| rule.evicted,
    ),
    (
        "searches_limited_total",
        "Final events for which not every binding could be tried.",
        |rule| rule.search_limited,
    ),
    (
        "events_unknown_before_total",
        "Final events without a match because too little of the time before them is known.",
        |rule| rule.unknown_before,
    ),
];

/// Appends one more sample with its own head, for what a face counts besides.
pub fn write_one(
    name: &str,
    kind: &str,
    help: &str,
    value: u64,
    labels: &[Label<'_>],
    out: &mut String,
) {
    let mut text = Text { labels, out };
    text.head(name, kind, help);
    text.sample(name, &[], value);
}

/// Appends samples that share one head, for what a face counts besides.
pub fn write_family(
    name: &str,
    kind: &str,
    help: &str,
    samples: &[(Vec<Label<'_>>, u64)],
    out: &mut String,
) {
    let mut text = Text { labels: &[], out };
    text.head(name, kind, help);
    for (labels, value) in samples {
        text.sample(name, labels, *value);
    }
}

struct Text<'a> {
    labels: &'a [Label<'a>],
    out: &'a mut String,
}

impl Text<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(self.out, "# HELP tripline_{name} {help}");
        let _ = writeln!(self.out, "# TYPE tripline_{name} {kind}");
    }

    fn sample(&mut self, name: &str, own: &[Label<'_>], value: u64) {
        let _ = write!(self.out, "tripline_{name}");
        let mut before = '{';
        for (label, value) in self.labels.iter().chain(own) {
            let _ = write!(self.out, "{before}{label}=\"");
            escape(value, self.out);
            self.out.push('"');
            before = ',';
        }
        if before == ',' {
            self.out.push('}');
        }
        let _ = writeln!(self.out, " {value}");
    }
}

/// A label's value: backslash, quote and line end are escaped, nothing else.
fn escape(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tripline_engine::RuleStats;

    #[test]
    fn counters_are_written_as_prometheus_reads_them() {
        let stats = Stats {
            rules: vec![RuleStats {
                name: "replay".into(),
                detections: 3,
                steps: vec![("login".into(), 7)],
                exclusions: vec![("say \"no\"\\\n".into(), 2)],
                ..RuleStats::default()
            }],
            watermark: Some(1_772_409_600_000_000_000),
            ..Stats::default()
        };
        let mut text = String::new();
        write(&stats, &[("mode", "annotate")], &mut text);
        for line in [
            "# TYPE tripline_detections_total counter",
            "tripline_detections_total{mode=\"annotate\",rule=\"replay\"} 3",
            "tripline_step_events_total{mode=\"annotate\",rule=\"replay\",step=\"login\"} 7",
            r#"tripline_exclusion_matches_total{mode="annotate",rule="replay",exclusion="say \"no\"\\\n"} 2"#,
            "tripline_records_total{mode=\"annotate\",fate=\"too_late\"} 0",
            "tripline_watermark_seconds{mode=\"annotate\"} 1772409600",
        ] {
            assert!(
                text.lines().any(|other| other == line),
                "{line}\nis not in\n{text}"
            );
        }
    }

    #[test]
    fn a_sample_without_labels_has_no_braces() {
        let mut text = String::new();
        write_one("reloads_total", "counter", "Reloads.", 1, &[], &mut text);
        assert!(text.ends_with("\ntripline_reloads_total 1\n"), "{text}");
    }
}

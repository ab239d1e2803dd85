//! What happened, for who looks from outside: a JSON file with the counters that the command's summary
//! has, and the same as Prometheus text for a collector that reads files (node_exporter's `textfile`,
//! Fluent Bit's own inputs). Answers and reloads are counted since the module was instantiated; the
//! engine's counters go on from the state that was restored.

use serde::Serialize;
use tripline_engine::Stats;
use tripline_engine::lang::value::convert::Rfc3339;
use tripline_output::metrics;

use crate::answer::Answer;
use crate::mode::Mode;

/// What is counted beside the engine's own counters.
#[derive(Debug, Clone)]
pub struct Counters {
    mode: Option<Mode>,
    rules: String,
    /// When the module was instantiated, nanoseconds since 1970.
    started: i64,
    answers: Answers,
    reloads: u64,
    failed_reloads: u64,
}

/// Records by what the host was answered.
#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Answers {
    /// They went on as they came.
    passed: u64,
    /// They gained a member, or a detection took their place.
    given: u64,
    /// They were dropped, by a filter or by a mode that gives detections only.
    dropped: u64,
}

impl Counters {
    /// Nothing counted yet. `now` is nanoseconds since 1970.
    pub fn new(now: i64) -> Counters {
        Counters {
            mode: None,
            rules: String::new(),
            started: now,
            answers: Answers::default(),
            reloads: 0,
            failed_reloads: 0,
        }
    }

    /// What the rules in force are made of.
    pub fn rules_are(&mut self, summary: String) {
        self.rules = summary;
    }

    /// How the module is called.
    pub fn mode_is(&mut self, mode: Mode) {
        self.mode = Some(mode);
    }

    /// Counts an answer.
    pub fn count(&mut self, answer: Answer) {
        *match answer {
            Answer::Pass => &mut self.answers.passed,
            Answer::Give => &mut self.answers.given,
            Answer::Drop => &mut self.answers.dropped,
        } += 1;
    }

    /// Counts a reload.
    pub fn reloaded(&mut self) {
        self.reloads += 1;
    }

    /// Counts a reload that changed nothing because the set was in error.
    pub fn reload_failed(&mut self) {
        self.failed_reloads += 1;
    }

    /// As JSON, with the engine's.
    ///
    /// # Errors
    /// Only if JSON cannot be written to memory.
    pub fn json(&self, stats: &Stats, now: i64) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Whole<'a> {
            version: &'a str,
            mode: Option<&'a str>,
            rule_set: &'a str,
            started: String,
            written: String,
            answers: Answers,
            reloads: u64,
            failed_reloads: u64,
            #[serde(flatten)]
            stats: &'a Stats,
        }
        let mut json = serde_json::to_vec_pretty(&Whole {
            version: env!("CARGO_PKG_VERSION"),
            mode: self.mode.map(Mode::name),
            rule_set: &self.rules,
            started: Rfc3339(self.started).to_string(),
            written: Rfc3339(now).to_string(),
            answers: self.answers,
            reloads: self.reloads,
            failed_reloads: self.failed_reloads,
            stats,
        })?;
        json.push(b'\n');
        Ok(json)
    }

    /// As Prometheus text, with the engine's. `name` tells filters of one mode apart.
    pub fn prometheus(&self, stats: &Stats, name: &str) -> String {
        let mode = self.mode.map_or("", Mode::name);
        let labels = [("instance_name", name), ("mode", mode)];
        let mut text = String::new();
        metrics::write(stats, &labels, &mut text);
        for (of, help, value) in [
            (
                "answers_passed_total",
                "Records that went on as they came.",
                self.answers.passed,
            ),
            (
                "answers_given_total",
                "Records that gained a member or became a detection.",
                self.answers.given,
            ),
            (
                "answers_dropped_total",
                "Records that were dropped.",
                self.answers.dropped,
            ),
            (
                "reloads_total",
                "Times that edited rules took effect.",
                self.reloads,
            ),
            (
                "failed_reloads_total",
                "Times that edited rules were in error and changed nothing.",
                self.failed_reloads,
            ),
        ] {
            metrics::write_one(of, "counter", help, value, &labels, &mut text);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let mut counters = Counters::new(0);
        counters.mode_is(Mode::Annotate);
        counters.rules_are("1 rule".into());
        for answer in [Answer::Pass, Answer::Pass, Answer::Give, Answer::Drop] {
            counters.count(answer);
        }
        counters.reloaded();
        let stats = Stats {
            evicted: 7,
            ..Stats::default()
        };
        let json = counters.json(&stats, 1_000_000_000).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["answers"]["passed"], 2);
        assert_eq!(json["evicted"], 7);
        assert_eq!(json["written"], "1970-01-01T00:00:01Z");
        let text = counters.prometheus(&stats, "east");
        for line in [
            "tripline_answers_passed_total{instance_name=\"east\",mode=\"annotate\"} 2",
            "tripline_evicted_events_total{instance_name=\"east\",mode=\"annotate\"} 7",
            "tripline_reloads_total{instance_name=\"east\",mode=\"annotate\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}

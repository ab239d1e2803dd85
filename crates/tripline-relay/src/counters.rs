//! What a relay counts beside the engine, as text for Prometheus. Names are part of the contract with
//! dashboards: they are only ever added to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tonic::Code;
use tripline_output::metrics::{self, Label};

/// A number that goes up, or is set.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes from it.
    pub(crate) fn sub(&self, less: u64) {
        self.0.fetch_sub(less, Ordering::Relaxed);
    }

    /// Sets it.
    pub(crate) fn set(&self, to: u64) {
        self.0.store(to, Ordering::Relaxed);
    }

    /// What it is.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The ways in which requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Vector's protocol.
    Vector,
    /// JSON by HTTP.
    Http,
    /// OpenTelemetry's logs.
    Otlp,
}

impl Way {
    const ALL: [Way; WAYS] = [Way::Vector, Way::Http, Way::Otlp];

    fn name(self) -> &'static str {
        match self {
            Way::Vector => "vector",
            Way::Http => "http",
            Way::Otlp => "otlp",
        }
    }
}

/// How many ways there are.
const WAYS: usize = 3;

/// How many codes of gRPC there are.
const CODES: usize = 17;

/// Upper ends, in seconds, of what the times of requests are counted by.
const TIMES: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Requests by the way they came and the answer.
    answered: [[Count; CODES]; WAYS],
    /// Requests by how long they took, the last those that took longer than all.
    times: [Count; TIMES.len() + 1],
    /// Microseconds that requests took, all together.
    time: Count,
    /// Events that came, by way.
    events: [Count; WAYS],
    /// Bytes that came, by way.
    bytes: [Count; WAYS],
    /// Requests under way.
    pub(crate) under_way: Count,
    /// Bytes held by them.
    pub(crate) held: Count,
    /// Connections that are open.
    pub(crate) connections: Count,
    /// Events forwarded.
    pub(crate) forwarded: Count,
    /// Requests that the receiver refused or did not answer.
    pub(crate) not_forwarded: Count,
    /// Detections found.
    pub(crate) detections: Count,
    /// Records that filters dropped.
    pub(crate) filtered: Count,
    /// Records with detections that are not delivered.
    pub(crate) pending: Count,
    /// Detections that were let go of because their record did not come again.
    pub(crate) unclaimed: Count,
    /// Times that edited rules were put in force.
    pub(crate) reloads: Count,
    /// Times that they were in error.
    pub(crate) reloads_failed: Count,
    /// Connections refused before they were any, such as by a failed handshake.
    pub(crate) failed_handshakes: Count,
    /// Requests without the token.
    pub(crate) unauthorized: Count,
}

/// A request that is under way, until it is answered or its sender gives up.
pub(crate) struct UnderWay {
    counters: Arc<Counters>,
    way: Way,
    began: Instant,
    code: Code,
}

impl UnderWay {
    /// A request that came by this way.
    pub(crate) fn new(counters: &Arc<Counters>, way: Way) -> UnderWay {
        counters.under_way.add(1);
        UnderWay {
            counters: Arc::clone(counters),
            way,
            began: Instant::now(),
            code: Code::Cancelled,
        }
    }

    /// It turned out to have come by this way.
    pub(crate) fn came_by(&mut self, way: Way) {
        self.way = way;
    }

    /// It is answered with this code.
    pub(crate) fn answered(mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.counters.under_way.sub(1);
        self.counters
            .answered(self.way, self.code, self.began.elapsed());
    }
}

impl Counters {
    /// A request was answered.
    fn answered(&self, way: Way, code: Code, took: Duration) {
        let of_way = self.answered.get(way as usize);
        if let Some(count) = of_way.and_then(|codes| codes.get(code as i32 as usize)) {
            count.add(1);
        }
        let seconds = took.as_secs_f64();
        let at = TIMES.iter().position(|end| seconds <= *end);
        if let Some(count) = self.times.get(at.unwrap_or(TIMES.len())) {
            count.add(1);
        }
        self.time
            .add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A request came.
    pub(crate) fn came(&self, way: Way, events: usize, bytes: usize) {
        if let Some(count) = self.events.get(way as usize) {
            count.add(events as u64);
        }
        if let Some(count) = self.bytes.get(way as usize) {
            count.add(bytes as u64);
        }
    }

    /// Appends all of it.
    pub(crate) fn write(&self, out: &mut String) {
        let mut samples: Vec<(Vec<Label<'_>>, u64)> = Vec::new();
        for (way, codes) in Way::ALL.into_iter().zip(&self.answered) {
            for (code, count) in (0..).zip(codes) {
                if count.get() > 0 {
                    let labels = vec![("way", way.name()), ("code", name(Code::from_i32(code)))];
                    samples.push((labels, count.get()));
                }
            }
        }
        metrics::write_family(
            "relay_requests_total",
            "counter",
            "Requests by the way they came and the code they were answered with.",
            &samples,
            out,
        );
        for (name, help, counts) in [
            ("relay_events_total", "Events that came.", &self.events),
            ("relay_bytes_total", "Bytes that came.", &self.bytes),
        ] {
            let samples: Vec<_> = Way::ALL
                .into_iter()
                .zip(counts)
                .map(|(way, count)| (vec![("way", way.name())], count.get()))
                .collect();
            metrics::write_family(name, "counter", help, &samples, out);
        }
        self.write_times(out);
        for (name, kind, help, count) in [
            (
                "relay_requests_under_way",
                "gauge",
                "Requests under way.",
                &self.under_way,
            ),
            (
                "relay_bytes_held",
                "gauge",
                "Bytes of requests under way.",
                &self.held,
            ),
            (
                "relay_connections",
                "gauge",
                "Connections that are open.",
                &self.connections,
            ),
            (
                "relay_forwarded_events_total",
                "counter",
                "Events that the receiver has.",
                &self.forwarded,
            ),
            (
                "relay_forwarding_failures_total",
                "counter",
                "Requests that the receiver refused or did not answer.",
                &self.not_forwarded,
            ),
            (
                "relay_detections_total",
                "counter",
                "Detections found.",
                &self.detections,
            ),
            (
                "relay_filtered_events_total",
                "counter",
                "Records that filters dropped.",
                &self.filtered,
            ),
            (
                "relay_pending_records",
                "gauge",
                "Records with detections that no receiver is known to have.",
                &self.pending,
            ),
            (
                "relay_unclaimed_detections_total",
                "counter",
                "Detections let go of: their record did not come again, or too many were held.",
                &self.unclaimed,
            ),
            (
                "relay_reloads_total",
                "counter",
                "Times that edited rules were put in force.",
                &self.reloads,
            ),
            (
                "relay_reload_failures_total",
                "counter",
                "Times that edited rules were in error.",
                &self.reloads_failed,
            ),
            (
                "relay_unauthorized_total",
                "counter",
                "Requests without the bearer token that is asked for.",
                &self.unauthorized,
            ),
            (
                "relay_handshake_failures_total",
                "counter",
                "Connections that failed before a request.",
                &self.failed_handshakes,
            ),
        ] {
            metrics::write_one(name, kind, help, count.get(), &[], out);
        }
    }

    fn write_times(&self, out: &mut String) {
        use std::fmt::Write as _;
        let name = "tripline_relay_request_seconds";
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "# HELP {name} How long requests took, with the receiver's answer."
        );
        let _ = writeln!(out, "# TYPE {name} histogram");
        let mut sum = 0;
        for (end, count) in TIMES.iter().zip(&self.times) {
            sum += count.get();
            let _ = writeln!(out, "{name}_bucket{{le=\"{end}\"}} {sum}");
        }
        sum += self.times.last().map_or(0, Count::get);
        let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {sum}");
        let _ = writeln!(out, "{name}_sum {}", self.time.get() as f64 / 1e6);
        let _ = writeln!(out, "{name}_count {sum}");
    }
}

/// The name of a code, as the specification of gRPC has it.
pub(crate) fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn requests_are_counted_by_way_code_and_time() {
        let counters = Counters::default();
        counters.came(Way::Vector, 7, 100);
        counters.answered(Way::Vector, Code::Ok, Duration::from_millis(4));
        counters.answered(Way::Http, Code::Unavailable, Duration::from_secs(60));
        let mut text = String::new();
        counters.write(&mut text);
        for line in [
            "tripline_relay_requests_total{way=\"vector\",code=\"OK\"} 1",
            "tripline_relay_requests_total{way=\"http\",code=\"UNAVAILABLE\"} 1",
            "tripline_relay_events_total{way=\"vector\"} 7",
            "tripline_relay_bytes_total{way=\"http\"} 0",
            "tripline_relay_request_seconds_bucket{le=\"0.0025\"} 0",
            "tripline_relay_request_seconds_bucket{le=\"0.005\"} 1",
            "tripline_relay_request_seconds_bucket{le=\"10\"} 1",
            "tripline_relay_request_seconds_bucket{le=\"+Inf\"} 2",
            "tripline_relay_request_seconds_sum 60.004",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn the_documented_names_are_those_that_are_written() {
        let docs = include_str!("../../../docs/vector.md");
        let names = |text: &str| -> BTreeSet<String> {
            let mut found = BTreeSet::new();
            for part in text.split("tripline_relay_").skip(1) {
                let end = part.find(|of: char| !of.is_ascii_lowercase() && of != '_');
                let name = part.get(..end.unwrap_or(part.len())).unwrap_or_default();
                // Of a histogram the samples have endings.
                let stem = ["_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|ending| name.strip_suffix(ending));
                found.insert(stem.unwrap_or(name).to_owned());
            }
            found
        };
        let counters = Counters::default();
        counters.answered(Way::Otlp, Code::Ok, Duration::ZERO);
        let mut text = String::new();
        counters.write(&mut text);
        assert_eq!(names(docs), names(&text));
    }
}

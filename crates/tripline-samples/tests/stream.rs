//! What the generator promises: equal bytes for equal options, sizes and shares as asked, records
//! that parse, orders and irregularities as described.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test states what it knows, in its helpers too"
)]

use std::collections::HashSet;
use std::time::Duration;

use serde_json::Value;
use tripline_samples::{
    Envelope, Kind, Noise, Options, Order, Role, Sample, Samples, Shape, Wrap, generate,
    token_replays,
};

fn small() -> Options {
    Options {
        records: 3_000,
        users: 100,
        attacks: 5,
        ..Options::default()
    }
}

fn bytes(options: &Options) -> Vec<u8> {
    let mut out = Vec::new();
    generate(options, &mut out).unwrap();
    out
}

#[test]
fn equal_options_give_equal_bytes_and_another_seed_gives_others() {
    let noisy = Options {
        noise: Noise::REALISTIC,
        shape: Shape::Mixed,
        order: Order::Delivered,
        ..small()
    };
    assert_eq!(bytes(&noisy), bytes(&noisy));
    assert_ne!(
        bytes(&noisy),
        bytes(&Options {
            seed: 2,
            ..noisy.clone()
        })
    );
}

#[test]
fn the_mean_size_is_within_three_percent_of_what_was_asked() {
    for shape in [
        Shape::Diagnostic,
        Shape::LogAnalytics,
        Shape::Graph,
        Shape::Mixed,
    ] {
        for size in [2_800, 3_300, 6_000] {
            let options = Options {
                records: 1_000,
                shape,
                size,
                ..small()
            };
            let mean = bytes(&options).len() as f64 / options.records as f64;
            assert!(
                (mean / size as f64 - 1.0).abs() < 0.03,
                "{shape:?} asked for {size}, mean is {mean}"
            );
        }
    }
}

#[test]
fn every_record_of_clean_output_is_a_json_object_with_its_shape_s_kind() {
    for (shape, member) in [
        (Shape::Diagnostic, "category"),
        (Shape::LogAnalytics, "Type"),
        (Shape::Graph, "signInEventTypes"),
    ] {
        for sample in Samples::new(&Options {
            records: 300,
            shape,
            ..small()
        }) {
            let value: Value = serde_json::from_str(&sample.record).unwrap();
            assert!(
                value.get(member).is_some(),
                "{shape:?} without {member}: {}",
                sample.record
            );
        }
    }
}

#[test]
fn the_number_of_records_is_exact_with_doubles_and_noise_and_wrapping() {
    for wrap in [Wrap::None, Wrap::Log, Wrap::Message] {
        let options = Options {
            wrap,
            duplicates: 0.1,
            noise: Noise::REALISTIC,
            ..small()
        };
        let mut out = Vec::new();
        let summary = generate(&options, &mut out).unwrap();
        assert_eq!(summary.records, 3_000);
        assert_eq!(summary.duplicates, 300);
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 3_000);
        assert_eq!(summary.bytes, out.len() as u64);
    }
}

#[test]
fn an_envelope_holds_every_record() {
    let options = Options {
        records: 250,
        envelope: Envelope::Records,
        ..small()
    };
    let text = String::from_utf8(bytes(&options)).unwrap();
    let held: usize = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["records"]
                .as_array()
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!((text.lines().count(), held), (3, 250));
}

#[test]
fn shares_are_about_as_asked() {
    let options = Options {
        records: 20_000,
        noise: Noise::REALISTIC,
        ..Options::default()
    };
    let mut out = Vec::new();
    let summary = generate(&options, &mut out).unwrap();
    let part = |count: u64, of: u64| count as f64 / of as f64;
    let signins = summary.interactive + summary.non_interactive;
    assert!(
        (part(summary.other, 20_000) - 0.06).abs() < 0.002,
        "{summary:?}"
    );
    assert!(
        (part(summary.interactive, signins) - 0.15).abs() < 0.01,
        "{summary:?}"
    );
    assert!(
        (part(summary.failures, signins) - 0.08).abs() < 0.01,
        "{summary:?}"
    );
    assert_eq!(summary.broken, 6, "{summary:?}");
}

#[test]
fn delivery_is_late_as_each_kind_is_and_the_stream_is_in_order_of_delivery() {
    let samples: Vec<Sample> = Samples::new(&Options {
        order: Order::Delivered,
        duplicates: 0.05,
        ..small()
    })
    .collect();
    assert!(samples.is_sorted_by_key(|sample| sample.delivered));
    for sample in samples {
        let minutes = (sample.delivered - sample.event_time) as f64 / 60e9;
        let (least, most) = if sample.kind == Kind::Interactive {
            (5.0, 17.0)
        } else {
            (15.0, 30.0)
        };
        assert!(
            (least..=most).contains(&minutes),
            "{:?} came {minutes} minutes late",
            sample.kind
        );
    }
}

#[test]
fn no_shuffled_record_comes_after_one_that_is_newer_by_more_than_the_limit() {
    let limit = Duration::from_secs(25 * 60);
    let samples = Samples::new(&Options {
        order: Order::Shuffled(limit),
        ..small()
    });
    let (mut newest, mut moved) = (i64::MIN, 0);
    for sample in samples {
        newest = newest.max(sample.event_time);
        let late = newest - sample.event_time;
        moved += u32::from(late > 0);
        assert!(late <= limit.as_nanos() as i64, "{late}");
    }
    assert!(moved > 1_000, "only {moved} records are out of order");
}

#[test]
fn a_double_has_the_bytes_of_an_earlier_record() {
    let mut seen = HashSet::new();
    for sample in Samples::new(&Options {
        duplicates: 0.1,
        noise: Noise::READABLE,
        order: Order::Delivered,
        ..small()
    }) {
        assert_eq!(!seen.insert(sample.record), sample.duplicate);
    }
}

#[test]
fn no_two_sign_ins_of_one_kind_share_an_instant() {
    let mut seen = HashSet::new();
    for sample in Samples::new(&Options {
        records: 20_000,
        span: Duration::from_secs(1),
        ..small()
    }) {
        assert!(
            seen.insert((sample.kind, sample.event_time)),
            "{:?} at {}",
            sample.kind,
            sample.event_time
        );
    }
}

fn detections(samples: &[Sample]) -> Vec<&Sample> {
    token_replays(samples)
        .iter()
        .map(|found| &samples[found.token])
        .collect()
}

#[test]
fn a_clean_day_has_about_a_hundred_detections_and_every_stolen_token_is_one() {
    let samples: Vec<Sample> = Samples::new(&Options::default()).collect();
    let found = detections(&samples);
    assert!(
        (70..=140).contains(&found.len()),
        "{} detections",
        found.len()
    );
    let stolen = |sample: &&Sample| {
        sample.kind == Kind::NonInteractive && sample.facts.as_ref().unwrap().role == Role::Attack
    };
    let all = samples.iter().filter(stolen).count();
    let caught = found.iter().copied().filter(stolen).count();
    // A victim who signs in again before the thief uses the token can hide it from `last`.
    assert!(
        caught + 2 >= all && all >= 20,
        "{caught} of {all} stolen tokens"
    );
}

#[test]
fn each_benign_case_is_a_detection_before_exclusions() {
    let samples: Vec<Sample> = Samples::new(&Options {
        benign: 1,
        moving: 0.0,
        ..small()
    })
    .collect();
    let found: Vec<Role> = detections(&samples)
        .iter()
        .map(|sample| sample.facts.as_ref().unwrap().role)
        .collect();
    for role in Role::BENIGN {
        assert_eq!(
            found.iter().filter(|found| **found == role).count(),
            1,
            "{role:?} in {found:?}"
        );
    }
}

#[test]
fn noise_keeps_every_readable_line_json() {
    let options = Options {
        noise: Noise::READABLE,
        shape: Shape::Mixed,
        ..small()
    };
    for sample in Samples::new(&options) {
        assert!(
            serde_json::from_str::<Value>(&sample.record).is_ok(),
            "{}",
            sample.record
        );
    }
    let broken = Samples::new(&Options {
        noise: Noise {
            broken: 0.01,
            ..Noise::NONE
        },
        ..small()
    });
    let unreadable = broken
        .filter(|sample| serde_json::from_str::<Value>(&sample.record).is_err())
        .count();
    assert_eq!(unreadable, 30);
}

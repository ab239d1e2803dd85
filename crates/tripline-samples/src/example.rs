//! The records of `examples/signins.ndjson`: 1,800 of all shapes, small enough to read,
//! with something of everything that the shipped rules and exclusions are about.

use std::io::{self, Write};
use std::time::Duration;

use crate::options::{Noise, Options, Order, Shape, Wrap};
use crate::stream::{Sample, Samples, wrapped};
use crate::write::{Summary, line};

/// The options of the example. The seed is one whose irregularities include each kind.
fn options() -> Options {
    Options {
        records: 1_800,
        users: 120,
        seed: 20_260_302,
        span: Duration::from_secs(8 * 3_600),
        start: 1_772_434_800_000_000_000, // 2026-03-02T07:00:00Z
        shape: Shape::Mixed,
        size: 2_700,
        moving: 0.0,
        attacks: 4,
        benign: 1,
        order: Order::Delivered,
        duplicates: 0.02,
        noise: Noise {
            other_categories: 0.05,
            missing_asn: 0.03,
            missing_ip: 0.003,
            missing_user_agent: 0.03,
            mixed_case: 0.2,
            guid_user: 0.005,
            empty_user: 0.005,
            text_numbers: 0.1,
            odd_times: 0.15,
            odd_addresses: 0.01,
            no_time: 0.001,
            ..Noise::NONE
        },
        ..Options::default()
    }
}

/// Writes the example. One record is wrapped under `log` and one under `message`, as shippers do.
///
/// # Errors
/// Those of `out`.
pub fn example(out: &mut impl Write) -> io::Result<Summary> {
    let mut summary = Summary::default();
    for (number, sample) in (0u32..).zip(example_samples()) {
        summary.count(&sample);
        let wrap = match number {
            700 => Wrap::Log,
            1_400 => Wrap::Message,
            _ => Wrap::None,
        };
        summary.bytes += line(out, &wrapped(sample.record, wrap, sample.delivered / 1_000))?;
    }
    out.flush()?;
    Ok(summary)
}

/// The records of the example before any is wrapped.
pub fn example_samples() -> impl Iterator<Item = Sample> {
    Samples::new(&options())
}

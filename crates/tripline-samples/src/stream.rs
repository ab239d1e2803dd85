//! The records of a stream in the order in which they come: the iterator behind `generate`.

use std::collections::VecDeque;
use std::net::IpAddr;

use serde_json::json;

use crate::options::{Options, Order, Role, Shape, Wrap};
use crate::plan::{Event, Kind, doubles, plan};
use crate::random::Random;
use crate::render;
use crate::signin::{SignIn, Times};

/// One record and what is true of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The record as it is written, one line without its end.
    pub record: String,
    /// What kind of record it is.
    pub kind: Kind,
    /// When it happened, nanoseconds since 1970 (whole microseconds).
    pub event_time: i64,
    /// When it came, nanoseconds since 1970.
    pub delivered: i64,
    /// An earlier record of the stream has the same bytes.
    pub duplicate: bool,
    /// What the sign-in says; `None` where the record is no sign-in.
    pub facts: Option<Facts>,
}

/// What a sign-in says, in the meaning that the shipped schema gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The record has a time.
    pub timed: bool,
    /// The record's id.
    pub id: String,
    /// The user in lower case, empty where there is none.
    pub user: String,
    /// The error code, 0 for success.
    pub result: u32,
    /// The address.
    pub ip: Option<IpAddr>,
    /// The AS number.
    pub asn: Option<u32>,
    /// Which part of the story it plays.
    pub role: Role,
}

/// The records of one stream; made by [`Samples::new`].
#[derive(Debug)]
pub struct Samples {
    options: Options,
    sizes: Sizes,
    queue: VecDeque<Arrival>,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    at: i64,
    duplicate: bool,
    event: Event,
}

const MINUTE: i64 = 60_000_000;
/// How much later than the first delivery a second one comes, at most.
const REDELIVERY: i64 = 2 * MINUTE;

impl Samples {
    /// Plans the stream of these options. Takes time and memory (about 60 bytes) for each record.
    pub fn new(options: &Options) -> Samples {
        let mut random = Random::of(options.seed, 2);
        let mut queue: Vec<Arrival> = plan(options)
            .into_iter()
            .map(|event| Arrival {
                at: event.time + delay(options.order, event.kind, &mut random),
                duplicate: false,
                event,
            })
            .collect();
        let singles = queue.len() as u64;
        for _ in 0..doubles(options) {
            let chosen = random.below(singles) as usize;
            if let Some(first) = queue.get(chosen).copied() {
                let later = 1 + random.below(REDELIVERY as u64) as i64;
                // Under `Order::Time` a double stands directly behind the first.
                let at = if options.order == Order::Time {
                    first.at
                } else {
                    first.at + later
                };
                queue.push(Arrival {
                    at,
                    duplicate: true,
                    ..first
                });
            }
        }
        queue.sort_by_key(|arrival| {
            (
                arrival.at,
                arrival.event.time,
                arrival.event.seed,
                arrival.duplicate,
            )
        });
        Samples {
            sizes: Sizes::measure(options),
            options: options.clone(),
            queue: queue.into(),
        }
    }

    fn signin(&self, event: &Event) -> SignIn {
        let mut signin = SignIn::new(&self.options, event);
        self.sizes.fill(&mut signin, event.seed);
        signin
    }

    fn sample(&self, arrival: Arrival) -> Sample {
        let event = arrival.event;
        let (record, facts) = match event.kind {
            Kind::Interactive | Kind::NonInteractive => {
                let signin = self.signin(&event);
                let record = render::signin(&signin);
                let facts = Facts {
                    timed: signin.times != Times::None,
                    user: signin.user_text.to_lowercase(),
                    id: signin.id,
                    result: signin.result,
                    ip: signin.ip,
                    asn: signin.asn,
                    role: event.role,
                };
                (record, Some(facts))
            }
            Kind::Other => (render::other(&event), None),
            Kind::Broken => (render::broken(&render::other(&event), event.seed), None),
        };
        let record = match (event.kind, self.options.wrap) {
            (Kind::Broken, _) => record,
            (_, wrap) => wrapped(record, wrap, arrival.at),
        };
        Sample {
            record,
            kind: event.kind,
            event_time: event.time * 1_000,
            delivered: arrival.at * 1_000,
            duplicate: arrival.duplicate,
            facts,
        }
    }
}

impl Iterator for Samples {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let arrival = self.queue.pop_front()?;
        Some(self.sample(arrival))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.queue.len(), Some(self.queue.len()))
    }
}

impl ExactSizeIterator for Samples {}

fn delay(order: Order, kind: Kind, random: &mut Random) -> i64 {
    match (order, kind) {
        (Order::Time, _) => 0,
        (Order::Delivered, Kind::Interactive) => random.between(5 * MINUTE, 15 * MINUTE),
        (Order::Delivered, _) => random.between(15 * MINUTE, 30 * MINUTE - REDELIVERY),
        (Order::Shuffled(most), _) => {
            random.between(0, i64::try_from(most.as_micros()).unwrap_or(0))
        }
    }
}

/// The record as a shipper holds it.
pub(crate) fn wrapped(record: String, wrap: Wrap, at: i64) -> String {
    let seconds = at.div_euclid(1_000_000);
    match wrap {
        Wrap::None => record,
        Wrap::Log => json!({"date": seconds, "log": record}).to_string(),
        Wrap::Message => {
            json!({"file": "/var/log/entra/signins.ndjson", "host": "relay.contoso.example", "message": record})
                .to_string()
        }
    }
}

/// How large records are without any policy and what a policy adds, by shape and kind, so that each
/// can be filled to its size without writing it twice.
#[derive(Debug)]
struct Sizes {
    target: f64,
    measured: Vec<Measured>,
}

#[derive(Debug)]
struct Measured {
    key: (Shape, bool),
    base: f64,
    lean: f64,
    policy: f64,
}

/// Policies in the records that measure what a policy adds.
const MEASURED: usize = 10;

impl Sizes {
    fn measure(options: &Options) -> Sizes {
        let few = Options {
            records: 64,
            duplicates: 0.0,
            attacks: 0,
            benign: 0,
            ..options.clone()
        };
        let events = plan(&few);
        let mut measured = Vec::new();
        for shape in [Shape::Diagnostic, Shape::LogAnalytics, Shape::Graph] {
            let shaped = Options {
                shape,
                ..options.clone()
            };
            for interactive in [true, false] {
                let kind = if interactive {
                    Kind::Interactive
                } else {
                    Kind::NonInteractive
                };
                let mean = |policies: usize, lean: bool| {
                    let size = |event: &Event| {
                        let signin = SignIn::new(&shaped, &Event { kind, ..*event });
                        render::signin(&SignIn {
                            policies,
                            lean,
                            ..signin
                        })
                        .len()
                    };
                    events.iter().map(size).sum::<usize>() as f64 / events.len().max(1) as f64
                };
                let base = mean(0, false);
                let policy = (mean(MEASURED, false) - base) / MEASURED as f64;
                measured.push(Measured {
                    key: (shape, interactive),
                    base,
                    lean: mean(0, true),
                    policy,
                });
            }
        }
        // The line's end counts as part of the record.
        Sizes {
            target: options.size as f64 - 1.0,
            measured,
        }
    }

    /// Adds as many policies as bring the record near its size; the fraction left over decides by
    /// chance, so that the mean is right.
    fn fill(&self, signin: &mut SignIn, seed: u64) {
        let key = (signin.shape, signin.interactive);
        let Some(known) = self.measured.iter().find(|known| known.key == key) else {
            return;
        };
        signin.lean = self.target < known.base;
        let base = if signin.lean { known.lean } else { known.base };
        let wanted = (self.target - base).max(0.0) / known.policy.max(1.0);
        let mut random = Random::of(seed, 3);
        // Real records differ in size; these by a quarter of what fills them.
        let varied = wanted * (0.75 + 0.5 * random.unit());
        signin.policies = varied as usize + usize::from(random.chance(varied.fract()));
    }
}

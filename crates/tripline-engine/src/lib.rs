//! The tripline engine: a checked rule set and raw records in, detections out. No files, no
//! sockets, no threads and no clock of its own, so that it runs the same in a command, beside a
//! shipper and inside one.
//!
//! The public story is short: a [`RuleSet`] is compiled once; an [`Engine`] owns the state and
//! takes records; a [`Sink`] takes what it gives. Where records are read on several threads, each
//! has a [`Scanner`], and the [`Batch`]es go to the engine in order.
//!
//! The way of one record: bytes, [`record`] (one pass, only the paths that some rule needs), the
//! schemas' `accept`, the conditions on this event alone, the key, `correlate` (joins, watermark,
//! limits), exclusions, [`Detection`].

mod correlate;
mod detection;
mod fate;
mod options;
mod pack;
mod program;
pub mod record;
mod scan;
mod stats;

pub use tripline_lang as lang;

pub use self::correlate::Engine;
pub use self::detection::{Detection, DetectionId, JsonValue, Sink, StepEvent};
pub use self::fate::{Fate, FateCounts};
pub use self::options::{Emission, Options};
pub use self::program::{EventFields, ExclusionInfo, RuleInfo, RuleSet};
pub use self::record::{ReadError, ReadErrorKind};
pub use self::scan::{Batch, Scanner, Verdict};
pub use self::stats::{RuleStats, Stats};

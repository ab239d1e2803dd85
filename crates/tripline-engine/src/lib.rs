//! The tripline engine: a checked rule set and raw records in, detections out. No files, no
//! sockets, no threads and no clock of its own, so that it runs the same in a command, beside a
//! shipper and inside one.
//!
//! The public story is short: a [`RuleSet`] is compiled once; an [`Engine`] owns the state and
//! takes records; a [`Sink`] takes what it gives. Where records are read on several threads, each
//! has a [`Scanner`], and the [`Batch`]es go to the engine in order. State outlives a process by
//! [`Engine::begin_snapshot`] and [`Engine::restore`], and a change of the rules by [`Engine::reload`].
//!
//! The way of one record: bytes, [`record`] (one pass, only the paths that some rule needs), the
//! schemas' `accept`, the conditions on this event alone, the key, `correlate` (joins, watermark,
//! limits), exclusions, [`Detection`].
//!
//! ```
//! use tripline_engine::lang::{self, source::SourceSet};
//! use tripline_engine::{Detection, Engine, EventFields, Options, RuleSet, Sink};
//!
//! /// Writes every detection as a line of JSON.
//! struct Lines(Vec<String>);
//!
//! impl Sink for Lines {
//!     fn detection(&mut self, detection: Detection<'_>) {
//!         self.0.extend(serde_json::to_string(&detection));
//!     }
//! }
//!
//! let rules = r#"
//!     schema signin {
//!       accept present(.user)
//!       time : timestamp = .time
//!       user : string    = .user
//!       ip   : ip        = .ip
//!     }
//!     rule moved {
//!       sequence by user within 10m {
//!         first  = last signin
//!         second = signin where present(first.ip) and second.ip != first.ip
//!       }
//!       emit { from = first.ip }
//!     }
//! "#;
//! let today = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
//! let mut sources = SourceSet::from_texts([("rules.trip", rules)]);
//! let checking = lang::check(&mut sources, today);
//! let checked = checking.checked.expect("no diagnostic is an error");
//!
//! let rules = RuleSet::compile(&checked, EventFields::Used);
//! let mut engine = Engine::new(rules, Options::new(today));
//! let mut lines = Lines(Vec::new());
//! engine.push(br#"{"user": "anna", "ip": "192.0.2.1", "time": "2026-03-02T10:00:00Z"}"#, &mut lines);
//! engine.push(br#"{"user": "anna", "ip": "192.0.2.9", "time": "2026-03-02T10:09:59Z"}"#, &mut lines);
//! engine.finish(&mut lines);
//!
//! assert_eq!(lines.0.len(), 1);
//! assert!(lines.0[0].contains(r#""from":"192.0.2.1""#));
//! ```

mod correlate;
mod detection;
mod fate;
mod options;
mod pack;
mod program;
pub mod record;
mod scan;
mod stats;
pub mod units;
mod varint;

pub use tripline_lang as lang;
pub use tripline_lang::value::Encoding;

pub use self::correlate::{
    Engine, Reloaded, Restored, RuleFate, RuleOutcome, SnapshotError, SnapshotProgress,
};
pub use self::detection::{Detection, DetectionId, JsonValue, Sink, StepEvent};
pub use self::fate::{Fate, FateCounts};
pub use self::options::{Emission, Options};
pub use self::program::{EventFields, ExclusionInfo, RuleInfo, RuleSet};
pub use self::record::{ReadError, ReadErrorKind};
pub use self::scan::{Batch, GivenEvent, Scanner, Verdict};
pub use self::stats::{RuleStats, SchemaStats, Stats};

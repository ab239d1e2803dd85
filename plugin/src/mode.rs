//! The ways in which the module can be called, one exported function each.

use tripline_engine::lang::value::Encoding;

/// What a call does with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every record passes; one that completes a detection, or that a filter tags, says so.
    Annotate,
    /// A record that completes a detection becomes that detection; all others are dropped.
    Detect,
    /// The same for records in MessagePack.
    DetectMessagePack,
    /// The rule set's filters drop and tag; rules are not run.
    Filter,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 4] = [
        Mode::Annotate,
        Mode::Detect,
        Mode::DetectMessagePack,
        Mode::Filter,
    ];

    /// Its name: in the names of its files and in what is said of it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Annotate => "annotate",
            Mode::Detect => "detect",
            Mode::DetectMessagePack => "detect_msgpack",
            Mode::Filter => "filter",
        }
    }

    /// The function that the host calls for it.
    pub fn function(self) -> &'static str {
        match self {
            Mode::Annotate => "tripline_annotate",
            Mode::Detect => "tripline_detect",
            Mode::DetectMessagePack => "tripline_detect_msgpack",
            Mode::Filter => "tripline_filter",
        }
    }

    /// How the host gives records (`event_format`).
    pub fn encoding(self) -> Encoding {
        match self {
            Mode::Annotate | Mode::Detect | Mode::Filter => Encoding::Json,
            Mode::DetectMessagePack => Encoding::MessagePack,
        }
    }

    /// What becomes of a record of which nothing more is known: where records are to pass, it passes.
    /// In MessagePack a record cannot be passed on, and what detects is to give detections only.
    pub fn drops_the_rest(self) -> bool {
        matches!(self, Mode::Detect | Mode::DetectMessagePack)
    }
}

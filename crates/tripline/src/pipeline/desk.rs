//! Takes what the engine gives: detections go to the output, records that could not be used to the
//! account. Part of [`super::correlation::Correlate`], apart from the engine so that it can be lent to it.

use std::ops::Range;

use tripline_engine::{Batch, Detection, Fate, Sink};

use super::completion::Completion;
use crate::exit::Failure;
use crate::input::Block;
use crate::output::annotate::Annotations;
use crate::output::detections::Printer;
use crate::output::ledger::Ledger;
use crate::output::progress::Progress;
use crate::output::stdout::Out;
use crate::output::text;

/// What is done with detections.
pub(crate) enum Report {
    /// They are written.
    Print {
        /// How.
        printer: Printer,
        /// Those that exclusions suppress are written too.
        excluded: bool,
        /// Where events were kept without the fields that only a person reads.
        completion: Option<Box<Completion>>,
    },
    /// The records are written, with the detections that they completed.
    Annotate(Annotations),
}

/// Everything but the engine, so that it can take what the engine gives.
pub(super) struct Desk {
    pub(super) report: Report,
    pub(super) ledger: Ledger,
    pub(super) out: Out,
    pub(super) progress: Progress,
    /// Detections that no exclusion suppressed.
    pub(super) detections: u64,
    /// Index of the input at hand.
    pub(super) source: Option<usize>,
    /// Events of this time and later are dated too far ahead, and how many there were.
    pub(super) ahead_from: i64,
    pub(super) ahead: u64,
}

impl Desk {
    /// Detections that annotated no record.
    pub(super) fn unattached(&self) -> u64 {
        match &self.report {
            Report::Annotate(annotations) => annotations.unattached,
            Report::Print { .. } => 0,
        }
    }
}

/// The records that the engine is given.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) block: &'a Block,
    pub(super) records: &'a [Range<usize>],
    pub(super) batch: &'a Batch,
}

/// Takes what the engine gives.
pub(super) struct Take<'a> {
    desk: &'a mut Desk,
    at: Option<At<'a>>,
    failure: Option<Failure>,
}

impl<'a> Take<'a> {
    pub(super) fn new(desk: &'a mut Desk, at: Option<At<'a>>) -> Take<'a> {
        Take {
            desk,
            at,
            failure: None,
        }
    }

    pub(super) fn result(self) -> Result<(), Failure> {
        self.failure.map_or(Ok(()), Err)
    }

    fn keep(&mut self, result: Result<(), Failure>) {
        if let Err(failure) = result {
            self.failure.get_or_insert(failure);
        }
    }
}

impl Sink for Take<'_> {
    fn detection(&mut self, detection: Detection<'_>) {
        let suppressed = !detection.excluded_by.is_empty();
        self.desk.detections += u64::from(!suppressed);
        let result = match &mut self.desk.report {
            // Only asked for where they are to be written.
            Report::Annotate(_) if suppressed => Ok(()),
            Report::Print {
                printer,
                completion,
                ..
            } => {
                let detection = match completion {
                    Some(completion) => completion.complete(detection),
                    None => detection,
                };
                printer.detection(&detection, self.desk.out.gathered())
            }
            Report::Annotate(annotations) => annotations.detection(&detection),
        };
        self.keep(result);
    }

    fn wants_suppressed(&self) -> bool {
        matches!(self.desk.report, Report::Print { excluded: true, .. })
    }

    fn fate(&mut self, record: usize, fate: Fate) {
        let Some(at) = self.at else { return };
        let (reason, named) = match fate {
            Fate::Unparsable(error) => (format!("{}: {error}", fate.name()), true),
            Fate::NoTime => (
                "no time: a schema accepts it, but it has no event time".to_owned(),
                true,
            ),
            Fate::TooLate => (
                "too late: it is older than the lateness allows".to_owned(),
                false,
            ),
            Fate::OutOfRange => {
                let time = at.batch.newest_time(record);
                let Some(time) = time.filter(|time| *time >= self.desk.ahead_from) else {
                    return;
                };
                self.desk.ahead = self.desk.ahead.saturating_add(1);
                (
                    format!(
                        "dated ahead: its event time is {}, further ahead of this machine's clock than \
                         --max-skew",
                        text::time(time, false)
                    ),
                    true,
                )
            }
            Fate::Processed | Fate::NotAccepted | Fate::Duplicate => return,
        };
        let Some(place) = at.records.get(record) else {
            return;
        };
        let result = self.desk.ledger.trouble(at.block, place, &reason, named);
        self.keep(result);
    }
}

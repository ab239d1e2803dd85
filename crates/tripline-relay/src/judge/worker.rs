//! The thread that owns the engine: one message after the other, so that nothing is ever half done.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::{mpsc, oneshot};
use tonic::Status;
use tripline_engine::{Engine, Fate, RuleSet, Scanner};
use tripline_output::annotation::Annotation;
use tripline_output::metrics;
use tripline_output::outcome::rules_text;

use super::gathered::{Gathered, Outcome};
use super::journal::{self, Records};
use super::kept::Kept;
use super::pending::{Pending, RecordId, record_id};
use super::{Findings, LeftAlone, Setup};
use crate::counters::Counters;
use crate::records::{Batch, Edit, Record};
use crate::settings::{JsonEngine, RelayError, RuleSource};

/// How often the clock and the rules are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long, in seconds, detections that no batch carries are left alone before they go their own way:
/// longer than senders wait between two tries.
const ALONE: i64 = 60;

/// How long, in seconds, they are held where there is no such way.
const HELD: i64 = 3600;

/// How many bytes of detections are held at most.
const MOST_HELD: usize = 64 << 20;

/// What the thread is told.
pub(super) enum Message {
    /// A batch, and who asks.
    Batch(Arc<Batch>, oneshot::Sender<Result<Findings, Status>>),
    /// A batch was delivered, with what it carried; who asks is told when that is noted.
    Delivered(u64, oneshot::Sender<()>),
    /// A batch was not.
    Failed(u64),
    /// Detections that no batch carried were delivered.
    LetGo(Vec<RecordId>, oneshot::Sender<()>),
    /// Time has passed.
    Tick,
    /// Rules are to be read again.
    Reload,
    /// For detections that no batch carries, it is that many seconds later.
    #[cfg(test)]
    Later(i64),
    /// A defect.
    #[cfg(test)]
    Fall,
    /// The counters are asked for.
    Metrics(oneshot::Sender<String>),
    /// The thread is to end.
    End,
}

/// The thread's belongings.
pub(super) struct Worker {
    /// How it is told things, for those who tell what becomes of a batch.
    to: mpsc::WeakUnboundedSender<Message>,
    pub(super) engine: Engine,
    /// An engine in its place.
    pub(super) other: Option<Box<dyn JsonEngine>>,
    pub(super) filters: Option<Scanner>,
    pub(super) filtering: bool,
    pub(super) found: Gathered,
    pub(super) pending: Pending,
    pub(super) kept: Option<Kept>,
    /// The number of the next batch.
    pub(super) next: u64,
    pub(super) source: Option<Box<dyn RuleSource>>,
    pub(super) skew: Option<Duration>,
    pub(super) left_alone: Option<mpsc::Sender<LeftAlone>>,
    pub(super) counters: Arc<Counters>,
    pub(super) look: Instant,
    /// Seconds that the clock is ahead, in a test.
    #[cfg(test)]
    pub(super) later: i64,
}

/// Answers a request when its records are on the disk, or says that they cannot be.
fn answered_with(
    to: oneshot::Sender<Result<Findings, Status>>,
    answer: impl FnOnce() -> Result<Findings, Status> + Send + 'static,
) -> journal::Answer {
    Box::new(move |written: io::Result<()>| {
        let _ = to.send(match written {
            Ok(()) => answer(),
            Err(error) => Err(Status::unavailable(format!(
                "the relay cannot write its journal: {error}"
            ))),
        });
    })
}

impl Worker {
    /// With the state there is.
    pub(super) fn begin(
        setup: Setup,
        to: mpsc::WeakUnboundedSender<Message>,
    ) -> Result<Worker, RelayError> {
        let mut worker = Worker {
            to,
            engine: Engine::new(setup.rules.clone(), setup.options),
            other: setup.other,
            filters: None,
            filtering: setup.filters,
            found: Gathered {
                outcome: setup.outcome,
                texts: Vec::new(),
            },
            pending: Pending::default(),
            kept: None,
            next: 1,
            source: setup.source,
            skew: setup.skew,
            left_alone: setup.left_alone,
            counters: setup.counters,
            look: Instant::now() + LOOK,
            #[cfg(test)]
            later: 0,
        };
        worker.ask_filters(&setup.rules);
        worker.look_at_clock();
        if let Some(state) = setup.state {
            worker.go_on_from(&state)?;
        }
        Ok(worker)
    }

    /// Does what it is told until it is told to end, or nobody is left to tell it anything.
    pub(super) fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Message>) {
        while let Some(message) = inbox.blocking_recv() {
            match message {
                Message::Batch(batch, answer) => self.judge(&batch, answer),
                Message::Delivered(number, noted) => {
                    let records = self.pending.delivered(number);
                    self.delivered(records, noted);
                }
                Message::Failed(number) => self.pending.failed(number),
                Message::LetGo(records, noted) => {
                    for record in &records {
                        self.pending.let_go(*record);
                    }
                    self.delivered(records, noted);
                }
                Message::Tick => self.tick(),
                Message::Reload => self.reload(true),
                Message::Metrics(answer) => {
                    let _ = answer.send(self.metrics());
                }
                #[cfg(test)]
                Message::Later(seconds) => self.later = seconds,
                #[cfg(test)]
                Message::Fall => panic!("as a test asks for"),
                Message::End => break,
            }
            self.counters.pending.set(self.pending.len() as u64);
            if self
                .kept
                .as_ref()
                .is_some_and(|kept| kept.journal().is_gone())
            {
                tracing::error!("the thread that writes the journal is gone");
                return;
            }
        }
        self.keep_all();
    }

    /// Says what becomes of a batch.
    fn judge(&mut self, batch: &Batch, answer: oneshot::Sender<Result<Findings, Status>>) {
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.journal().owes()) {
            let refused = answered_with(answer, || {
                Err(Status::unavailable(
                    "the relay's journal can be written again",
                ))
            });
            kept.journal().records(Records::default(), refused);
            return;
        }
        let number = self.next;
        self.next += 1;
        let mut found = Findings::of(number, self.to.upgrade());
        let mut journaled = Records::default();
        for (index, record) in batch.records.iter().enumerate() {
            let content = batch.content(record);
            if self.other.is_some() {
                let edit = self.ask_other(number, content, record, &mut found.detections);
                found.edits.extend(edit.map(|edit| (index, edit)));
                continue;
            }
            let fate = self
                .engine
                .push_encoded(content, record.encoding, &mut self.found);
            if self.kept.is_some() && fate == Fate::Processed {
                journaled.add(record.encoding, content);
            }
            let detections = self.detections_of(number, content);
            if let Some(edit) = self.edit(content, record, detections, &mut found.detections) {
                found.edits.push((index, edit));
            }
        }
        let gone = self.pending.beyond(MOST_HELD);
        self.unclaimed(gone, "too many are not delivered");
        found.carries = self.pending.carries(number);
        self.happened();
        match &self.kept {
            // Where it brings nothing new, what it brings again may still be on its way to the disk.
            Some(kept) => kept
                .journal()
                .records(journaled, answered_with(answer, || Ok(found))),
            None => {
                let _ = answer.send(Ok(found));
            }
        }
    }

    /// The detections that go with a record: those that its arrival gave, and those that it gave before
    /// and that were not delivered then.
    pub(super) fn detections_of(&mut self, batch: u64, content: &[u8]) -> Vec<String> {
        let new = std::mem::take(&mut self.found.texts);
        if new.is_empty() && self.pending.is_empty() {
            return new;
        }
        let record = record_id(content);
        if !new.is_empty() {
            self.counters.detections.add(new.len() as u64);
            self.pending.hold(record, &new, Utc::now().timestamp());
        }
        match self.pending.carried_by(batch, record) {
            Some(all) => all.to_vec(),
            None => Vec::new(),
        }
    }

    /// Notes that a receiver has the detections of these records.
    fn delivered(&mut self, records: Vec<RecordId>, noted: oneshot::Sender<()>) {
        self.happened();
        let Some(kept) = &self.kept else { return };
        // Where that cannot be noted, they are held after a restart, and told as not delivered.
        let told = move |_written| {
            let _ = noted.send(());
        };
        kept.journal().delivered(records, Box::new(told));
    }

    /// What becomes of a record with these detections, and by the filters.
    fn edit(
        &mut self,
        content: &[u8],
        record: &Record,
        detections: Vec<String>,
        apart: &mut Vec<String>,
    ) -> Option<Edit> {
        let verdict = self
            .filters
            .as_mut()
            .map(|filters| filters.filter_encoded(content, record.encoding))
            .unwrap_or_default();
        let dropped = verdict.drop.is_some();
        self.gained(detections, verdict.tags, dropped, apart)
    }

    /// What becomes of a record with these detections and tags, which filters may want to drop.
    pub(super) fn gained(
        &mut self,
        detections: Vec<String>,
        tags: Vec<String>,
        dropped: bool,
        apart: &mut Vec<String>,
    ) -> Option<Edit> {
        let mut gained = Annotation::default();
        match self.found.outcome {
            Outcome::Annotate => {
                for detection in &detections {
                    gained.add_written(detection.as_bytes());
                }
            }
            Outcome::Detect => apart.extend(detections),
        }
        // What completes a detection that it is to carry goes on.
        if dropped && gained.is_empty() {
            self.counters.filtered.add(1);
            return Some(Edit::Drop);
        }
        gained.tag(tags);
        if gained.is_empty() {
            return None;
        }
        match gained.value() {
            Ok(value) => Some(Edit::Gain(value)),
            Err(error) => {
                tracing::error!(%error, "an annotation is no JSON");
                None
            }
        }
    }

    fn ask_filters(&mut self, rules: &RuleSet) {
        let any = self.filtering && rules.filters().next().is_some();
        self.filters = any.then(|| Scanner::new(rules));
    }

    /// What is due as time passes.
    fn tick(&mut self) {
        let now = Instant::now();
        if now >= self.look {
            self.look = now + LOOK;
            self.look_at_clock();
            self.reload(false);
            self.look_at_pending();
            for said in self.other.iter_mut().flat_map(|other| other.said()) {
                tracing::info!("{said}");
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.go_on(&mut self.engine, &self.pending);
        }
    }

    fn look_at_clock(&mut self) {
        let now = Utc::now();
        self.engine.set_today(now.date_naive());
        let ahead = self.skew.map_or(i64::MAX, |skew| {
            let now = now.timestamp_nanos_opt().unwrap_or(i64::MAX);
            now.saturating_add(i64::try_from(skew.as_nanos()).unwrap_or(i64::MAX))
        });
        self.engine.set_range(i64::MIN..ahead);
    }

    /// Reads the rules again if they were edited, or in any case.
    fn reload(&mut self, in_any_case: bool) {
        let Some(source) = &mut self.source else {
            return;
        };
        match source.edited(Utc::now().date_naive(), in_any_case) {
            None => {}
            Some(Err(said)) => {
                self.counters.reloads_failed.add(1);
                tracing::error!("rules are in error; those that were in force stay so:\n{said}");
            }
            Some(Ok((rules, summary))) => {
                self.ask_filters(&rules);
                let outcome = self.engine.reload(rules, &mut self.found);
                self.hold_alone();
                self.counters.reloads.add(1);
                let said = rules_text(&outcome.rules);
                tracing::info!(rules = %summary, state = %said, "rules were read and are in force");
            }
        }
    }

    /// Holds what was found without the arrival of a record.
    pub(super) fn hold_alone(&mut self) {
        for text in std::mem::take(&mut self.found.texts) {
            let record = record_id(text.as_bytes());
            self.pending.hold(record, &[text], Utc::now().timestamp());
        }
    }

    /// Sends detections that no batch carries their own way, or lets go of them after long.
    fn look_at_pending(&mut self) {
        let now = Utc::now().timestamp();
        #[cfg(test)]
        let now = now + self.later;
        if let Some(to) = &self.left_alone {
            let left = self.pending.left_alone(now - ALONE);
            if !left.is_empty() {
                // Where those before are still on their way, these are looked at again.
                let _ = to.try_send(left);
            }
            return;
        }
        for (record, detections) in self.pending.left_alone(now - HELD) {
            self.pending.let_go(record);
            self.unclaimed(detections, "its record did not come again");
        }
    }

    /// Takes note of detections that nobody has and that are held no more.
    fn unclaimed(&self, detections: Vec<String>, why: &str) {
        self.counters.unclaimed.add(detections.len() as u64);
        for detection in detections {
            tracing::warn!(%detection, "a detection is let go of: {why}");
        }
    }

    fn happened(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.happened();
        }
    }

    /// Writes the state to its end.
    pub(super) fn keep_all(&mut self) {
        if let Some(kept) = &mut self.kept {
            kept.finish(&mut self.engine, &self.pending);
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        metrics::write(self.engine.stats(), &[("face", "relay")], &mut text);
        text
    }
}

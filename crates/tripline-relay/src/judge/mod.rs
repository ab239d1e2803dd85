//! What rules say of batches. One thread owns the engine and everything that must change with it: the
//! detections that are not delivered yet, the journal and the snapshots ([`kept`]). Requests ask it through
//! [`Judge`], and tell it whether what it found was delivered.
//!
//! The way of a batch: [`Judge::judge`] gives it to the thread, which pushes its records in turn
//! ([`worker`]), holds what they give ([`pending`]), and answers when the records are on the disk
//! ([`journal`]). Its [`Findings`] then say what becomes of the records; dropped before
//! [`Findings::delivered`] is called, they say that the batch failed.

mod gathered;
mod journal;
mod kept;
mod other;
mod pending;
mod start;
mod worker;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tonic::Status;
use tripline_engine::{Options, RuleSet};

pub(crate) use self::gathered::Outcome;
use self::worker::{Message, Worker};
use crate::counters::Counters;
use crate::records::{Batch, Edits};
use crate::settings::{JsonEngine, RelayError, RuleSource, StateSettings};

/// The thread, seen from requests.
#[derive(Clone)]
pub(crate) struct Judge {
    to: mpsc::UnboundedSender<Message>,
}

/// The judge, its thread, and what closes when that ends.
type Begun = (Judge, std::thread::JoinHandle<()>, watch::Receiver<()>);

/// What a judge is made with.
pub(crate) struct Setup {
    /// The rules in force.
    pub(crate) rules: RuleSet,
    /// Where edited ones come from.
    pub(crate) source: Option<Box<dyn RuleSource>>,
    /// How the engine behaves.
    pub(crate) options: Options,
    /// An engine in place of the native one.
    pub(crate) other: Option<Box<dyn JsonEngine>>,
    /// How far ahead of the clock an event may be dated.
    pub(crate) skew: Option<std::time::Duration>,
    /// Where the state is kept.
    pub(crate) state: Option<StateSettings>,
    /// What detections are written as.
    pub(crate) outcome: Outcome,
    /// Whether filters are applied.
    pub(crate) filters: bool,
    /// Where detections go that no batch carries.
    pub(crate) left_alone: Option<mpsc::Sender<LeftAlone>>,
    /// What is counted.
    pub(crate) counters: Arc<Counters>,
}

/// Detections that no batch carries, with the records that gave them.
pub(crate) type LeftAlone = Vec<(u128, Vec<String>)>;

/// What became of a batch, until it is delivered. Made by the thread: where nobody waits for it any more, it
/// is dropped, and the batch has failed.
pub(crate) struct Findings {
    /// What becomes of its records.
    pub(crate) edits: Edits,
    /// Detections as JSON, where they go a way of their own.
    pub(crate) detections: Vec<String>,
    number: u64,
    /// There are detections among it.
    carries: bool,
    /// Told what becomes of the batch.
    to: Option<mpsc::UnboundedSender<Message>>,
}

impl Findings {
    /// Of the batch with this number nothing yet.
    fn of(number: u64, to: Option<mpsc::UnboundedSender<Message>>) -> Findings {
        Findings {
            edits: Edits::new(),
            detections: Vec::new(),
            number,
            carries: false,
            to,
        }
    }

    /// The receiver has the batch, and what was found. Comes back when that is on the disk: whoever sent the
    /// batch is answered then, and does not bring it again.
    pub(crate) async fn delivered(mut self) {
        if let Some(to) = self.to.take().filter(|_| self.carries) {
            let (noted, done) = oneshot::channel();
            let _ = to.send(Message::Delivered(self.number, noted));
            let _ = done.await;
        }
    }
}

impl Drop for Findings {
    fn drop(&mut self) {
        if let Some(to) = self.to.take().filter(|_| self.carries) {
            let _ = to.send(Message::Failed(self.number));
        }
    }
}

impl Judge {
    /// Goes on from the state there is, and begins the thread.
    ///
    /// # Errors
    /// When the state cannot be read or written, or another process has it.
    pub(crate) fn begin(setup: Setup) -> Result<Begun, RelayError> {
        let (to, inbox) = mpsc::unbounded_channel();
        // Weak, so that the thread ends when nobody is left to tell it anything.
        let worker = Worker::begin(setup, to.downgrade())?;
        let (alive, ended) = watch::channel(());
        let thread = std::thread::Builder::new()
            .name("judge".to_owned())
            .spawn(move || {
                // Dropped also where the thread ends by a panic.
                let _alive = alive;
                worker.run(inbox);
            })
            .map_err(RelayError::Thread)?;
        Ok((Judge { to }, thread, ended))
    }

    /// Asks what becomes of a batch.
    pub(crate) async fn judge(&self, batch: &Arc<Batch>) -> Result<Findings, Status> {
        let gone = |_| Status::unavailable("the relay is ending");
        self.ask(Arc::clone(batch)).await.map_err(gone)?
    }

    /// The same, answered when the answer is waited for. Where the thread is gone there is none.
    pub(crate) fn ask(&self, batch: Arc<Batch>) -> oneshot::Receiver<Result<Findings, Status>> {
        let (answer, found) = oneshot::channel();
        let _ = self.to.send(Message::Batch(batch, answer));
        found
    }

    /// The engine's counters as text for Prometheus.
    pub(crate) async fn metrics(&self) -> Option<String> {
        let (answer, text) = oneshot::channel();
        self.to.send(Message::Metrics(answer)).ok()?;
        text.await.ok()
    }

    /// Time has passed: what is due is done.
    pub(crate) fn tick(&self) {
        let _ = self.to.send(Message::Tick);
    }

    /// Rules are to be read again now.
    pub(crate) fn reload(&self) {
        let _ = self.to.send(Message::Reload);
    }

    /// Detections that no batch carried were delivered. Comes back when that is on the disk.
    pub(crate) async fn let_go(&self, records: Vec<u128>) {
        let (noted, done) = oneshot::channel();
        let _ = self.to.send(Message::LetGo(records, noted));
        let _ = done.await;
    }

    /// Time is taken to be that many seconds later from now on.
    #[cfg(test)]
    pub(crate) fn later(&self, seconds: i64) {
        let _ = self.to.send(Message::Later(seconds));
    }

    /// The thread ends as by a defect.
    #[cfg(test)]
    pub(crate) fn fall(&self) {
        let _ = self.to.send(Message::Fall);
    }

    /// The thread ends when it has done what it was told, and has kept the state.
    pub(crate) fn end(&self) {
        let _ = self.to.send(Message::End);
    }
}

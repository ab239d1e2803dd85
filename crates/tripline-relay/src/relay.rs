//! The order of things for one request, whatever way it came: what rules say of it, then the receivers,
//! then the answer.

use std::sync::Arc;

use tonic::Status;

use crate::counters::{Counters, Way};
use crate::forward::Forward;
use crate::judge::{Judge, LeftAlone};
use crate::records::Batch;

/// What every request is given to.
pub(crate) struct Relay {
    pub(crate) judge: Judge,
    pub(crate) forward: Forward,
    /// Where detections go, if not with the records that give them.
    pub(crate) detections: Option<Forward>,
    /// The name of the member that records gain.
    pub(crate) member: String,
    pub(crate) counters: Arc<Counters>,
}

impl Relay {
    /// Takes a batch; success means that the receivers have all of it and of what was found.
    pub(crate) async fn take(&self, way: Way, batch: Batch) -> Result<(), Status> {
        self.counters.came(way, batch.len(), batch.bytes.len());
        if batch.len() == 0 {
            return Ok(());
        }
        let mut found = self.judge.judge(batch.clone()).await?;
        let edits = std::mem::take(&mut found.edits);
        let found = match &self.detections {
            None => Some(found),
            // Detections first: where records fail after them, the batch comes again and gives no more.
            Some(to) => {
                if !found.detections.is_empty() {
                    self.noted(to.detections(&found.detections).await)?;
                }
                found.delivered().await;
                None
            }
        };
        if !batch.is_empty_after(&edits) {
            self.noted(self.forward.records(&batch, &edits, &self.member).await)?;
        }
        self.counters.forwarded.add(batch.len() as u64);
        if let Some(found) = found {
            found.delivered().await;
        }
        Ok(())
    }

    /// Sends detections that no batch carries.
    pub(crate) async fn left_alone(&self, left: LeftAlone) {
        let Some(to) = &self.detections else { return };
        let (records, detections): (Vec<u128>, Vec<Vec<String>>) = left.into_iter().unzip();
        let detections = detections.concat();
        match to.detections(&detections).await {
            Ok(()) => self.judge.let_go(records).await,
            Err(status) => tracing::warn!(%status, "detections cannot be delivered yet"),
        }
    }

    fn noted(&self, answer: Result<(), Status>) -> Result<(), Status> {
        if let Err(status) = &answer {
            self.counters.not_forwarded.add(1);
            tracing::warn!(
                code = crate::counters::name(status.code()),
                "not forwarded: {}",
                status.message()
            );
        }
        answer
    }
}

//! The order of things for one request, whatever way it came: what rules say of it, then the receivers,
//! then the answer.

use std::sync::Arc;

use tonic::{Code, Status};

use crate::counters::{Counters, Way};
use crate::forward::{Forward, Partial, is_final};
use crate::judge::{Judge, LeftAlone};
use crate::records::{Batch, Edits, Form};

/// How many detections that no batch carries are sent at once.
const TOGETHER: usize = 100;

/// What every request is given to.
pub(crate) struct Relay {
    pub(crate) judge: Judge,
    pub(crate) forward: Forward,
    /// Where detections go, if not with the records that give them.
    pub(crate) detections: Option<Forward>,
    /// The name of the member that records gain.
    pub(crate) member: Arc<str>,
    pub(crate) counters: Arc<Counters>,
}

impl Relay {
    /// Takes a batch; success means that the receivers have all of it and of what was found, but for what
    /// the receiver says that it rejected.
    pub(crate) async fn take(&self, way: Way, batch: Batch) -> Result<Option<Partial>, Status> {
        self.counters.came(way, batch.len(), batch.bytes.len());
        let batch = Arc::new(batch);
        if batch.len() == 0 {
            if batch.form == Form::Lines {
                return Ok(None);
            }
            // There may be something that a later version of the sender knows.
            return self.forward(&batch, Edits::new()).await;
        }
        let mut found = self.judge.judge(&batch).await?;
        let edits = std::mem::take(&mut found.edits);
        let left = batch.left_after(&edits);
        let found = match &self.detections {
            None => Some(found),
            // Detections first: where records fail after them, the batch comes again and gives no more.
            Some(to) => {
                if !found.detections.is_empty() {
                    self.send(to, &found.detections).await?;
                }
                found.delivered().await;
                None
            }
        };
        let mut partial = None;
        if left > 0 {
            partial = self.forward(&batch, edits).await?;
        }
        self.counters.forwarded.add(left as u64);
        // Whether what was rejected carried detections is not known: then they are told as not delivered.
        if let Some(found) = found.filter(|_| partial.is_none()) {
            found.delivered().await;
        }
        Ok(partial)
    }

    async fn forward(&self, batch: &Arc<Batch>, edits: Edits) -> Result<Option<Partial>, Status> {
        let sent = self.forward.records(batch, edits, &self.member).await;
        if let Ok(Some(partial)) = &sent {
            self.counters.not_forwarded.add(1);
            tracing::error!(to = %self.forward, "not all forwarded: {partial}");
        }
        sent.inspect_err(|status| self.failed(&self.forward, status))
    }

    /// Sends detections. Those that the receiver refuses for good are told and let go of; while it cannot
    /// take them, or does not want to, whoever sent their records is to try again, so that nothing is lost.
    async fn send(&self, to: &Forward, detections: &[String]) -> Result<(), Status> {
        let refused = match to.detections(detections).await {
            Ok(()) => return Ok(()),
            Err(status) => status,
        };
        self.failed(to, &refused);
        if !is_final(&refused) {
            let said = format!("{to}: {}", refused.message());
            return Err(Status::new(Code::Unavailable, said));
        }
        if let [detection] = detections {
            self.counters.unclaimed.add(1);
            tracing::error!(%detection, %to, "a detection is refused for good, and let go of");
            return Ok(());
        }
        // Which of them it is that is refused.
        for detection in detections {
            Box::pin(self.send(to, std::slice::from_ref(detection))).await?;
        }
        Ok(())
    }

    /// Sends detections that no batch carries.
    pub(crate) async fn left_alone(&self, left: LeftAlone) {
        let Some(to) = &self.detections else { return };
        for some in left.chunks(TOGETHER) {
            let records: Vec<u128> = some.iter().map(|(record, _)| *record).collect();
            let detections: Vec<String> = some.iter().flat_map(|(_, of)| of.clone()).collect();
            if self.send(to, &detections).await.is_err() {
                return;
            }
            self.judge.let_go(records).await;
        }
    }

    fn failed(&self, to: &Forward, status: &Status) {
        self.counters.not_forwarded.add(1);
        tracing::warn!(
            %to,
            code = crate::counters::name(status.code()),
            "not forwarded: {}",
            status.message()
        );
    }
}

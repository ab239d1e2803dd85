//! The bytes of requests that are held at once, and bodies that are read within them.
//!
//! INVARIANT: what is held is never more than the limit: a request that would need more is refused in a
//! way that its sender tries again, and none waits for another, so that no two can wait for each other.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tonic::Status;

use crate::counters::Counters;

/// How many bytes may be held.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Shared>);

struct Shared {
    limit: usize,
    used: AtomicUsize,
    counters: Arc<Counters>,
}

/// Bytes that are held for as long as it lives.
pub(crate) struct Held {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// So many bytes.
    pub(crate) fn new(limit: usize, counters: Arc<Counters>) -> Budget {
        Budget(Arc::new(Shared {
            limit,
            used: AtomicUsize::new(0),
            counters,
        }))
    }

    /// Nothing yet.
    pub(crate) fn none(&self) -> Held {
        Held {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

impl Held {
    /// Holds more.
    pub(crate) fn more(&mut self, bytes: usize) -> Result<(), Status> {
        let shared = &self.budget.0;
        let taken = shared
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= shared.limit)
            });
        if taken.is_err() {
            return Err(Status::resource_exhausted(format!(
                "the relay holds all the bytes that it may ({}, --max-memory); try again",
                shared.limit
            )));
        }
        shared.counters.held.add(bytes as u64);
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let shared = &self.budget.0;
        shared.used.fetch_sub(self.bytes, Ordering::Relaxed);
        shared.counters.held.sub(self.bytes as u64);
    }
}

/// A body that is read within the budget, and not waited for when its sender falls silent.
pub(crate) struct Metered<B> {
    body: B,
    held: Held,
    silence: Duration,
    until: Pin<Box<Sleep>>,
}

impl<B> Metered<B> {
    /// Reads the body within the budget.
    pub(crate) fn new(body: B, budget: &Budget, silence: Duration) -> Metered<B> {
        Metered {
            body,
            held: budget.none(),
            silence,
            until: Box::pin(tokio::time::sleep(silence)),
        }
    }
}

impl<B> Body for Metered<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                if let Err(status) = this.held.more(bytes) {
                    return Poll::Ready(Some(Err(status)));
                }
                this.until.as_mut().reset(Instant::now() + this.silence);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Status::cancelled(format!(
                "the request broke off: {error}"
            ))))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => this.until.as_mut().poll(context).map(|()| {
                Some(Err(Status::deadline_exceeded(format!(
                    "nothing came for {} s in the middle of a request",
                    this.silence.as_secs_f64()
                ))))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_held_than_may_be_and_what_is_let_go_of_can_be_held_again() {
        let counters = Arc::new(Counters::default());
        let budget = Budget::new(10, Arc::clone(&counters));
        let (mut one, mut other) = (budget.none(), budget.none());
        one.more(6).unwrap();
        let refused = other.more(5).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        other.more(4).unwrap();
        assert_eq!(counters.held.get(), 10);
        drop(one);
        other.more(6).unwrap();
        drop(other);
        assert_eq!(counters.held.get(), 0);
    }
}

//! What requests may hold at once: bytes, and turns to be worked on.
//!
//! INVARIANT: what is held is never more than the limit: a request that would need more is refused in a
//! way that its sender tries again, and none waits for another, so that no two can wait for each other.
//! It is let go of when nothing of the request is left, also where its sender is gone before that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

use crate::counters::Counters;

/// How many bytes may be held.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    used: AtomicUsize,
    counters: Arc<Counters>,
}

/// Bytes that are held for as long as it lives, and the turn of the request that they are for.
#[derive(Debug)]
pub(crate) struct Held {
    /// None: what the relay itself makes, which has limits of its own.
    budget: Option<Budget>,
    bytes: usize,
    _turn: Option<OwnedSemaphorePermit>,
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

    /// Nothing yet, for a request that has this turn.
    pub(crate) fn held(&self, turn: Option<OwnedSemaphorePermit>) -> Held {
        Held {
            budget: Some(self.clone()),
            bytes: 0,
            _turn: turn,
        }
    }
}

impl Held {
    /// Of what the relay itself makes.
    pub(crate) fn own() -> Held {
        Held {
            budget: None,
            bytes: 0,
            _turn: None,
        }
    }

    /// Nothing yet, by the same budget.
    pub(crate) fn another(&self) -> Held {
        Held {
            budget: self.budget.clone(),
            bytes: 0,
            _turn: None,
        }
    }

    /// Holds more.
    ///
    /// # Errors
    /// When that is more than may be held: the sender is to try again.
    pub(crate) fn more(&mut self, bytes: usize) -> Result<(), Status> {
        let Some(Budget(shared)) = &self.budget else {
            return Ok(());
        };
        let taken = shared
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|used| *used <= shared.limit)
            });
        if taken.is_err() {
            return Err(Status::unavailable(format!(
                "the relay holds all the bytes that it may ({}, --max-memory), and this request needs {} more; try \
                 again",
                shared.limit, bytes
            )));
        }
        shared.counters.held.add(bytes as u64);
        self.bytes += bytes;
        Ok(())
    }

    /// Holds less.
    pub(crate) fn less(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        if let Some(Budget(shared)) = &self.budget {
            shared.used.fetch_sub(bytes, Ordering::Relaxed);
            shared.counters.held.sub(bytes as u64);
            self.bytes -= bytes;
        }
    }

    /// Makes room for one more in a list that is full, and holds that.
    ///
    /// # Errors
    /// As for [`Held::more`].
    pub(crate) fn room<T>(&mut self, list: &mut Vec<T>) -> Result<(), Status> {
        if list.len() < list.capacity() {
            return Ok(());
        }
        let more = (list.len() / 2).max(64);
        self.more(more * size_of::<T>())?;
        list.reserve_exact(more);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.less(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_held_than_may_be_and_what_is_let_go_of_can_be_held_again() {
        let counters = Arc::new(Counters::default());
        let budget = Budget::new(10, Arc::clone(&counters));
        let (mut one, mut other) = (budget.held(None), budget.held(None));
        one.more(6).unwrap();
        let refused = other.more(5).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::Unavailable);
        other.more(4).unwrap();
        assert_eq!(counters.held.get(), 10);
        other.less(3);
        one.another().more(3).unwrap();
        assert_eq!(counters.held.get(), 7, "what was held for a moment is not");
        drop(one);
        other.more(9).unwrap();
        drop(other);
        assert_eq!(counters.held.get(), 0);
    }

    #[test]
    fn a_list_grows_within_what_may_be_held() {
        let budget = Budget::new(2000, Arc::default());
        let mut held = budget.held(None);
        let mut list = Vec::new();
        while held.room(&mut list).is_ok() {
            list.push(0u64);
        }
        assert_eq!(list.len(), 192);
        assert!(list.capacity() * 8 <= 2000);
    }
}

//! The rules in force, where they can change during a run: the threads that look at records ask here,
//! the consumer, which sees edited files, puts others here.
//!
//! INVARIANT: what was found with other rules than the consumer's is never given to the engine: it
//! compares [`InForce::generation`] and looks at the records itself once more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tripline_engine::RuleSet;

/// The rules in force.
#[derive(Clone)]
pub(crate) struct InForce(Arc<Shared>);

struct Shared {
    generation: AtomicU64,
    rules: Mutex<RuleSet>,
}

impl InForce {
    /// These rules, to begin with.
    pub(crate) fn new(rules: RuleSet) -> InForce {
        InForce(Arc::new(Shared {
            generation: AtomicU64::new(0),
            rules: Mutex::new(rules),
        }))
    }

    /// Counts the changes.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// The rules, and how many changes led to them.
    pub(crate) fn rules(&self) -> (u64, RuleSet) {
        let rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        (self.generation(), rules.clone())
    }

    /// Puts other rules in force.
    pub(crate) fn change(&self, to: RuleSet) {
        let mut rules = self.0.rules.lock().unwrap_or_else(PoisonError::into_inner);
        *rules = to;
        self.0.generation.fetch_add(1, Ordering::Release);
    }
}

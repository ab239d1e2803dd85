//! Ctrl-C and the wish to end (SIGTERM): flags that the run looks at between two blocks. The second time
//! either ends the process at once, for when something hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::{Failure, Status};

/// Whether the run is to end early.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    ctrl_c: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// One that Ctrl-C and SIGTERM set. Can be made once in a process.
    pub(crate) fn listening() -> Result<Interrupt, Failure> {
        let interrupt = Interrupt::default();
        let ctrl_c = Arc::clone(&interrupt.ctrl_c);
        ctrlc::set_handler(move || {
            if ctrl_c.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        })
        .map_err(|error| Failure::System(format!("cannot listen to Ctrl-C: {error}")))?;
        #[cfg(unix)]
        {
            use signal_hook::consts::SIGTERM;
            use signal_hook::flag;
            let terminated = || Arc::clone(&interrupt.terminated);
            // In this order: the first one only sets the flag.
            flag::register_conditional_shutdown(SIGTERM, 143, terminated())
                .and_then(|_| flag::register(SIGTERM, terminated()))
                .map_err(|error| Failure::System(format!("cannot listen to SIGTERM: {error}")))?;
        }
        Ok(interrupt)
    }

    /// Whether the run is to end.
    pub(crate) fn is_set(&self) -> bool {
        self.ctrl_c.load(Ordering::Relaxed) || self.terminated.load(Ordering::Relaxed)
    }

    /// How a run ends that was interrupted.
    pub(crate) fn status(&self) -> Option<Status> {
        if self.ctrl_c.load(Ordering::Relaxed) {
            Some(Status::Interrupted)
        } else if self.terminated.load(Ordering::Relaxed) {
            Some(Status::Terminated)
        } else {
            None
        }
    }
}

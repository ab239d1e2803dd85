//! The signals by which a relay is told to end, or to read its rules again.

use tripline_relay::Running;

use crate::exit::Status;

/// The signals that a relay listens to.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    /// From now on, so that none is missed.
    pub(super) fn new() -> std::io::Result<Signals> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Lets the relay run until it is told to end, and ends it.
    pub(super) async fn obey(mut self, running: Running) -> Status {
        let status = loop {
            #[cfg(unix)]
            let told = tokio::select! {
                _ = tokio::signal::ctrl_c() => Some(Status::Interrupted),
                _ = self.terminate.recv() => Some(Status::Ran),
                _ = self.hang_up.recv() => None,
                () = running.broken() => return broken(running).await,
            };
            #[cfg(not(unix))]
            let told = tokio::select! {
                told = tokio::signal::ctrl_c() => told.ok().map(|()| Status::Interrupted),
                () = running.broken() => return broken(running).await,
            };
            match told {
                Some(status) => break status,
                None => running.reload(),
            }
        };
        tracing::info!("takes nothing new, and finishes what was begun");
        if running.end().await {
            tracing::info!("ended; nothing was broken off");
            status
        } else {
            Status::CouldNotRun
        }
    }
}

/// Ends a relay that can take nothing any more, so that whoever looks after the process begins another.
async fn broken(running: Running) -> Status {
    tracing::error!(
        "the relay can judge no more, by a defect or because nothing can be kept: it ends"
    );
    running.end().await;
    Status::CouldNotRun
}

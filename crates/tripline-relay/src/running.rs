//! A relay from its beginning to its end: everything is opened and begun in the order in which one thing
//! needs another, and ended in the other order, so that nothing that was taken is lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tripline_engine::RuleSet;

use crate::budget::Budget;
use crate::counters::Counters;
use crate::forward::Forward;
use crate::judge::{Judge, Outcome, Setup};
use crate::relay::Relay;
use crate::serve::{self, App, Connections, Listening};
use crate::settings::{RelayError, RuleSource, Settings};
use crate::tls;

/// How often the judge is told that time has passed.
const TICK: Duration = Duration::from_millis(50);

/// A relay that runs.
pub struct Running {
    /// Where senders connect.
    pub listen: Vec<SocketAddr>,
    /// Where operators ask besides.
    pub admin: Option<SocketAddr>,
    judge: Judge,
    thread: JoinHandle<()>,
    /// Nothing is told; closed when the thread ends.
    alive: watch::Receiver<()>,
    open: TaskTracker,
    ending: CancellationToken,
    drain: Duration,
}

/// Begins a relay with these rules; edited ones come from `source`. To be called within a runtime of tokio
/// with time and network.
///
/// # Errors
/// When a setting, a certificate, an address or the state is not as it has to be.
pub async fn start(
    settings: Settings,
    rules: RuleSet,
    source: Option<Box<dyn RuleSource>>,
) -> Result<Running, RelayError> {
    tls::use_ring();
    settings.check()?;
    let counters = Arc::new(Counters::default());
    let acceptor = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let forward = Forward::to(&settings.forward)?;
    let detections = settings.detections.as_ref().map(Forward::to).transpose()?;
    // Before the state, so that a relay that is in the way of another touches nothing of it.
    let mut listening = Vec::new();
    for address in &settings.listen {
        listening.push(Listening::at(*address).await?);
    }
    let admin = match settings.admin {
        Some(address) => Some(Listening::at(address).await?),
        None => None,
    };
    let (to_left_alone, mut left_alone) = mpsc::channel(1);
    let setup = Setup {
        rules,
        source,
        options: settings.options,
        other: settings.engine,
        skew: settings.skew,
        state: settings.state,
        outcome: if detections.is_some() {
            Outcome::Detect
        } else {
            Outcome::Annotate
        },
        filters: settings.filters,
        left_alone: detections.is_some().then_some(to_left_alone),
        counters: Arc::clone(&counters),
    };
    let (judge, thread, alive) = Judge::begin(setup)?;
    let limits = Arc::new(settings.limits);
    let relay = Arc::new(Relay {
        judge: judge.clone(),
        forward,
        detections,
        member: settings.member.into(),
        counters: Arc::clone(&counters),
    });
    let app = App {
        relay: Arc::clone(&relay),
        budget: Budget::new(limits.memory, Arc::clone(&counters)),
        turns: Arc::new(Semaphore::new(limits.requests.max(1))),
        limits: Arc::clone(&limits),
        token: settings.token.map(Arc::from),
    };
    let connections = Connections::new(Arc::clone(&limits), counters);
    let running = Running {
        listen: listening.iter().map(|at| at.address).collect(),
        admin: admin.as_ref().map(|at| at.address),
        judge: judge.clone(),
        thread,
        alive,
        open: connections.open.clone(),
        ending: connections.ending.clone(),
        drain: limits.drain,
    };
    for at in listening {
        let router = serve::senders(app.clone());
        let taking = connections.clone().take(at, acceptor.clone(), router);
        running.open.spawn(taking);
    }
    if let Some(at) = admin {
        let router = serve::operators(app);
        running.open.spawn(connections.take(at, None, router));
    }
    let ending = running.ending.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !ending.is_cancelled() {
            ticks.tick().await;
            judge.tick();
        }
    });
    tokio::spawn(async move {
        while let Some(left) = left_alone.recv().await {
            relay.left_alone(left).await;
        }
    });
    Ok(running)
}

impl Running {
    /// Reads the rules again now.
    pub fn reload(&self) {
        self.judge.reload();
    }

    /// Comes back when the thread that judges has ended without being told to: by a defect, or because nothing
    /// can be kept any more. Nothing is taken then, and only another process can go on.
    pub async fn broken(&self) {
        let mut alive = self.alive.clone();
        while alive.changed().await.is_ok() {}
    }

    /// Lets the thread that judges end as by a defect.
    #[cfg(test)]
    pub(crate) fn break_judge(&self) {
        self.judge.fall();
    }

    /// Lets the judge look at detections that no batch carries as if that many seconds had passed.
    #[cfg(test)]
    pub(crate) fn judge_looks_as_if_later(&self, seconds: i64) {
        self.judge.later(seconds);
    }

    /// Asks the judge about a batch as a sender does that is gone before there is an answer.
    #[cfg(test)]
    pub(crate) fn judge_without_waiting(&self, batch: crate::records::Batch) {
        self.judge.ask(Arc::new(batch));
    }

    /// Takes nothing new, lets finish what was begun, and keeps the state. Gives whether all of it finished
    /// in time.
    pub async fn end(self) -> bool {
        self.ending.cancel();
        self.open.close();
        let drained = tokio::time::timeout(self.drain, self.open.wait())
            .await
            .is_ok();
        if !drained {
            tracing::warn!(
                "requests are broken off, because they take too long; their senders try again"
            );
        }
        self.judge.end();
        let joined = tokio::task::spawn_blocking(move || self.thread.join().is_ok());
        drained && joined.await.unwrap_or(false)
    }
}

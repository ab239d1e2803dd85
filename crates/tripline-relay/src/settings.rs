//! Everything that a relay is set up with, as the command gives it, and why one cannot begin.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use serde_json::Value;
use tripline_engine::{Options, RuleSet};

use crate::forward::Target;

/// How a relay is set up.
pub struct Settings {
    /// Where senders connect.
    pub listen: Vec<SocketAddr>,
    /// Where metrics and health are asked for besides, without a token.
    pub admin: Option<SocketAddr>,
    /// The certificate it shows, if it speaks TLS alone.
    pub tls: Option<ServerTls>,
    /// What senders must send as a bearer token.
    pub token: Option<String>,
    /// Where records go.
    pub forward: Receiver,
    /// Where detections go, if not with the records that give them.
    pub detections: Option<Receiver>,
    /// Whether filters drop and tag records.
    pub filters: bool,
    /// The name of the member that records gain.
    pub member: String,
    /// How the engine behaves.
    pub options: Options,
    /// An engine in place of the native one; no state is kept for it.
    pub engine: Option<Box<dyn JsonEngine>>,
    /// How far ahead of the clock an event may be dated; none: any.
    pub skew: Option<Duration>,
    /// Where the state is kept.
    pub state: Option<StateSettings>,
    /// What senders may ask of it.
    pub limits: Limits,
}

impl Settings {
    /// Whether they go together.
    pub(crate) fn check(&self) -> Result<(), RelayError> {
        let limits = &self.limits;
        let said = if limits.request > Limits::MOST_REQUEST {
            format!(
                "--max-request ({}) is more than {} bytes",
                limits.request,
                Limits::MOST_REQUEST
            )
        } else if limits.memory / Limits::TIMES < limits.request {
            format!(
                "--max-memory ({}) is less than {} times what one request may have (--max-request, {}): it is \
                 taken apart and made anew within that",
                limits.memory,
                Limits::TIMES,
                limits.request
            )
        } else if limits.requests == 0 || limits.connections == 0 {
            "--max-requests and --max-connections are at least 1".to_owned()
        } else if let Some(receiver) = self.loops() {
            format!(
                "{receiver} is where this relay listens itself: records would go round for ever"
            )
        } else if self.member.is_empty() {
            "--member is a name".to_owned()
        } else if self.engine.is_some() && self.state.is_some() {
            "--state has no meaning with --engine wasm: the module keeps its own in its folder"
                .to_owned()
        } else {
            return Ok(());
        };
        Err(RelayError::Setting(said))
    }

    /// A receiver that is this relay.
    fn loops(&self) -> Option<&Target> {
        let receivers = std::iter::once(&self.forward).chain(&self.detections);
        let mut targets = receivers.map(|receiver| &receiver.target);
        targets.find(|target| match target {
            Target::Vector { authority, .. } | Target::Otlp { authority, .. } => {
                let at = authority.parse::<SocketAddr>();
                at.is_ok_and(|at| self.listen.contains(&at))
            }
            _ => false,
        })
    }
}

/// Where the state is kept.
#[derive(Debug, Clone)]
pub struct StateSettings {
    /// The file; journals and a lock stand beside it.
    pub path: PathBuf,
    /// How often it is written.
    pub every: Duration,
}

/// A certificate to show, and whose certificates senders must show.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// The chain of certificates, as PEM.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
    /// Certificates of authorities, as PEM: senders must show one that these signed.
    pub client_ca: Option<PathBuf>,
}

/// A receiver, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Where it is.
    pub target: Target,
    /// Certificates of authorities, as PEM, one of which must have signed the receiver's.
    pub ca: Option<PathBuf>,
    /// The certificate that is shown to it, and its private key, as PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// What is sent to it as a bearer token.
    pub token: Option<String>,
    /// How requests are compressed.
    pub compression: Compression,
    /// How long it may take to answer.
    pub timeout: Duration,
}

/// How requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

/// What senders may ask of a relay. What is over a limit is refused in a way that senders try again.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest request, in bytes, also once it is decompressed.
    pub request: usize,
    /// The most bytes of requests that are held at once.
    pub memory: usize,
    /// The most requests that are worked on at once; further ones wait.
    pub requests: usize,
    /// The most connections; further ones wait.
    pub connections: usize,
    /// How long a sender may be silent in the middle of a request, or between two in HTTP/1.
    pub silence: Duration,
    /// How long what was begun may take when the relay ends.
    pub drain: Duration,
}

impl Limits {
    /// The largest request that can be allowed, in bytes: the journal has one entry for each.
    pub const MOST_REQUEST: usize = 1 << 30;

    /// How many times the largest request must fit into the memory for requests: as it came, with where its
    /// records are, and as it is put together for a receiver of another protocol, message within message.
    pub const TIMES: usize = 5;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request: 100 << 20,
            memory: 512 << 20,
            requests: 64,
            connections: 256,
            silence: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}

/// An engine in place of the native one, which takes records as JSON and looks after its own rules and
/// state: a deployed module.
pub trait JsonEngine: Send {
    /// What a record gains by its arrival: its detections and its tags.
    ///
    /// # Errors
    /// Why nothing can be said of it; the record passes.
    fn annotate(&mut self, record: &str) -> Result<(Vec<Value>, Vec<String>), String>;

    /// The detections that a record's arrival gives, whole.
    ///
    /// # Errors
    /// As for [`JsonEngine::annotate`].
    fn detect(&mut self, record: &str) -> Result<Vec<Value>, String>;

    /// Whether the filters drop a record, and the tags that they give it otherwise.
    ///
    /// # Errors
    /// As for [`JsonEngine::annotate`].
    fn filter(&mut self, record: &str) -> Result<(bool, Vec<String>), String>;

    /// What it said since this was asked last.
    fn said(&mut self) -> Vec<String>;
}

/// Where rules come from when they are edited.
pub trait RuleSource: Send {
    /// The rules as they are now, with what they are for a person: if they were edited, or in any case.
    /// Rules in error are given as what is to be said of them. `today` (UTC) is for exclusions that expire.
    fn edited(
        &mut self,
        today: NaiveDate,
        in_any_case: bool,
    ) -> Option<Result<(RuleSet, String), String>>;
}

/// Why a relay could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A certificate, a key or a receiver's address is not as it has to be.
    #[error("{0}")]
    Setting(String),
    /// The state cannot be gone on from.
    #[error("{0}")]
    State(#[from] tripline_state::Failure),
    /// A file cannot be opened.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A thread cannot be begun.
    #[error("cannot begin a thread: {0}")]
    Thread(#[source] io::Error),
}

//! The arguments of `tripline relay`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use tripline_engine::Emission;
use tripline_relay::Target;

use crate::exit::Failure;
use crate::units::{self, Emit};

/// Stand between two shippers, and let rules look at what passes
///
/// Takes records by Vector's own protocol, by OpenTelemetry's and as JSON by HTTP, runs the rules over them, and sends them on.
/// A request is answered when the receiver has answered, and as it answered: so a shipper's
/// acknowledgements pass through the relay. With --state, nothing is acknowledged before it is on the disk,
/// and a relay that is killed goes on where it was.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tripline relay --rules rules/entra --state relay.state --forward vector://127.0.0.1:6001
  tripline relay --rules rules/entra --listen 127.0.0.1:8080 --forward https://collector.example.org/in
  tripline relay --rules rules/entra --forward vector://127.0.0.1:6001 --detections file:found.ndjson
  tripline relay --rules rules/entra --listen 0.0.0.0:6000 --tls-cert relay.pem --tls-key relay.key \\
    --tls-client-ca senders.pem --forward vector+tls://vector.example.org:6001 --forward-ca ca.pem

Signals:
  SIGHUP   the rules are read again
  SIGTERM  nothing new is taken, what was begun is finished, the state is kept; Ctrl-C likewise")]
pub(crate) struct Arguments {
    /// A rule file or a folder of rule files; may be given several times
    #[arg(long, value_name = "PATH", required_unless_present = "access")]
    pub(super) rules: Vec<PathBuf>,

    /// Where senders connect; may be given several times
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:6000")]
    pub(super) listen: Vec<SocketAddr>,

    /// Where records go: vector://HOST:PORT, otlp://HOST:PORT (by TLS vector+tls:// and otlp+tls://),
    /// otlp+http://HOST:PORT/v1/logs or otlp+https://…, http://… or https://… (a POST with a record a line), file:PATH
    /// or stdout
    #[arg(long, value_name = "RECEIVER")]
    pub(super) forward: Target,

    /// Where detections go, if not with the records that complete them
    #[arg(long, value_name = "RECEIVER")]
    pub(super) detections: Option<Target>,

    /// Let the rule set's filters drop and tag records. A record that completes a detection is not dropped
    #[arg(long)]
    pub(super) filters: bool,

    /// The member in which records gain detections and tags
    #[arg(long, value_name = "NAME", default_value = "tripline")]
    pub(super) member: String,

    /// Which engine judges: the one of this command, or the deployed module, as it runs in Fluent Bit
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = EngineKind::Native)]
    pub(super) engine: EngineKind,

    /// With --engine wasm, the module [default: the one that this command carries]
    #[arg(long, value_name = "FILE")]
    pub(super) module: Option<PathBuf>,

    /// With --engine wasm, a folder that the module sees, with its settings, rules and state, in place of
    /// --rules; may be given several times
    #[arg(long, value_name = "FOLDER")]
    pub(super) access: Vec<PathBuf>,

    /// When a detection is given; final only with --detections
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Emit::Early)]
    pub(super) emit: Emit,

    /// How much later than the newest event an event may arrive and still be correlated
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = units::duration)]
    pub(super) lateness: Duration,

    /// How much state is kept; beyond it the oldest is dropped and counted as evicted
    #[arg(long, value_name = "MEMORY", default_value = "512MB", value_parser = units::bytes)]
    pub(super) max_state: usize,

    /// How far ahead of this machine's clock an event may be dated; `off` lets everything in [default: 1d]
    #[arg(long, value_name = "TIME|off", value_parser = units::skew)]
    pub(super) max_skew: Option<units::Skew>,

    /// Keep the state in this file, and go on from it. Journals of what came since it was written stand
    /// beside it
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,

    /// How often the state is written
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::duration)]
    pub(super) state_every: Duration,

    /// Within what time edited rules and lists are noticed; those in error are told and change nothing
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = units::duration)]
    pub(super) watch_rules: Duration,

    /// Answer /metrics, /healthz and /readyz here too, without TLS and token
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Operation")]
    pub(super) admin: Option<SocketAddr>,

    /// How the relay says on standard error what happens
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text, help_heading = "Operation")]
    pub(super) log_format: LogFormat,

    /// Only what goes wrong is said
    #[arg(long, short, help_heading = "Operation")]
    pub(super) quiet: bool,

    /// How long what was begun may take when the relay ends
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::duration, help_heading = "Operation")]
    pub(super) drain: Duration,

    /// The chain of certificates that senders are shown, as PEM: they must speak TLS then
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        help_heading = "Senders"
    )]
    pub(super) tls_cert: Option<PathBuf>,

    /// Its private key, as PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        help_heading = "Senders"
    )]
    pub(super) tls_key: Option<PathBuf>,

    /// Senders must show a certificate that one of these authorities signed, as PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        help_heading = "Senders"
    )]
    pub(super) tls_client_ca: Option<PathBuf>,

    /// Senders must send the token in this file as `Authorization: Bearer`
    #[arg(long, value_name = "FILE", help_heading = "Senders")]
    pub(super) token_file: Option<PathBuf>,

    /// Listen where other machines reach it with neither certificates nor a token
    #[arg(long, help_heading = "Senders")]
    pub(super) insecure: bool,

    /// The largest request, also once it is decompressed; 1 GiB at most
    #[arg(long, value_name = "MEMORY", default_value = "100MiB", value_parser = units::bytes, help_heading = "Senders")]
    pub(super) max_request: usize,

    /// How much is held for requests at once, five times the largest at least; what is more is refused, and its
    /// sender tries again
    #[arg(long, value_name = "MEMORY", default_value = "512MiB", value_parser = units::bytes, help_heading = "Senders")]
    pub(super) max_memory: usize,

    /// How many requests are worked on at once; further ones wait
    #[arg(long, value_name = "N", default_value_t = 64, help_heading = "Senders")]
    pub(super) max_requests: usize,

    /// How many connections there are at once; further ones wait
    #[arg(
        long,
        value_name = "N",
        default_value_t = 256,
        help_heading = "Senders"
    )]
    pub(super) max_connections: usize,

    /// How long a sender may be silent in the middle of a request, or before the first
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::duration, help_heading = "Senders")]
    pub(super) silence: Duration,

    /// Authorities, as PEM, one of which must have signed the receivers' certificates [default: the system's]
    #[arg(long, value_name = "FILE", help_heading = "Receivers")]
    pub(super) forward_ca: Option<PathBuf>,

    /// The certificate that receivers are shown, as PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "forward_key",
        help_heading = "Receivers"
    )]
    pub(super) forward_cert: Option<PathBuf>,

    /// Its private key, as PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "forward_cert",
        help_heading = "Receivers"
    )]
    pub(super) forward_key: Option<PathBuf>,

    /// Send the token in this file to the receiver of records
    #[arg(long, value_name = "FILE", help_heading = "Receivers")]
    pub(super) forward_token_file: Option<PathBuf>,

    /// Send the token in this file to the receiver of detections
    #[arg(
        long,
        value_name = "FILE",
        requires = "detections",
        help_heading = "Receivers"
    )]
    pub(super) detections_token_file: Option<PathBuf>,

    /// How requests to receivers are compressed
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Compression::None, help_heading = "Receivers")]
    pub(super) forward_compression: Compression,

    /// How long a receiver may take to answer
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = units::duration, help_heading = "Receivers")]
    pub(super) forward_timeout: Duration,
}

/// Which engine judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EngineKind {
    /// The one of this command
    Native,
    /// The module, in wasmtime; it keeps its own state in its folder, every 30 seconds
    Wasm,
}

/// How the relay says what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// A line for a person
    Text,
    /// An object a line
    Json,
}

impl From<LogFormat> for tripline_relay::LogFormat {
    fn from(format: LogFormat) -> tripline_relay::LogFormat {
        match format {
            LogFormat::Text => tripline_relay::LogFormat::Text,
            LogFormat::Json => tripline_relay::LogFormat::Json,
        }
    }
}

/// How requests are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Compression {
    /// Not at all
    None,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

impl From<Compression> for tripline_relay::Compression {
    fn from(compression: Compression) -> tripline_relay::Compression {
        match compression {
            Compression::None => tripline_relay::Compression::None,
            Compression::Gzip => tripline_relay::Compression::Gzip,
            Compression::Zstd => tripline_relay::Compression::Zstd,
        }
    }
}

impl Arguments {
    /// When detections are given; refuses what does not go together.
    pub(super) fn emission(&self) -> Result<Emission, Failure> {
        match (self.emit, &self.detections) {
            (Emit::Early, _) => Ok(Emission::Early),
            (Emit::Final, Some(_)) => Ok(Emission::Final),
            (Emit::Final, None) => Err(Failure::Usage(
                "--emit final needs --detections: what is final is known only when the lateness has passed, and \
                 the records are gone then"
                    .to_owned(),
            )),
        }
    }
}

//! `tripline relay`: loads rules, sets a relay up as asked for, and runs it until it is told to end.

mod arguments;
mod module;
mod rules;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use chrono::Utc;
use tripline_engine::Options;
use tripline_relay::{
    JsonEngine, Limits, Receiver, RelayError, Running, ServerTls, Settings, StateSettings,
    log_to_stderr,
};

pub(crate) use self::arguments::Arguments;
use self::arguments::EngineKind;
use self::module::Deployed;
use self::rules::{Edited, summary};
use crate::exit::{Failure, Status};
use crate::rules::{self as rule_files, Kept, Watched};

/// Runs a relay.
pub(crate) fn run(arguments: &Arguments) -> Result<Status, Failure> {
    let mut settings = settings(arguments)?;
    let kept = Kept {
        declared: true,
        again: false,
    };
    if arguments.engine == EngineKind::Wasm {
        settings.engine = Some(deployed(arguments)?);
    } else if arguments.module.is_some() || !arguments.access.is_empty() {
        return Err(Failure::Usage(
            "--module and --access have no meaning without --engine wasm".to_owned(),
        ));
    }
    let mut watched = Watched::new(
        &arguments.rules,
        arguments.watch_rules,
        kept,
        arguments.quiet,
    );
    let loaded = rule_files::load(&arguments.rules, Utc::now().date_naive());
    watched.reads(&loaded);
    if !arguments.quiet || loaded.checked.is_none() {
        loaded.report();
    }
    let Some(checked) = &loaded.checked else {
        return Ok(Status::InError);
    };
    let (rules, _) = kept.compile(checked);
    log_to_stderr(arguments.log_format.into(), arguments.quiet);
    let rules_said = match arguments.engine {
        EngineKind::Native => summary(&rules),
        EngineKind::Wasm => "are the module's".to_owned(),
    };
    let about = about(arguments, &rules_said);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::System(format!("cannot begin threads: {error}")))?;
    runtime.block_on(async {
        let source = Box::new(Edited(watched));
        // Before anything is taken, so that no signal is missed.
        let signals = Signals::new()
            .map_err(|error| Failure::System(format!("cannot listen to signals: {error}")))?;
        let running = tripline_relay::start(settings, rules, Some(source))
            .await
            .map_err(failure)?;
        if !arguments.quiet {
            greet(&running, arguments, &about);
        }
        Ok(signals.obey(running).await)
    })
}

/// The module as an engine.
fn deployed(arguments: &Arguments) -> Result<Box<dyn JsonEngine>, Failure> {
    if !arguments.rules.is_empty() || arguments.access.is_empty() {
        return Err(Failure::Usage(
            "with --engine wasm rules are in a folder that --access names, and --rules has no meaning".to_owned(),
        ));
    }
    let deployed = match &arguments.module {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|source| Failure::File {
                doing: "cannot read",
                path: path.display().to_string(),
                source,
            })?;
            Deployed::new(&bytes, &arguments.access)
        }
        None => Deployed::new(super::plugin::module()?, &arguments.access),
    }?;
    Ok(Box::new(deployed))
}

/// What the command line asks for.
fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    if arguments.tls_cert.is_none()
        && let Some(open) = arguments.listen.iter().find(|at| !at.ip().is_loopback())
        && arguments.token_file.is_none()
        && !arguments.insecure
    {
        return Err(Failure::Usage(format!(
            "{open} can be reached from other machines: give --tls-cert and --tls-client-ca, or --token-file, or \
             --insecure if whoever reaches it may send"
        )));
    }
    let receiver = |target: &tripline_relay::Target, token| Receiver {
        target: target.clone(),
        ca: arguments.forward_ca.clone(),
        identity: arguments
            .forward_cert
            .clone()
            .zip(arguments.forward_key.clone()),
        token,
        compression: arguments.forward_compression.into(),
        timeout: arguments.forward_timeout,
    };
    let token = |path: &Option<std::path::PathBuf>| path.as_deref().map(token).transpose();
    let tls = arguments.tls_cert.clone().zip(arguments.tls_key.clone());
    let today = Utc::now().date_naive();
    Ok(Settings {
        listen: arguments.listen.clone(),
        admin: arguments.admin,
        tls: tls.map(|(certificate, key)| ServerTls {
            certificate,
            key,
            client_ca: arguments.tls_client_ca.clone(),
        }),
        token: token(&arguments.token_file)?,
        forward: receiver(&arguments.forward, token(&arguments.forward_token_file)?),
        detections: match &arguments.detections {
            Some(target) => Some(receiver(target, token(&arguments.detections_token_file)?)),
            None => None,
        },
        filters: arguments.filters,
        member: arguments.member.clone(),
        options: Options {
            lateness: arguments.lateness,
            emission: arguments.emission()?,
            max_state: arguments.max_state,
            ..Options::new(today)
        },
        engine: None,
        skew: arguments.max_skew.unwrap_or_default().0,
        state: arguments.state.clone().map(|path| StateSettings {
            path,
            every: arguments.state_every,
        }),
        limits: Limits {
            request: arguments.max_request,
            memory: arguments.max_memory,
            requests: arguments.max_requests,
            connections: arguments.max_connections,
            silence: arguments.silence,
            drain: arguments.drain,
        },
    })
}

/// The token in a file, without the white space around it.
fn token(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File {
        doing: "cannot read",
        path: path.display().to_string(),
        source,
    })?;
    match text.trim() {
        "" => Err(Failure::Usage(format!("{} has no token", path.display()))),
        token => Ok(token.to_owned()),
    }
}

fn failure(error: RelayError) -> Failure {
    match error {
        RelayError::State(failure) => failure.into(),
        RelayError::Setting(said) => Failure::Usage(said),
        RelayError::File {
            doing,
            path,
            source,
        } => Failure::File {
            doing,
            path: path.display().to_string(),
            source,
        },
        other => Failure::System(other.to_string()),
    }
}

/// What a relay does, line by line.
fn about(arguments: &Arguments, rules: &str) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {name:<11} {what}");
    };
    line("rules", rules);
    line("forwards to", &arguments.forward.to_string());
    match &arguments.detections {
        Some(target) => line("detections", &format!("go to {target}")),
        None => line(
            "detections",
            &format!(
                "are in the member \"{}\" of the records that complete them",
                arguments.member
            ),
        ),
    }
    if arguments.filters {
        line("filters", "drop and tag records");
    }
    match &arguments.state {
        Some(path) => line("state", &path.display().to_string()),
        None => line(
            "state",
            "is not kept: give --state to go on where a relay was that ended",
        ),
    }
    text
}

/// Says in one screen what was loaded and where it listens.
fn greet(running: &Running, arguments: &Arguments, about: &str) {
    let mut text = format!("tripline relay {}\n", env!("CARGO_PKG_VERSION"));
    let speaks = match (&arguments.tls_cert, &arguments.tls_client_ca) {
        (None, _) => "plain text",
        (Some(_), None) => "TLS",
        (Some(_), Some(_)) => "TLS, with certificates of senders",
    };
    for address in &running.listen {
        let _ = writeln!(
            text,
            "  {:<11} {address} (Vector, OTLP, HTTP at /v1/logs; {speaks})",
            "listens at"
        );
    }
    text.push_str(about);
    let admin = running.admin.or_else(|| running.listen.first().copied());
    if let Some(address) = admin {
        let _ = writeln!(
            text,
            "  {:<11} {address}/metrics, /healthz, /readyz",
            "answers"
        );
    }
    // A standard error that is gone does not make the relay worse.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The signals that a relay listens to.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
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
    async fn obey(mut self, running: Running) -> Status {
        let status = loop {
            #[cfg(unix)]
            let told = tokio::select! {
                _ = tokio::signal::ctrl_c() => Some(Status::Interrupted),
                _ = self.terminate.recv() => Some(Status::Ran),
                _ = self.hang_up.recv() => None,
            };
            #[cfg(not(unix))]
            let told = tokio::signal::ctrl_c()
                .await
                .ok()
                .map(|()| Status::Interrupted);
            match told {
                Some(status) => break status,
                None => running.reload(),
            }
        };
        if running.end().await {
            status
        } else {
            Status::CouldNotRun
        }
    }
}

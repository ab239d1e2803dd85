//! What a relay says of itself when it begins: what it loaded, and where it listens.

use std::fmt::Write as _;
use std::io::Write as _;

use tripline_relay::Running;

use super::arguments::{Arguments, EngineKind, LogFormat};

/// What a relay does, line by line.
pub(super) fn about(arguments: &Arguments, rules: &str) -> String {
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
    match (&arguments.state, arguments.engine) {
        (_, EngineKind::Wasm) => line("state", "is the module's, in its folder"),
        (Some(path), _) => line("state", &path.display().to_string()),
        (None, _) => line(
            "state",
            "is not kept: give --state to go on where a relay was that ended",
        ),
    }
    text
}

/// Says in one screen what was loaded and where it listens.
pub(super) fn greet(running: &Running, arguments: &Arguments, about: &str) {
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
    if arguments.log_format == LogFormat::Json {
        // So that every line of the log is an object.
        tracing::info!("{text}");
        return;
    }
    // A standard error that is gone does not make the relay worse.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

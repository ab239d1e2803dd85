//! What the command line asks of a relay, as the relay takes it.

use std::path::Path;

use chrono::Utc;
use tripline_engine::Options;
use tripline_relay::{Limits, Receiver, ServerTls, Settings, StateSettings};

use super::arguments::Arguments;
use crate::exit::Failure;

/// What the command line asks for.
pub(super) fn settings(arguments: &Arguments) -> Result<Settings, Failure> {
    // A certificate that is shown keeps nobody out.
    if arguments.tls_client_ca.is_none()
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

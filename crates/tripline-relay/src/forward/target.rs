//! Where records go, as it is written on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Vector's `vector` source, or another relay: `vector://HOST:PORT`, by TLS `vector+tls://HOST:PORT`.
    Vector {
        /// Host and port.
        authority: String,
        /// Whether by TLS.
        tls: bool,
    },
    /// OpenTelemetry's logs by gRPC: `otlp://HOST:PORT`, by TLS `otlp+tls://HOST:PORT`.
    Otlp {
        /// Host and port.
        authority: String,
        /// Whether by TLS.
        tls: bool,
    },
    /// The same by `POST`: `otlp+http://HOST:PORT/v1/logs`, by TLS `otlp+https://…`; the address without
    /// `otlp+`.
    OtlpHttp(String),
    /// NDJSON by `POST`: `http://…` or `https://…`.
    Http(String),
    /// NDJSON appended to a file: `file:PATH`.
    File(PathBuf),
    /// NDJSON on standard output: `stdout`.
    Standard,
}

/// What is not a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no receiver; write vector://HOST:PORT, otlp://HOST:PORT (by TLS vector+tls:// and otlp+tls://), \
     otlp+http://HOST:PORT/v1/logs, otlp+https://…, http://…, https://…, file:PATH or stdout"
)]
pub struct NoTarget(String);

impl FromStr for Target {
    type Err = NoTarget;

    fn from_str(text: &str) -> Result<Target, NoTarget> {
        let refused = || NoTarget(text.to_owned());
        if text == "stdout" || text == "-" {
            return Ok(Target::Standard);
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let given = Some(path).filter(|path| !path.is_empty());
            return given
                .map(|path| Target::File(path.into()))
                .ok_or_else(refused);
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
        let authority = || {
            let (host, port) = rest.rsplit_once(':').ok_or_else(refused)?;
            let whole = !host.is_empty()
                && !rest.contains(['/', '?', '#', '@'])
                && port.parse::<u16>().is_ok_and(|port| port > 0);
            whole.then(|| rest.to_owned()).ok_or_else(refused)
        };
        let address = |text: &str| {
            let address = reqwest::Url::parse(text).map_err(|_| refused())?;
            let whole = address.has_host();
            whole.then(|| String::from(address)).ok_or_else(refused)
        };
        let (protocol, tls) = match scheme.strip_suffix("+tls") {
            Some(protocol) => (protocol, true),
            None => (scheme, false),
        };
        match protocol {
            "vector" => Ok(Target::Vector {
                authority: authority()?,
                tls,
            }),
            "otlp" => Ok(Target::Otlp {
                authority: authority()?,
                tls,
            }),
            "otlp+http" | "otlp+https" if !tls => {
                let text = text.strip_prefix("otlp+").unwrap_or(text);
                Ok(Target::OtlpHttp(address(text)?))
            }
            "http" | "https" if !tls => Ok(Target::Http(address(text)?)),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Vector { authority, tls } => {
                write!(f, "vector{}://{authority}", if *tls { "+tls" } else { "" })
            }
            Target::Otlp { authority, tls } => {
                write!(f, "otlp{}://{authority}", if *tls { "+tls" } else { "" })
            }
            Target::OtlpHttp(address) => write!(f, "otlp+{address}"),
            Target::Http(address) => f.write_str(address),
            Target::File(path) => write!(f, "file:{}", path.display()),
            Target::Standard => f.write_str("stdout"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_they_are_shown() {
        for text in [
            "vector://127.0.0.1:6001",
            "vector://[::1]:6001",
            "vector+tls://vector.example.org:6001",
            "otlp://127.0.0.1:4317",
            "otlp+tls://collector.example.org:4317",
            "otlp+http://127.0.0.1:4318/v1/logs",
            "http://127.0.0.1:8080/in",
            "https://example.org/",
            "file:/var/log/x.ndjson",
            "stdout",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_target_is_refused_with_what_would_be() {
        for text in [
            "",
            "127.0.0.1:6000",
            "vector://",
            "vector://host",
            "vector://host:0",
            "vector://host:6000/path",
            "ftp://host:21",
            "file:",
            "http://",
            "https+tls://x",
            "otlp+http+tls://x",
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("vector://HOST:PORT"), "{text}: {error}");
        }
    }
}

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
    "`{0}` is no receiver; write vector://HOST:PORT, vector+tls://HOST:PORT, http://…, https://…, file:PATH or stdout"
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
        match scheme {
            "vector" => Ok(Target::Vector {
                authority: authority()?,
                tls: false,
            }),
            "vector+tls" => Ok(Target::Vector {
                authority: authority()?,
                tls: true,
            }),
            "http" | "https" => {
                let address = reqwest::Url::parse(text).map_err(|_| refused())?;
                address
                    .has_host()
                    .then(|| Target::Http(address.into()))
                    .ok_or_else(refused)
            }
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
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("vector://HOST:PORT"), "{text}: {error}");
        }
    }
}

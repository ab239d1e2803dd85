//! A receiver that takes records by `POST`: as NDJSON, or as OpenTelemetry has them.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, Response, StatusCode, Url};
use tokio::net::TcpStream;
use tonic::Status;

use super::{Partial, Target, chain};
use crate::apart::apart;
use crate::settings::{Compression, Receiver, RelayError};
use crate::tls;

/// How long making a connection may take where only that is asked for.
const CONNECTING: Duration = Duration::from_secs(2);

/// The longest answer that is looked at, in bytes.
const LONGEST: usize = 1 << 20;

/// A client with its connections.
pub(crate) struct Client {
    client: reqwest::Client,
    address: Url,
    is_otlp: bool,
    compression: Compression,
}

impl Client {
    /// To this receiver.
    pub(super) fn new(
        address: &str,
        content_type: &'static str,
        receiver: &Receiver,
    ) -> Result<Client, RelayError> {
        let refused = |error: reqwest::Error| {
            RelayError::Setting(format!("cannot forward to {address}: {}", chain(&error)))
        };
        let url = address.parse::<Url>().map_err(|error| {
            RelayError::Setting(format!("cannot forward to {address}: {error}"))
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(token) = &receiver.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
                RelayError::Setting("a token has only visible characters of ASCII".to_owned())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        match receiver.compression {
            Compression::None => {}
            Compression::Gzip => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            Compression::Zstd => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
            }
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(receiver.timeout);
        if let Some(ca) = &receiver.ca {
            let certificates = Certificate::from_pem_bundle(&tls::text(ca)?).map_err(refused)?;
            builder = builder.tls_certs_only(certificates);
        }
        if let Some((certificate, key)) = &receiver.identity {
            let mut pem = tls::text(certificate)?;
            pem.extend(tls::text(key)?);
            builder = builder.identity(Identity::from_pem(&pem).map_err(refused)?);
        }
        Ok(Client {
            client: builder.build().map_err(refused)?,
            address: url,
            is_otlp: matches!(receiver.target, Target::OtlpHttp(_)),
            compression: receiver.compression,
        })
    }

    /// Sends a request. Success is all of it, but for what a receiver of OpenTelemetry's says that it rejected.
    pub(super) async fn send(&self, request: Bytes) -> Result<Option<Partial>, Status> {
        let compression = self.compression;
        let body = apart(request.len(), move || compressed(compression, request));
        let body = body
            .await?
            .map_err(|error| Status::internal(format!("cannot compress: {error}")))?;
        let sent = self.client.post(self.address.clone()).body(body).send();
        let answer = sent.await.map_err(unreached)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(self.partial(answer).await);
        }
        let said = format!("the receiver answered {status}");
        // These say that it is the request. All else may be another answer tomorrow: what a token may do,
        // where a path leads and how much is too much can be set right.
        let is_final = matches!(
            status,
            StatusCode::BAD_REQUEST
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY
        );
        Err(if is_final {
            Status::invalid_argument(said)
        } else {
            Status::unavailable(said)
        })
    }

    /// What a receiver of OpenTelemetry's says that it rejected.
    async fn partial(&self, mut answer: Response) -> Option<Partial> {
        if !self.is_otlp {
            return None;
        }
        let of = answer.headers().get(CONTENT_TYPE);
        let is_json = of.is_some_and(|of| of.as_bytes().starts_with(b"application/json"));
        let mut said = Vec::new();
        // It has the request, whatever becomes of its answer.
        while let Ok(Some(part)) = answer.chunk().await {
            said.extend_from_slice(&part);
            if said.len() > LONGEST {
                return None;
            }
        }
        if is_json {
            Partial::of_json(&said)
        } else {
            Partial::of(&said)
        }
    }

    /// Whether a connection can be made.
    pub(super) async fn is_there(&self) -> Result<(), Status> {
        let host = self.address.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = self.address.port_or_known_default().unwrap_or(80);
        match tokio::time::timeout(CONNECTING, TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Status::unavailable(format!(
                "the receiver cannot be reached: {error}"
            ))),
            Err(_) => Err(Status::unavailable(
                "the receiver cannot be reached in time",
            )),
        }
    }
}

fn unreached(error: reqwest::Error) -> Status {
    // Where it goes is said by whoever tells it.
    let error = error.without_url();
    Status::unavailable(format!("the receiver cannot be reached: {}", chain(&error)))
}

fn compressed(compression: Compression, bytes: Bytes) -> std::io::Result<Bytes> {
    Ok(match compression {
        Compression::None => bytes,
        Compression::Gzip => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(&bytes)?;
            out.finish()?.into()
        }
        Compression::Zstd => zstd::bulk::compress(&bytes, 1)?.into(),
    })
}

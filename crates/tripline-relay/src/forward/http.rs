//! A receiver that takes records by `POST`: as NDJSON, or as OpenTelemetry has them.

use std::io::Write as _;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, StatusCode};
use tonic::Status;

use crate::settings::{Compression, Receiver, RelayError};
use crate::tls;

/// A client with its connections.
pub(crate) struct Client {
    client: reqwest::Client,
    address: String,
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
            RelayError::Setting(format!("cannot forward to {address}: {error}"))
        };
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
            address: address.to_owned(),
            compression: receiver.compression,
        })
    }

    /// Sends a request.
    pub(super) async fn send(&self, request: Bytes) -> Result<(), Status> {
        let body = compressed(self.compression, request)
            .map_err(|error| Status::internal(format!("cannot compress: {error}")))?;
        let sent = self.client.post(&self.address).body(body).send().await;
        let answer = sent.map_err(|error| {
            Status::unavailable(format!("the receiver cannot be reached: {error}"))
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let said = format!("the receiver answered {status}");
        // What would be answered the same again is final, as for senders of HTTP everywhere.
        let again = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
            || matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
            );
        Err(if again {
            Status::unavailable(said)
        } else {
            Status::invalid_argument(said)
        })
    }
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

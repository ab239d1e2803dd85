//! A receiver that is sent to by gRPC, and its own status: a `vector` source by Vector's protocol, or one of
//! OpenTelemetry's logs.

use std::time::Duration;

use ::http::Uri;
use ::http::uri::PathAndQuery;
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::codec::Raw;
use super::{Partial, Target, chain};
use crate::settings::{Compression, Receiver, RelayError};
use crate::tls;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long the receiver may take to say that it is well.
const HEALTH: Duration = Duration::from_secs(2);

/// The methods that are called.
const PUSH_EVENTS: &str = "/vector.Vector/PushEvents";
const HEALTH_CHECK: &str = "/vector.Vector/HealthCheck";
const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// A connection, which is made when it is needed and made anew when it is lost.
pub(crate) struct Client {
    channel: Channel,
    /// What records are sent by.
    method: &'static str,
    compression: Option<CompressionEncoding>,
    token: Option<MetadataValue<Ascii>>,
    timeout: Duration,
}

impl Client {
    /// To this receiver.
    pub(super) fn new(receiver: &Receiver) -> Result<Client, RelayError> {
        let (authority, tls, method) = match &receiver.target {
            Target::Vector { authority, tls } => (authority, tls, PUSH_EVENTS),
            Target::Otlp { authority, tls } => (authority, tls, EXPORT),
            other => {
                let said = format!("{other} is no receiver of gRPC");
                return Err(RelayError::Setting(said));
            }
        };
        let refused = |error: &dyn std::fmt::Display| {
            RelayError::Setting(format!("cannot forward to {}: {error}", receiver.target))
        };
        let endpoint = Endpoint::from_shared(format!("http://{authority}"))
            .map_err(|error| refused(&error))?
            .connect_timeout(CONNECTING)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(true)
            .http2_adaptive_window(true);
        let channel = if *tls {
            let origin = format!("https://{authority}").parse::<Uri>();
            let endpoint = endpoint.origin(origin.map_err(|error| refused(&error))?);
            let host = endpoint.uri().host().unwrap_or_default();
            let host = host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned();
            let name = ServerName::try_from(host).map_err(|error| refused(&error))?;
            endpoint.connect_with_connector_lazy(secure(tls::connector(receiver)?, name, authority))
        } else {
            endpoint.connect_lazy()
        };
        let token = receiver.token.as_ref().map(|token| {
            format!("Bearer {token}").parse().map_err(|_| {
                RelayError::Setting("a token has only visible characters of ASCII".to_owned())
            })
        });
        Ok(Client {
            channel,
            method,
            compression: match receiver.compression {
                Compression::None => None,
                Compression::Gzip => Some(CompressionEncoding::Gzip),
                Compression::Zstd => Some(CompressionEncoding::Zstd),
            },
            token: token.transpose()?,
            timeout: receiver.timeout,
        })
    }

    /// Sends a request. Success is all of it, but for what the receiver says that it rejected.
    pub(super) async fn send(&self, request: Bytes) -> Result<Option<Partial>, Status> {
        let answer = self.call(request, self.method, self.timeout).await?;
        if self.method == EXPORT {
            return Ok(Partial::of(&answer));
        }
        Ok(None)
    }

    /// Asks how the receiver is.
    pub(super) async fn health(&self) -> Result<(), Status> {
        if self.method != PUSH_EVENTS {
            // OpenTelemetry has nothing to ask by; an empty request changes nothing.
            return self.call(Bytes::new(), self.method, HEALTH).await.map(drop);
        }
        let answer = self.call(Bytes::new(), HEALTH_CHECK, HEALTH).await?;
        // Field 1, `status`, is left out where it is SERVING, which is 0.
        match answer.as_ref() {
            [] | [8, 0] => Ok(()),
            _ => Err(Status::unavailable(
                "the receiver says that it is not serving",
            )),
        }
    }

    async fn call(
        &self,
        message: Bytes,
        method: &'static str,
        timeout: Duration,
    ) -> Result<Bytes, Status> {
        let mut client = Grpc::new(self.channel.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        if let Some(compression) = self.compression {
            client = client.send_compressed(compression);
        }
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request
                .metadata_mut()
                .insert("authorization", token.clone());
        }
        let answered = async {
            client.ready().await.map_err(|error| {
                Status::unavailable(format!("the receiver cannot be reached: {}", chain(&error)))
            })?;
            let path = PathAndQuery::from_static(method);
            client.unary(request, path, Raw).await
        };
        match tokio::time::timeout(timeout, answered).await {
            Ok(answer) => answer.map(tonic::Response::into_inner).map_err(plain),
            Err(_) => Err(Status::unavailable(format!(
                "the receiver did not answer within {} s",
                timeout.as_secs_f64()
            ))),
        }
    }
}

/// A status with what there is to say of it in its message, and nothing that is for this connection alone.
fn plain(status: Status) -> Status {
    use std::error::Error as _;
    let said = match status.source() {
        Some(source) => format!("{}: {}", status.message(), chain(source)),
        None => status.message().to_owned(),
    };
    Status::with_details(
        status.code(),
        said,
        Bytes::copy_from_slice(status.details()),
    )
}

/// Connects by TLS. That HTTP/2 is spoken is known: a `vector` source speaks nothing else, and says so in
/// the handshake only where it is told to.
fn secure(
    connector: TlsConnector,
    name: ServerName<'static>,
    authority: &str,
) -> impl tower::Service<
    Uri,
    Response = TokioIo<TlsStream<TcpStream>>,
    Error = std::io::Error,
    Future: Send,
> + Send
+ 'static {
    let authority = authority.to_owned();
    tower::service_fn(move |_: Uri| {
        let (connector, name) = (connector.clone(), name.clone());
        let authority = authority.clone();
        async move {
            let stream = TcpStream::connect(&authority).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(connector.connect(name, stream).await?))
        }
    })
}

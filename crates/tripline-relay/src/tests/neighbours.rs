//! Fakes of the relay's neighbours: a receiver that answers as it is told, and a sender.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::StatusCode;
use http::uri::PathAndQuery;
use serde_json::Value;
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::server::{Grpc, UnaryService};
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tripline_engine::Encoding;
use tripline_engine::record::record_text;

use crate::Target;
use crate::budget::Held;
use crate::forward::Raw;
use crate::records::{made, otlp, vector};

/// OpenTelemetry's method.
pub(super) const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// How a receiver answers a request.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// With a status of gRPC.
    Status(Code, &'static str),
    /// With a status of HTTP.
    Http(u16),
    /// With success and this message.
    Success(Bytes),
    /// Late.
    After(Duration),
    /// Not at all.
    Never,
}

/// A receiver that has what it answered with success.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Bytes>>,
    had: Mutex<Vec<Bytes>>,
}

impl Receiver {
    /// One that answers with success.
    pub(super) async fn begin() -> Receiver {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::at(listener).await
    }

    pub(super) async fn at(listener: TcpListener) -> Receiver {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let router = Self::router(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { address, shared }
    }

    fn router(shared: Arc<Shared>) -> Router {
        Router::new()
            .route("/vector.Vector/PushEvents", post(push))
            .route("/vector.Vector/HealthCheck", post(health))
            .route(EXPORT, post(push))
            .route("/in", post(lines_in))
            .route("/otlp", post(lines_in))
            .with_state(shared)
    }

    /// A receiver whose requests another server takes.
    pub(super) fn apart() -> (Receiver, Router) {
        let shared = Arc::new(Shared::default());
        let router = Self::router(Arc::clone(&shared));
        let address = ([127, 0, 0, 1], 0).into();
        (Receiver { address, shared }, router)
    }

    pub(super) fn target(&self) -> Target {
        format!("vector://{}", self.address).parse().unwrap()
    }

    pub(super) fn http_target(&self) -> Target {
        format!("http://{}/in", self.address).parse().unwrap()
    }

    /// The next requests are answered so.
    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// All requests, with those that it did not answer with success.
    pub(super) fn requests(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// The bytes of requests that were answered with success.
    pub(super) fn had(&self) -> Vec<Bytes> {
        self.shared.had.lock().unwrap().clone()
    }

    /// The records of those, as JSON.
    pub(super) fn records(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for request in self.had() {
            if request.first() == Some(&b'{') {
                let batch = made::lines(request);
                let contents = batch.records.iter().map(|record| batch.content(record));
                all.extend(contents.map(|text| serde_json::from_slice::<Value>(text).unwrap()));
                continue;
            }
            let batch = made::vector(request).unwrap();
            all.extend(batch.records.iter().map(|record| {
                let text = record_text(batch.content(record), Encoding::Vector).unwrap();
                serde_json::from_str::<Value>(&text).unwrap()
            }));
        }
        all
    }

    /// The ids of the detections in those records.
    pub(super) fn detections(&self) -> Vec<String> {
        let records = self.records();
        let members = records
            .iter()
            .map(|record| &record["tripline"]["detections"]);
        let each = members.filter_map(Value::as_array).flatten();
        each.map(|one| one["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Shared {
    async fn take(&self, request: Bytes) -> Result<(), Answer> {
        self.requests.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            None => {}
            Some(Answer::After(time)) => tokio::time::sleep(time).await,
            Some(Answer::Never) => std::future::pending().await,
            Some(answer) => return Err(answer),
        }
        self.had.lock().unwrap().push(request);
        Ok(())
    }
}

async fn push(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    struct Push(Arc<Shared>);
    impl UnaryService<Bytes> for Push {
        type Response = Bytes;
        type Future =
            std::pin::Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, Status>> + Send>>;
        fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
            let shared = Arc::clone(&self.0);
            Box::pin(async move {
                match shared.take(request.into_inner()).await {
                    Ok(()) => Ok(tonic::Response::new(Bytes::new())),
                    Err(Answer::Status(code, said)) => Err(Status::new(code, said)),
                    Err(Answer::Success(said)) => Ok(tonic::Response::new(said)),
                    Err(other) => panic!("{other:?} is no answer of gRPC"),
                }
            })
        }
    }
    let mut grpc = Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(usize::MAX);
    let response = grpc.unary(Push(shared), request).await;
    response.map(axum::body::Body::new)
}

async fn health(request: Request) -> Response {
    struct Health;
    impl UnaryService<Bytes> for Health {
        type Response = Bytes;
        type Future = std::future::Ready<Result<tonic::Response<Bytes>, Status>>;
        fn call(&mut self, _: tonic::Request<Bytes>) -> Self::Future {
            std::future::ready(Ok(tonic::Response::new(Bytes::new())))
        }
    }
    let response = Grpc::new(Raw).unary(Health, request).await;
    response.map(axum::body::Body::new)
}

async fn lines_in(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match shared.take(body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(Answer::Success(said)) => said.into_response(),
        Err(Answer::Http(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Err(other) => panic!("{other:?} is no answer of HTTP"),
    }
}

/// A sender of Vector's protocol.
#[derive(Clone)]
pub(super) struct Sender {
    channel: Channel,
    pub(super) compression: Option<CompressionEncoding>,
    pub(super) token: Option<&'static str>,
}

impl Sender {
    pub(super) fn to(address: SocketAddr) -> Sender {
        Sender::by(Endpoint::from_shared(format!("http://{address}")).unwrap())
    }

    pub(super) fn secure(address: SocketAddr, tls: ClientTlsConfig) -> Sender {
        let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
        Sender::by(endpoint.tls_config(tls).unwrap())
    }

    fn by(endpoint: Endpoint) -> Sender {
        Sender {
            channel: endpoint.connect_lazy(),
            compression: None,
            token: None,
        }
    }

    /// Sends records, each JSON, as log events.
    pub(super) async fn send(&self, records: &[String]) -> Result<(), Status> {
        self.push(request(records)).await
    }

    /// Sends a request as it is.
    pub(super) async fn push(&self, request: Bytes) -> Result<(), Status> {
        self.call("/vector.Vector/PushEvents", request)
            .await
            .map(drop)
    }

    pub(super) async fn call(&self, path: &'static str, bytes: Bytes) -> Result<Bytes, Status> {
        let mut client = tonic::client::Grpc::new(self.channel.clone());
        if let Some(compression) = self.compression {
            client = client.send_compressed(compression);
        }
        client
            .ready()
            .await
            .map_err(|error| Status::unavailable(format!("not connected: {error:?}")))?;
        let mut request = tonic::Request::new(bytes);
        if let Some(token) = self.token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        let path = PathAndQuery::from_static(path);
        let answer = client.unary(request, path, Raw).await?;
        Ok(answer.into_inner())
    }
}

/// Records, each JSON, as a request of Vector.
pub(super) fn request(records: &[String]) -> Bytes {
    let batch = made::lines(records.join("\n"));
    vector::rebuilt(&batch, &Vec::new(), "", &mut Held::own()).unwrap()
}

/// Records, each JSON, as a request of OpenTelemetry.
pub(super) fn otlp_request(records: &[String]) -> Bytes {
    let batch = made::lines(records.join("\n"));
    otlp::rebuilt(&batch, &Vec::new(), "", &mut Held::own()).unwrap()
}

/// The value of a metric.
pub(super) async fn metric(relay: &crate::Running, name: &str) -> u64 {
    let at = format!("http://{}/metrics", relay.listen[0]);
    let text = reqwest::get(at).await.unwrap().text().await.unwrap();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value
        .unwrap_or_else(|| panic!("no {name} in {text}"))
        .parse()
        .unwrap()
}

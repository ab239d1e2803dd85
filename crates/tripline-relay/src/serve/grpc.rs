//! Requests by gRPC: the service `vector.Vector`, as Vector's `vector` sink calls it, and OpenTelemetry's
//! `LogsService`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use tonic::codec::CompressionEncoding;
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

use super::App;
use super::budget::Metered;
use super::codec::Raw;
use crate::counters::{UnderWay, Way};
use crate::records::{Batch, otlp, vector};

/// The future of an answer.
type Answer = std::pin::Pin<
    Box<dyn std::future::Future<Output = Result<tonic::Response<Bytes>, Status>> + Send>,
>;

/// Takes events of Vector.
pub(super) async fn push_events(State(app): State<App>, request: Request) -> Response {
    take(app, Way::Vector, vector::batch, request).await
}

/// Takes logs of OpenTelemetry.
pub(super) async fn export(State(app): State<App>, request: Request) -> Response {
    take(app, Way::Otlp, otlp::batch, request).await
}

async fn take(app: App, way: Way, batch: Batched, request: Request) -> Response {
    // What has no turn yet is not read, so that the sender waits.
    let _turn = app.turns.acquire().await;
    let under_way = UnderWay::new(&app.relay.counters, way);
    let read = Arc::new(AtomicBool::new(false));
    let push = Push {
        app: app.clone(),
        way,
        batch,
        read: Arc::clone(&read),
    };
    let mut response = grpc(&app).unary(push, metered(&app, request)).await;
    if !read.load(Ordering::Relaxed) {
        too_large_is_no_loss(&app, response.headers_mut());
    }
    under_way.answered(code(response.headers()));
    response.map(axum::body::Body::new)
}

/// Says that the relay is well.
pub(super) async fn health_check(State(app): State<App>, request: Request) -> Response {
    let response = grpc(&app).unary(Health, metered(&app, request)).await;
    response.map(axum::body::Body::new)
}

fn grpc(app: &App) -> Grpc<Raw> {
    Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(app.limits.request)
}

fn metered(app: &App, request: Request) -> http::Request<Metered<axum::body::Body>> {
    request.map(|body| Metered::new(body, &app.budget, app.limits.silence))
}

/// The code of an answer that has no message.
fn code(headers: &http::HeaderMap) -> Code {
    let code = headers.get("grpc-status");
    code.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

/// A message over the limit is answered with OUT_OF_RANGE, for which Vector drops it. The limit can be
/// raised, so the sender is told to try again, and the operator why.
fn too_large_is_no_loss(app: &App, headers: &mut http::HeaderMap) {
    if code(headers) != Code::OutOfRange {
        return;
    }
    tracing::error!(
        limit = app.limits.request,
        "a request is larger than --max-request; its sender will try again and again until that is raised"
    );
    let code = HeaderValue::from(Code::ResourceExhausted as i32);
    headers.insert("grpc-status", code);
}

/// Finds the records of a request.
type Batched = fn(Bytes) -> Result<Batch, Status>;

struct Push {
    app: App,
    way: Way,
    batch: Batched,
    read: Arc<AtomicBool>,
}

impl UnaryService<Bytes> for Push {
    type Response = Bytes;
    type Future = Answer;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Answer {
        self.read.store(true, Ordering::Relaxed);
        let (app, bytes) = (self.app.clone(), request.into_inner());
        let (way, batch) = (self.way, self.batch);
        Box::pin(async move {
            let mut held = app.budget.none();
            held.more(bytes.len())?;
            app.relay.take(way, batch(bytes)?).await?;
            // Empty is how both services say that all of it was taken.
            Ok(tonic::Response::new(Bytes::new()))
        })
    }
}

struct Health;

impl UnaryService<Bytes> for Health {
    type Response = Bytes;
    type Future = Answer;

    fn call(&mut self, _: tonic::Request<Bytes>) -> Answer {
        // SERVING is 0, which protobuf leaves out.
        Box::pin(async { Ok(tonic::Response::new(Bytes::new())) })
    }
}

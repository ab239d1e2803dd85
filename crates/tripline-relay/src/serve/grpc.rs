//! Requests by gRPC: the service `vector.Vector`, as Vector's `vector` sink calls it, and OpenTelemetry's
//! `LogsService`. One message each way, which is not decoded
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt as _, Full};
use tonic::{Code, Status};

use super::App;
use super::body::{self, Packing, Unread};
use crate::budget::Held;
use crate::counters::{UnderWay, Way};
use crate::records::{Batch, otlp, vector};

/// In front of a message: whether it is packed, and how long it is.
const PREFIX: usize = 1 + 4;

/// Takes events of Vector.
pub(super) async fn push_events(State(app): State<App>, request: Request) -> Response {
    take(app, Way::Vector, vector::batch, request).await
}

/// Takes logs of OpenTelemetry.
pub(super) async fn export(State(app): State<App>, request: Request) -> Response {
    take(app, Way::Otlp, otlp::batch, request).await
}

/// Says that the relay is well: SERVING is 0, which protobuf leaves out.
pub(super) async fn health_check(State(app): State<App>, request: Request) -> Response {
    let mut held = app.budget.held(None);
    answer(match read(&app, request, &mut held).await {
        Ok(_) => Ok(Bytes::new()),
        Err(unread) => Err(refused(&app, unread)),
    })
}

/// Finds the records of a request.
type Batched = fn(Bytes, Held) -> Result<Batch, Status>;

async fn take(app: App, way: Way, batched: Batched, request: Request) -> Response {
    let held = app.turn().await;
    let under_way = UnderWay::new(&app.relay.counters, way);
    let taken = taken(&app, way, batched, held, request).await;
    under_way.answered(taken.as_ref().map_or_else(Status::code, |_| Code::Ok));
    answer(taken)
}

async fn taken(
    app: &App,
    way: Way,
    batched: Batched,
    mut held: Held,
    request: Request,
) -> Result<Bytes, Status> {
    let (message, packing) = read(app, request, &mut held)
        .await
        .map_err(|unread| refused(app, unread))?;
    let batch = body::opened(app, message, packing, held, batched).await;
    let batch = batch.map_err(|unread| refused(app, unread))??;
    match app.relay.take(way, batch).await? {
        // Empty is how both services say that all of it was taken.
        None => Ok(Bytes::new()),
        Some(partial) if way == Way::Otlp => Ok(partial.protobuf()),
        Some(partial) => Err(partial.status()),
    }
}

/// The one message of a request, and how it is packed.
async fn read(
    app: &App,
    request: Request,
    held: &mut Held,
) -> Result<(Bytes, Option<Packing>), Unread> {
    let (parts, body) = request.into_parts();
    let most = app.limits.request.saturating_add(PREFIX);
    let mut message = body::read(app, body, most, held).await?;
    let whole = |bytes: &Bytes| -> Option<(bool, usize)> {
        let (packed, length) = bytes.first_chunk::<PREFIX>()?.split_first()?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        (bytes.len() - PREFIX == length).then_some((*packed != 0, length))
    };
    let Some((packed, length)) = whole(&message) else {
        let said = "the request is not one whole message of gRPC";
        return Err(Status::invalid_argument(said).into());
    };
    let message = message.split_off(message.len() - length);
    if !packed {
        return Ok((message, None));
    }
    let name = parts.headers.get("grpc-encoding");
    match name.and_then(|name| Packing::named(name.as_bytes())) {
        Some(packing) => Ok((message, Some(packing))),
        None => Err(Status::unimplemented(format!(
            "a message is packed by gzip or zstd, and not by {}",
            name.map_or("what is not named", |name| name.to_str().unwrap_or("?"))
        ))
        .into()),
    }
}

/// Why a request was not taken. Vector drops what is answered with OUT_OF_RANGE, as a message over a limit
/// usually is. The limit can be raised, so the sender is told to try again, and the operator why.
fn refused(app: &App, unread: Unread) -> Status {
    match unread {
        Unread::TooLarge => {
            app.says_too_large();
            Status::unavailable(app.too_large())
        }
        Unread::Slow(said) => Status::deadline_exceeded(said),
        Unread::Other(status) => status,
    }
}

/// The answer with this message, or with this status and none.
fn answer(message: Result<Bytes, Status>) -> Response {
    let message = match message {
        Ok(message) => message,
        Err(status) => {
            let mut response = status.into_http::<Body>();
            let known = HeaderValue::from_static("identity,gzip,zstd");
            response.headers_mut().insert("grpc-accept-encoding", known);
            return response;
        }
    };
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let framed = [&[0][..], &length.to_be_bytes(), &message].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(framed));
    let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    let of_grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(header::CONTENT_TYPE, of_grpc);
    response
}

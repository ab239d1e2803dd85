//! Records by HTTP: `POST /v1/logs`, answered with 200 when the receiver has all of it. The path is that of
//! OpenTelemetry, whose requests are told by their content: protobuf by its type, and JSON by its member
//! `resourceLogs`.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tonic::{Code, Status};

use super::App;
use super::body::{self, Packing, Unread};
use crate::budget::Held;
use crate::counters::{UnderWay, Way};
use crate::records::{Batch, lines, otlp, otlp_json};

/// The type of what is protobuf.
const PROTOBUF: &str = "application/x-protobuf";

/// What a request is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// JSON, as [`lines`] takes it.
    Json,
    /// OpenTelemetry's request in JSON.
    OtlpJson,
    /// The same in protobuf.
    Otlp,
}

/// Takes records.
pub(super) async fn logs(State(app): State<App>, request: Request) -> Response {
    let held = app.turn().await;
    let mut kind = if is_protobuf(request.headers()) {
        Kind::Otlp
    } else {
        Kind::Json
    };
    let mut under_way = UnderWay::new(&app.relay.counters, way(kind));
    let batch = taken(&app, held, request, &mut kind).await;
    under_way.came_by(way(kind));
    let batch = match batch {
        Ok(batch) => batch,
        Err(Unread::TooLarge) => {
            app.says_too_large();
            under_way.answered(Code::OutOfRange);
            return answer(StatusCode::PAYLOAD_TOO_LARGE, &app.too_large());
        }
        Err(Unread::Slow(said)) => {
            under_way.answered(Code::DeadlineExceeded);
            return answer(StatusCode::REQUEST_TIMEOUT, &said);
        }
        Err(Unread::Other(status)) => {
            under_way.answered(status.code());
            return refused(&status);
        }
    };
    let answered = app.relay.take(way(kind), batch).await;
    under_way.answered(answered.as_ref().map_or_else(Status::code, |_| Code::Ok));
    match (answered, kind) {
        (Err(status), _) => refused(&status),
        (Ok(partial), Kind::Otlp) => {
            let said = partial.map_or_else(Bytes::new, |partial| partial.protobuf());
            ([(header::CONTENT_TYPE, PROTOBUF)], said).into_response()
        }
        (Ok(None), _) => ([(header::CONTENT_TYPE, JSON)], "{}\n").into_response(),
        (Ok(Some(partial)), Kind::OtlpJson) => {
            ([(header::CONTENT_TYPE, JSON)], partial.json()).into_response()
        }
        (Ok(Some(partial)), Kind::Json) => refused(&partial.status()),
    }
}

fn way(kind: Kind) -> Way {
    match kind {
        Kind::Json => Way::Http,
        Kind::OtlpJson | Kind::Otlp => Way::Otlp,
    }
}

async fn taken(
    app: &App,
    mut held: Held,
    request: Request,
    kind: &mut Kind,
) -> Result<Batch, Unread> {
    let (parts, body) = request.into_parts();
    let packing = packing(&parts.headers)?;
    let bytes = body::read(app, body, app.limits.request, &mut held).await?;
    let told = *kind;
    let opened = body::opened(app, bytes, packing, held, move |bytes, held| {
        if told == Kind::Otlp {
            (otlp::batch(bytes, held), told)
        } else if otlp_json::is_one(&bytes) {
            (otlp_json::batch(&bytes, held), Kind::OtlpJson)
        } else {
            (lines::request(bytes, held), Kind::Json)
        }
    });
    let (batch, told) = opened.await?;
    *kind = told;
    Ok(batch?)
}

fn is_protobuf(headers: &HeaderMap) -> bool {
    let of = headers.get(header::CONTENT_TYPE);
    of.is_some_and(|of| of.as_bytes().starts_with(PROTOBUF.as_bytes()))
}

/// How the body is packed.
fn packing(headers: &HeaderMap) -> Result<Option<Packing>, Status> {
    let name = headers
        .get(header::CONTENT_ENCODING)
        .map(HeaderValue::as_bytes);
    match name {
        None | Some(b"identity") => Ok(None),
        Some(name) => match Packing::named(name) {
            Some(packing) => Ok(Some(packing)),
            None => Err(Status::unimplemented(
                "a Content-Encoding is gzip, zstd or identity",
            )),
        },
    }
}

/// An answer that says why not: in a way that senders try again exactly where that can help. OpenTelemetry's
/// do so for 429, 502, 503 and 504 alone.
pub(super) fn refused(status: &Status) -> Response {
    let code = match status.code() {
        Code::InvalidArgument | Code::FailedPrecondition => StatusCode::BAD_REQUEST,
        Code::OutOfRange => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists => StatusCode::CONFLICT,
        Code::Unimplemented => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::DataLoss => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    answer(code, status.message())
}

const JSON: &str = "application/json";

fn answer(code: StatusCode, said: &str) -> Response {
    let said = serde_json::json!({"error": said}).to_string();
    (code, [(header::CONTENT_TYPE, JSON)], said + "\n").into_response()
}

//! Records by HTTP: `POST /v1/logs`, answered with 200 when the receiver has all of it. The path is that of
//! OpenTelemetry, whose requests are told by their content: protobuf by its type, and JSON by its member
//! `resourceLogs`.

use std::io::Read as _;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tonic::{Code, Status};

use super::App;
use super::budget::Metered;
use crate::counters::{UnderWay, Way};
use crate::records::{lines, otlp, otlp_json};

/// Takes records.
pub(super) async fn logs(State(app): State<App>, request: Request) -> Response {
    let _turn = app.turns.acquire().await;
    let is_protobuf = is_protobuf(request.headers());
    let way = if is_protobuf { Way::Otlp } else { Way::Http };
    let under_way = UnderWay::new(&app.relay.counters, way);
    let answer = take(&app, request, is_protobuf).await;
    under_way.answered(answer.as_ref().map_or_else(Status::code, |()| Code::Ok));
    match answer {
        // An empty message says in protobuf that all of it was taken.
        Ok(()) if is_protobuf => ([(header::CONTENT_TYPE, PROTOBUF)], "").into_response(),
        Ok(()) => ([(header::CONTENT_TYPE, "application/json")], "{}\n").into_response(),
        Err(status) => refused(&status),
    }
}

async fn take(app: &App, request: Request, is_protobuf: bool) -> Result<(), Status> {
    let (parts, body) = request.into_parts();
    let metered = Metered::new(body, &app.budget, app.limits.silence);
    let read = Limited::new(metered, app.limits.request).collect().await;
    let body = read.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return too_large(app);
        }
        match error.downcast::<Status>() {
            Ok(status) => *status,
            Err(error) => Status::internal(error.to_string()),
        }
    })?;
    let mut held = app.budget.none();
    let bytes = body.to_bytes();
    held.more(bytes.len())?;
    let bytes = decompressed(app, &parts.headers, bytes)?;
    held.more(bytes.len())?;
    if is_protobuf {
        return app.relay.take(Way::Otlp, otlp::batch(bytes)?).await;
    }
    if let Some(request) = otlp_json::request(&bytes) {
        return app.relay.take(Way::Otlp, otlp::batch(request?)?).await;
    }
    app.relay.take(Way::Http, lines::request(bytes)?).await
}

/// The type of what is protobuf.
const PROTOBUF: &str = "application/x-protobuf";

fn is_protobuf(headers: &HeaderMap) -> bool {
    let of = headers.get(header::CONTENT_TYPE);
    of.is_some_and(|of| of.as_bytes().starts_with(PROTOBUF.as_bytes()))
}

fn too_large(app: &App) -> Status {
    Status::out_of_range(format!(
        "a request has at most {} bytes, also once it is decompressed (--max-request)",
        app.limits.request
    ))
}

/// The body as it was before its `Content-Encoding`.
fn decompressed(app: &App, headers: &HeaderMap, bytes: Bytes) -> Result<Bytes, Status> {
    let encoding = headers.get(header::CONTENT_ENCODING);
    let mut out = Vec::new();
    // One byte more than may be shows that there is more.
    let limit = app.limits.request as u64 + 1;
    let read = match encoding.map(|encoding| encoding.as_bytes()) {
        None | Some(b"identity") => return Ok(bytes),
        Some(b"gzip") => flate2::read::MultiGzDecoder::new(&bytes[..])
            .take(limit)
            .read_to_end(&mut out),
        Some(b"zstd") => zstd::stream::read::Decoder::with_buffer(&bytes[..])
            .and_then(|decoder| decoder.take(limit).read_to_end(&mut out)),
        Some(_) => {
            return Err(Status::unimplemented(
                "a Content-Encoding is gzip, zstd or identity",
            ));
        }
    };
    read.map_err(|error| Status::invalid_argument(format!("cannot decompress: {error}")))?;
    if out.len() as u64 == limit {
        return Err(too_large(app));
    }
    Ok(out.into())
}

/// An answer that says why not: in a way that senders try again exactly where that can help.
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
        Code::DeadlineExceeded => StatusCode::REQUEST_TIMEOUT,
        Code::DataLoss => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let said = serde_json::json!({"error": status.message()}).to_string();
    let mut response = (code, said + "\n").into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}
